"""The server as a whole: limits of connections, threads that post, and the stop."""

import errno
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from tests.support.live import free_port
from tests.support.waiting import until
from vats1c.http import Response
from vats1c.server import PortInUseError, ensure_port_free

TIMEOUT_S = 60
OK = Response(200, [], b"ok")


def get(path="/"):
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


UNFINISHED_BODY = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"


def busy(server, path):
    """Return a client whose request is being handled, and the future of its response."""
    server.application.answers[path] = future = server.application.future()
    client = server.connect_accepted(get(path))
    server.application.handled.get(timeout=TIMEOUT_S)
    return client, future


# Limits


@pytest.mark.parametrize(("sent", "rest"), [(b"", get()), (get()[:20], get()[20:]), (UNFINISHED_BODY, b"x" * 8)])
def test_beyond_the_limit_the_oldest_unfinished_connection_is_closed_for_a_new_one(start_server, sent, rest):
    server = start_server(max_connections=2)
    first = server.connect_accepted(sent)
    second = server.connect_accepted(sent)
    third = server.connect(get("/3"))

    assert third.response().body == b"GET /3 "
    assert first.rest_or_reset() == b""
    second.send(rest)
    assert second.response().status == 200


def test_a_connection_that_was_never_answered_is_closed_before_one_that_was(start_server):
    server = start_server(max_connections=2)
    answered = server.connect_accepted(get("/1"))
    assert answered.response().status == 200
    silent = server.connect_accepted()

    assert server.connect(get("/3")).response().body == b"GET /3 "
    assert silent.rest_or_reset() == b""
    answered.send(get("/1"))
    assert answered.response().status == 200


def test_an_idle_connection_that_was_answered_is_closed_for_a_new_one_where_the_others_are_busy(start_server):
    server = start_server(max_connections=2)
    client, future = busy(server, "/slow")
    idle = server.connect_accepted(get("/1"))
    assert idle.response().status == 200

    assert server.connect(get("/3")).response().body == b"GET /3 "
    assert idle.rest_or_reset() == b""
    future.set_result(OK)
    assert client.response().body == b"ok"


def test_while_all_are_busy_new_connections_wait_and_are_served_in_their_order(start_server):
    server = start_server(max_connections=1)
    client, future = busy(server, "/slow")
    waiting = []
    for number in range(3):
        waiting.append(server.connect(get(f"/{number}")))
        until(lambda: len(server.server._paused) == len(waiting), TIMEOUT_S)
    assert server.application.handled.empty()

    future.set_result(OK)

    # Its place is needed.
    assert client.response().headers["connection"] == "close"
    assert client.rest() == b""
    for number, other in enumerate(waiting):
        assert other.response().body == b"GET /%d " % number
    assert [server.application.handled.get(timeout=TIMEOUT_S).path for _ in waiting] == ["/0", "/1", "/2"]


@pytest.mark.parametrize("sent", [get("/x"), get("/x") + get("/y"), UNFINISHED_BODY])
def test_a_sender_that_half_closes_while_it_waits_is_served(start_server, sent):
    server = start_server(max_connections=1)
    _, future = busy(server, "/slow")
    waiting = server.connect(sent)
    waiting.half_close()
    until(lambda: server.server._paused, TIMEOUT_S)
    future.set_result(OK)

    for _ in range(sent.count(b"HTTP/1.1")):
        assert waiting.response().status == 200
    assert waiting.rest() == b""


def test_a_connection_that_waits_is_served_when_a_busy_client_goes_away(start_server):
    server = start_server(max_connections=1)
    client, _ = busy(server, "/slow")
    waiting = server.connect(get("/x"))
    until(lambda: server.server._paused, TIMEOUT_S)

    client.reset()

    assert waiting.response().body == b"GET /x "


def test_a_connection_that_waits_and_goes_away_takes_no_place(start_server):
    server = start_server(max_connections=1)
    client, future = busy(server, "/slow")
    for _ in range(3):
        server.connect(get("/gone")).reset()
    waiting = server.connect(get("/x"))
    until(lambda: server.server._paused, TIMEOUT_S)
    future.set_result(OK)

    assert client.response().body == b"ok"
    assert waiting.response().body == b"GET /x "


def test_a_connection_is_served_though_a_place_is_given_free_in_the_same_moment(start_server):
    server = start_server(max_connections=1)
    for _ in range(100):
        client, _ = busy(server, "/slow")
        following = server.connect(get("/x"))
        client.reset()
        assert following.response().body == b"GET /x "
        server.application.handled.get(timeout=TIMEOUT_S)
        following.close()
        server.wait_for_no_connections()


def test_streams_have_places_of_their_own(start_server, new_stream):
    server = start_server(max_connections=1, max_streams=1)
    server.application.answers["/s"] = Response(200, [], stream=new_stream)
    client = server.connect_accepted(get("/s"))
    new_stream.writer.send(b"piece")

    for number in range(3):
        assert server.connect(get(f"/{number}")).response().status == 200
    new_stream.writer.close()
    assert client.response().body == b"piece"


# Threads


def test_what_many_threads_post_is_done_once_each_by_the_thread_of_the_server(server):
    done = []
    threads = [
        threading.Thread(
            target=lambda name=name: [
                server.server.post(lambda value: done.append((value, threading.current_thread())), (name, number))
                for number in range(500)
            ]
        )
        for name in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: len(done) == 4_000, TIMEOUT_S)

    assert {thread for _, thread in done} == {server.thread}
    for name in range(8):
        assert [value[1] for value, _ in done if value[0] == name] == list(range(500))


def test_a_posted_function_that_raises_stops_no_other(server):
    done = threading.Event()
    server.server.post(lambda: 1 / 0)
    server.server.post(done.set)

    assert done.wait(TIMEOUT_S)


def test_posting_after_the_stop_does_nothing(start_server):
    server = start_server()
    server.server.stop()
    server.wait_until_stopped()

    server.server.post(lambda: pytest.fail("the loop is closed"))


# The stop


def test_a_stop_closes_idle_connections_and_those_with_half_a_head(start_server):
    server = start_server()
    answered = server.connect_accepted(get())
    assert answered.response().status == 200
    clients = [answered, server.connect_accepted(), server.connect_accepted(get()[:20])]

    server.server.stop()

    assert [client.rest_or_reset() for client in clients] == [b""] * 3
    server.wait_until_stopped()
    assert server.application.shutdowns == 1


def test_a_stop_lets_requests_in_flight_be_answered(start_server):
    server = start_server()
    client, future = busy(server, "/slow")
    body = server.connect_accepted(UNFINISHED_BODY)
    until(lambda: server.application.admitted.qsize() == 2, TIMEOUT_S)

    server.server.stop()
    until(lambda: server.application.shutdowns, TIMEOUT_S)
    body.send(b"x" * 8)
    future.set_result(OK)

    for stopped, expected in ((client, b"ok"), (body, b"POST / " + b"x" * 9)):
        answer = stopped.response()
        assert (answer.body, answer.headers["connection"]) == (expected, "close")
        assert stopped.rest() == b""
    server.wait_until_stopped()


def test_a_stopping_server_takes_no_new_connections(start_server):
    server = start_server()
    client, future = busy(server, "/slow")
    server.server.stop()
    until(lambda: server.application.shutdowns, TIMEOUT_S)

    with pytest.raises(ConnectionError):
        socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT_S).recv(1)
    future.set_result(OK)
    assert client.response().body == b"ok"


def test_a_stop_lets_the_application_end_its_streams(start_server, new_stream):
    server = start_server()
    server.application.answers["/s"] = Response(200, [], stream=new_stream)
    client = server.connect(get("/s"))
    new_stream.writer.send(b"piece ")

    def begin_shutdown():
        new_stream.writer.send(b"bye")
        new_stream.writer.close()

    server.application.begin_shutdown = begin_shutdown
    server.server.stop()

    assert client.response().body == b"piece bye"
    assert client.rest() == b""
    server.wait_until_stopped()


def test_a_stop_waits_for_no_handler_without_end(start_server, short_grace):
    server = start_server(body_timeout_s=0.3)
    client, _ = busy(server, "/slow")
    server.server.stop()

    server.wait_until_stopped()
    assert client.rest_or_reset() == b""


def test_a_stop_waits_for_no_stream_without_end(start_server, new_stream, short_grace):
    server = start_server(body_timeout_s=0.3)
    server.application.answers["/s"] = Response(200, [], stream=new_stream)
    server.connect(get("/s"))
    new_stream.writer.send(b"piece")
    server.server.stop()

    server.wait_until_stopped()
    new_stream.disconnections.get(timeout=TIMEOUT_S)
    assert new_stream.writer.send(b"more") is False


def test_a_stop_closes_connections_that_wait_for_a_place(start_server):
    server = start_server(max_connections=1)
    client, future = busy(server, "/slow")
    waiting = server.connect(get("/x"))
    until(lambda: server.server._paused, TIMEOUT_S)
    server.server.stop()

    assert waiting.rest_or_reset() == b""
    future.set_result(OK)
    assert client.response().body == b"ok"
    server.wait_until_stopped()


SERVICE = """
import sys
from vats1c.http import Response
from vats1c.server import ServerLimits, serve

class Application:
    def admit(self, request):
        return Response(200, [], b"ok")
    def malformed(self, status, path, content_type):
        return Response(status, [])
    def begin_shutdown(self):
        print("shutdown", flush=True)

serve(Application(), "127.0.0.1", int(sys.argv[1]), ServerLimits(60, 60, 10))
print("returned", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signal to another process")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_returns_after_a_signal(number):
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVICE, str(port)], stdout=subprocess.PIPE)
    try:
        until(lambda: _is_open(port), TIMEOUT_S)
        os.kill(process.pid, number)
        output, _ = process.communicate(timeout=TIMEOUT_S)
    finally:
        process.kill()
        process.wait()

    assert (process.returncode, output.split()) == (0, [b"shutdown", b"returned"])


def _is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# The port


def test_a_port_that_is_listened_on_is_in_use(server):
    with pytest.raises(PortInUseError) as raised:
        ensure_port_free("127.0.0.1", server.port)

    assert raised.value.errno == errno.EADDRINUSE


def test_a_port_that_nobody_listens_on_is_free():
    ensure_port_free("127.0.0.1", free_port())


def test_an_address_that_is_not_of_this_machine_is_an_error_of_the_system():
    with pytest.raises(OSError, match=r"\w") as raised:
        ensure_port_free("192.0.2.1", 80)

    assert not isinstance(raised.value, PortInUseError)
