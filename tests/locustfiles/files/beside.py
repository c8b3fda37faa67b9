# run: -u 1 -t 3s
# counts: exact
"""A file whose classes and steps are in modules and a package beside it."""
from beside_steps import Tour
from helpers_beside import Named


class Visitor(Named):
    tasks = [Tour]


if __name__ == "__main__":
    from locust import run_single_user

    run_single_user(Visitor)
