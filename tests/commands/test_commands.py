"""Each command does what it says, and what goes wrong is one clear sentence each."""

import json
import os
import subprocess
import sys
import time

import pytest

from tests.support.live import free_port, incoming_call, say_name, vats1c
from tests.support.waiting import until
from vats1c.accounts.passwords import is_hash


@pytest.fixture
def config(tmp_path):
    """Write a settings file of one's own."""
    clean = tmp_path / "callers.csv"
    clean.write_text(
        "number;name;company;category;manager\n"
        "8 (923) 529-29-26;VIP:Ренессанс Капитал;Ренессанс Капитал;0;244\n"
        "8 913 500-44-55;Щербаков Жан-Жак;;;\n"
        "+49 30 1234567;Müller;;;245\n",
        encoding="utf-8",
    )

    def written(extra="", users='[[users]]\nname = "SOAP"\npassword = "123"\n', directory=clean, port=None):
        path = tmp_path / "vats1c.toml"
        path.write_text(
            f'listen = "127.0.0.1:{port or free_port()}"\n{extra}\n{users}\n'
            f'[[directories]]\nname = "crm"\ntype = "csv"\npath = {json.dumps(str(directory))}\n',
            encoding="utf-8",
        )
        return path

    return written


def test_the_version_is_printed():
    from vats1c import __version__

    assert vats1c("--version") == (0, f"vats1c {__version__}\n", "")


def test_check_says_part_by_part_that_all_is_right(config):
    code, out, err = vats1c("check", "-c", config())

    assert (code, err) == (0, "")
    assert "SOAP users: SOAP" in out
    assert "directory crm (csv): 3 callers" in out
    assert "the settings are right" in out


DIRTY = """number;name;manager
89235292926;Первый;244
нет;Без номера;
89130000000;;
8 913 500-44-55, 8 913 500-44-66;Двое в одной ячейке;999
+7 923 529-29-26;Второй;начальник
+1 913 500 4455;Третий;
89991112233;Очень длинное имя, которому на телефоне не хватит места;
"""


def test_check_is_the_directorys_doctor(config, tmp_path):
    (tmp_path / "dirty.csv").write_text(
        DIRTY + f"89990000000;Знак\x0bлишний;\n({'а' * 40_000};Длинный;\n", encoding="utf-8"
    )
    employees = '[[subscribers]]\nkey = "k"\nname = "Анна"\nextension = "244"\n[say_name]\nlength = 30\n'
    path = config(directory=tmp_path / "dirty.csv", users='[[users]]\nname = "SOAP"\npassword = "123"\n' + employees)

    code, out, err = vats1c("check", "-c", path, "--json")
    people = vats1c("check", "-c", path)

    assert (code, people[0]) == (1, 1)
    assert "number_cells_too_long" in err
    assert "first_lines=[10]" in err
    assert [(finding["line"], finding["code"], finding["harmless"]) for finding in json.loads(out)] == [
        (3, "NO-NUMBER", False),
        (4, "NO-NAME", False),
        (5, "MANAGER-UNKNOWN", False),
        (5, "SAME-LAST-DIGITS", True),
        (5, "SEVERAL-NUMBERS", True),
        (6, "DUPLICATE", False),
        (6, "MANAGER-NO-EXTENSION", False),
        (7, "SAME-LAST-DIGITS", True),
        (8, "TOO-LONG", False),
        (9, "NOT-XML", False),
        (10, "NUMBER-TOO-LONG", False),
    ]
    assert "telephony/crm  dirty.csv:6  DUPLICATE  line 2 has the same number for another" in people[1]
    assert "to mend in the directories: 8" in people[1]


def test_check_says_that_a_source_does_not_answer_and_why(tmp_path):
    path = tmp_path / "vats1c.toml"
    path.write_text(
        '[[users]]\nname = "SOAP"\npassword = "123"\n'
        f'[[directories]]\nname = "crm"\ntype = "http"\nurl = "http://127.0.0.1:{free_port()}/{{number}}"\n'
    )

    code, out, _ = vats1c("check", "-c", path)
    _, machines, _ = vats1c("check", "-c", path, "--json")

    (finding,) = json.loads(machines)
    assert code == 1
    assert "directory crm (http): does not answer\n" in out
    assert f"  telephony/crm  NO-ANSWER  {finding['message']}\n" in out
    assert (finding["directory"], finding["code"], finding["harmless"]) == ("telephony/crm", "NO-ANSWER", False)
    assert (finding["file"], finding["line"]) == (None, None)


def test_check_says_that_an_answer_has_no_such_path(live, tmp_path):
    path = tmp_path / "vats1c.toml"
    path.write_text(
        '[[users]]\nname = "SOAP"\npassword = "123"\n'
        '[[directories]]\nname = "crm"\ntype = "http"\npath = "result.items"\n'
        f'url = "http://127.0.0.1:{live.port}/readyz?{{number}}"\n'
    )

    code, out, _ = vats1c("check", "-c", path)

    assert code == 1
    assert "NO-ANSWER  the answer has no result.items" in out


def test_the_sample_directory_of_the_demo_is_clean(config):
    from importlib.resources import files

    sample = files("vats1c.samples") / "callers.csv"

    assert vats1c("check", "-c", config(directory=sample))[0] == 0


def test_messages_are_in_russian_where_the_locale_is(config):
    _, out, _ = vats1c("check", "-c", config(), env={"LANG": "ru_RU.UTF-8"})

    assert "справочник crm (csv): абонентов: 3" in out
    assert "настройки в порядке" in out


def test_every_problem_is_listed_at_once_with_its_key_file_and_suggestion(config):
    path = config(extra='listem = "x"\nworkers = "many"\n[limits]\nboddy = 1\n', users='[[users]]\nname = "a:b"\n')

    code, out, err = vats1c("check", "-c", path)

    assert (code, out) == (2, "")
    assert f"{path}: listem: no such setting; did you mean listen?" in err
    assert f"{path}: workers: unusable value 'many'" in err
    assert f"{path}: limits.boddy: no such setting; did you mean body?" in err
    assert f"{path}: users[0]: a user name cannot hold a colon" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"users": ""}, "no SOAP users (telephony): add [[users]]"),
        ({"users": '[[users]]\nname = "SOAP"\npassword = ""\n'}, "an empty password is not accepted"),
        ({"users": '[[users]]\nname = "SOAP"\n'}, "exactly one of password, password_hash, password_file"),
        ({"users": '[[users]]\nname = "SOAP"\npassword_hash = "123"\n'}, "make one with vats1c hash-password"),
        ({"users": '[[users]]\nname = "SOAP"\npassword_file = "no.txt"\n'}, "cannot read the password file"),
        ({"users": ('[[users]]\nname = "SOAP"\npassword = "1"\n' * 2)}, "users.name is repeated (SOAP)"),
        ({"directory": "none.csv"}, "directories[0].path: cannot read"),
        ({"extra": 'data = "/proc/nowhere"'}, "data: cannot open the journal"),
        ({"extra": 'database = "nonsense"'}, "database: cannot open the journal"),
        ({"extra": "= broken"}, "not valid TOML"),
        ({"extra": 'public_url = "vats.example.ru"'}, "expected an address like https://vats.example.ru"),
    ],
)
def test_a_start_that_cannot_succeed_is_refused_with_one_sentence(config, changes, said):
    code, out, err = vats1c("serve", "-c", config(**changes))

    assert code == 2
    assert said in err
    assert "Traceback" not in out + err


def test_problems_of_different_parts_are_listed_together(config):
    code, _, err = vats1c(
        "check",
        "-c",
        config(
            directory="none.csv",
            extra='database = "nonsense"',
            users='[[users]]\nname = "SOAP"\npassword_hash = "123"\n',
        ),
    )

    assert code == 2
    assert all(key in err for key in ("users[0]", "directories[0].path", "database"))


def test_an_unreadable_settings_file_is_one_sentence(tmp_path):
    code, _, err = vats1c("serve", "-c", tmp_path / "none.toml")

    assert code == 2
    assert "cannot read the settings file: No such file" in err


def test_a_port_in_use_is_one_sentence(live, config):
    code, _, err = vats1c("serve", "-c", config(port=live.port))

    assert (code, err) == (
        1,
        f"127.0.0.1:{live.port} is already in use: stop the other program or give --listen\n",
    )


def test_an_address_that_is_not_ours_is_one_sentence(config):
    code, _, err = vats1c("serve", "-c", config(), "--listen", "203.0.113.7:8080")

    assert code == 1
    assert err.startswith("cannot listen on 203.0.113.7:8080")


def test_settings_may_come_from_variables_alone(callers, tmp_path):
    env = {
        "VATS1C_USERS": json.dumps([{"name": "SOAP", "password": "123"}]),
        "VATS1C_DIRECTORIES": json.dumps([{"name": "crm", "type": "csv", "path": str(callers)}]),
        "VATS1C_LIMITS__BODY": "2048",
        "VATS1C_DATA": str(tmp_path / "elsewhere"),
    }

    code, out, err = vats1c("check", env=env, cwd=tmp_path)

    assert (code, err) == (1, "")  # a name of the shared sample is to be mended
    assert "3 callers" in out
    assert (tmp_path / "elsewhere" / "vats1c.sqlite").exists()


def test_an_unknown_variable_stops_the_start_with_a_suggestion(config):
    code, _, err = vats1c("check", "-c", config(), env={"VATS1C_LISTN": "x"})

    assert code == 2
    assert "VATS1C_LISTN: no such setting; did you mean VATS1C_LISTEN?" in err


def test_a_variable_wins_over_the_file_and_is_named_when_it_is_wrong(config):
    code, _, err = vats1c("check", "-c", config(), env={"VATS1C_WORKERS": "many"})

    assert code == 2
    assert "VATS1C_WORKERS: workers: unusable value 'many'" in err


def test_a_hash_is_made_of_a_password_given_on_standard_input():
    code, out, _ = vats1c("hash-password", given="пароль с пробелом\n")

    assert code == 0
    assert is_hash(out.strip())


def test_an_empty_password_is_not_hashed():
    assert vats1c("hash-password", given="\n")[0] == 1


def test_a_hashed_password_and_a_password_file_sign_in(start, tmp_path):
    hashed = vats1c("hash-password", given="секрет: 1\n")[1].strip()
    (tmp_path / "secret.txt").write_text("из файла\n", encoding="utf-8")
    live = start(
        users=f"[[users]]\nname = 'hash'\npassword_hash = '{hashed}'\n"
        f"[[users]]\nname = 'file'\npassword_file = '{tmp_path / 'secret.txt'}'\n"
    )

    import base64

    for name, password in (("hash", "секрет: 1"), ("file", "из файла")):
        login = "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
        assert live.post(say_name(), authorization=login).status == 200
        assert live.post(say_name(), authorization=login).status == 200


def test_lookup_prints_what_the_phone_shows(config):
    path = config(extra='[say_name]\nformat = "{name}[, {company}]"\nlength = 26\n')

    assert vats1c("lookup", "8 (923) 529-29-26", "-c", path) == (0, "VIP:Ренессанс Капитал, Рен\n", "")
    assert vats1c("lookup", "89990000000", "-c", path) == (0, "\n", "")


def test_lookup_explains_itself_to_people(config):
    code, out, _ = vats1c("lookup", "8 (923) 529-29-26", "-c", config(), "--explain")

    assert code == 0
    assert "external" in out
    assert "+79235292926, 89235292926, 9235292926" in out
    assert "crm" in out
    assert "exact: VIP:Ренессанс Капитал" in out
    assert "<- decides" in out
    assert "routes to 244" in out
    assert "phone shows 'VIP:Ренессанс Капитал'" in out


def test_lookup_explains_itself_to_machines(config):
    code, out, _ = vats1c("lookup", "8 (923) 529-29-26", "-c", config(), "--json")
    found = json.loads(out)

    assert code == 0
    assert (found["received"], found["kind"], found["canonical"]) == ("8 (923) 529-29-26", "external", "+79235292926")
    assert (found["say_name"], found["directory"], found["confidence"]) == ("VIP:Ренессанс Капитал", "crm", "exact")
    assert found["caller"]["manager"] == "244"
    assert found["elapsed_ms"] >= 0
    (answer,) = found["answers"]
    assert (answer["directory"], answer["outcome"]) == ("crm", "found")
    assert answer["elapsed_ms"] >= 0


@pytest.mark.parametrize(("number", "kind"), [("anonymous", "hidden"), ("244", "internal"), ("CallAPI", "service")])
def test_lookup_of_what_is_not_an_external_number_says_what_it_is(config, number, kind):
    code, out, _ = vats1c("lookup", number, "-c", config(), "--json")
    found = json.loads(out)

    assert code == 0
    assert (found["kind"], found["canonical"], found["say_name"]) == (kind, None, "")
    assert (found["caller"], found["directory"], found["answers"]) == (None, None, [])
    assert "no directory was asked" in vats1c("lookup", number, "-c", config(), "--explain")[1]


def test_the_wsdl_is_printed_with_the_address_given():
    code, out, _ = vats1c("wsdl", "--url", "https://vats.example.ru/")

    assert code == 0
    assert out.count('location="https://vats.example.ru/telephony/ws/VATS"') == 2
    assert '<xs:element name="Number"' in vats1c("wsdl", "--parameter", "Number")[1]
    assert vats1c("wsdl", "--parameter", "phone")[0] == 1


def test_healthcheck_tells_ready_from_not(live):
    assert vats1c("healthcheck", live.url) == (0, "ready\n", "")
    code, _, err = vats1c("healthcheck", f"http://127.0.0.1:{free_port()}")
    assert code == 1
    assert err.startswith("not ready: ")


def test_healthcheck_waits_for_a_service_that_is_starting(start):
    starting = start(wait=False)

    assert vats1c("healthcheck", starting.url, "--wait", "20")[0] == 0


def test_the_journal_is_listed_for_people_and_for_machines(start):
    live = start()
    live.post(incoming_call("8 923 529-29-26", "first"))
    live.post(incoming_call("", "second"))

    _, people, _ = vats1c("journal", "list", "-c", live.config)
    _, machines, _ = vats1c("journal", "list", "-c", live.config, "--json")

    assert [line.split()[-1] for line in people.splitlines()][1:] == ["second"]
    assert "+79235292926" in people
    first, second = map(json.loads, machines.splitlines())
    assert (first["received"], first["number"], first["key"]) == ("8 923 529-29-26", "+79235292926", "first")
    assert (first["publication"], first["caller"]) == ("telephony", "VIP:Ренессанс Капитал")
    assert (second["received"], second["number"], second["caller"]) == ("", None, "")
    assert vats1c("journal", "list", "-c", live.config, "--json", "--limit", "1")[1] == machines.splitlines()[1] + "\n"


def test_tail_shows_a_call_as_it_comes(start):
    live = start()
    tail = subprocess.Popen(
        [sys.executable, "-m", "vats1c", "journal", "tail", "--json", "-c", live.config], stdout=subprocess.PIPE
    )
    try:
        live.post(incoming_call(key="came while watching"))
        assert json.loads(tail.stdout.readline())["key"] == "came while watching"
        live.post(incoming_call(key="came later"))
        assert json.loads(tail.stdout.readline())["key"] == "came later"
    finally:
        tail.kill()
        tail.communicate()


def test_the_demo_needs_nothing_and_leaves_nothing(tmp_path):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "vats1c", "demo", "--listen", f"127.0.0.1:{port}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "TMPDIR": str(tmp_path), "VATS1C_WORKERS": "nonsense", "LANG": "C.UTF-8"},
        cwd=tmp_path,
    )
    try:
        assert vats1c("healthcheck", f"http://127.0.0.1:{port}", "--wait", "20")[0] == 0
        from tests.support.live import Live

        live = Live.__new__(Live)
        live.port = port
        assert live.post(say_name()).returned == "VIP:Ренессанс Капитал"
        assert live.post(incoming_call()).returned == "1"
        listed = vats1c("journal", "list", "--json", env={"TMPDIR": str(tmp_path)}, cwd=tmp_path)[1]
        assert json.loads(listed)["caller"] == "VIP:Ренессанс Капитал"
    finally:
        process.terminate()
        out = process.communicate(timeout=20)[0].decode()
    assert process.returncode == 0
    assert f"http://127.0.0.1:{port}/telephony/ws/VATS?wsdl" in out
    assert "curl -u SOAP:123" in out
    assert "36 callers" in out
    assert list(tmp_path.iterdir()) == []


def test_workers_share_the_port_and_the_journal(start):
    live = start(arguments=("--workers", "2"))
    for number in range(10):
        assert live.post(incoming_call(key=f"key {number}")).returned == "1"

    code, printed = live.terminate()

    assert code == 0, printed
    listed = vats1c("journal", "list", "-c", live.config, "--json")[1]
    assert sorted(json.loads(line)["key"] for line in listed.splitlines()) == [f"key {number}" for number in range(10)]


def test_workers_stop_when_their_supervisor_is_killed(start):
    live = start(arguments=("--workers", "2"))
    live.process.kill()
    live.process.wait()

    def is_gone():
        try:
            live.connect().close()
        except OSError:
            return True
        return False

    until(is_gone)


def test_a_stop_finishes_the_request_in_flight_and_exits_with_0(start):
    live = start()
    body = say_name().encode()
    with live.connect() as connection:
        connection.sendall(
            b"POST /telephony/ws/VATS HTTP/1.1\r\nHost: x\r\nAuthorization: Basic U09BUDoxMjM=\r\n"
            b"Content-Type: text/xml\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        # Its header has been read: the request is in flight.
        assert connection.recv(1_000).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(body[:50])
        live.process.terminate()
        time.sleep(0.3)
        connection.sendall(body[50:])
        answer = connection.recv(65_536).decode()

    code, printed = live.terminate()
    assert answer.startswith("HTTP/1.1 200 OK")
    assert "Ренессанс Капитал" in answer
    assert code == 0, printed
