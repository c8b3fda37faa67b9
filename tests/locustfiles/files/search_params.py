# run: -u 1 -t 3s
# counts: exact
from locust import HttpUser, constant, task


class Searcher(HttpUser):
    wait_time = constant(0)

    @task
    def search(self):
        get = self.client.get
        get("/search", params={"q": "red shoes", "size": 42, "sale": True, "none": None})
        get("/search", params={"q": "lists", "tag": ["a", "b&c", "d e"]})
        get("/search", params=[("q", "pairs"), ("tag", "1"), ("tag", "2")])
        get("/search", params="q=text&tag=%41")
        get("/search?q=both", params={"page": 2})
        get("/search?q=spaces in it&umlaut=ä")
        get("/search?q=caf\u00e9+%2F%20#fragment")
        get("/search?empty=&flag", params={})
        get("/search", params={"q": "named", "page": 7}, name="/search [named]")
        get("/pages/ä ö/../x?y=/../z")
        get("/pages/a%2Fb")
        get("/search", params={"q": "café", "emoji": "🙂", "plus": "a+b", "percent": "100%"})
        get(url="/search", params=(("q", "tuple"),))
        get("/search", params={b"q": b"bytes", "float": 1.5})
        self.environment.runner.quit()
