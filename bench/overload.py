"""Offer three times the service's capacity, and measure answers, refusals and their delays. One table.

The capacity is the rate that wrk reaches with 32 connections. The load is then a constant rate over many connections,
independent of the answers. Linux; needs wrk.
"""

import argparse
import statistics

import tables
from openloop import offer, part, request, to_second_core
from processes import processor_seconds
from run import FIRST_PORT, LOGIN, NUMBER, PATH, REQUEST, running, wrk

USUAL = 32


def main():
    """Run the rounds and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=10, help="length of one measurement")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument(
        "--times", type=float, nargs="+", default=[0.5, 1.0, 3.0], help="what is asked, of what can be served"
    )
    options.add_argument("--connections", type=int, default=512)
    options.add_argument("--unpinned", action="store_true", help="let the server have both cores")
    options.add_argument("--json", help="file for the figures, for bench/page.py")
    given = options.parse_args()
    to_second_core()
    what = request(f"/{PATH}", LOGIN, REQUEST.format(NUMBER))
    usual, found = [], {times: [] for times in given.times}
    with running(core=None if given.unpinned else 0) as (process, url):
        wrk(url, USUAL, 2)
        for _ in range(given.rounds):
            before = processor_seconds(process.pid)
            rate, p99, _ = wrk(url, USUAL, given.seconds)
            cost = (processor_seconds(process.pid) - before) / (rate * given.seconds)
            usual.append((rate, p99, cost))
            for times in given.times:
                before = processor_seconds(process.pid)
                answers, sent = offer(FIRST_PORT, what, times * rate, given.seconds, given.connections)
                spent = processor_seconds(process.pid) - before
                found[times].append({"sent/s": sent * times * rate} | figures(answers, given.seconds, spent, usual[-1]))
    rate, p99, cost = (statistics.median(values) for values in zip(*usual, strict=True))
    first = {"asked": f"as answers come, {USUAL} connections", "sent/s": rate, "answers/s": rate, "of the usual": 1.0}
    first |= {"p99, ms": p99, "p99 of the usual": 1.0, "refused/s": 0.0, "refused after, ms": None}
    first |= {"a refusal costs, of an answer": None}
    rows = [first]
    for times, rounds in found.items():
        middle = {name: median(one[name] for one in rounds) for name in rounds[0]}
        rows.append({"asked": f"{times:g} times that, {given.connections} connections", **middle})
    tables.tell(rows, given.json)
    print(f"\nan answer costs {1e6 * cost:.0f} us of the processor")


def figures(answers, seconds, spent, usual):
    """Return a row without its name. Answers and refusals (503) have separate times."""
    rate, p99, cost = usual
    answered, refused = answers.get(200, []), answers.get(503, [])
    late = part(answered, 0.99)
    return {
        "answers/s": len(answered) / seconds,
        "of the usual": len(answered) / seconds / rate,
        "p99, ms": late,
        "p99 of the usual": late / p99 if late is not None else None,
        "refused/s": len(refused) / seconds,
        "refused after, ms": part(refused, 0.5),
        # The cost of the answers at the usual rate is subtracted; with few refusals the remainder is meaningless.
        "a refusal costs, of an answer": (spent / cost - len(answered)) / len(refused)
        if len(refused) > len(answered) / 2
        else None,
    }


def median(values):
    """Return the median of the known values; None when there are none."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


if __name__ == "__main__":
    main()
