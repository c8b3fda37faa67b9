"""Tasks and waits that change after the engine has planned them."""

import json
import unittest

from package_fake import engine, file
from locust import _engine, constant, events
from locust.user.task import ChangedTaskSet

PATH = file(
    """
    from locust import User, constant, task

    class Steady(User):
        wait_time = constant(1)

        @task
        def first(self): ...

        @task
        def second(self): ...

    class Own(User):
        def __init__(self, environment):
            super().__init__(environment)
            self.wait_time = lambda: 0.5

        @task
        def only(self): ...
    """
)


class Changes(unittest.TestCase):
    def setUp(self):
        engine.reset()
        request = {"files": [PATH], "arguments": {"words": []}, "options": {}}
        self.described = json.loads(_engine.load(json.dumps(request)))
        self.steady, self.own = _engine.classes
        engine.number = 0

    def start(self, change):
        events.test_start.add_listener(change)
        try:
            _engine.fire("test_start", "{}")
        finally:
            events.test_start.remove_listener(change)
        return [entry for entry, _ in _engine.task_table(0)]

    def test_of_none_the_engine_runs_the_tasks(self):
        tasks = self.start(lambda environment: None)
        self.assertEqual(tasks, [self.steady.first, self.steady.second])
        self.assertFalse(_engine.needs_wait(0))

    def test_of_tasks_have_python_choose_among_them(self):
        before, said = self.steady.tasks, []
        self.addCleanup(setattr, self.steady, "tasks", before)
        change = lambda environment: setattr(self.steady, "tasks", [lambda user: said.append("new")])
        self.assertEqual(self.start(change), [ChangedTaskSet, ChangedTaskSet])
        engine.iterations_left = 3
        with self.assertRaises(engine.GreenletExit):
            _engine.task(_engine.start(0, 0), 1)
        self.assertEqual(said, ["new"] * 3)

    def test_of_a_wait_are_waited_for_by_python(self):
        before = self.steady.wait_time
        self.addCleanup(setattr, self.steady, "wait_time", before)
        self.start(lambda environment: setattr(self.steady, "wait_time", constant(7)))
        engine.iterations_left = 2
        with self.assertRaises(engine.GreenletExit):
            _engine.task(_engine.start(0, 0), 0)
        self.assertEqual(engine.calls, [("sleep", 7), ("iteration", -1.0)] * 2)

    def test_a_wait_of_the_users_own_is_asked_for(self):
        waits = [row["wait"]["kind"] for row in self.described["classes"]]
        self.assertEqual(waits, ["constant", "function"])
        self.assertEqual(_engine.wait(_engine.start(1, 0)), 0.5)


if __name__ == "__main__":
    unittest.main()
