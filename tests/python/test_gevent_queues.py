"""Events, locks, queues and pools: as gevent 25 and 26 have them (GREGARIA_TEST_REAL_GEVENT=1 shows that)."""

import threading
import unittest

from fibers import in_fiber

import gevent
import gevent.pool
import gevent.threadpool
from gevent import queue
from gevent.event import AsyncResult, Event
from gevent.lock import BoundedSemaphore, DummySemaphore, RLock, Semaphore


class Events(unittest.TestCase):
    @in_fiber
    def test_all_who_wait_are_woken(self):
        event = Event()
        waiting = [gevent.spawn(event.wait) for _ in range(3)]
        gevent.sleep(0)
        self.assertFalse(event.is_set())
        event.set()
        gevent.joinall(waiting)
        self.assertEqual([each.value for each in waiting], [True, True, True])
        self.assertTrue(event.wait() and event.ready() and event.isSet())

    @in_fiber
    def test_a_wait_may_end_without(self):
        event = Event()
        self.assertFalse(event.wait(0.01))
        self.assertFalse(event.wait(0))

    @in_fiber
    def test_who_waited_when_it_was_set_is_told_so_though_it_is_clear_again(self):
        event = Event()
        waiting = gevent.spawn(event.wait)
        gevent.sleep(0)
        event.set()
        event.clear()
        gevent.sleep(0.01)
        self.assertEqual((waiting.value, event.is_set()), (True, False))

    @in_fiber
    def test_another_thread_may_set_it(self):
        event = Event()
        threading.Timer(0.02, event.set).start()
        self.assertTrue(event.wait(5))

    @in_fiber
    def test_a_result_is_a_value_or_an_exception(self):
        result = AsyncResult()
        self.assertFalse(result.ready() or result.successful())
        with self.assertRaises(gevent.Timeout):
            result.get(timeout=0.01)
        with self.assertRaises(gevent.Timeout):
            result.get(block=False)
        waiting = gevent.spawn(result.get)
        gevent.sleep(0)
        result.set(3)
        self.assertEqual((waiting.get(), result.get(), result.value), (3, 3, 3))
        self.assertTrue(result.ready() and result.successful())
        failed = AsyncResult()
        failed.set_exception(ValueError("x"))
        self.assertTrue(failed.ready() and not failed.successful())
        self.assertIsNone(failed.wait())
        with self.assertRaises(ValueError):
            failed.get()

    @in_fiber
    def test_a_result_takes_over_that_of_a_greenlet(self):
        result = AsyncResult()
        gevent.spawn(lambda: 7).link(result)
        self.assertEqual(result.get(timeout=5), 7)


class Locks(unittest.TestCase):
    @in_fiber
    def test_a_semaphore_has_so_many_permits(self):
        semaphore = Semaphore(2)
        self.assertTrue(semaphore.acquire() and semaphore.acquire())
        self.assertTrue(semaphore.locked())
        self.assertFalse(semaphore.acquire(blocking=False))
        self.assertFalse(semaphore.acquire(timeout=0.01))
        self.assertEqual((semaphore.release(), semaphore.counter), (1, 1))
        with self.assertRaises(ValueError):
            Semaphore(-1)

    @in_fiber
    def test_permits_go_to_those_who_wait_in_their_order(self):
        semaphore, order = Semaphore(1), []

        def work(number):
            with semaphore:
                order.append(number)
                gevent.sleep(0.001)

        gevent.joinall([gevent.spawn(work, number) for number in range(5)])
        self.assertEqual(order, [0, 1, 2, 3, 4])

    @in_fiber
    def test_one_who_is_killed_passes_its_wake_up_on(self):
        semaphore = Semaphore(0)
        first, second = gevent.spawn(semaphore.acquire), gevent.spawn(semaphore.acquire)
        gevent.sleep(0)
        semaphore.release()
        first.kill(block=False)
        second.join(1)
        gevent.sleep(0.01)
        self.assertEqual(first.value is True, semaphore.counter == 0 and not second.ready())
        semaphore.release()
        second.join(1)
        self.assertTrue(second.ready())

    @in_fiber
    def test_bounded_and_dummy(self):
        with self.assertRaises(ValueError):
            BoundedSemaphore(1).release()
        dummy = DummySemaphore()
        self.assertTrue(dummy.acquire() and dummy.acquire())
        dummy.release()

    @in_fiber
    def test_a_reentrant_lock_belongs_to_its_greenlet(self):
        lock = RLock()
        self.assertTrue(lock.acquire() and lock.acquire())
        other = gevent.spawn(lock.acquire, blocking=False)
        self.assertFalse(other.get())
        waiting = gevent.spawn(lock.acquire)
        gevent.sleep(0)
        lock.release()
        gevent.sleep(0)
        self.assertFalse(waiting.ready())
        lock.release()
        self.assertTrue(waiting.get())
        with self.assertRaises(RuntimeError):
            RLock().release()


class Queues(unittest.TestCase):
    @in_fiber
    def test_items_come_in_their_order(self):
        items = queue.Queue()
        getter = gevent.spawn(lambda: [items.get() for _ in range(3)])
        for item in range(3):
            items.put(item)
        self.assertEqual(getter.get(), [0, 1, 2])
        self.assertTrue(items.empty() and items.qsize() == 0)

    @in_fiber
    def test_kinds(self):
        for kind, expected in [
            (queue.PriorityQueue, [1, 2, 3]),
            (queue.LifoQueue, [2, 1, 3]),
            (queue.SimpleQueue, [3, 1, 2]),
            (queue.JoinableQueue, [3, 1, 2]),
        ]:
            items = kind()
            for item in (3, 1, 2):
                items.put(item)
            self.assertEqual(items.peek(), expected[0])
            self.assertEqual([items.get() for _ in range(3)], expected)

    @in_fiber
    def test_full_and_empty(self):
        items = queue.Queue(1, items=[1])
        self.assertTrue(items.full())
        with self.assertRaises(queue.Full):
            items.put(2, timeout=0.01)
        with self.assertRaises(queue.Full):
            items.put_nowait(2)
        putter = gevent.spawn(items.put, 2)
        gevent.sleep(0)
        self.assertEqual((items.get(), items.get()), (1, 2))
        putter.join()
        with self.assertRaises(queue.Empty):
            items.get(timeout=0.01)
        with self.assertRaises(queue.Empty):
            items.get_nowait()
        self.assertFalse(queue.Queue(0).full())

    @in_fiber
    def test_every_waiting_getter_gets_an_item(self):
        items = queue.Queue()
        getters = [gevent.spawn(items.get) for _ in range(3)]
        gevent.sleep(0)
        for item in range(3):
            items.put(item)
        gevent.joinall(getters, timeout=1)
        self.assertEqual([getter.value for getter in getters], [0, 1, 2])

    @in_fiber
    def test_iteration_ends_with_stop_iteration(self):
        items = queue.Queue()
        for item in (1, 2, StopIteration, 3):
            items.put(item)
        self.assertEqual(list(items), [1, 2])

    @in_fiber
    def test_join_waits_for_the_work(self):
        items, done = queue.JoinableQueue(), []

        def work():
            for item in items:
                gevent.sleep(0.001)
                done.append(item)
                items.task_done()

        worker = gevent.spawn(work)
        for item in range(3):
            items.put(item)
        self.assertTrue(items.join(5))
        self.assertEqual(done, [0, 1, 2])
        with self.assertRaises(ValueError):
            items.task_done()
        worker.kill()

    @in_fiber
    def test_a_channel_hands_over(self):
        channel, order = queue.Channel(), []

        def put():
            channel.put("item")
            order.append("put")

        putter = gevent.spawn(put)
        gevent.sleep(0)
        self.assertEqual(order, [])
        self.assertEqual(channel.get(), "item")
        putter.join()
        self.assertEqual(order, ["put"])
        with self.assertRaises(queue.Empty):
            channel.get(timeout=0.01)
        with self.assertRaises(queue.Full):
            channel.put(1, timeout=0.01)


def double(number, seconds=0.001):
    gevent.sleep(seconds)
    return 2 * number


class Pools(unittest.TestCase):
    @in_fiber
    def test_a_pool_runs_so_many_at_a_time(self):
        pool, running, most = gevent.pool.Pool(3), [], []

        def work():
            running.append(1)
            most.append(len(running))
            gevent.sleep(0.002)
            running.pop()

        for _ in range(10):
            pool.spawn(work)
            self.assertEqual(pool.full(), pool.free_count() == 0)
        pool.join()
        self.assertEqual((max(most), len(most), len(pool), pool.free_count()), (3, 10, 0, 3))

    @in_fiber
    def test_map_and_its_kinds(self):
        for pool in (gevent.pool.Pool(2), gevent.pool.Group()):
            self.assertEqual(pool.map(double, range(6)), [0, 2, 4, 6, 8, 10])
            self.assertEqual(list(pool.imap(double, [3, 2, 1], [0.005, 0.003, 0.001])), [6, 4, 2])
            self.assertEqual(sorted(pool.imap_unordered(double, range(5))), [0, 2, 4, 6, 8])
            self.assertEqual(pool.map_async(double, [1]).get(), [2])
            self.assertEqual(pool.apply(double, (4,)), 8)
            self.assertEqual(pool.apply_async(double, (5,)).get(), 10)
        self.assertEqual(
            list(gevent.pool.Pool(3).imap_unordered(double, [1, 2, 3], [0.03, 0.01, 0.02])), [4, 6, 2]
        )

    @in_fiber
    def test_callbacks(self):
        called = []
        gevent.pool.Pool(1).apply_async(double, (4,), callback=called.append).get()
        gevent.sleep(0.01)
        self.assertEqual(called, [8])

    @in_fiber
    def test_kill(self):
        pool = gevent.pool.Pool(5)
        greenlets = [pool.spawn(gevent.sleep, 5) for _ in range(5)]
        gevent.sleep(0)
        pool.kill()
        self.assertEqual((len(pool), all(each.ready() for each in greenlets)), (0, True))
        group = gevent.pool.Group()
        greenlet = group.spawn(gevent.sleep, 5)
        gevent.sleep(0)
        self.assertIn(greenlet, group)
        group.killone(greenlet)
        self.assertNotIn(greenlet, group)

    @in_fiber
    def test_join_in_time(self):
        group = gevent.pool.Group()
        greenlet = group.spawn(gevent.sleep, 5)
        self.assertFalse(group.join(timeout=0.01))
        greenlet.kill()
        self.assertTrue(group.join(timeout=1))

    @in_fiber
    def test_native_threads(self):
        pool = gevent.threadpool.ThreadPool(2)
        here = threading.get_native_id()
        self.assertNotEqual(pool.spawn(threading.get_native_id).get(), here)
        self.assertEqual(pool.map(abs, [-1, 2]), [1, 2])
        self.assertEqual(pool.apply(abs, (-3,)), 3)
        with self.assertRaises(TypeError):
            pool.spawn(abs, None).get()
        pool.join()
        self.assertEqual(gevent.get_hub().threadpool.apply(abs, (-4,)), 4)


if __name__ == "__main__":
    unittest.main()
