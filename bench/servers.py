"""Compare HTTP servers: their speed, and what becomes of unfinished and broken requests.

granian's RSGI worker, uvicorn as it comes (httptools, uvloop) and vats1c's own server answer the same constant bytes,
each pinned to one core, wrk to the other. Every question is asked of a server that was just started.
"""

import argparse
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import tables
from run import FIRST_PORT, LOGIN, callers_in, pinned, wrk

SERVERS = {"granian (RSGI)": "granian", "uvicorn": "uvicorn", "vats1c.server": "ours"}
HEAD = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nAuthorization: {LOGIN}\r\n"
REQUEST = f"{HEAD}Content-Length: 5\r\n\r\n<a/>\n".encode()
STANDING = 5_000


def main():
    """Ask every question of every server, and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=3, help="length of one measurement of speed")
    options.add_argument("--json", help="file for the figures, for bench/page.py")
    given = options.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    questions = {
        **{f"requests/s, {n:,} connections": speed(n, given.seconds) for n in (1, 8, 32, 128, 1_000)},
        "a sender that half-closed is answered": half_closed,
        "300 kB refused by the head alone: whole answers of 20": early_refusals,
        "a broken chunked body is": broken_chunk,
        "a request without Host is answered": lambda port, _: answer_to(port, b"POST / HTTP/1.1\r\n\r\n"),
        "a head of 100 kB is answered": lambda port, _: answer_to(port, f"{HEAD}X: {'a' * 100_000}\r\n\r\n".encode()),
        f"ms to an answer beside {STANDING:,} idle connections": beside(b""),
        f"ms to an answer beside {STANDING:,} half heads": beside(HEAD.encode()),
        f"ms to an answer beside {STANDING:,} half bodies": beside(f"{HEAD}Content-Length: 500\r\n\r\n<".encode()),
        "half a head is closed after, s": half_a_head,
        "half a body is closed after, s": half_a_body,
        "SIGTERM: a request in progress is": stopped,
        "process MB, 1,000 idle connections": memory,
    }
    with tempfile.TemporaryDirectory() as folder:
        callers = callers_in(Path(folder))
        rows = []
        for question, ask in questions.items():
            row = {"question": question}
            for name, script in SERVERS.items():
                with running(script, callers) as (port, process):
                    row[name] = ask(port, process)
            rows.append(row)
            print(row, file=sys.stderr, flush=True)
    tables.tell(rows, given.json)


@contextmanager
def running(script, callers):
    """Run a server: gives its port and its process."""
    file = Path(__file__).parent / "peers" / "constant.py"
    command = pinned(0, [sys.executable, file, str(FIRST_PORT), callers, script])
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with suppress(OSError):
                exchange(FIRST_PORT, REQUEST)
                break
            time.sleep(0.05)
        yield FIRST_PORT, process
    finally:
        process.kill()
        process.wait()


def connect(port, timeout=10):
    """Return a connection."""
    return socket.create_connection(("127.0.0.1", port), timeout=timeout)


def exchange(port, data, timeout=10):
    """Send `data` on a connection of its own, and return what comes first."""
    with connect(port, timeout) as connection:
        connection.sendall(data)
        return connection.recv(65_536)


def speed(connections, seconds):
    """Return what measures requests a second."""

    def measure(port, _process):
        url = f"http://127.0.0.1:{port}/"
        wrk(url, connections, 1)
        return statistics.median(wrk(url, connections, seconds)[0] for _ in range(3))

    return measure


def half_closed(port, _process):
    """Tell whether a sender that has closed its side gets its answer."""
    with connect(port) as connection:
        connection.sendall(REQUEST)
        connection.shutdown(socket.SHUT_WR)
        try:
            return "yes" if connection.recv(65_536).startswith(b"HTTP/1.1 200") else "no"
        except OSError:
            return "no"


def early_refusals(port, _process):
    """Count the refusals that arrive whole at senders that send 300 kB before they read."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n"
    whole = 0
    for _ in range(20):
        with suppress(OSError), connect(port) as connection:
            connection.sendall(head + b"x" * 300_000)
            whole += connection.recv(65_536).startswith(b"HTTP/1.1 401")
    return whole


def broken_chunk(port, _process):
    """Tell what becomes of a body whose second chunk is none."""
    head = f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode()
    answer = exchange_or_nothing(port, head + b"5\r\n<a/>\n\r\nzz\r\n")
    if answer.startswith(b"HTTP/1.1 200"):
        return "taken for complete"
    return "refused" if answer else "closed"


def answer_to(port, data):
    """Tell how `data` is answered."""
    answer = exchange_or_nothing(port, data)
    if not answer:
        return "by closing"
    status = answer.split()[1].decode()
    _, _, body = answer.partition(b"\r\n\r\n")
    return f"{status}, {'with' if body else 'without'} a body"


def exchange_or_nothing(port, data):
    try:
        return exchange(port, data, timeout=5)
    except OSError:
        return b""


def beside(data):
    """Return what measures the longest of 20 answers while many connections stand that have sent `data`."""

    def measure(port, _process):
        with ExitStack() as stack:
            for _ in range(STANDING):
                try:
                    connection = stack.enter_context(connect(port, 2))
                    if data:
                        connection.sendall(data)
                except OSError:
                    break
            longest = 0.0
            for _ in range(20):
                begun = time.perf_counter()
                try:
                    if not exchange(port, REQUEST, timeout=15).startswith(b"HTTP/1.1 200"):
                        return "refused"
                except OSError:
                    return "none within 15 s"
                longest = max(longest, (time.perf_counter() - begun) * 1_000)
            return longest

    return measure


def closed_after(port, data):
    """Return after how many seconds a connection is closed, or its request answered; 30 at most are waited for."""
    begun = time.monotonic()
    with connect(port, 30) as connection:
        connection.sendall(data)
        try:
            connection.recv(1)
        except TimeoutError:
            return "not in 30 s"
        except OSError:
            pass
    return time.monotonic() - begun


def half_a_head(port, _process):
    """Return after how many seconds half a head is given up."""
    return closed_after(port, HEAD.encode())


def half_a_body(port, _process):
    """Return after how many seconds half a body is given up."""
    return closed_after(port, f"{HEAD}Content-Length: 500\r\n\r\n<".encode())


def stopped(port, process):
    """Tell whether a request whose body is still coming is answered after SIGTERM, and whether the process ends."""
    with connect(port) as connection:
        connection.sendall(REQUEST[:-3])
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        try:
            connection.sendall(REQUEST[-3:])
            answered = connection.recv(65_536).startswith(b"HTTP/1.1 200")
        except OSError:
            answered = False
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        return f"{'answered' if answered else 'cut off'}, no end in 30 s"
    return "answered" if answered else "cut off"


def memory(port, process):
    """Return the process's megabytes with 1,000 connections open."""
    with ExitStack() as stack:
        for _ in range(1_000):
            stack.enter_context(connect(port)).sendall(REQUEST)
        time.sleep(1)
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1_000


if __name__ == "__main__":
    main()
