"""The standard library in fibers: what blocks lets others run, and does what it does elsewhere."""

import asyncio
import concurrent.futures
import contextlib
import http.client
import http.server
import os
import queue
import select
import selectors
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

import fibers
from fibers import in_fiber

import gevent
from gevent import _patch

_patch.apply()

#: How long the things wait that are to be waited for.
NAP = 0.05


class Ticking:
    """Counts how often another fiber runs meanwhile."""

    def __enter__(self):
        self.ticks = 0
        self._greenlet = gevent.spawn(self._tick)
        return self

    def _tick(self):
        while True:
            gevent.sleep(NAP / 20)
            self.ticks += 1

    def __exit__(self, *exc_info):
        self._greenlet.kill()


class Case(unittest.TestCase):
    @contextlib.contextmanager
    def others_run(self):
        with Ticking() as ticking:
            yield
        self.assertGreater(ticking.ticks, 3, "nothing else ran")


class Server:
    """A server in native threads, whose handler gets each connection."""

    def __init__(self, handle, context=None):
        self._handle = handle
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with connection, contextlib.suppress(OSError):
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                self._handle(connection)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def echo_late(connection):
    while data := connection.recv(65536):
        time.sleep(NAP)
        connection.sendall(data)


class Sleeps(Case):
    @in_fiber
    def test_sleep(self):
        begin = time.monotonic()
        with self.others_run():
            time.sleep(NAP)
        self.assertGreaterEqual(time.monotonic() - begin, NAP)
        with self.assertRaises(ValueError):
            time.sleep(-1)

    def test_outside_it_really_sleeps(self):
        begin = time.monotonic()
        time.sleep(NAP)
        self.assertGreaterEqual(time.monotonic() - begin, NAP)


class Sockets(Case):
    @in_fiber
    def test_an_exchange(self):
        for timeout in (None, 5):
            with Server(echo_late) as server, socket.create_connection(server.address, timeout) as client:
                with self.others_run():
                    client.sendall(b"hello")
                    self.assertEqual(client.recv(100), b"hello")
                self.assertEqual(client.gettimeout(), timeout)

    @in_fiber
    def test_many_bytes_come_whole(self):
        data = bytes(range(256)) * 20_000
        with Server(echo_all) as server, socket.create_connection(server.address) as client:
            sender = gevent.spawn(client.sendall, data)
            received = b""
            while len(received) < len(data):
                received += client.recv(1 << 20)
            self.assertEqual(received, data)
            self.assertIsNone(sender.get())

    @in_fiber
    def test_timeouts_are_those_of_the_socket(self):
        with Server(lambda connection: connection.recv(1)) as server:
            with socket.create_connection(server.address) as client:
                client.settimeout(NAP)
                begin = time.monotonic()
                with self.others_run(), self.assertRaises(TimeoutError) as raised:
                    client.recv(1)
                self.assertEqual(str(raised.exception), "timed out")
                self.assertGreaterEqual(time.monotonic() - begin, NAP)
                client.setblocking(False)
                with self.assertRaises(BlockingIOError):
                    client.recv(1)

    @in_fiber
    def test_files_of_sockets(self):
        with Server(echo_late) as server, socket.create_connection(server.address) as client:
            with client.makefile("rwb") as file, self.others_run():
                file.write(b"one\ntwo\n")
                file.flush()
                self.assertEqual([file.readline(), file.readline()], [b"one\n", b"two\n"])

    @in_fiber
    def test_errors_of_connects(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            address = unused.getsockname()
        with self.assertRaises(ConnectionRefusedError) as raised:
            socket.create_connection(address)
        self.assertEqual(str(raised.exception), "[Errno 111] Connection refused")
        with socket.socket() as client:
            self.assertEqual(client.connect_ex(address), 111)

    @in_fiber
    def test_names_are_looked_up(self):
        with Server(echo_late) as server:
            with socket.create_connection(("localhost", server.address[1])) as client:
                self.assertEqual(client.getpeername(), server.address)
            with socket.socket() as client:
                client.connect(("localhost", server.address[1]))
                self.assertEqual(client.getpeername(), server.address)
        with self.assertRaises(socket.gaierror):
            socket.getaddrinfo("no.such.name.invalid", 80)
        self.assertEqual(socket.gethostbyname("127.0.0.1"), "127.0.0.1")

    @in_fiber
    def test_accepting_and_pairs(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            accepting = gevent.spawn(listener.accept)
            with self.others_run():
                time.sleep(NAP)
            with socket.create_connection(listener.getsockname()):
                accepting.get()[0].close()
        near, far = socket.socketpair()
        with near, far:
            reading = gevent.spawn(near.recv_into, bytearray(4))
            gevent.sleep(0)
            far.send(b"abc")
            self.assertEqual(reading.get(), 3)

    @in_fiber
    def test_datagrams(self):
        with socket.socket(type=socket.SOCK_DGRAM) as near, socket.socket(type=socket.SOCK_DGRAM) as far:
            near.bind(("127.0.0.1", 0))
            reading = gevent.spawn(near.recvfrom, 10)
            gevent.sleep(0)
            far.sendto(b"abc", near.getsockname())
            self.assertEqual(reading.get()[0], b"abc")

    @in_fiber
    def test_a_close_ends_the_wait_of_another(self):
        near, far = socket.socketpair()

        def read():
            with self.assertRaises(OSError) as raised:
                near.recv(1)
            return raised.exception.errno

        reading = gevent.spawn(read)
        gevent.sleep(0.01)
        near.close()
        self.assertEqual(reading.get(timeout=5), 9)
        far.close()

    @in_fiber
    def test_one_that_is_killed_leaves_the_socket_as_it_was(self):
        near, far = socket.socketpair()
        reading = gevent.spawn(near.recv, 1)
        gevent.sleep(0.01)
        reading.kill()
        far.send(b"x")
        self.assertEqual((near.recv(1), near.gettimeout()), (b"x", None))
        near.close()
        far.close()


def echo_all(connection):
    while data := connection.recv(65536):
        connection.sendall(data)


CERTIFICATE = """openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost
 -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout {0}/key -out {0}/certificate"""


class Tls(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        try:
            subprocess.run(CERTIFICATE.format(folder.name).split(), check=True, capture_output=True)
        except FileNotFoundError:
            self.skipTest("no openssl to make a certificate with")
        self.server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server_context.load_cert_chain(f"{folder.name}/certificate", f"{folder.name}/key")
        self.context = ssl.create_default_context(cafile=f"{folder.name}/certificate")

    def connect(self, server, timeout=None):
        client = socket.create_connection(server.address, timeout)
        return self.context.wrap_socket(client, server_hostname="localhost")

    def test_an_exchange(self):
        def exchange():
            for timeout in (None, 5):
                with Server(echo_late, self.server_context) as server, self.connect(server, timeout) as client:
                    with self.others_run():
                        client.sendall(b"hello")
                        self.assertEqual(client.recv(100), b"hello")
                    self.assertEqual(client.gettimeout(), timeout)

        fibers.run(exchange)

    def test_many_bytes_come_whole(self):
        def exchange():
            data = bytes(range(256)) * 5_000
            with Server(echo_all, self.server_context) as server, self.connect(server) as client:
                sender = gevent.spawn(client.sendall, data)
                received = b""
                while len(received) < len(data):
                    received += client.recv(1 << 20)
                self.assertEqual(received, data)
                sender.get()

        fibers.run(exchange)

    def test_timeouts(self):
        def time_out():
            with Server(lambda connection: connection.recv(1), self.server_context) as server:
                with self.connect(server) as client:
                    client.settimeout(NAP)
                    with self.others_run(), self.assertRaises(TimeoutError) as raised:
                        client.recv(1)
                    self.assertEqual(str(raised.exception), "The read operation timed out")
            # Nobody answers the handshake.
            with Server(lambda connection: time.sleep(1)) as server:
                with self.assertRaises(TimeoutError):
                    self.connect(server, NAP)

        fibers.run(time_out)

    def test_a_server_in_a_fiber(self):
        def serve():
            with socket.create_server(("127.0.0.1", 0)) as listener:
                tls = self.server_context.wrap_socket(listener, server_side=True)

                def serve_one():
                    with tls.accept()[0] as connection:
                        echo_all(connection)

                serving = gevent.spawn(serve_one)
                client = socket.create_connection(tls.getsockname())
                with tls, self.context.wrap_socket(client, server_hostname="localhost") as client:
                    client.sendall(b"hello")
                    self.assertEqual(client.recv(100), b"hello")
                serving.join(5)

        fibers.run(serve)


class Polling(Case):
    def late(self, events=(b"x",)):
        near, far = socket.socketpair()
        self.addCleanup(near.close)
        self.addCleanup(far.close)
        for event in events:
            threading.Timer(NAP, far.send, [event]).start()
        return near

    @in_fiber
    def test_select(self):
        near = self.late()
        with self.others_run():
            self.assertEqual(select.select([near], [], [], 5), ([near], [], []))
        self.assertEqual(select.select([], [near], []), ([], [near], []))
        near = self.late(())
        with self.others_run():
            self.assertEqual(select.select([near], [], [near], NAP), ([], [], []))
        with self.others_run():
            select.select([], [], [], NAP)

    @in_fiber
    def test_poll(self):
        near = self.late()
        poll = select.poll()
        poll.register(near, select.POLLIN)
        with self.others_run():
            self.assertEqual(poll.poll(5000), [(near.fileno(), select.POLLIN)])
        poll.unregister(near)
        with self.others_run():
            self.assertEqual(poll.poll(NAP * 1000), [])

    @in_fiber
    def test_epoll(self):
        near = self.late()
        with select.epoll() as epoll:
            epoll.register(near, select.EPOLLIN)
            with self.others_run():
                self.assertEqual(epoll.poll(5), [(near.fileno(), select.EPOLLIN)])
            epoll.unregister(near)
            self.assertEqual(epoll.poll(0.01), [])
        self.assertTrue(epoll.closed)

    @in_fiber
    def test_selectors(self):
        kinds = [selectors.SelectSelector, selectors.PollSelector, selectors.EpollSelector]
        for kind in (*kinds, selectors.DefaultSelector):
            near = self.late()
            with kind() as selector:
                selector.register(near, selectors.EVENT_READ)
                with self.others_run():
                    (key, _), = selector.select(5)
                self.assertIs(key.fileobj, near)


class Threads(Case):
    @in_fiber
    def test_a_lock_that_is_held_across_a_wait_holds_up_its_waiters_only(self):
        for kind in (threading.Lock, threading.RLock, threading.Condition, threading.Semaphore):
            lock, order = kind(), []

            def work(name, lock=lock, order=order):
                with lock:
                    order.append(f"{name} begins")
                    time.sleep(NAP)
                    order.append(f"{name} ends")

            with self.others_run():
                gevent.joinall([gevent.spawn(work, name) for name in "ab"], raise_error=True)
            self.assertEqual(order, ["a begins", "a ends", "b begins", "b ends"])

    @in_fiber
    def test_waits_for_a_lock_may_end(self):
        lock = threading.Lock()
        with lock:
            self.assertFalse(lock.acquire(blocking=False))
            with self.others_run():
                self.assertFalse(lock.acquire(timeout=NAP))
        for wrong in ({"blocking": False, "timeout": 1}, {"timeout": -5}):
            with self.assertRaises(ValueError), lock:
                lock.acquire(**wrong)
        with self.assertRaises(RuntimeError):
            lock.release()
        with self.assertRaises(RuntimeError):
            threading.RLock().release()

    @in_fiber
    def test_a_fiber_and_a_thread_exclude_each_other(self):
        lock, order = threading.Lock(), []

        def work(name):
            for _ in range(3):
                with lock:
                    order.append(name)
                    time.sleep(0.002)
                    order.append(name)

        thread = threading.Thread(target=work, args=("thread",))
        thread.start()
        work("fiber")
        thread.join()
        self.assertEqual(len(order), 12)
        self.assertTrue(all(order[n] == order[n + 1] for n in range(0, 12, 2)), order)

    @in_fiber
    def test_events_conditions_and_barriers(self):
        event = threading.Event()
        threading.Timer(NAP, event.set).start()
        with self.others_run():
            self.assertTrue(event.wait(5))
        condition, ready = threading.Condition(), []

        def wait():
            with condition:
                return condition.wait_for(lambda: ready, timeout=5)

        waiting = gevent.spawn(wait)
        time.sleep(0.01)
        with condition:
            ready.append(1)
            condition.notify_all()
        self.assertTrue(waiting.get())
        barrier = threading.Barrier(2)
        gevent.joinall([gevent.spawn(barrier.wait, 5) for _ in range(2)], raise_error=True)

    @in_fiber
    def test_joining_a_thread(self):
        thread = threading.Thread(target=time.sleep, args=(NAP,))
        with self.assertRaises(RuntimeError):
            thread.join()
        thread.start()
        thread.join(0.001)
        self.assertTrue(thread.is_alive())
        with self.others_run():
            thread.join()
        self.assertFalse(thread.is_alive())
        thread.join()

    @in_fiber
    def test_queues(self):
        for kind in (queue.Queue, queue.SimpleQueue, queue.LifoQueue, queue.PriorityQueue):
            items = kind()
            threading.Timer(NAP, items.put, ["item"]).start()
            with self.others_run():
                self.assertEqual(items.get(timeout=5), "item")
            with self.others_run(), self.assertRaises(queue.Empty):
                items.get(timeout=NAP)
            with self.assertRaises(queue.Empty):
                items.get_nowait()

    @in_fiber
    def test_executors(self):
        def work(seconds):
            time.sleep(seconds)
            return fibers.current()

        with self.others_run(), concurrent.futures.ThreadPoolExecutor(2) as executor:
            self.assertEqual(list(executor.map(work, [NAP, 0, NAP])), [None] * 3)
            future = executor.submit(work, NAP)
            self.assertIsNone(future.result(timeout=5))
            with self.assertRaises(TimeoutError):
                executor.submit(work, NAP).result(timeout=0.001)

    @in_fiber
    def test_values_of_a_thread_are_values_of_a_fiber(self):
        local = threading.local()
        local.value = 1
        self.assertFalse(gevent.spawn(hasattr, local, "value").get())


class Processes(Case):
    @in_fiber
    def test_waiting_for_a_process(self):
        process = subprocess.Popen(["sleep", str(NAP)])
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(0.001)
        with self.others_run():
            self.assertEqual(process.wait(), 0)
        self.assertEqual(process.wait(), 0)

    @in_fiber
    def test_its_output(self):
        with self.others_run():
            done = subprocess.run(["sh", "-c", f"sleep {NAP}; cat; exit 3"], input=b"in", capture_output=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (3, b"in", b""))
        with self.others_run():
            self.assertEqual(subprocess.check_output(["sh", "-c", f"sleep {NAP}; echo x"]), b"x\n")
        with self.assertRaises(subprocess.TimeoutExpired):
            subprocess.run(["sleep", "5"], timeout=NAP)

    @in_fiber
    def test_waitpid(self):
        pid = os.posix_spawnp("sleep", ["sleep", str(NAP)], os.environ)
        with self.others_run():
            self.assertEqual(os.waitpid(pid, 0), (pid, 0))
        with self.assertRaises(ChildProcessError):
            os.waitpid(pid, 0)


class Libraries(Case):
    @in_fiber
    def test_asyncio(self):
        async def talk(address):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"hello")
            data = await reader.readexactly(5)
            writer.close()
            await asyncio.sleep(NAP)
            return data, await asyncio.to_thread(lambda: fibers.current())

        with Server(echo_late) as server:
            with self.others_run():
                self.assertEqual(asyncio.run(talk(server.address)), (b"hello", None))
            both = [gevent.spawn(lambda: asyncio.run(talk(server.address))) for _ in range(2)]
            gevent.joinall(both, raise_error=True)

    @in_fiber
    def test_http_clients(self):
        active, most = [], []

        class Late(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                active.append(self)
                most.append(len(active))
                time.sleep(NAP)
                active.remove(self)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Late)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"

        def fetch():
            with urllib.request.urlopen(url, timeout=5) as response:
                return response.read()

        fetching = [gevent.spawn(fetch) for _ in range(5)]
        with self.others_run():
            gevent.joinall(fetching, raise_error=True)
        self.assertEqual([each.value for each in fetching], [b"ok"] * 5)
        self.assertGreater(max(most), 1, "one after another")
        connection = http.client.HTTPConnection("localhost", server.server_port)
        connection.request("GET", "/")
        self.assertEqual(connection.getresponse().read(), b"ok")
        connection.close()
        server.shutdown()
        server.server_close()


class Monkey(unittest.TestCase):
    def test_what_is_patched_is_told(self):
        from gevent import monkey

        self.assertTrue(monkey.patch_all())
        for name in ("socket", "ssl", "time", "threading", "select", "subprocess", "queue"):
            self.assertTrue(monkey.is_module_patched(name), name)
        self.assertFalse(monkey.is_module_patched("json"))
        self.assertIsNot(monkey.get_original("time", "sleep"), time.sleep)
        self.assertIs(monkey.get_original("sys", "exit"), sys.exit)


if __name__ == "__main__":
    unittest.main()
