"""Measure how SayName's cost grows: with connections and workers, with callers, with open windows. One table.

Needs wrk. Refused requests (503) do not count as answered.
"""

import argparse
import asyncio
import contextlib

import tables
from calls import opened
from processes import resident
from run import FIRST_PORT, running, wrk

# An administrator, who opens the windows, and a sufficient limit.
SETTINGS = """workers = {}
limits = {{ windows = 1100 }}
[[administrators]]
name = "admin"
password = "secret"
"""
USUAL = 32


def main():
    """Measure all and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=5, help="length of one measurement")
    options.add_argument("--connections", type=int, nargs="+", default=[1, 8, 32, 128, 1_000])
    options.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options.add_argument("--callers", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    options.add_argument("--windows", type=int, nargs="+", default=[0, 100, 1_000])
    options.add_argument("--json", help="file for the figures, for bench/page.py")
    given = options.parse_args()
    rows = []
    for workers in given.workers:
        # One process is pinned to the first core; several share the processor time that wrk leaves.
        with running(SETTINGS.format(workers), core=0 if workers == 1 else None) as (process, url):
            wrk(url, USUAL, 2)
            usual = wrk(url, USUAL, given.seconds)
            for connections in given.connections:
                at = f"{many(connections, 'connection')}, {many(workers, 'worker')}"
                rows.append(row(at, wrk(url, connections, given.seconds), usual, process if workers == 1 else None))
    first = None
    for callers in given.callers:
        with running(callers=callers) as (process, url):
            wrk(url, USUAL, 2)
            found = wrk(url, USUAL, given.seconds)
            first = first or found
            rows.append(row(f"{callers:,} callers", found, first, process))
    first = None
    with running(SETTINGS.format(1)) as (process, url):
        wrk(url, USUAL, 2)
        for windows in given.windows:
            found = asyncio.run(beside(windows, url, given.seconds))
            first = first or found
            rows.append(row(f"{windows:,} open windows", found, first, process))
    tables.tell(rows, given.json)


def row(at, found, usual, process):
    """Return a row: the measurement and its ratio to the usual one; without memory when `process` is None."""
    rate, p99, refused = found
    answered = rate * (1 - refused)
    return {
        "at": at,
        "answers/s": answered,
        "of the usual": f"{answered / (usual[0] * (1 - usual[2])):.2f}×",
        "refused": f"{100 * refused:.0f} %",
        "p99, ms": p99,
        "p99 of the usual": f"{p99 / usual[1]:.2f}×",
        "process MB": resident(process.pid) / 1e6 if process else None,
    }


def many(count, what):
    """Return the count with its noun."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


async def beside(windows, url, seconds):
    """Measure while this number of windows is open."""
    streams = [await opened(FIRST_PORT) for _ in range(windows)]
    drained = [asyncio.create_task(drain(reader)) for reader, _ in streams]
    try:
        return await asyncio.to_thread(wrk, url, USUAL, seconds)
    finally:
        for task in drained:
            task.cancel()
        for _, writer in streams:
            writer.close()


async def drain(reader):
    """Read a window's stream, as a browser does."""
    with contextlib.suppress(ConnectionError):
        while await reader.read(65_536):
            pass


if __name__ == "__main__":
    main()
