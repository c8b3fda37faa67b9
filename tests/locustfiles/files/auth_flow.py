# run: -u 4 -r 4 -t 3s
# run locust: --processes 1
# counts: exact
"""Signing in, a token that wears out and is refreshed, profile, signing out; wrong passwords, and users that give up."""
import logging
import queue

from locust import HttpUser, constant, events, task
from locust.exception import StopUser

ACCOUNTS = [("ada", "secret"), ("ben", "secret"), ("eve", "guess")]
accounts = queue.Queue()
for account in ACCOUNTS:
    accounts.put(account)

EXPIRED = 401


class TokenError(Exception):
    pass


class TokenClient:
    """Keeps an access token fresh for a session."""

    def __init__(self, client):
        self.client = client
        self.access_token = None
        self.refresh_token = None
        self.refreshes = 0

    @property
    def headers(self):
        return {"Authorization": f"Bearer {self.access_token}"}

    def sign_in(self, username, password):
        form = {"username": username, "password": password, "grant_type": "password"}
        with self.client.post("/auth/token", data=form, catch_response=True) as response:
            if response.status_code == EXPIRED:
                response.failure(f"sign in refused: {response.json()['error']}")
                raise_later = TokenError(username)
            else:
                self._keep(response.json())
                raise_later = None
        if raise_later:
            raise raise_later

    def refresh(self):
        answer = self.client.post("/auth/refresh", json={"refresh_token": self.refresh_token})
        self._keep(answer.json())
        self.refreshes += 1

    def get(self, path, **kwargs):
        """Asks once more with a new token if the old one is worn out."""
        with self.client.get(path, headers=self.headers, catch_response=True, **kwargs) as response:
            if response.status_code != EXPIRED:
                return response
            response.success()
        self.refresh()
        return self.client.get(path, headers=self.headers, **kwargs)

    def _keep(self, answer):
        self.access_token = answer["access_token"]
        self.refresh_token = answer["refresh_token"]


class Member(HttpUser):
    wait_time = constant(0.01)
    rounds = 12

    def on_start(self):
        self.done = 0
        self.username, password = accounts.get_nowait()
        self.tokens = TokenClient(self.client)
        try:
            self.tokens.sign_in(self.username, password)
        except TokenError as error:
            logging.warning("note: %s gives up", error)
            raise StopUser() from error

    @task
    def profile(self):
        answer = self.tokens.get("/auth/me")
        assert answer.json()["name"] == self.username
        self.done += 1
        if self.done == self.rounds:
            self.stop()

    def on_stop(self):
        print(f"note: {self.username} refreshed {self.tokens.refreshes} times, {self.done} rounds")
        if self.tokens.access_token:
            self.client.post("/logout", headers=self.tokens.headers)


class Guest(HttpUser):
    """Is refused, and expects to be."""

    fixed_count = 1
    wait_time = constant(0.01)

    @task
    def knock(self):
        with self.client.get("/auth/me", catch_response=True) as response:
            if response.status_code == 401:
                response.success()
            else:
                response.failure("the door is open")
        self.client.get("/auth/me", headers={"Authorization": "Bearer forged"}, name="/auth/me (forged)")
        raise StopUser


@events.test_stop.add_listener
def left_over(environment, **_kwargs):
    logging.info("note: %d accounts were not used", accounts.qsize())
