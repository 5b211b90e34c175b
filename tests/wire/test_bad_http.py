"""Whatever is wrong around an envelope, its sender gets a SOAP fault with the right HTTP status, and soon."""

import base64
import gzip
import socket

import pytest

from tests.support.faults import assert_fault
from tests.support.live import AUTHORIZATION, PATH, SOAP11, SOAP12, say_name

BODY = say_name().encode()
HEADER = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: {AUTHORIZATION}\r\nContent-Type: text/xml\r\n".encode()
TYPES = pytest.mark.parametrize(
    ("content_type", "version"), [("text/xml", SOAP11), ("application/soap+xml", SOAP12), (None, SOAP11)]
)


def login(text, scheme="Basic "):
    return scheme + base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


@TYPES
@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !",
        "Basic ====",
        "Basic U09BUDoxMjM",
        "Bearer U09BUDoxMjM=",
        "Digest username=SOAP, realm=x",
        "Negotiate abc",
        "U09BUDoxMjM=",
        "Basic " + "A" * 8_000,
        login("SOAP"),
        login("SOAP:"),
        login(":123"),
        login("soap:123"),
        login("SOAP:1234"),
        login(b"SOAP:\xff"),
        login("SOAP:123\n"),
        login("SOAP:12\0003"),
        login("админ:пароль"),
    ],
)
def test_a_wrong_login_is_refused_as_1c_refuses_it(start, content_type, version, authorization):
    # A service of its own: so many wrong logins are slowed, and the others should not feel it.
    live = _tolerant(start)

    answer = live.post(say_name(), authorization=authorization, content_type=content_type)

    assert_fault(answer, status=401, version=version)
    assert answer.headers["www-authenticate"] == 'Basic realm="1C:Enterprise 8.3"'


_services = []


def _tolerant(start):
    if not _services:
        _services.append(start(extra="[limits]\nfailed_logins = 1000\n"))
    return _services[0]


def test_the_login_is_checked_before_the_body_is_read(live):
    with live.connect() as connection:
        connection.sendall(HEADER.replace(AUTHORIZATION.encode(), b"Basic bm86bm8=") + b"Content-Length: 300\r\n\r\n")

        assert connection.recv(1_000).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("path", ["/x/ws/y", "/telephony/ws/vats", "/telephony/ws/VATS/", "/telephony/ws/", "/ws/VATS"])
def test_an_address_where_nothing_is_published_is_a_fault_too(live, path):
    assert_fault(live.post(say_name(), path=path), status=404)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO"])
def test_only_post_carries_soap(live, method):
    answer = live.request(method, PATH, headers={"Authorization": AUTHORIZATION})

    assert_fault(answer, status=405)
    assert answer.headers["allow"] == "GET, HEAD, POST"


def test_the_wsdl_is_given_without_a_password_and_with_head_too(live):
    got, had = live.get(PATH + "?WSDL"), live.request("HEAD", PATH + "?wsdl")

    assert (got.status, had.status, had.body) == (200, 200, b"")
    assert got.headers["content-type"] == "text/xml; charset=utf-8"
    assert f'location="{live.endpoint}"'.encode() in got.body
    assert had.headers["content-length"] == str(len(got.body))
    assert live.get(PATH + ".1cws?wsdl").body == got.body


def test_the_wsdl_may_be_kept_for_users(start):
    live = start(extra="wsdl_open = false\n")

    assert_fault(live.get(PATH + "?wsdl"), status=401)
    assert live.get(PATH + "?wsdl", Authorization=AUTHORIZATION).status == 200


@TYPES
def test_a_body_longer_than_the_limit_is_refused_before_it_is_sent(live, content_type, version):
    answer = live.post(b"x" * 65_537, content_type=content_type)

    assert_fault(answer, status=413, version=version)


def test_a_body_just_at_the_limit_is_read(live):
    padding = 65_536 - len(BODY) - len("<!---->")

    assert live.post(BODY + b"<!--" + b"x" * padding + b"-->").status == 200


def test_a_chunked_body_longer_than_the_limit_is_refused(live):
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"

    answer = live.raw(HEADER + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 5 + b"0\r\n\r\n", timeout=5)

    assert answer.startswith(b"HTTP/1.1 413")
    assert b"<soap:Fault>" in answer


def test_an_endless_chunked_body_is_cut_off(live):
    with live.connect(timeout=5) as connection:
        connection.sendall(HEADER + b"Transfer-Encoding: chunked\r\n\r\n")
        sent = 0
        try:
            while sent < 100_000_000:
                sent += connection.send(b"1000\r\n" + b" " * 0x1000 + b"\r\n")
        except OSError:
            pass  # the server hung up
    assert sent < 100_000_000


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "multipart/related; boundary=x"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "Multipart/Mixed"},
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": "deflate"},
        {"Content-Encoding": "br, gzip"},
    ],
)
def test_a_body_in_parts_or_compressed_is_refused(live, headers):
    assert_fault(live.post(gzip.compress(BODY), headers), status=415)


def test_a_body_shorter_than_it_was_said_to_be_is_refused(live):
    with live.connect() as connection:
        connection.sendall(HEADER + b"Content-Length: %d\r\n\r\n" % (len(BODY) + 100) + BODY)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(10_000)

    assert b"200 OK" not in answer


def test_a_body_longer_than_it_was_said_to_be_is_cut_and_refused(live):
    answer = live.raw(HEADER + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % (len(BODY) - 30) + BODY)

    assert answer.startswith(b"HTTP/1.1 500")
    assert b"<soap:Fault>" in answer


@pytest.mark.parametrize(
    "request_bytes",
    [
        HEADER + b"Content-Length: abc\r\n\r\n" + BODY,
        HEADER + b"Content-Length: -1\r\n\r\n" + BODY,
        HEADER + b"Content-Length: 1e3\r\n\r\n" + BODY,
        HEADER + b"Content-Length: 10\r\nContent-Length: 20\r\n\r\n" + BODY,
        HEADER + b"Content-Length: 99999999999999999999999999\r\n\r\n" + BODY,
        HEADER + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEADER + b"Transfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%sXX" % (len(BODY) - 40, BODY[:-40]),
        HEADER + b"Transfer-Encoding: gzip\r\n\r\n" + BODY,
        HEADER.replace(b"Host: x", b"Ho st: x") + b"\r\n",
        HEADER.replace(b"HTTP/1.1", b"HTTP/9.9") + b"\r\n",
        HEADER + b"X: " + b"a" * 500_000 + b"\r\n\r\n",
        HEADER + b"".join(b"X-%d: a\r\n" % n for n in range(2_000)) + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200,  # TLS on a plain port
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\0" * 1_000,
        b"nonsense\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_or_hung_up_on_without_a_trace(live, request_bytes):
    received = live.raw(request_bytes, timeout=5, and_no_more=True)

    assert b" 200 OK" not in received
    assert b"Traceback" not in received
    assert b"<html" not in received.lower()


@pytest.mark.parametrize("host", ["", "evil.example", "a b", "x:99999", "<script>", "[::1"])
def test_a_strange_host_stands_nowhere_in_the_answer(live, host):
    received = live.raw(f"GET {PATH}?wsdl HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode(), timeout=5)

    if host:
        assert f'location="http://{host}'.encode() not in received
    assert received.startswith((b"HTTP/1.1 200", b"HTTP/1.1 400"))


def test_forwarded_headers_of_a_stranger_are_not_believed(live):
    answer = live.get(PATH + "?wsdl", X_Forwarded_Host="evil.example", X_Forwarded_Proto="https", Forwarded="host=evil")

    assert b"evil" not in answer.body
    assert f'location="{live.endpoint}"'.encode() in answer.body


def test_forwarded_headers_of_a_configured_proxy_are_believed(start):
    live = start(extra='proxies = 1\ntrusted_hosts = ["vats.example.ru"]\n')

    answer = live.get(PATH + "?wsdl", X_Forwarded_Host="vats.example.ru", X_Forwarded_Proto="https")

    assert b'location="https://vats.example.ru/telephony/ws/VATS"' in answer.body


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics"])
def test_the_pages_around_the_exchange_answer(live, path):
    assert live.get(path).status == 200
    assert live.request("POST", path).status == 405


def test_a_page_that_does_not_exist_is_plain_text(live):
    answer = live.get("/nothing")

    assert (answer.status, answer.text) == (404, "404 Not Found\n")


def test_after_all_that_the_service_still_answers(live):
    assert live.post(say_name()).returned == "VIP:Ренессанс Капитал"
