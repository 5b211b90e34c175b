"""The service is an ordinary WSGI application: it answers the same under servers that are not its own."""

import json
import sqlite3
from base64 import b64encode
from contextlib import closing
from urllib.parse import urlencode

import pytest

from tests.support.live import AUTHORIZATION, PATH, incoming_call, say_name, vats1c
from tests.support.office import PEOPLE, SOAP_USER, basic
from tests.support.tester import STAGING, BenchClient
from tests.support.wsgi_servers import command

SERVERS = {
    "gunicorn": command("gunicorn"),
    "gunicorn without threads": command("gunicorn", "--threads", "1"),
    "waitress": command("waitress-serve"),
    "uWSGI": command("uwsgi"),
}
# What makes whole requests of chunks; uWSGI does not.
DECODES_CHUNKS = ["gunicorn", "gunicorn without threads", "waitress"]
# What hands a request to the service before its body is there; waitress waits for it, and drops what is cut off.
PASSES_ON_BODIES = ["gunicorn", "gunicorn without threads", "uWSGI"]


@pytest.fixture(scope="module")
def servers(start):
    """Give the service under a server, started once."""
    started = {}

    def under(name):
        if name not in started:
            started[name] = start(users=STAGING + SOAP_USER + PEOPLE, command=SERVERS[name])
        return started[name]

    return under


@pytest.fixture(params=SERVERS)
def service(request, servers):
    return servers(request.param)


def head(length):
    return "\r\n".join(
        [
            f"POST {PATH} HTTP/1.1",
            "Host: localhost",
            "Connection: close",
            f"Authorization: {AUTHORIZATION}",
            "Content-Type: text/xml",
            f"Content-Length: {length}",
            "\r\n",
        ]
    ).encode()


def chunked(*pieces):
    """Return `pieces` as the chunks of a body (RFC 9112, 7.1)."""
    return b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in (*pieces, b""))


def calls(service):
    """Return the calls as the command lists them."""
    code, listed, _ = vats1c("journal", "list", "--json", "-c", service.config)
    assert code == 0
    return [json.loads(line) for line in listed.splitlines()]


def test_a_known_number_has_a_name(service):
    answer = service.post(say_name())

    assert (answer.status, answer.returned) == (200, "VIP:Ренессанс Капитал")
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"


def test_an_unknown_number_has_none(service):
    answer = service.post(say_name("84950000000"))

    assert (answer.status, answer.returned) == (200, "")


def test_a_call_is_in_the_journal_when_it_is_answered(service):
    answer = service.post(incoming_call("84957771234", "key-of-ilya"))

    assert (answer.status, answer.returned) == (200, "1")
    assert [one["number"] for one in calls(service)].count("+74957771234") == 1


def test_a_wrong_password_is_a_fault_with_401(service):
    wrong = "Basic " + b64encode(b"SOAP:wrong").decode()

    answer = service.post(say_name(), authorization=wrong)

    assert (answer.status, answer.is_fault) == (401, True)
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_a_wrong_login_with_a_large_body_gets_its_fault(service):
    for _ in range(3):
        assert service.post(b"x" * 300_000, authorization=None).is_fault


def test_no_password_is_a_fault_with_401(service):
    answer = service.post(say_name(), authorization=None)

    assert (answer.status, answer.is_fault) == (401, True)


def test_the_wsdl_is_given_and_its_head_has_the_same_length(service):
    authorized = {"Authorization": AUTHORIZATION}

    got = service.request("GET", f"{PATH}?wsdl", headers=authorized)
    looked = service.request("HEAD", f"{PATH}?wsdl", headers=authorized)

    assert (got.status, looked.status) == (200, 200)
    assert "definitions" in got.text
    assert (looked.body, looked.headers["content-length"]) == (b"", str(len(got.body)))


@pytest.mark.parametrize("size", [65_537, 1_000_000])
def test_a_body_that_is_too_large_is_a_fault_with_413(service, size):
    answer = service.post(b"x" * size)

    assert (answer.status, answer.is_fault) == (413, True)


def test_what_is_not_xml_is_a_fault(service):
    answer = service.post("hello")

    assert (answer.status, answer.is_fault) == (500, True)


@pytest.mark.parametrize("name", PASSES_ON_BODIES)
def test_a_body_that_is_cut_off_is_a_fault(servers, name):
    received = servers(name).raw(head(500) + b"<a>", and_no_more=True)

    assert b"<soap:Fault>" in received
    assert "оборвано".encode() in received


def test_a_body_that_is_cut_off_keeps_nobody_from_an_answer(service):
    for _ in range(3):
        service.raw(head(500) + b"<a>", and_no_more=True)

    assert service.post(say_name()).status == 200


@pytest.mark.parametrize("name", DECODES_CHUNKS)
def test_a_chunked_body_is_read(servers, name):
    body = say_name().encode()

    answer = servers(name).post(chunked(body[:50], body[50:]), headers={"Transfer-Encoding": "chunked"})

    assert (answer.status, answer.returned) == (200, "VIP:Ренессанс Капитал")


@pytest.mark.parametrize("name", DECODES_CHUNKS)
def test_a_chunked_body_that_is_too_large_is_a_fault_with_413(servers, name):
    answer = servers(name).post(chunked(*[b"x" * 10_000] * 7), headers={"Transfer-Encoding": "chunked"})

    assert (answer.status, answer.is_fault) == (413, True)


def test_a_chunked_body_under_a_server_that_has_none_is_a_fault(servers):
    body = say_name().encode()

    answer = servers("uWSGI").post(chunked(body), headers={"Transfer-Encoding": "chunked"})

    assert (answer.status, answer.is_fault) == (500, True)


def test_an_address_without_a_web_service_is_a_fault_with_404(service):
    answer = service.post(say_name(), path="/elsewhere/ws/VATS")

    assert (answer.status, answer.is_fault) == (404, True)


def test_health_is_told(service):
    assert (service.get("/healthz").status, service.get("/readyz").status) == (200, 200)
    assert "# TYPE vats1c_requests_total counter" in service.get("/metrics").text


def test_an_employee_signs_in_and_sees_the_card_page(service):
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": service.url}

    signed_in = service.request("POST", "/sign-in", urlencode({"login": "anna", "password": "anna's"}), form)
    page = service.get("/card", Cookie=signed_in.headers["set-cookie"].partition(";")[0])

    assert (signed_in.status, signed_in.headers["location"]) == (303, "/card")
    assert page.status == 200
    assert "<!doctype html>" in page.text.lower()


def test_a_stream_is_refused_and_the_calls_are_there_for_the_asking(service):
    service.post(incoming_call("89235292926", "key-of-anna"))

    stream = service.get("/card/events", Authorization=basic("anna"))
    listed = service.get("/api/v1/calls", Authorization=basic("anna"))

    assert (stream.status, stream.headers["retry-after"]) == (503, "10")
    assert json.loads(listed.body)["calls"][-1]["number"] == "+79235292926"


def test_a_refused_stream_takes_no_window(service):
    for _ in range(3):
        service.get("/card/events", Authorization=basic("anna"))

    assert "\nvats1c_windows 0.0\n" in service.get("/metrics").text


@pytest.mark.parametrize("name", SERVERS)
def test_sigterm_writes_what_is_not_in_the_journal_yet(start, name):
    service = start(users=SOAP_USER + PEOPLE, command=SERVERS[name])
    service.post(incoming_call())
    for number in range(10):
        service.post(say_name(f"8495000000{number}"))

    code, printed = service.terminate()

    assert code == 0, printed
    with closing(sqlite3.connect(service.config.parent / "data" / "vats1c.sqlite")) as journal:
        assert journal.execute("SELECT count(*) FROM exchanges").fetchone() == (11,)
    assert len(calls(service)) == 1


@pytest.mark.parametrize("fault", ["reset", "hang", "truncated", "dribble"])
def test_an_answer_that_breaks_on_purpose_is_no_whole_answer(service, fault):
    bench = BenchClient(service)
    status, made = bench.ask("POST", "/api/v1/faults", {"publication": "telephony", "fault": fault, "next": 1})
    assert status == 201, made

    received = service.raw(head(len(say_name().encode())) + say_name().encode())

    assert received == b"" or received.startswith((b"HTTP/1.1 500 ", b"HTTP/1.0 500 "))
    assert b"return" not in received
    assert service.post(say_name()).returned == "VIP:Ренессанс Капитал"


def test_gunicorn_that_loads_the_service_before_it_forks_answers_500_and_says_why(start):
    service = start(command=command("gunicorn", "--preload"), wait=False)

    answer = None
    while answer is None:
        try:
            answer = service.post(incoming_call())
        except ConnectionRefusedError:
            assert service.process.poll() is None, service.printed

    assert answer.status == 500
    assert "imported before the server forked" in service.printed


def test_uwsgi_that_would_load_the_service_before_it_forks_does_not_start_and_says_why(start):
    def loaded_first(port):
        return [one for one in SERVERS["uWSGI"](port) if one != "--lazy-apps"]

    service = start(command=loaded_first, wait=False)

    assert service.process.wait(20) != 0
    assert "imported before the server forked" in service.printed
