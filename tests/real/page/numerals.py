"""The page, the HTML report, the console and the CSV file say the same, after Ctrl-C too."""

from support import *

# What the page calls it, the file, and whether it is a time.
COLUMNS = [
    ("# Requests", "Request Count"), ("# Fails", "Failure Count"), ("Median (ms)", "Median Response Time"),
    ("Average (ms)", "Average Response Time"), ("Min (ms)", "Min Response Time"), ("Max (ms)", "Max Response Time"),
    ("95%ile (ms)", "95%"), ("99%ile (ms)", "99%"), ("Average size (bytes)", "Average Content Size"),
]


def number(text):
    return float(re.sub(r"[^\d.e-]", "", text))


def full(row, column):
    """The exact figure of a cell, or its text."""
    return number(row[column + "*"] or row[column])


def request_table(page):
    return by_name(rows(page.locator("table", has=page.get_by_text("# Requests", exact=False)).first))


def agree(shown, file, what):
    assert set(shown) == set(file), f"{what}: {set(shown)} and {set(file)}"
    for name, row in shown.items():
        for column, in_file in COLUMNS:
            if column in row:
                ours, theirs = full(row, column), float(file[name][in_file])
                # Sizes are whole bytes on the page, percentiles have four digits in the file.
                off = 0.5 if "size" in column else 1e-3 if "ile" in column or "Median" in column else 1e-9
                assert abs(ours - theirs) <= abs(theirs) * (5e-4 if off == 1e-3 else 1e-6) + off, f"{what}: {name} {column}: {ours}, file {theirs}"


def console_agrees(web, file):
    """Checks the console, whose times are rounded."""
    for name, row in file.items():
        line = console_line(web, name)
        assert (line[0], line[1]) == (row["Request Count"], row["Failure Count"]), f"{name}: {line} and {row}"
        average = float(row["Average Response Time"])
        assert abs(float(line[2]) - average) <= average * 0.01 + 0.001, f"{name}: {line} and {average}"


with folder() as where, Server("--drop-rate", "0.3", "--delay", "3ms") as server:
    words = (SCENARIOS / "checks.toml", "--host", server.url, "--csv", "run", "--html", "run.html", "--autostart",
             "-u", "30", "-r", "100", "-s", "2s")
    with Web(*words, folder=where) as web, browser() as page:
        page.goto(web.url)
        wait_for_state(page, "running")
        tab(page, "Statistics")
        until(lambda: number(request_table(page).get("Aggregated", {"# Requests": "0"})["# Requests"]) > 60)
        assert web.interrupt() == 1, web.output()
        wait_for_state(page, "stopped")
        file = by_name(csv_rows(f"{where}/run_stats.csv"))
        assert int(file["Aggregated"]["Request Count"]) > 60
        agree(request_table(page), file, "page")
        shown_failures = {(row["Name"], row["Message"]): number(row["# Failures"])
                          for row in rows(tab(page, "Failures").locator("table").first)}
        failures = {(row["Name"], row["Error"]): float(row["Occurrences"]) for row in csv_rows(f"{where}/run_failures.csv")}
        assert shown_failures == failures, f"{shown_failures} and {failures}"
        shown_statuses = {(row["Name"], row["Status"]): number(row["# Requests"])
                          for row in rows(tab(page, "Status Codes").locator("table").first)}
        statuses = {(row["Name"], row["Status Code"]): float(row["Request Count"]) for row in csv_rows(f"{where}/run_status_codes.csv")}
        assert shown_statuses == statuses and ("Aggregated", "200") in statuses, f"{shown_statuses} and {statuses}"
        examples = [failure["example"] for failure in embedded(Path(f"{where}/run.html").read_text())["view"]["failures"]]
        assert examples and all(example["request"] > 0 for example in examples), examples
        console_agrees(web, file)
        page.goto(Path(f"{where}/run.html").as_uri())
        agree(request_table(page), file, "report")
        html = Path(f"{where}/run.html").read_text()
        view = embedded(html)["view"]
        assert view["total"]["num_requests"] == int(file["Aggregated"]["Request Count"])
        history = embedded(html)["history"]
        lasting = [b - a for a, b in zip([0] + history["at_s"], history["at_s"])]
        drawn = sum(rate * time for rate, time in zip(history["rps"], lasting))
        assert abs(drawn - view["total"]["num_requests"]) < 2, f"the chart has {drawn} requests"
