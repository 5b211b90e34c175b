"""Tests in any language ask which calls came, wait for one, and are told why it was not the one expected."""

import threading

import pytest

from tests.support.live import say_name
from tests.support.office import basic


def test_verify_returns_exchanges_as_they_are_listed(tester, publication):
    tester.says(publication, "8 (923) 529-29-26")
    tester.rings(publication, "8 (923) 529-29-26")
    _, listed = tester.ask("GET", f"/api/v1/exchanges?publication={publication}")
    _, said = tester.verify(publication, times=2)
    status, failed = tester.verify(publication, key="nobodys")

    assert said["found"] == listed["exchanges"]
    assert (status, failed["closest"]) == (409, listed["exchanges"][-1])


def test_what_came_is_verified(tester, publication):
    tester.says(publication, "89031110004")
    tester.rings(publication, "+79031110004", "key-of-anna")
    status, said = tester.verify(publication, op="IncomingCall", number="8 903 111 00 04", key="key-of-anna", times=1)

    assert status == 200
    assert [one["op"] for one in said["found"]] == ["IncomingCall"]
    assert said["cursor"] == said["found"][0]["id"]
    assert tester.verify(publication, number="89031110004")[0] == 200
    assert tester.verify(publication, times=2)[0] == 200
    assert tester.verify(publication, times={"least": 1, "most": 2})[0] == 200
    assert tester.verify(publication, after=said["cursor"], times=0)[0] == 200


def test_what_is_expected_soon_is_waited_for(tester, publication):
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(tester.verify(publication, key="key-of-ilya", within=20)))
    waiting.start()
    tester.says(publication)
    tester.rings(publication, key="key-of-ilya")
    waiting.join()

    assert [status for status, _ in answers] == [200]


def test_nothing_is_waited_for_to_the_end(tester, publication):
    assert tester.verify(publication, times=0, within=0.3)[0] == 200

    answers = []
    waiting = threading.Thread(target=lambda: answers.append(tester.verify(publication, times=0, within=20)))
    waiting.start()
    tester.says(publication)
    waiting.join()
    status, said = answers[0]
    assert (status, said["found"]) == (409, 1)
    assert said["closest"]["op"] == "SayName"
    assert said["differences"] == [{"field": "times", "expected": "0", "found": "1"}]


def test_the_closest_that_came_is_told_with_every_difference(tester, publication):
    tester.rings(publication, "89031110005", "key-of-ilya")
    tester.says(publication, "89031110006")
    status, said = tester.verify(publication, op="IncomingCall", number="89031110005", key=" key-of-\tanna ")

    assert status == 409
    assert said["error"]["code"] == "verify"
    assert said["error"]["message"] == (
        "expected IncomingCall number=+79031110005 key=·key-of-→anna·, times: >= 1; found: 0"
    )
    assert said["closest"]["key"] == "key-of-ilya"
    assert said["differences"] == [
        {"field": "times", "expected": ">= 1", "found": "0"},
        {"field": "key", "expected": "·key-of-→anna·", "found": "key-of-ilya"},
    ]


def test_a_refused_call_may_be_the_closest(tester, publication):
    tester.live.post(say_name("89031110007"), path=f"/{publication}/ws/VATS", authorization="Basic eDp5")
    _, said = tester.verify(publication)

    assert said["closest"]["outcome"] == "auth"
    assert {"field": "outcome", "expected": "ok", "found": "auth"} in said["differences"]


def test_nothing_at_all_has_no_closest(tester, publication):
    _, said = tester.verify(publication, op="SayName")

    assert said["closest"] is None
    assert said["found"] == 0


def test_an_administrator_sees_their_own_publication_and_those_on_request(tester, publication):
    admin = {"authorization": basic("admin")}
    tester.says(publication)
    tester.rings("telephony", "89031110008")

    def publications(query):
        _, said = tester.ask("GET", f"/api/v1/exchanges?outcome=ok&{query}", **admin)
        return {one["publication"] for one in said["exchanges"]}

    assert publications("") == {"telephony"}
    assert publications(f"publication={publication}") == {publication}
    assert tester.ask("GET", "/api/v1/exchanges?publication=sales", **admin)[0] == 404


@pytest.mark.parametrize("who", [basic("anna"), "Basic U09BUDoxMjM=", None, "Bearer a wrong token", "Bearer ключ"])
def test_nobody_else_may_ask(tester, who):
    who = who and who.encode().decode("latin-1")

    assert tester.ask("GET", "/api/v1/exchanges", authorization=who)[0] in (401, 403)
    assert tester.ask("POST", "/api/v1/verify", {}, authorization=who)[0] in (401, 403)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"opp": "SayName"}, "unknown"),
        ({"op": "Sayname"}, "op"),
        ({"op": 1}, "op"),
        ({"number": 89235292926}, "number"),
        ({"key": "x" * 201}, "key"),
        ({"times": -1}, "times"),
        ({"times": True}, "times"),
        ({"times": "1"}, "times"),
        ({"times": {}}, "times"),
        ({"times": {"least": 2, "most": 1}}, "times"),
        ({"times": {"lest": 2}}, "times"),
        ({"within": 31}, "within"),
        ({"within": "1"}, "within"),
        ({"within": -1}, "within"),
        ({"after": "now"}, "after"),
        ({"after": -1}, "after"),
        (b"[]", "json"),
    ],
)
def test_what_cannot_be_expected_is_said(tester, body, code):
    status, said = tester.ask("POST", "/api/v1/verify", body)

    assert (status, said["error"]["code"]) == (400, code)


@pytest.mark.parametrize(("publication", "status"), [("nobodys", 404), (7, 400), (["telephony"], 400), ({}, 400)])
def test_a_publication_that_is_not_there_is_said(tester, publication, status):
    assert tester.ask("POST", "/api/v1/verify", {"publication": publication})[0] == status


def test_so_many_may_wait_and_all_end_with_the_service(start):
    from tests.support.tester import STAGING, BenchClient

    tester = BenchClient(start(extra=STAGING))
    answers = []

    def wait():
        answers.append(tester.ask("GET", "/api/v1/exchanges?op=SayName&after=now&wait=30")[0])

    threads = [threading.Thread(target=wait) for _ in range(70)]
    for thread in threads:
        thread.start()
    while len(answers) < 6:
        threads[0].join(0.05)
    assert set(answers) == {503}
    code, _ = tester.live.terminate()
    for thread in threads:
        thread.join()

    assert code == 0
    assert sorted(answers) == [204] * 64 + [503] * 6
