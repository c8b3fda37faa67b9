"""How the load goes on: what the `tick` of a shape answers, checked."""

import math
import numbers

from . import _traceback
from ._loading import LoadError
from .user.users import User


def asked(shape):
    """What the shape asks for now, as the engine takes it; None where the run is over."""
    try:
        answer = shape.tick()
    except Exception as error:
        raise LoadError(_traceback.text(error).rstrip("\n")) from None
    if answer is None:
        return None
    if not isinstance(answer, (tuple, list)) or len(answer) not in (2, 3):
        raise _wrong(shape, answer, "it returns (users, users per second), with a list of User "
                     "classes if only some spawn, or None at the end")
    users, rate, *only = answer
    if not _is_number(users) or users < 0:
        raise _wrong(shape, answer, "the number of users is 0 or more")
    if not _is_number(rate) or rate <= 0:
        raise _wrong(shape, answer, "users per second are more than 0")
    classes = only[0] if only else None
    if classes is None:
        return {"users": int(users), "rate": float(rate), "classes": None}
    if not isinstance(classes, (tuple, list)) or not all(_is_user(cls) for cls in classes):
        raise _wrong(shape, answer, "the third is a list of User classes")
    # As in Locust, nobody spawns where no class may.
    users = int(users) if classes else 0
    return {"users": users, "rate": float(rate), "classes": [cls.__name__ for cls in classes] or None}


def _is_number(value):
    return isinstance(value, numbers.Real) and math.isfinite(value)


def _is_user(cls):
    return isinstance(cls, type) and issubclass(cls, User)


def _wrong(shape, answer, rule):
    place = _traceback.function_place(type(shape).tick)
    return LoadError(f"{place}: {type(shape).__name__}.tick returned {answer!r}: {rule}")
