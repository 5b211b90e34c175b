"""Generate docs/performance.md from its text (page.md) and the measurements (results/*.json)."""

import argparse
import json
from pathlib import Path

import tables

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"
OURS, BOUND, BARE, GSOAP = "vats1c", "hand-written lxml", "bare Spyne", "gSOAP (C)"
OTHERS = ("node-soap", "PHP SoapServer", "WireMock", "mountebank", "Mockoon")
CONNECTIONS = 32


def main():
    """Write the page, or print it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--show", action="store_true", help="print the page instead of writing it")
    page = made(measured())
    if options.parse_args().show:
        print(page, end="")
    else:
        PAGE.write_text(page, encoding="utf-8")


def measured():
    """Return the measurements as {name of the file: {"machine": …, "rows": […]}}."""
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(HERE.glob("results/*.json"))}


def made(found):
    """Return the text of the page."""
    page = (HERE / "page.md").read_text(encoding="utf-8")
    for name, one in found.items():
        for what in one.keys() - {"machine"}:
            place = name if what == "rows" else f"{name} {what}"
            page = page.replace(f"<!-- {place} -->", tables.markdown(one[what]))
    page = page.replace("<!-- machine -->", " / ".join(sorted({one["machine"] for one in found.values()})))
    return page.replace("<!-- figures -->", tables.markdown(figures(found)))


def figures(found):
    """Return the rows of the first table: each figure with its measured value, bar and aim."""
    rates, late = of_run(found, "requests/s"), of_run(found, "p99, ms")
    ours = rates[OURS]
    others = {name: ours / rates[name] for name in OTHERS if name in rates}
    least = min(others, key=others.get) if others else ""
    callers = {row["at"]: row for row in found["growth"]["rows"]}
    over = found["overload"]["rows"][-1]
    kept = found.get("directory", {"rows": []})["rows"]
    lookup = {row["callers"]: row["lookup us"] for row in kept if row["kind"] == "store"}
    most = max(lookup, default=0)
    slower = lookup[most] / lookup[1_000] if most else None
    memory = callers["100,000 callers"]["process MB"]
    inside = {row["service"]: row["us a call"] for row in found["inprocess"]["rows"]}
    calls = {(row["journal"], row["connections"]): row["of the bound"] for row in found["calls"]["rows"]}
    start = found["start"]["rows"][0]["median"]
    return [
        figure("share of the hand-written lxml service", ours / rates[BOUND], "≥ 0.45", "≥ 0.75"),
        figure("against bare Spyne", ours / rates[BARE], "≥ 4×", "≥ 7×"),
        figure(f"against the fastest of {', '.join(others)}: {least}", others.get(least), "> 1×", "≥ 1.5×"),
        figure("against gSOAP in C", ours / rates[GSOAP] if GSOAP in rates else None, "≥ 0.4", "≥ 0.7"),
        figure("p99 against the hand-written service's", late[OURS] / late[BOUND], "≤ 2×", "≤ 1.3×"),
        figure("in one process, against the hand-written service", inside[OURS] / inside[BOUND], "≤ 3.5×", "≤ 2×"),
        figure(
            "durable IncomingCall, SQLite, share of the same unwritten", calls["SQLite", CONNECTIONS], "≥ 0.3", "≥ 0.6"
        ),
        figure("process start to first answer, 100,000 callers, s", start, "≤ 1.0", "≤ 0.5"),
        figure("memory with 100,000 callers, after load, MB", memory, "≤ 120", "≤ 80"),
        figure(f"lookup at {most or 10_000_000:,} callers in a store, against 1,000", slower, "≤ 2×", "≤ 1.2×"),
        figure("answers while three times too much is asked, of the usual", over["of the usual"], "about 1", ""),
        figure("p99 of these answers, of the usual", over["p99 of the usual"], "≤ 2×", ""),
        figure("growth of memory after warm-up, soaked", found["soak"]["rows"][0]["growth"], "≤ 2 %", ""),
    ]


def figure(name, value, bar, aim):
    """Return a row of the first table."""
    return {"figure": name, "measured": value, "bar": bar, "aim": aim}


def of_run(found, what):
    """Return the figure `what` of each service at the usual number of connections."""
    return {row["service"]: row[what] for row in found["run"]["rows"] if row["connections"] == CONNECTIONS}


if __name__ == "__main__":
    main()
