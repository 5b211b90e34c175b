"""The API of the directory that can be edited: who is added is known at once, also in past calls."""

import pytest

from tests.support.live import say_name


@pytest.fixture
def alone(own_office):
    return own_office()


def add(office, name="Новый Клиент", numbers=("8 903 333-00-01",), **words):
    status, said = office.ask("POST", "/api/v1/callers", "admin", {"name": name, "numbers": list(numbers), **words})
    assert status == 201
    return said


def test_who_is_added_is_known_at_once_and_past_calls_are_renamed(alone):
    alone.rings("89033330001")
    assert [one["number"] for one in alone.ask("GET", "/api/v1/unknown", "admin")[1]["numbers"]] == ["+79033330001"]
    caller = add(alone, manager="245")

    assert caller["numbers"] == ["+79033330001"]
    assert alone.live.post(say_name("89033330001")).returned == "Новый Клиент"
    assert alone.calls()[-1]["caller"]["name"] == "Новый Клиент"
    assert alone.ask("GET", "/api/v1/unknown", "admin")[1]["numbers"] == []


def test_a_caller_is_found_changed_given_a_number_and_removed(alone):
    own_id = add(alone)["id"]
    _, said = alone.ask("GET", "/api/v1/callers?text=%D0%9A%D0%9B%D0%98%D0%95%D0%9D%D0%A2", "admin")
    assert [one["id"] for one in said["callers"]] == [own_id]
    status, changed = alone.ask("PUT", f"/api/v1/callers/{own_id}", "admin", {"company": "ООО «Юг»"})
    assert (status, changed["name"], changed["company"]) == (200, "Новый Клиент", "ООО «Юг»")
    status, attached = alone.ask("POST", f"/api/v1/callers/{own_id}/numbers", "admin", {"number": "8 903 333-00-02"})
    assert attached["numbers"] == ["+79033330001", "+79033330002"]

    assert alone.ask("DELETE", f"/api/v1/callers/{own_id}", "admin") == (204, None)
    assert alone.ask("GET", "/api/v1/callers?text=0333", "admin")[1]["callers"] == []
    assert alone.ask("DELETE", f"/api/v1/callers/{own_id}", "admin")[0] == 404


def test_a_file_is_tried_imported_and_undone(alone):
    table = f"номер;имя\n8 903 333-00-03;Третий\nнет;Никто\n({'а' * 40_000};Длинный\n".encode()
    status, tried = alone.ask("POST", "/api/v1/callers/import?file=a.csv&dry_run=1", "admin", table)
    assert (status, tried["added"], tried["id"]) == (200, 1, None)
    assert [(one["line"], one["code"]) for one in tried["skipped"]] == [(3, "NO-NUMBER"), (4, "NUMBER-TOO-LONG")]
    assert all(len(one["message"]) < 200 for one in tried["skipped"])
    assert alone.live.post(say_name("89033330003")).returned == ""
    _, done = alone.ask("POST", "/api/v1/callers/import?file=a.csv", "admin", table)
    assert alone.live.post(say_name("89033330003")).returned == "Третий"

    status, undone = alone.ask("POST", f"/api/v1/callers/import/{done['id']}/undo", "admin")
    assert (status, undone) == (200, {"removed": 1, "restored": 0, "kept": 0})
    assert alone.live.post(say_name("89033330003")).returned == ""


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/api/v1/callers", {"name": "", "numbers": ["89033330001"]}, "name"),
        ("/api/v1/callers", {"name": "A", "numbers": ["нет"]}, "numbers"),
        ("/api/v1/callers", {"name": "A", "numbers": "89033330001"}, "numbers"),
        ("/api/v1/callers", {"name": "A" * 201, "numbers": ["89033330001"]}, "name"),
        ("/api/v1/callers/import?file=a.pdf", b"", "file"),
        ("/api/v1/callers/import?file=a.csv", b"", "path"),
        ("/api/v1/callers/import/99/undo", None, "directory"),
    ],
)
def test_what_cannot_be_done_is_said(alone, path, body, code):
    status, said = alone.ask("POST", path, "admin", body)

    assert (status, said["error"]["code"]) == (400, code)


def test_an_employee_may_edit_where_the_settings_say_so(alone, own_office):
    assert alone.ask("GET", "/api/v1/callers")[0] == 403
    assert alone.ask("GET", "/api/v1/me")[1]["edit"] is False
    other = own_office(extra="card = { edit = true }\n")

    assert other.ask("GET", "/api/v1/me")[1]["edit"] is True
    assert other.ask("GET", "/api/v1/callers")[0] == 200
