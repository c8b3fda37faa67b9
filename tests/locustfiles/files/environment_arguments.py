# run: -t 3s
# counts: exact
"""Settings from the environment and defaults of Locust's own flags that the file sets."""
import os

from locust import HttpUser, constant, events, task

RETRIES = int(os.getenv("CORPUS_RETRIES", "2"))


@events.init_command_line_parser.add_listener
def defaults(parser, **_kwargs):
    parser.add_argument("--region", env_var="CORPUS_REGION", default="nowhere")
    parser.add_argument("--limit", env_var="CORPUS_LIMIT", type=int, default=3)
    parser.set_defaults(users=2, spawn_rate=2.0)


class Visitor(HttpUser):
    wait_time = constant(0)

    def on_start(self):
        self.region = self.environment.parsed_options.region

    @task
    def visit(self):
        for _ in range(RETRIES):
            self.client.get(f"/pages/{self.region}")
        assert self.environment.parsed_options.limit == 3
        self.stop()
