"""Events and the file's own samples. The values are what Locust 2.47.0 does when it is run."""

import unittest

from package_fake import engine
from locust import event
from locust.event import EventHook, Events
from locust.exception import CatchResponseError, RescheduleTask, StopUser


class Firing(unittest.TestCase):
    def setUp(self):
        event.listener_failed = False
        self.hook = EventHook()
        self.said = []

    def test_listeners_are_called_in_order_and_in_reverse(self):
        @self.hook.add_listener
        def one(**kwargs):
            self.said.append(1)

        two = self.hook.add_listener(lambda **kwargs: self.said.append(2))
        self.hook.fire()
        self.hook.fire(reverse=True)
        self.hook.remove_listener(two)
        self.hook.fire()
        self.assertEqual(self.said, [1, 2, 2, 1, 1])

    def test_one_that_raises_leaves_the_others_alone(self):
        @self.hook.add_listener
        def wrong():
            self.said.append("never")

        @self.hook.add_listener
        def right(environment, **kwargs):
            self.said.append(environment)

        with self.assertLogs(level="ERROR") as logged:
            self.hook.fire(environment=5)
        self.assertEqual(self.said, [5])
        self.assertIn("unexpected keyword argument 'environment'", logged.output[0])
        self.assertTrue(event.listener_failed)

    def test_exceptions_that_steer_pass(self):
        @self.hook.add_listener
        def stops(**kwargs):
            raise StopUser()

        with self.assertRaises(StopUser):
            self.hook.fire()
        self.assertFalse(event.listener_failed)

    def test_a_listener_whose_body_would_not_run_is_refused(self):
        async def later(**kwargs): ...

        def generator(**kwargs):
            yield

        for wrong in (later, generator):
            with self.assertRaisesRegex(TypeError, r"test_events.py:\d+: "):
                self.hook.add_listener(wrong)

    def test_keywords_only(self):
        with self.assertRaises(TypeError):
            self.hook.fire("X")

    def test_events_of_before_1_0_say_what_to_write(self):
        with self.assertRaisesRegex(AttributeError, "write `events.request`"):
            Events().request_success += print
        with self.assertRaisesRegex(AttributeError, "write `events.NAME.add_listener"):
            Events().request += print
        with self.assertRaisesRegex(AttributeError, "the events are request, "):
            Events().nothing


class Samples(unittest.TestCase):
    def setUp(self):
        engine.reset()
        event.listener_failed = False
        self.request = Events().request

    def text_of(self, exception):
        engine.reset()
        self.request.fire(
            request_type="X", name="n", response_time=10.4, response_length=3, exception=exception
        )
        ((method, name, milliseconds, length, text, start),) = engine.of("record")
        self.assertEqual((method, name, milliseconds, length, start), ("X", "n", 10.4, 3, None))
        return text

    def test_errors_as_the_table_shows_them(self):
        for exception, text in (
            (None, None),
            (False, None),
            ("", None),
            ("a text", "a text"),
            (ValueError("v"), "ValueError('v')"),
            (ValueError("a\nb"), "ValueError('a\\nb')"),
            (ValueError, "<class 'ValueError'>"),
            (CatchResponseError("cre"), "cre"),
            (ValueError(object()), "ValueError(<object object at 0x....>)"),
        ):
            self.assertEqual(self.text_of(exception), text)

    def test_listeners_get_what_was_fired_and_no_more(self):
        heard = []
        self.request.add_listener(lambda **sample: heard.append(sample))
        sample = {"request_type": None, "name": 5, "response_time": None, "response_length": 0}
        self.request.fire(**sample, extra=1)
        self.assertEqual(heard, [sample | {"extra": 1}])
        self.assertEqual(engine.of("record"), [("", "5", None, 0, None, None)])

    def test_a_sample_that_lacks_a_part_is_said_and_not_counted(self):
        heard = []
        self.request.add_listener(lambda **sample: heard.append(sample))
        for wrong in ({}, {"response_time": 1}, {"response_time": "1", "response_length": 1}):
            event.listener_failed = False
            with self.assertLogs(level="ERROR"):
                self.request.fire(request_type="X", name="n", **wrong)
            self.assertTrue(event.listener_failed)
        self.assertEqual(len(heard), 3)
        self.assertEqual(engine.calls, [])

    def test_measure_times_a_block_and_swallows_what_it_raises(self):
        with self.request.measure("M", "m", context={"a": 1}) as sample:
            self.assertEqual(
                {key: sample[key] for key in sample if key != "start_time"},
                {
                    "request_type": "M",
                    "name": "m",
                    "response_length": 0,
                    "context": {"a": 1},
                    "exception": None,
                },
            )
            sample["response_length"] = 7
            raise RescheduleTask()
        ((method, name, milliseconds, length, text, start),) = engine.of("record")
        self.assertEqual((method, name, length, text), ("M", "m", 7, "RescheduleTask()"))
        self.assertGreaterEqual(milliseconds, 0)
        self.assertEqual(start, sample["start_time"])

    def test_a_block_that_is_broken_off_is_no_sample(self):
        """Locust counts a success with the time until then."""
        with self.assertRaises(engine.GreenletExit):
            with self.request.measure("M", "m"):
                raise engine.GreenletExit()
        self.assertEqual(engine.calls, [])


if __name__ == "__main__":
    unittest.main()
