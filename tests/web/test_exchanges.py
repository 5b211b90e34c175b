"""Exchanges as the inspector asks for them: found, told whole, taken elsewhere, and followed as they come."""

import http.client
import json
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from tests.support.live import AUTHORIZATION, say_name
from tests.support.office import PEOPLE, SOAP_USER, STORE, basic
from tests.support.tester import TOKEN


def ask(live, path, authorization=f"Bearer {TOKEN}", **headers):
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = live.request("GET", path, None, given | ({"Authorization": authorization} if authorization else {}), 40)
    is_json = answer.headers.get("content-type", "").startswith("application/json;")
    return answer.status, json.loads(answer.body) if is_json else answer.body.decode()


@pytest.fixture
def listed(bench_live, publication):
    """Return what lists the exchanges of a publication of the test's own."""

    def ask_for(query=""):
        status, said = ask(bench_live, f"/api/v1/exchanges?publication={publication}&{query}")
        assert status == 200, said
        return said

    return ask_for


@pytest.fixture
def one_call(tester, publication):
    """A SayName and the IncomingCall that followed it."""
    tester.says(publication)
    tester.rings(publication)


def test_a_call_is_its_sayname_and_its_incomingcall(one_call, listed):
    first, second = listed()["exchanges"]

    assert (first["op"], second["op"]) == ("SayName", "IncomingCall")
    assert first["call_id"] == second["call_id"]
    assert (first["together"], second["together"]) == ([second["id"]], [first["id"]])
    assert (first["caller"], first["confidence"], first["directory"]) == ("Анна", "exact", "callers")
    assert first["codes"] == second["codes"] == []


def test_they_come_by_cursor(tester, publication, listed):
    for last in range(5):
        tester.says(publication, f"8903111223{last}")
    said = listed("limit=2")
    assert [one["number"] for one in said["exchanges"]] == ["+79031112233", "+79031112234"]
    first = listed("after=0&limit=2")
    rest = listed(f"after={first['cursor']}")

    assert [one["number"][-1] for one in first["exchanges"] + rest["exchanges"]] == list("01234")
    assert listed(f"after={rest['cursor']}")["exchanges"] == []


def test_what_is_waited_for_comes_at_once_and_else_204(bench_live, tester, publication, listed):
    cursor = listed()["cursor"]
    path = f"/api/v1/exchanges?publication={publication}&after={cursor}"
    assert ask(bench_live, f"{path}&wait=1")[0] == 204
    threading.Timer(0.3, lambda: tester.says(publication)).start()

    status, said = ask(bench_live, f"{path}&wait=20")
    assert (status, len(said["exchanges"])) == (200, 1)


def test_after_now_only_later_exchanges_are_listed(bench_live, tester, publication, listed):
    tester.says(publication)
    assert listed("after=now")["exchanges"] == []
    path = f"/api/v1/exchanges?publication={publication}&op=SayName&outcome=ok&after=now"
    assert ask(bench_live, f"{path}&wait=1")[0] == 204
    waited = []
    waiting = threading.Thread(target=lambda: waited.append(ask(bench_live, f"{path}&wait=20")))
    waiting.start()
    while not waited:
        # The request may not have arrived yet: SayName is sent until an answer has come.
        tester.says(publication, "89031110003")
        waiting.join(0.2)
    status, said = waited[0]

    assert status == 200
    assert {one["number"] for one in said["exchanges"]} == {"+79031110003"}


@pytest.mark.parametrize(
    "path", ["exchanges", "exchanges/latest", "exchanges.jsonl", "exchanges.har", "exchanges/events"]
)
def test_an_operation_that_does_not_exist_is_an_error(bench_live, path):
    status, said = ask(bench_live, f"/api/v1/{path}?op=Sayname")

    assert (status, said["error"]["code"]) == (400, "op")


@pytest.mark.parametrize(
    "text", ["иванова", "ИВАНОВА АЛЕНА", "лёна", "ален", "8923529", "+7 (923) 529", "5292926", "79235292926"]
)
def test_a_text_finds_names_and_numbers_however_they_are_written(tester, text):
    from urllib.parse import quote

    name = tester.made(callers=[{"number": "89235292926", "name": "Иванова Алёна"}])["name"]
    tester.says(name)
    tester.says(name, "84957771234")

    _, said = ask(tester.live, f"/api/v1/exchanges?publication={name}&text={quote(text)}")
    assert [one["number"] for one in said["exchanges"]] == ["+79235292926"]


@pytest.mark.parametrize(
    "query",
    ["text=%D0%9F%D1%91%D1%82%D1%80", "text=1111", "number=84950000000", "key=x", "key=key-of-anna%20", "outcome=none"],
)
def test_what_is_not_there_is_not_found(one_call, listed, query):
    assert listed(query)["exchanges"] == []


def test_numbers_operations_keys_and_outcomes_are_asked_for(bench_live, one_call, listed, publication):
    bench_live.post("<a", path=f"/{publication}/ws/VATS")

    def ops(query):
        return [one["op"] for one in listed(query)["exchanges"]]

    assert ops("number=%2B7+923+529-29-26") == ["SayName", "IncomingCall"]
    assert ops("op=IncomingCall") == ops("key=key-of-anna") == ["IncomingCall"]
    assert ops("outcome=refused") == ops("outcome=xml") == [None]
    assert ops("outcome=ok") == ops("outcome=ok&op=") == ["SayName", "IncomingCall"]
    assert ops("op=") == ["SayName", "IncomingCall", None]


def test_one_exchange_has_its_bytes_what_was_decided_and_its_report(bench_live, tester, publication, listed):
    body = say_name("8 (923) 529-29-26").replace("utf-8", "UTF-8")
    bench_live.post(
        body, {"X-Api-Key": "sesame", "Cookie": "a=b"}, f"/{publication}/ws/VATS", content_type="text/plain"
    )
    own = listed()["exchanges"][-1]["id"]

    status, said = ask(bench_live, f"/api/v1/exchanges/{own}", Accept_Language="en")
    assert status == 200
    assert said["request"] == {"text": body, "encoding": None, "size": len(body)}
    assert said["answer"]["text"].endswith(">Анна</m:return></m:SayNameResponse></soap:Body></soap:Envelope>")
    assert said["headers"]["Content-Type"] == "text/plain"
    assert [one["code"] for one in said["report"]] == ["CONTENT-TYPE", "NUMBER-FORM"]
    assert said["report"][0]["message"] == "Content-Type: text/plain; SOAP 1.1 has text/xml"
    assert not {"sesame", "a=b", AUTHORIZATION, AUTHORIZATION[6:]} & set(said["headers"].values())
    assert ask(bench_live, f"/api/v1/exchanges/latest?publication={publication}")[1]["id"] == own


def test_bytes_that_are_no_text_come_in_base64(bench_live, publication, listed):
    body = say_name("Ёлка").replace("utf-8", "windows-1251").encode("cp1251")
    bench_live.post(body, path=f"/{publication}/ws/VATS")

    _, said = ask(bench_live, f"/api/v1/exchanges/{listed()['exchanges'][-1]['id']}")
    assert said["request"]["encoding"] == "base64"
    assert "ENCODING" in [one["code"] for one in said["report"]]


def test_what_was_refused_says_why_and_keeps_no_password(bench_live, listed, publication):
    path = f"/{publication}/ws/VATS"
    for authorization in (None, "Basic d3Jvbmc6c2VzYW1l", "sesame"):
        bench_live.post(say_name(), path=path, authorization=authorization)
    bench_live.request("PUT", path, b"")
    found = listed("outcome=refused")["exchanges"]

    assert [one["codes"] for one in found] == [["AUTH"], ["AUTH"], ["AUTH"], ["METHOD"]]
    whole = [ask(bench_live, f"/api/v1/exchanges/{one['id']}", Accept_Language="en")[1] for one in found]
    assert len({one["report"][0]["message"] for one in whole}) == 4
    assert whole[3]["method"] == "PUT"
    assert "sesame" not in json.dumps(whole)
    assert "d3Jvbmc6c2VzYW1l" not in json.dumps(whole)


def test_a_wrong_path_is_seen_by_whoever_may_see_all(bench_live):
    bench_live.post(say_name(), path="/telephony/ws/Vats")

    _, said = ask(bench_live, "/api/v1/exchanges?outcome=path&limit=1")
    _, whole = ask(bench_live, f"/api/v1/exchanges/{said['exchanges'][0]['id']}")
    assert (whole["publication"], whole["url"]) == ("", f"{bench_live.url}/telephony/ws/Vats")
    assert whole["headers"]["Content-Type"] == "text/xml"


def test_without_the_bench_an_administrator_may_look_and_nobody_else(own_office):
    office = own_office()
    office.rings()
    office.live.post(say_name(), path="/nowhere/ws/VATS")

    status, said = office.ask("GET", "/api/v1/exchanges", "admin")
    assert (status, [one["outcome"] for one in said["exchanges"]]) == (200, ["ok", "path"])
    assert said["exchanges"][0]["subscriber"] == {"name": "Анна Соколова", "extension": "244"}
    assert office.ask("GET", "/api/v1/exchanges", "anna")[0] == 403
    for path in (
        "exchanges",
        "exchanges/1",
        "exchanges/1/curl",
        "exchanges.har",
        "exchanges.jsonl",
        "exchanges/events",
    ):
        assert ask(office.live, f"/api/v1/{path}", None)[0] == 401
        assert ask(office.live, f"/api/v1/{path}", AUTHORIZATION)[0] == 401
    assert office.ask("POST", "/api/v1/test-call", "admin", {})[0] == 404


def test_what_is_not_there_is_404_and_nothing_else(bench_live):
    for path in ("exchanges/999999999", "exchanges/x", "exchanges/latest?text=nobody", "exchanges/1/word"):
        assert ask(bench_live, f"/api/v1/{path}")[0] == 404
    assert ask(bench_live, "/api/v1/exchanges?publication=nowhere")[0] == 404
    assert ask(bench_live, "/api/v1/exchanges?wait=99")[0] == 400


@pytest.mark.parametrize("number", ["89235292926", 'it\'s "quoted" $HOME `id` \\'])
def test_the_curl_sends_the_very_bytes_again(bench_live, publication, listed, number):
    bench_live.post(say_name(number), {"User-Agent": "VATS"}, f"/{publication}/ws/VATS")
    first = listed()["exchanges"][-1]["id"]
    _, command = ask(bench_live, f"/api/v1/exchanges/{first}/curl")
    done = subprocess.run(["sh", "-c", command], check=True, capture_output=True, timeout=20)

    again = listed()["exchanges"][-1]["id"]
    asked, repeated = (ask(bench_live, f"/api/v1/exchanges/{own}")[1] for own in (first, again))
    assert again != first
    assert repeated["request"] == asked["request"]
    assert done.stdout.decode() == asked["answer"]["text"]
    assert repeated["headers"]["User-Agent"] == "VATS"


def test_bytes_that_are_no_text_are_sent_again_by_curl(bench_live, publication, listed):
    bench_live.post(say_name().replace("utf-8", "utf-16").encode("utf-16"), path=f"/{publication}/ws/VATS")
    first = listed()["exchanges"][-1]["id"]
    _, command = ask(bench_live, f"/api/v1/exchanges/{first}/curl")
    subprocess.run(["sh", "-c", command], check=True, capture_output=True, timeout=20)

    first, again = listed()["exchanges"]
    assert (first["number"], again["number"]) == ("+79235292926",) * 2


def test_the_http_file_is_the_request(one_call, bench_live, listed):
    _, text = ask(bench_live, f"/api/v1/exchanges/{listed()['exchanges'][0]['id']}/http")
    head, _, body = text.partition("\n\n")

    assert head.splitlines()[1].startswith(f"POST {bench_live.url}/t-")
    assert "Content-Type: text/xml" in head.splitlines()
    assert body.strip() == say_name()


def test_the_pytest_cases_pass(bench_live, tester, one_call, listed, publication, tmp_path):
    bench_live.post(say_name(), path=f"/{publication}/ws/VATS", authorization=None)
    bench_live.post("<a", path=f"/{publication}/ws/VATS")
    bench_live.post(say_name("Ёж").replace("utf-8", "windows-1251").encode("cp1251"), path=f"/{publication}/ws/VATS")
    bench_live.post(say_name(parameter="Number"), path=f"/{publication}/ws/VATS")
    for last in ("04", "10"):
        with suppress(http.client.HTTPException):
            bench_live.post(say_name(f"800000000{last}"), path=f"/{publication}/ws/VATS")
    assert bench_live.post(say_name("80000000503"), path=f"/{publication}/ws/VATS").status == 503
    tester.ask("POST", "/api/v1/faults", {"publication": publication, "fault": "status", "status": 503, "next": 1})
    bench_live.post(say_name(), path=f"/{publication}/ws/VATS")
    _, archive = ask(bench_live, f"/api/v1/exchanges.har?publication={publication}")
    assert archive["log"]["entries"][-1]["response"]["content"]["mimeType"].startswith("text/html")
    for one in listed()["exchanges"]:
        _, text = ask(bench_live, f"/api/v1/exchanges/{one['id']}/pytest")
        (tmp_path / f"test_{one['id']}.py").write_text(text, encoding="utf-8")
    aimed = ["-p", "no:cacheprovider", "-p", "no:schemathesis", "--vats1c-url", bench_live.url, "--vats1c-token", TOKEN]
    plugin = [] if entered() else ["-p", "vats1c.testing.plugin"]
    command = [sys.executable, "-m", "pytest", "-q", *plugin, *aimed, tmp_path]
    done = subprocess.run(command, check=False, capture_output=True, timeout=60, cwd=tmp_path)

    assert done.returncode == 0, done.stdout.decode()
    assert "10 passed" in done.stdout.decode()


def entered():
    from importlib.metadata import entry_points

    return "vats1c" in {one.name for one in entry_points(group="pytest11")}


def test_they_are_taken_away_as_lines_and_as_an_http_archive(bench_live, one_call, listed, publication):
    _, lines = ask(bench_live, f"/api/v1/exchanges.jsonl?publication={publication}")
    assert [json.loads(line)["op"] for line in lines.splitlines()] == ["SayName", "IncomingCall"]
    _, archive = ask(bench_live, f"/api/v1/exchanges.har?publication={publication}&op=SayName")

    assert archive["log"]["version"] == "1.2"
    (entry,) = archive["log"]["entries"]
    assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= entry.keys()
    assert entry["request"]["postData"]["text"] == say_name()
    assert entry["response"]["content"]["text"].count("Анна") == 1
    assert entry["time"] == sum(entry["timings"].values())
    assert "Authorization" not in json.dumps(archive)


class Followed:
    """The stream of exchanges."""

    def __init__(self, live, query=""):
        self.connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=20)
        self.connection.request(
            "GET", f"/api/v1/exchanges/events?{query}", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        self.response = self.connection.getresponse()

    def next(self, name):
        """Return the data of the next event of that name."""
        fields = {}
        while line := self.response.readline().decode():
            key, _, value = line.rstrip("\n").partition(": ")
            if key:
                fields[key] = value
            elif fields.pop("event", "") == name:
                return json.loads(fields["data"])
            else:
                fields = {}
        raise AssertionError("the stream ended")


def test_a_follower_is_told_of_each_exchange_once_and_whole(bench_live, tester, publication):
    followed = Followed(bench_live, f"publication={publication}")
    followed.next("hello")
    tester.says(publication)
    tester.rings(publication)
    told = []
    while len(told) < 2:
        told += followed.next("exchanges")["exchanges"]

    assert [one["op"] for one in told] == ["SayName", "IncomingCall"]
    assert told[1]["elapsed_ms"] > 0
    assert told[1]["together"] == [told[0]["id"]]
    followed.connection.close()


def test_a_follower_that_was_away_goes_on_where_it_was(bench_live, tester, publication):
    tester.says(publication, "89030000001")
    followed = Followed(bench_live, f"publication={publication}&after=0&text=0000001")

    assert [one["number"] for one in followed.next("exchanges")["exchanges"]] == ["+79030000001"]
    followed.connection.close()


def test_followers_count_as_windows(start):
    from tests.support.tester import STAGING

    live = start(extra=STAGING + "[limits]\nwindows = 1\n" + STORE, users=SOAP_USER + PEOPLE)
    followed = Followed(live)
    followed.next("hello")

    assert ask(live, "/api/v1/exchanges/events")[0] == 503
    followed.connection.close()


def test_fifty_requests_a_second_all_come(bench_live, tester, publication):
    followed = Followed(bench_live, f"publication={publication}")
    followed.next("hello")
    for last in range(100):
        tester.says(publication, f"890300001{last:02}")
        time.sleep(0.005)
    told = []
    while len(told) < 100:
        told += followed.next("exchanges")["exchanges"]

    assert len({one["number"] for one in told}) == 100
    followed.connection.close()


def test_a_test_call_is_a_sayname_and_an_incomingcall(start):
    from tests.support.tester import STAGING, BenchClient

    live = start(extra=STAGING + STORE, users=SOAP_USER + PEOPLE)
    status, said = BenchClient(live).ask("POST", "/api/v1/test-call", {})
    _, listed = ask(live, f"/api/v1/exchanges?after={said['cursor']}")

    assert (status, said["statuses"]) == (200, [200, 200])
    assert [(one["op"], one["received"], one["codes"]) for one in listed["exchanges"]] == [
        ("SayName", "89235292926", []),
        ("IncomingCall", "89235292926", []),
    ]
    assert listed["exchanges"][1]["subscriber"]["name"] == "Анна Соколова"
    assert live.request("POST", "/telephony/ws/VATS", say_name().encode(), {"vats1c.trusted": "1"}).status == 401
    assert BenchClient(live).ask("POST", "/api/v1/test-call", {"publication": "nowhere"})[0] == 404
    assert live.request("POST", "/api/v1/test-call", b"{}", {"Authorization": basic("anna")}).status == 403
