"""Measure the delay until a call reaches its windows, and the durable calls per second.

Needs wrk. With PostgreSQL's programs (Debian: postgresql) its journal is measured besides SQLite's. Prints one table
for each measurement. The upper bound of the second is the same service with a journal that stores nothing. On Linux
each server is pinned to one core and wrk to another; rounds are interleaved, and medians are shown.
"""

import argparse
import asyncio
import base64
import json
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa
import tables
from run import parsed, pinned

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support.servers import postgresql

PORT = 8_195
PATH = "/telephony/ws/VATS"
SOAP_LOGIN = "Basic " + base64.b64encode(b"SOAP:123").decode()
ADMIN_LOGIN = "Basic " + base64.b64encode(b"admin:secret").decode()
ENVELOPE = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    '<IncomingCall xmlns="http://VATS"><NumFrom>{}</NumFrom><Key>key</Key></IncomingCall></soap:Body></soap:Envelope>'
)
# Each request has a different number, so the calls have different callers.
WRK = """
local number = {first}
request = function()
  number = number + 1
  return wrk.format("POST", nil, {{["Content-Type"] = "text/xml", ["Authorization"] = "{login}"}},
    ("{envelope}"):format(number))
end
"""


BOUND = "none (the bound)"
PRODUCT = ("-m", "vats1c")
WITHOUT_JOURNAL = (str(Path(__file__).parent / "peers" / "no_journal.py"),)


def main():
    """Run both measurements and print the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=100, help="calls in one measurement of windows")
    options.add_argument("--seconds", type=int, default=5, help="length of one measurement of writing")
    options.add_argument("--rounds", type=int, default=3, help="measurements of writing, interleaved")
    options.add_argument("--windows", type=int, nargs="*", default=[1, 100, 1_000], help="none to leave them out")
    options.add_argument("--connections", type=int, nargs="*", default=[1, 8, 32])
    options.add_argument("--json", type=Path, metavar="FILE", help="file for the figures, for bench/page.py")
    given = options.parse_args()
    windows, rows = [], []
    with journals() as urls:
        for name, url in urls.items():
            for count in given.windows:
                with service(url):
                    windows.append(row(name, count, asyncio.run(watched(count, given.calls))))
        if windows:
            print(tables.markdown(windows), flush=True)
        for connections in given.connections:
            rows += compared(urls, connections, given)
        if rows:
            print(f"\n{tables.markdown(rows)}")
    if given.json:
        tables.keep(given.json, rows, windows=windows)


@contextmanager
def journals():
    """Yield the journals to measure as {name: value of the setting `database`}."""
    with ExitStack() as open_ones:
        urls = {"SQLite": ""}
        if list(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
            urls["PostgreSQL"] = open_ones.enter_context(postgresql())
        yield urls


@contextmanager
def service(database, program=PRODUCT):
    """Run the service with its own empty journal."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vats1c.toml"
        line = f"database = {json.dumps(fresh(database))}\n" if database else ""
        file.write_text(
            f'listen = "127.0.0.1:{PORT}"\ndata = "data"\n{line}limits = {{ windows = 1100, connections = 100 }}\n'
            '[[users]]\nname = "SOAP"\npassword = "123"\n[[administrators]]\nname = "admin"\npassword = "secret"\n'
            '[[directories]]\nname = "own"\ntype = "memory"\ncallers = []\n',
            encoding="utf-8",
        )
        command = [sys.executable, *program]
        if database:
            subprocess.run([*command, "journal", "upgrade", "-c", file], check=True, stdout=subprocess.DEVNULL)
        process = subprocess.Popen(
            pinned(0, [*command, "serve", "-c", file]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            ready()
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def fresh(url):
    """Create a new database on the server of `url`, and return its URL."""
    name = f"bench_{uuid.uuid4().hex}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{url.rpartition('/')[0]}/{name}"


def ready():
    """Wait until the service answers."""
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    sys.exit("bench: the service did not start")


async def watched(windows, calls):
    """Return for each call the list of seconds from the request to the event in each window."""
    arrived, came = {}, {}
    streams = [await opened() for _ in range(windows)]
    watching = [asyncio.create_task(watch(reader, arrived, came, windows)) for reader, _ in streams]
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    took = []
    for place in range(calls):
        number = 79_050_000_000 + place
        arrived[number], came[number] = [], asyncio.Event()
        body = ENVELOPE.format(number)
        begun = time.perf_counter()
        writer.write(
            f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: {SOAP_LOGIN}\r\nContent-Type: text/xml\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        assert b">1</m:return>" in await reader.readexactly(length)
        await came[number].wait()
        took.append([at - begun for at in arrived[number]])
        await asyncio.sleep(0.02)
    for task in watching:
        task.cancel()
    for _, one in [*streams, (None, writer)]:
        one.close()
    return took


async def opened(port=PORT):
    """Open a window and wait for its greeting."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    writer.write(f"GET /card/events HTTP/1.1\r\nHost: x\r\nAuthorization: {ADMIN_LOGIN}\r\n\r\n".encode())
    await reader.readuntil(b"event: hello")
    return reader, writer


async def watch(reader, arrived, came, windows):
    """Record the arrival time of each call's first event, and signal when all windows have it."""
    seen = set()
    while line := await reader.readline():
        found = re.search(rb'"received": "(\d+)"', line)
        if found and int(found[1]) not in seen:
            seen.add(int(found[1]))
            arrived[int(found[1])].append(time.perf_counter())
            if len(arrived[int(found[1])]) == windows:
                came[int(found[1])].set()


def row(name, windows, took):
    """Return a row of the first table."""
    every = sorted(1_000 * one for call in took for one in call)
    last = statistics.median(1_000 * max(call) for call in took)
    p50, p99 = (every[min(len(every) - 1, int(len(every) * part))] for part in (0.5, 0.99))
    return {"journal": name, "windows": windows, "p50, ms": p50, "p99, ms": p99, "last window p50, ms": last}


def compared(urls, connections, given):
    """Measure the writes of all journals and the bound in turns; return the rows of the second table."""
    if shutil.which("wrk") is None:
        sys.exit("bench: wrk is not installed (on Debian: apt-get install wrk)")
    subjects = {BOUND: ("", WITHOUT_JOURNAL), **{name: (url, PRODUCT) for name, url in urls.items()}}
    rounds = {name: [] for name in subjects}
    answers = set()
    for _ in range(given.rounds):
        for name, (url, program) in random.sample(list(subjects.items()), len(subjects)):
            with service(url, program):
                answers.add(looked())
                written(connections, 1)
                rounds[name].append(written(connections, given.seconds))
    if len(answers) != 1:
        sys.exit(f"bench: not all answer the same: {answers}")
    bound = statistics.median(rate for rate, _ in rounds[BOUND])
    lines = []
    for name, measured in rounds.items():
        rates = [rate for rate, _ in measured]
        rate, p99 = statistics.median(rates), statistics.median(late for _, late in measured)
        spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
        lines.append(
            {
                "journal": name,
                "connections": connections,
                "IncomingCalls/s": rate,
                "lowest and highest": spread,
                "p99, ms": p99,
                "of the bound": rate / bound,
            }
        )
    return lines


def looked():
    """Return the answer to an IncomingCall; verify that it is 1 and that a wrong password is refused."""
    answer = asked(SOAP_LOGIN)
    if b">1</m:return>" not in answer:
        sys.exit(f"bench: a wrong answer: {answer!r}")
    try:
        asked(ADMIN_LOGIN)
    except urllib.error.HTTPError:
        return answer
    return sys.exit("bench: everybody is let in")


def asked(login):
    """Return the answer to an IncomingCall with `login`."""
    headers = {"Content-Type": "text/xml", "Authorization": login}
    body = ENVELOPE.format(79_040_000_000).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{PATH}", body, headers)
    with urllib.request.urlopen(request, timeout=10) as it:
        return it.read()


def written(connections, seconds):
    """Return IncomingCalls per second and p99 in milliseconds."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        envelope = ENVELOPE.format("%d").replace('"', '\\"')
        first = random.randrange(79_050_000_000, 79_990_000_000)
        script.write(WRK.format(first=first, login=SOAP_LOGIN, envelope=envelope))
        script.flush()
        wrk = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", "-s", script.name]
        command = pinned(1, [*wrk, f"http://127.0.0.1:{PORT}{PATH}"])
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said:
        sys.exit(f"bench: not every call was answered\n{said}")
    rate, p99, _ = parsed(said)
    return rate, p99


if __name__ == "__main__":
    main()
