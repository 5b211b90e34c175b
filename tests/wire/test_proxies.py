"""Behind a reverse proxy: every request has its sender's address, and nobody who came through it is on this machine."""

import json
from contextlib import closing

import pytest

from tests.support.live import incoming_call, say_name
from tests.support.office import PEOPLE, SOAP_USER, basic
from tests.support.tester import STAGING, TOKEN

EXCHANGES = "/api/v1/exchanges"
SENDER = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7:50010"}


@pytest.fixture(scope="module")
def behind(start):
    return start(extra="proxies = 1\n", users=SOAP_USER + PEOPLE)


@pytest.fixture(scope="module")
def open_bench(start):
    return start(extra=STAGING + "open_here = true\n")


@pytest.fixture(scope="module")
def open_bench_behind(start):
    return start(extra="proxies = 1\n" + STAGING + "open_here = true\n")


def recorded(live, query, authorization):
    answer = live.get(f"{EXCHANGES}?{query}", Authorization=authorization)
    assert answer.status == 200, answer.text
    return json.loads(answer.body)["exchanges"]


def test_every_exchange_has_the_sender_s_address_however_it_is_answered(behind):
    number = "89235292926"
    # The first of a login takes another way than those after it.
    for _ in range(2):
        behind.post(say_name(number), SENDER)
        behind.post(incoming_call(number), SENDER)
    behind.post("<a", SENDER)
    behind.post(incoming_call(number).replace("Key", "Kee"), SENDER)
    behind.post(say_name(number), SENDER, authorization="Basic eDp5")

    found = recorded(behind, "after=0", basic("admin"))
    assert [one["op"] for one in found] == ["SayName", "IncomingCall"] * 2 + [None, "IncomingCall", None]
    assert [one["outcome"] for one in found] == ["ok"] * 4 + ["xml", "parameters", "auth"]
    assert {one["address"] for one in found} == {"203.0.113.7"}


def test_a_refusal_is_logged_with_the_sender_s_address_and_without_what_is_none(behind):
    behind.post(say_name(), {"X-Forwarded-For": "[2001:DB8::9]:443"}, authorization="Basic eDp6")
    behind.post("<IncomingCall", {"X-Forwarded-For": "[2001:db8::8]:443"})
    behind.post(say_name(), {"X-Forwarded-For": "unknown-garbage"}, authorization="Basic eDp6")

    assert "address='2001:db8::9'" in behind.printed
    assert "address='2001:db8::8'" in behind.printed
    assert "address='127.0.0.1'" in behind.printed
    assert "garbage" not in behind.printed


def test_wrong_logins_are_counted_by_the_address_without_its_port(start):
    live = start(extra="proxies = 1\n[limits]\nfailed_logins = 2\n", users=SOAP_USER + PEOPLE)
    for port in range(2):
        live.post("x", {"X-Forwarded-For": f"203.0.113.7:{50_000 + port}"}, authorization=f"Basic eDp{port}")
    assert 'vats1c_failed_logins_total{outcome="slowed"} 0.0' in live.get("/metrics").text
    # The pages count with the same addresses, apart from the web service.
    for port in range(3):
        wrong = {"Authorization": f"Basic eDp{port}", "X-Forwarded-For": f"[2001:db8::7]:{50_000 + port}"}
        live.request("GET", "/api/v1/me", None, wrong)
    live.post("x", {"X-Forwarded-For": "203.0.113.7:50002"}, authorization="Basic eDp2")

    assert 'vats1c_failed_logins_total{outcome="slowed"} 2.0' in live.get("/metrics").text


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Real-IP", "Via", "CF-Connecting-IP"],
)
def test_nobody_behind_a_proxy_is_on_this_machine_whatever_the_settings_say(open_bench, open_bench_behind, header):
    for live in (open_bench, open_bench_behind):
        assert live.request("GET", EXCHANGES).status == 200
        for value in ("203.0.113.9", "127.0.0.1", "localhost", "for=127.0.0.1", "1.1 proxy", ""):
            assert live.request("GET", EXCHANGES, None, {header: value}).status == 401
        assert live.request("GET", "/calls", None, {header: "127.0.0.1"}).status == 303
        with_token = {header: "203.0.113.9", "Authorization": f"Bearer {TOKEN}"}
        assert live.request("GET", EXCHANGES, None, with_token).status == 200


def test_a_proxy_that_adds_no_header_and_speaks_http_1_0_is_a_proxy(open_bench):
    with closing(open_bench.connect()) as connection:
        connection.sendall(f"GET {EXCHANGES} HTTP/1.0\r\nHost: 127.0.0.1:{open_bench.port}\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LocalHost:80", "127.1.2.3:8080", "[::1]:8080"])
def test_an_address_of_this_machine_is_here(open_bench, host):
    assert open_bench.request("GET", EXCHANGES, None, {"Host": host}).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "0.0.0.0",
        "192.0.2.1",
        "[::1",
        "[x]",
        "a b",
        "",
    ],
)
def test_a_name_that_resolves_to_this_machine_is_not_here(open_bench, host):
    assert open_bench.request("GET", EXCHANGES, None, {"Host": host}).status == 401
    assert "page_failed" not in open_bench.printed


def test_an_origin_that_cannot_be_read_is_another_site_s(open_bench):
    headers = {"Origin": "http://[::1"}

    assert open_bench.request("POST", "/api/v1/faults", b'{"fault": "hang", "next": 1}', headers).status == 403
    assert "page_failed" not in open_bench.printed
