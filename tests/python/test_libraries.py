"""Clients of other protocols in fibers: their calls run side by side, where the packages are installed."""

import importlib
import unittest

import late_servers
from fibers import in_fiber

import gevent
from gevent import _patch

_patch.apply()

#: How many calls run at the same time.
CALLS = 10


def needs(name):
    """The module, or a skipped test."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise unittest.SkipTest(f"{name} is not installed") from None


class Libraries(unittest.TestCase):
    def run_side_by_side(self, call):
        """Calls so often at the same time, and asserts that servers saw several at a time."""
        late_servers.at_a_time.clear()
        greenlets = [gevent.spawn(call) for _ in range(CALLS)]
        gevent.joinall(greenlets, raise_error=True)
        self.assertGreater(max(late_servers.at_a_time), 1, "one after another")
        return [greenlet.value for greenlet in greenlets]

    @in_fiber
    def test_requests(self):
        requests = needs("requests")
        url = f"http://127.0.0.1:{late_servers.start(late_servers.Http)}/"
        answers = self.run_side_by_side(lambda: requests.get(url, timeout=5).text)
        self.assertEqual(answers, ["ok"] * CALLS)
        with requests.Session() as session:
            answers = self.run_side_by_side(lambda: session.get(url).text)
        self.assertEqual(answers, ["ok"] * CALLS)

    @in_fiber
    def test_urllib3_with_a_pool_of_two_connections(self):
        urllib3 = needs("urllib3")
        url = f"http://127.0.0.1:{late_servers.start(late_servers.Http)}/"
        with urllib3.PoolManager(maxsize=2, block=True) as pool:
            answers = self.run_side_by_side(lambda: pool.request("GET", url).data)
        self.assertEqual(answers, [b"ok"] * CALLS)

    @in_fiber
    def test_redis(self):
        redis = needs("redis")
        client = redis.Redis(port=late_servers.start(late_servers.Redis), protocol=2)
        self.assertEqual(self.run_side_by_side(lambda: client.get("key")), [b"value"] * CALLS)
        client.close()

    @in_fiber
    def test_pymysql(self):
        pymysql = needs("pymysql")
        port = late_servers.start(late_servers.MySql)

        def select():
            # Otherwise it reads all authorities of the system for each connection.
            connection = pymysql.connect(host="127.0.0.1", port=port, user="user", ssl_disabled=True)
            with connection, connection.cursor() as cursor:
                cursor.execute("SELECT n")
                return cursor.fetchall()

        self.assertEqual(self.run_side_by_side(select), [((7,),)] * CALLS)

    @in_fiber
    def test_websocket_client(self):
        websocket = needs("websocket")
        url = f"ws://127.0.0.1:{late_servers.start(late_servers.WebSocket)}/"

        def talk():
            connection = websocket.create_connection(url, timeout=5)
            connection.send("hello")
            text = connection.recv()
            connection.close()
            return text

        self.assertEqual(self.run_side_by_side(talk), ["hello"] * CALLS)


if __name__ == "__main__":
    unittest.main()
