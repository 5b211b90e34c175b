"""Requests with the head of the previous one: the same as the parser reads, without the parser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.requests_read import feed
from vats1c.server.parsing import RequestParser
from vats1c.server.request_reader import RequestReader

CALL = b"POST /telephony/ws/VATS HTTP/1.1\r\nHost: a\r\nAuthorization: Basic eA==\r\nContent-Length: 3\r\n\r\n"
PAGE = b"GET /card HTTP/1.1\r\nHost: a\r\n\r\n"
# Its body, which comes later, is as long as all that follows the blank lines.
BLANK_LINES_FIRST = b"\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 48\r\n\r\n"


class CountingParser(RequestParser):
    """Counts the pieces that it is fed."""

    fed = 0

    def feed(self, data):
        type(self).fed += 1
        super().feed(data)


@pytest.fixture
def pieces_parsed(monkeypatch):
    """Return how many of `pieces` a reader leaves to the parser."""
    monkeypatch.setattr("vats1c.server.request_reader.RequestParser", CountingParser)

    def count(pieces):
        CountingParser.fed = 0
        feed(RequestReader, pieces)
        return CountingParser.fed

    return count


def test_a_repeated_head_is_not_parsed_again(pieces_parsed):
    assert pieces_parsed([CALL + b"one", CALL + b"two", CALL + b"six"]) == 1
    assert pieces_parsed([PAGE, PAGE, PAGE]) == 1
    assert pieces_parsed([CALL + b"one", PAGE, CALL + b"two"]) == 3


def test_each_request_has_its_own_body():
    requests, error = feed(RequestReader, [CALL + b"one", CALL + b"two"])

    assert error is None
    assert [body for _, _, _, body, _ in requests] == [b"one", b"two"]
    assert requests[0][0] == requests[1][0]


def test_a_repeated_head_of_http_1_0_is_one_of_http_1_0(pieces_parsed):
    pieces = [b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"] * 2

    assert pieces_parsed(pieces) == 1
    assert feed(RequestReader, pieces) == feed(RequestParser, pieces)


def test_what_was_done_with_a_request_is_not_in_the_next_one():
    class Proxied:
        """Does with a request what the service does."""

        def __init__(self):
            self.seen = []

        def head_received(self, request, _length, *, keep_alive):
            self.seen.append((request.sender, request.scheme, request.host, request.body, request.max_body_bytes))
            request.sender, request.scheme, request.host, request.max_body_bytes = "203.0.113.7", "https", "pbx", 1
            self.request = request
            assert keep_alive

        def body_received(self, data):
            self.request.body = data

        def request_complete(self):
            pass

    receiver = Proxied()
    reader = RequestReader(receiver, "192.0.2.1")
    reader.feed(CALL + b"one")
    reader.feed(CALL + b"two")

    assert receiver.seen == [("192.0.2.1", "http", "a", b"", 65_536)] * 2


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([CALL + b"one", CALL, b"two"], id="the body comes later"),
        pytest.param([CALL + b"one", CALL + b"twoG", b"ET / HTTP/1.1\r\n"], id="another request follows"),
        pytest.param([(CALL + b"one") * 2, (CALL + b"one") * 2], id="two in one piece"),
        pytest.param(
            [PAGE, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(PAGE), PAGE], id="as a body"
        ),
        pytest.param([PAGE, b"GET /x HTTP/1.1\r\nHost: a\r\nX: ", PAGE], id="as a header"),
        pytest.param(
            [PAGE, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(PAGE), PAGE],
            id="as a chunk",
        ),
        pytest.param([b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"] * 2, id="the last request twice"),
        pytest.param([b"GET / HTTP/1.0\r\n\r\n"] * 2, id="the last request of HTTP/1.0 twice"),
        pytest.param(
            [b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"] * 2, id="chunks"
        ),
        pytest.param(
            [b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"] * 2, id="an upgrade"
        ),
        pytest.param([b"GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n" % (b"x" * 1_000)] * 2, id="a long head"),
        pytest.param([PAGE, PAGE.replace(b"/card", b"/page")], id="another head of the same length"),
        pytest.param([CALL, *[b"one" + PAGE] * 2], id="the rest of a body before it"),
        pytest.param([CALL + b"one\r\n"] * 2, id="a line end after the body"),
        pytest.param([CALL + b"\r\n1\r\n"] * 2, id="a line end in the body and one after it"),
        pytest.param([BLANK_LINES_FIRST, b"x" * len(BLANK_LINES_FIRST[4:])] * 2, id="blank lines before it"),
    ],
)
def test_whatever_is_not_the_previous_head_with_its_whole_request_is_parsed(pieces, pieces_parsed):
    assert pieces_parsed(pieces) == len(pieces)
    assert feed(RequestReader, pieces) == feed(RequestParser, pieces)


PIECES = [
    CALL,
    b"one",
    CALL + b"one",
    CALL + b"two",
    CALL + b"\r\n1\r\n",
    PAGE,
    PAGE * 2,
    b"\r\n",
    b"\r\n" + PAGE,
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(PAGE),
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(CALL + b"one"),
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"%x\r\n" % len(PAGE),
    b"0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: ",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
]


@given(st.lists(st.sampled_from(PIECES), max_size=8))
def test_a_reader_reads_what_the_parser_reads(pieces):
    assert feed(RequestReader, pieces) == feed(RequestParser, pieces)
