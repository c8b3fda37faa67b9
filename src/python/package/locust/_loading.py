"""Loads locustfiles, and finds the classes that they define."""

import importlib.util
import inspect
import os
import sys

from . import _pytest, _traceback
from .shape import LoadTestShape
from .user.task import expand, is_set
from .user.users import User


class LoadError(Exception):
    """Why files cannot be loaded: the text to print, and the exit code."""

    def __init__(self, text, code=2):
        super().__init__(text)
        self.code = code


def load(files):
    """Imports the files; their User classes and shapes, by name, in the order of the files.

    As Locust does it puts the working directory and then each file's own directory first on
    the path, so that modules beside the file are found.
    """
    users, shapes = {}, {}
    for path in files:
        module = _import(path)
        for value in vars(module).values():
            if _is_concrete(value, User):
                _expand(value)
                _add(users, value, "user")
            elif _is_concrete(value, LoadTestShape):
                _add(shapes, value, "shape")
    if not users:
        users = _tests(files)
    return users, shapes


def _import(path):
    path = os.path.abspath(path)
    for directory in (os.getcwd(), os.path.dirname(path)):
        if directory not in sys.path[:2]:
            sys.path.insert(0, directory)
    name = _name(path)
    if name in ("locust", "gevent"):
        raise LoadError(f"{path}: a locustfile cannot be called {name}.py: rename it", 1)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SystemExit as error:
        code = error.code
        if code is None or isinstance(code, int):
            raise LoadError(f"{path} called sys.exit({code})", code or 0) from None
        raise LoadError(str(code), 1) from None
    except KeyboardInterrupt:
        raise LoadError(f"{path}: interrupted while it was loaded", 130) from None
    except BaseException as error:
        raise LoadError(_traceback.text(error).rstrip("\n")) from None
    return module


def _is_concrete(value, base):
    return inspect.isclass(value) and issubclass(value, base) and not value.abstract


def _expand(cls, seen=()):
    """Expands `tasks` that was assigned after the class statement, with its weights, at every depth.

    Locust expands them in the class statement only, and then fails at each pair.
    """
    if isinstance(cls.tasks, dict) or any(isinstance(entry, tuple) for entry in cls.tasks):
        cls.tasks = expand(cls.tasks)
    for entry in cls.tasks:
        if is_set(entry) and entry not in (cls, *seen):
            _expand(entry, (cls, *seen))


def _add(found, value, what):
    present = found.setdefault(value.__name__, value)
    if present is not value:
        places = " and ".join(
            "{}:{}".format(*_traceback.class_place(cls)) for cls in (present, value)
        )
        raise LoadError(f"Duplicate {what} class name: {value.__name__} is in both {places}", 1)


def _tests(files):
    """The users that a file without a User class has as tests of pytest."""
    users = {}
    for path in files:
        found, errors = _pytest.users_of(sys.modules[_name(path)])
        users |= found
        if errors:
            raise LoadError("\n".join(errors), 1)
    if not users:
        raise LoadError(
            "No User class found! A locustfile defines a class that is derived from HttpUser, "
            "FastHttpUser or User.",
            1,
        )
    return users


def _name(path):
    return os.path.splitext(os.path.basename(path))[0]
