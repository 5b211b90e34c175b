"""Measure load time, memory and lookups of a CSV file (up to a million callers) and the store (up to ten million)."""

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

import tables
from processes import resident

SIZES = {"csv": (1_000, 10_000, 100_000, 1_000_000), "store": (1_000, 10_000, 100_000, 1_000_000, 10_000_000)}
LOOKUPS = 2_000


def main():
    """Measure each size in a separate process and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kind", choices=SIZES, help="only this kind")
    options.add_argument("--sizes", type=int, nargs="+", help="numbers of callers")
    options.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options.add_argument("--json", help="file for the figures, for bench/page.py")
    given = options.parse_args()
    if given.one:
        print(*{"csv": one_file, "store": one_store}[given.kind](given.one))
        return
    rows = []
    for kind in [given.kind] if given.kind else SIZES:
        for size in given.sizes or SIZES[kind]:
            command = [sys.executable, __file__, "--kind", kind, "--one", str(size)]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            raw, load, memory, lookup, unknown = map(float, out.split())
            rows.append(
                {
                    "kind": kind,
                    "callers": size,
                    "file MB": raw / 1e6,
                    "load s": load,
                    "bytes a caller over the file": memory if kind == "csv" else None,
                    "process MB": memory if kind == "store" else None,
                    "lookup us": lookup,
                    "unknown us": unknown,
                }
            )
    tables.tell(rows, given.json)


def one_file(size):
    """Return file bytes, load seconds, memory bytes per caller, microseconds per lookup, known and unknown."""
    from vats1c.directory import load
    from vats1c.number import DEFAULT_PLAN

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "callers.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("number,name,company,category,manager,note\n")
            for number in range(size):
                file.write(f"8{9_000_000_000 + number},{','.join(words(number))}\n")
        load("csv", "warm", {"path": str(tiny(folder))}, DEFAULT_PLAN).close()
        gc.collect()
        before, begun = resident(), time.perf_counter()
        directory = load("csv", "callers", {"path": str(path)}, DEFAULT_PLAN)
        seconds = time.perf_counter() - begun
        gc.collect()
        over = (resident() - before - path.stat().st_size) / size
        return path.stat().st_size, seconds, over, *lookups(directory, size)


def one_store(size):
    """Return file bytes, seconds to fill it, megabytes of the process during lookups, microseconds per lookup."""
    from vats1c.directory import Row, load
    from vats1c.model import Caller
    from vats1c.number import DEFAULT_PLAN, identify

    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_TMP")) as folder:
        path = Path(folder) / "callers.sqlite"
        directory = load("store", "callers", {"path": str(path)}, DEFAULT_PLAN)
        begun = time.perf_counter()
        rows = (
            Row(number + 1, "", (identify(f"8{9_000_000_000 + number}"),), Caller(*words(number)))
            for number in range(size)
        )
        directory.import_rows(rows, "bench")
        seconds = time.perf_counter() - begun
        found = lookups(directory, size)
        directory.close()
        bytes_of = sum(file.stat().st_size for file in Path(folder).iterdir())
        return bytes_of, seconds, resident() / 1e6, *found


def words(number):
    """Return name, company, category, manager and note of the caller with this index."""
    return f"Абонент {number}", f"ООО «Фирма {number % 999}»", str(number % 4), "244", ""


def lookups(directory, size):
    """Return microseconds per lookup of a known and of an unknown number: medians of seven rounds."""
    from vats1c.number import identify

    known = [identify(f"8{9_000_000_000 + random.randrange(size)}") for _ in range(LOOKUPS)]
    unknown = [identify(f"8{8_000_000_000 + random.randrange(10_000_000)}") for _ in range(LOOKUPS)]
    return [timed(directory, numbers) for numbers in (known, unknown)]


def timed(directory, numbers):
    """Return microseconds per lookup of `numbers`."""
    times = []
    for _ in range(7):
        begun = time.perf_counter()
        for number in numbers:
            directory.find(number)
        times.append((time.perf_counter() - begun) / len(numbers))
    return statistics.median(times) * 1e6


def tiny(folder):
    """Return a file of one caller; loading it first excludes one-time costs from the measurement."""
    path = Path(folder) / "tiny.csv"
    path.write_text("number,name\n89235292926,A\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
