"""Running one user without the engine."""

from ._missing import no_attribute


def run_single_user(user_class, *args, **kwargs):
    """Locust's way to step through a user in a debugger."""
    raise no_attribute(
        "locust",
        "run_single_user",
        f"run the file by `gregaria -f FILE --headless --users 1 {user_class.__name__}`",
    )
