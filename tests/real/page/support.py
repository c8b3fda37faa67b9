"""Starts gregaria, and a browser for its page."""

import contextlib
import csv
import json
import os
import re
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

GREGARIA = os.environ["GREGARIA_TEST_COMMAND"]
SCENARIOS = Path(os.environ["GREGARIA_TEST_SCENARIOS"])
CHROMIUM = os.environ.get("GREGARIA_TEST_CHROMIUM", "/usr/bin/chromium")
# Without these it sends requests to its vendor's hosts, and root cannot start it.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
PATIENCE = 30


class Process:
    """A process whose output is kept, and which ends with the test."""

    def __init__(self, *words, folder=None):
        self.words = words
        self.process = subprocess.Popen([GREGARIA, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL, text=True, cwd=folder)
        self.lines = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def output(self):
        return "".join(self.lines)

    def says(self, pattern):
        """Waits until the pattern is in the output. Returns its first group."""
        return until(lambda: re.search(pattern, self.output()), lambda: f"{pattern} in:\n{self.output()}").group(1)

    def interrupt(self):
        """Sends SIGINT. Returns the exit code."""
        self.process.send_signal(2)
        code = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Server(Process):
    """The built-in server."""

    def __init__(self, *words):
        super().__init__("serve", "--port", "0", *words)
        self.url = "http://" + self.says(r"http://([\d.]+:\d+)")


class Web(Process):
    """A run with a page."""

    def __init__(self, *words, folder=None):
        super().__init__(*words, "--web", "--web-port", "0", folder=folder)
        self.url = self.says(r"web interface at (http://[\d.:]+)")


@contextlib.contextmanager
def browser(**options):
    """A page in a browser. Fails if a script fails or another host is requested."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = chromium.new_context(**options).new_page()
        page.set_default_timeout(PATIENCE * 1000)
        wrong = []
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: wrong.append(request.url) if not is_ours(request.url) else None)
        page.wrong = wrong
        try:
            yield page
        except BaseException:
            print("the browser said:", *wrong, sep="\n")
            raise
        chromium.close()
        # The event stream fails when the server ends while the page is open.
        wrong = [each for each in wrong if "ERR_CONNECTION_REFUSED" not in each and "ERR_INCOMPLETE" not in each]
        assert not wrong, wrong


def is_ours(url):
    return re.match(r"http://(127\.0\.0\.1|localhost):|(file|blob|data|about):", url) is not None


def until(look, what="something"):
    """Waits until `look` returns something true, and returns it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited too long for {what() if callable(what) else what}")


def folder():
    return tempfile.TemporaryDirectory()


def start(page, users, ramp_up=100, **more):
    """Fills in the form and presses Start."""
    page.get_by_label("Number of users").fill(str(users))
    page.get_by_label("Ramp up").fill(str(ramp_up))
    if more:
        page.get_by_text("Advanced options").click()
    for label, value in more.items():
        page.get_by_label(label.replace("_", " ")).fill(str(value))
    page.get_by_role("button", name="Start", exact=True).click()


def tab(page, name):
    page.get_by_role("tab", name=name).click()
    return page.get_by_role("tabpanel")


def rows(table):
    """The rows of a table on a page: a list of dicts by column, with the text and, where there is one, the
    full figure behind it as `column*`."""
    return table.evaluate("""table => {
        const clean = (cell) => cell.innerText.replace(/[▲▼△▽↑↓]/g, "").trim();
        const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells].map(clean);
        return [...table.querySelectorAll("tbody tr, tfoot tr")].map((row) => Object.fromEntries(
            [...row.cells].flatMap((cell, i) => [[heads[i], cell.innerText.trim()], [heads[i] + "*", cell.title]])));
    }""")


def state(page):
    return page.locator("header [role=status]").inner_text().lower()


def wait_for_state(page, wanted):
    until(lambda: state(page) == wanted, lambda: f"{wanted}, and it is {state(page)}")


def by_name(table, column="Name"):
    return {row[column]: row for row in table}


def console_line(web, name):
    """Requests, failures and average in the closing table."""
    def lines():
        closing = web.output().rpartition("Statistics of")[2] or web.output()
        return re.findall(rf"^(?:GET)? +{re.escape(name)} +(\d+) +(\d+)\([\d.]+%\) +\| +(\S+)", closing, re.M)
    until(lambda: "Response time percentiles" in web.output(), "the closing tables")
    return lines()[-1]


def csv_rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def embedded(html):
    """The data in a report."""
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S).group(1)
    return json.loads(text)
