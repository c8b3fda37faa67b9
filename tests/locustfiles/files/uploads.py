# run: -u 2 -r 2 -t 3s
# counts: exact
import io
import os

from locust import HttpUser, constant, task
from locust.exception import StopUser

HERE = os.path.dirname(os.path.abspath(__file__))
PICTURE = bytes(range(256))


class Uploader(HttpUser):
    wait_time = constant(0)

    @task
    def upload(self):
        told = self.client.post("/upload", files={"picture": ("a.png", PICTURE, "image/png")}, name="picture").json()
        print("note: picture", told["parts"])
        with open(os.path.join(HERE, "people.csv"), "rb") as table:
            told = self.client.post("/upload", files={"table": table}, data={"kind": "people", "year": "2026"}, name="table").json()
        print("note: table", told["parts"])
        files = [
            ("pages", ("1.txt", "first", "text/plain")),
            ("pages", ("2.txt", io.BytesIO(b"second"), "text/plain", {"X-Page": "2"})),
            ("note", (None, "no file")),
        ]
        told = self.client.post("/upload", files=files, headers={"X-Batch": "7"}, name="pages").json()
        print("note: pages", told["parts"])
        told = self.client.put("/upload", data=PICTURE, headers={"Content-Type": "application/octet-stream"}, name="raw").json()
        print("note: raw", told)
        with open(os.path.join(HERE, "people.csv"), "rb") as table:
            print("note: stream", self.client.post("/upload", data=table, name="stream").json())
        print("note: chunks", self.client.post("/upload", data=(part for part in [b"one ", b"two"]), name="chunks").json())
        raise StopUser()
