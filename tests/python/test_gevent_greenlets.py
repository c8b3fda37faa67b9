"""Greenlets, timeouts and waiting: as gevent 25 and 26 do it (GREGARIA_TEST_REAL_GEVENT=1 shows that)."""

import contextlib
import io
import time
import unittest

from fibers import in_fiber

import gevent


def quiet():
    """Takes what failing greenlets print."""
    return contextlib.redirect_stderr(io.StringIO())


def answer(value=1, seconds=0.01):
    gevent.sleep(seconds)
    return value


def fail():
    raise KeyError("x")


def state(greenlet):
    return (
        bool(greenlet),
        greenlet.started,
        greenlet.ready(),
        greenlet.dead,
        greenlet.successful(),
    )


NEW = (False, False, False, False, False)
RUNNING = (True, True, False, False, False)
ENDED = (False, False, True, True, True)
FAILED = (False, False, True, True, False)


class Greenlets(unittest.TestCase):
    @in_fiber
    def test_a_greenlet_begins_when_its_spawner_waits(self):
        order = []
        greenlet = gevent.spawn(order.append, "greenlet")
        order.append("spawner")
        greenlet.join()
        self.assertEqual(order, ["spawner", "greenlet"])

    @in_fiber
    def test_greenlets_run_in_the_order_in_which_they_were_spawned(self):
        order = []
        gevent.joinall([gevent.spawn(order.append, n) for n in range(5)])
        self.assertEqual(order, [0, 1, 2, 3, 4])

    @in_fiber
    def test_its_states(self):
        self.assertEqual(state(gevent.Greenlet(answer)), NEW)
        greenlet = gevent.spawn(answer, 5)
        self.assertEqual(state(greenlet), RUNNING)
        gevent.sleep(0)
        self.assertEqual(state(greenlet), RUNNING)
        self.assertEqual(greenlet.get(), 5)
        self.assertEqual((state(greenlet), greenlet.value), (ENDED, 5))

    @in_fiber
    def test_one_that_fails_prints_its_traceback_and_raises_at_get(self):
        printed = io.StringIO()
        with contextlib.redirect_stderr(printed):
            greenlet = gevent.spawn(fail)
            greenlet.join()
        self.assertEqual(state(greenlet), FAILED)
        self.assertIsNone(greenlet.value)
        self.assertEqual(repr(greenlet.exception), "KeyError('x')")
        self.assertIs(greenlet.exc_info[1], greenlet.exception)
        with self.assertRaises(KeyError):
            greenlet.get()
        text = printed.getvalue()
        self.assertIn("Traceback (most recent call last):", text)
        self.assertIn("in fail", text)
        self.assertRegex(text, r"\d{4}-\d\d-\d\dT[\d:]+Z <Greenlet at 0x\w+: fail> failed with KeyError\n")

    @in_fiber
    def test_get_gives_up_with_a_timeout(self):
        greenlet = gevent.spawn(answer, 1, 5)
        with self.assertRaises(gevent.Timeout) as raised:
            greenlet.get(timeout=0.001)
        self.assertEqual(str(raised.exception), "0.001 seconds")
        with self.assertRaises(gevent.Timeout):
            greenlet.get(block=False)
        greenlet.kill()

    @in_fiber
    def test_one_that_is_killed_has_ended_well_with_a_greenlet_exit(self):
        for wait in (False, True):
            greenlet = gevent.spawn(answer, 1, 5)
            if wait:
                gevent.sleep(0)
            greenlet.kill()
            self.assertEqual(state(greenlet), ENDED)
            self.assertIsInstance(greenlet.value, gevent.GreenletExit)
            self.assertIsNone(greenlet.exception)

    @in_fiber
    def test_one_that_is_killed_with_an_exception_has_failed(self):
        for wait in (False, True):
            with quiet():
                greenlet = gevent.spawn(answer, 1, 5)
                if wait:
                    gevent.sleep(0)
                greenlet.kill(ValueError("boo"))
            self.assertEqual(state(greenlet), FAILED)
            self.assertEqual(repr(greenlet.exception), "ValueError('boo')")

    @in_fiber
    def test_finally_blocks_of_a_killed_one_may_wait(self):
        seen = []

        def careful():
            try:
                gevent.sleep(5)
            finally:
                gevent.sleep(0.01)
                seen.append("cleaned")

        greenlet = gevent.spawn(careful)
        gevent.sleep(0)
        greenlet.kill()
        self.assertEqual(seen, ["cleaned"])

    @in_fiber
    def test_kill_without_block_does_not_wait(self):
        greenlet = gevent.spawn(answer, 1, 5)
        gevent.sleep(0)
        greenlet.kill(block=False)
        self.assertFalse(greenlet.ready())
        greenlet.join()
        self.assertTrue(greenlet.ready())

    @in_fiber
    def test_kill_and_killall_of_several(self):
        greenlets = [gevent.spawn(answer, n, 5) for n in range(3)]
        gevent.sleep(0)
        gevent.kill(greenlets[0])
        gevent.killall(greenlets)
        self.assertTrue(all(greenlet.ready() for greenlet in greenlets))

    @in_fiber
    def test_spawn_later(self):
        begin = time.monotonic()
        greenlet = gevent.spawn_later(0.02, answer, 7, 0)
        self.assertEqual(state(greenlet)[2:], (False, False, False))
        self.assertEqual(greenlet.get(), 7)
        self.assertGreaterEqual(time.monotonic() - begin, 0.02)
        greenlet = gevent.spawn_later(5, fail)
        greenlet.kill()
        self.assertIsInstance(greenlet.value, gevent.GreenletExit)

    @in_fiber
    def test_links_are_called_with_the_greenlet(self):
        called = []
        with quiet():
            for function in (answer, fail):
                greenlet = gevent.spawn(function)
                greenlet.link(lambda ended: called.append(("any", ended)))
                greenlet.link_value(lambda ended: called.append(("value", ended)))
                greenlet.link_exception(lambda ended: called.append(("exception", ended)))
                greenlet.join()
                gevent.sleep(0.01)
        kinds = [kind for kind, _ in called]
        self.assertEqual(kinds, ["any", "value", "any", "exception"])
        greenlet.link(lambda ended: called.append("late"))
        gevent.sleep(0.01)
        self.assertEqual(called[-1], "late")

    @in_fiber
    def test_current_and_subclasses(self):
        class Own(gevent.Greenlet):
            def __init__(self, value):
                super().__init__()
                self.given = value

            def _run(self):
                return gevent.getcurrent(), self.given

        greenlet = Own.spawn(3)
        self.assertEqual(greenlet.get(), (greenlet, 3))
        self.assertIs(gevent.getcurrent(), gevent.getcurrent())
        with self.assertRaises(TypeError):
            gevent.Greenlet(5)

    @in_fiber
    def test_start_and_names(self):
        greenlet = gevent.Greenlet(answer, 2)
        greenlet.start()
        self.assertRegex(repr(greenlet), r"<Greenlet at 0x\w+: answer\(2\)>")
        self.assertEqual(greenlet.get(), 2)
        self.assertRegex(greenlet.name, r"Greenlet-\d+")


class Waiting(unittest.TestCase):
    @in_fiber
    def test_joinall_returns_what_has_ended_in_time(self):
        fast, slow = gevent.spawn(answer), gevent.spawn(answer, 2, 5)
        self.assertEqual(gevent.joinall([fast, slow], timeout=0.1), [fast])
        self.assertEqual(gevent.joinall([fast, slow], count=1), [fast])
        slow.kill()

    @in_fiber
    def test_joinall_may_raise(self):
        with quiet(), self.assertRaises(KeyError):
            gevent.joinall([gevent.spawn(fail)], raise_error=True)
        with quiet():
            self.assertEqual(len(gevent.joinall([gevent.spawn(fail)])), 1)

    @in_fiber
    def test_iwait_yields_in_the_order_of_the_ends(self):
        late, early = gevent.spawn(answer, "late", 0.03), gevent.spawn(answer, "early", 0.01)
        self.assertEqual([greenlet.value for greenlet in gevent.iwait([late, early])], ["early", "late"])

    @in_fiber
    def test_wait_for_events_and_greenlets(self):
        from gevent.event import Event

        event = Event()
        greenlet = gevent.spawn(answer)
        gevent.spawn(event.set)
        self.assertEqual(set(gevent.wait([event, greenlet])), {event, greenlet})
        self.assertEqual(gevent.wait([Event()], timeout=0.01), [])

    @in_fiber
    def test_sleep_lets_others_run(self):
        order = []

        def count(name):
            for n in range(2):
                order.append(f"{name}{n}")
                gevent.sleep(0)

        gevent.joinall([gevent.spawn(count, "a"), gevent.spawn(count, "b")])
        self.assertEqual(order, ["a0", "b0", "a1", "b1"])
        begin = time.monotonic()
        gevent.sleep(0.02)
        self.assertGreaterEqual(time.monotonic() - begin, 0.02)
        gevent.idle()


class Timeouts(unittest.TestCase):
    @in_fiber
    def test_a_timeout_is_raised_in_its_greenlet(self):
        timeout = gevent.Timeout(0.01)
        timeout.start()
        with self.assertRaises(gevent.Timeout) as raised:
            gevent.sleep(5)
        self.assertIs(raised.exception, timeout)

    @in_fiber
    def test_one_that_is_cancelled_is_not(self):
        with gevent.Timeout(0.01) as timeout:
            self.assertTrue(timeout.pending)
        self.assertFalse(timeout.pending)
        gevent.sleep(0.03)

    @in_fiber
    def test_with_false_the_block_is_just_left(self):
        seen = []
        with gevent.Timeout(0.01, False):
            gevent.sleep(5)
            seen.append("not reached")
        self.assertEqual(seen, [])

    @in_fiber
    def test_another_exception(self):
        for exception in (ValueError, ValueError("given")):
            with self.assertRaises(ValueError), gevent.Timeout(0.01, exception):
                gevent.sleep(5)

    @in_fiber
    def test_nested_timeouts(self):
        with gevent.Timeout(5), self.assertRaises(gevent.Timeout) as raised:
            with gevent.Timeout(0.01) as inner:
                gevent.sleep(5)
        self.assertIs(raised.exception, inner)

    @in_fiber
    def test_with_timeout(self):
        self.assertEqual(gevent.with_timeout(5, answer, 3), 3)
        self.assertEqual(gevent.with_timeout(0.01, gevent.sleep, 5, timeout_value="late"), "late")
        with self.assertRaises(gevent.Timeout):
            gevent.with_timeout(0.01, gevent.sleep, 5)

    @in_fiber
    def test_none_never_ends(self):
        with gevent.Timeout(None) as timeout:
            self.assertFalse(timeout.pending)
            gevent.sleep(0.01)

    @in_fiber
    def test_a_second_start_is_an_error(self):
        with gevent.Timeout(5) as timeout, self.assertRaises(AssertionError):
            timeout.start()

    def test_texts(self):
        for arguments, text in [
            ((1,), "1 second"),
            ((2,), "2 seconds"),
            ((1, False), "1 second (silent)"),
            ((3, ValueError("x")), "3 seconds: x"),
            ((1, "text"), "1 second: text"),
            ((), ""),
        ]:
            self.assertEqual(str(gevent.Timeout(*arguments)), text)
        self.assertFalse(issubclass(gevent.Timeout, Exception))


if __name__ == "__main__":
    unittest.main()
