"""A live service in front of a live service that plays the real 1C, a dead one and a slow one, in each mode."""

import json
import socket
import stat
import sys
import threading

import pytest

from tests.support.live import free_port, incoming_call, say_name, vats1c
from tests.support.office import basic
from tests.support.waiting import until

pytest.importorskip("httpx", reason="httpx is not installed (requirements-dev.txt)")

USERS = '[[users]]\nname = "SOAP"\npassword = "123"\n\n[[administrators]]\nname = "admin"\npassword = "admin\'s"\n'
NAME = "VIP:Ренессанс Капитал"
OURS = (
    "number;name;category;manager\n"
    "8 (923) 529-29-26;Ренессанс;0;244\n"  # another name
    '+7 495 777-12-34;"Рога & Копыта <ООО> ""Юг""";1;999\n'  # another manager
    "+7 913 500-44-55;Ёлкина\x0bАлёна;;\n"  # the same
    "+7 913 500-00-00;Наш;;\n"  # nobody there
)


@pytest.fixture(scope="module")
def one_c(start):
    """The real 1C: a service of ours with callers of its own."""
    return start()


@pytest.fixture
def front(start, tmp_path):
    """Start a service in front of a 1C, with OURS for callers."""
    file = tmp_path / "ours.csv"
    file.write_text(OURS, encoding="utf-8")

    def started(url, mode, **settings):
        given = {"mode": mode, "url": url, "user": "SOAP", "password": "123", "deadline": 0.4, "timeout": 2, **settings}
        lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in given.items())
        table = [{"name": "ours", "type": "csv", "path": str(file)}]
        return start(
            extra=f"[upstream]\n{lines}\n", users=USERS, env={"VATS1C_DIRECTORIES": json.dumps(table)}, wait=True
        )

    return started


@pytest.fixture
def hanging():
    """Return the URL of a server that takes a request and never answers."""
    held = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)

        def hold():
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=hold, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/base/ws/VATS"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in held:
        connection.close()


def dead():
    return f"http://127.0.0.1:{free_port()}/base/ws/VATS"


def figure(live, name, outcome):
    line = f'{name}_total{{outcome="{outcome}",publication="telephony"}} '
    return next((float(one[len(line) :]) for one in live.get("/metrics").text.splitlines() if one.startswith(line)), 0)


def part(live, name):
    return json.loads(live.get("/readyz").body)["parts"][name]


def command(live, *arguments, codes=(0,)):
    """Run a command with the service's settings; return what it prints. The rest of the settings is in a variable."""
    given = {"VATS1C_DIRECTORIES": live.env["VATS1C_DIRECTORIES"]} if "VATS1C_DIRECTORIES" in live.env else {}
    code, said, wrong = vats1c(*arguments, "-c", live.config, env=given)
    assert code in codes, wrong
    return said


# Spy.


def test_a_spy_answers_as_the_real_1c_does_and_from_the_directories_where_that_knows_nobody(one_c, front):
    live = front(one_c.endpoint, "spy", parameter="Number")

    assert live.post(say_name()).returned == NAME
    assert "<phone>244</phone>" in live.post(say_name(parameter="Number")).returned
    assert live.post(say_name("89135000000")).returned == "Наш"
    assert live.post(say_name("89990000000")).returned == ""
    assert part(live, "directory telephony/upstream")["ready"]
    assert f"(spy): {one_c.endpoint}" in live.printed


def test_a_spy_with_a_dead_1c_answers_from_the_directories(front):
    live = front(dead(), "spy")

    assert live.post(say_name()).returned == "Ренессанс"
    assert not part(live, "directory telephony/upstream")["ready"]
    assert json.loads(live.get("/readyz").body)["degraded"]


def test_a_spy_with_a_hanging_1c_waits_no_longer_than_its_deadline(hanging, front):
    live = front(hanging, "spy", timeout=3)

    # The client gives up before the 1C's own time is over.
    answer = live.request(
        "POST", "/telephony/ws/VATS", say_name().encode(), {"Authorization": "Basic U09BUDoxMjM="}, timeout=2.5
    )

    assert answer.returned == "Ренессанс"


def test_what_each_says_is_explained(one_c, front):
    live = front(one_c.endpoint, "spy")

    said = command(live, "lookup", "89235292926", "--explain")

    assert "  upstream  found" in said
    assert "<- decides" in next(line for line in said.splitlines() if "upstream" in line)
    assert "stands lower" in next(line for line in said.splitlines() if "ours" in line)


def test_a_check_shows_the_real_1c_and_whether_it_answers(front):
    url = dead()
    live = front(url, "spy")

    # A character that XML cannot carry is to be mended in OURS.
    said = command(live, "check", codes=(1,))

    assert f"real 1C (spy): {url}: does not answer" in said


# Record.


def recorded(live, name):
    file = live.config.parent / "data" / "recorded" / "telephony" / name
    return file.read_text(encoding="utf-8") if file.exists() else ""


def test_what_is_recorded_is_a_directory_that_gives_the_same_names(one_c, front, start):
    live = front(one_c.endpoint, "record", parameter="Number")
    numbers = ["89235292926", "84957771234", "89135004455", "89990000000"]
    answers = [live.post(say_name(number, parameter="Number")).returned for number in numbers]
    until(lambda: recorded(live, "exchanges.jsonl").count("\n") == 4)
    live.terminate()

    table = {"name": "was", "type": "csv", "path": str(live.config.parent / "data/recorded/telephony/callers.csv")}
    after = start(env={"VATS1C_DIRECTORIES": json.dumps([table])})

    assert [after.post(say_name(number, parameter="Number")).returned for number in numbers] == answers
    assert NAME in answers[0]


def test_exchanges_are_recorded_once_as_they_were_and_without_secrets(one_c, front):
    live = front(one_c.endpoint, "record", forward_calls=True)
    for number in ["89235292926", "8 (923) 529-29-26", "89990000000"]:
        live.post(say_name(number))
    live.post(incoming_call())
    live.post(incoming_call())
    until(lambda: recorded(live, "exchanges.jsonl").count("\n") == 3)
    assert live.terminate()[0] == 0

    text = recorded(live, "exchanges.jsonl")
    lines = [json.loads(line) for line in text.splitlines()]

    assert sorted((one["operation"], one["number"], one["outcome"]) for one in lines) == [
        ("IncomingCall", "+79235292926", "taken"),
        ("SayName", "+79235292926", "found"),
        ("SayName", "+79990000000", "unknown"),
    ]
    found = next(one for one in lines if one["outcome"] == "found")
    assert found["answer"] == one_c.post(say_name()).text
    assert "<number>89235292926</number>" in found["request"]
    assert not any(secret in text for secret in ("gW3cyUJAtl50PhF", "U09BUDoxMjM=", "Authorization"))
    assert recorded(live, "callers.csv") == f"number;name;category;manager\n+79235292926;{NAME};;\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_owner_may_read_what_is_recorded(one_c, front):
    live = front(one_c.endpoint, "record")
    live.post(say_name())
    until(lambda: recorded(live, "callers.csv"))

    folder = live.config.parent / "data" / "recorded" / "telephony"
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_the_records_of_a_number_are_erased(one_c, front):
    live = front(one_c.endpoint, "record")
    live.post(say_name())
    live.post(say_name("89135004455"))
    until(lambda: recorded(live, "exchanges.jsonl").count("\n") == 2)

    command(live, "journal", "erase", "8 923 529 29 26")

    assert "9235292926" not in recorded(live, "exchanges.jsonl") + recorded(live, "callers.csv")
    assert "9135004455" in recorded(live, "callers.csv")
    # The running service writes on.
    live.post(say_name("84957771234"))
    assert until(lambda: "+74957771234" in recorded(live, "callers.csv"))
    assert "9235292926" not in recorded(live, "callers.csv")


# Calls passed on.


def test_a_call_is_passed_on_where_that_is_wanted_and_not_otherwise(one_c, front):
    number = "89031230001"
    quiet, loud = front(one_c.endpoint, "spy"), front(one_c.endpoint, "spy", forward_calls=True)

    assert quiet.post(incoming_call("89031230002")).returned == "1"
    assert loud.post(incoming_call(number, "the-key")).returned == "1"

    rang = until(lambda: [one for one in one_c.journal() if one["received"] == number])
    assert [one["key"] for one in rang] == ["the-key"]
    assert not [one for one in one_c.journal() if one["received"] == "89031230002"]
    assert until(lambda: figure(loud, "vats1c_forwarded", "taken")) == 1


@pytest.mark.parametrize("mode", ["spy", "record", "shadow"])
def test_a_call_is_taken_though_the_real_1c_is_dead(front, mode):
    live = front(dead(), mode, forward_calls=True)

    assert live.post(incoming_call("89031230003", "the-key")).returned == "1"

    until(lambda: "call_not_forwarded" in live.printed)
    assert len(live.journal()) == 1
    assert "9031230003" not in live.printed
    assert "the-key" not in live.printed


def test_a_call_is_answered_before_a_hanging_1c_is_done_with_it(hanging, front):
    live = front(hanging, "spy", forward_calls=True, timeout=3)

    answer = live.request(
        "POST", "/telephony/ws/VATS", incoming_call().encode(), {"Authorization": "Basic U09BUDoxMjM="}, timeout=2.5
    )

    assert answer.returned == "1"


# Shadow.


def differences(live, **headers):
    answer = live.get("/api/v1/upstream", Authorization=basic("admin"), **headers)
    assert answer.status == 200
    return json.loads(answer.body)["upstreams"][0]["differences"]


def test_a_shadow_answers_from_the_directories_and_finds_every_difference(one_c, front):
    live = front(one_c.endpoint, "shadow", parameter="Number")

    names = {number: live.post(say_name(number)).returned for number in ("89235292926", "84957771234", "89135000000")}
    live.post(say_name("89135004455"))
    live.post(say_name("89990000000"))
    until(lambda: figure(live, "vats1c_shadow", "same") + figure(live, "vats1c_shadow", "slower") == 2)
    found = until(lambda: len(differences(live)) >= 3 and differences(live))

    assert names == {"89235292926": "Ренессанс", "84957771234": 'Рога & Копыта <ООО> "Юг"', "89135000000": "Наш"}
    planted = {one["number"]: one for one in found if one["outcome"] != "slower"}
    assert {number: (one["outcome"], one["differs"]) for number, one in planted.items()} == {
        "+79235292926": ("name", ["name"]),
        "+74957771234": ("shape", ["manager"]),
        "+79135000000": ("name", ["name"]),
    }
    assert planted["+79235292926"]["theirs"]["name"] == NAME
    assert planted["+74957771234"]["theirs"]["manager"] == "245"
    assert planted["+79135000000"]["theirs"]["name"] == ""
    assert figure(live, "vats1c_shadow", "name") == 2
    assert part(live, "upstream telephony")["ready"]


def test_the_log_of_a_difference_has_neither_number_nor_name(one_c, front):
    live = front(one_c.endpoint, "shadow")
    live.post(say_name())
    until(lambda: "upstream_differs" in live.printed)

    lines = [line for line in live.printed.splitlines() if "upstream_differs" in line]

    assert len(lines) == 1
    assert "outcome='name'" in lines[0]
    assert not any(told in live.printed for told in ("9235292926", "Ренессанс"))


def test_differences_outlive_the_service_and_are_printed_and_erased_by_command(one_c, front):
    live = front(one_c.endpoint, "shadow")
    live.post(say_name())
    live.post(say_name())
    until(lambda: differences(live))
    live.terminate()

    said = command(live, "upstream")
    assert f"telephony: shadow {one_c.endpoint}" in said
    assert said.count("+79235292926") == 1
    assert "Ренессанс " in said
    assert f"1C: {NAME}" in said
    listed = command(live, "upstream", "--json")
    assert [json.loads(line)["outcome"] for line in listed.splitlines()] == ["name"]

    command(live, "journal", "erase", "89235292926")
    assert "no differences" in command(live, "upstream")


def test_a_shadow_of_a_dead_1c_is_counted_and_no_difference(front):
    live = front(dead(), "shadow")

    assert live.post(say_name()).returned == "Ренессанс"

    assert until(lambda: figure(live, "vats1c_shadow", "failed")) == 1
    assert differences(live) == []
    assert not part(live, "upstream telephony")["ready"]


def test_a_shadow_of_a_hanging_1c_holds_no_answer_up(hanging, front):
    live = front(hanging, "shadow", timeout=3)

    for _ in range(20):
        answer = live.request(
            "POST", "/telephony/ws/VATS", say_name().encode(), {"Authorization": "Basic U09BUDoxMjM="}, timeout=2.5
        )
        assert answer.returned == "Ренессанс"


def test_a_shadow_is_explained_and_never_decides(one_c, front):
    live = front(one_c.endpoint, "shadow")

    said = command(live, "lookup", "89235292926", "--explain")

    assert "<- decides" in next(line for line in said.splitlines() if "ours" in line)
    assert f"exact: {NAME}; stands lower" in next(line for line in said.splitlines() if "upstream" in line)


@pytest.mark.parametrize("authorization", [None, "Basic U09BUDoxMjM="])
def test_differences_are_for_administrators(one_c, front, authorization):
    live = front(one_c.endpoint, "shadow")

    given = {"Authorization": authorization} if authorization else {}

    assert live.get("/api/v1/upstream", **given).status == 401


def test_without_an_upstream_there_is_nothing_to_see(one_c):
    assert command(one_c, "upstream").splitlines()[0] == "telephony: serve"
