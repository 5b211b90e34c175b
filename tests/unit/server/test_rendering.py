"""Responses as bytes on the wire."""

import pytest

from vats1c.http import Response
from vats1c.server.rendering import chunk, render, render_stream_head

DATE = b"date: Mon, 23 Nov 2026 12:00:00 GMT\r\n"


def rendered(response, *, head_only=False, connection=b""):
    return render(response, date=DATE, head_only=head_only, connection=connection)


def test_a_response_is_status_line_headers_and_body():
    assert rendered(Response(200, [("Content-Type", "text/plain"), ("X-A", "1")], b"body")) == (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nx-a: 1\r\nserver: vats1c\r\ncontent-length: 4\r\n"
        + DATE
        + b"\r\nbody"
    )


def test_an_empty_body_has_its_length():
    assert b"\r\ncontent-length: 0\r\n" in rendered(Response(200, []))


def test_head_only_leaves_out_the_body_and_keeps_its_length():
    head = rendered(Response(200, [], b"body"), head_only=True)

    assert b"\r\ncontent-length: 4\r\n" in head
    assert head.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_has_neither_body_nor_length(status):
    head = rendered(Response(status, [], b"body"))

    assert b"content-length" not in head
    assert head.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(("status", "line"), [(404, b"HTTP/1.1 404 Not Found\r\n"), (599, b"HTTP/1.1 599 \r\n")])
def test_a_status_has_its_phrase_and_an_unknown_one_an_empty_phrase(status, line):
    assert rendered(Response(status, [])).startswith(line)


def test_the_connection_line_stands_in_the_head():
    head, _, body = rendered(Response(200, [], b"body"), connection=b"connection: close\r\n").partition(b"\r\n\r\n")

    assert head.endswith(b"\r\nconnection: close")
    assert body == b"body"


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\rb"])
def test_a_header_value_with_a_line_break_is_refused(value):
    with pytest.raises(ValueError, match="line break"):
        rendered(Response(200, [("Location", value)]))


def test_a_header_value_is_sent_as_latin_1():
    assert b"\r\nx: \xe9\r\n" in rendered(Response(200, [("X", "é")]))


def test_the_head_of_a_chunked_stream_says_so_and_has_no_length():
    head = render_stream_head(Response(200, [("X", "1")]), date=DATE, chunked=True, connection=b"")

    assert head == b"HTTP/1.1 200 OK\r\nx: 1\r\nserver: vats1c\r\ntransfer-encoding: chunked\r\n" + DATE + b"\r\n"


def test_the_head_of_a_stream_that_is_not_chunked_leaves_the_framing_to_its_headers():
    head = render_stream_head(
        Response(200, [("Content-Length", "9")]), date=DATE, chunked=False, connection=b"connection: close\r\n"
    )

    assert b"transfer-encoding" not in head
    assert b"\r\ncontent-length: 9\r\n" in head
    assert head.endswith(b"\r\nconnection: close\r\n\r\n")


def test_a_chunk_has_its_size_in_hexadecimal():
    assert chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
