"""A picture of the requests per CPU second: bars from zero, so that lengths can be compared.

The scale is linear although Locust's bars are then mere lines. On a logarithmic one a third more is
a hair's breadth, and where a bar begins, and so how long it is, would be anybody's choice; how
little a short one stands for is written beside it.

The picture brings its own background: whoever shows it need not be as light or dark as the system
says that it likes to be.
"""

from html import escape

WIDTH = 760
MARGIN = 24
LABELS = 168
VALUES = 84
TOP = 76
ROW = 28
BAR = 16
TICKS_MAX = 6

STYLE = """
    .page { fill: #ffffff; stroke: #d0d7de }
    text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
    .title { font-size: 16px; font-weight: 600 }
    .small { font-size: 11px; fill: #59636e }
    .value { paint-order: stroke; stroke: #ffffff; stroke-width: 4px }
    .grid { stroke: #d0d7de }
    .bar { fill: #8c959f }
    .ours { fill: #0969da }
    .floor { fill: #eaeef2; stroke: #8c959f }
    .range { stroke: #1f2328 }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117; stroke: #3d444d }
      text { fill: #f0f6fc }
      .small { fill: #9198a1 }
      .value { stroke: #0d1117 }
      .grid { stroke: #30363d }
      .bar { fill: #6e7681 }
      .ours { fill: #4493f8 }
      .floor { fill: #21262d; stroke: #6e7681 }
      .range { stroke: #f0f6fc }
    }
"""


def chart(rows, title, lines):
    """Returns the picture as text. `lines` below the bars describe the measurement."""
    rows = sorted(rows, key=median, reverse=True)
    most = max(row["requests_per_cpu_second"]["max"] for row in rows)
    scale = (WIDTH - 2 * MARGIN - LABELS - VALUES) / most
    bottom = TOP + ROW * len(rows)
    height = bottom + 16 + 16 * len(lines) + 12
    told = "; ".join(f"{row['label']} {median(row):,.0f}" for row in rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" aria-labelledby="title desc">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape("Bar chart, more is better. " + told + ".")}</desc>',
        f"<style>{STYLE}  </style>",
        f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>',
        f'<text class="title" x="{MARGIN}" y="34">{escape(title)}</text>',
        *grid(most, scale, bottom),
    ]
    for at, row in enumerate(rows):
        parts += bar(row, TOP + ROW * at, scale)
    for at, line in enumerate(lines):
        y = bottom + 28 + 16 * at
        parts.append(f'<text class="small" x="{MARGIN}" y="{y}">{escape(line)}</text>')
    return "\n  ".join(parts) + "\n</svg>\n"


def median(row):
    return row["requests_per_cpu_second"]["median"]


def tick_step(most):
    """Returns the smallest of 1, 2, 5, 10, 20, ... with few steps to the end."""
    power = 1
    while True:
        for digit in (1, 2, 5):
            if most / (digit * power) <= TICKS_MAX:
                return digit * power
        power *= 10


def grid(most, scale, bottom):
    for value in range(0, int(most) + 1, tick_step(most)):
        x = MARGIN + LABELS + value * scale
        yield f'<line class="grid" x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{bottom}"/>'
        yield (f'<text class="small" x="{x:.1f}" y="{TOP - 14}" text-anchor="middle">'
               f"{value:,}</text>")


def bar(row, top, scale):
    """The label, the bar, its range over the rounds as a line, the number."""
    values = row["requests_per_cpu_second"]
    left, middle = MARGIN + LABELS, top + ROW / 2
    kind = next((kind for kind, start in (("ours", "gregaria"), ("floor", "floor"))
                 if row["client"].startswith(start)), "bar")
    length = max(values["median"] * scale, 1)
    low, high = left + values["min"] * scale, left + values["max"] * scale
    return [
        f'<text x="{left - 10}" y="{middle + 4.5}" text-anchor="end">{escape(row["label"])}</text>',
        f'<rect class="{kind}" x="{left}" y="{middle - BAR / 2}" width="{length:.1f}" '
        f'height="{BAR}"/>',
        f'<line class="range" x1="{low:.1f}" y1="{middle}" x2="{high:.1f}" y2="{middle}"/>',
        f'<text class="value" x="{max(high, left + length) + 8:.1f}" y="{middle + 4.5}">'
        f'{values["median"]:,.0f}</text>',
    ]
