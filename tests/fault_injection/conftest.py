"""A service that goes wrong on purpose, each test at a publication of its own."""

from dataclasses import dataclass

import pytest

from tests.support.live import AUTHORIZATION, incoming_call, say_name
from tests.support.office import PEOPLE, SOAP_USER
from tests.support.tester import STAGING, BenchClient


@dataclass
class Heard:
    """What came on a connection, and how it ended: "closed", "reset" or "silent"."""

    content: bytes
    end: str

    @property
    def head(self):
        return self.content.partition(b"\r\n\r\n")[0].decode().lower()

    @property
    def body(self):
        return self.content.partition(b"\r\n\r\n")[2]


class Wire:
    """A publication, asked by a bare socket."""

    def __init__(self, bench):
        self.bench = bench
        self.live = bench.live
        self.more_headers = []
        self.name = bench.made(
            callers=[{"number": "89235292926", "name": "Анна"}], subscribers=[{"key": "k", "name": "Анна"}]
        )["name"]

    def fault(self, fault, **given):
        status, said = self.bench.ask("POST", "/api/v1/faults", {"publication": self.name, "fault": fault, **given})
        assert status == 201, said
        return said

    def request(self, body, authorization=AUTHORIZATION):
        content = body.encode()
        lines = [
            f"POST /{self.name}/ws/VATS HTTP/1.1",
            "Host: localhost",
            f"Authorization: {authorization}",
            "Content-Type: text/xml",
            f"Content-Length: {len(content)}",
            *self.more_headers,
        ]
        return "\r\n".join([*lines, "", ""]).encode() + content

    def ask(self, number="89235292926", *, ring=False, seconds=3.0, connection=None):
        """Send SayName or IncomingCall; return what is heard within `seconds` of silence."""
        body = incoming_call(number, "k") if ring else say_name(number)
        own = connection or self.live.connect()
        try:
            own.settimeout(seconds)
            own.sendall(self.request(body))
            return self.hear(own)
        finally:
            if connection is None:
                own.close()

    def hear(self, connection):
        content = b""
        try:
            while chunk := connection.recv(65_536):
                content += chunk
                head, _, body = content.partition(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                if length and len(body) >= int(length[0].split(b":")[1]):
                    return Heard(content, "whole")
        except ConnectionResetError:
            return Heard(content, "reset")
        except TimeoutError:
            return Heard(content, "silent")
        return Heard(content, "closed")

    @property
    def marks(self):
        """What the journal says went wrong, oldest first."""
        status, said = self.bench.ask("GET", f"/api/v1/exchanges?publication={self.name}&limit=500")
        assert status == 200
        return [(one["op"], one["outcome"], one["status"], one["fault"]) for one in said["exchanges"]]


@pytest.fixture(scope="session")
def breaking_live(start):
    return start(extra=STAGING, users=SOAP_USER + PEOPLE)


@pytest.fixture
def proxied_wire(start):
    """A publication of a service behind a proxy, asked by the proxy."""
    wire = Wire(BenchClient(start(extra="proxies = 1\n" + STAGING, users=SOAP_USER + PEOPLE)))
    wire.more_headers = ["X-Forwarded-For: 203.0.113.7:50010"]
    return wire


@pytest.fixture
def wire(breaking_live):
    return Wire(BenchClient(breaking_live))
