"""Tests of pytest as users: `def test_shop(session)` in a file without a User class.

Each function is a class of its name, whose task is the function. The fixture
`session` is the client of an HttpUser, `fastsession` that of a FastHttpUser.
"""

import inspect

from . import _failures, _traceback
from ._http import errors as _errors
from .exception import STEERING, CatchResponseError, StopUser
from .user.users import HttpUser


def users_of(module):
    """The classes that the test functions of a module become, and what is wrong with the others."""
    users, errors = {}, []
    for name, function in vars(module).items():
        if not name.startswith("test_") or not inspect.isfunction(function):
            continue
        fixtures = list(inspect.signature(function).parameters)
        if fixtures not in (["session"], ["fastsession"]):
            errors.append(
                f"{_traceback.function_place(function)}: {name}({', '.join(fixtures)}) takes one "
                "fixture here, `session` or `fastsession`; write a User class for more"
            )
            continue
        users[name] = _user(name, function, fixtures[0])
    return users, errors


def _user(name, function, fixture):
    from .contrib.fasthttp import FastHttpUser

    base = HttpUser if fixture == "session" else FastHttpUser

    def run(user):
        """As in Locust: what a request raises begins the function anew, any other exception ends the user."""
        try:
            function(user.client)
        except STEERING:
            raise
        except (CatchResponseError, _errors.RequestException):
            return
        except Exception as error:
            _failures.in_task(user, error)
            raise StopUser() from error

    def __init__(user, environment):
        if user.host is None:
            # The function may set the session's `base_url`.
            user.host = ""
        base.__init__(user, environment)

    run.__name__ = name
    code = function.__code__
    members = {
        "tasks": [run],
        "_place": (code.co_filename, code.co_firstlineno),
        "__init__": __init__,
        "__doc__": function.__doc__,
        "__module__": function.__module__,
    }
    return type(base)(name, (base,), members)
