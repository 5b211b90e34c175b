"""The sender's address of a request that came through proxies, and the headers that show that it did."""

import pytest

from vats1c.http import Request
from vats1c.proxies import apply_proxies, is_proxied, parse_address, sender_address

PROXY = "192.0.2.200"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7\t", "203.0.113.7"),
        ("203.0.113.7:50010", "203.0.113.7"),
        ('"203.0.113.7:50010"', "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("2001:DB8:0:0::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ('"[2001:db8::7]:443"', "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:443", "fe80::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:443", "203.0.113.7"),
    ],
)
def test_an_address_is_written_without_port_brackets_quotes_and_zone(text, address):
    assert str(parse_address(text)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        '"',
        "unknown",
        "_hidden",
        "unix:",
        "unix:/run/proxy.sock",
        "localhost",
        "203.0.113",
        "203.0.113.256",
        "203.0.113.007",
        "203.0.113.7:port",
        "203.0.113.7:123456",
        "203.0.113.7:50010:1",
        "203.0.113.7/24",
        "٢٠٣.0.113.7",
        "[2001:db8::7",
        "[2001:db8::7]443",
        "[2001:db8::7]:4x3",
        "[]",
        "[]:443",
        "2001:db8::7::1",
        "<script>",
        "203.0.113.7\r\nevent=forged",
        "203.0.113.7" + " " * 10_000,
        "1" * 10_000,
        "fe80::1%" + "z" * 10_000,
    ],
)
def test_what_is_no_address_is_none(text):
    assert parse_address(text) is None
    assert sender_address(PROXY, text, 1) == PROXY


@pytest.mark.parametrize(
    ("forwarded_for", "proxies", "sender"),
    [
        ("203.0.113.7", 1, "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", 1, "203.0.113.7"),
        ("198.51.100.1,203.0.113.7:50010", 1, "203.0.113.7"),
        ("203.0.113.7, 10.0.0.1", 2, "203.0.113.7"),
        ("198.51.100.1, [2001:db8::7]:443, 10.0.0.1", 2, "2001:db8::7"),
        ("203.0.113.7, 10.0.0.1, 10.0.0.2", 3, "203.0.113.7"),
        ("10.0.0.1, " * 1_000 + "203.0.113.7", 1, "203.0.113.7"),
        # A client's own quote does not hide the value that the proxy appends.
        ('", 203.0.113.7', 1, "203.0.113.7"),
        # What the client wrote before it is not looked at, and nothing else is taken in its place.
        ("203.0.113.7, unknown", 1, PROXY),
        ("203.0.113.7,", 1, PROXY),
        ("unknown, 10.0.0.1", 2, PROXY),
        # A request that passed fewer proxies than there are did not come the trusted way.
        ("203.0.113.7", 2, PROXY),
        ("", 1, PROXY),
        ("", 2, PROXY),
    ],
)
def test_the_sender_is_the_one_that_the_outermost_trusted_proxy_reports(forwarded_for, proxies, sender):
    assert sender_address(PROXY, forwarded_for, proxies) == sender


def test_sender_scheme_and_host_are_those_that_the_trusted_proxies_report_however_often_they_are_applied():
    headers = {
        "x-forwarded-for": "203.0.113.7:50010",
        "x-forwarded-proto": "http, https",
        "x-forwarded-host": "evil.example, vats.example.ru",
    }
    request = Request("GET", "/", "", headers, PROXY, host="127.0.0.1:8080", peer=PROXY)
    apply_proxies(request, 1)
    apply_proxies(request, 1)

    assert (request.sender, request.scheme, request.host) == ("203.0.113.7", "https", "vats.example.ru")
    assert request.peer == PROXY


def test_a_request_that_passed_fewer_proxies_than_are_trusted_keeps_its_own_scheme_and_host():
    request = Request("GET", "/", "", {"x-forwarded-host": "evil.example"}, PROXY, host="own.example", peer=PROXY)
    apply_proxies(request, 2)

    assert (request.sender, request.scheme, request.host) == (PROXY, "http", "own.example")


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Port",
        "X-Forwarded-Server",
        "X-Forwarded",
        "X-Original-Forwarded-For",
        "Forwarded",
        "Forwarded-For",
        "X-Real-IP",
        "X-Client-IP",
        "X-Cluster-Client-IP",
        "True-Client-IP",
        "Client-IP",
        "CF-Connecting-IP",
        "CF-Connecting-IPv6",
        "CF-Ray",
        "DO-Connecting-IP",
        "Fastly-Client-IP",
        "Fly-Client-IP",
        "X-Azure-ClientIP",
        "X-Azure-SocketIP",
        "X-Appengine-User-IP",
        "X-Envoy-External-Address",
        "X-Remote-Addr",
        "X-ARR-LOG-ID",
        "X-Original-URL",
        "X-Original-Host",
        "X-Host",
        "X-Scheme",
        "X-Url-Scheme",
        "Front-End-Https",
        "X-ProxyUser-IP",
        "WL-Proxy-Client-IP",
        "Proxy-Connection",
        "Via",
        "CDN-Loop",
        "Max-Forwards",
        "X-Amzn-Trace-Id",
        "X-Amz-Cf-Id",
        "X-Varnish",
        "Tailscale-User-Login",
    ],
)
def test_a_header_that_proxies_add_shows_a_proxy_whatever_its_value(header):
    for value in ("127.0.0.1", ""):
        assert is_proxied({"REMOTE_ADDR": "127.0.0.1", f"HTTP_{header.upper().replace('-', '_')}": value})


def test_http_1_0_shows_a_proxy():
    assert is_proxied({"SERVER_PROTOCOL": "HTTP/1.0"})


def test_headers_of_browsers_and_programs_show_no_proxy():
    headers = (
        "ACCEPT ACCEPT_ENCODING ACCEPT_LANGUAGE AUTHORIZATION CACHE_CONTROL CONNECTION COOKIE DNT HOST IF_NONE_MATCH"
        " LAST_EVENT_ID ORIGIN PRAGMA PRIORITY REFERER SEC_CH_UA SEC_FETCH_SITE SEC_GPC TE TRACEPARENT USER_AGENT"
        " UPGRADE_INSECURE_REQUESTS X_CLIENT_NAME X_REQUEST_ID X_REQUESTED_WITH X_VATS1C"
    )
    own = {"REMOTE_ADDR": "127.0.0.1", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", "CONTENT_TYPE": "a"}

    assert not is_proxied(own | {f"HTTP_{name}": "a" for name in headers.split()})
