"""The results of all rounds: medians with their range, ratios within a round, a Markdown table."""

import statistics

METRICS = ("requests", "failures", "cpu_us_per_request", "user_us_per_request",
           "system_us_per_request", "server_us_per_request", "requests_per_cpu_second",
           "bytes_per_cpu_second", "p50_ms", "p99_ms", "peak_memory_bytes")


def result(number, client, told, cost, server, body_bytes):
    """One client's run in one round."""
    start_user_s, start_system_s = told.start_up_s
    user_s, system_s = cost.user_s - start_user_s, cost.system_s - start_system_s
    cpu_s = user_s + system_s
    return {
        "round": number, "client": client.name,
        "requests": told.requests, "failures": told.failures,
        "requests_seen_by_server": server.requests,
        "user_s": user_s, "system_s": system_s, "wall_s": cost.wall_s,
        "cpu_us_per_request": 1e6 * cpu_s / told.requests,
        "user_us_per_request": 1e6 * user_s / told.requests,
        "system_us_per_request": 1e6 * system_s / told.requests,
        "server_us_per_request": 1e6 * server.cpu_s / server.requests if server.requests else None,
        "requests_per_cpu_second": told.requests / cpu_s,
        "bytes_per_cpu_second": body_bytes and body_bytes * told.requests / cpu_s,
        "p50_ms": told.p50_ms, "p99_ms": told.p99_ms,
        "peak_memory_bytes": cost.peak_memory_bytes,
    }


def summarise(results, clients, references):
    """A row per client with results: every metric, and its CPU time per request to that of each
    reference in the same round, as the speed of a machine moves and neighbours move alike.
    """
    rows = []
    for client in clients:
        own = [one for one in results if one["client"] == client.name]
        if not own:
            continue
        row = {"client": client.name, "label": client.label, "rounds": len(own)}
        for metric in METRICS:
            row[metric] = spread(one[metric] for one in own)
        row["cpu_to"] = {name: spread(ratios(own, results, name)) for name in references}
        rows.append(row)
    return rows


def spread(values):
    values = [value for value in values if value is not None]
    if not values:
        return None
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def ratios(own, results, reference):
    beside = {one["round"]: one["cpu_us_per_request"] for one in results
              if one["client"] == reference}
    return [one["cpu_us_per_request"] / beside[one["round"]] for one in own
            if one["round"] in beside]


def table(rows, references, with_server):
    """The Markdown table, without empty columns."""
    columns = [
        ("client", lambda row: row["label"]),
        ("requests", lambda row: number(row["requests"], 0)),
        ("failed", lambda row: row["failures"]["max"] and number(row["failures"], 0)),
        ("CPU us per request (range)", lambda row: ranged(row["cpu_us_per_request"])),
        ("user", lambda row: number(row["user_us_per_request"], 2)),
        ("sys", lambda row: number(row["system_us_per_request"], 2)),
        ("server us", lambda row: with_server and number(row["server_us_per_request"], 2)),
        ("requests per CPU second", lambda row: number(row["requests_per_cpu_second"], 0)),
        ("MB per CPU second", lambda row: number(row["bytes_per_cpu_second"], 0, 1e6)),
        *((f"CPU to {name} (range)", lambda row, name=name: ranged(row["cpu_to"][name]))
          for name in references),
        ("p50 ms", lambda row: number(row["p50_ms"], 2)),
        ("p99 ms", lambda row: number(row["p99_ms"], 2)),
        ("peak MB", lambda row: number(row["peak_memory_bytes"], 1, 1e6)),
    ]
    filled = [(title, [cell(row) for row in rows]) for title, cell in columns]
    filled = [(title, cells) for title, cells in filled if any(cells)]
    lines = [[title for title, _ in filled], ["---"] * len(filled)]
    lines += [[cells[at] or "-" for _, cells in filled] for at in range(len(rows))]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(values, digits, unit=1):
    return values and f"{values['median'] / unit:,.{digits}f}"


def ranged(values):
    return values and f"{values['median']:,.2f} ({values['min']:,.2f} - {values['max']:,.2f})"
