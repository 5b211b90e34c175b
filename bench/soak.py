"""Send requests at half of the maximum rate for minutes, and measure the growth of memory.

One table. Linux; needs wrk.
"""

import argparse
import statistics

import tables
from openloop import offer, part, request, to_second_core
from processes import resident
from run import FIRST_PORT, LOGIN, NUMBER, PATH, REQUEST, running, wrk

CONNECTIONS = 32
_PIECE = 10


def main():
    """Soak and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--warm-up", type=float, default=1, help="minutes before the memory is looked at")
    options.add_argument("--json", help="file for the figures, for bench/page.py")
    given = options.parse_args()
    to_second_core()
    with running() as (process, url):
        first = resident(process.pid)
        top, _, _ = wrk(url, CONNECTIONS, 5)
        asked(top / 2, given.warm_up)
        warm = resident(process.pid)
        answered, refused, p99 = asked(top / 2, given.minutes)
        last = resident(process.pid)
    row = {
        "minutes": given.minutes,
        "asked/s": top / 2,
        "answered": answered,
        "refused": refused,
        "p99, ms": p99,
        "MB at the start": first / 1e6,
        "MB after warm-up": warm / 1e6,
        "MB at the end": last / 1e6,
        "growth": f"{100 * (last / warm - 1):.1f} %",
    }
    tables.tell([row], given.json)


def asked(rate, minutes):
    """Send requests for a time; return the numbers of answers and refusals, and the median p99 of parts in ms."""
    what = request(f"/{PATH}", LOGIN, REQUEST.format(NUMBER))
    answered, refused, late = 0, 0, []
    for _ in range(max(1, round(60 * minutes / _PIECE))):
        found, _ = offer(FIRST_PORT, what, rate, _PIECE, CONNECTIONS)
        answered += len(found.get(200, ()))
        refused += sum(len(times) for status, times in found.items() if status != 200)
        late.append(part(found[200], 0.99))
    return answered, refused, statistics.median(late)


if __name__ == "__main__":
    main()
