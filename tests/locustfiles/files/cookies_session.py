# run: -u 2 -r 2 -t 3s
# counts: exact
"""What a session keeps: cookies, headers, credentials; set, changed and taken away by hand."""
from locust import HttpUser, constant, task


class Keeper(HttpUser):
    wait_time = constant(0)
    numbers = iter(range(1, 9))

    def on_start(self):
        self.number = next(self.numbers)
        self.client.verify = False

    @task
    def session(self):
        client = self.client
        client.get("/cookies/set?theme=dark&size=10")
        print("note: jar", dict(client.cookies), client.cookies.get("theme"), client.cookies["size"])
        client.cookies.set("mine", str(self.number))
        client.get("/cookies", name="/cookies (mine)")
        client.get("/cookies", cookies={"once": "1"}, name="/cookies (once)")
        client.get("/cookies", name="/cookies (not once)")
        client.get("/cookies", headers={"Cookie": "by=hand"}, name="/cookies (by hand)")
        del client.cookies["mine"]
        client.cookies.clear()
        client.get("/cookies", name="/cookies (none)")
        answer = client.post("/login", json={"username": "ada", "password": "secret"})
        print("note: response", answer.cookies.get_dict(), "session" in answer.cookies)
        client.get("/cart")
        client.get("/logout")
        client.get("/cart", name="/cart (signed out)")
        client.cookies.update({"a": "1", "b": "two words"})
        client.get("/cookies", name="/cookies (update)")
        self.headers()

    def headers(self):
        client = self.client
        client.cookies.clear()
        client.headers.update({"X-One": "1", "x-two": "2"})
        client.get("/anything/updated", headers={"X-ONE": "mine"})
        client.headers["X-Two"] = "3"
        del client.headers["x-one"]
        client.get("/anything/item")
        client.get("/anything/none", headers={"X-Two": None, "Accept": None})
        client.headers = {"X-Only": "this", "User-Agent": "keeper/1.0"}
        client.get("/anything/assigned")
        client.post("/anything/assigned", json={"a": [1, 2.5, "ü", None, True]})
        client.auth = ("ada", "pass:word")
        client.get("/anything/auth")
        client.auth = None
        client.get("/anything/no-auth")
        self.stop()
