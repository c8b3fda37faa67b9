"""Arguments, options, events of a run, messages, shapes, statistics and logging."""

import json
import logging
import os
import unittest

from package_fake import engine, file
from locust import _engine, event, events, stats
from locust.runners import LocalRunner, MasterRunner, Message, WorkerRunner

PATH = file(
    """
    from locust import HttpUser, LoadTestShape, TaskSet, User, events, tag, task

    heard = []
    fail = set()

    @events.init_command_line_parser.add_listener
    def arguments(parser):
        parser.add_argument("--number", type=int, env_var="MY_NUMBER", default=5, help="is %(default)s")
        parser.add_argument("--secret", is_secret=True, default="x")
        parser.add_argument("--several", is_multiple=True, choices=["a", "b"], default=["a"], nargs="*")
        parser.add_argument("--switch", action="store_true", env_var="MY_SWITCH")
        parser.add_argument("--hidden", include_in_web_ui=False, default="z")
        group = parser.add_argument_group("Mine")
        group.add_argument("-r", "--required-there", is_required=True, default=None)

    def listen(name):
        def listener(**given):
            heard.append((name, given))
            if name in fail:
                raise ValueError(name)
        getattr(events, name).add_listener(listener)

    for name in ("init", "test_start", "test_stopping", "test_stop", "quitting", "quit", "spawning_complete"):
        listen(name)

    @events.worker_report.add_listener
    def report(**given): ...

    class Site(HttpUser):
        @task
        class Pages(TaskSet):
            @tag("read")
            @task(2)
            def read(self): ...

            @tag("write")
            @task
            def write(self): ...

        @task
        def own(self): ...

    class First(LoadTestShape):
        def tick(self):
            return (self.get_current_user_count() + 1, 2.5)

    class Second(LoadTestShape):
        use_common_options = True

        def tick(self):
            return (3, 1, [Site]) if self.get_run_time() < 100 else None
    """
)


def load(**request):
    return json.loads(_engine.load(json.dumps({"files": [PATH], **request})))


def module():
    import sys

    return sys.modules["locustfile"]


class Run(unittest.TestCase):
    def setUp(self):
        engine.reset()
        os.environ.pop("MY_NUMBER", None)
        os.environ.pop("MY_SWITCH", None)
        load(arguments={"words": []}, options={})
        module().heard.clear()
        module().fail.clear()
        event.listener_failed = False

    def options(self):
        return _engine.environment.parsed_options


class Arguments(Run):
    def test_are_described(self):
        described = {row["dest"]: row for row in load()["arguments"]}
        self.assertEqual(
            described["number"],
            {
                "dest": "number",
                "flags": ["--number"],
                "default": 5,
                "help": "is 5",
                "choices": None,
                "env_var": "MY_NUMBER",
                "is_secret": False,
                "is_required": False,
                "is_multiple": False,
                "include_in_web_ui": True,
                "kind": "one",
            },
        )
        kinds = {dest: row["kind"] for dest, row in described.items()}
        self.assertEqual(kinds["several"], "many")
        self.assertEqual(kinds["switch"], "switch")
        self.assertEqual(described["several"]["choices"], ["a", "b"])
        self.assertTrue(described["secret"]["is_secret"])
        self.assertFalse(described["hidden"]["include_in_web_ui"])
        self.assertEqual(described["required_there"]["flags"], ["-r", "--required-there"])
        self.assertTrue(described["required_there"]["is_required"])

    def test_words_are_converted_and_win_over_variables(self):
        os.environ["MY_NUMBER"] = "7"
        os.environ["MY_SWITCH"] = "yes"
        load(arguments={"words": ["--several", "b", "a", "--secret", "s"]})
        options = self.options()
        self.assertEqual((options.number, options.switch, options.several), (7, True, ["b", "a"]))
        load(arguments={"words": ["--number=8"]})
        self.assertEqual((self.options().number, self.options().secret), (8, "x"))

    def test_wrong_words_are_refused_with_argparses_text(self):
        for words, text in (
            (["--number", "x"], "argument --number: invalid int value: 'x'"),
            (["--number", "3.5"], "argument --number: invalid int value: '3.5'"),
            (["--nothing"], "unrecognized arguments: --nothing"),
        ):
            with self.assertRaises(_engine.LoadError) as refused:
                load(arguments={"words": words})
            self.assertEqual((str(refused.exception), refused.exception.code), (text, 2))
        os.environ["MY_SWITCH"] = "perhaps"
        with self.assertRaisesRegex(_engine.LoadError, "MY_SWITCH='perhaps'"):
            load(arguments={"words": []})

    def test_the_forms_values_take_the_type_of_the_value_that_holds(self):
        said = load(arguments={"values": {"number": "9", "switch": "true", "several": "a,b"}})
        options = self.options()
        self.assertEqual((options.number, options.switch, options.several), (9, True, ["a", "b"]))
        shown = {row["dest"]: row["default"] for row in said["arguments"]}
        self.assertEqual((shown["number"], shown["several"]), (9, ["a", "b"]))
        with self.assertRaisesRegex(_engine.LoadError, "argument number: "):
            load(arguments={"values": {"number": "nine"}})


class Options(Run):
    def test_have_locusts_names_and_defaults(self):
        options = vars(self.options())
        self.assertEqual((options["num_users"], options["spawn_rate"], options["tags"]), (None, None, None))
        self.assertEqual((options["stop_timeout"], options["loglevel"]), (0, "INFO"))
        load(options={"num_users": 3, "run_time": 60, "stop_timeout": 5})
        self.assertEqual((self.options().num_users, self.options().run_time), (3, 60))
        self.assertEqual(_engine.environment.stop_timeout, 5.0)

    def test_the_host_goes_into_the_classes(self):
        load(options={"host": "http://y"})
        self.assertEqual(_engine.environment.host, "http://y")
        self.assertEqual(_engine.classes[0].host, "http://y")
        load(options={"host": None})

    def test_config_users_set_attributes_until_the_next_run(self):
        site = _engine.classes[0]
        load(options={"config_users": [{"user_class_name": "Site", "colour": "blue", "host": "http://z"}]})
        self.assertEqual((site.colour, site.host), ("blue", "http://z"))
        load(options={"host": "http://y"})
        self.assertEqual((site.colour, site.host), ("blue", "http://y"))
        load(options={"host": None, "config_users": None})
        self.assertFalse(hasattr(site, "colour"))
        self.assertIsNone(site.host)

    def test_equal_weights_inside_sets(self):
        load(options={"equal_weights": True})
        pages = _engine.classes[0].tasks[0]
        self.assertEqual([task.__name__ for task in pages.tasks], ["read", "write"])
        load(options={"equal_weights": False})
        self.assertEqual(len(pages.tasks), 3)

    def test_tags_choose_the_tasks_of_sets_anew_for_each_run(self):
        def chosen(**options):
            said = load(options=options, arguments={"words": []})
            pages = _engine.classes[0].tasks[0]
            shown = said["classes"][0]["tasks"]
            kept = [task.__name__ for task in pages.tasks]
            return kept, [(task["name"], task["tags"]) for task in shown]

        both = ["read", "read", "write"]
        self.assertEqual(chosen(), (both, [("Pages", ["read", "write"]), ("own", [])]))
        read = chosen(tags=["read"])
        self.assertEqual(read, (["read", "read"], [("Pages", ["read"]), ("own", [])]))
        out = chosen(tags=None, exclude_tags=["read"])
        self.assertEqual(out, (["write"], [("Pages", []), ("own", [])]))
        none = chosen(exclude_tags=["read", "write"])
        self.assertEqual(none, ([], [("Pages", ["read", "write"]), ("own", [])]))
        self.assertEqual(chosen(tags=["none"], exclude_tags=None)[1], [("Pages", []), ("own", [])])
        self.assertEqual(chosen(tags=None, exclude_tags=None)[0], both)

    def test_listeners_of_events_that_are_never_fired_are_said(self):
        (warning,) = load()["warnings"]
        self.assertRegex(warning, r"locustfile.py:\d+: events.worker_report is never fired")


class Events(Run):
    def test_are_fired_with_locusts_arguments(self):
        environment = _engine.environment
        for name, given, heard in (
            ("test_start", {}, {"environment": environment}),
            ("spawning_complete", {"user_count": 2}, {"user_count": 2}),
            ("test_stopping", {}, {"environment": environment}),
            ("test_stop", {}, {"environment": environment}),
            ("quitting", {}, {"environment": environment}),
            ("quit", {"exit_code": 3}, {"exit_code": 3}),
        ):
            module().heard.clear()
            answer = json.loads(_engine.fire(name, json.dumps(given)))
            handed = {"cores": {"host": None, "arguments": {}}} if name == "test_start" else {}
            self.assertEqual(answer, {"process_exit_code": None, "listener_failed": False} | handed)
            self.assertEqual(module().heard, [(name, heard)])

    def test_what_listeners_leave(self):
        module().fail.add("test_stop")
        _engine.environment.process_exit_code = 4
        self.addCleanup(setattr, _engine.environment, "process_exit_code", None)
        answer = json.loads(_engine.fire("test_stop", "{}"))
        self.assertEqual(answer, {"process_exit_code": 4, "listener_failed": True})

    def test_quitting_goes_backwards(self):
        said = []
        last = events.quitting.add_listener(lambda **given: said.append(len(module().heard)))
        self.addCleanup(events.quitting.remove_listener, last)
        _engine.fire("quitting", "{}")
        self.assertEqual(said, [0])

    def test_init_is_fired_in_the_host_and_in_each_core(self):
        self.assertIs(type(_engine.environment.runner), MasterRunner)
        engine.number = 1
        try:
            _engine.core(json.dumps({"number": 1, "cores": 2}))
            runner = _engine.environment.runner
            self.assertIs(type(runner), WorkerRunner)
            self.assertEqual((runner.client_id, runner.worker_index), ("core-1", 1))
            ((name, given),) = module().heard
            self.assertEqual((name, sorted(given)), ("init", ["environment", "runner", "web_ui"]))
            self.assertIs(given["runner"], runner)
            module().fail.add("init")
            with self.assertRaises(_engine.LoadError) as refused:
                _engine.core("{}")
            self.assertEqual(refused.exception.code, 1)
        finally:
            _engine.environment._set_runner(MasterRunner)


class Messages(Run):
    def setUp(self):
        super().setUp()
        _engine.environment._set_runner(MasterRunner)
        self.heard = []

    def listener(self, environment, msg):
        self.heard.append((msg.type, msg.data, msg.node_id))

    def test_come_to_their_listener(self):
        runner = _engine.environment.runner
        runner.register_message("users", self.listener)
        with self.assertRaisesRegex(Exception, "'users' has a listener already"):
            runner.register_message("users", self.listener)
        runner.register_message("apart", self.listener, concurrent=True)
        sent = {"type": "users", "data": [1], "client_id": None, "from": "core-0"}
        _engine.message(json.dumps(sent))
        _engine.message(json.dumps(sent | {"type": "apart"}))
        self.assertEqual(self.heard, [("users", [1], "core-0"), ("apart", [1], "core-0")])
        self.assertEqual(engine.of("spawn"), [()])
        with self.assertLogs(level="WARNING"):
            _engine.message(json.dumps(sent | {"type": "unknown"}))

    def test_are_sent_as_json(self):
        runner = _engine.environment.runner
        runner.send_message("users", {"a": (1, 2)}, client_id="core-1")
        sent = {"type": "users", "data": {"a": [1, 2]}, "client_id": "core-1"}
        self.assertEqual(engine.of("message"), [(sent,)])
        with self.assertRaisesRegex(TypeError, "the data must be JSON"):
            runner.send_message("users", object())

    def test_the_host_knows_the_core_processes(self):
        """The pattern of Locust's own documentation: deal out test data to the workers."""
        runner = _engine.environment.runner
        engine.snapshot = {"state": "running", "user_count": 5}
        stats.forget()
        self.assertEqual([node.user_count for node in runner.clients.all], [3, 2])
        self.assertEqual((len(runner.clients.running), runner.clients.ready), (2, []))
        for number, client in enumerate(runner.clients):
            runner.send_message("users", [number], client)
        self.assertEqual(runner.worker_count, 2)
        sent = [call["client_id"] for (call,) in engine.of("message")]
        self.assertEqual(sent, ["core-0", "core-1"])

    def test_come_back_at_once_in_a_single_process(self):
        runner = LocalRunner(_engine.environment)
        runner.register_message("m", self.listener)
        thing = object()
        runner.send_message("m", thing)
        self.assertEqual(self.heard[0][:2], ("m", thing))
        self.assertIsInstance(Message("m", 1, "x"), Message)


class Shapes(Run):
    def test_an_answer_that_is_no_load_is_told_with_the_line_of_tick(self):
        _engine.shape(json.dumps({"name": "First"}))
        shape = type(_engine.environment.shape_class)
        tick = shape.tick

        def answers(value):
            def tick(self):
                return value
            shape.tick = tick
            return json.loads(_engine.tick("{}"))

        try:
            for value, rule in (
                ("x", "it returns"),
                (5, "it returns"),
                (False, "it returns"),
                ((2,), "it returns"),
                ((2, 9, None, 4), "it returns"),
                ((-1, 2), "the number of users is 0 or more"),
                (("2", 3), "the number of users is 0 or more"),
                ((float("nan"), 3), "the number of users is 0 or more"),
                ((2, 0), "users per second are more than 0"),
                ((2, None), "users per second are more than 0"),
                ((2, 3, ["Site"]), "a list of User classes"),
            ):
                with self.assertRaises(_engine.LoadError) as raised:
                    answers(value)
                said = str(raised.exception)
                self.assertRegex(said, rf"test_run.py:\d+: {shape.__name__}.tick returned .*: .*{rule}")
            # As in Locust: whole users, and nobody where no class may spawn.
            self.assertEqual(answers((2.7, 3)), {"users": 2, "rate": 3.0, "classes": None})
            self.assertEqual(answers([2, 3, []])["users"], 0)
            shape.tick = lambda self: 1 / 0
            with self.assertRaises(_engine.LoadError) as raised:
                _engine.tick("{}")
            self.assertIn("ZeroDivisionError", str(raised.exception))
            self.assertNotIn("_tick.py", str(raised.exception))
        finally:
            shape.tick = tick

    def test_are_asked(self):
        engine.snapshot = {"user_count": 4}
        _engine.shape("{}")
        self.assertIsNone(_engine.environment.shape_class)
        _engine.shape(json.dumps({"name": "First"}))
        said = json.loads(_engine.tick("{}"))
        self.assertEqual(said, {"users": 5, "rate": 2.5, "classes": None})
        _engine.shape(json.dumps({"name": "Second"}))
        said = json.loads(_engine.tick("{}"))
        self.assertEqual(said, {"users": 3, "rate": 1.0, "classes": ["Site"]})
        _engine.environment.shape_class._start_time -= 100
        self.assertIsNone(json.loads(_engine.tick("{}")))
        shapes = [
            {"name": "First", "use_common_options": False},
            {"name": "Second", "use_common_options": True},
        ]
        self.assertEqual(load()["shapes"], shapes)


ENTRY = {
    "name": "Aggregated",
    "method": "",
    "num_requests": 5,
    "num_none_requests": 1,
    "num_failures": 2,
    "total_response_time": 100.0,
    "max_response_time": 41.5,
    "min_response_time": 9.6,
    "total_content_length": 50,
    "response_times": {"10": 1, "20": 1, "30": 1, "40": 1},
    "num_reqs_per_sec": {"100": 2, "101": 3},
    "num_fail_per_sec": {"101": 2},
    "start_time": 99.5,
    "last_request_timestamp": 104.5,
}


class Statistics(Run):
    """The figures are Locust's own of the same samples."""

    def setUp(self):
        super().setUp()
        stats.forget()
        engine.snapshot = {
            "state": "running",
            "user_count": 3,
            "target_user_count": 4,
            "user_classes_count": {"Site": 3},
            "start_time": 99.5,
            "last_request_timestamp": 104.5,
            "total": ENTRY,
            "entries": [ENTRY | {"name": "/a", "method": "GET"}],
            "errors": [{"method": "GET", "name": "/a", "error": "bad", "occurrences": 2}],
            "exceptions": [{"count": 1, "msg": "m", "traceback": "t"}],
        }
        self.stats = _engine.environment.stats

    def test_an_entry(self):
        for entry in (self.stats.total, self.stats.get("/a", "GET"), self.stats.entries["/a", "GET"]):
            self.assertEqual((entry.num_requests, entry.num_failures, entry.fail_ratio), (5, 2, 0.4))
            self.assertEqual((entry.avg_response_time, entry.median_response_time), (25.0, 30))
            self.assertEqual(entry.get_response_time_percentile(0.95), 40)
            self.assertEqual(entry.get_response_time_percentile(0.5), 30)
            self.assertEqual((entry.min_response_time, entry.max_response_time), (9.6, 41.5))
            self.assertEqual((entry.avg_content_length, entry.total_rps), (10.0, 1.0))
            self.assertEqual(entry.current_rps, 5 / 3)
            self.assertEqual(entry.response_times, {10: 1, 20: 1, 30: 1, 40: 1})
        self.assertEqual(self.stats.num_requests, 5)
        self.assertEqual(self.stats.get("/none", "GET").num_requests, 0)
        self.assertEqual(self.stats.get("/none", "GET").fail_ratio, 0.0)

    def test_before_the_first_request(self):
        engine.snapshot = {}
        stats.forget()
        total = self.stats.total
        self.assertEqual((total.num_requests, total.fail_ratio, total.avg_response_time), (0, 0.0, 0.0))
        self.assertEqual((total.median_response_time, total.min_response_time), (0, None))
        self.assertEqual((total.get_response_time_percentile(0.5), total.total_rps), (0, 0.0))
        self.assertIsNone(total.get_current_response_time_percentile(0.5))
        self.assertEqual(_engine.environment.runner.state, "ready")

    def test_errors_and_exceptions(self):
        (error,) = self.stats.errors.values()
        self.assertEqual((error.method, error.name, error.error, error.occurrences), ("GET", "/a", "bad", 2))
        runner = _engine.environment.runner
        self.assertEqual(runner.exceptions[0]["msg"], "m")
        self.assertEqual((runner.state, runner.user_count, runner.target_user_count), ("running", 3, 4))
        self.assertEqual(runner.user_classes_count, {"Site": 3})

    def test_what_is_not_there_is_said_with_its_line(self):
        runner, environment = _engine.environment.runner, _engine.environment
        for owner, name in (
            (self.stats, "history_of"),
            (self.stats.total, "percentiles"),
            (runner, "greenlet"),
            (environment, "foo"),
            (environment.web_ui, "template_args"),
            (environment.web_ui.app, "after_request"),
        ):
            with self.assertRaisesRegex(AttributeError, rf"test_run.py:\d+: .*{name}"):
                getattr(owner, name)
            self.assertFalse(hasattr(owner, name))
        # In Locust these change the run. Here it is planned without them.
        for name in ("user_classes", "shape_class", "tags", "exclude_tags", "stop_timeout", "reset_stats"):
            before = getattr(environment, name)
            with self.assertRaisesRegex(AttributeError, rf"test_run.py:\d+: environment.{name}: it cannot be set"):
                setattr(environment, name, 5)
            self.assertEqual(getattr(environment, name), before)
        environment.worker_logs = {}
        app = environment.web_ui.app
        for add in (app.route, app.add_url_rule):
            with self.assertRaisesRegex(AttributeError, r"test_run.py:\d+: .*'/mine'.* takes no routes"):
                add("/mine")
        load(options={"headless": True})
        self.assertIsNone(environment.web_ui)
        load(options={"headless": False})


class Logging(Run):
    def test_is_set_up_after_the_file_and_in_locusts_format(self):
        """Levels and handlers that the file set at import are gone, as in Locust."""
        root = logging.getLogger()
        root.setLevel(logging.DEBUG)
        path = file("", "log.txt")
        load(options={"loglevel": "warning", "logfile": path})
        logging.getLogger("shop").info("not this")
        logging.getLogger("shop").warning("but %s", "this")
        load(options={"loglevel": "INFO", "logfile": None})
        with open(path, encoding="utf-8") as log:
            self.assertRegex(
                log.read(), r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\] [^/]+/WARNING/shop: but this\n$"
            )
        self.assertEqual(root.level, logging.INFO)


if __name__ == "__main__":
    unittest.main()
