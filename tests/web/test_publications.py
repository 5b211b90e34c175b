"""Publications made on request: each test its own endpoint, callers and users, gone after a while."""

import time

import pytest

from tests.support.live import Live, free_port, say_name, vats1c
from tests.support.office import PEOPLE, SOAP_USER, STORE, basic
from tests.support.tester import STAGING, BenchClient
from tests.support.waiting import until


def test_a_publication_is_made_and_answers_with_its_own_callers(tester):
    status, said = tester.ask(
        "POST",
        "/api/v1/publications",
        {"name": "shop", "callers": [{"number": "8 923 529-29-26", "name": "Своя", "manager": 245}]},
    )
    url = f"{tester.live.url}/t-shop/ws/VATS"

    assert status == 201
    assert (said["name"], said["url"], said["wsdl"]) == ("t-shop", url, f"{url}?wsdl")
    assert said["expires"] > "2026"
    assert tester.says("t-shop") == "Своя"
    assert tester.says("telephony") == "VIP:Ренессанс Капитал"
    assert f'location="{url}"' in tester.live.get("/t-shop/ws/VATS?wsdl").text
    assert tester.live.post(say_name(), path="/t-shop/ws/VATS.1cws").returned == "Своя"


def test_a_publication_is_shown_without_passwords(tester):
    tester.made(
        name="shown",
        users=[{"name": "ВАТС", "password": "очень тайный"}],
        subscribers=[{"key": "k", "name": "Анна", "extension": "244"}],
    )
    status, said = tester.ask("GET", "/api/v1/publications/t-shown")

    assert status == 200
    assert said["users"] == ["ВАТС"]
    assert said["subscribers"] == [{"key": "k", "name": "Анна", "extension": "244", "login": ""}]
    assert said["callers"] == []
    assert "тайный" not in str(said)


def test_each_publication_has_users_of_its_own(tester):
    name = tester.made(users=[{"name": "u", "password": "p"}])["name"]
    path = f"/{name}/ws/VATS"

    assert tester.live.post(say_name(), path=path).status == 401
    assert tester.live.post(say_name(), path=path, authorization="Basic dTpw").status == 200
    assert tester.live.post(say_name(), authorization="Basic dTpw").status == 401


def test_callers_are_replaced_and_added_to(tester, publication):
    path = f"/api/v1/publications/{publication}/callers"
    added = {"callers": [{"number": "8 903 111-22-33", "name": "Вторая"}]}
    assert tester.ask("POST", path, added)[0] == 200
    assert (tester.says(publication), tester.says(publication, "89031112233")) == ("Анна", "Вторая")

    changed = {"callers": [{"number": "+7 923 529 29 26", "name": "Другая"}]}
    status, said = tester.ask("POST", path, changed)
    assert (status, [one["name"] for one in said["callers"]]) == (200, ["Вторая", "Другая"])
    assert tester.says(publication) == "Другая"

    assert tester.ask("PUT", path, {"callers": []}) == (200, {"callers": []})
    assert tester.says(publication) == ""


def test_exchanges_carry_the_publications_name_and_begin_at_its_cursor(tester):
    said = tester.made()
    tester.rings(said["name"])
    status, found = tester.verify(said["name"], after=said["cursor"], op="IncomingCall", times=1)

    assert status == 200
    assert found["found"][0]["publication"] == said["name"]
    assert (
        tester.ask("GET", f"/api/v1/exchanges?publication={said['name']}&after={found['cursor']}")[1]["exchanges"] == []
    )


def test_what_was_made_is_removed_with_all_that_was_written(tester):
    name = tester.made(name="gone")["name"]
    tester.says(name)
    tester.rings(name)
    assert tester.ask("DELETE", f"/api/v1/publications/{name}") == (204, None)

    assert tester.live.post(say_name(), path=f"/{name}/ws/VATS").status == 404
    assert tester.ask("GET", f"/api/v1/publications/{name}")[0] == 404
    assert tester.ask("DELETE", f"/api/v1/publications/{name}")[0] == 404
    tester.made(name="gone")
    assert tester.ask("GET", f"/api/v1/exchanges?publication={name}")[1]["exchanges"] == []
    assert all(row["publication"] != name for row in tester.live.journal())


def test_an_employee_of_a_publication_sees_the_card(tester):
    name = tester.made(
        subscribers=[{"key": "k", "name": "Пётр", "extension": "301", "login": "petr", "password": "petr's"}]
    )["name"]
    tester.rings(name, key="k")
    status, said = tester.ask("GET", "/api/v1/calls", authorization=basic("petr"))

    assert status == 200
    assert [(call["publication"], call["rings"][0]["name"]) for call in said["calls"]] == [(name, "Пётр")]
    assert tester.ask("POST", "/api/v1/publications", {}, authorization=basic("petr"))[0] == 403
    taken = {"subscribers": [{"key": "k", "name": "Анна", "login": "anna", "password": "x"}]}
    assert tester.ask("POST", "/api/v1/publications", taken)[1]["error"]["code"] == "login"
    tester.ask("DELETE", f"/api/v1/publications/{name}")
    assert tester.ask("GET", "/api/v1/calls", authorization=basic("petr"))[0] == 401


@pytest.mark.parametrize(
    ("order", "status", "code"),
    [
        ({"name": "a b"}, 400, "name"),
        ({"name": "../x"}, 400, "name"),
        ({"name": ""}, 400, "name"),
        ({"name": "x" * 62}, 400, "name"),
        ({"name": 7}, 400, "unusable"),
        ({"lives": 5}, 400, "unusable"),
        ({"users": []}, 400, "unusable"),
        ({"users": [{"name": "a:b", "password": "p"}]}, 400, "unusable"),
        ({"users": [{"name": "a", "password_file": "/etc/passwd"}]}, 400, "unusable"),
        ({"users": [{"name": "a", "password": "p"}, {"name": "a", "password": "p"}]}, 400, "unusable"),
        ({"subscribers": [{"key": "k", "name": "n", "login": "l"}]}, 400, "unusable"),
        ({"callers": [{"number": "244", "name": "внутренний"}]}, 400, "callers"),
        ({"callers": [{"numbers": "89235292926", "name": "x"}]}, 400, "callers"),
        ({"callers": ["x"]}, 400, "unusable"),
    ],
)
def test_what_cannot_be_made_is_said_without_what_was_sent(tester, order, status, code):
    got, said = tester.ask("POST", "/api/v1/publications", order)

    assert (got, said["error"]["code"]) == (status, code)
    assert "passwd" not in said["error"]["message"]


@pytest.mark.parametrize("body", [{}, {"callers": {}}, {"callers": None}, {"callers": [], "more": 1}])
def test_callers_that_cannot_be_known_change_nothing(tester, publication, body):
    assert tester.ask("PUT", f"/api/v1/publications/{publication}/callers", body)[0] == 400
    assert tester.says(publication) == "Анна"


def test_names_are_taken_once(tester):
    tester.made(name="twice")

    assert tester.ask("POST", "/api/v1/publications", {"name": "twice"})[1]["error"]["code"] == "taken"


def test_so_many_may_be_and_one_that_nobody_uses_is_gone(start):
    tester = BenchClient(start(extra=f"{STAGING}publications = 1\nlives = 1\n"))
    name = tester.made()["name"]
    assert tester.ask("POST", "/api/v1/publications", {})[0] == 429
    # Used by SOAP it stays; then nobody uses it.
    enough = time.monotonic() + 1.5
    while time.monotonic() < enough:
        tester.says(name)
    # To look is to use it.
    until(lambda: tester.live.get(f"/{name}/ws/VATS?wsdl").status == 404, pause=1.3)
    assert tester.made()


def test_a_publication_whose_exchanges_are_asked_for_is_used(start):
    tester = BenchClient(start(extra=f"{STAGING}lives = 1\n"))
    name = tester.made()["name"]
    enough = time.monotonic() + 2.5
    while time.monotonic() < enough:
        assert tester.ask("GET", f"/api/v1/exchanges?publication={name}")[0] == 200
        time.sleep(0.1)


def test_a_publication_of_the_settings_cannot_be_made_or_unmade(tmp_path):
    port, file = free_port(), tmp_path / "vats1c.toml"
    users = '[[publications.t-own.users]]\nname = "SOAP"\npassword = "123"\n'
    file.write_text(f'listen = "127.0.0.1:{port}"\n{STAGING}{users}', encoding="utf-8")
    live = Live(port, file)
    try:
        live.wait_until_ready()
        bench = BenchClient(live)
        assert bench.ask("POST", "/api/v1/publications", {"name": "own"})[1]["error"]["code"] == "taken"
        assert bench.ask("DELETE", "/api/v1/publications/t-own")[0] == 404
        assert bench.says("t-own") == ""
    finally:
        live.kill()


def test_without_the_bench_nothing_is_made(own_office):
    office = own_office()

    assert office.ask("POST", "/api/v1/publications", "admin", {})[0] == 404
    assert office.ask("POST", "/api/v1/publications", "anna", {})[0] == 403
    assert office.live.request("POST", "/api/v1/publications", "{}").status == 401


def test_the_bench_does_not_start_with_several_workers(start, tmp_path):
    file = tmp_path / "vats1c.toml"
    file.write_text(f'workers = 2\n{STAGING}{SOAP_USER}{PEOPLE}{STORE}[[directories]]\nname = "x"\ntype = "csv"\n')
    code, _, errors = vats1c("check", "-c", file)

    assert code == 2
    assert "staging.enabled: the staging bench needs workers = 1" in errors
    assert "directories[1]" in errors
