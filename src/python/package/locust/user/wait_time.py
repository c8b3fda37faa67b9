"""The functions that make a `wait_time`.

Each returns a function of the user, as Locust's do. Those that the engine can
work out by itself carry `native`, the kind and its two numbers.
"""

import random
from time import perf_counter
from .._missing import answer


def _native(function, kind, a, b=0.0):
    function.native = (kind, float(a), float(b))
    return function


def between(min_wait, max_wait):
    """A time drawn evenly between the two, in seconds.

    Locust takes them in either order.
    """
    return _native(
        lambda user: min_wait + random.random() * (max_wait - min_wait),
        "between",
        min_wait,
        max_wait,
    )


def constant(wait_time):
    """The same time after each task, in seconds."""
    return _native(lambda user: wait_time, "constant", wait_time)


def constant_pacing(wait_time):
    """The time that is left until `wait_time` seconds after the last task began.

    Overruns are not caught up, as in Locust.
    """

    def pacing(user):
        now = perf_counter()
        run = now - user._cp_last_run - user._cp_last_wait_time
        user._cp_last_wait_time = max(0, wait_time - run)
        user._cp_last_run = now
        return user._cp_last_wait_time

    return _native(pacing, "pacing", wait_time)


def constant_throughput(rate):
    """At most `rate` tasks a second and user."""
    if rate <= 0:
        raise ValueError(f"constant_throughput({rate!r}): the rate is above 0, in tasks a second")
    return constant_pacing(1 / rate)


def poisson(rate):
    """Times of a Poisson process of `rate` tasks a second and user."""
    return lambda user: random.expovariate(rate)


def by_attributes(owner):
    """The wait that `min_wait` and `max_wait`, or `wait_function`, ask for (milliseconds).

    Locust 2.47 takes these attributes of before 1.0 and ignores them, so that users never
    wait; here they hold. None where the class has none of them.
    """
    if owner.wait_function is not None:
        function = owner.wait_function
        function = getattr(function, "__func__", function)
        return lambda user: function(user) / 1000.0
    if owner.min_wait is None and owner.max_wait is None:
        return None
    if owner.min_wait is None or owner.max_wait is None:
        raise ValueError("min_wait and max_wait go together: set both, or wait_time = constant(…)")
    return between(owner.min_wait / 1000.0, owner.max_wait / 1000.0)


def __getattr__(name):
    answer(__name__, name)
