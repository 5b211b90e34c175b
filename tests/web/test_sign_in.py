"""Signing in: a cookie that scripts cannot read, no other site's page may use, and that ends when it should."""

import json
from urllib.parse import urlencode

import pytest

from tests.support.live import vats1c
from tests.support.waiting import until


def sign_in(live, login="anna", password="anna's", next_="", **headers):
    body = urlencode({"login": login, "password": password, "next": next_})
    given = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    return live.request("POST", "/sign-in", body, given)


@pytest.fixture
def cookie(office):
    return sign_in(office.live).headers["set-cookie"].partition(";")[0]


def test_the_cookie_is_for_this_service_s_pages_alone(office):
    answer = sign_in(office.live)
    attributes = answer.headers["set-cookie"]

    assert (answer.status, answer.headers["location"]) == (303, "/card")
    assert "HttpOnly" in attributes
    assert "SameSite=Lax" in attributes
    assert "Secure" not in attributes


def test_behind_https_the_cookie_goes_by_https_alone(own_office):
    office = own_office(extra='public_url = "https://vats.example.ru"\n')

    assert "Secure" in sign_in(office.live).headers["set-cookie"]


def test_a_page_and_the_api_are_open_to_whoever_signed_in(office, cookie):
    assert office.live.get("/api/v1/me", Cookie=cookie).status == 200
    assert json.loads(office.live.get("/api/v1/me", Cookie=cookie).body)["login"] == "anna"
    assert office.live.get("/card", Cookie=cookie).status == 200


def test_a_page_sends_others_to_sign_in_first(office):
    for page in ("card", "directory"):
        answer = office.live.get(f"/{page}")
        assert (answer.status, answer.headers["location"]) == (303, f"/sign-in?next=/{page}")


@pytest.mark.parametrize("to", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere(office, to):
    assert sign_in(office.live, next_=to).headers["location"] == "/card"


def test_a_wrong_password_is_said_and_gives_no_cookie(office):
    answer = sign_in(office.live, password="wrong")

    assert answer.status == 403
    assert "set-cookie" not in answer.headers
    assert "Неверное имя или пароль" in answer.text
    assert sign_in(office.live, "SOAP", "123").status == 403


def test_what_is_filled_in_cannot_become_markup(office):
    answer = office.live.get("/sign-in?next=%22%3E%3Cscript%3E")

    assert "<script>" not in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_a_change_needs_the_header_and_the_page_s_own_origin(office, cookie):
    office.rings("89034440001")
    call = office.calls()[-1]["id"]
    path, body = f"/api/v1/calls/{call}/receipt", json.dumps({"state": "seen"})

    def posted(**headers):
        return office.live.request("POST", path, body, {"Cookie": cookie, **headers}).status

    assert posted() == 403
    assert posted(**{"X-Vats1c": "1", "Origin": "https://evil.example"}) == 403
    assert posted(**{"X-Vats1c": "1", "Sec-Fetch-Site": "cross-site"}) == 403
    assert posted(**{"X-Vats1c": "1", "Origin": office.live.url}) == 204
    assert sign_in(office.live, Origin="https://evil.example").status == 403


def test_whoever_signs_out_is_out_and_the_window_is_told(office, cookie):
    stream = office.stream(None, Cookie=cookie)
    stream.wait("hello")
    answer = office.live.request("POST", "/sign-out", "", {"Cookie": cookie, "X-Vats1c": "1"})

    assert answer.status == 204
    assert office.live.get("/api/v1/me", Cookie=cookie).status == 401
    assert stream.wait("bye", seconds=40)[0][2] == {"reason": "signed-out"}
    stream.close()


def test_a_link_signs_in_once(office):
    code, said, _ = vats1c("subscriber", "link", "anna", "-c", office.live.config)
    path = said.strip().partition(str(office.live.port))[2]
    first, second = office.live.get(path), office.live.get(path)

    assert (code, first.status, first.headers["location"]) == (0, 303, "/card")
    assert first.headers["set-cookie"]
    assert second.status == 403
    assert "set-cookie" not in second.headers


def test_an_employee_added_by_command_signs_in_and_a_new_password_ends_the_session(own_office):
    office = own_office()
    command = ("-c", office.live.config)
    code, _, complaint = vats1c(
        "subscriber", "add", "key-of-vera", "--name", "Вера", "--login", "vera", *command, given="vera's\n"
    )
    assert (code, complaint) == (0, "")
    # Who is there is looked up anew every two seconds.
    given = until(lambda: sign_in(office.live, "vera", "vera's").headers.get("set-cookie"), pause=1)
    cookie = given.partition(";")[0]
    office.rings("89034440002", "key-of-vera")
    assert [call["number"] for call in office.calls("vera")] == ["+79034440002"]
    assert "Вера" in vats1c("subscriber", "list", *command)[1]
    assert "key-of-vera" not in vats1c("subscriber", "list", *command)[1]
    assert vats1c("subscriber", "add", "other", "--name", "X", "--login", "anna", *command, given="x")[0] == 1

    assert vats1c("subscriber", "password", "key-of-vera", *command, given="another")[0] == 0
    until(lambda: office.live.get("/api/v1/me", Cookie=cookie).status == 401)
    assert vats1c("subscriber", "remove", "key-of-vera", *command)[0] == 0
    assert vats1c("subscriber", "remove", "key-of-vera", *command)[0] == 1


def test_wrong_logins_are_slowed_as_those_of_soap_users_are(own_office):
    office = own_office(extra="limits = { failed_logins = 1 }\n")
    for _ in range(3):
        assert sign_in(office.live, password="wrong").status == 403

    assert 'vats1c_failed_logins_total{outcome="slowed"}' in office.live.get("/metrics").text
    assert sign_in(office.live).status == 303
