"""Names and texts of the server under test are text, on the page and in the report, and nothing of them runs."""

import http.server

from support import *

SCRIPT = "<img src=x onerror=alert(1)><script>alert(2)</script>'\"&amp;"
SCENARIO = """
host = "{host}"
[[user]]
name = '''<b>user</b><script>alert(3)</script>'''
[[user.task]]
get = "/x"
name = '''{script}'''
check = {{ json_equals = {{ "/a" = "b" }} }}
"""


class Hostile(http.server.BaseHTTPRequestHandler):
    """Answers with markup where the check expects something else."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps({"a": SCRIPT}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def is_only_text(page, where):
    for wanted in (SCRIPT, f"JSON value at /a is"):
        assert wanted in page.locator("body").text_content(), f"{wanted} is not shown {where}"
    assert page.locator("img[src=x]").count() == 0, where
    assert page.locator("b").count() == 0, where


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
threading.Thread(target=server.serve_forever, daemon=True).start()
with folder() as where:
    host = f"http://127.0.0.1:{server.server_port}"
    Path(f"{where}/hostile.toml").write_text(SCENARIO.format(host=host, script=SCRIPT.replace("'", "’")))
    SCRIPT = SCRIPT.replace("'", "’")
    words = ("hostile.toml", "--autostart", "-i", "50", "--html", "run.html", "--profile", "</title><script>alert(4)</script>")
    with Web(*words, folder=where) as web, browser() as page:
        dialogs = []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(web.url)
        wait_for_state(page, "stopped")
        for name in ("Statistics", "Charts", "Status Codes", "Failures", "Exceptions", "Checks", re.compile("ratio", re.I), "Logs", "Generator"):
            tab(page, name)
            page.wait_for_timeout(100)
        is_only_text(page, "on the page")
        web.interrupt()
        page.goto(Path(f"{where}/run.html").as_uri())
        page.wait_for_timeout(500)
        is_only_text(page, "in the report")
        assert not dialogs, dialogs
