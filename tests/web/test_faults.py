"""The API of faults on purpose: who may ask for them, and of which publication."""

import pytest

from tests.support.live import say_name
from tests.support.office import PEOPLE, SOAP_USER, STORE, basic
from tests.support.tester import STAGING, BenchClient


def test_a_plan_is_made_told_and_ended(tester, publication):
    given = {"publication": publication, "fault": "status", "status": 503, "next": 2}
    status, made = tester.ask("POST", "/api/v1/faults", given)

    assert status == 201
    assert given.items() <= made.items()
    assert (made["fitted"], made["applied"]) == (0, 0)
    assert tester.live.post(say_name(), path=f"/{publication}/ws/VATS").status == 503
    (listed,) = tester.ask("GET", f"/api/v1/faults?publication={publication}")[1]["faults"]
    assert listed == {**made, "fitted": 1, "applied": 1}

    assert tester.ask("DELETE", f"/api/v1/faults/{made['id']}")[0] == 204
    assert tester.ask("DELETE", f"/api/v1/faults/{made['id']}")[0] == 404
    assert tester.says(publication) == "Анна"


def test_one_call_ends_all(tester, publication):
    for fault in ("hang", "reset"):
        assert tester.ask("POST", "/api/v1/faults", {"publication": publication, "fault": fault})[0] == 201

    assert tester.ask("DELETE", f"/api/v1/faults?publication={publication}") == (200, {"ended": 2})
    assert tester.says(publication) == "Анна"


def test_the_magic_numbers_are_told_in_the_language_of_whoever_asks(tester):
    russian = tester.ask("GET", "/api/v1/faults", Accept_Language="ru")[1]["magic"]
    english = tester.ask("GET", "/api/v1/faults", Accept_Language="en")[1]["magic"]

    assert russian[0] == {"number": "+70000000001", "what": "никого не нашлось", "fault": "name", "name": ""}
    assert english[0]["what"] == "nobody is found"
    assert len(english) == len(russian) == 17


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "fault: unusable: Field required"),
        ({"fault": "slow"}, "slow needs delay_ms"),
        ({"fault": "hang", "publication": "nowhere"}, "no such publication"),
        ({"fault": "hang", "publication": 5}, "publication: a text"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_with_its_reason(tester, given, said):
    status, answer = tester.ask("POST", "/api/v1/faults", given, Accept_Language="en")

    assert status in (400, 404)
    assert said in answer["error"]["message"]


def test_there_is_one_way_in_and_soap_users_have_none(tester):
    for authorization, status in ((None, 401), ("Basic U09BUDoxMjM=", 401), ("Bearer wrong", 401)):
        assert tester.ask("POST", "/api/v1/faults", {"fault": "hang"}, authorization)[0] == status
        assert tester.ask("GET", "/api/v1/faults", None, authorization)[0] == status
    assert tester.ask("POST", "/api/v1/faults", {"fault": "hang"}, basic("anna"))[0] == 403
    assert tester.ask("GET", "/api/v1/faults", None, basic("admin"))[0] == 200


def test_another_sites_page_cannot_ask_for_one(start):
    bench = BenchClient(start(extra=STAGING + "open_here = true\n"))

    assert bench.ask("POST", "/api/v1/faults", {"fault": "hang"}, None, Origin="http://evil.example")[0] == 403
    assert bench.ask("POST", "/api/v1/faults", {"fault": "hang", "next": 1}, None)[0] == 201


def test_where_staging_is_off_there_are_none_even_for_an_administrator(people_live):
    bench = BenchClient(people_live)

    assert bench.ask("GET", "/api/v1/faults", None, basic("admin"))[0] == 404
    assert bench.ask("POST", "/api/v1/faults", {"fault": "hang"}, basic("admin"))[0] == 404


def test_a_publication_takes_its_faults_with_it(start):
    bench = BenchClient(start(extra=STAGING + STORE, users=SOAP_USER + PEOPLE))
    for _ in range(2):
        assert bench.made(name="again")["name"] == "t-again"
        assert bench.ask("GET", "/api/v1/faults?publication=t-again")[1]["faults"] == []
        assert bench.ask("POST", "/api/v1/faults", {"publication": "t-again", "fault": "hang"})[0] == 201
        assert bench.ask("DELETE", "/api/v1/publications/t-again")[0] == 204


def test_a_test_call_goes_wrong_too_but_hangs_nobody_up(tester, publication):
    tester.ask("POST", "/api/v1/faults", {"publication": publication, "fault": "fault", "op": "SayName", "next": 1})
    tester.ask("POST", "/api/v1/faults", {"publication": publication, "fault": "hang", "op": "IncomingCall"})
    status, said = tester.ask("POST", "/api/v1/test-call", {"publication": publication})

    assert (status, said["statuses"]) == (200, [500, 200])
