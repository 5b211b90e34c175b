"""Measure SayName without a server, in µs: the whole product compared with the hand-written service.

Both run as WSGI applications in this process with the same request and callers, in turns; medians are shown.
"""

import argparse
import gc
import importlib
import io
import statistics
import sys
import tempfile
import time
from pathlib import Path

import tables
from run import BOUND, LOGIN, NAME, NUMBER, OURS, PATH, REQUEST, callers_in, product

from vats1c import config
from vats1c.app import application
from vats1c.app.router import WsgiApplication

sys.path.insert(0, str(Path(__file__).parent / "peers"))


def main():
    """Measure, and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=5_000, help="calls in one round")
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--json", help="file for the figures, for bench/page.py")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        callers = callers_in(Path(folder))
        service = application.build(config.load(Path(product(0, callers)[0][-1])))
        try:
            subjects = {OURS: WsgiApplication(service.router), BOUND: hand_written(callers)}
            rounds = {name: [] for name in subjects}
            for _ in range(given.rounds + 1):
                for name, subject in subjects.items():
                    rounds[name].append(round_of(subject, given.calls))
        finally:
            service.close()
    # The first round of each fills the caches.
    took = {name: statistics.median(found[1:]) for name, found in rounds.items()}
    rows = [
        {"service": name, "us a call": took[name], "of the hand-written": f"{took[name] / took[BOUND]:.2f}×"}
        for name in subjects
    ]
    tables.tell(rows, given.json)


def hand_written(callers):
    """Return the hand-written application without a server."""
    served = importlib.import_module("served")
    served.run = lambda _application: None
    sys.argv = ["hand_written.py", "0", str(callers)]
    return importlib.import_module("hand_written").application


def round_of(application, calls):
    """Return the microseconds per call, a mean over `calls`."""
    body = REQUEST.format(NUMBER).encode()
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"/{PATH}",
        "QUERY_STRING": "",
        "CONTENT_TYPE": "text/xml; charset=utf-8",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": LOGIN,
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
    }
    gc.collect()
    begun = time.perf_counter()
    for _ in range(calls):
        answer = b"".join(application({**environ, "wsgi.input": io.BytesIO(body)}, lambda *_: None))
    took = time.perf_counter() - begun
    if f">{NAME}</".encode() not in answer:
        sys.exit(f"bench: a wrong answer\n{answer.decode()}")
    return took / calls * 1e6


if __name__ == "__main__":
    main()
