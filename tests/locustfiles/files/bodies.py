# run: -u 1 -t 3s
# counts: exact
import json
from urllib.parse import urlencode

from locust import HttpUser, constant, task


class Sender(HttpUser):
    wait_time = constant(0)

    @task
    def send(self):
        post = self.client.post
        post("/anything", {"positional": "1", "space": "a b", "umlaut": "ü"})
        post("/anything", data={"list": [1, 2], "none": None, "yes": True, "float": 1.50})
        post("/anything", data=[("pair", "1"), ("pair", "2")])
        post("/anything", data="text")
        post("/anything", data="text with ümlaut".encode())
        post("/anything", data=b"\x00\xff")
        post("/anything", data=json.dumps({"by": "hand"}), headers={"Content-Type": "application/json"})
        post("/anything", data=urlencode({"a": "b/c"}), headers={"content-type": "application/x-www-form-urlencoded"})
        post("/anything", json={"nested": {"list": [1, 2.0, 1e30, None, True], "text": "\"quoted\" ü 🙂"}})
        post("/anything", None, {"json": "positional"})
        post("/anything", json=[], name="empty list")
        post("/anything", json={}, name="empty object")
        post("/anything", json=None, name="no body")
        post("/anything", json="text", name="text as json")
        post("/anything", data={}, json={"both": 1}, name="both")
        post("/anything", data="", name="empty text")
        self.client.put("/anything/1", {"put": "positional"})
        self.client.patch("/anything/1", data="patched")
        self.client.delete("/anything/1", json={"reason": "old"})
        self.client.get("/anything/1", json={"get": "with a body"})
        self.client.request("POST", "/anything/request", data="x", headers={"X-Number": "5"})
        self.client.request(method="get", url="/anything/lower")
        self.client.options("/anything")
        self.environment.runner.quit()
