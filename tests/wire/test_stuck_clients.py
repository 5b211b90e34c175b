"""Clients that neither finish nor hang up take nothing from the others for longer than the limits say."""

import pytest

from tests.support.live import AUTHORIZATION, PATH, SOAP11, SOAP12, say_name

NAME = "VIP:Ренессанс Капитал"
# More may wait than are opened at once: none is refused for being one too many.
LIMITS = "[limits]\nbody_timeout = 0.5\nheader_timeout = 1\nconnections = 16\nwaiting = 256\n"
KINDS = {SOAP11: "text/xml", SOAP12: "application/soap+xml"}


def head(version=SOAP11):
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {KINDS[version]}\r\nAuthorization: {AUTHORIZATION}\r\n"
    ).encode()


STUCK = head() + b"Content-Length: 300\r\n\r\n<"


@pytest.fixture
def stuck():
    """Open connections that send `said` and then nothing; all are closed at the end."""
    opened = []

    def joined(live, said, count):
        for _ in range(count):
            opened.append(live.connect(timeout=5))
            opened[-1].sendall(said)
        return opened[-count:]

    yield joined
    for connection in opened:
        connection.close()


@pytest.mark.parametrize("version", [SOAP11, SOAP12])
@pytest.mark.parametrize(
    "rest", [b"Content-Length: 300\r\n\r\n", b"Content-Length: 300\r\n\r\n<", b"Transfer-Encoding: chunked\r\n\r\n1\r\n<\r\n"]
)  # fmt: skip
def test_a_body_that_never_comes_is_answered_in_the_version_of_its_content_type(start, stuck, version, rest):
    (connection,) = stuck(start(extra=LIMITS), head(version) + rest, 1)

    answer = connection.recv(10_000)

    assert answer.startswith(b"HTTP/1.1 408")
    assert f"content-type: {KINDS[version]}; charset=utf-8".encode() in answer
    assert f'xmlns:soap="{version}"><soap:Body><soap:Fault>'.encode() in answer


@pytest.mark.parametrize("said", [b"", head()[:40]])
def test_silent_connections_above_the_limit_are_cleared_away(start, stuck, said):
    live = start(extra=LIMITS)
    stuck(live, said, 40)

    assert live.post(say_name()).returned == NAME


def test_connections_broken_off_in_a_body_are_all_given_back(start, stuck):
    live = start(extra=LIMITS)
    for _ in range(10):
        for connection in stuck(live, STUCK, 16):
            connection.close()

    assert live.post(say_name()).returned == NAME
    assert "Traceback" not in live.printed
