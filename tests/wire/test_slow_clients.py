"""Those who connect and say little hold nobody else up, and are not waited for in vain."""

import socket
import time
from contextlib import ExitStack

import pytest

from tests.support.live import AUTHORIZATION, PATH, incoming_call, say_name

HEADER = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 300\r\n".encode()
AUTHORISED = HEADER + f"Authorization: {AUTHORIZATION}\r\n\r\n<".encode()
ANONYMOUS = HEADER + b"\r\n<"


@pytest.fixture
def crowd():
    """Open many connections that each say a little; all are closed at the end."""
    with ExitStack() as stack:

        def joined(live, said, count):
            connections = [stack.enter_context(live.connect()) for _ in range(count)]
            for connection in connections:
                connection.sendall(said)
            return connections

        yield joined


def has_come(connection):
    """Tell whether anything came on a connection, or its end."""
    connection.settimeout(0)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    return True


def assert_a_name_comes_before(live, slow):
    """Ask for a name; the server still waits then for what the connections `slow` do not send."""
    for _ in range(9):
        assert live.post(say_name()).returned == "VIP:Ренессанс Капитал"
    assert not all(map(has_come, slow))


def test_300_idle_and_slow_connections_do_not_delay_a_name(start, crowd):
    live = start()
    waiting = [*crowd(live, b"", 100), *crowd(live, HEADER[:40], 100), *crowd(live, ANONYMOUS, 100)]

    assert_a_name_comes_before(live, waiting)


def test_64_slow_bodies_of_an_authorised_sender_do_not_delay_a_name(start, crowd):
    live = start()

    assert_a_name_comes_before(live, crowd(live, AUTHORISED, 64))


def test_300_slow_bodies_of_an_authorised_sender_do_not_delay_a_name(start, crowd):
    live = start()
    slow = crowd(live, AUTHORISED, 300)
    # More than may wait: that they do not wait for the service is known when nothing came for a moment.
    time.sleep(0.2)

    assert_a_name_comes_before(live, slow)


def test_a_body_that_never_comes_is_answered_with_a_fault(start, crowd):
    live = start(extra="[limits]\nbody_timeout = 0.5\n")

    for connection in crowd(live, AUTHORISED, 20):
        answer = connection.recv(10_000)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"connection: close" in answer.lower()
        assert b"<soap:Fault>" in answer


def test_a_body_that_comes_in_drops_is_not_waited_for_without_end(start):
    live = start(extra="[limits]\nbody_timeout = 0.5\n")
    with live.connect() as connection:
        connection.sendall(AUTHORISED)
        answer = b""
        for _ in range(50):
            connection.sendall(b" ")
            connection.settimeout(0.1)
            try:
                answer = connection.recv(10_000)
                break
            except TimeoutError:
                continue

    assert answer.startswith(b"HTTP/1.1 408")


def test_a_call_whose_body_came_too_late_was_refused_and_is_not_carried_out(start):
    live = start(extra="[limits]\nbody_timeout = 0.5\n")
    body = incoming_call(key="too late").encode()
    header = HEADER.replace(b"300", str(len(body)).encode()) + f"Authorization: {AUTHORIZATION}\r\n\r\n".encode()
    with live.connect() as connection:
        connection.sendall(header + body[:100])
        assert connection.recv(10_000).startswith(b"HTTP/1.1 408")
        connection.sendall(body[100:])
        time.sleep(0.5)

    assert live.post(incoming_call(key="in time")).returned == "1"
    assert [call["key"] for call in live.journal()] == ["in time"]


@pytest.mark.parametrize("said", [b"", HEADER[:40]])
def test_a_header_that_never_comes_is_hung_up_on(start, crowd, said):
    live = start(extra="[limits]\nheader_timeout = 0.5\n")

    (connection,) = crowd(live, said, 1)

    assert connection.recv(1_000) == b""


def test_connections_above_the_limit_wait_and_are_served_when_others_leave(start, crowd):
    live = start(extra="[limits]\nconnections = 16\n")
    first = crowd(live, b"", 40)
    for connection in first:
        connection.close()

    assert live.post(say_name()).returned == "VIP:Ренессанс Капитал"
