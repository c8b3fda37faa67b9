"""What the tasks of locustfile.py cost by themselves: runs those of a class, with a client that sends
nothing, for some seconds.

    stub.py CLASS SECONDS

Prints how many tasks it has run, and the CPU time that the process had used before.
"""

import json
import random
import resource
import sys
import time

import locustfile

AT_ONCE = 1000


class Response:
    """An answer that was there before the request. The text is what the task sent as JSON."""

    __slots__ = ("body",)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def json(self):
        return self.body


class Client:
    """Takes the arguments that the tasks pass."""

    def __init__(self):
        self.response = Response()

    def get(self, path):
        return self.response

    def post(self, path, data=None, json=None, headers=None, name=None, catch_response=False):
        self.response.body = json
        return self.response


def main(name, seconds):
    user_class = getattr(locustfile, name)
    user = user_class.__new__(user_class)
    user.client = Client()
    tasks, choose = user_class.tasks, random.choice
    used = resource.getrusage(resource.RUSAGE_SELF)
    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        for _ in range(AT_ONCE):
            choose(tasks)(user)
        done += AT_ONCE
    start_up_s = [used.ru_utime, used.ru_stime]
    print(json.dumps({"requests": done, "start_up_s": start_up_s}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
