"""Lets Python import the packages that gregaria brings along, before any others of their names.

Runs once, with `sources`: the texts of the files by their paths.
"""

import importlib.abc
import importlib.util
import sys


class Packages(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds the packages, and loads them from their texts."""

    def __init__(self, sources):
        self._sources = sources

    def _path(self, name):
        path = name.replace(".", "/")
        for candidate in (path + "/__init__.py", path + ".py"):
            if candidate in self._sources:
                return candidate
        return None

    def find_spec(self, name, path=None, target=None):
        found = self._path(name)
        if found is None:
            return None
        spec = importlib.util.spec_from_loader(
            name, self, origin="<gregaria>/" + found, is_package=self.is_package(name)
        )
        # So that modules have a `__file__`, by which tracebacks tell them from the user's.
        spec.has_location = True
        return spec

    def is_package(self, name):
        found = self._path(name)
        return found is not None and found.endswith("/__init__.py")

    def get_source(self, name):
        return self._sources.get(self._path(name))

    def get_code(self, name):
        found = self._path(name)
        return compile(self._sources[found], "<gregaria>/" + found, "exec", dont_inherit=True)


sys.meta_path.insert(0, Packages(sources))  # noqa: F821
