"""Compare SayName of the whole product with its bounds and its peers, in one run, as ratios.

Needs wrk. On Linux each server is pinned to one core and wrk to another; rounds are interleaved, and medians are shown.
The answers of each peer are verified before the measurement. `--quick` leaves out the peers that are not Python.
"""

import argparse
import base64
import os
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
from contextlib import contextmanager
from pathlib import Path

import tables
from peers import PEERS, Missing, python_peer

CALLERS = 10_000
NUMBER, NAME = "89235292926", "VIP:Ренессанс Капитал"
REQUEST = """<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
    <soap:Body>
        <SayName xmlns="http://VATS">
            <number>{}</number>
        </SayName>
    </soap:Body>
</soap:Envelope>
"""
OURS, BOUND, BARE, CONSTANT = "vats1c", "hand-written lxml", "bare Spyne", "constant bytes"
BOUND_ON_OURS = "hand-written lxml on vats1c's server"
PYTHON = {
    BOUND: ("hand_written.py",),
    BOUND_ON_OURS: ("hand_written.py", "ours"),
    BARE: ("bare_spyne.py",),
    CONSTANT: ("constant.py",),
}
# These peers answer only one number.
STUBS = {CONSTANT, "WireMock", "mountebank", "Mockoon"}
FIRST_PORT = int(os.environ.get("BENCH_PORT", "8191"))
PATH = "telephony/ws/VATS"
LOGIN = "Basic U09BUDoxMjM="


def main():
    """Run the rounds and print the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="ours, the bounds and bare Spyne, in less than a minute")
    options.add_argument("--seconds", type=int, help="length of one measurement")
    options.add_argument("--rounds", type=int)
    options.add_argument("--connections", type=int, nargs="+")
    options.add_argument("--json", help="file for the figures, for bench/page.py")
    given = options.parse_args()
    given.seconds = given.seconds or (2 if given.quick else 5)
    given.rounds = given.rounds or (2 if given.quick else 3)
    given.connections = given.connections or ([8, 32] if given.quick else [1, 8, 32])
    with tempfile.TemporaryDirectory() as folder:
        subjects = {}
        try:
            start_all(subjects, Path(folder), quick=given.quick)
            tables.tell(rows(measure(subjects, given), given), given.json)
        finally:
            for process, _ in subjects.values():
                process.send_signal(signal.SIGTERM)
                process.wait()


def start_all(subjects, folder, *, quick):
    """Start all services, each with the same callers, and verify their answers."""
    callers = callers_in(folder)
    commands = {OURS: product, **{name: of_python(*script) for name, script in PYTHON.items()}}
    if not quick:
        commands |= PEERS
    for port, (name, made) in enumerate(commands.items(), FIRST_PORT):
        try:
            command, variables = made(port, callers)
        except Missing as missing:
            print(f"left out: {name}, for want of {missing}")
            continue
        path = PATH if name == OURS else ""
        url = f"http://127.0.0.1:{port}/{path}"
        subjects[name] = started(pinned(0, command), variables), url
        look(name, url)


def started(command, variables=None):
    """Start a server."""
    environment = {**os.environ, **(variables or {})}
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)


def callers_in(folder, count=CALLERS):
    """Write a file of callers, and return its path."""
    rows = [f"8{9_000_000_000 + number},Абонент {number}" for number in range(count)]
    file = folder / "callers.csv"
    file.write_text("\n".join(["number,name", f"{NUMBER},{NAME}", *rows, ""]), encoding="utf-8")
    return file


@contextmanager
def running(settings="", callers=CALLERS, core=0):
    """Run the product with additional `settings`, pinned to `core` unless that is None; yield its process and URL."""
    with tempfile.TemporaryDirectory() as folder:
        command, _ = product(FIRST_PORT, callers_in(Path(folder), callers), settings)
        process = started(command if core is None else pinned(core, command))
        try:
            url = f"http://127.0.0.1:{FIRST_PORT}/{PATH}"
            look(OURS, url, callers)
            yield process, url
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def product(port, callers, settings=""):
    """Return the command of the product with a file of `callers` and additional `settings`."""
    file = callers.with_name("vats1c.toml")
    file.write_text(
        f'listen = "127.0.0.1:{port}"\n{settings}\n[[users]]\nname = "SOAP"\npassword = "123"\n'
        '[[directories]]\nname = "callers"\ntype = "csv"\npath = "callers.csv"\n',
        encoding="utf-8",
    )
    return [sys.executable, "-m", "vats1c", "serve", "-c", file], {}


def of_python(script, *arguments):
    """Return what gives the command of a peer in Python."""
    return lambda port, callers: python_peer(script, port, callers, *arguments)


def look(name, url, callers=CALLERS):
    """Wait until a service answers, and verify its answers."""
    for _ in range(600):
        try:
            ask(url, NUMBER)
            break
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    else:
        sys.exit(f"bench: {name} did not start")
    expected = {NUMBER: NAME}
    if name not in STUBS:
        expected |= {f"8{9_000_000_000 + one}": f"Абонент {one}" for one in random.sample(range(callers), 20)}
    for number, caller in expected.items():
        if name != CONSTANT and f">{caller}</" not in ask(url, number):
            sys.exit(f"bench: {name} does not say that {number} is {caller}")
    try:
        ask(url, NUMBER, password="wrong")
    except urllib.error.HTTPError:
        return
    sys.exit(f"bench: {name} lets everybody in")


def ask(url, number, password="123"):
    """Return the answer to a SayName."""
    login = "Basic " + base64.b64encode(f"SOAP:{password}".encode()).decode()
    headers = {"Content-Type": "text/xml; charset=utf-8", "Authorization": login, "SOAPAction": '"http://VATS#SayName"'}
    with urllib.request.urlopen(
        urllib.request.Request(url, REQUEST.format(number).encode(), headers), timeout=10
    ) as it:
        return it.read().decode()


def pinned(core, command):
    """Return `command` pinned to a core, on platforms that support it."""
    able = shutil.which("taskset") and (os.cpu_count() or 1) > 1
    return ["taskset", "-c", str(core), *command] if able else command


def measure(subjects, given):
    """Return {(service, connections): [(requests per second, p99 in milliseconds), ...]}, rounds interleaved."""
    figures = {}
    for round_number in range(given.rounds + 1):
        for connections in given.connections:
            for subject, (_, url) in random.sample(list(subjects.items()), len(subjects)):
                # The first round warms up and is not counted.
                seconds = given.seconds if round_number else 1
                rate, p99, refused = wrk(url, connections, seconds)
                if refused:
                    sys.exit(f"bench: {subject} answered wrongly")
                if round_number:
                    figures.setdefault((subject, connections), []).append((rate, p99))
    return figures


def wrk(url, connections, seconds):
    """Run wrk; return requests per second, p99 in milliseconds, and the share of refused requests."""
    if shutil.which("wrk") is None:
        sys.exit("bench: wrk is not installed (on Debian: apt-get install wrk)")
    body = REQUEST.format(NUMBER).replace("\n", "\\n").replace('"', '\\"')
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="utf-8") as script:
        script.write(
            f'wrk.method = "POST"\nwrk.body = "{body}"\nwrk.headers["Content-Type"] = "text/xml; charset=utf-8"\n'
            f'wrk.headers["Authorization"] = "{LOGIN}"\nwrk.headers["SOAPAction"] = "\\"http://VATS#SayName\\""\n'
        )
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name, "--latency", url]
        out = subprocess.run(pinned(1, command), check=True, capture_output=True, text=True).stdout
    return parsed(out)


def parsed(out):
    """Parse wrk's output; return requests per second, p99 in milliseconds, and the share of refused requests."""
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    every, refused = re.search(r"(\d+) requests in", out)[1], re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    share = int(refused[1]) / int(every) if refused else 0.0
    return rate, float(value) * {"us": 0.001, "ms": 1, "s": 1_000}[unit], share


def rows(figures, given):
    """Return a row for each service and number of connections, with the ratio of vats1c to it."""
    made = []
    for connections in given.connections:
        ours = statistics.median(rate for rate, _ in figures[OURS, connections])
        for (subject, of), rounds in figures.items():
            if of != connections:
                continue
            rates = [rate for rate, _ in rounds]
            middle = statistics.median(rates)
            made.append(
                {
                    "service": subject,
                    "connections": of,
                    "requests/s": middle,
                    "lowest and highest": f"{min(rates):,.0f} to {max(rates):,.0f}",
                    "p99, ms": statistics.median(p99 for _, p99 in rounds),
                    "vats1c is": f"{ours / middle:.2f}×",
                }
            )
    return made


if __name__ == "__main__":
    main()
