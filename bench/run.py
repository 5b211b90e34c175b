"""Measure SayName through the whole product beside its bounds and its peers, in one run, as ratios.

Needs wrk. On Linux every server is pinned to one core and wrk to another; rounds are interleaved, medians shown. Each
peer's answers are looked at before it is measured. `--quick` leaves out the peers that are not Python.
"""

import argparse
import base64
import os
import platform
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
from pathlib import Path

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
PYTHON = {BOUND: "hand_written.py", BARE: "bare_spyne.py", CONSTANT: "constant.py"}
# They answer one number alone.
STUBS = {CONSTANT, "WireMock", "mountebank"}
FIRST_PORT = 8_191


def main():
    """Run the rounds and print the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="ours, the bounds and bare Spyne, in less than a minute")
    options.add_argument("--seconds", type=int, help="length of one measurement")
    options.add_argument("--rounds", type=int)
    options.add_argument("--connections", type=int, nargs="+")
    given = options.parse_args()
    given.seconds = given.seconds or (2 if given.quick else 5)
    given.rounds = given.rounds or (2 if given.quick else 3)
    given.connections = given.connections or ([8, 32] if given.quick else [1, 8, 32])
    if shutil.which("wrk") is None:
        sys.exit("bench: wrk is not installed (on Debian: apt-get install wrk)")
    with tempfile.TemporaryDirectory() as folder:
        subjects = {}
        try:
            start_all(subjects, Path(folder), quick=given.quick)
            report(measure(subjects, given), given)
        finally:
            for process, _ in subjects.values():
                process.send_signal(signal.SIGTERM)
                process.wait()


def start_all(subjects, folder, *, quick):
    """Start everything that is compared, each with the same callers, and look at its answers."""
    rows = [f"8{9_000_000_000 + number},Абонент {number}" for number in range(CALLERS)]
    (folder / "callers.csv").write_text("\n".join(["number,name", f"{NUMBER},{NAME}", *rows, ""]), encoding="utf-8")
    commands = {OURS: product, **{name: of_python(script) for name, script in PYTHON.items()}}
    if not quick:
        commands |= PEERS
    for port, (name, made) in enumerate(commands.items(), FIRST_PORT):
        try:
            command, variables = made(port, folder / "callers.csv")
        except Missing as missing:
            print(f"left out: {name}, for want of {missing}")
            continue
        path = "telephony/ws/VATS" if name == OURS else ""
        url = f"http://127.0.0.1:{port}/{path}"
        process = subprocess.Popen(
            pinned(0, command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **variables}
        )
        subjects[name] = process, url
        look(name, url)


def product(port, callers):
    """Return the command of the product with 10,000 callers."""
    file = callers.with_name("vats1c.toml")
    file.write_text(
        f'listen = "127.0.0.1:{port}"\n[[users]]\nname = "SOAP"\npassword = "123"\n'
        '[[directories]]\nname = "callers"\ntype = "csv"\npath = "callers.csv"\n',
        encoding="utf-8",
    )
    return [sys.executable, "-m", "vats1c", "serve", "-c", file], {}


def of_python(script):
    """Return what gives the command of a peer on vats1c's own server."""
    return lambda port, callers: python_peer(script, port, callers)


def look(name, url):
    """Wait until a subject is there, and look whether it answers as it should."""
    for _ in range(300):
        try:
            ask(url, NUMBER)
            break
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    else:
        sys.exit(f"bench: {name} did not start")
    expected = {NUMBER: NAME}
    if name not in STUBS:
        expected |= {f"8{9_000_000_000 + one}": f"Абонент {one}" for one in random.sample(range(CALLERS), 20)}
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
    """Return `command` tied to a core, where that can be done."""
    able = shutil.which("taskset") and (os.cpu_count() or 1) > 1
    return ["taskset", "-c", str(core), *command] if able else command


def measure(subjects, given):
    """Return {(subject, connections): [(requests a second, p99 in milliseconds), ...]}, rounds interleaved."""
    script = Path(tempfile.gettempdir()) / f"vats1c-bench-{os.getpid()}.lua"
    body = REQUEST.format(NUMBER).replace("\n", "\\n").replace('"', '\\"')
    script.write_text(
        f'wrk.method = "POST"\nwrk.body = "{body}"\nwrk.headers["Content-Type"] = "text/xml; charset=utf-8"\n'
        'wrk.headers["Authorization"] = "Basic U09BUDoxMjM="\nwrk.headers["SOAPAction"] = "\\"http://VATS#SayName\\""\n',
        encoding="utf-8",
    )
    figures = {}
    for round_number in range(given.rounds + 1):
        for connections in given.connections:
            for subject, (_, url) in random.sample(list(subjects.items()), len(subjects)):
                # The first round warms up and is not counted.
                seconds = given.seconds if round_number else 1
                wrk = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), "--latency", url]
                out = subprocess.run(pinned(1, wrk), check=True, capture_output=True, text=True).stdout
                if "Non-2xx" in out:
                    sys.exit(f"bench: {subject} answered wrongly:\n{out}")
                if round_number:
                    figures.setdefault((subject, connections), []).append(parsed(out))
    script.unlink()
    return figures


def parsed(out):
    """Return requests a second and p99 in milliseconds from wrk's output."""
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    return rate, float(value) * {"us": 0.001, "ms": 1, "s": 1_000}[unit]


def report(figures, given):
    """Print what was measured, and what vats1c is of each."""
    print(f"{platform.python_implementation()} {platform.python_version()}, {processor()}, {os.cpu_count()} cores\n")
    print("| | connections | requests/s | lowest and highest | p99, ms | vats1c is |\n|---|---|---|---|---|---|")
    for connections in given.connections:
        ours = statistics.median(rate for rate, _ in figures[OURS, connections])
        for (subject, of), rounds in figures.items():
            if of != connections:
                continue
            rates = [rate for rate, _ in rounds]
            middle, late = statistics.median(rates), statistics.median(p99 for _, p99 in rounds)
            spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
            print(f"| {subject} | {of} | {middle:,.0f} | {spread} | {late:.2f} | {ours / middle:.2f}× |")


def processor():
    """Return the processor's name."""
    try:
        return re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))[1]
    except (OSError, TypeError):
        return platform.machine()


if __name__ == "__main__":
    main()
