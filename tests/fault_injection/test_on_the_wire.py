"""Each fault as a bare socket sees it, and the mark that it leaves in the journal."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.live import SOAP11, SOAP12, Live, say_name
from tests.support.office import SOAP_USER
from tests.support.tester import STAGING, BenchClient
from tests.support.waiting import until

RIGHT = ("SayName", "ok", 200, None)


def marked(wire, fault, op="SayName", outcome="ok", status=200):
    return wire.marks[-1] == (op, outcome, status, fault)


def test_without_a_fault_it_answers_as_ever(wire):
    heard = wire.ask()

    assert heard.end == "whole"
    assert "Анна</m:return>".encode() in heard.body
    assert wire.marks == [RIGHT]


def test_a_connection_is_reset_before_the_first_byte(wire):
    made = wire.fault("reset", next=1)

    assert (wire.ask().end, wire.marks) == ("reset", [("SayName", "ok", 200, f"reset #{made['id']}")])
    assert wire.ask().end == "whole"


def test_a_connection_is_reset_in_the_middle_of_the_body(wire):
    wire.fault("reset", at="mid-body", next=1)
    heard = wire.ask()

    assert heard.end == "reset"
    assert heard.head.startswith("http/1.1 200")
    assert heard.body.startswith(b"<soap:Envelope")


def test_a_connection_is_reset_before_anything_is_read(wire):
    made = wire.fault("reset", at="accept", next=1)

    assert wire.ask().end == "reset"
    assert wire.marks == [(None, "staged", 200, f"reset #{made['id']}")]


@pytest.mark.parametrize("at", ["accept", "first-byte", "mid-body"])
def test_behind_a_proxy_the_proxy_s_own_connection_is_reset(proxied_wire, at):
    proxied_wire.fault("reset", at=at, next=1)

    assert proxied_wire.ask().end == "reset"
    _, said = proxied_wire.bench.ask("GET", f"/api/v1/exchanges?publication={proxied_wire.name}")
    assert [one["address"] for one in said["exchanges"]] == ["203.0.113.7"]


def test_a_kept_connection_is_reset_while_others_of_the_same_client_are_answered(wire):
    wire.fault("reset", number="89990000000", next=20)
    with ThreadPoolExecutor(4) as others:
        answering = [others.submit(lambda: [wire.ask().end for _ in range(20)]) for _ in range(4)]
        ends = []
        for _ in range(20):
            with wire.live.connect() as kept:
                assert wire.ask(connection=kept).end == "whole"
                ends.append(wire.ask("89990000000", connection=kept).end)
        found = [end for each in answering for end in each.result()]

    assert set(found) == {"whole"}
    assert set(ends) == {"reset"}


@pytest.mark.parametrize("at", ["accept", "first-byte"])
def test_nothing_is_heard_while_it_hangs_and_then_the_connection_ends(wire, at):
    wire.fault("hang", at=at, seconds=1, next=2)

    assert wire.ask(seconds=0.5) == wire.ask(seconds=0.5)
    wire.fault("hang", at=at, seconds=0.2, next=1)
    heard = wire.ask()
    assert (heard.content, heard.end) == (b"", "closed")


def test_it_hangs_in_the_middle_of_the_body(wire):
    wire.fault("hang", at="mid-body", seconds=30, next=1)
    heard = wire.ask(seconds=0.5)

    assert heard.end == "silent"
    assert heard.body.startswith(b"<soap:Envelope")
    assert b"</soap:Envelope>" not in heard.body


def test_an_answer_breaks_off(wire):
    made = wire.fault("truncated", next=1)
    heard = wire.ask()

    assert heard.end == "closed"
    assert "content-length: " in heard.head
    assert heard.body.startswith(b"<soap:Envelope")
    assert b"</soap:Envelope>" not in heard.body
    assert marked(wire, f"truncated #{made['id']}")


def test_an_answer_comes_drop_by_drop_and_whole(wire):
    right = wire.ask().body
    wire.fault("dribble", seconds=0.4, next=1)
    with wire.live.connect() as connection:
        connection.sendall(wire.request(say_name()))
        pieces = []
        while b"</soap:Envelope>" not in b"".join(pieces):
            pieces.append(connection.recv(65_536))

    assert len(pieces) > 5
    assert b"".join(pieces).endswith(right)


def test_an_answer_is_late_and_the_journal_says_how_late(wire):
    wire.fault("slow", delay_ms=300, next=1)

    assert wire.ask().end == "whole"
    _, said = wire.bench.ask("GET", f"/api/v1/exchanges?publication={wire.name}")
    assert said["exchanges"][-1]["elapsed_ms"] >= 300


def test_a_soap_fault_is_in_the_callers_version_and_nobodys_phone_rings(wire):
    made = wire.fault("fault", next=2)
    heard = wire.ask(ring=True)

    assert heard.head.startswith("http/1.1 500")
    assert b"<faultcode>soap:Server</faultcode>" in heard.body
    assert wire.marks[-1] == ("IncomingCall", "staged", 500, f"fault #{made['id']}")
    answer = wire.live.post(
        say_name().replace(SOAP11, SOAP12),
        path=f"/{wire.name}/ws/VATS",
        content_type="application/soap+xml",
    )
    assert "<soap:Value>soap:Receiver</soap:Value>" in answer.text
    assert wire.bench.ask("GET", f"/api/v1/exchanges?publication={wire.name}&outcome=ok")[1]["exchanges"] == []


@pytest.mark.parametrize(
    ("status", "header"), [(401, "www-authenticate: basic"), (500, ""), (503, "retry-after: 10"), (404, "")]
)
def test_a_web_servers_page_stands_in_for_1c(wire, status, header):
    made = wire.fault("status", status=status, next=1)
    heard = wire.ask()

    assert heard.head.startswith(f"http/1.1 {status}")
    assert "content-type: text/html" in heard.head
    assert header in heard.head
    assert b"<html>" in heard.body
    assert marked(wire, f"{status} #{made['id']}", outcome="staged", status=status)


def test_a_web_servers_page_comes_before_the_password_is_looked_at(wire):
    wire.fault("status", status=503, at="accept", next=1)
    with wire.live.connect() as connection:
        connection.sendall(wire.request(say_name(), authorization="Basic d3Jvbmc6d3Jvbmc="))
        assert wire.hear(connection).head.startswith("http/1.1 503")


def test_a_call_whose_answer_is_lost_rings_all_the_same(wire):
    made = wire.fault("reset", op="IncomingCall", next=1)

    assert wire.ask(ring=True).end == "reset"
    assert wire.marks == [("IncomingCall", "ok", 200, f"reset #{made['id']}")]
    status, said = wire.bench.verify(wire.name, op="IncomingCall", number="89235292926", key="k")
    assert (status, len(said["found"])) == (200, 1)


@pytest.mark.parametrize(
    ("last", "mark", "outcome", "status", "heard"),
    [
        ("0001", "name", "ok", 200, b'instance"/>'),
        ("0003", "name", "ok", 200, "Рога &amp; Копыта &lt;ООО&gt;".encode()),
        ("0004", "name", "ok", 200, "🌹".encode()),
        ("0005", "no-return", "ok", 200, b'<m:SayNameResponse xmlns:m="http://VATS"></m:SayNameResponse>'),
        ("0006", "quirks", "ok", 200, "> Рога &amp; Копыта<".encode()),
        ("0007", "fault", "staged", 500, b"soap:Fault"),
        ("0101", "slow", "ok", 200, b"SayNameResponse"),
        ("0401", "401", "staged", 401, b"<html>"),
        ("0500", "500", "staged", 500, b"<html>"),
        ("0503", "503", "staged", 503, b"<html>"),
    ],
)
def test_a_magic_number_needs_nothing_but_a_call(wire, last, mark, outcome, status, heard):
    answer = wire.ask(f"8000000{last}")

    assert answer.end == "whole"
    assert heard in answer.body
    assert wire.marks == [("SayName", outcome, status, mark)]


def test_the_very_long_name_is_very_long(wire):
    assert len(wire.ask("80000000002").body.decode()) > 600


@pytest.mark.parametrize(("last", "end"), [("0009", "reset"), ("0010", "closed"), ("0008", "silent")])
def test_a_magic_number_breaks_connections_too(wire, last, end):
    assert wire.ask(f"8000000{last}", seconds=0.7).end == end


def test_the_later_contract_gets_its_document_and_its_quirks(wire):
    def said(number):
        return wire.live.post(say_name(number, parameter="Number"), path=f"/{wire.name}/ws/VATS").returned

    assert "<title></title>" in said("80000000001")
    assert "<title>Рога &amp; Копыта &lt;ООО&gt;" in said("80000000003")
    # Built without escaping, a space before the title, a number with a separator, as some 1C do.
    assert "<title> Рога & Копыта</title>" in said("80000000006")
    assert "<phone>1\N{NO-BREAK SPACE}234</phone>" in said("80000000006")


def test_a_request_that_is_none_is_refused_as_ever_and_uses_no_fault_up(wire):
    wire.fault("fault", next=1)
    answer = wire.live.post("<not-soap/>", path=f"/{wire.name}/ws/VATS")

    assert (answer.status, wire.marks[-1][1:]) == (500, ("version", 500, None))
    assert wire.ask().head.startswith("http/1.1 500")
    assert wire.ask().end == "whole"


def test_who_waits_is_let_go_when_the_service_stops(start):
    live: Live = start(extra=STAGING, users=SOAP_USER)
    bench = BenchClient(live)
    assert bench.ask("POST", "/api/v1/faults", {"fault": "hang", "next": 1})[0] == 201
    with live.connect(timeout=20) as connection:
        content = say_name().encode()
        head = "POST /telephony/ws/VATS HTTP/1.1\r\nHost: x\r\nAuthorization: Basic U09BUDoxMjM="
        head += f"\r\nContent-Length: {len(content)}"
        connection.sendall(f"{head}\r\n\r\n".encode() + content)
        until(lambda: bench.ask("GET", "/api/v1/faults")[1]["faults"] == [])
        code, printed = live.terminate()
        assert connection.recv(100) == b""

    assert code == 0
    assert "Traceback" not in printed


def test_where_staging_is_off_nothing_goes_wrong_and_nobody_can_have_it_so(start):
    live = start(users=SOAP_USER)

    assert live.post(say_name("80000000503")).returned == ""
    answer = live.request("POST", "/api/v1/faults", b'{"fault": "hang"}', {"Authorization": "Basic U09BUDoxMjM="})
    assert answer.status == 404
