"""Tracebacks with the user's frames only.

The texts look as Locust prints them, but for the frames of the package and of
Python's import machinery, which say nothing about the user's file.
"""

import linecache
import traceback

# Where our packages are: "<gregaria>/" in the binary.
_ROOT = __file__[: -len("locust/_traceback.py")]
_OWN = ("<frozen importlib", *(_ROOT + package for package in ("locust/", "gevent/", "greenlet")))


def is_own(filename):
    """Whether a file is ours or the interpreter's import machinery."""
    return filename.startswith(_OWN)


def frames(tb):
    """The user's frames of a traceback, as in exceptions.csv: without header and message."""
    return "".join(traceback.StackSummary.from_list(_users(traceback.extract_tb(tb))).format())


def text(error):
    """The whole text of an exception, causes included."""
    shown = traceback.TracebackException.from_exception(error)
    seen = set()
    pending = [shown]
    while pending:
        part = pending.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        part.stack = traceback.StackSummary.from_list(_users(part.stack))
        pending += [part.__cause__, part.__context__, *(getattr(part, "exceptions", None) or ())]
    return "".join(shown.format())


def last_place(error):
    """`file:line` of the innermost frame that is the user's, or an empty text."""
    stack = _users(traceback.extract_tb(error.__traceback__))
    return f"{stack[-1].filename}:{stack[-1].lineno}" if stack else ""


def _users(stack):
    return [frame for frame in stack if not is_own(frame.filename)]


def function_place(function):
    """`file:line` of a function or class, or an empty text."""
    code = getattr(function, "__code__", None)
    if code is not None:
        return f"{code.co_filename}:{code.co_firstlineno}"
    where = class_place(function)
    return f"{where[0]}:{where[1]}" if where[0] else ""


def class_place(cls):
    """File and line of a class statement; ("", 0) where Python does not know them."""
    import inspect

    if "_place" in getattr(cls, "__dict__", ()):
        return cls._place
    try:
        file = inspect.getsourcefile(cls)
        linecache.checkcache(file)
        return file, inspect.findsource(cls)[1] + 1
    except (OSError, TypeError, IndexError):
        return "", 0
