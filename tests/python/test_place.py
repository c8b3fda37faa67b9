"""The line of the user's file that runs, as it is told of what holds a core up."""

import importlib.abc
import json
import sys
import types
import unittest

import fibers  # noqa: F401

from locust import _place


class Decoder(json.JSONDecoder):
    """Calls back from within the standard library."""

    def raw_decode(self, s, idx=0):
        return _place.of_frame(sys._getframe()), len(s)


class Place(unittest.TestCase):
    def test_it_is_the_innermost_line_of_the_users(self):
        told = _place.of_frame(sys._getframe())
        line = sys._getframe().f_lineno - 1
        self.assertTrue(told.endswith(f"test_place.py:{line}, in {self._testMethodName}"), told)
        self.assertIn(", in raw_decode", json.loads("1", cls=Decoder))

    def test_lines_of_libraries_are_not_the_users(self):
        frames = []

        class Spy(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path=None, target=None):
                if name == "no_such_module":
                    frames.append(sys._getframe().f_back)

        sys.meta_path.insert(0, Spy())
        try:
            with self.assertRaises(ImportError):
                import no_such_module  # noqa: F401
        finally:
            sys.meta_path.pop(0)
        self.assertIn(f"in {self._testMethodName}", _place.of_frame(frames[0]))
        code = types.SimpleNamespace(co_filename="<frozen importlib._bootstrap>")
        self.assertEqual(_place.of_frame(types.SimpleNamespace(f_code=code, f_back=None)), "")


if __name__ == "__main__":
    unittest.main()
