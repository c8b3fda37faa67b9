"""Runs the tests of gevent and of the standard library in a user of gregaria, in real fibers:

    gregaria -f tests/python/in_a_user.py --headless -u 1 -t 30s --host http://localhost

The exit code is 1 if one fails. (Elsewhere they run in the fibers of `fibers.py`.)
"""

import os
import sys
import types
import unittest

import _gregaria

import gevent
from locust import User, events, task

NAMES = ["test_gevent_greenlets", "test_gevent_queues", "test_patches", "test_libraries"]

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def run(*functions):
    gevent.joinall([gevent.spawn(function) for function in functions], raise_error=True)


fibers = types.ModuleType("fibers")
fibers.current, fibers.run, fibers.in_fiber = _gregaria.current, run, lambda test: test
sys.modules["fibers"] = fibers


class Tester(User):
    fixed_count = 1

    @task
    def run_tests(self):
        suite = unittest.defaultTestLoader.loadTestsFromNames(NAMES)
        result = unittest.TextTestRunner().run(suite)
        message = None if result.wasSuccessful() else AssertionError(str(result))
        events.request.fire(
            request_type="TESTS",
            name="all",
            response_time=0,
            response_length=result.testsRun,
            exception=message,
            context={},
        )
        self.environment.runner.quit()
        gevent.sleep(60)
