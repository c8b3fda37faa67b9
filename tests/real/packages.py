"""A locustfile that uses ten packages which are partly written in C or Rust, each in a task of its own."""
from urllib.parse import urlsplit

import faker
import numpy
import orjson
import pandas
import pydantic
import redis
import requests
import websocket
from cryptography.fernet import Fernet
from lxml import etree

from locust import HttpUser, task

names = faker.Faker()
names.seed_instance(7)


class Order(pydantic.BaseModel):
    name: str
    amounts: list[int]

    @pydantic.field_validator("amounts")
    @classmethod
    def positive(cls, amounts):
        # Native code that calls Python, which switches fibers.
        for amount in amounts:
            assert amount > 0
        return amounts


class Visitor(HttpUser):
    def port(self, after):
        return urlsplit(self.host).port + after

    @task
    def numbers(self):
        matrix = numpy.arange(9.0).reshape(3, 3)
        self.client.get(f"/numpy/{int((matrix @ matrix).trace())}")

    @task
    def frames(self):
        frame = pandas.DataFrame({"who": ["a", "b", "a"], "much": [1, 2, 3]})
        # apply() calls back into Python, which makes a request.
        frame.groupby("who").much.sum().apply(lambda much: self.client.get(f"/pandas/{much}"))

    @task
    def models(self):
        items = self.client.get("/pydantic").json()["items"]
        assert Order(name=names.name(), amounts=items).model_dump()["amounts"] == [1, 2, 3]
        try:
            Order(name="none", amounts=[0])
        except pydantic.ValidationError:
            self.client.get("/pydantic/refused")

    @task
    def texts(self):
        # Its default function is called by Rust, and makes a request.
        text = orjson.dumps({"who": self}, default=lambda _: self.client.get("/orjson").status_code)
        assert orjson.loads(text) == {"who": 200}

    @task
    def documents(self):
        tree = etree.fromstring("<a><b>1</b><b>2</b></a>")
        self.client.get(f"/lxml/{len(tree.xpath('//b'))}")

    @task
    def secrets(self):
        box = Fernet(Fernet.generate_key())
        assert box.decrypt(box.encrypt(b"text")) == b"text"
        self.client.get("/cryptography")

    @task
    def others(self):
        assert requests.get(f"{self.host}/requests", timeout=5).json()["items"] == [1, 2, 3]
        self.client.get("/after-requests")

    @task
    def keys(self):
        with redis.Redis(port=self.port(1), protocol=2, decode_responses=True) as kept:
            kept.set("name", "value")
            assert kept.get("name") == "value"
        self.client.get("/redis")

    @task
    def sockets(self):
        connection = websocket.create_connection(f"ws://127.0.0.1:{self.port(2)}/", timeout=5)
        connection.send("hello")
        assert connection.recv() == "hello"
        connection.close()
        self.client.get("/websocket-client")
