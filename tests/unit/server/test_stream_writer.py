"""Responses in pieces, sent by any thread, on connections of the server."""

import threading

import pytest

from tests.support.waiting import until
from vats1c.http import Response

TIMEOUT_S = 60
REQUEST = b"GET /s HTTP/1.1\r\nHost: a\r\n\r\n"
OTHER = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def stream(server, new_stream):
    """Return the stream that answers "/s" of the server."""
    server.application.answers["/s"] = Response(200, [("Content-Type", "text/event-stream")], stream=new_stream)
    return new_stream


def test_pieces_from_another_thread_arrive_in_order_in_chunks(server, stream):
    client = server.connect(REQUEST)
    pieces = [b"%d" % number for number in range(1_000)]
    results = []

    sender = threading.Thread(target=lambda: results.extend(stream.writer.send(piece) for piece in pieces))
    sender.start()

    head = client.head()
    assert (head.status, head.headers["transfer-encoding"]) == (200, "chunked")
    assert "content-length" not in head.headers
    assert [client.chunk() for _ in pieces] == pieces
    sender.join()
    assert set(results) == {True}


def test_the_head_is_not_sent_before_the_first_piece(server, stream):
    client = server.connect(REQUEST)
    writer = stream.writer
    # What the server does for another client, it has not done for this one.
    assert server.connect(OTHER).response().status == 200
    client.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.socket.recv(1)
    client.socket.settimeout(TIMEOUT_S)
    writer.send(b"piece")

    assert client.head().status == 200
    assert client.chunk() == b"piece"


def test_a_chunked_stream_ends_with_close_and_its_connection_is_used_again(server, stream):
    client = server.connect(REQUEST)
    stream.writer.send(b"one ")
    stream.writer.send(b"two")
    stream.writer.close()
    stream.writer.close()

    assert client.response().body == b"one two"
    client.send(OTHER)
    assert client.response().body == b"GET /x "
    assert stream.disconnections.empty()


def test_requests_that_were_pipelined_behind_a_stream_are_answered_after_it(server, stream):
    client = server.connect(REQUEST + OTHER)
    stream.writer.send(b"piece")
    client.send(OTHER)
    stream.writer.close()

    assert [client.response().body for _ in range(3)] == [b"piece", b"GET /x ", b"GET /x "]


def test_requests_that_were_pipelined_before_a_stream_began_are_answered_after_it(server, stream):
    response, future = server.application.answers["/s"], server.application.future()
    server.application.answers["/s"] = future
    client = server.connect(REQUEST + OTHER)
    server.application.handled.get(timeout=TIMEOUT_S)
    future.set_result(response)
    stream.writer.send(b"piece")
    stream.writer.close()

    assert [client.response().body for _ in range(2)] == [b"piece", b"GET /x "]


def test_a_chunked_stream_that_is_closed_without_a_piece_is_an_empty_body(server, stream):
    client = server.connect(REQUEST + OTHER)
    stream.writer.close()

    answer = client.response()
    assert (answer.status, answer.body) == (200, b"")
    assert client.response().body == b"GET /x "


def test_an_empty_piece_is_no_end(server, stream):
    client = server.connect(REQUEST)
    stream.writer.send(b"")
    stream.writer.send(b"piece")
    stream.writer.close()

    assert client.response().body == b"piece"


def test_a_stream_with_a_length_is_not_chunked_and_may_be_closed_short(server, new_stream):
    server.application.answers["/s"] = Response(200, [("Content-Length", "9")], stream=new_stream)
    client = server.connect(REQUEST)
    new_stream.writer.send(b"half")
    new_stream.writer.close()

    headers = client.head().headers
    assert "transfer-encoding" not in headers
    assert (headers["content-length"], headers["connection"]) == ("9", "close")
    assert client.rest() == b"half"


def test_a_stream_with_a_length_that_is_closed_without_a_piece_sends_nothing(server, new_stream):
    server.application.answers["/s"] = Response(200, [("Content-Length", "9")], stream=new_stream)
    client = server.connect(REQUEST)
    new_stream.writer.close()

    assert client.rest() == b""


def test_a_stream_to_http_1_0_is_not_chunked_and_ends_with_its_connection(server, stream):
    client = server.connect(b"GET /s HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    stream.writer.send(b"one ")
    stream.writer.send(b"two")
    stream.writer.close()

    answer = client.response()
    assert (answer.headers["connection"], answer.body) == ("close", b"one two")
    assert "transfer-encoding" not in answer.headers


def test_a_stream_to_a_sender_that_wants_the_connection_closed_closes_it(server, stream):
    client = server.connect(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    stream.writer.send(b"piece")
    stream.writer.close()

    answer = client.response()
    assert (answer.headers["connection"], answer.body) == ("close", b"piece")
    assert client.rest() == b""


def test_a_stream_that_refuses_a_body_leaves_the_sender_time_to_read_it(server, new_stream):
    server.application.admissions["/s"] = Response(200, [], stream=new_stream)
    client = server.connect(b"POST /s HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n")
    new_stream.writer.send(b"piece")
    new_stream.writer.close()
    client.send(b"x" * 300_000)

    assert client.response().body == b"piece"
    assert client.rest() == b""


def test_head_gets_the_head_alone_and_the_stream_does_not_begin(server, stream):
    client = server.connect(REQUEST.replace(b"GET", b"HEAD") + OTHER)

    assert client.response(has_body=False).headers["content-type"] == "text/event-stream"
    assert client.response().body == b"GET /x "
    stream.disconnections.get(timeout=TIMEOUT_S)


@pytest.mark.parametrize("before", [b"", b"piece"])
def test_reset_breaks_the_connection_off(server, stream, before):
    client = server.connect(REQUEST)
    if before:
        stream.writer.send(before)
        client.head()
        assert client.chunk() == before
    stream.writer.reset()

    with pytest.raises(ConnectionResetError):
        client.rest()
    assert until(lambda: not stream.writer.send(b"more"), TIMEOUT_S)
    assert stream.disconnections.empty()


@pytest.mark.parametrize("leave", ["close", "reset", "half_close"])
def test_a_stream_learns_once_that_its_client_has_gone(server, stream, leave):
    client = server.connect(REQUEST)
    writer = stream.writer
    writer.send(b"piece")
    client.head()
    assert client.chunk() == b"piece"
    getattr(client, leave)()

    assert stream.disconnections.get(timeout=TIMEOUT_S) is server.thread
    server.wait_for_no_connections()
    assert writer.send(b"more") is False
    writer.close()
    writer.reset()
    assert server.connect(OTHER).response().status == 200
    assert stream.disconnections.empty()


def test_a_stream_whose_client_has_gone_before_it_began_learns_that(server, stream):
    response, future = server.application.answers["/s"], server.application.future()
    server.application.answers["/s"] = future
    client = server.connect(REQUEST)
    server.application.handled.get(timeout=TIMEOUT_S)
    client.reset()
    server.wait_for_no_connections()
    future.set_result(response)

    assert stream.disconnections.get(timeout=TIMEOUT_S) is server.thread


def test_a_client_that_never_reads_is_disconnected(server, stream):
    server.connect(REQUEST)
    writer = stream.writer

    assert until(lambda: not writer.send(b"x" * 1_000_000), TIMEOUT_S)
    stream.disconnections.get(timeout=TIMEOUT_S)
    server.wait_for_no_connections()
    assert writer.send(b"more") is False
    assert stream.disconnections.empty()


def test_a_client_that_reads_too_slowly_is_disconnected_in_time(start_server, new_stream):
    server = start_server(body_timeout_s=0.3)
    server.application.answers["/s"] = Response(200, [], stream=new_stream)
    server.connect(REQUEST)
    # More than the system takes for a client, and less than may wait here.
    until(lambda: _is_blocked(server) or not new_stream.writer.send(b"x" * 100_000), TIMEOUT_S)

    new_stream.disconnections.get(timeout=TIMEOUT_S)
    server.wait_for_no_connections()


def _is_blocked(server):
    return any(connection._is_write_blocked for connection in list(server.server._connections))


def test_a_stream_has_no_deadline(start_server, new_stream):
    server = start_server(header_timeout_s=0.1, body_timeout_s=0.1)
    server.application.answers["/s"] = Response(200, [], stream=new_stream)
    client = server.connect(REQUEST)
    for _ in range(2):
        # Another connection is closed meanwhile for the time it takes.
        assert server.connect().rest() == b""
    new_stream.writer.send(b"piece")
    new_stream.writer.close()

    assert client.response().body == b"piece"


def test_a_stream_that_fails_to_begin_ends_its_own_connection_alone(server, new_stream):
    new_stream.begin = None
    server.application.answers["/s"] = Response(200, [], stream=new_stream)

    assert server.connect(REQUEST).rest_or_reset() == b""
    assert server.connect(OTHER).response().status == 200


def test_bytes_that_are_no_request_end_no_stream_before_its_time(server, stream):
    client = server.connect(REQUEST + b"\x16\x03\x01")
    stream.writer.send(b"piece")
    stream.writer.close()

    assert client.response().body == b"piece"
    assert client.response().status == 400
    assert client.rest() == b""
