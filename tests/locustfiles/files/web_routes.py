# run: -u 1 -t 3s
# run locust: --processes 1
# counts: exact
"""A file that extends the web page where there is one, and changes settings of the statistics."""
import locust.stats
from locust import HttpUser, constant, events, task

locust.stats.PERCENTILES_TO_REPORT = [0.5, 0.9, 0.99]
locust.stats.CSV_STATS_INTERVAL_SEC = 0.5
locust.stats.CONSOLE_STATS_INTERVAL_SEC = 1


@events.init.add_listener
def extend(environment, web_ui, **_kwargs):
    if environment.web_ui:
        @environment.web_ui.app.route("/added")
        def added():
            return "added"
    else:
        print("note: no page", web_ui)


class Visitor(HttpUser):
    wait_time = constant(0)

    @task
    def visit(self):
        self.client.get("/hello")
        self.stop()
