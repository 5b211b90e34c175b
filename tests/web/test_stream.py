"""The stream of events: a call comes at once to whom it is for, nothing is missed, and it never starves the exchange."""

import sys
from pathlib import Path

import pytest

from tests.support.live import say_name
from tests.support.waiting import until


def test_a_call_comes_to_its_windows_and_to_no_other(own_office):
    office = own_office()
    anna, ilya, admin = (office.stream(who) for who in ("anna", "ilya", "admin"))
    for one in (anna, ilya, admin):
        one.wait("hello")
    numbers = [f"8903222000{place}" for place in range(1, 5)]
    for number, whose in zip(numbers, ("anna", "ilya", "anna", "ilya"), strict=True):
        office.rings(number, f"key-of-{whose}")
    came = {
        who: ["8" + data["number"].removeprefix("+7") for _, _, data in stream.wait("call", count)]
        for who, stream, count in (("anna", anna, 2), ("ilya", ilya, 2), ("admin", admin, 4))
    }
    for one in (anna, ilya, admin):
        one.close()

    assert came == {"anna": numbers[::2], "ilya": numbers[1::2], "admin": numbers}


def test_a_window_is_greeted_with_who_looks_and_where_it_is(office):
    stream = office.stream()
    ((_, _, hello),) = stream.wait("hello")
    stream.close()

    assert (hello["login"], hello["name"], hello["administrator"]) == ("anna", "Анна Соколова", False)
    assert hello["now"]
    assert isinstance(hello["cursor"], int)


@pytest.mark.parametrize("after", ["999999999", "9" * 5_000])
def test_a_window_with_a_cursor_of_another_journal_is_given_what_rings_now(office, after):
    office.rings("89032221199")
    stream = office.stream(query=f"?after={after}")
    until(lambda: any(data["received"] == "89032221199" for _, _, data in stream.wait("call")))
    stream.close()


def test_a_program_with_a_cursor_of_another_journal_is_given_the_calls_of_this_one(office):
    office.rings("89032221198")
    status, said = office.ask("GET", "/api/v1/calls?after=999999999&wait=20&limit=1000")

    assert status == 200
    assert "89032221198" in [call["received"] for call in said["calls"]]
    assert said["cursor"] < 999999999


@pytest.mark.parametrize("how", ["header", "query"])
def test_a_window_that_was_away_gets_what_it_missed_once_and_in_order(own_office, how):
    office = own_office()
    office.rings("89032220003")
    stream = office.stream()
    ((_, own_id, _),) = stream.wait("call")
    stream.close()
    office.rings("89032220004")
    office.rings("89032220005")
    again = office.stream(**{"Last-Event-ID": own_id}) if how == "header" else office.stream(query=f"?after={own_id}")
    numbers = [data["number"] for _, _, data in again.wait("call", 2)]
    again.close()

    assert numbers == ["+79032220004", "+79032220005"]


def test_a_new_window_gets_the_calls_of_the_last_minutes(own_office):
    office = own_office()
    office.rings("89032220006")
    stream = office.stream()

    assert [data["number"] for _, _, data in stream.wait("call")] == ["+79032220006"]
    stream.close()


def test_a_change_of_a_call_comes_too(own_office):
    office = own_office()
    stream = office.stream()
    stream.wait("hello")
    office.rings("89032220007")
    ((_, _, call),) = stream.wait("call")
    office.ask("PUT", f"/api/v1/calls/{call['id']}/note", body={"text": "важный"})

    assert stream.wait("call", 2)[1][2]["note"]["text"] == "важный"
    stream.close()


def test_a_call_reaches_the_windows_of_other_worker_processes(own_office):
    office = own_office(extra="workers = 2\n")
    streams = [office.stream() for _ in range(8)]
    for stream in streams:
        stream.wait("hello")
    office.rings("89032220008")
    for stream in streams:
        assert stream.wait("call")[0][2]["number"] == "+79032220008"
        stream.close()


def test_a_call_reaches_the_windows_of_other_services_on_one_postgresql(own_office, postgres_server):
    from vats1c.database import Database

    url = postgres_server("two")
    database = Database(url)
    database.upgrade()
    database.close()
    one, other = (own_office(extra=f'database = "{url}"\n') for _ in range(2))
    stream = other.stream()
    stream.wait("hello")
    one.rings("89032220009")

    assert stream.wait("call")[0][2]["number"] == "+79032220009"
    stream.close()


def test_past_the_limit_windows_are_told_to_poll_and_the_exchange_goes_on(own_office):
    office = own_office(extra="limits = { windows = 2 }\n")
    streams = [office.stream() for _ in range(2)]
    for stream in streams:
        stream.wait("hello")
    refused = office.stream()

    assert refused.response.status == 503
    assert b'"windows"' in refused.response.read()
    assert office.live.post(say_name()).returned == "VIP:Ренессанс Капитал"
    assert office.ask("GET", "/api/v1/calls?after=0")[0] == 200
    for stream in [*streams, refused]:
        stream.close()


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_windows_hold_no_thread_and_are_forgotten_when_they_are_gone(own_office):
    office = own_office()
    threads = Path(f"/proc/{office.live.process.pid}/task")
    streams = [office.stream()]
    streams[0].wait("hello")
    before = len(list(threads.iterdir()))
    streams += [office.stream() for _ in range(40)]
    for stream in streams:
        stream.wait("hello")
    assert len(list(threads.iterdir())) < before + 20
    assert "vats1c_windows 41.0" in office.live.get("/metrics").text

    for stream in streams:
        stream.close()
    # Whoever has gone is noticed by the next that is sent.
    until(lambda: office.rings() or "vats1c_windows 0.0" in office.live.get("/metrics").text, pause=0.1)


def test_a_service_that_stops_says_goodbye_and_stops_at_once(own_office):
    office = own_office()
    streams = [office.stream() for _ in range(20)]
    for stream in streams:
        stream.wait("hello")
    code, _ = office.live.terminate()

    assert code == 0
    for stream in streams:
        assert stream.wait("bye")[0][2] == {"reason": "stopping"}
        stream.close()


def test_a_call_that_cannot_be_written_down_is_shown_all_the_same(own_office):
    import sqlite3

    from tests.support.live import incoming_call

    office = own_office()
    stream = office.stream()
    stream.wait("hello")
    file = office.live.config.parent / "data" / "vats1c.sqlite"
    with sqlite3.connect(file) as breaking:
        breaking.execute("ALTER TABLE counters RENAME TO gone")
    breaking.close()
    answer = office.live.post(incoming_call("89032220010", "key-of-anna"))
    ((_, own_id, call),) = stream.wait("call")

    assert answer.is_fault
    assert (own_id, call["id"], call["number"]) == (None, None, "+79032220010")
    assert office.live.get("/readyz").status == 503
    with sqlite3.connect(file) as mending:
        mending.execute("ALTER TABLE gone RENAME TO counters")
    mending.close()
    assert office.live.get("/readyz").status == 200
    office.rings("89032220011")
    stream.close()
