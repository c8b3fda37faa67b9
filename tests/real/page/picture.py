"""Charts as PNG, from the page and from the report: with title, legend and axes, in the theme that is shown."""

import base64

from support import *

# The colours of a picture: of its corner, how many there are, and in which rows those of a line are.
LOOK = """async ([data, line]) => {
    const image = new Image();
    image.src = "data:image/png;base64," + data;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
    const ink = canvas.getContext("2d");
    ink.fillStyle = line;
    ink.fillRect(0, 0, 1, 1);
    const wanted = [...ink.getImageData(0, 0, 1, 1).data].slice(0, 3);
    ink.drawImage(image, 0, 0);
    const { data: all } = ink.getImageData(0, 0, image.width, image.height);
    const [rows, inked] = [new Set(), new Set()];
    const corner = [...all.slice(0, 3)];
    for (let i = 0; i < all.length; i += 4) {
        const row = Math.floor(i / 4 / image.width);
        // A thin line is mixed with what is behind it.
        if (wanted.every((part, at) => Math.abs(part - all[i + at]) < 8 + 0.4 * Math.abs(part - corner[at]))) rows.add(row);
        if (corner.some((part, at) => Math.abs(part - all[i + at]) > 40)) inked.add(row);
    }
    return { width: image.width, height: image.height, corner, rows: [...rows], inked: [...inked] };
}"""


def save(page, title):
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Save as PNG: {title}", exact=True).click()
    data = Path(download.value.path()).read_bytes()
    assert data.startswith(b"\x89PNG"), data[:20]
    return download.value.suggested_filename, data


def check(page, lens, title, name, colour, dark):
    """`lens` is a page that may load pictures, which a report may not."""
    file, data = save(page, title)
    assert file == name, file
    canvas = page.locator("figure", has=page.get_by_role("heading", name=title, exact=True)).locator(".canvas")
    shown = canvas.evaluate("(each, name) => [each.clientWidth, getComputedStyle(each).getPropertyValue(name)]", colour)
    look = lens.evaluate(LOOK, [base64.b64encode(data).decode(), shown[1].strip()])
    ratio = page.evaluate("() => devicePixelRatio")
    assert look["width"] == round((shown[0] + 28) * ratio), (look["width"], shown)
    # Above and below the plot, which is 220 pixels high, there are title, run, legend and summary.
    assert look["height"] > 300 * ratio, look["height"]
    assert (max(look["corner"]) < 60) == dark, look["corner"]
    top = [row for row in look["rows"] if row < 90 * ratio]
    assert top and max(look["rows"]) > 110 * ratio, f"the line's colour is in the legend and in the plot: {look['rows']}"
    # Text in the title's line, and in the last one.
    assert any(row < 40 * ratio for row in look["inked"]) and max(look["inked"]) > look["height"] - 45 * ratio


CHARTS = [
    ("Total Requests per Second", "gregaria-total-requests-per-second.png", "--rps"),
    ("Response Times (ms)", "gregaria-response-times-ms.png", "--p50"),
    ("Number of Users", "gregaria-number-of-users.png", "--users"),
]

with folder() as where, Server() as server:
    words = (SCENARIOS / "first.toml", "--host", server.url, "--html", "run.html", "--autostart", "-u", "5", "-r", "100")
    for options in ({}, {"viewport": {"width": 390, "height": 800}, "device_scale_factor": 2}):
        with Web(*words, folder=where) as web, browser(accept_downloads=True, **options) as page:
            lens = page.context.new_page()
            page.goto(web.url)
            wait_for_state(page, "running")
            time.sleep(3)
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                tab(page, "Charts")
                for chart in CHARTS:
                    check(page, lens, *chart, theme == "dark")
            web.interrupt()
            page.goto(Path(f"{where}/run.html").as_uri())
            for chart in CHARTS:
                check(page, lens, *chart, True)
            assert page.get_by_role("button", name=re.compile("^Save as PNG")).count() >= 6
