"""The names of Locust 2.47.0, and what is said where one is missing."""

import importlib
import re
import unittest

import package_fake  # noqa: F401, the engine's place
import locust
from locust import MarkovTaskSet, tag, task, transition, transitions
from locust.env import Environment
from locust.util.rounding import proper_round
from locust.util.timespan import parse_timespan

# `locust.__all__` of 2.47.0, but for HttpLocust and Locust, which raise there when they are derived from.
NAMES = """FastHttpUser HttpUser LoadTestShape MarkovTaskSet SequentialTaskSet TaskSet User __version__
between constant constant_pacing constant_throughput events poisson run_single_user tag task transition
transitions wait_time""".split()

# What files import from below.
PATHS = """locust.argument_parser:LocustArgumentParser locust.clients:HttpSession,ResponseContextManager
locust.contrib.fasthttp:FastHttpUser,FastHttpSession locust.debug:run_single_user locust.dispatch:UsersDispatcher
locust.env:Environment locust.event:EventHook,Events locust.exception:CatchResponseError,InterruptTaskSet,LocustError,RescheduleTask,RescheduleTaskImmediately,ResponseError,RPCError,StopTest,StopUser
locust.html:get_html_report locust.input_events:input_listener locust.log:setup_logging locust.main:main
locust.rpc:Message locust.rpc.protocol:Message
locust.runners:LocalRunner,MasterRunner,Runner,WorkerRunner,DistributedRunner,STATE_CLEANUP,STATE_INIT,STATE_MISSING,STATE_RUNNING,STATE_SPAWNING,STATE_STOPPED,STATE_STOPPING
locust.shape:LoadTestShape locust.stats:RequestStats,StatsEntry,StatsError,StatsCSVFileWriter,stats_history,stats_printer,print_stats,sort_stats,calculate_response_time_percentile,PERCENTILES_TO_REPORT
locust.user:User,HttpUser,TaskSet,tag,task,wait_time locust.user.inspectuser:get_ratio,print_task_ratio
locust.user.markov_taskset:MarkovTaskSet,transition,InvalidTransitionError locust.user.sequential_taskset:SequentialTaskSet
locust.user.task:TaskSet,DefaultTaskSet,tag,task,LOCUST_STATE_STOPPING locust.user.users:HttpUser,User,UserMeta
locust.user.wait_time:between,constant,constant_pacing,constant_throughput,poisson
locust.util.rounding:proper_round locust.util.timespan:parse_timespan locust.web:WebUI""".split()


def said(statement):
    """The exception of a statement of a file."""
    try:
        exec(compile(statement, "shop.py", "exec"), {})  # noqa: S102
    except BaseException as error:
        return type(error).__name__, str(error)
    return None


class Names(unittest.TestCase):
    def test_are_all_there(self):
        self.assertEqual(set(NAMES) - set(locust.__all__), set())
        self.assertIsNone(said("from locust import *; HttpUser, FastHttpUser"))
        for path in PATHS:
            module, names = path.split(":")
            for name in names.split(","):
                self.assertTrue(hasattr(importlib.import_module(module), name), f"{module}.{name}")

    def test_of_before_1_0_say_what_to_write(self):
        for statement, kind, text in (
            ("from locust import HttpLocust", "ImportError", r"^shop.py:1: locust has no HttpLocust: write HttpUser"),
            ("import locust; locust.Locust", "AttributeError", r"^shop.py:1: locust has no Locust: write User"),
            ("from locust import TaskSequence", "ImportError", "write SequentialTaskSet"),
            ("from locust.core import task", "ModuleNotFoundError", "write `from locust import HttpUser"),
            ("from locust.wait_time import between", "ModuleNotFoundError", "write `from locust import between"),
        ):
            self.assertEqual(said(statement)[0], kind)
            self.assertRegex(said(statement)[1], text)

    def test_that_nobody_knows_have_the_nearest(self):
        kind, text = said("from locust import Httpuser")
        self.assertEqual(kind, "ImportError")
        self.assertRegex(text, r"^shop.py:1: locust has no Httpuser. Did you mean HttpUser\?")
        for name in ("Httpuser", "__wrapped__"):
            self.assertFalse(hasattr(locust, name))
        self.assertRegex(said("import locust.nothing")[1], "gregaria's own package")
        self.assertRegex(said("from locust.contrib import mqtt")[1], "a client of your own")
        self.assertRegex(said("from locust.contrib.mqtt import MqttUser")[1], "a client of your own")

    def test_that_have_no_use_here_raise_when_they_are_called(self):
        for statement in (
            "from locust import run_single_user, User; run_single_user(User)",
            "from locust.stats import stats_printer; stats_printer()",
            "from locust.web import WebUI; WebUI()",
            "from locust.main import main; main()",
        ):
            kind, text = said(statement)
            self.assertEqual(kind, "NotImplementedError")
            self.assertRegex(text, r"^shop.py:1: locust\.")

    def test_use_as_a_library_says_how_to_run(self):
        for method in ("create_local_runner", "create_web_ui", "create_master_runner"):
            with self.assertRaisesRegex(AttributeError, "gregaria -f FILE"):
                getattr(Environment(user_classes=[]), method)()


class Markov(unittest.TestCase):
    def test_begins_with_the_first_task_and_goes_on_by_weight(self):
        class Chain(MarkovTaskSet):
            @transition("b")
            def a(self): ...

            @transitions({"a": 1})
            def b(self): ...

        self.assertEqual(Chain.tasks, [])
        chain = Chain(None)
        self.assertEqual([chain.get_next_task().__name__ for _ in range(4)], ["a", "b", "a", "b"])

    def test_takes_all_forms_of_weights(self):
        self.assertEqual(transition("b", 2)(lambda: 0).transitions, ["b", "b"])
        self.assertEqual(transitions({"b": 2, "a": 1})(lambda: 0).transitions, ["b", "b", "a"])
        both = transitions(["a", ("b", 3)])(lambda: 0).transitions
        self.assertEqual(both, ["a", "b", "b", "b"])

        @transition("a")
        @transition("b", 2)
        def stacked(): ...

        self.assertEqual(stacked.transitions, ["b", "b", "a"])

    def test_checks_the_chain_in_the_class_statement(self):
        chain = {}

        def error(**members):
            try:
                type(MarkovTaskSet)("Chain", (MarkovTaskSet,), members)
            except locust.exception.LocustError as error:
                return type(error).__name__

        def named(name, function):
            function.__name__ = name
            chain[name] = function
            return function

        plain = named("plain", lambda self: 0)
        to_b = named("a", transition("b")(lambda self: 0))
        to_a = named("b", transition("a")(lambda self: 0))
        to_plain = named("c", transition("plain")(lambda self: 0))
        nowhere = named("d", transition("a", 0)(lambda self: 0))
        tagged = named("a", tag("x")(transition("a")(lambda self: 0)))
        self.assertEqual(error(), "NoMarkovTasksError")
        self.assertEqual(error(b=task(plain)), "NoMarkovTasksError")
        self.assertEqual(error(a=to_b), "InvalidTransitionError")
        self.assertEqual(error(c=to_plain, plain=plain), "NonMarkovTaskTransitionError")
        self.assertEqual(error(a=tagged), "MarkovTaskTagError")
        self.assertEqual(error(b=to_a, a=to_b, d=nowhere), "InvalidTransitionError")
        with self.assertLogs(level="WARNING") as logged:
            alone = named("a", transition("a")(lambda self: 0))
            self.assertIsNone(error(a=alone, b=to_a))
        self.assertTrue(re.search("never reaches its tasks b", logged.output[0]))


class Functions(unittest.TestCase):
    def test_times(self):
        for text, seconds in (("20", 20), ("20s", 20), ("1h20m", 4800), ("3h30m10s", 12610)):
            self.assertEqual(parse_timespan(text), seconds)
        for text in ("", "3x", "1.5m"):
            with self.assertRaises(ValueError):
                parse_timespan(text)

    def test_rounding(self):
        rounded = [proper_round(value) for value in (0.5, 1.5, 2.5, -0.4, 2.4)]
        self.assertEqual(rounded, [1.0, 2.0, 3.0, -0.0, 2.0])


if __name__ == "__main__":
    unittest.main()
