"""Measure SayName through the whole product beside constant bytes on the same server, in one run, as a ratio.

Needs wrk. On Linux the server is pinned to one core and wrk to another; rounds are interleaved, medians are shown.
"""

import argparse
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

CALLERS = 10_000
NUMBER, NAME = "89235292926", "VIP:Ренессанс Капитал"
REQUEST = f"""<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
    <soap:Body>
        <SayName xmlns="http://VATS">
            <number>{NUMBER}</number>
        </SayName>
    </soap:Body>
</soap:Envelope>
"""
PYTHON_PEERS = {
    "hand-written lxml": "hand_written.py",
    "bare Spyne": "bare_spyne.py",
    "constant bytes": "constant.py",
}
LOGIN = "Basic U09BUDoxMjM="
PEERS = Path(__file__).parent / "peers"


def main():
    """Run the rounds and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=5, help="length of one measurement")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--connections", type=int, nargs="+", default=[1, 8, 32])
    given = options.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("bench: wrk is not installed (on Debian: apt-get install wrk)")
    with tempfile.TemporaryDirectory() as folder:
        subjects = {
            "vats1c": product(Path(folder), 8_191),
            **{
                name: python_peer(script, Path(folder), port)
                for port, (name, script) in enumerate(PYTHON_PEERS.items(), 8_192)
            },
        }
        try:
            report(measure(subjects, given))
        finally:
            for process, _ in subjects.values():
                process.send_signal(signal.SIGTERM)
                process.wait()


def product(folder, port):
    """Start the product with 10,000 callers; return the process and its address."""
    rows = [f"8{9_000_000_000 + number},Абонент {number}" for number in range(CALLERS)]
    (folder / "callers.csv").write_text("\n".join(["number,name", f"{NUMBER},{NAME}", *rows]), encoding="utf-8")
    (folder / "vats1c.toml").write_text(
        f'listen = "127.0.0.1:{port}"\n[[users]]\nname = "SOAP"\npassword = "123"\n'
        '[[directories]]\nname = "callers"\ntype = "csv"\npath = "callers.csv"\n',
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "vats1c", "serve", "-c", folder / "vats1c.toml"]
    return started(command, f"http://127.0.0.1:{port}/telephony/ws/VATS", NAME)


def python_peer(script, folder, port):
    """Start a peer on vats1c's own server; return the process and its address."""
    command = [sys.executable, PEERS / script, str(port), folder / "callers.csv"]
    return started(command, f"http://127.0.0.1:{port}/", "x" if script == "constant.py" else NAME)


def started(command, url, expected):
    """Start a server on the first core and wait until its answer is right."""
    process = subprocess.Popen(pinned(0, command), stdout=subprocess.DEVNULL)
    for _ in range(200):
        try:
            asked = urllib.request.Request(url, REQUEST.encode(), {"Content-Type": "text/xml", "Authorization": LOGIN})
            with urllib.request.urlopen(asked, timeout=5) as answer:
                assert expected in answer.read().decode()
        except OSError:
            time.sleep(0.05)
        else:
            return process, url
    sys.exit(f"bench: {url} did not start")


def pinned(core, command):
    """Return `command` tied to a core, where that can be done."""
    able = shutil.which("taskset") and (os.cpu_count() or 1) > 1
    return ["taskset", "-c", str(core), *command] if able else command


def measure(subjects, given):
    """Return {(subject, connections): [(requests a second, p99 in milliseconds), ...]}, rounds interleaved."""
    script = Path(tempfile.gettempdir()) / f"vats1c-bench-{os.getpid()}.lua"
    body = REQUEST.replace("\n", "\\n").replace('"', '\\"')
    script.write_text(
        f'wrk.method = "POST"\nwrk.body = "{body}"\nwrk.headers["Content-Type"] = "text/xml"\n'
        f'wrk.headers["Authorization"] = "{LOGIN}"\n',
        encoding="utf-8",
    )
    figures = {}
    for round_number in range(given.rounds + 1):
        for connections in given.connections:
            for subject, (_, url) in subjects.items():
                # The first round warms up and is not counted.
                seconds = given.seconds if round_number else 1
                wrk = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), "--latency", url]
                out = subprocess.run(pinned(1, wrk), check=True, capture_output=True, text=True).stdout
                if "Non-2xx" in out or "Socket errors" in out:
                    sys.exit(f"bench: {subject} answered wrongly:\n{out}")
                if round_number:
                    figures.setdefault((subject, connections), []).append(parsed(out))
    script.unlink()
    return figures


def parsed(out):
    """Return requests a second and p99 in milliseconds from wrk's output."""
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), float(value) * {"us": 0.001, "ms": 1, "s": 1_000}[
        unit
    ]


def report(figures):
    """Print the table and the ratios."""
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    )
    print(f"{'':<20}{'connections':>12}{'requests/s':>12}{'spread':>16}{'p99 ms':>9}{'share':>8}")
    for (subject, connections), rounds in sorted(figures.items(), key=lambda item: item[0][1]):
        rates = [rate for rate, _ in rounds]
        bound = statistics.median(rate for rate, _ in figures["hand-written lxml", connections])
        middle = statistics.median(rates)
        spread = f"{min(rates):.0f}-{max(rates):.0f}"
        late = statistics.median(p99 for _, p99 in rounds)
        print(f"{subject:<20}{connections:>12}{middle:>12.0f}{spread:>16}{late:>9.2f}{middle / bound:>8.2f}")


if __name__ == "__main__":
    main()
