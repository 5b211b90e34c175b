"""The service as a WSGI application: what it makes of a server's environ, and of the answers of its handlers."""

import io
from concurrent.futures import Future

import pytest

from vats1c.app.router import Router, WsgiApplication
from vats1c.http import BodyProblem, Request, Response
from vats1c.metrics import Metrics
from vats1c.soap import OverloadResponses
from vats1c.worker_pool import QueueFullError

ANSWER = Response(200, [("Content-Type", "text/plain")], "ответ".encode())


def router_to(handler, proxies=0):
    """Return a router that sends every request to `handler`."""
    overload = OverloadResponses(Metrics(), "en", calm_s=0)
    handlers = {"/full": Full()}
    return Router(handlers, handler, handler, overload=overload, proxies=proxies, begin_shutdown=lambda: None)


class Full:
    """A handler whose worker pool is full."""

    def admit(self, request):
        raise QueueFullError


def test_a_request_whose_worker_pool_is_full_is_refused_in_the_soap_version_of_its_content_type():
    request = Request("POST", "/full", "", {"content-type": "application/soap+xml"}, "192.0.2.1")

    refused = router_to(Full()).admit(request)

    assert (refused.status, dict(refused.headers)["Retry-After"]) == (503, "1")
    assert b"http://www.w3.org/2003/05/soap-envelope" in refused.body


class Anywhere:
    """The handler of every address: admits what is sent, keeps it, and answers with what it is given."""

    def __init__(self, answer=ANSWER, admission=None, max_body_bytes=100):
        self.answer = answer
        self.admission = admission
        self.max_body_bytes = max_body_bytes
        self.request = None

    def admit(self, request):
        request.max_body_bytes = self.max_body_bytes
        self.request = request
        return self if self.admission is None else self.admission

    def handle(self, request):
        assert request is self.request
        return self.answer


class Broken:
    """An input that fails when it is read."""

    def __init__(self, error):
        self.error = error

    def read(self, size):
        raise self.error


def environ(body=b"", method="POST", **variables):
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": "/telephony/ws/VATS",
        "QUERY_STRING": "",
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "203.0.113.7",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        **variables,
    }


def without(name, given):
    return {key: value for key, value in given.items() if key != name}


class Answered:
    """What a WSGI server is given for one request."""

    def __init__(self, handler, given, proxies=0):
        self.status, self.headers = None, {}
        pieces = WsgiApplication(router_to(handler, proxies))(given, self._start)
        self.body = b"".join(pieces)

    def _start(self, status, headers, exc_info=None):
        assert self.status is None
        assert type(headers) is list
        self.status, self.headers = status, dict(headers)


def sent(given, proxies=0, **how):
    """Return the request that a handler gets of `given`."""
    handler = Anywhere(**how)
    Answered(handler, given, proxies)
    return handler.request


def finished(result):
    future = Future()
    future.set_result(result)
    return future


def test_a_body_of_its_declared_length_is_read_and_no_more():
    pipelined = environ(b"12345", **{"wsgi.input": io.BytesIO(b"12345GET / HTTP/1.1")})

    request = sent(pipelined)

    assert (request.body, request.body_problem) == (b"12345", None)


@pytest.mark.parametrize("declared", ["", "-1", "1e3", "²", "5, 5"])
def test_without_a_content_length_that_is_a_number_nothing_is_read(declared):
    """To read on would be to wait for the client to hang up."""
    body = io.BytesIO(b"12345")

    request = sent(environ(CONTENT_LENGTH=declared, **{"wsgi.input": body}))

    assert (request.body, request.body_problem) == (b"", None)
    assert body.tell() == 0


def test_without_any_content_length_a_server_that_marks_the_body_s_end_is_read_to_that_end():
    given = environ(**{"wsgi.input": io.BytesIO(b"12345"), "wsgi.input_terminated": True})

    request = sent(without("CONTENT_LENGTH", given))

    assert (request.body, request.body_problem) == (b"12345", None)


REFUSAL = Response(401, [("WWW-Authenticate", "Basic")], b"no")
UNREAD = [{"max_body_bytes": 100}, {"admission": REFUSAL}]


@pytest.mark.parametrize("how", UNREAD, ids=["too long", "refused by the head"])
@pytest.mark.parametrize(
    ("length", "further", "read"),
    [
        (101, {}, 101),
        (200_000, {}, 200_000),
        (1 << 20, {}, 1 << 20),
        ((1 << 20) + 1, {}, 0),
        (10**15, {}, 0),
        (101, {"HTTP_EXPECT": "100-continue"}, 0),
    ],
)
def test_a_body_that_is_not_needed_is_read_and_dropped_up_to_a_megabyte(how, length, further, read):
    """uWSGI closes with it unread: the connection is reset, and the sender loses the answer."""
    body = io.BytesIO(b"x" * min(length, 2 << 20) + b"GET / HTTP/1.1")

    request = sent(environ(CONTENT_LENGTH=str(length), **{"wsgi.input": body}, **further), **how)

    assert (request.body, body.tell()) == (b"", read)
    assert request.body_problem is (None if "admission" in how else BodyProblem.TOO_LARGE)


@pytest.mark.parametrize("how", UNREAD, ids=["too long", "refused by the head"])
def test_a_body_that_is_not_needed_may_break_off(how):
    given = environ(CONTENT_LENGTH="101", **{"wsgi.input": Broken(TimeoutError())})

    assert Answered(Anywhere(**how), given).status == ("401 Unauthorized" if "admission" in how else "200 OK")


@pytest.mark.parametrize(("length", "problem"), [(100, None), (101, BodyProblem.TOO_LARGE)])
def test_a_body_without_a_declared_length_may_be_as_long_as_any_other(length, problem):
    body = io.BytesIO(b"x" * 10_000) if problem else io.BytesIO(b"x" * length)
    given = environ(CONTENT_LENGTH="", **{"wsgi.input": body, "wsgi.input_terminated": True})

    request = sent(given)

    assert request.body_problem is problem
    assert len(request.body) == length


def test_a_body_that_ends_before_its_declared_length_is_truncated():
    request = sent(environ(b"12345", CONTENT_LENGTH="6"))

    assert (request.body, request.body_problem) == (b"12345", BodyProblem.TRUNCATED)


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (TimeoutError("timed out"), BodyProblem.LATE),
        (ConnectionResetError(), BodyProblem.TRUNCATED),
        (OSError("error during read(500) on wsgi.input"), BodyProblem.TRUNCATED),
    ],
    ids=["timeout", "reset", "uWSGI"],
)
@pytest.mark.parametrize("declared", ["5", ""], ids=["with a length", "without a length"])
def test_an_error_of_reading_is_a_problem_of_the_body(error, problem, declared):
    given = environ(CONTENT_LENGTH=declared, **{"wsgi.input": Broken(error), "wsgi.input_terminated": True})

    request = sent(given)

    assert (request.body, request.body_problem) == (b"", problem)


def test_a_request_that_is_refused_by_its_head_gets_the_refusal():
    answered = Answered(Anywhere(admission=REFUSAL), environ(b"12345"))

    assert (answered.status, answered.body) == ("401 Unauthorized", b"no")
    assert answered.headers == {"WWW-Authenticate": "Basic", "Content-Length": "2"}


def test_futures_are_waited_for():
    handler = Anywhere(answer=finished(ANSWER))
    handler.admission = finished(handler)

    answered = Answered(handler, environ(b"12345"))

    assert (answered.status, answered.body) == ("200 OK", ANSWER.body)
    assert handler.request.body == b"12345"


def test_a_response_has_the_length_of_its_body_in_bytes():
    answered = Answered(Anywhere(), environ())

    assert answered.headers == {"Content-Type": "text/plain", "Content-Length": str(len(ANSWER.body))}


def test_the_headers_of_a_response_stay_as_they_are():
    shared = Response(200, (("Content-Type", "text/plain"),), b"one")

    for _ in range(2):
        Answered(Anywhere(answer=shared), environ())

    assert shared.headers == (("Content-Type", "text/plain"),)


def test_a_response_to_head_has_the_length_of_the_body_and_no_body():
    answered = Answered(Anywhere(), environ(method="HEAD"))

    assert answered.body == b""
    assert answered.headers["Content-Length"] == str(len(ANSWER.body))


@pytest.mark.parametrize("status", [204, 304])
def test_a_response_that_cannot_have_a_body_has_no_length(status):
    answered = Answered(Anywhere(answer=Response(status, [("Cache-Control", "no-store")])), environ())

    assert answered.headers == {"Cache-Control": "no-store"}
    assert answered.body == b""


def test_the_path_is_that_of_the_mount_point_and_what_follows():
    """`WSGIScriptAlias /telephony …` gives the service one publication's addresses."""
    assert sent(environ(SCRIPT_NAME="/telephony", PATH_INFO="/ws/VATS")).path == "/telephony/ws/VATS"
    assert sent(without("SCRIPT_NAME", environ())).path == "/telephony/ws/VATS"


def test_the_request_is_what_the_environ_says():
    given = environ(
        QUERY_STRING="wsdl",
        CONTENT_TYPE="text/xml",
        HTTP_HOST="vats.example.ru",
        HTTP_SOAPACTION='"x"',
        HTTP_X_REQUEST_ID="7",
        SERVER_PROTOCOL="HTTP/1.0",
        **{"wsgi.url_scheme": "https"},
    )

    request = sent(given)

    assert (request.method, request.query, request.http_version) == ("POST", "wsdl", "1.0")
    assert (request.scheme, request.host, request.content_type) == ("https", "vats.example.ru", "text/xml")
    assert (request.sender, request.peer) == ("203.0.113.7", "203.0.113.7")
    assert request.headers == {
        "content-length": "0",
        "content-type": "text/xml",
        "host": "vats.example.ru",
        "soapaction": '"x"',
        "x-request-id": "7",
    }


def test_a_request_over_a_unix_socket_has_no_sender():
    assert sent(without("REMOTE_ADDR", environ())).sender == ""


def test_headers_with_an_underscore_pass_for_neither_type_nor_length_of_the_body():
    """CGI cannot tell Content_Length from Content-Length but by its prefix."""
    lying = {"HTTP_CONTENT_LENGTH": "1000", "HTTP_CONTENT_TYPE": "text/html"}

    for given in ({**environ(b"12345"), **lying}, {**lying, **environ(b"12345")}):
        request = sent({**given, "CONTENT_TYPE": "text/xml"})
        assert (request.body, request.body_problem, request.content_type) == (b"12345", None, "text/xml")


def test_the_sender_comes_from_trusted_proxies_only():
    given = environ(HTTP_X_FORWARDED_FOR="198.51.100.9", HTTP_X_FORWARDED_PROTO="https")

    trusting, alone = sent(given, proxies=1), sent(given)

    assert (trusting.sender, trusting.peer, trusting.scheme) == ("198.51.100.9", "203.0.113.7", "https")
    assert (alone.sender, alone.scheme) == ("203.0.113.7", "http")


class Stream:
    """A stream that only its end is known of."""

    def __init__(self):
        self.ended = 0

    def begin(self, writer):
        raise AssertionError("there is no writer")

    def disconnected(self):
        self.ended += 1


def test_a_stream_of_events_ends_at_once_and_the_page_is_sent_to_poll():
    stream = Stream()

    answered = Answered(
        Anywhere(answer=Response(200, [("Content-Type", "text/event-stream")], stream=stream)), environ()
    )

    assert stream.ended == 1
    assert (answered.status, answered.headers["Retry-After"]) == ("503 Service Unavailable", "10")
    assert answered.headers["Content-Length"] == str(len(answered.body))


def test_a_stream_of_a_declared_length_breaks_off_before_its_first_byte():
    """A fault on purpose: no server may make a whole response of it."""
    stream, started = Stream(), []
    response = Response(200, [("Content-Type", "text/xml"), ("Content-Length", "300")], stream=stream)
    handler = Anywhere(answer=response)

    pieces = WsgiApplication(router_to(handler))(environ(), lambda *said: started.append(said))

    with pytest.raises(ConnectionAbortedError):
        next(iter(pieces))
    assert (stream.ended, started) == (1, [])
