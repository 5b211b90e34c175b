"""Connections that threads share are closed when the server left them, and never under a question."""

import http.server
import socket
import sys
import threading
import time

import pytest

pytest.importorskip("httpcore")

from vats1c.directory.http_client import HttpClient, _Deadline, _Network


@pytest.fixture
def pair():
    """Our end of a connection, and the server's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        clock = _Deadline()
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


class Here(http.server.ThreadingHTTPServer):
    """Answers whatever is asked, on connections that are kept."""

    request_queue_size = 128

    class RequestHandlerClass(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_):
            """Say nothing."""


@pytest.fixture
def url():
    with Here(("127.0.0.1", 0), Here.RequestHandlerClass) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def hasty():
    """Threads take turns so often that they meet in every place."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
def test_more_threads_than_connections_get_all_their_answers(url):
    exchange = HttpClient({"url": url}, {}, 30)
    wrong = []

    def ask():
        for _ in range(50):
            try:
                assert exchange.ask(url).body == b"ok"
            except Exception as error:  # noqa: BLE001 - whatever it is, it is one too many
                wrong.append(error)

    threads = [threading.Thread(target=ask) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    exchange.close()

    assert wrong == []
