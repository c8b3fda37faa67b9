"""Tasks, task sets and how they end. The values are what Locust 2.47.0 does when it is run."""

import unittest

from package_fake import engine
from locust import SequentialTaskSet, TaskSet, User, constant, events, tag, task
from locust.env import Environment
from locust.exception import (
    InterruptTaskSet,
    LocustError,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
)
from locust import _engine


def names(cls):
    return [entry.__name__ for entry in cls.tasks]


def user_of(cls):
    user = cls(Environment())
    user._state = "running"
    return user


class Collecting(unittest.TestCase):
    def test_tasks_of_bases_come_first_and_an_overridden_one_stays(self):
        class Base(User):
            abstract = True

            @task(2)
            def a(self): ...

            @task
            def b(self): ...

        class Derived(Base):
            @task(3)
            def a(self): ...

            def b(self): ...

        functions = [Base.a, Base.a, Base.b, Derived.a, Derived.a, Derived.a]
        self.assertEqual(Derived.tasks, functions)
        self.assertFalse(Derived.abstract)

    def test_a_mixin_that_is_no_user_gives_no_task(self):
        class Mixin:
            @task
            def mixed(self): ...

        class Derived(Mixin, User):
            @task
            def own(self): ...

        self.assertEqual(names(Derived), ["own"])

    def test_the_attribute_comes_before_marked_methods(self):
        class Derived(User):
            def f(self): ...

            def g(self): ...

            @task
            def h(self): ...

            tasks = [f, (g, 2)]

        self.assertEqual(names(Derived), ["f", "g", "g", "h"])

    def test_weight_zero_is_never_picked(self):
        class Derived(User):
            def f(self): ...

            tasks = {f: 0}

            @task(0)
            def zero(self): ...

            @task
            def one(self): ...

        self.assertEqual(names(Derived), ["one"])

    def test_other_weights_are_refused(self):
        for weight, error in ((1.5, TypeError), ("1", TypeError), (None, TypeError), (-1, ValueError)):
            with self.assertRaises(error):
                task(weight)

    def test_a_sequence_has_its_attribute_where_it_stands(self):
        class Base(SequentialTaskSet):
            @task
            def one(self): ...

            def x(self): ...

            tasks = [x]

            @task(2)
            def two(self): ...

            @task
            class Inner(TaskSet): ...

        class Derived(Base):
            @task
            def three(self): ...

        self.assertEqual(names(Base), ["one", "x", "two", "two", "Inner"])
        self.assertEqual(names(Derived), ["one", "x", "two", "two", "Inner", "three"])

    def test_tags_of_a_set_go_to_its_tasks(self):
        @tag("outer")
        class Tasks(TaskSet):
            @tag("a", "b")
            @task
            def f(self): ...

        self.assertEqual(Tasks.tasks[0].locust_tag_set, {"a", "b", "outer"})
        for wrong in (lambda: tag(), lambda: tag(Tasks.f)):
            with self.assertRaises(ValueError):
                wrong()

    def test_task_set_of_before_1_0_is_refused(self):
        with self.assertRaisesRegex(LocustError, r"write tasks = \[YourTaskSet\]"):

            class Old(User):
                task_set = TaskSet


class Running(unittest.TestCase):
    def setUp(self):
        engine.reset()
        self.said = []

    def run_set(self, cls, user=None):
        try:
            cls(user or user_of(_User)).run()
        except BaseException as error:
            return error

    def test_a_sequence_goes_round_and_waits_as_the_user_does(self):
        said = self.said

        class Steps(SequentialTaskSet):
            @task
            def one(self):
                said.append(1)

            @task
            def two(self):
                said.append(2)

        engine.iterations_left = 4
        ended = self.run_set(Steps)
        self.assertIsInstance(ended, engine.GreenletExit)
        self.assertEqual(said, [1, 2, 1, 2])
        self.assertEqual(engine.of("iteration"), [(0.3,)] * 4)

    def test_a_nested_set_waits_as_the_user_not_as_its_parent(self):
        class Outer(TaskSet):
            wait_time = constant(5)

            @task
            class Inner(TaskSet):
                @task
                def one(self): ...

        engine.iterations_left = 3
        self.run_set(Outer)
        self.assertEqual(engine.of("iteration"), [(0.3,)] * 3)

    def test_interrupt_leaves_the_set_at_once_or_after_a_wait(self):
        said = self.said

        class Left(TaskSet):
            def on_start(self):
                said.append("start")

            def on_stop(self):
                said.append("stop")

        class AtOnce(Left):
            @task
            def leave(self):
                self.interrupt()

        class Later(Left):
            @task
            def leave(self):
                self.interrupt(reschedule=False)

        self.assertIsInstance(self.run_set(AtOnce), RescheduleTaskImmediately)
        self.assertIsInstance(self.run_set(Later), RescheduleTask)
        self.assertEqual(said, ["start", "stop"] * 2)

    def test_interrupt_in_on_start_leaves_without_on_stop(self):
        said = self.said

        class Never(TaskSet):
            def on_start(self):
                self.interrupt()

            def on_stop(self):
                said.append("stop")

            @task
            def one(self):
                said.append("one")

        self.assertIsInstance(self.run_set(Never), RescheduleTaskImmediately)
        self.assertEqual(said, [])

    def test_stop_user_leaves_sets_from_the_inner_one_outwards(self):
        said = self.said

        class Outer(TaskSet):
            def on_stop(self):
                said.append("outer")

            @task
            class Inner(TaskSet):
                def on_stop(self):
                    said.append("inner")

                @task
                def one(self):
                    raise StopUser()

        self.assertIsInstance(self.run_set(Outer), StopUser)
        self.assertEqual(said, ["inner", "outer"])

    def test_what_on_stop_raises_stops_no_other(self):
        said = self.said

        class Outer(TaskSet):
            def on_stop(self):
                said.append("outer")

            @task
            class Inner(TaskSet):
                def on_stop(self):
                    raise ValueError("late")

                @task
                def one(self):
                    raise StopUser()

        self.assertIsInstance(self.run_set(Outer), StopUser)
        self.assertEqual(said, ["outer"])
        self.assertEqual([row[0] for row in engine.of("exception")], ["late"])

    def test_on_start_that_raises_leaves_the_set_without_on_stop(self):
        said = self.said

        class Outer(TaskSet):
            @task
            class Inner(TaskSet):
                def on_start(self):
                    raise ValueError("early")

                def on_stop(self):
                    said.append("inner")

                @task
                def one(self): ...

        engine.iterations_left = 1
        self.run_set(Outer)
        self.assertEqual(said, [])
        self.assertEqual([row[0] for row in engine.of("exception")], ["early"])
        self.assertEqual(engine.of("iteration"), [(0.3,)])

    def test_user_error_gets_the_set_that_ran_the_task(self):
        heard = []
        user = user_of(_User)

        def listener(user_instance, exception, tb, **_):
            heard.append((type(user_instance).__name__, str(exception), tb is not None))

        events.user_error.add_listener(listener)
        self.addCleanup(events.user_error.remove_listener, listener)

        class Tasks(TaskSet):
            @task
            def one(self):
                raise ValueError("in a set")

        engine.iterations_left = 1
        self.run_set(Tasks, user)
        _engine.outcome(user, ValueError("of a user"))
        self.assertEqual(
            heard, [("Tasks", "in a set", True), ("DefaultTaskSet", "of a user", False)]
        )

    def test_stop_lets_the_task_go_on(self):
        said = self.said

        class Tasks(TaskSet):
            def on_stop(self):
                said.append("on_stop")

            @task
            def one(self):
                self.user.stop()
                said.append("after")

        ended = self.run_set(Tasks)
        self.assertIsInstance(ended, StopUser)
        self.assertEqual(said, ["after", "on_stop"])
        self.assertEqual(engine.of("finish"), [(1,)])

    def test_an_exception_is_counted_with_the_files_frames_and_the_set_goes_on(self):
        class Tasks(TaskSet):
            @task
            def one(self):
                raise KeyError("x\ny")

        engine.iterations_left = 2
        self.run_set(Tasks)
        (message, frames), again = engine.of("exception")
        self.assertEqual(message, "'x\\ny'")
        self.assertEqual(again, (message, frames))
        line = Tasks.one.__code__.co_firstlineno + 2
        shown = f'  File "{__file__}", line {line}, in one\n    raise KeyError("x\\ny")\n'
        self.assertEqual(frames, shown)
        self.assertEqual(engine.of("iteration"), [(0.3,)] * 2)

    def test_reschedule_immediately_goes_on_without_a_wait(self):
        class Tasks(TaskSet):
            @task
            def one(self):
                raise RescheduleTaskImmediately()

        engine.iterations_left = 2
        self.run_set(Tasks)
        self.assertEqual(engine.of("iteration"), [(-1.0,)] * 2)

    def test_scheduled_tasks_come_before_picked_ones(self):
        said = self.said

        class Tasks(SequentialTaskSet):
            @task
            def one(self):
                said.append("one")
                self.schedule_task(Tasks.extra)
                self.schedule_task(self.urgent, first=True)

            def extra(self):
                said.append("extra")

            def urgent(self):
                said.append("urgent")

        engine.iterations_left = 4
        self.run_set(Tasks)
        self.assertEqual(said, ["one", "urgent", "extra", "one"])


class _User(User):
    wait_time = constant(0.3)

    @task
    def nothing(self): ...


class Outcomes(unittest.TestCase):
    def setUp(self):
        engine.reset()
        self.user = user_of(_User)

    def test_exceptions_that_steer_are_not_counted(self):
        for error, answer in (
            (StopUser(), 1),
            (engine.GreenletExit(), 1),
            (RescheduleTaskImmediately(), 2),
            (RescheduleTask("why"), 3),
        ):
            self.assertEqual(_engine.outcome(self.user, error), answer)
        self.assertEqual(engine.calls, [])

    def test_others_are_counted_and_the_user_goes_on(self):
        self.assertEqual(_engine.outcome(self.user, ValueError("bad")), 0)
        self.assertEqual(engine.of("exception"), [("bad", "")])

    def test_stop_test_ends_the_run_and_counts(self):
        """Locust ends that user alone, and a run that tested nothing ends with 0."""
        self.assertEqual(_engine.outcome(self.user, StopTest("enough")), 4)
        self.assertEqual(engine.of("exception"), [("enough", "")])
        self.assertEqual(engine.of("stop"), [({},)])

    def test_the_end_that_a_user_asks_for_may_come_while_it_asks(self):
        def call(name, text):
            raise engine.GreenletExit()

        engine.call, present = call, engine.call
        try:
            self.assertEqual(_engine.outcome(self.user, StopTest("enough")), 4)
            self.assertEqual(_engine.outcome(self.user, SystemExit(9)), 1)
        finally:
            engine.call = present

    def test_interrupt_on_a_user_is_a_failure(self):
        """Locust ends the user, and the run with 0."""
        try:
            raise InterruptTaskSet()
        except InterruptTaskSet as error:
            self.assertEqual(_engine.outcome(self.user, error), 1)
        ((message, _),) = engine.of("exception")
        self.assertIn(f"{__file__}:", message)
        self.assertIn("outside a TaskSet", message)

    def test_a_user_that_cannot_be_made_is_counted(self):
        self.assertEqual(_engine.outcome(None, ValueError("bad")), 1)
        self.assertEqual(engine.of("exception"), [("bad", "")])

    def test_sys_exit_ends_the_run_with_its_code(self):
        self.assertEqual(_engine.outcome(self.user, SystemExit(9)), 1)
        self.assertEqual(engine.of("quit"), [({"exit_code": 9},)])

    def test_an_exception_of_on_start_ends_the_user_without_on_stop(self):
        said = []

        class Failing(_User):
            def on_start(self):
                raise RescheduleTask("why")

            def on_stop(self):
                said.append("on_stop")

        user = user_of(Failing)
        with self.assertRaises(StopUser):
            _engine.on_start(user)
        _engine.on_stop(user)
        self.assertEqual(said, [])
        self.assertEqual([row[0] for row in engine.of("exception")], ["why"])

    def test_stop_user_in_on_start_runs_on_stop(self):
        """What on_stop raises is counted; Locust logs it and ends with 0."""
        said = []

        class Leaving(_User):
            def on_start(self):
                raise StopUser()

            def on_stop(self):
                said.append("on_stop")
                raise ValueError("late")

        user = user_of(Leaving)
        with self.assertRaises(StopUser):
            _engine.on_start(user)
        _engine.on_stop(user)
        self.assertEqual(said, ["on_stop"])
        self.assertEqual([row[0] for row in engine.of("exception")], ["late"])


if __name__ == "__main__":
    unittest.main()
