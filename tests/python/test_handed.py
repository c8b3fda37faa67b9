"""What listeners of the host leave for the core processes."""

import json
import sys
import unittest

from package_fake import engine, file
from locust import _engine, events

PATH = file(
    """
    from locust import HttpUser, events, task

    @events.init_command_line_parser.add_listener
    def arguments(parser):
        parser.add_argument("--tenant", default="a")
        parser.add_argument("--ids", type=json_list, default=[1])

    def json_list(text):
        return [int(part) for part in text.split("+")]

    class Site(HttpUser):
        @task
        def home(self): ...
    """
)


class Handed(unittest.TestCase):
    def setUp(self):
        engine.reset()
        self.load({})
        self.options = _engine.environment.parsed_options
        self.addCleanup(self.load, {})

    def load(self, options):
        request = {"files": [PATH], "arguments": {"words": []}, "options": {"host": None, **options}}
        return json.loads(_engine.load(json.dumps(request)))

    def start(self, **given):
        return json.loads(_engine.fire("test_start", json.dumps(given)))["cores"]

    def listen(self, hook, listener):
        hook.add_listener(listener)
        self.addCleanup(hook.remove_listener, listener)

    def test_is_what_has_changed_of_the_files_own_arguments(self):
        self.assertEqual(self.start(), {"host": None, "arguments": {}})

        def change(environment):
            environment.parsed_options.tenant = "b"
            environment.parsed_options.ids.append(2)
            environment.parsed_options.made = {"by": "listener"}
            environment.parsed_options.num_users = 7
            environment.host = "http://there"

        self.listen(events.test_start, change)
        arguments = {"tenant": "b", "ids": [1, 2], "made": {"by": "listener"}}
        self.assertEqual(self.start(), {"host": "http://there", "arguments": arguments})

    def test_what_users_import_is_there_before_the_cores_are_forked(self):
        """Else each core stands still for it at its first user."""
        self.assertIn("locust.clients", sys.modules)

    def test_what_is_no_json_stays_with_a_warning(self):
        self.listen(events.test_start, lambda environment: setattr(environment.parsed_options, "lock", object()))
        with self.assertLogs("locust._handed", "WARNING") as logged:
            self.assertNotIn("lock", self.start()["arguments"])
        self.assertIn("parsed_options.lock stays in this process", logged.output[0])
        del self.options.lock

    def test_comes_before_the_listeners_of_a_core(self):
        (site,) = _engine.classes
        seen = []
        self.listen(events.test_start, lambda environment: seen.append((self.options.tenant, site.host)))
        engine.number = 0
        _engine.fire("test_start", '{"host": "http://there", "arguments": {"tenant": "b"}}')
        self.assertEqual(seen, [("b", "http://there")])

    def test_a_host_that_init_sets_holds_until_another_is_given(self):
        self.listen(events.init, lambda environment, **_: setattr(environment, "host", "http://init"))
        (described,) = json.loads(_engine.init())["classes"]
        self.assertEqual(described["host"], "http://init")
        for given, host in (("http://form", "http://form"), (None, "http://init")):
            (described,) = self.load({"host": given})["classes"]
            self.assertEqual(described["host"], host)
        self.addCleanup(setattr, _engine, "_host_of_init", None)


if __name__ == "__main__":
    unittest.main()
