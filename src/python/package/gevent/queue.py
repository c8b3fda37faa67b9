"""Queues between greenlets."""

import _thread
import collections
import heapq
from queue import Empty, Full

from gevent import _fiber
from gevent._fiber import Waiters
from gevent._linked import Linked

__all__ = [
    "Channel",
    "Empty",
    "Full",
    "JoinableQueue",
    "LifoQueue",
    "PriorityQueue",
    "Queue",
    "ShutDown",
    "SimpleQueue",
]

try:
    from queue import ShutDown
except ImportError:  # Python 3.13 has it.

    class ShutDown(Exception):
        """Raised by a queue that was shut down."""


class SimpleQueue:
    """First in, first out. With a size, `put` waits while it is full.

    As an iterator it ends with the item `StopIteration`.
    """

    def __init__(self, maxsize=None, items=()):
        self.maxsize = maxsize if maxsize is not None and maxsize > 0 else None
        self.queue = self._make(items)
        self.is_shutdown = False
        self._getters = Waiters()
        self._putters = Waiters()
        # Held for some instructions only: other threads may use the queue, too.
        self._guard = _thread.RLock()

    # How items are kept: what the kinds of queues differ in.

    def _make(self, items):
        return collections.deque(items)

    def _put(self, item):
        self.queue.append(item)

    def _get(self):
        return self.queue.popleft()

    def _peek(self):
        return self.queue[0]

    def copy(self):
        """A queue of the same size with the same items."""
        return type(self)(self.maxsize, self.queue)

    def qsize(self):
        return len(self.queue)

    def __len__(self):
        return len(self.queue)

    def __bool__(self):
        return True

    def empty(self):
        return not self.queue

    def full(self):
        return self.maxsize is not None and len(self.queue) >= self.maxsize

    def put(self, item, block=True, timeout=None):
        """Adds an item; raises `Full` where there is no room in time."""

        def attempt():
            with self._guard:
                if self.is_shutdown:
                    raise ShutDown
                if self.full():
                    return False
                self._put(item)
                return True

        if not self._putters.wait_for(attempt, timeout if block else 0):
            raise Full
        self._getters.wake()

    def put_nowait(self, item):
        self.put(item, block=False)

    def get(self, block=True, timeout=None):
        """Takes the next item; raises `Empty` where there is none in time."""
        item = self._next(self._get, block, timeout)
        self._putters.wake()
        return item

    def get_nowait(self):
        return self.get(block=False)

    def peek(self, block=True, timeout=None):
        """The next item, which stays."""
        return self._next(self._peek, block, timeout)

    def peek_nowait(self):
        return self.peek(block=False)

    def _next(self, take, block, timeout):
        taken = []

        def attempt():
            with self._guard:
                if self.queue:
                    taken.append(take())
                elif self.is_shutdown:
                    raise ShutDown
            return taken

        if not self._getters.wait_for(attempt, timeout if block else 0):
            raise Empty
        return taken[0]

    def shutdown(self, immediate=False):
        """Refuses further items, and with `immediate` drops those that are there."""
        with self._guard:
            self.is_shutdown = True
            if immediate:
                self.queue.clear()
        self._getters.wake()
        self._putters.wake()

    def __iter__(self):
        return self

    def __next__(self):
        item = self.get()
        if item is StopIteration:
            raise item
        return item

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x} queue={self.queue!r}>"


class Queue(SimpleQueue):
    """A queue that knows which of its items have been worked on: `task_done` and `join`."""

    def __init__(self, maxsize=None, items=(), unfinished_tasks=None):
        super().__init__(maxsize, items)
        self.unfinished_tasks = len(self.queue) if unfinished_tasks is None else unfinished_tasks
        self._finished = _Finished(self)

    def _put(self, item):
        super()._put(item)
        self.unfinished_tasks += 1

    def copy(self):
        return type(self)(self.maxsize, self.queue, self.unfinished_tasks)

    def task_done(self):
        """Tells that an item that was taken has been worked on."""
        with self._guard:
            if self.unfinished_tasks <= 0:
                raise ValueError("task_done() called too many times")
            self.unfinished_tasks -= 1
        if self.unfinished_tasks == 0:
            self._finished.tell()

    def join(self, timeout=None):
        """Waits until all items have been worked on. Returns whether they were in time."""
        return self._finished.wait(timeout)

    def shutdown(self, immediate=False):
        super().shutdown(immediate)
        if immediate:
            self.unfinished_tasks = 0
            self._finished.tell()


class _Finished(Linked):
    """Ready when a queue has no unfinished item."""

    def __init__(self, queue):
        super().__init__()
        self._queue = queue

    def ready(self):
        return self._queue.unfinished_tasks == 0

    def tell(self):
        self._tell_links()

    def wait(self, timeout):
        return self._wait_until_ready(timeout)


JoinableQueue = Queue


class PriorityQueue(Queue):
    """The least item first."""

    def _make(self, items):
        queue = list(items)
        heapq.heapify(queue)
        return queue

    def _put(self, item):
        heapq.heappush(self.queue, item)
        self.unfinished_tasks += 1

    def _get(self):
        return heapq.heappop(self.queue)


class LifoQueue(Queue):
    """The latest item first."""

    def _make(self, items):
        return list(items)

    def _get(self):
        return self.queue.pop()

    def _peek(self):
        return self.queue[-1]


class Channel:
    """Hands items from one greenlet to another: `put` waits until the item was taken."""

    def __init__(self, maxsize=1):
        if maxsize != 1:
            raise ValueError("Channel must have a maxsize of 1")
        self._items = SimpleQueue()

    def put(self, item, block=True, timeout=None):
        """Hands an item over; raises `Full` where nobody takes it in time."""
        offer = _Offer(item)
        if not block and not self._items._getters:
            raise Full
        self._items.put(offer)
        if not offer.taken.wait(timeout):
            try:
                self._items.queue.remove(offer)
            except ValueError:
                return  # It was taken at the last moment.
            raise Full

    def put_nowait(self, item):
        self.put(item, block=False)

    def get(self, block=True, timeout=None):
        """Takes an item; raises `Empty` where nobody has one in time."""
        offer = self._items.get(block, timeout)
        offer.taken()
        return offer.item

    def get_nowait(self):
        return self.get(block=False)

    @property
    def balance(self):
        """Those who put less those who get."""
        return self._items.qsize() - len(self._items._getters)

    def qsize(self):
        return 0

    def empty(self):
        return True

    def full(self):
        return True

    def __iter__(self):
        return self

    def __next__(self):
        item = self.get()
        if item is StopIteration:
            raise item
        return item


class _Offer:
    """An item that waits to be taken."""

    def __init__(self, item):
        self.item = item
        self.taken = _fiber.Waiter()
