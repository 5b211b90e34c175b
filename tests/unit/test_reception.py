"""Requests as granian brings them: the head first, the body when it has come; nothing waits on granian's thread."""

import threading

import pytest

from vats1c.server.dispatcher import RequestDispatcher, ServerLimits
from vats1c.server.environ import StreamingBody, base_environ, build_environ
from waiting import until


class Coming:
    """granian's future of bytes: they come when the test says so, unless they are there already."""

    def __init__(self, bytes_=None):
        self.bytes = bytes_
        self.cancelled = False
        self.call = None

    def add_done_callback(self, call):
        self.call = call
        if self.bytes is not None:
            call(self)

    def come(self, bytes_):
        self.bytes = bytes_
        self.call(self)

    def result(self):
        if isinstance(self.bytes, Exception):
            raise self.bytes
        return self.bytes

    def cancel(self):
        self.cancelled = True


class Transport:
    """Takes pieces until the client goes away."""

    def __init__(self, most):
        self.pieces = []
        self.most = most

    def send_bytes(self, piece):
        if len(self.pieces) >= self.most:
            raise ConnectionError
        self.pieces.append(piece)
        return iter(())


class Connection:
    """granian's protocol of one request."""

    def __init__(self, *pieces, takes=1_000):
        self.body = Coming()
        self.pieces = iter(pieces)
        self.said = threading.Event()
        self.answer = None
        self.transport = Transport(takes)

    def __call__(self):
        return self.body

    def __aiter__(self):
        return self

    def __anext__(self):
        try:
            return Coming(next(self.pieces))
        except StopIteration:
            raise StopAsyncIteration from None

    def response_bytes(self, *answer):
        if self.answer is None:
            self.answer = answer
            self.said.set()

    def response_stream(self, status, headers):
        self.response_bytes(status, headers, None)
        return self.transport


class Scope:
    """granian's account of a request."""

    def __init__(self, path="/known", headers=(), client="192.0.2.1:50000", http_version="1.1"):
        self.http_version = http_version
        self.method, self.path, self.query_string, self.client, self.authority = "POST", path, "a=b", client, None
        self.headers = dict(headers) if isinstance(headers, dict) else Pairs(headers)


class Pairs(list):
    """Header lines, the same name more than once."""

    def items(self):
        return iter(self)


class Watcher:
    """What granian hands over."""

    def __init__(self, proto, scope):
        self.proto, self.scope = proto, scope

    def done(self):
        self.proto.response_bytes(500, [], b"")
        self.proto.done = True


class Endless:
    """An answer that does not end by itself."""

    endless = True

    def __init__(self, pieces):
        self.pieces = pieces
        self.closed = threading.Event()

    def __iter__(self):
        return iter(self.pieces)

    def close(self):
        self.closed.set()


class Handed:
    """An answer that is sent on by whoever has something to say."""

    endless = True

    def begin(self, send):
        assert threading.current_thread().name == "request"
        self.send = send


class Application:
    """Says what it was sent; /known is of a known sender, of which "quick" waits for nothing."""

    def __init__(self):
        self.threads, self.protocols = [], []
        self.endless = Endless([b"x" * (1 << 20)] * 10)
        self.handed = Handed()

    def __call__(self, environ, start_response):
        self.threads.append(threading.current_thread().name)
        self.protocols.append(environ["SERVER_PROTOCOL"])
        if environ["PATH_INFO"] == "/broken":
            raise ValueError("a defect")
        start_response("200 OK", [("Content-Type", "text/plain")])
        if environ["PATH_INFO"] == "/endless":
            return self.endless
        if environ["PATH_INFO"] == "/handed":
            return self.handed
        return [environ["wsgi.input"].read()]

    def timeout_response(self, environ):
        return 408, [], b"late"

    def may_queue(self, environ):
        if environ["PATH_INFO"] == "/defect":
            raise ValueError("a defect")
        return environ["PATH_INFO"] == "/known"

    def is_nonblocking(self, environ, body):
        return body == b"quick"

    def submit(self, environ, body, send):
        assert environ["wsgi.input"].read() == body
        if body == b"later":
            threading.Timer(0.05, send, [200, [], b"at last"]).start()
            return True
        return False

    def overload_response(self, environ):
        return 503, [], b"overloaded"


@pytest.fixture
def application():
    return Application()


def reception(application, *, seconds=60.0, waiting=10):
    limits = ServerLimits(header_timeout=60, body_timeout=seconds, connections=4, windows=4, max_queued=waiting)
    return RequestDispatcher(application, "127.0.0.1", 80, limits)


def asked(reception, connection, **scope):
    reception.begin(Watcher(connection, Scope(**scope)))
    return connection


def test_what_waits_for_nothing_is_answered_on_the_thread_that_brought_it(application):
    connection = asked(reception(application), Connection())
    connection.body.come(b"quick")

    assert connection.answer == (200, [("Content-Type", "text/plain")], b"quick")
    assert application.threads == [threading.current_thread().name]


def test_what_may_wait_is_answered_by_the_crew(application):
    connection = asked(reception(application), Connection())
    connection.body.come(b"slow")

    assert connection.said.wait(60)
    assert connection.answer[2] == b"slow"
    assert application.threads == ["request"]


def test_what_is_answered_later_holds_no_thread_meanwhile(application):
    connection = asked(reception(application), Connection())
    connection.body.come(b"later")

    assert connection.said.wait(60)
    assert connection.answer == (200, [], b"at last")
    assert application.threads == []


def test_a_body_whose_sender_has_gone_is_an_empty_one(application):
    connection = asked(reception(application), Connection())
    connection.body.come(ConnectionError("gone"))

    assert connection.said.wait(60)
    assert connection.answer[2] == b""


@pytest.fixture
def nobody_is_slow(monkeypatch):
    """However busy this machine is, whoever has sent nothing yet is still in line."""
    monkeypatch.setattr("vats1c.server.dispatcher._SLOW_BODY_S", 3_600)


@pytest.mark.usefixtures("nobody_is_slow")
def test_more_than_may_wait_are_refused_before_they_are_read(application):
    taking = reception(application, waiting=2)
    first = [asked(taking, Connection()) for _ in range(3)]

    assert first[2].said.wait(60)
    assert [one.answer for one in first] == [None, None, (503, [], b"overloaded")]


@pytest.mark.usefixtures("nobody_is_slow")
def test_in_a_storm_fewer_wait_and_so_wait_less(application):
    taking = reception(application, waiting=10)
    first = [asked(taking, Connection()) for _ in range(11)]
    assert first[10].said.wait(60)
    for one in first[:9]:
        one.body.come(b"quick")

    next_to_the_one_that_waits = [asked(taking, Connection()) for _ in range(2)]

    assert next_to_the_one_that_waits[1].said.wait(60)
    assert [one.answer for one in next_to_the_one_that_waits] == [None, (503, [], b"overloaded")]


def test_whoever_is_slow_to_send_keeps_nobody_waiting(application):
    taking = reception(application, waiting=1)
    slow = asked(taking, Connection())
    until(lambda: not taking._body_deadlines.queued())

    assert asked(taking, Connection()).answer is None
    assert slow.answer is None


def test_a_body_that_does_not_come_is_answered_and_not_carried_out(application):
    connection = asked(reception(application, seconds=0.1), Connection())

    assert connection.said.wait(60)
    assert connection.answer == (408, [], b"late")
    connection.body.come(b"quick")
    assert application.threads == []


def test_a_stranger_s_body_is_read_in_pieces_by_whoever_needs_it(application):
    connection = asked(reception(application), Connection(b"one", b"two", b""), path="/other")

    assert connection.said.wait(60)
    assert connection.answer[2] == b"onetwo"
    assert application.threads == ["request"]


def test_a_stranger_s_body_that_does_not_come_is_late(application):
    connection = asked(reception(application, seconds=0.1), Connection(b"one", None), path="/other")

    assert connection.said.wait(60)
    assert connection.answer == (408, [], b"late")


def test_a_body_is_read_no_further_than_was_asked_for():
    body = StreamingBody(Connection(b"abc", b"def", b"ghi"), 60)

    assert [body.read(4), body.read(1), body.read(100), body.read()] == [b"abcd", b"e", b"fghi", b""]


def test_a_window_that_is_sent_too_much_ends_and_one_that_has_gone_too(application):
    for takes, came in ((1_000, 5), (2, 2)):
        application.endless = Endless([b"x" * (1 << 20)] * 10)
        connection = asked(reception(application), Connection(takes=takes), path="/endless")

        assert application.endless.closed.wait(60)
        assert len(connection.transport.pieces) == came


def test_an_answer_that_is_handed_over_holds_no_thread_and_says_when_no_more_may_be_sent(application):
    for takes, sent in ((1_000, [True] * 4 + [False]), (2, [True, True, False, False, False])):
        connection = asked(reception(application), Connection(takes=takes), path="/handed")
        until(lambda connection=connection: getattr(connection, "done", False))

        assert [application.handed.send(b"x" * (1 << 20)) for _ in range(5)] == sent
        assert len(connection.transport.pieces) == min(takes, 5)


@pytest.mark.parametrize("path", ["/broken", "/defect"])
def test_a_defect_is_an_answer_and_a_line_in_the_log_and_never_comes_back_to_granian(application, path):
    connection = asked(reception(application), Connection(), path=path)

    assert connection.said.wait(60)
    assert connection.answer == (500, [], b"")


def test_a_defect_on_granian_s_own_thread_is_an_answer_too(application):
    application.is_nonblocking = lambda _environ, _body: 1 / 0
    connection = asked(reception(application), Connection())
    connection.body.come(b"quick")

    assert connection.answer == (500, [], b"")


def test_the_variables_are_those_of_cgi():
    headers = [("content-type", "text/xml"), ("content-length", "3"), ("x-forwarded-for", "a"), ("host", "vats")]
    environ = build_environ(Scope("/a", headers), base_environ("127.0.0.1", 80))

    assert {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/a",
        "QUERY_STRING": "a=b",
        "SCRIPT_NAME": "",
    }.items() <= environ.items()
    assert {"CONTENT_TYPE": "text/xml", "CONTENT_LENGTH": "3", "HTTP_HOST": "vats"}.items() <= environ.items()
    assert {"HTTP_X_FORWARDED_FOR": "a", "REMOTE_ADDR": "192.0.2.1", "REMOTE_PORT": "50000"}.items() <= environ.items()


def test_lines_of_one_name_are_joined_and_one_that_looks_like_another_is_left_out():
    headers = [
        ("x-forwarded-for", "a"),
        ("x_forwarded_for", "b"),
        ("x-forwarded-for", "c"),
        ("cookie", "a"),
        ("cookie", "b"),
    ]
    environ = build_environ(Scope(headers=headers), base_environ("127.0.0.1", 80))

    assert (environ["HTTP_X_FORWARDED_FOR"], environ["HTTP_COOKIE"]) == ("a,c", "a; b")
    assert "" not in environ


@pytest.mark.parametrize(("client", "address"), [("192.0.2.1:5", "192.0.2.1"), ("[2001:db8::1]:5", "2001:db8::1")])
def test_the_address_is_told_without_its_port(client, address):
    environ = build_environ(Scope(client=client), base_environ("::", 80))

    assert (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]) == (address, "5")


def test_a_path_that_is_not_ascii_is_bytes_in_the_guise_of_latin_1():
    assert build_environ(Scope("/звонки"), base_environ("::", 80))["PATH_INFO"].encode("latin-1").decode() == "/звонки"


@pytest.mark.parametrize(("http_version", "protocol"), [("1", "HTTP/1.0"), ("1.1", "HTTP/1.1")])
def test_the_version_of_http_is_known_of_a_request_that_does_not_queue(application, http_version, protocol):
    connection = asked(reception(application), Connection(), path="/page", http_version=http_version)

    assert connection.said.wait(5)
    assert application.protocols == [protocol]
