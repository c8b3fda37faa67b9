"""Healthy runs, in which there should be no warning."""

from dataclasses import dataclass

ROOT_TASK = '[[user.task]]\nget = "/"\n'
MIXED = ('[[user.task]]\nweight = 3\nget = "/"\n[[user.task]]\nweight = 2\nget = "/users"\n'
         '[[user.task]]\nget = "/status"\n')
POST = '[[user.task]]\npost = "/echo"\njson = { name = "Alice" }\n'


@dataclass(frozen=True)
class Run:
    """One run: the requests, the server, and the time."""

    name: str
    # "flask", "https", or the flags of `gregaria serve`.
    server: str | tuple
    flags: tuple
    # `None` is a URL without a scenario, and without waits.
    scenario: str | None = None
    # Whether it uses little CPU time, so that it may run beside others.
    idle: bool = True
    codes: tuple = (0,)

    def server_name(self):
        flags = " ".join(self.server)
        return self.server if isinstance(self.server, str) else f"serve {flags}".strip()


def users(wait, tasks=ROOT_TASK, more=""):
    return f'[[user]]\nname = "User"\n{f"wait_time = {wait}" if wait else ""}\n{more}\n{tasks}'


def load(table, text):
    return f"[load]\n{table}\n{text}"


ONE_TO_THREE = '{ between = ["1s", "3s"] }'
TENTHS = '{ between = ["100ms", "300ms"] }'
SERVE = ()

RUNS = [
    # As a tutorial begins.
    Run("first test, 8 s", "flask", ("-u", "5", "-r", "1", "-t", "8s"), users(ONE_TO_THREE)),
    Run("first test, 3 s", "flask", ("-u", "5", "-r", "1", "-t", "3s"), users(ONE_TO_THREE)),
    Run("first test, 60 s", "flask", ("-u", "5", "-r", "1", "-t", "60s"), users(ONE_TO_THREE)),
    Run("one user", "flask", ("-u", "1", "-t", "10s"), users(ONE_TO_THREE)),
    Run("ten users, three tasks", "flask", ("-u", "10", "-r", "2", "-t", "20s"),
        users(ONE_TO_THREE, MIXED)),
    Run("short waits", "flask", ("-u", "5", "-r", "5", "-t", "15s"), users(TENTHS, MIXED)),
    Run("fifty users", "flask", ("-u", "50", "-r", "10", "-t", "20s"), users(ONE_TO_THREE, MIXED)),
    Run("Flask, as fast as it goes", "flask", ("-u", "4", "-r", "4", "-t", "8s"), idle=False),
    Run("a second", "flask", ("-u", "2", "-r", "2", "-t", "1s"), users(TENTHS)),
    Run("20 requests", "flask", ("-u", "2", "-r", "2", "--requests", "20"), users(TENTHS)),
    # The same with a server that responds in a fraction of a millisecond.
    Run("fast server, 8 s", SERVE, ("-u", "5", "-r", "1", "-t", "8s"), users(ONE_TO_THREE)),
    Run("fast server, 3 s", SERVE, ("-u", "2", "-r", "1", "-t", "3s"), users(ONE_TO_THREE)),
    Run("fast server, 60 s", SERVE, ("-u", "20", "-r", "5", "-t", "60s"), users(ONE_TO_THREE)),
    Run("fast server, short waits", SERVE, ("-u", "5", "-r", "5", "-t", "15s"), users(TENTHS)),
    Run("fast server, 200 users", SERVE, ("-u", "200", "-r", "100", "-t", "15s"),
        users(ONE_TO_THREE, MIXED)),
    Run("fast server, one second", SERVE, ("-u", "1", "-t", "1s"), users(TENTHS)),
    Run("50 iterations", SERVE, ("-u", "5", "-r", "5", "-i", "50"), users(TENTHS)),
    Run("bodies", SERVE, ("-u", "5", "-r", "5", "-t", "8s"), users(TENTHS, POST)),
    Run("1 MiB each", SERVE, ("-u", "2", "-r", "2", "-t", "8s"),
        users(TENTHS, '[[user.task]]\nget = "/bytes/1048576"\n')),
    Run("paced", SERVE, ("-u", "10", "-r", "10", "-t", "10s"),
        users('{ constant_throughput = 5 }')),
    Run("one core", SERVE, ("-u", "10", "-r", "10", "-t", "8s", "--cores", "0"), users(TENTHS)),
    Run("reset", SERVE, ("-u", "10", "-r", "5", "-t", "8s", "--reset-stats"), users(TENTHS)),
    Run("several addresses", SERVE,
        ("-u", "10", "-r", "10", "-t", "8s", "--local-address", "127.0.0.2,127.0.0.3"),
        users(TENTHS, more='keep_alive = "task"')),
    Run("2,000 who wait", SERVE, ("-u", "2000", "-r", "1000", "-t", "15s"),
        users('{ between = ["5s", "10s"] }', more='keep_alive = "task"')),
    # Slow servers.
    Run("20 ms", ("--delay", "20ms"), ("-u", "20", "-r", "20", "-t", "8s")),
    Run("20 ms, 100 users", ("--delay", "20ms"), ("-u", "100", "-r", "100", "-t", "8s"), idle=False),
    Run("5 ms, one user", ("--delay", "5ms"), ("-u", "1", "-t", "5s")),
    Run("200 ms", ("--delay", "200ms"), ("-u", "10", "-r", "10", "-t", "10s")),
    Run("one in twenty is slow", ("--bimodal", "5%:50ms"), ("-u", "10", "-r", "10", "-t", "10s"),
        users(TENTHS)),
    Run("stalls", ("--stall", "100ms/1s"), ("-u", "10", "-r", "10", "-t", "10s"), users(TENTHS)),
    Run("slow start", ("--slow-start", "200ms/5s"), ("-u", "10", "-r", "5", "-t", "10s"),
        users(TENTHS)),
    # Servers that fail.
    Run("a tenth fails", ("--error-rate", "10%"), ("-u", "10", "-r", "10", "-t", "8s"),
        users(TENTHS), codes=(1,)),
    Run("a connection each", ("--close",), ("-u", "10", "-r", "10", "-t", "8s"), users(TENTHS)),
    Run("a tenth is dropped", ("--drop-rate", "10%"), ("-u", "10", "-r", "10", "-t", "8s"),
        users(TENTHS), codes=(0, 1)),
    # Loads by rate and by shape.
    Run("5 per second", "flask", ("--rate", "5", "-t", "10s"), users(None)),
    Run("50 per second", SERVE, ("--rate", "50", "--arrivals", "uniform", "-t", "10s"),
        users(None)),
    Run("200 per second, Poisson", SERVE, ("--rate", "200", "--arrivals", "poisson", "-t", "8s"),
        users(None), idle=False),
    Run("1,000 per second", ("--delay", "5ms"), ("--rate", "1000", "--arrivals", "poisson", "-t", "8s"),
        users(None), idle=False),
    Run("20 per second, 60 s", ("--delay", "50ms"), ("--rate", "20", "-t", "60s"), users(None)),
    Run("stages", "flask", (), load(
        'stage = [{ duration = "5s", users = 5, spawn_rate = 5 }, '
        '{ duration = "5s", users = 15, spawn_rate = 10 }]', users(TENTHS))),
    Run("a spike of users", SERVE, ("-t", "12s",), load(
        'stage = [{ duration = "4s", users = 5, spawn_rate = 5 }, '
        '{ duration = "4s", users = 100, spawn_rate = 100 }, '
        '{ duration = "4s", users = 5, spawn_rate = 100 }]', users(TENTHS))),
    Run("stages of a rate", SERVE, (), load(
        'stage = [{ duration = "4s", rate = 10 }, { duration = "4s", rate = 50 }]', users(None))),
    # TLS.
    Run("HTTPS", "https", ("-u", "5", "-r", "5", "-t", "10s"), users(TENTHS)),
    Run("HTTPS, a handshake each", "https", ("-u", "5", "-r", "5", "-t", "8s"),
        users(TENTHS, more="keep_alive = false")),
    Run("HTTPS, 30 users at once", "https", ("-u", "30", "-r", "1000", "-t", "8s"),
        users(ONE_TO_THREE)),
]
