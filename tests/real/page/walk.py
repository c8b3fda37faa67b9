"""Steps 3 to 5 of the tutorial, in a browser: start, watch, steer, read, stop, start again."""

from datetime import datetime

from support import *


def figures(page):
    return by_name(rows(tab(page, "Statistics").locator("table").first))


def requests(page, column="# Requests"):
    return int(figures(page)["Aggregated"][column].replace(",", ""))


def first_test(page, web):
    """Step 3: the form has the host, the numbers rise, five users make some two requests per second."""
    page.goto(web.url)
    assert page.get_by_label("Host").input_value() == web.target
    start(page, 5, ramp_up=1)
    until(lambda: focused(page) == "Statistics", lambda: f"the focus on the tab, and it is on {focused(page)}")
    wait_for_state(page, "spawning")
    edit(page, 5, ramp_up=1, shown=(5, 1))
    wait_for_state(page, "running")
    charts_are_of_now(page)
    selection_stays(page)
    before = until(lambda: requests(page))
    until(lambda: requests(page) > before, "more requests")
    head = page.locator("header").inner_text()
    for word in (web.target, "Running", "RPS", "Failures", "Users"):
        assert word in head, f"{word} in {head}"


def all_figures_are_there(page):
    """Step 4: the figures that the tutorial names are on the page."""
    row = figures(page)["Aggregated"]
    for column in ("Median (ms)", "95%ile (ms)", "99%ile (ms)", "Max (ms)", "Average size (bytes)", "Current RPS"):
        assert float(row[column].replace(",", "")) > 0, f"{column} is {row[column]}"
    charts = tab(page, "Charts")
    assert charts.locator("canvas").count() >= 3
    captions = charts.locator("figcaption").all_inner_texts()
    assert len(captions) >= 3 and all(text.strip() for text in captions), captions
    assert "no failures" in tab(page, "Failures").inner_text().lower()


def times(page):
    """The times of day, as seconds, of the figures of the first chart."""
    chart = tab(page, "Charts").locator("figure").first
    # The table has the figures of the moment when it was opened.
    if chart.locator("details").get_attribute("open") is not None:
        chart.get_by_text("Figures as a table").click()
    chart.get_by_text("Figures as a table").click()
    chart.locator("table").wait_for()
    texts = chart.locator("tbody th").all_inner_texts()
    return [sum(int(part) * 60 ** i for i, part in enumerate(reversed(text.split()[0].split(":")))) for text in texts]


def charts_are_of_now(page):
    """The charts show the present time, and not 1970."""
    until(lambda: times(page), "figures in a chart")
    latest, now = times(page)[-1], datetime.now()
    age = (now.hour * 3600 + now.minute * 60 + now.second - latest) % 86_400
    assert age < 15, f"the latest figure is {age} s old"


def focused(page):
    return page.evaluate("() => document.activeElement.innerText")


def selection_stays(page):
    """Selected text stays when the page is updated each second."""
    panel = tab(page, "Download Data")
    panel.get_by_text("--host").first.select_text()
    selected = lambda: page.evaluate("() => String(getSelection())")
    before, elapsed = selected(), page.locator("header dl").inner_text()
    assert "--host" in before, before
    until(lambda: page.locator("header dl").inner_text() != elapsed, "the next second")
    time.sleep(1.2)
    assert selected() == before, selected()


def edit(page, users, ramp_up=100, shown=None):
    """Changes the load in the dialog, which first shows the present target."""
    page.get_by_role("button", name="Edit", exact=True).click()
    dialog = page.get_by_role("dialog")
    fields = [dialog.get_by_label(label) for label in ("Number of users", "Ramp up")]
    if shown:
        values = [field.input_value() for field in fields]
        assert values == list(map(str, shown)), f"{values}, not {shown}"
    for field, value in zip(fields, (users, ramp_up)):
        field.fill(str(value))
    dialog.get_by_role("button", name="Update").click()
    until(lambda: dialog.count() == 0, "the dialog's end")


def has_users(page, users):
    until(lambda: re.search(rf"Users\s+{users}\b(?! of)", page.locator("header").inner_text()), f"{users} users")


def edit_on_the_way(page):
    """During a ramp, the dialog shows its target, and not the present number of users."""
    edit(page, 60, ramp_up=2, shown=(5, 1))
    wait_for_state(page, "spawning")
    time.sleep(1.5)
    edit(page, 40, shown=(60, 2))
    has_users(page, 40)


def failing_endpoint(page):
    """Step 5: the failing endpoint is listed with its message and count."""
    failures = lambda: by_name(rows(tab(page, "Failures").locator("table").first))
    row = until(lambda: failures().get("/users"), "a failure of /users")
    assert row["Message"] == "Invalid response" and row["Method"] == "GET", row
    checks = rows(tab(page, "Checks").locator("table").first)
    failed = [row for row in checks if row["Name"] == "/users" and "/users" in row["Check"]]
    assert failed, checks


def overtaken(page, web):
    """If another page starts a run, this one says so, and keeps what was typed."""
    other = page.context.new_page()
    other.goto(web.url)
    page.goto(web.url)
    page.get_by_label("Number of users").fill("17")
    start(other, 3)
    until(lambda: "Somebody else started" in page.locator("header").inner_text(), "being told")
    stop(other)
    other.close()
    wait_for_state(page, "stopped")
    page.get_by_role("button", name="New", exact=True).click()
    assert page.get_by_role("dialog").get_by_label("Number of users").input_value() == "17"
    web.interrupt()


def stop(page):
    page.get_by_role("button", name="Stop", exact=True).click()
    wait_for_state(page, "stopped")
    until(lambda: focused(page) == "New", lambda: f"the focus on New, and it is on {focused(page)}")
    head = page.locator("header").inner_text()
    assert re.search(r"Users\s+0\s", head) and "(10 s)" not in head, head


def downloads_agree(page, web, where):
    """The CSV of the page is the file of the run, and the report shows what the page shows."""
    panel = tab(page, "Download Data")
    with page.expect_download() as download:
        panel.get_by_role("link", name=re.compile("requests", re.I)).first.click()
    download.value.save_as(f"{where}/downloaded.csv")
    assert Path(f"{where}/downloaded.csv").read_bytes() == Path(f"{where}/run_stats.csv").read_bytes()
    with page.expect_download() as download:
        panel.get_by_role("link", name=re.compile("report", re.I)).first.click()
    report = Path(f"{where}/downloaded.html")
    download.value.save_as(report)
    on_page = figures(page)
    steered = "The 4 commands that were given on the way are not in it"
    assert steered in tab(page, "Download Data").inner_text(), tab(page, "Download Data").inner_text()
    other = page.context.new_page()
    other.goto(report.as_uri())
    assert steered in other.locator("body").inner_text()
    in_report = by_name(rows(other.locator("table", has=other.get_by_text("# Requests")).first))
    for name, row in on_page.items():
        assert in_report[name]["# Requests"] == row["# Requests"], name
        assert in_report[name]["Average (ms)"] == row["Average (ms)"], name
    other.close()
    for name, row in on_page.items():
        line = console_line(web, name)
        assert line[:2] == (row["# Requests"].replace(",", ""), row["# Fails"].replace(",", "")), f"{name}: {line} and {row}"


def whole_run_when_stopped(page):
    """After the stop there are no current rates."""
    row = figures(page)["Aggregated"]
    assert "Current RPS" not in row and float(row["RPS"]) > 0, row
    assert page.get_by_role("tab", name="Final ratio").is_visible()
    assert f"RPS\n{row['RPS']}" in page.locator("header").inner_text(), row


def start_again(page, was=None):
    before = requests(page)
    page.get_by_role("button", name="New", exact=True).click()
    dialog = page.get_by_role("dialog")
    if was:
        assert dialog.get_by_label("Number of users").input_value() == str(was), "what was typed is kept"
    start(dialog, 2)
    wait_for_state(page, "running")
    assert requests(page) < before, "statistics begin anew"
    assert focused(page) == "Statistics", focused(page)


def second_run_is_drawn(page):
    """The charts show it beside the first run, also on a reloaded page."""
    page.reload()
    wait_for_state(page, "running")
    charts_are_of_now(page)
    until(lambda: requests(page) > 6, "more than the next run starts with")
    stop(page)
    first = times(page)
    start_again(page)
    charts_are_of_now(page)
    until(lambda: len(times(page)) > len(first) + 2, "figures of the second run")
    charts = tab(page, "Charts")
    assert "Run #" in charts.locator("ol.marks").text_content()
    legend = charts.locator(".legend").first
    before = legend.inner_text()
    until(lambda: legend.inner_text() != before, lambda: f"other figures than {before}")


def changed_file(page, where, url):
    """The scenario's file gets a new parameter. The error shows its field, and the form keeps what was typed and
    ticked."""
    file = Path(where) / "changed.toml"
    text = (SCENARIOS / "checks.toml").read_text()
    named = lambda name: f'\n[[user]]\nname = "{name}"\n[[user.task]]\nget = "/"\n'
    file.write_text(text + named("Other"))
    with Web(file, "--host", url) as web:
        page.goto(web.url)
        page.get_by_text("Advanced options").click()
        page.get_by_label("Other", exact=True).uncheck()
        # The first error is about the parameter only. After the second, the form has the new class before Other.
        needs = f"{text}{named('New')}{named('Other')}\n[parameter.region]\nrequired = true\n"
        file.write_text(needs)
        start(page, 3)
        field = page.get_by_label("region")
        field.wait_for()
        until(lambda: focused_field(page) == field.get_attribute("id"), "the focus on the new field")
        assert "'region' needs a value" in page.locator("main").inner_text()
        assert page.get_by_label("Number of users").input_value() == "3"
        field.fill("eu")
        page.get_by_label("Host").fill("nowhere")
        page.get_by_role("button", name="Start", exact=True).click()
        until(lambda: page.get_by_label("New", exact=True).count(), "the new class")
        ticked = [page.get_by_label(name, exact=True).is_checked() for name in ("APIUser", "New", "Other")]
        assert ticked == [True, True, False], ticked
        assert field.input_value() == "eu"
        # The browser's console logs errors of requests, too.
        page.wrong[:] = [each for each in page.wrong if "status of 422" not in each]
        page.get_by_label("Host").fill(url)
        page.get_by_role("button", name="Start", exact=True).click()
        wait_for_state(page, "running")


def emptied_fields(page, url):
    """The form shows values of the command line. Emptied fields remove them from the run."""
    with Web(SCENARIOS / "checks.toml", "--host", url, "-t", "1h", "--profile", "nightly") as web:
        page.goto(web.url)
        page.get_by_text("Advanced options").click()
        fields = [page.get_by_label(label) for label in ("Run time", "Profile")]
        assert [field.input_value() for field in fields] == ["1h", "nightly"]
        for field in fields:
            field.fill("")
        start(page, 1)
        wait_for_state(page, "running")
        facts = page.request.get(f"{web.url}/api/v1/view").json()["facts"]
        assert facts["run_time"] is None and facts["profile"] is None, facts


def focused_field(page):
    return page.evaluate("() => document.activeElement.id")


with folder() as where, Server("--drop-rate", "0.5") as server:
    with Web(SCENARIOS / "checks.toml", "--host", server.url, "--csv", "run", folder=where) as web, browser() as page:
        web.target = server.url
        first_test(page, web)
        all_figures_are_there(page) if "no failures" in tab(page, "Failures").inner_text().lower() else None
        edit_on_the_way(page)
        failing_endpoint(page)
        stop(page)
        whole_run_when_stopped(page)
        downloads_agree(page, web, where)
        start_again(page, was=5)
        second_run_is_drawn(page)
        until(lambda: requests(page, "# Fails"), "failures of the last run, of which the exit code tells")
        assert web.interrupt() == 1, web.output()

    with Web(SCENARIOS / "checks.toml", "--host", server.url) as web, browser() as page:
        overtaken(page, web)

    with browser() as page:
        changed_file(page, where, server.url)

    with browser() as page:
        emptied_fields(page, server.url)
