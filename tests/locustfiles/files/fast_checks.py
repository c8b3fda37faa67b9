# run: -u 2 -r 2 -t 3s
# counts: exact
from locust import FastHttpUser, constant, task


class Fast(FastHttpUser):
    wait_time = constant(0)
    connection_timeout = 5.0
    network_timeout = 5.0

    def told(self, *words):
        print("note:", *words)

    @task
    def checks(self):
        with self.client.get("/products/1", catch_response=True) as response:
            if response.json()["price"] != 6:
                response.failure("wrong price")
        with self.client.get("/status/404", catch_response=True, name="expected 404") as response:
            if response.status_code == 404:
                response.success()
        with self.client.get("/status/503", catch_response=True, name="left to the status"):
            pass
        with self.client.get("/hello", catch_response=True, name="both") as response:
            response.success()
            response.failure("changed my mind")
        with self.client.get("/hello", catch_response=True, name="exception object") as response:
            response.failure(ValueError("an object"))
        plain = self.client.get("/hello")
        self.told(plain.status_code, plain.text[:6], type(plain.content).__name__, plain.headers["content-type"], plain.url)
        missing = self.client.get("/status/404")
        self.told("404", missing.status_code, missing.text, missing.error)
        closed = self.client.get("/close")
        self.told("closed", closed.status_code, closed.content, type(closed.error).__name__)
        self.client.post("/anything", {"form": "positional", "b": "2 3"})
        self.client.post("/anything", data={"form": "keyword", "list": [1, 2], "none": None, "yes": True})
        self.client.post("/anything", data="text as it is")
        self.client.post("/anything", data=b"\x00\x01bytes")
        self.client.post("/anything", json=[1, "ü", None])
        self.client.put("/anything", json={"a": 1}, headers={"Content-Type": "application/vnd.api+json"})
        self.client.get("/anything", headers={"X-A": "1", "Accept": "text/plain"})
        self.client.request("OPTIONS", "/anything")
        self.client.head("/hello")
        self.client.delete("/anything/1")
        self.client.patch("/anything/1", json={})
        self.client.get("/search", params={"q": "red shoes", "tag": ["a", "b"]})
        self.client.get("/search?q=typed", name="/search")
        self.client.get("/gzip")
        self.told("gzip", self.client.get("/gzip").json()["text"][:15])
        self.told("latin1", self.client.get("/latin1").text)
        self.stop()
