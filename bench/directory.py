"""Measure a CSV directory from a thousand callers to a million: load time, memory over its own text, lookup time."""

import argparse
import gc
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (1_000, 10_000, 100_000, 1_000_000)


def main():
    """Measure each size in a process of its own and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    options.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.one:
        print(*one(given.one))
        return
    print(f"{'callers':>10}{'file MB':>10}{'load s':>9}{'bytes a caller over the file':>30}{'lookup us':>11}")
    for size in given.sizes:
        out = subprocess.run([sys.executable, __file__, "--one", str(size)], check=True, capture_output=True, text=True)
        raw, load, over, lookup = map(float, out.stdout.split())
        print(f"{size:>10}{raw / 1e6:>10.1f}{load:>9.2f}{over:>30.0f}{lookup:>11.2f}")


def one(size):
    """Return file bytes, seconds to load, bytes a caller over the file, microseconds a lookup."""
    from vats1c.directory import load
    from vats1c.number import DEFAULT_PLAN, identify

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "callers.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("number,name,company,category,manager,note\n")
            for number in range(size):
                file.write(f"8{9_000_000_000 + number},Абонент {number},ООО «Фирма {number % 999}»,{number % 4},244,\n")
        load("csv", "warm", {"path": str(tiny(folder))}, DEFAULT_PLAN).close()
        gc.collect()
        before, begun = resident(), time.perf_counter()
        directory = load("csv", "callers", {"path": str(path)}, DEFAULT_PLAN)
        seconds = time.perf_counter() - begun
        gc.collect()
        over = (resident() - before - path.stat().st_size) / size
        numbers = [identify(f"8{9_000_000_000 + random.randrange(size)}") for _ in range(2_000)]
        times = []
        for _ in range(7):
            begun = time.perf_counter()
            for number in numbers:
                directory.find(number)
            times.append((time.perf_counter() - begun) / len(numbers))
        return path.stat().st_size, seconds, over, statistics.median(times) * 1e6


def tiny(folder):
    """Return a file of one caller: what loading needs once is not counted."""
    path = Path(folder) / "tiny.csv"
    path.write_text("number,name\n89235292926,A\n", encoding="utf-8")
    return path


def resident():
    """Return the resident memory of this process, bytes (Linux)."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
