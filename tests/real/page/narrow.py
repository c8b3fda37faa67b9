"""The page and the report on small screens: only tables and tabs scroll sideways, and nothing is cut off, in every
state, with every tab, at the widths of phones and of a tablet."""

from support import *

WIDTHS = (320, 390, 768)
TASK = """[[user.task]]
get = "/{name}"
tags = ["read", "{name}"]
"""
SCENARIO = """
[parameter.region]
default = "eu"
help = "Which of the data centres"
[[user]]
name = "CustomerWhoBrowsesTheCatalogue"
wait_time = "50ms"
""" + "".join(TASK.format(name=name) for name in ("a-long-name-of-a-path", "users", "status/500"))
SHAPE = "[load]\nstage = [{ duration = \"2s\", users = 3, spawn_rate = 100 }]\n"

# What reaches over the edge of what it is in, where that does not scroll: its text, for the message.
CUT_OFF = """selector => [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility()).filter((each) => {
    for (let box = each.parentElement; box; box = box.parentElement) {
        const style = getComputedStyle(box);
        if (style.overflowX === "visible") continue;
        const [own, edge] = [each.getBoundingClientRect(), box.getBoundingClientRect()];
        return own.right > edge.right + 1 || own.left < edge.left - 1;
    }
    return each.scrollWidth > each.clientWidth + 1;
}).map((each) => each.innerText || each.outerHTML)"""


def fits(page, what, selector=None):
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(60)
        wide, seen = page.evaluate("() => [document.scrollingElement.scrollWidth, document.scrollingElement.clientWidth]")
        assert wide <= seen, f"{what} is {wide} pixels wide, on a screen of {seen}"
        # The host is to be read as a whole, whatever stands beside it.
        for each in filter(None, (".host", selector)):
            cut = page.evaluate(CUT_OFF, each)
            assert not cut, f"{what}, {width} pixels: {cut} is cut off"


def every_tab(page, what):
    # Where the tabs are all to be seen, and may be pressed.
    names = page.get_by_role("tab").all_inner_texts()
    assert len(names) >= 9, names
    for name in names:
        page.set_viewport_size({"width": 1280, "height": 800})
        name = name.split("\n")[0]
        tab(page, re.compile(f"^{re.escape(name)}"))
        fits(page, f"{name} of a run that is {what}")


def form(page, what):
    fits(page, what)
    page.get_by_text("Advanced options").click()
    fits(page, f"{what} with advanced options", selector=".start table th, .start table input")
    shown = page.get_by_role("group", name="User classes").inner_text()
    assert "GET /a-long-name-of-a-path, GET /users" in shown, shown


with folder() as where, Server("--drop-rate", "0.1") as server, browser() as page:
    scenario = Path(where) / "s.toml"
    scenario.write_text(SCENARIO)
    with Web(scenario, "--host", server.url, "--html", "run.html", folder=where) as web:
        page.goto(web.url)
        page.get_by_label("Number of users").wait_for()
        form(page, "the form")
        page.get_by_label("Number of users").fill("5")
        page.get_by_role("button", name="Start", exact=True).click()
        wait_for_state(page, "spawning")
        until(lambda: "RPS (10 s)" in page.locator("header").inner_text(), "figures")
        every_tab(page, "on")
        page.get_by_role("button", name="Edit", exact=True).click()
        fits(page, "the form of a change")
        page.get_by_role("button", name="Cancel", exact=True).click()
        page.get_by_role("button", name="Stop", exact=True).click()
        wait_for_state(page, "stopped")
        every_tab(page, "over")
        head = page.locator("header").inner_text()
        assert all(f"{name}\n" in head for name in ("Median", "95%ile", "Max")), head
        page.get_by_role("button", name="New", exact=True).click()
        form(page, "the form of another run")
        page.get_by_role("button", name="Cancel", exact=True).click()
        # As on Locust's page, where Reset stays after the stop.
        page.get_by_role("button", name="Reset", exact=True).click()
        until(lambda: re.search(r"RPS\s+0\.00", page.locator("header").inner_text()), "statistics that begin anew")
        fits(page, "a run that was reset")
        assert web.interrupt() in (0, 1), web.output()
    page.goto(Path(f"{where}/run.html").as_uri())
    fits(page, "the report")

    scenario.write_text(SHAPE + SCENARIO)
    with Web(scenario, "--host", server.url, folder=where) as web:
        page.goto(web.url)
        page.get_by_role("button", name="Start", exact=True).click()
        wait_for_state(page, "stopped")
        assert "The load shape is over" in page.locator("header").inner_text()
        fits(page, "a run that ended by itself")
        web.interrupt()
