"""Connections that threads share are closed when the server left them, and never under a question."""

import socket
import time

import pytest

pytest.importorskip("httpcore")

from vats1c.directory.exchange import _Clock, _Network


@pytest.fixture
def pair():
    """Our end of a connection, and the server's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        clock = _Clock()
        clock.start(10)
        stream = _Network(clock).connect_tcp(*server.getsockname())
        theirs, _ = server.accept()
        with theirs:
            yield stream, theirs
            stream.close()


def readable(stream):
    """Tell what the pool is told, once the network has had its moment."""
    for _ in range(100):
        if stream.get_extra_info("is_readable"):
            return True
        time.sleep(0.005)
    return False


def test_an_idle_connection_that_the_server_closed_is_seen(pair):
    stream, theirs = pair
    stream.write(b"question")
    theirs.sendall(b"answer")
    assert stream.read(100) == b"answer"
    assert not stream.get_extra_info("is_readable")
    theirs.close()

    assert readable(stream)


def test_an_answer_on_its_way_does_not_look_like_a_connection_that_was_closed(pair):
    stream, theirs = pair
    stream.write(b"question")
    theirs.sendall(b"answer")

    assert not readable(stream)
    assert stream.read(100) == b"answer"
