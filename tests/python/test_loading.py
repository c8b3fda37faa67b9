"""What a locustfile defines, as the engine hears of it, and what is refused."""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

from package_fake import file

FOLDER = Path(__file__).parent
# Each file is loaded in a process of its own: the engine loads once.
LOAD = """
import json, sys
sys.path.insert(0, sys.argv[1])
import package_fake
from locust import _engine
try:
    for request in json.loads(sys.argv[2]):
        said = json.loads(_engine.load(json.dumps(request)))
except _engine.LoadError as error:
    said = {"refused": str(error), "exit": error.code}
except BaseException as error:
    said = {"raised": repr(error)}
print("\\0" + json.dumps(said))
"""


def load(*paths, further=(), **variables):
    """The description of files, or why they are refused; `further` are later calls of load."""
    requests = [{"files": list(paths)}, *further]
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(FOLDER), json.dumps(requests)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | variables,
    )
    if "\0" not in done.stdout:
        raise AssertionError(done.stderr)
    said = json.loads(done.stdout.split("\0")[1])
    said["stderr"] = done.stderr
    return said


class Describing(unittest.TestCase):
    def test_the_tutorial(self):
        path = file(
            """
            from locust import HttpUser, TaskSet, between, tag, task

            class Shopper(HttpUser):
                '''Buys.'''
                host = "http://x"
                wait_time = between(1, 2.5)

                def on_start(self): ...

                @tag("read")
                @task(3)
                def look(self): ...

                @task
                class Shop(TaskSet):
                    @tag("write")
                    @task(2)
                    def buy(self): ...
            """
        )
        said = load(path)
        buy = {"name": "buy", "weight": 2, "tags": ["write"], "kind": "function", "tasks": []}
        self.assertEqual(
            said["classes"],
            [
                {
                    "name": "Shopper",
                    "host": "http://x",
                    "weight": 1,
                    "fixed_count": 0,
                    "wait": {"kind": "between", "a": 1.0, "b": 2.5},
                    "flat": False,
                    "tasks": [
                        {
                            "name": "look",
                            "weight": 3,
                            "tags": ["read"],
                            "kind": "function",
                            "tasks": [],
                        },
                        {
                            "name": "Shop",
                            "weight": 1,
                            "tags": ["write"],
                            "kind": "set",
                            "tasks": [buy],
                        },
                    ],
                    "on_start": True,
                    "on_stop": True,
                    "client": "http",
                    "document": "Buys.",
                    "settings": {},
                    "custom": {},
                    "file": path,
                    "line": 4,
                }
            ],
        )
        self.assertEqual((said["errors"], said["warnings"], said["shapes"]), ([], [], []))

    def test_waits(self):
        said = load(
            file(
                """
                from locust import *

                class Base(User):
                    abstract = True

                    @task
                    def t(self): ...

                class None_(Base): ...
                class Constant(Base): wait_time = constant(3)
                class Pacing(Base): wait_time = constant_throughput(0.5)
                class Poisson(Base): wait_time = poisson(1)
                class Lambda(Base): wait_time = lambda self: 1
                class Method(Base):
                    def wait_time(self): return 1
                class Inherited(Constant): ...
                class Old(Base):
                    min_wait = 500
                    max_wait = 1500
                class Newer(Old): wait_time = constant(3)
                class OldFunction(Base): wait_function = lambda self: 500
                """
            )
        )
        kinds = {cls["name"]: tuple(cls["wait"].values()) for cls in said["classes"]}
        function = ("function", 0.0, 0.0)
        self.assertEqual(
            kinds,
            {
                "None_": ("constant", 0.0, 0.0),
                "Constant": ("constant", 3.0, 0.0),
                "Pacing": ("pacing", 2.0, 0.0),
                "Poisson": function,
                "Lambda": function,
                "Method": function,
                "Inherited": ("constant", 3.0, 0.0),
                "Old": ("between", 0.5, 1.5),
                "Newer": ("constant", 3.0, 0.0),
                "OldFunction": function,
            },
        )
        self.assertEqual(len(said["warnings"]), 2)
        self.assertRegex(said["warnings"][0], r"locustfile.py:\d+: Old waits by min_wait and max_wait")

    def test_tasks_that_a_method_assigns_are_picked_in_python(self):
        said = load(
            file(
                """
                from locust import User, task

                class Chooses(User):
                    @task
                    def a(self): ...

                    def on_start(self):
                        self.tasks = [Chooses.a]
                """
            )
        )
        (described,) = said["classes"]
        self.assertFalse(described["flat"])
        self.assertEqual([task["kind"] for task in described["tasks"]], ["set"])

    def test_tasks_that_are_assigned_after_the_class_have_their_weights(self):
        """Locust calls the pairs, and counts a TypeError each time."""
        said = load(
            file(
                """
                from locust import TaskSet, User

                def hello(user): ...
                def world(user): ...

                class Inner(TaskSet): ...
                class Late(User): ...

                Inner.tasks = {hello: 2}
                Late.tasks = [hello, (world, 2), Inner]
                """
            )
        )
        (described,) = said["classes"]
        shown = [(task["name"], task["weight"]) for task in described["tasks"]]
        self.assertEqual(shown, [("hello", 1), ("world", 2), ("Inner", 1)])
        self.assertEqual(described["tasks"][2]["tasks"][0]["weight"], 2)

    def test_sets_that_are_nested_in_each_other(self):
        said = load(
            file(
                """
                from locust import TaskSet, User, task

                class One(TaskSet):
                    @task
                    def t(self): ...

                class Two(One): ...
                One.tasks += [Two, One]
                Two.tasks += [One]

                class Lost(User):
                    tasks = [One]
                """
            )
        )
        self.assertEqual(said["errors"], [])
        (one,) = said["classes"][0]["tasks"]
        self.assertEqual([task["name"] for task in one["tasks"]], ["t", "Two", "One"])
        self.assertEqual([task["name"] for task in one["tasks"][1]["tasks"]], ["t", "One"])
        self.assertEqual(one["tasks"][1]["tasks"][1]["tasks"], [])

    def test_tests_of_pytest_are_users_where_there_is_no_other(self):
        path = file("def test_one(session): ...\ndef test_two(fastsession): ...\ndef helper(): ...\n")
        said = load(path)
        shown = [(c["name"], c["client"], c["tasks"][0]["name"], c["flat"]) for c in said["classes"]]
        self.assertEqual(
            shown, [("test_one", "http", "test_one", True), ("test_two", "fast", "test_two", True)]
        )
        self.assertEqual(said["errors"], [])
        self.assertEqual([(c["file"], c["line"]) for c in said["classes"]], [(path, 1), (path, 2)])

    def test_a_test_begins_anew_after_a_request_that_failed_and_ends_its_user_else(self):
        from locust import _pytest
        from locust.clients import CatchResponseError
        from locust.exception import StopUser

        def user_of(error):
            def test(session):
                raise error

            users, _ = _pytest.users_of(type("module", (), {"test_it": test}))
            run = users["test_it"].tasks[0]
            return run(type("user", (), {"client": None}))

        self.assertIsNone(user_of(CatchResponseError("bad")))
        with self.assertRaises(StopUser):
            user_of(ValueError("bad"))

    def test_settings_of_locust_stats(self):
        said = load(
            file(
                """
                import locust.stats
                from locust import User, task
                locust.stats.PERCENTILES_TO_REPORT = [0.5, 0.9]
                locust.stats.CONSOLE_STATS_INTERVAL_SEC = 5

                class A(User):
                    @task
                    def t(self): ...
                """
            )
        )
        changed = {"PERCENTILES_TO_REPORT": [0.5, 0.9], "CONSOLE_STATS_INTERVAL_SEC": 5}
        self.assertEqual(said["stats"], changed)


class Refusing(unittest.TestCase):
    def errors(self, text):
        return [error["text"] for error in load(file(text))["errors"]]

    def test_what_locust_runs_green_without_testing_anything(self):
        errors = self.errors(
            """
            from locust import User, TaskSet, task

            class Asynchronous(User):
                @task
                async def a(self): ...

            class Generator(User):
                @task
                def g(self):
                    yield

            class Waits(User):
                wait_time = 1

                @task
                class Nested(TaskSet):
                    wait_time = 2

                    @task
                    async def n(self): ...

            class Nothing(User): ...

            class Empty(User):
                @task
                class Inner(TaskSet): ...

            class Weightless(User):
                @task(0)
                def t(self): ...

            class Half(User):
                min_wait = 5

                @task
                def t(self): ...

            class Runs(User):
                def run(self): ...

                @task
                def t(self): ...

            class Called(User):
                tasks = [print("") , 5]

            class Starts(User):
                async def on_start(self): ...

                @task
                class Inner(TaskSet):
                    def on_stop(self):
                        yield

                    @task
                    def t(self): ...
            """
        )
        for number, (line, said) in enumerate(
            [
                (5, "a is `async def`"),
                (9, "g has a `yield`"),
                (13, "Waits.wait_time is 1"),
                (20, "n is `async def`"),
                (16, "Nested.wait_time is 2"),
                (23, "Nothing has no task"),
                (26, "Inner has no task"),
                (29, "Weightless has no task"),
                (33, "Half: min_wait and max_wait go together"),
                (39, "Runs has its own run()"),
                (45, "Called: the task None is no function"),
                (45, "Called: the task 5 is no function"),
                (49, "Starts.on_start is `async def`"),
                (53, "Inner.on_stop has a `yield`"),
            ]
        ):
            found = [text for text in errors if said in text]
            self.assertEqual(len(found), 1, (said, errors))
            self.assertIn(f"locustfile.py:{line}:", found[0], number)
        self.assertEqual(len(errors), 14)

    def test_attributes_of_another_type(self):
        errors = self.errors(
            """
            from locust import User, task

            class Base(User):
                abstract = True

                @task
                def a(self): ...

            class Text(Base):
                weight = "3"
                fixed_count = "1"
                host = 5

            class Less(Base):
                weight = -1
                fixed_count = 1.5

            class NotANumber(Base):
                weight = float("nan")
            """
        )
        for line, said in (
            (10, "Text.weight is '3': it must be a number of 0 or more"),
            (10, "Text.fixed_count is '1': it must be a whole number of 0 or more"),
            (10, "Text.host is 5: write a URL as text"),
            (15, "Less.weight is -1"),
            (15, "Less.fixed_count is 1.5"),
            (19, "NotANumber.weight is nan"),
        ):
            self.assertTrue(any(f":{line}: {said}" in text for text in errors), (said, errors))
        self.assertEqual(len(errors), 6)

    def test_classes_that_are_not_chosen_may_be_wrong(self):
        path = file(
            """
            from locust import User, task

            class Wrong(User): ...

            class Right(User):
                @task
                def t(self): ...
            """
        )
        chosen = {"options": {"user_classes": ["Right"]}, "arguments": {"words": []}}
        self.assertEqual(load(path, further=[chosen])["errors"], [])
        self.assertEqual(len(load(path)["errors"]), 1)

    def test_tracebacks_have_the_files_frames_only(self):
        path = file("def g():\n    return 1 / 0\ng()\n")
        said = load(path)
        shown = said["refused"].splitlines()
        self.assertEqual(said["exit"], 2)
        self.assertEqual(shown[1], f'  File "{path}", line 3, in <module>')
        self.assertEqual(shown[-1], "ZeroDivisionError: division by zero")
        self.assertEqual(sum("File" in line for line in shown), 2)

    def test_syntax_errors_and_missing_modules(self):
        path = file("def f(:\n")
        self.assertTrue(load(path)["refused"].startswith(f'  File "{path}", line 1\n'))
        said = load(file("import nowhere_to_be_found\n"))
        last = "ModuleNotFoundError: No module named 'nowhere_to_be_found'"
        self.assertEqual(said["refused"].splitlines()[-1], last)

    def test_sys_exit_at_import_is_the_exit_code(self):
        for text, code in (("3", 3), ("", 0), ("'bye'", 1)):
            said = load(file(f"import sys\nsys.exit({text})\n"))
            self.assertEqual(said["exit"], code)

    def test_no_user_class_and_the_same_name_twice(self):
        said = load(file("x = 1"))
        self.assertEqual(said["exit"], 1)
        self.assertTrue(said["refused"].startswith("No User class found!"))
        said = load(file("def test_shop(session, more): ...\n"))
        self.assertRegex(said["refused"], r"locustfile.py:1: test_shop\(session, more\) takes one fixture")
        one = "from locust import User, task\nclass A(User):\n    @task\n    def t(self): ...\n"
        said = load(file(one, "a.py"), file(one, "b.py"))
        self.assertEqual(said["exit"], 1)
        self.assertRegex(said["refused"], r"A is in both .*a.py:2 and .*b.py:2")

    def test_a_shape_without_tick(self):
        said = load(
            file(
                """
                from locust import LoadTestShape, User, task

                class Shape(LoadTestShape): ...

                class A(User):
                    @task
                    def t(self): ...
                """
            )
        )
        self.assertIn("Can't instantiate abstract class Shape", said["refused"])


class Finding(unittest.TestCase):
    def test_modules_beside_the_file_come_before_those_of_the_working_directory(self):
        path = Path(file("import helper\nfrom helper import A\n"))
        text = "from locust import User, task\nclass A(User):\n    @task\n    def beside(self): ...\n"
        (path.parent / "helper.py").write_text(text)
        (described,) = load(str(path))["classes"]
        self.assertEqual(described["tasks"][0]["name"], "beside")

    def test_names_of_modules(self):
        path = file(
            """
            import sys
            assert sys.modules[__name__].__file__ == __file__
            assert __name__ == "shop", __name__
            assert sys.path[0] == __file__.rsplit("/", 1)[0]
            from locust import User, task
            class A(User):
                @task
                def t(self): ...
            """,
            "shop.py",
        )
        self.assertEqual(load(path)["classes"][0]["name"], "A")


if __name__ == "__main__":
    unittest.main()
