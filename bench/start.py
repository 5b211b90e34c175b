"""Measure the start: seconds from the process to its first answer, and the memory it then holds, with 100,000 callers.

The callers are in a CSV file, the first answer is the name of one of them. On Linux, where /proc tells the memory.
"""

import argparse
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import tables
from run import REQUEST, pinned

PORT = 8_197
LOGIN = {"Authorization": "Basic U09BUDoxMjM=", "Content-Type": "text/xml; charset=utf-8"}


def main():
    """Start the service as often as asked and print the medians."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--callers", type=int, default=100_000)
    options.add_argument("--times", type=int, default=7)
    options.add_argument("--port", type=int, default=PORT)
    options.add_argument("--json", type=Path, metavar="FILE", help="file for the figures, for bench/page.py")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = written(Path(folder), given.callers, given.port)
        # The first start finds no compiled modules and makes the journal: it is not counted.
        starts = [started(settings, given.port, given.callers) for _ in range(given.times + 1)][1:]
    titles = ("process start to first answer, s", "CPU of it, s", "resident memory, MB")
    tables.tell(
        [
            {
                "figure": f"{title}, {given.callers:,} callers",
                "median": statistics.median(values),
                "lowest and highest": f"{min(values):.2f} to {max(values):.2f}",
            }
            for title, values in zip(titles, zip(*starts, strict=True), strict=True)
        ],
        given.json,
    )


def written(folder, callers, port):
    """Write a file of callers and the settings that name it; return the settings."""
    rows = [f"8{9_000_000_000 + number},Абонент {number}" for number in range(callers)]
    (folder / "callers.csv").write_text("\n".join(["number,name", *rows, ""]), encoding="utf-8")
    settings = folder / "vats1c.toml"
    settings.write_text(
        f'listen = "127.0.0.1:{port}"\ndata = "data"\n[[users]]\nname = "SOAP"\npassword = "123"\n'
        '[[directories]]\nname = "callers"\ntype = "csv"\npath = "callers.csv"\n',
        encoding="utf-8",
    )
    return settings


def started(settings, port, callers):
    """Start the service once; return seconds until it has said a name, of CPU till then, and its megabytes."""
    command = pinned(0, [sys.executable, "-m", "vats1c", "serve", "-c", settings])
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/telephony/ws/VATS",
        REQUEST.format(f"8{9_000_000_000 + callers - 1}").encode(),
        LOGIN,
    )
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        said = first_answer(asked, begun)
        seconds = time.perf_counter() - begun
        if f">Абонент {callers - 1}</" not in said:
            sys.exit(f"bench: a wrong answer\n{said}")
        return seconds, cpu(process.pid), resident(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def first_answer(asked, begun):
    """Ask until there is an answer, and return it."""
    while time.perf_counter() - begun < 120:
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            sys.exit(f"bench: refused\n{error.read().decode()}")
        except OSError:
            time.sleep(0.002)
    return sys.exit("bench: the service did not start")


def cpu(pid):
    """Return the seconds of CPU that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def resident(pid):
    """Return the megabytes (10⁶ bytes) of memory that a process holds."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) * 1_024 / 1e6


if __name__ == "__main__":
    main()
