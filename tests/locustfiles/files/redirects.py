# run: -u 2 -r 2 -t 4s
# counts: exact
from locust import FastHttpUser, HttpUser, constant, task


def describe(response):
    # Locust has no history for the fast client.
    history = [step.status_code for step in getattr(response, "history", [])]
    return response.status_code, history, response.url.rpartition(":")[2].partition("/")[2]


class Follower(HttpUser):
    fixed_count = 1
    wait_time = constant(0)

    @task
    def follow(self):
        client = self.client
        for status in (301, 302, 303, 307, 308):
            print("note: get", status, *describe(client.get(f"/redirect/2?status={status}", headers={"X-Kept": "1"})))
            answer = client.post(f"/redirect/1?status={status}", json={"kept": True}, name=f"/redirect post {status}")
            print("note: post", status, answer.json()["method"], repr(answer.json()["body"]), *describe(answer))
        print("note: put", client.put("/redirect/1?status=301", data="x").json()["method"])
        print("note: not followed", *describe(client.get("/redirect/1", allow_redirects=False)))
        print("note: head", *describe(client.head("/redirect/1")))
        loop = client.get("/loop")
        print("note: loop", loop.status_code)
        print("note: form", *describe(client.post("/form", data={"csrf": "x"}, cookies={"csrf": "x"})))
        with client.get("/redirect/3", catch_response=True) as response:
            if len(response.history) != 3 or response.history[0].headers["Location"] != "/redirect/2?status=302":
                response.failure("history")
        self.stop()


class Hasty(FastHttpUser):
    fixed_count = 1
    wait_time = constant(0)

    @task
    def follow(self):
        client = self.client
        for status in (301, 302, 303, 307, 308):
            print("note: fast get", status, *describe(client.get(f"/redirect/2?status={status}", headers={"X-Kept": "1"})))
            answer = client.post(f"/redirect/1?status={status}", json={"kept": True}, name=f"/redirect fast post {status}")
            print("note: fast post", status, answer.json()["method"], repr(answer.json()["body"]), *describe(answer))
        print("note: fast not followed", *describe(client.get("/redirect/1", allow_redirects=False)))
        loop = client.get("/loop", name="/loop (fast)")
        print("note: fast loop", loop.status_code)
        self.stop()
