"""The API of calls: everybody sees their own, an administrator all, and nobody the keys."""

import json
import threading

import pytest

from tests.support.live import say_name


def test_a_call_is_given_with_all_that_is_known_and_without_its_key(office):
    office.rings("8 (923) 529-29-26")
    call = office.calls()[-1]

    assert call["number"] == "+79235292926"
    assert call["caller"]["name"] == "VIP:Ренессанс Капитал"
    assert (call["confidence"], call["kind"], call["publication"]) == ("exact", "external", "telephony")
    assert [(ring["name"], ring["extension"]) for ring in call["rings"]] == [("Анна Соколова", "244")]
    assert "key-of" not in json.dumps(call)


def test_the_region_and_operator_of_an_unknown_number_are_told_in_the_language_asked_for(office):
    office.rings("83912746614")
    status, said = office.ask("GET", "/api/v1/calls?limit=1", Accept_Language="en")

    assert status == 200
    assert said["calls"][0]["caller"] is None
    assert said["calls"][0]["region"] == "Krasnoyarsk Territory"


def test_everybody_sees_their_own_calls_and_an_administrator_all(office):
    office.rings("89031110001", "key-of-anna")
    office.rings("89031110002", "key-of-ilya")
    mine = {call["number"] for call in office.calls("anna")}
    all_of_them = {call["number"] for call in office.calls("admin")}
    theirs = office.calls("ilya")[-1]["id"]

    assert "+79031110001" in mine
    assert "+79031110002" not in mine
    assert {"+79031110001", "+79031110002"} <= all_of_them
    assert office.ask("GET", f"/api/v1/calls/{theirs}", "anna")[0] == 404
    assert office.ask("PUT", f"/api/v1/calls/{theirs}/note", "anna", {"text": "чужой"})[0] == 404


def test_a_key_that_nobody_owns_is_answered_and_listed(own_office):
    office = own_office()
    office.rings("89031110003", "nobody's")

    assert office.calls("admin")[-1]["rings"][0]["name"] is None


def test_a_note_is_written_down_with_who_wrote_it(office):
    office.rings("89031110004")
    call = office.calls()[-1]
    status, said = office.ask("PUT", f"/api/v1/calls/{call['id']}/note", body={"text": "перезвонить <завтра>"})

    assert status == 200
    assert (said["note"]["text"], said["note"]["by"]) == ("перезвонить <завтра>", "Анна Соколова")
    assert said["cursor"] > call["cursor"]


def test_receipts_are_kept_and_calls_that_nobody_saw_are_a_list(own_office):
    office = own_office()
    office.rings("89031110005")
    office.rings("89031110006")
    first, second = (call["id"] for call in office.calls())
    for state in ("shown", "seen", "closed"):
        assert office.ask("POST", f"/api/v1/calls/{first}/receipt", body={"state": state}) == (204, None)
    (ring,) = office.calls()[0]["rings"]

    assert all(ring[state] for state in ("shown", "seen", "closed"))
    assert [call["id"] for call in office.ask("GET", "/api/v1/unseen")[1]["calls"]] == [second]
    # Looking on is not seeing.
    office.ask("POST", f"/api/v1/calls/{second}/receipt", "admin", {"state": "seen"})
    assert len(office.ask("GET", "/api/v1/unseen", "admin")[1]["calls"]) == 1


def test_calls_are_given_from_a_cursor_on_and_waited_for(own_office):
    office = own_office()
    office.rings("89031110007")
    _, said = office.ask("GET", "/api/v1/calls")
    assert office.ask("GET", f"/api/v1/calls?after={said['cursor']}")[1]["calls"] == []
    assert office.ask("GET", f"/api/v1/calls?after={said['cursor']}&wait=1") == (204, None)

    waited = []
    waiting = threading.Thread(
        target=lambda: waited.append(office.ask("GET", f"/api/v1/calls?after={said['cursor']}&wait=20"))
    )
    waiting.start()
    office.rings("89031110008")
    waiting.join()
    status, later = waited[0]
    assert (status, [call["number"] for call in later["calls"]]) == (200, ["+79031110008"])
    assert later["cursor"] > said["cursor"]


def test_calls_of_a_number_are_found_however_it_is_written(office):
    office.rings("89031110009")
    found = office.calls(query="?number=8%20(903)%20111-00-09")

    assert {call["number"] for call in found} == {"+79031110009"}


def test_previous_calls_come_with_a_call(own_office):
    office = own_office()
    office.rings("89031110010", "key-of-anna")
    office.live.post(say_name("89031110010"))
    office.rings("89031110010", "key-of-anna")
    last = office.calls()[-1]
    _, said = office.ask("GET", f"/api/v1/calls/{last['id']}")

    assert last["repeat"] == 2
    assert [one["repeat"] for one in said["previous"]] == [1]


def test_calls_are_calls_whatever_else_is_in_the_query(office):
    office.rings("89031110012")
    _, calls = office.ask("GET", "/api/v1/calls?limit=1")

    for query in ("op=SayName", "op=", "key=nobodys", "surplus=1"):
        assert office.ask("GET", f"/api/v1/calls?limit=1&{query}") == (200, calls)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/v1/calls?limit=0", None, 400, "limit"),
        ("GET", "/api/v1/calls?after=x", None, 400, "after"),
        ("GET", "/api/v1/calls?wait=31&after=0", None, 400, "wait"),
        ("GET", "/api/v1/calls?since=yesterday", None, 400, "since"),
        ("GET", "/api/v1/calls?since=2026-11-23T10:00:00", None, 400, "since"),
        ("GET", "/api/v1/calls/999999", None, 404, "call"),
        ("GET", "/api/v1/nothing", None, 404, "request"),
        ("DELETE", "/api/v1/calls", None, 405, "request"),
        ("POST", "/api/v1/calls/999999/receipt", {"state": "seen"}, 404, "call"),
        ("POST", "/api/v1/calls/1/receipt", {"state": "eaten"}, 400, "state"),
        ("PUT", "/api/v1/calls/1/note", b"{", 400, "json"),
        ("PUT", "/api/v1/calls/1/note", b"[" * 50_000, 400, "json"),
        ("PUT", "/api/v1/calls/1/note", {"text": 7}, 400, "text"),
        ("PUT", "/api/v1/calls/1/note", {"text": "x" * 4_001}, 400, "text"),
        ("POST", "/api/v1/calls/999999/callback", {}, 404, "call"),
    ],
)
def test_what_cannot_be_done_is_said_in_json(office, method, path, body, status, code):
    got, said = office.ask(method, path, body=body)

    assert (got, said["error"]["code"]) == (status, code)
    assert said["error"]["message"]


def test_without_click_to_call_nobody_is_called_back(office):
    office.rings("89031110011")
    call = office.calls()[-1]

    assert office.ask("POST", f"/api/v1/calls/{call['id']}/callback", body={})[0] == 409


def test_soap_users_and_strangers_have_no_access(office):
    for authorization in ("Basic U09BUDoxMjM=", "Basic YW5uYTp3cm9uZw==", "Bearer x"):
        status, said = office.ask("GET", "/api/v1/calls", Authorization=authorization)
        assert (status, said["error"]["code"]) == (401, "auth")
    assert office.live.get("/api/v1/calls").status == 401
    assert office.live.get("/card/events").status == 401
