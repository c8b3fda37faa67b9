"""The classes of a locustfile: picked, edited as on Locust's page, and started with the file's own arguments."""

from support import *

FILE = """
from locust import HttpUser, TaskSet, constant, events, task

@events.init_command_line_parser.add_listener
def arguments(parser):
    parser.add_argument("--region", choices=["eu", "us"], default="eu", help="Where it runs")
    parser.add_argument("--api-key", is_secret=True, default="hunter2")
    parser.add_argument("--internal", default="i", include_in_web_ui=False)

@events.test_start.add_listener
def started(environment, **kwargs):
    options = environment.parsed_options
    print("started with", options.region, options.api_key, options.internal, flush=True)

class Reader(HttpUser):
    wait_time = constant(0.05)
    host = "http://127.0.0.1:9"

    @task
    def home(self):
        self.client.get("/")

    @task
    def status(self):
        self.client.get("/status")

class Writer(Reader):
    pass
"""


def row(page, name):
    return page.locator("tr", has=page.get_by_role("rowheader", name=re.compile(f"^{name}")))


def edit(page, name, button="Save", **values):
    """Changes fields of a class; a task is unticked. Returns its dialog."""
    row(page, name).get_by_role("button").click()
    dialog = page.get_by_role("dialog", name=f"Edit {name}")
    for label, value in values.items():
        if value is False:
            dialog.get_by_label(label, exact=True).uncheck()
        else:
            dialog.get_by_label(label.replace("_", " ")).fill(str(value))
    dialog.get_by_role("button", name=button).click()
    return dialog


def edited(page, url):
    """What is wrong is told beside its field; what is saved is in the table, and what was typed stays."""
    page.get_by_label("Number of users").fill("3")
    page.get_by_text("Advanced options").click()
    page.get_by_label("Writer", exact=True).uncheck()
    assert "home, status" in row(page, "Reader").inner_text(), row(page, "Reader").inner_text()
    dialog = edit(page, "Reader", Host="nowhere")
    until(lambda: "'nowhere' has no scheme" in dialog.inner_text(), dialog.inner_text)
    assert dialog.get_by_label("Host").get_attribute("aria-invalid") == "true"
    # The browser's console logs errors of requests, too.
    page.wrong[:] = [each for each in page.wrong if "status of 422" not in each]
    dialog.get_by_label("Host").fill(url)
    dialog.get_by_label("Weight").fill("4")
    dialog.get_by_label("home", exact=True).uncheck()
    dialog.get_by_role("button", name="Save").click()
    until(lambda: page.get_by_role("dialog").count() == 0, "the dialog's end")
    text = until(lambda: (text := row(page, "Reader").inner_text()) and "home" not in text and text, "the change")
    assert url in text and "status" in text and "4" in text, text
    assert not page.get_by_label("Writer", exact=True).is_checked(), "what was ticked stays"
    assert page.get_by_label("Number of users").input_value() == "3", "what was typed stays"
    edit(page, "Reader", button="Cancel", Weight="7")
    edit(page, "Reader", Fixed_count="2")
    until(lambda: "fixed: 2" in row(page, "Reader").inner_text(), "the fixed count")


def arguments(page):
    """The file's own arguments: with choices and defaults; secrets are not shown, others not at all."""
    region = page.get_by_label("region")
    assert region.input_value() == "eu" and region.locator("option").all_inner_texts() == ["eu", "us"]
    assert "Where it runs" in page.locator("main").inner_text()
    assert page.get_by_label("api_key").get_attribute("type") == "password"
    assert page.get_by_label("internal").count() == 0
    region.select_option("us")
    page.get_by_label("api_key").fill("sesame")


with folder() as where, Server() as server:
    (Path(where) / "locustfile.py").write_text(FILE)
    with Web("-f", "locustfile.py", folder=where) as web, browser() as page:
        page.goto(web.url)
        edited(page, server.url)
        arguments(page)
        page.get_by_role("button", name="Start", exact=True).click()
        wait_for_state(page, "running")
        view = lambda: page.request.get(f"{web.url}/api/v1/view").json()
        until(lambda: (view()["total"] or {}).get("num_requests"), "requests")
        assert [(each["name"], each["running"]) for each in view()["classes"]] == [("Reader", 2)], view()["classes"]
        assert {entry["name"] for entry in view()["entries"]} == {"/status"}, view()["entries"]
        # The next run begins with what was saved.
        page.get_by_role("button", name="Stop", exact=True).click()
        wait_for_state(page, "stopped")
        page.get_by_role("button", name="New", exact=True).click()
        page.get_by_text("Advanced options").click()
        assert "fixed: 2" in row(page, "Reader").inner_text()
        assert "started with us sesame i" in web.output(), web.output()
        assert "sesame" not in web.output().replace("started with us sesame i", "")
