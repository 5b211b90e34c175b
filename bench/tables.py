"""Results of a measurement: a table for people, JSON for the page in docs/, and the name of the machine."""

import json
import os
import platform
import re
from pathlib import Path


def tell(rows, file=None):
    """Print `rows`, dicts with the same keys, as a table; with `file`, write them and the machine to it as JSON."""
    print(f"{machine()}\n\n{markdown(rows)}", flush=True)
    if file:
        keep(file, rows)


def keep(file, rows, **more):
    """Write `rows`, `more` tables by name, and the machine to `file`."""
    found = {"machine": machine(), "rows": rows, **more}
    Path(file).write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def markdown(rows):
    """Return `rows` as a Markdown table; the keys of the first row are its header."""
    head = list(rows[0])
    lines = [head, ["---"] * len(head), *([shown(row[name]) for name in head] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def shown(value):
    """Return a figure for people, with three significant digits."""
    if value is None:
        return "—"
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else value


def machine():
    """Return the description of this machine."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{processor()}, {os.cpu_count()} cores, {system()}, {python}"


def processor():
    """Return the processor's name."""
    try:
        return re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))[1]
    except (OSError, TypeError):
        return platform.machine()


def system():
    """Return the system's name."""
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.platform(terse=True)
