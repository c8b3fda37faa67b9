"""Running one user without the engine."""

from ._missing import answer, refusing

run_single_user = refusing(
    "locust",
    "run_single_user",
    "run the file by `gregaria -f FILE --headless --users 1 CLASS`, which runs one user of it",
)


def __getattr__(name):
    answer(__name__, name)
