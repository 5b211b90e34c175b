"""Requests from the bytes of a connection: the same ones, whatever the pieces they come in."""

import pytest

from tests.support import requests_read
from tests.support.requests_read import FakeReceiver
from vats1c.http import Request
from vats1c.server.parsing import RequestParser

HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\n"


def feed(pieces):
    """Return the requests in `pieces`, and the error that ended them, None where there is none."""
    return requests_read.feed(RequestParser, pieces)


def ways_to_split(data):
    yield [data]
    yield [data[place : place + 1] for place in range(len(data))]
    for place in range(1, len(data)):
        yield [data[:place], data[place:]]


def parse(data):
    """Return the requests in `data`, each with length, keep_alive, body and whether it is complete."""
    requests, error = feed([data])
    assert error is None
    for pieces in ways_to_split(data):
        assert feed(pieces) == (requests, None)
    return requests


def parse_one(data):
    (only,) = parse(data)
    return only[0]


def refuse(data):
    """Return status, path and content type of the error in `data`."""
    _, error = feed([data])
    assert error is not None
    for pieces in ways_to_split(data):
        assert feed(pieces)[1] == error
    return error


def status_of(data):
    """Return the status of the error in `data`, of which the path may be cut off where a piece ends."""
    (status,) = {feed(pieces)[1][0] for pieces in ways_to_split(data)}
    return status


# Requests


def test_a_plain_request_is_parsed_with_its_body():
    ((request, length, keep_alive, body, complete),) = parse(
        b"POST /a/b?c=d&e HTTP/1.1\r\nHost: vats.example\r\nContent-Length: 5\r\n\r\nhello"
    )

    assert request == Request(
        "POST",
        "/a/b",
        "c=d&e",
        {"host": "vats.example", "content-length": "5"},
        "192.0.2.1",
        http_version="1.1",
        host="vats.example",
        peer="192.0.2.1",
    )
    assert (length, keep_alive, body, complete) == (5, True, b"hello", True)


def test_a_chunked_request_has_no_length_and_its_chunks_are_the_body():
    ((_, length, keep_alive, body, complete),) = parse(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"
    )

    assert (length, keep_alive, body, complete) == (None, True, b"hello!", True)


def test_a_trailer_changes_nothing_in_the_head():
    (parsed,) = parse(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nHost: b\r\nAuthorization: Basic eA==\r\n\r\n"
    )

    assert parsed[0].headers == {"host": "a", "transfer-encoding": "chunked"}
    assert parsed[3:] == [b"x", True]


def test_pipelined_requests_are_parsed_one_after_another():
    parsed = parse(
        b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
        b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
        b"POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nho\r\n0\r\n\r\n"
        b"GET /4 HTTP/1.1\r\nHost: a\r\n\r\n"
    )

    assert [(request.path, body, complete) for request, _, _, body, complete in parsed] == [
        ("/1", b"", True),
        ("/2", b"hi", True),
        ("/3", b"ho", True),
        ("/4", b"", True),
    ]


def test_many_pipelined_requests_in_one_piece_are_no_long_head():
    requests, error = feed(
        [(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 4_000) + b"GET /last HTT", b"P/1.1\r\nHost: a\r\n\r\n"]
    )

    assert error is None
    assert len(requests) == 4_001


def test_a_head_that_begins_after_a_long_body_in_one_piece_is_no_long_head():
    body = b"x" * 66_000

    requests, error = feed([HEAD + b"Content-Length: 66000\r\n\r\n" + body + b"GET / HT", b"TP/1.1\r\nHost: a\r\n\r\n"])

    assert error is None
    assert [request[3] for request in requests] == [body, b""]


def test_empty_lines_before_a_request_are_skipped():
    assert parse_one(b"\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n").path == "/x"


@pytest.mark.parametrize(
    ("head", "keep_alive"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive, CLOSE\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nHost: a\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", True),
    ],
)
def test_the_sender_says_whether_the_connection_is_kept(head, keep_alive):
    assert parse(head)[0][2] is keep_alive


# Header fields


def test_header_names_are_in_lower_case():
    headers = parse_one(b"GET / HTTP/1.1\r\nHOST: a\r\nX-Real-Name: B\r\n\r\n").headers

    assert headers == {"host": "a", "x-real-name": "B"}


def test_repeated_headers_are_joined_by_commas_and_cookies_by_semicolons():
    headers = parse_one(
        b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nCookie: a=1\r\nx: 2 \t\r\ncookie: b=2 \r\nX: 3\r\n\r\n"
    ).headers

    assert headers == {"host": "a", "x": "1,2,3", "cookie": "a=1; b=2"}


def test_a_header_with_an_underscore_is_dropped():
    headers = parse_one(
        b"GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 1\r\nX-Forwarded_For: 2\r\nContent_Length: 5\r\n\r\n"
    ).headers

    assert headers == {"host": "a"}


def test_blanks_around_a_value_are_stripped():
    headers = parse_one(b"GET / HTTP/1.1\r\nHost:a\r\nX: \t b c \t \r\nY:\r\nZ:  \r\n\r\n").headers

    assert headers == {"host": "a", "x": "b c", "y": "", "z": ""}


def test_a_value_is_read_as_latin_1():
    assert parse_one(b"GET / HTTP/1.1\r\nHost: a\r\nX: \xd0\xaf\xff\r\n\r\n").headers["x"] == "\xd0\xaf\xff"


def test_two_hosts_are_refused():
    assert refuse(b"GET /x HTTP/1.1\r\nHost: a\r\nX: 1\r\nHost: a\r\n\r\n")[:2] == (400, "/x")


def test_http_1_1_needs_a_host_and_http_1_0_does_not():
    assert refuse(b"GET /x HTTP/1.1\r\nX: a\r\n\r\n") == (400, "/x", "")
    assert parse_one(b"GET /x HTTP/1.0\r\nX: a\r\n\r\n").host == ""


def test_100_headers_are_read_and_101_refused():
    lines = [b"X-%d: 1\r\n" % number for number in range(99)]
    head = b"GET /x HTTP/1.1\r\nHost: a\r\n"

    assert len(parse_one(head + b"".join(lines) + b"\r\n").headers) == 100
    assert refuse(head + b"".join(lines) + b"Y: 1\r\n\r\n")[:2] == (431, "/x")


def test_names_that_nobody_has_sent_before_are_read_however_many_there_were():
    for number in range(1_000):
        requests, _ = feed([b"GET / HTTP/1.1\r\nHost: a\r\nNew-%d: 1\r\n\r\n" % number])
        assert requests[0][0].headers == {"host": "a", f"new-{number}": "1"}


LONG_HEADS = {
    "one header": b"GET /x HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 65_536 + b"\r\n\r\n",
    "many headers": b"GET /x HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 990) for n in range(67)) + b"\r\n",
    "one repeated header": b"GET /x HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * 11_000 + b"\r\n",
    "many dropped headers": b"GET /x HTTP/1.1\r\nHost: a\r\n" + b"X_Y: 1\r\n" * 9_000 + b"\r\n",
    "the target": b"GET /" + b"x" * 66_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", LONG_HEADS)
@pytest.mark.parametrize("size", [1, 1_000, 40_000, 1_000_000])
def test_a_head_longer_than_64_kib_is_refused_in_whatever_pieces_it_comes(kind, size):
    data = LONG_HEADS[kind]

    requests, error = feed([data[place : place + size] for place in range(0, len(data), size)])

    assert (requests, error[0]) == ([], 431)


def test_a_head_of_57_000_bytes_is_read():
    data = b"GET /x HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 57_000 + b"\r\n\r\n"

    for size in (1, 1_000, 100_000):
        requests, error = feed([data[place : place + size] for place in range(0, len(data), size)])
        assert error is None
        assert len(requests[0][0].headers["x"]) == 57_000


@pytest.mark.parametrize("endless", [b"1;" + b"x" * 1_000, b"0\r\nX: " + b"x" * 1_000])
def test_a_chunk_extension_or_a_trailer_without_end_is_refused(endless):
    requests, error = feed([HEAD + b"Transfer-Encoding: chunked\r\n\r\n", endless, *[b"x" * 1_000] * 100])

    assert len(requests) == 1
    assert error[0] == 431


@pytest.mark.parametrize("size", [1, 3, 1_000, 100_000])
def test_many_small_chunks_are_a_body(size):
    data = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 30_000 + b"0\r\n\r\n"

    requests, error = feed([data[place : place + size] for place in range(0, len(data), size)])

    assert error is None
    assert requests[0][3:] == [b"x" * 30_000, True]


# Request targets


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/", "/", ""),
        (b"/a?b?c", "/a", "b?c"),
        (b"/%D0%AF/a%20b", "/\xd0\xaf/a b", ""),
        (b"/a%2Fb%3Fc?d=%20", "/a/b?c", "d=%20"),
        (b"/a%zz%", "/a%zz%", ""),
        (b"/a#f", "/a", ""),
        (b"/a?b#f", "/a", "b"),
        (b"/a#f?b", "/a", ""),
        (b"//a/b", "//a/b", ""),
        (b"http://vats.example", "/", ""),
        (b"http://vats.example:8080/a%20b?c#f", "/a b", "c"),
        (b"HTTPS://vats.example/?c", "/", "c"),
        (b"*", "*", ""),
    ],
)
def test_a_target_is_path_and_query(target, path, query):
    request = parse_one(b"OPTIONS " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")

    assert (request.path, request.query) == (path, query)


@pytest.mark.parametrize("target", [b"a", b"?", b"a:1", b"http://", b"http:///a", b"/\xff", b"/\x00"])
def test_a_target_that_is_none_is_refused(target):
    assert status_of(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n") == 400


# What is no request


@pytest.mark.parametrize("version", [b"HTTP/9.9", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.2", b"HTTP/1", b"HTTPS/1.1", b""])
def test_another_version_is_refused(version):
    assert status_of(b"GET /x " + version + b"\r\nHost: a\r\n\r\n") in {400, 505}


@pytest.mark.parametrize("method", [b"FOO", b"get", b"POSTX", b"X-Y!", b"F"])
def test_an_unknown_method_is_refused_with_its_path_where_its_line_comes_in_one_piece(method):
    request_line = method + b" /a%20b?c HTTP/1.1\r\n"

    for rest in (b"", b"Host: a\r\n\r\n", b"Host: a\r\nContent-Length: 4\r\n\r\nbody"):
        assert feed([request_line + rest])[1] == (405, "/a b", "")


def test_an_unknown_method_in_pieces_is_refused():
    for pieces in ways_to_split(b"FOO /x HTTP/1.1\r\nHost: a\r\n\r\n"):
        assert feed(pieces)[1][0] in {400, 405}


@pytest.mark.parametrize(
    "data", [b"\x16\x03\x01\x02\x00\x01\x00", b"\x00", b"nonsense\r\n\r\n", b"nonsense\r\nmore", b"\x16\x03\x01\nA", b"FOO\r\n", b"FOO  /x HTTP/1.1\r\n", b"A" * 21]
)  # fmt: skip
def test_what_is_no_request_line_is_refused_at_once(data):
    assert feed([data])[1] == (400, "", "")
    assert feed([data[place : place + 1] for place in range(len(data))])[1] == (400, "", "")


def test_what_is_no_request_line_after_a_request_is_no_unknown_method():
    assert refuse(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n\x16\x03\x01") == (400, "", "")


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: abc",
        b"Content-Length: -1",
        b"Content-Length: +1",
        b"Content-Length: 1e3",
        b"Content-Length: 0x1",
        b"Content-Length: 1 1",
        b"Content-Length: 1, 1",
        b"Content-Length:",
        b"Content-Length: 99999999999999999999999999",
        b"Content-Length: 1\r\nContent-Length: 2",
        b"Content-Length: 1\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 1",
        b"Transfer-Encoding: chunked, gzip",
        b"Transfer-Encoding:",
    ],
)
def test_an_unclear_length_is_refused(fields):
    data = HEAD + b"X: 1\r\n" + fields + b"\r\n\r\n0\r\n\r\n"

    assert refuse(data) == (400, "/x", "")
    assert feed([data])[0] == []


@pytest.mark.parametrize("encoding", [b"gzip", b"identity", b"chunkedx"])
def test_a_body_in_an_unknown_transfer_encoding_is_refused(encoding):
    requests, error = feed([HEAD + b"Transfer-Encoding: " + encoding + b"\r\n\r\nbody"])

    assert error[0] == 400
    assert not any(complete for _, _, _, _, complete in requests)


@pytest.mark.parametrize("size", [b"zz", b"-1", b"", b"fffffffffffffffff"])
def test_a_wrong_size_of_a_chunk_is_refused(size):
    requests, error = feed([HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + size + b"\r\nx\r\n0\r\n\r\n"])

    assert error[0] == 400
    assert [request[4] for request in requests] == [False]


@pytest.mark.parametrize("line", [b"Ho st: a", b"X : 1", b" folded", b"X: a\x00b", b": 1", b"X\x80: 1", b"no colon"])
def test_a_malformed_header_is_refused_with_what_is_known_of_the_head(line):
    data = b"POST /x%20y?z HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nX: 1\r\nY: 2\r\n" + line + b"\r\n\r\n"

    assert refuse(data) == (400, "/x y", "text/xml")


def test_bytes_after_the_last_request_are_refused():
    requests, error = feed([b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n"])

    assert len(requests) == 1
    assert error[0] == 400


def test_what_a_receiver_raises_is_raised():
    class Failing(FakeReceiver):
        def head_received(self, request, length, *, keep_alive):
            raise KeyError(request.path)

    with pytest.raises(KeyError, match="/x"):
        RequestParser(Failing(), "192.0.2.1").feed(HEAD + b"\r\n")


# Offers of another protocol

UPGRADE = HEAD + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"


@pytest.mark.parametrize(
    ("rest", "length", "body"),
    [
        (b"\r\n", 0, b""),
        (b"Content-Length: 5\r\n\r\nhello", 5, b"hello"),
        (b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nX: 1\r\n\r\n", None, b"hello"),
    ],
)
def test_an_offer_to_upgrade_is_an_ordinary_request_and_so_is_the_next_one(rest, length, body):
    first, second, third = parse(UPGRADE + rest + UPGRADE + rest + b"GET /y HTTP/1.1\r\nHost: a\r\n\r\n")

    assert first[0].headers["upgrade"] == "h2c"
    assert first[1:] == second[1:] == [length, True, body, True]
    assert third[0].path == "/y"


def test_a_malformed_head_after_an_offer_to_upgrade_is_refused():
    offer = UPGRADE + b"\r\n"

    assert refuse(offer + b"GET /y HTTP/1.1\r\nX: 1\r\n\r\n") == (400, "/y", "")
    assert refuse(offer + offer + b"\x16") == (400, "", "")


def test_an_offer_to_upgrade_that_also_closes_is_the_last_request():
    requests, error = feed(
        [HEAD + b"Connection: Upgrade, close\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nhi", b"GET / HTTP/1.1\r\n"]
    )

    assert [request[2:] for request in requests] == [[False, b"hi", True]]
    assert error is not None


def test_connect_is_refused():
    assert refuse(b"CONNECT vats.example:443 HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 400
