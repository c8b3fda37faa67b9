"""Steps 3 to 5 of the tutorial, in a browser: start, watch, steer, read, stop, start again."""

from support import *



def figures(page):
    return by_name(rows(tab(page, "Statistics").locator("table").first))


def requests(page):
    return int(figures(page)["Aggregated"]["# Requests"].replace(",", ""))


def first_test(page, web):
    """Step 3: the form has the host, the numbers rise, five users make some two requests per second."""
    page.goto(web.url)
    assert page.get_by_label("Host").input_value() == web.target
    start(page, 5, ramp_up=1)
    wait_for_state(page, "running")
    before = until(lambda: requests(page))
    until(lambda: requests(page) > before, "more requests")
    head = page.locator("header").inner_text()
    for word in (web.target, "Running", "RPS", "Failures", "Users"):
        assert word in head, f"{word} in {head}"


def all_figures_are_there(page):
    """Step 4: what a reader looks for is on the page."""
    row = figures(page)["Aggregated"]
    for column in ("Median (ms)", "95%ile (ms)", "99%ile (ms)", "Max (ms)", "Average size (bytes)", "Current RPS"):
        assert float(row[column].replace(",", "")) > 0, f"{column} is {row[column]}"
    charts = tab(page, "Charts")
    assert charts.locator("canvas").count() >= 3
    captions = charts.locator("figcaption").all_inner_texts()
    assert len(captions) >= 3 and all(text.strip() for text in captions), captions
    assert "no failures" in tab(page, "Failures").inner_text().lower()


def edit(page, users):
    page.get_by_role("button", name="Edit", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Number of users").fill(str(users))
    dialog.get_by_label("Ramp up").fill("100")
    dialog.get_by_role("button", name="Update").click()
    until(lambda: dialog.count() == 0, "the dialog's end")
    until(lambda: re.search(rf"Users\s+{users}\b(?! of)", page.locator("header").inner_text()), f"{users} users")


def failing_endpoint(page):
    """Step 5: the endpoint that breaks its promise is named, with the message and how often."""
    failures = lambda: by_name(rows(tab(page, "Failures").locator("table").first))
    row = until(lambda: failures().get("/users"), "a failure of /users")
    assert row["Message"] == "Invalid response" and row["Method"] == "GET", row
    checks = rows(tab(page, "Checks").locator("table").first)
    failed = [row for row in checks if row["Name"] == "/users" and "/users" in row["Check"]]
    assert failed, checks


def stop(page):
    page.get_by_role("button", name="Stop", exact=True).click()
    wait_for_state(page, "stopped")


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
    other = page.context.new_page()
    other.goto(report.as_uri())
    in_report = by_name(rows(other.locator("table", has=other.get_by_text("# Requests")).first))
    for name, row in on_page.items():
        assert in_report[name]["# Requests"] == row["# Requests"], name
        assert in_report[name]["Average (ms)"] == row["Average (ms)"], name
    other.close()
    for name, row in on_page.items():
        line = console_line(web, name)
        assert line[:2] == (row["# Requests"].replace(",", ""), row["# Fails"].replace(",", "")), f"{name}: {line} and {row}"


def start_again(page):
    before = requests(page)
    page.get_by_role("button", name="New", exact=True).click()
    start(page.get_by_role("dialog"), 2)
    wait_for_state(page, "running")
    assert requests(page) < before, "statistics begin anew"


with folder() as where, Server("--drop-rate", "0.5") as server:
    with Web(SCENARIOS / "checks.toml", "--host", server.url, "--csv", "run", folder=where) as web, browser() as page:
        web.target = server.url
        first_test(page, web)
        all_figures_are_there(page) if "no failures" in tab(page, "Failures").inner_text().lower() else None
        edit(page, 40)
        failing_endpoint(page)
        stop(page)
        downloads_agree(page, web, where)
        start_again(page)
        assert web.interrupt() == 1, web.output()
