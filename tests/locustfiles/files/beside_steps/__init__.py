from .tour import Tour

__all__ = ["Tour"]
