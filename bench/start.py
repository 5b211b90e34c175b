"""Measure the start with 100,000 callers: seconds from process creation to the first answer, and the memory then.

The callers are in a CSV file, and the first answer is the name of one of them. Linux only: /proc provides the memory.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
from pathlib import Path

import tables
from processes import processor_seconds, resident
from run import PATH, ask, callers_in, pinned, product

PORT = 8_197


def main():
    """Start the service the requested number of times and print the medians."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--callers", type=int, default=100_000)
    options.add_argument("--times", type=int, default=7)
    options.add_argument("--port", type=int, default=PORT)
    options.add_argument("--json", type=Path, metavar="FILE", help="file for the figures, for bench/page.py")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command, _ = product(given.port, callers_in(Path(folder), given.callers))
        # Compile to bytecode, as pip does, even if this machine disables it. The first start
        # does that and creates the journal: it is not counted.
        compiled = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        compiled["PYTHONPYCACHEPREFIX"] = f"{folder}/compiled"
        starts = [started(command, given.port, given.callers, compiled) for _ in range(given.times + 1)][1:]
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


def started(command, port, callers, variables):
    """Start the service once; return seconds to the first name, CPU seconds until then, and megabytes of memory."""
    begun = time.perf_counter()
    process = subprocess.Popen(pinned(0, command), env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        said = first_answer(f"http://127.0.0.1:{port}/{PATH}", f"8{9_000_000_000 + callers - 1}", begun)
        seconds = time.perf_counter() - begun
        if f">Абонент {callers - 1}</" not in said:
            sys.exit(f"bench: a wrong answer\n{said}")
        return seconds, processor_seconds(process.pid), resident(process.pid) / 1e6
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def first_answer(url, number, begun):
    """Send requests until one is answered, and return the answer."""
    while time.perf_counter() - begun < 120:
        try:
            return ask(url, number)
        except urllib.error.HTTPError as error:
            sys.exit(f"bench: refused\n{error.read().decode()}")
        except OSError:
            time.sleep(0.002)
    return sys.exit("bench: the service did not start")


if __name__ == "__main__":
    main()
