"""A real service in a process of its own, and ways to talk to it down to the byte."""

import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

AUTHORIZATION = "Basic U09BUDoxMjM="  # SOAP:123, the vendor's example
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
PATH = "/telephony/ws/VATS"


def _ports():
    """Give ports without end: each process of a test run its own thousand, below those that clients are given."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 20
    first = 10_000 + 1_000 * process
    # Two test runs on one machine do not begin at the same one.
    return itertools.cycle([*range(begun := first + os.getpid() % 1_000, first + 1_000), *range(first, begun)])


_PORTS = _ports()


def free_port():
    """Return a port that nobody listens on, and that nobody else of this test run is given meanwhile."""
    for port in _PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError


def envelope(body, version=SOAP11, declaration='<?xml version="1.0" encoding="utf-8"?>\n'):
    return f'{declaration}<soap:Envelope xmlns:soap="{version}"><soap:Body>{body}</soap:Body></soap:Envelope>'


def say_name(number="89235292926", namespace="http://VATS", parameter="number", version=SOAP11):
    return envelope(f'<SayName xmlns="{namespace}"><{parameter}>{number}</{parameter}></SayName>', version)


def incoming_call(number="89235292926", key="gW3cyUJAtl50PhF", version=SOAP11):
    return envelope(
        f'<IncomingCall xmlns="http://VATS"><NumFrom>{number}</NumFrom><Key>{key}</Key></IncomingCall>',
        version,
    )


class Answer:
    """One HTTP answer, read whole."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode()

    @property
    def version(self):
        """The envelope namespace of the answer."""
        return self.text.split('xmlns:soap="', 1)[1].split('"', 1)[0]

    @property
    def returned(self):
        """The text of m:return, as a parser gives it."""
        from lxml import etree

        found = etree.fromstring(self.body).find(".//{*}return")
        assert found is not None, (self.status, self.text)
        return found.text or ""

    @property
    def is_fault(self):
        return "<soap:Fault>" in self.text


class Live:
    """`vats1c serve` as a subprocess, or another server of the application."""

    def __init__(self, port, config, arguments=(), env=None, command=None):
        """`command` returns the arguments that start another server at a port; it reads VATS1C_CONFIG."""
        self.port = port
        self.config = config
        self.env = env
        self._has_group = command is not None
        self.url = f"http://127.0.0.1:{port}"
        self.endpoint = self.url + PATH
        # A file: a pipe that nobody empties would stop the service when it is full.
        self._printed = config.with_name("printed.log")
        with self._printed.open("wb") as output:
            self.process = subprocess.Popen(
                command(port) if command else [sys.executable, "-m", "vats1c", "serve", "-c", str(config), *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={
                    **(env or os.environ),
                    **({"VATS1C_CONFIG": str(config)} if command else {}),
                    "PYTHONUNBUFFERED": "1",
                    "PYTHONFAULTHANDLER": "1",
                },
                # A server's workers end with it, whatever they do.
                start_new_session=self._has_group,
            )

    def wait_until_ready(self, seconds=20):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if self.get("/readyz").status == 200:
                    return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"the service did not start:\n{self.kill()}")

    def request(self, method, path, body=None, headers=None, timeout=10):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        except OSError as error:
            if (code := self.process.poll()) is not None:
                error.add_note(f"the service is gone with exit code {code}; the end of what it printed:")
                error.add_note(self.printed[-20_000:])
            raise
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, body, headers=None, path=PATH, authorization=AUTHORIZATION, content_type="text/xml"):
        """POST to the endpoint as the VATS does; a header of None is left out."""
        given = {"Content-Type": content_type, "Authorization": authorization, **(headers or {})}
        body = body.encode() if isinstance(body, str) else body
        return self.request("POST", path, body, {name: value for name, value in given.items() if value is not None})

    def connect(self, timeout=10):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def raw(self, data, timeout=10, *, and_no_more=False):
        """Send bytes as they are; return what comes back until the server closes or falls silent."""
        received = b""
        with self.connect(timeout) as connection:
            try:
                connection.sendall(data)
                if and_no_more:
                    connection.shutdown(socket.SHUT_WR)
                while chunk := connection.recv(65_536):
                    received += chunk
            except OSError:  # it hung up, or fell silent
                pass
            return received

    def journal(self):
        """Return the recorded calls, oldest first, as `vats1c journal list --json` gives them."""
        command = [sys.executable, "-m", "vats1c", "journal", "list", "--json", "--limit", "100000", "-c", self.config]
        listed = subprocess.run(command, capture_output=True, check=True, timeout=30)
        return [json.loads(line) for line in listed.stdout.decode().splitlines()]

    @property
    def printed(self):
        """All that the service has printed so far."""
        return self._printed.read_text(encoding="utf-8")

    def terminate(self):
        """Stop as an orchestrator does; return the exit code and all that was printed."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20), self.printed

    def kill(self):
        """Stop as a power cut does; return all that was printed."""
        self.process.kill()
        if self._has_group:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)
        return self.printed


def vats1c(*arguments, given="", env=None, cwd=None):
    """Run the command; return exit code, standard output, standard error."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("VATS1C_")}
    done = subprocess.run(
        [sys.executable, "-m", "vats1c", *map(str, arguments)],
        check=False,
        input=given.encode(),
        capture_output=True,
        timeout=30,
        env={**clean, "LANG": "C.UTF-8", "LC_ALL": "", **(env or {})},
        cwd=cwd,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()
