# run: -u 1 -t 3s
# counts: exact
"""Every way to judge a response."""
from locust import HttpUser, constant, task
from locust.exception import CatchResponseError, LocustError, RescheduleTask, ResponseError


class Judge(HttpUser):
    wait_time = constant(0)
    turn = 0

    def ask(self, name, path="/hello"):
        return self.client.get(path, name=name, catch_response=True)

    @task
    def judge(self):
        self.turn += 1
        step = getattr(self, f"step_{self.turn}", None)
        step() if step else self.stop()

    def step_1(self):
        with self.ask("success") as response:
            response.success()
        with self.ask("failure") as response:
            response.failure("no good")
        with self.ask("failure then success") as response:
            response.failure("no good")
            response.success()
        with self.ask("success then failure") as response:
            response.success()
            response.failure("after all")
        with self.ask("exception object") as response:
            response.failure(KeyError("k"))
        with self.ask("own error") as response:
            response.failure(CatchResponseError("own"))
        with self.ask("long, with \"quotes\", comma") as response:
            response.failure('a "quoted", text\nof two lines')

    def step_2(self):
        with self.ask("404, untouched", "/status/404"):
            pass
        with self.ask("404, success", "/status/404") as response:
            response.success()
        with self.ask("500, failure", "/status/500") as response:
            response.failure(f"server said {response.status_code}")
        with self.ask("raised ResponseError") as response:
            raise ResponseError("raised inside")

    def step_3(self):
        try:
            with self.ask("rescheduled: no sample"):
                raise RescheduleTask()
        except RescheduleTask:
            print("note: RescheduleTask came through")

    def step_4(self):
        with self.ask("renamed") as response:
            response.request_meta["name"] = "by its meta"
            response.request_meta["context"]["seen"] = True
        with self.client.rename_request("by context manager"):
            self.client.get("/world")
            self.client.get("/hello", name="name wins?")
        self.client.request_name = "by attribute"
        self.client.get("/world")
        self.client.request_name = None

    def step_5(self):
        response = self.ask("never entered")
        print("note: not entered:", response.status_code)

    def step_6(self):
        try:
            self.client.get("/hello", name="not caught").failure("x")
        except (LocustError, AttributeError) as error:
            print("note: failure() without catch_response:", type(error).__name__)
        try:
            self.ask("outside of with").failure("outside")
        except LocustError as error:
            print("note: failure() outside of with:", type(error).__name__)

    def step_7(self):
        with self.ask("early return") as response:
            if response.ok:
                return
            response.failure("never")

    def step_8(self):
        for number in range(2):
            with self.ask("loop") as response:
                if number == 0:
                    response.failure("first")
                    continue
                response.success()

    def step_9(self):
        with self.ask("outer") as outer, self.ask("inner", "/world") as inner:
            inner.failure("inner")
            outer.success()
