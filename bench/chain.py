"""Look up a thousand numbers in five directories, two of which fail; check the time and the directory of each answer.

In the order of the settings: an HTTP source that sleeps five seconds, an unreachable LDAP server, PostgreSQL, a CSV
file, the embedded store. Needs PostgreSQL's programs (Debian: postgresql).
"""

import argparse
import http.server
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support.live import free_port
from tests.support.servers import postgresql

LOOKUPS = 1_000
DEADLINE = 0.8
ALIVE = ("postgresql", "csv", "store")
# The directories that contain a number, by its second-to-last digit.
KNOWN_IN = [
    ("postgresql",),
    ("csv",),
    ("store",),
    ("postgresql", "csv"),
    ("csv", "store"),
    ALIVE,
    ("postgresql", "store"),
    (),
]


def main():
    """Run the lookups and print the results."""
    from vats1c import config
    from vats1c.app.application import build

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON, too")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, postgresql() as url, Sleeping(("127.0.0.1", 0), Sleeper) as sleeping:
        threading.Thread(target=sleeping.serve_forever, daemon=True).start()
        table(url)
        (Path(folder) / "callers.csv").write_text(
            "number,name\n" + "".join(f"{number},csv {number}\n" for number in numbers("csv")), encoding="utf-8"
        )
        settings = config.load(
            data=Path(folder) / "data",
            users=[{"name": "a", "password": "b"}],
            directories=directories(folder, url, sleeping.server_port),
            say_name={"deadline": DEADLINE},
            log_level="error",
        )
        application = build(settings)
        store = application.publications[0].directories[-1]
        for number in numbers("store"):
            store.add([str(number)], caller(f"store {number}"))
        figures = report(application, [asked(application) for _ in range(LOOKUPS)])
        application.close()
        sleeping.shutdown()
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def caller(name):
    """Return a caller with this name."""
    from vats1c.model import Caller

    return Caller(name)


def numbers(directory):
    """Return the numbers in a directory."""
    return [number for number in range(89_050_000_000, 89_050_000_800) if directory in known_in(number)]


def known_in(number):
    """Return the directories that contain a number, in the order of the settings."""
    return KNOWN_IN[number // 10 % len(KNOWN_IN)]


def table(url):
    """Create and fill PostgreSQL's table."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE callers (number text PRIMARY KEY, name text)"))
        rows = [{"number": f"+7{str(number)[1:]}", "name": f"postgresql {number}"} for number in numbers("postgresql")]
        connection.execute(sa.text("INSERT INTO callers VALUES (:number, :name)"), rows)
    engine.dispose()


def directories(folder, url, port):
    """Return the settings of the five directories."""
    return [
        {"name": "http", "type": "http", "url": f"http://127.0.0.1:{port}/?number={{number}}"},
        {
            "name": "ldap",
            "type": "ldap",
            "url": f"ldap://127.0.0.1:{free_port()}",
            "base": "dc=example,dc=org",
            "filter": "(telephoneNumber={number})",
        },
        {"name": "postgresql", "type": "sql", "url": url, "query": "SELECT name FROM callers WHERE number = :number"},
        {"name": "csv", "type": "csv", "path": f"{folder}/callers.csv"},
        {"name": "store", "type": "store"},
    ]


def asked(application):
    """Look a number up; return milliseconds, whether the expected directory answered, and each directory's outcome."""
    number = random.randrange(89_050_000_000, 89_050_000_800)
    begun = time.perf_counter()
    found = application.call_services["telephony"].explain(str(number))
    took = 1_000 * (time.perf_counter() - begun)
    decided = found.lookup.decided
    right = next(iter(known_in(number)), None) == (decided.directory if decided else None)
    named = found.caller.name if found.caller else None
    assert named == (f"{decided.directory} {number}" if decided else None)
    return took, right, [(said.directory, said.answer.outcome.value) for said in found.lookup.said]


def report(application, answers):
    """Print the figures and return them."""
    took = sorted(one for one, _, _ in answers)
    late = sum(one > 1_000 * DEADLINE + 50 for one in took)
    print(f"lookups: {len(answers)}, deadline: {DEADLINE:.1f} s, later than it: {late}")
    p99 = took[int(len(took) * 0.99)]
    median, right = statistics.median(took), sum(right for _, right, _ in answers)
    print(f"milliseconds: median {median:.2f}, p99 {p99:.1f}, worst {took[-1]:.1f}")
    print(f"answered by the right directory: {right}")
    for name in ("http", "ldap", *ALIVE):
        outcomes = Counter(outcome for _, _, said in answers for directory, outcome in said if directory == name)
        print(f"  {name:<11}", ", ".join(f"{outcome} {count}" for outcome, count in outcomes.most_common()))
    for step in application.chains["telephony"].steps:
        print(f"  {step.name:<11} ready: {step.state().ready}")
    figures = {"lookups": len(answers), "deadline_ms": 1_000 * DEADLINE, "late": late, "right": right}
    return {**figures, "median_ms": median, "p99_ms": p99, "worst_ms": took[-1]}


class Sleeping(http.server.ThreadingHTTPServer):
    """A server whose threads end with the program."""

    daemon_threads = True


class Sleeper(http.server.BaseHTTPRequestHandler):
    """Answers after five seconds."""

    def do_GET(self):
        """Sleep, then answer that the caller is unknown."""
        time.sleep(5)
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_):
        """Log nothing."""


if __name__ == "__main__":
    main()
