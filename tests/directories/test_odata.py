"""A 1C base's directory passes the suite over a stand-in of its OData interface, and keeps its copy when 1C fails."""

import contextlib
import gzip
import importlib
import json
import logging
import socket
import stat
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import pytest
import structlog

from tests.support.live import free_port
from tests.support.waiting import until
from vats1c import config
from vats1c.cli.running import open_application, refresh_directories
from vats1c.directory import DirectoryContext, DirectoryError, load, odata_pages
from vats1c.directory.kinds.odata import OdataDirectory
from vats1c.model import Confidence
from vats1c.number import DEFAULT_PLAN, NumberPlan, identify
from vats1c.testing import CALLERS, DirectoryContract

ROOT = "/base/odata/standard.odata"
JSON = {"Content-Type": "application/json;odata=minimalmetadata;charset=utf-8"}
HTML = {"Content-Type": "text/html; charset=utf-8"}
CLIENTS, SECTION, USERS = "Catalog_Контрагенты", "Catalog_Контрагенты_КонтактнаяИнформация", "Catalog_Пользователи"
NOTHING = "00000000-0000-0000-0000-000000000000"


class Base(ThreadingHTTPServer):
    """A 1C base: `sets` holds its entity sets, `asked` what was asked; `answer`, where given, answers instead."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.sets = {}
        self.asked = []
        self.answer = None
        self.url = f"http://127.0.0.1:{self.server_address[1]}{ROOT}"

    def handle_error(self, *_):
        """A client that hangs up early is what is tested."""

    def says(self, body, status=200, headers=JSON):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answer = lambda request: (status, headers, content)

    def options(self):
        """Return the set and the options of every question so far."""
        return [question(path) for path in self.asked]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One packet for head and body: the second of two waits 40 ms for the first to be acknowledged.
    wbufsize = -1

    def do_GET(self):
        self.server.asked.append(self.path)
        answer = self.server.answer and self.server.answer(self)
        status, headers, body = answer or answered(self.server.sets, self.path)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass


def question(path):
    asked = urlsplit(path)
    return unquote(asked.path).rpartition("/")[2], {key: value for key, (value,) in parse_qs(asked.query).items()}


def answered(sets, path):
    """Answer as 1C does: the attributes selected, in order, a page of them; an error where it knows one of them not."""
    name, options = question(path)
    if not path.isascii() or name not in sets:
        return refusal(404, "8", f"Сегмент пути {name} не найден!")
    rows = sets[name]
    for wanted in (*options["$select"].split(","), *options["$orderby"].split(",")):
        if rows and wanted not in rows[0]:
            return refusal(400, "6", f"Сегмент пути {wanted} не найден!")
    expanded = options.get("$expand", "").split(",")
    shown = [
        {
            name: (NOTHING if isinstance(row[name], Reference) and name not in expanded else row[name])
            for name in options["$select"].split(",")
        }
        for row in sorted(rows, key=lambda row: [row[name] for name in options["$orderby"].split(",")])
    ]
    page = shown[int(options["$skip"]) :][: int(options["$top"])]
    return 200, JSON, json.dumps({"odata.metadata": f"{ROOT}/$metadata#{name}", "value": page}).encode()


def refusal(status, code, words):
    error = {"odata.error": {"code": code, "message": {"lang": "ru", "value": words}}}
    return status, JSON, json.dumps(error).encode()


class Reference(dict):
    """What stands behind a reference; it comes only when it is expanded."""


class Client(dict):
    """A counterparty as 1C keeps it."""

    numbers = count(1)

    def __init__(self, name, *phones, company="", note="", **attributes):
        super().__init__(
            Ref_Key=str(UUID(int=next(self.numbers))),
            DataVersion="AAAAAQAAAAA=",
            DeletionMark=False,
            IsFolder=False,
            Description=name,
            НаименованиеПолное=company,
            Комментарий=note,
            КонтактнаяИнформация=[contact(line, *one) for line, one in enumerate(map(typed, phones), 1)],
        )
        self.update(attributes)


def typed(phone):
    return ("Телефон", phone) if isinstance(phone, str) else phone


def contact(line, kind, shown, digits=""):
    return {
        "LineNumber": str(line),
        "Тип": kind,
        "Вид_Key": str(UUID(int=7)),
        "Представление": shown,
        "НомерТелефона": digits,
        "ЗначенияПолей": "<КонтактнаяИнформация/>",
    }


def clients():
    """Return the callers of the suite as counterparties; one in the middle is as old as the base."""
    return [
        Client(
            caller.name,
            number,
            company=caller.company,
            note=caller.note,
            Категория=caller.category,
            Менеджер=Reference({"Description": "Кто-то", "КонтактнаяИнформация": [{"Представление": caller.manager}]}),
        )
        for number, caller in CALLERS
    ]


def apart(base):
    """Take the phones out of the counterparties into the set of the tabular section."""
    base.sets[SECTION] = [
        {"Ref_Key": client["Ref_Key"], **row} for client in base.sets[CLIENTS] for row in client["КонтактнаяИнформация"]
    ]


@pytest.fixture
def base():
    with Base() as server:
        server.sets[CLIENTS] = clients()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


FIELDS = {"category": "Категория", "manager": "Менеджер.КонтактнаяИнформация.Представление"}


@pytest.fixture
def opening(base):
    """Open directories, not read yet, with pauses of no length; all closed at the end, their threads over."""
    directories = []

    def open_(plan=DEFAULT_PLAN, pauses=(0, 0), **settings):
        directories.append(OdataDirectory("1c", {"url": base.url, "timeout": 5, **settings}, plan, pauses))
        return directories[-1]

    yield open_
    for directory in directories:
        directory.close()
    for thread in threading.enumerate():
        if thread.name == "directory 1c":
            thread.join(5)


@pytest.fixture
def read(opening):
    """Open directories and wait until they are read."""

    def open_(**settings):
        directory = opening(**settings)
        directory.refresh()
        return directory

    return open_


@pytest.fixture(params=["inside", "apart"])
def directory(request, base, read):
    if request.param == "inside":
        return read(fields=FIELDS, page=2)
    apart(base)
    return read(fields=FIELDS, page=2, phones=SECTION)


class TestOdata(DirectoryContract):
    """The suite over a 1C base, the phones inside the counterparties and apart."""


def name_of(directory, number="89235292926"):
    match = directory.find(identify(number))
    return match.caller.name if match else None


@pytest.fixture
def said(monkeypatch):
    """Return what is logged from now on."""
    lines = []

    class Log:
        def __getattr__(self, level):
            return lambda event, **words: lines.append((level, event, words.get("reason", "")))

    monkeypatch.setattr("vats1c.directory.kinds.odata.log", Log())
    return lines


def failure(directory, said):
    """Refresh, and return why that failed: one line in the log, which names no secret; what was known is kept."""
    said.clear()
    before = directory.state().callers
    directory.refresh()
    ((level, _, reason),) = said
    assert level == "warning"
    assert "\n" not in reason
    assert not any(secret in reason for secret in ("sesame", "vats:", "$skip=", ROOT))
    assert not directory.state().ready
    assert directory.state().callers == before
    return reason


def test_what_is_asked_is_a_page_in_the_order_of_the_keys_percent_encoded(base, read):
    read()

    assert base.asked[0].isascii()
    assert base.options()[0] == (
        CLIENTS,
        {
            "$format": "json",
            "allowedOnly": "true",
            "$top": "1000",
            "$select": "Ref_Key,DeletionMark,IsFolder,Description,НаименованиеПолное,Комментарий,КонтактнаяИнформация",
            "$orderby": "Ref_Key",
            "$skip": "0",
        },
    )


def test_user_and_password_are_sent_as_basic_authorization(base, opening, tmp_path):
    sent = []
    base.answer = lambda request: sent.append(request.headers["Authorization"])
    (tmp_path / "password").write_text("пароль\n", encoding="utf-8")
    opening(user="vats", password="пароль").refresh()
    opening(user="vats", password_file=str(tmp_path / "password")).refresh()

    assert set(sent) == {"Basic dmF0czrQv9Cw0YDQvtC70Yw="}  # vats:пароль in UTF-8


def test_all_pages_are_read_until_an_empty_one(base, read):
    base.sets[CLIENTS] = [Client(f"К{number}", f"8 916 000-00-{number:02}") for number in range(7)]
    directory = read(page=3)
    base.asked.clear()
    directory.refresh()

    assert [options["$skip"] for _, options in base.options()] == ["0", "3", "6", "7"]
    assert directory.state().callers == 7
    assert name_of(directory, "89160000006") == "К6"


def test_a_server_that_gives_fewer_than_were_asked_for_is_read_to_the_end(base, read):
    def few(request):
        path = request.path.replace("%24top=1000", "%24top=2").replace("$top=1000", "$top=2")
        return answered(base.sets, path)

    base.answer = few

    assert read().state().callers == len(CALLERS)


def test_a_page_that_failed_is_asked_for_again_and_the_reading_goes_on_from_it(base, read):
    directory = read(page=2)
    base.asked.clear()
    left = {"2": 2}

    def fail(request):
        skip = question(request.path)[1]["$skip"]
        if left.get(skip):
            left[skip] -= 1
            return 503, HTML, b"<h1>busy</h1>"
        return None

    base.answer = fail
    directory.refresh()

    assert [options["$skip"] for _, options in base.options()] == ["0", "2", "2", "2", "4", "5"]
    assert directory.state().ready


def test_a_page_that_goes_on_failing_leaves_the_last_good_copy(base, read, said):
    directory = read(page=2)
    base.answer = lambda request: None if "$skip=0" in request.path else (500, HTML, b"<h1>no</h1>")
    base.asked.clear()

    assert failure(directory, said) == "the service answered 500"
    assert [options["$skip"] for _, options in base.options()] == ["0", "2", "2", "2"]
    assert name_of(directory) == "VIP:Ренессанс Капитал"


def test_the_first_page_is_left_alone_when_it_fails(base, read, said):
    directory = read()
    base.says(b"", 503, HTML)
    base.asked.clear()

    assert failure(directory, said) == "the service answered 503"
    assert len(base.asked) == 1


def test_a_refused_login_is_tried_once_so_that_1c_does_not_lock_the_user_out(base, read, said):
    directory = read(page=2)
    base.answer = lambda request: None if "$skip=0" in request.path else (401, HTML, b"")
    base.asked.clear()

    assert failure(directory, said) == "the login is refused (401)"
    assert len(base.asked) == 2


def test_a_server_that_ignores_skip_is_an_error(base, read, said):
    directory = read()
    _, _, body = answered(base.sets, base.asked[0])
    base.says(body)

    assert failure(directory, said) == f"{CLIENTS}: the same page came twice: the server does not obey $skip"


def test_a_server_without_end_is_an_error(base, read, said, monkeypatch):
    monkeypatch.setattr(odata_pages, "_MAX_ENTRIES", 10)
    directory = read()
    more = count()
    base.answer = lambda request: (200, JSON, json.dumps({"value": [Client(f"К{next(more)}"), Client("К")]}).encode())

    assert failure(directory, said) == f"{CLIENTS}: more than 10 entries"


def test_groups_and_what_is_marked_for_deletion_are_passed_over(base, read):
    base.sets[CLIENTS] += [
        Client("Удалён", "8 916 000-00-01", DeletionMark=True),
        Client("Группа", "8 916 000-00-02", IsFolder=True),
        Client("Без телефона"),
        Client("", "8 916 000-00-03"),
    ]
    directory = read()

    assert directory.state().callers == len(CALLERS)
    assert name_of(directory, "89160000001") is None


def test_only_phones_are_numbers_and_each_way_they_are_written_finds_the_caller(base, read):
    base.sets[CLIENTS] = [
        Client(
            "Иванов",
            ("Адрес", "660000, Красноярск, тел. 8 391 274-66-10"),
            ("Телефон", "сот. 8 916 000-00-01, раб. 8 391 274-66-14 доб. 5 (Иван)", ""),
            ("Телефон", "274-66-15", "73912746615"),
        )
    ]
    directory = read()

    for number in ("89160000001", "83912746614", "83912746615"):
        assert name_of(directory, number) == "Иванов"
    assert name_of(directory, "83912746610") is None


def test_a_number_that_stands_there_whole_too_is_not_guessed(base, read):
    base.sets[CLIENTS] = [
        Client("Один", ("Телефон", "274-66-15", "73912746615")),
        Client("Два", ("Телефон", "274-66-16", "")),
    ]
    plan = NumberPlan(area_code="391")
    directory = read(plan=plan)

    assert directory.find(identify("83912746615")).confidence is Confidence.EXACT
    assert directory.find(identify("83912746616")).confidence is Confidence.LOCAL


def test_a_manager_is_an_extension_or_nobody(base, read):
    base.sets[CLIENTS] = [
        Client(
            "Иванов",
            "8 916 000-00-01",
            Менеджер=Reference(Контакты=[{"Вид": "boss@example.ru"}, {"Вид": "+7 916 1234567"}, {"Вид": 244}]),
        ),
        Client("Петров", "8 916 000-00-02", Менеджер=NOTHING),
        Client("Сидоров", "8 916 000-00-03", Менеджер=None),
    ]
    directory = read(fields={"manager": "Менеджер.Контакты.Вид"})

    managers = [directory.find(identify(f"8916000000{place}")).caller.manager for place in (1, 2, 3)]
    assert managers == ["244", "", ""]


def test_the_first_attribute_that_holds_something_counts(base, read):
    base.sets[CLIENTS] = [
        Client("", "8 916 000-00-01", company="ООО «Первый»", Реквизиты=[{"Значение": "VIP"}, {"Значение": True}])
    ]
    directory = read(fields={"name": "Description, НаименованиеПолное", "category": "Реквизиты.0.Значение"})

    caller = directory.find(identify("89160000001")).caller
    assert (caller.name, caller.category) == ("ООО «Первый»", "VIP")
    assert "$expand" not in base.options()[0][1]


def test_what_only_a_default_names_may_be_missing_in_the_base(base, read):
    for client in base.sets[CLIENTS]:
        for attribute in ("IsFolder", "НаименованиеПолное", "Комментарий"):
            del client[attribute]
    apart(base)
    for row in base.sets[SECTION]:
        del row["LineNumber"], row["Тип"], row["НомерТелефона"]

    assert name_of(read()) == "VIP:Ренессанс Капитал"
    assert name_of(read(phones=SECTION)) == "VIP:Ренессанс Капитал"


def test_what_the_settings_name_may_not_be_missing_and_is_said_with_1cs_words(opening, said):
    reason = failure(opening(fields={"note": "Примечание"}), said)

    assert reason == "the service answered 400: Сегмент пути Примечание не найден!"


def test_a_set_that_is_not_published_is_said(opening, said):
    reason = failure(opening(callers="Catalog_Партнеры"), said)

    assert reason.endswith("is Catalog_Партнеры part of the standard OData interface?")
    assert reason.startswith("the service answered 404: Сегмент пути Catalog_Партнеры не найден!")


def test_numbers_may_be_attributes_of_the_caller(base, read):
    base.sets[CLIENTS] = [Client("Иванов", Телефон="8 916 000-00-01", Факс="8 916 000-00-02")]

    assert name_of(read(phones="", fields={"number": "Телефон, Факс"}), "89160000002") == "Иванов"


def test_phones_may_stand_in_a_register_that_names_their_owner(base, read):
    register = "InformationRegister_КонтактнаяИнформация"
    (ivanov, petrov) = base.sets[CLIENTS] = [Client("Иванов"), Client("Петров")]
    base.sets[register] = [
        {"Объект": client["Ref_Key"], "Тип": "Телефон", "Представление": f"8 916 000-00-0{place}"}
        for place, client in ((1, ivanov), (2, petrov))
    ]
    directory = read(phones=register, owner="Объект")

    assert (name_of(directory, "89160000001"), name_of(directory, "89160000002")) == ("Иванов", "Петров")


def test_the_copy_follows_the_base(base, read):
    directory = read()
    base.sets[CLIENTS].append(Client("Новый", "8 916 000-00-01"))
    assert name_of(directory, "89160000001") is None
    directory.refresh()

    assert name_of(directory, "89160000001") == "Новый"


def test_the_copy_is_made_again_and_again_by_itself(base, opening):
    opening(every=0.05)

    until(lambda: len(base.asked) >= 6)


def test_a_base_that_lost_more_than_half_of_its_callers_is_not_believed(base, read, said):
    directory = read()
    base.sets[CLIENTS] = base.sets[CLIENTS][:2]

    assert failure(directory, said) == "2 callers instead of 5"
    base.sets[CLIENTS] = []
    assert failure(directory, said) == "0 callers instead of 5"
    base.sets[CLIENTS] = clients()[:3]
    directory.refresh()
    assert directory.state() == directory.state().__class__(ready=True, callers=3)


WRONG = [
    (b"<!DOCTYPE html><html>Log in</html>", HTML, "the answer is not JSON (text/html)"),
    (b"", {}, "the answer is not JSON (?)"),
    (b'{"value": [', JSON, "the answer is not JSON (application/json)"),
    (b"[" * 100_000, JSON, "the answer is not JSON (application/json)"),
    ('{"value": ["Иванов"]}'.encode("cp1251"), JSON, "the answer is not in UTF-8"),
    (gzip.compress(b"{}", mtime=0), {**JSON, "Content-Encoding": "gzip"}, "the answer is compressed, unasked"),
    *[
        (json.dumps(body).encode(), JSON, "the answer is not a list of OData entries (value)")
        for body in (None, [], {}, 7, {"value": {}}, {"value": ["Иванов"]}, {"value": [[]]}, {"odata.error": {}})
    ],
]


@pytest.mark.parametrize(("body", "headers", "why"), WRONG)
def test_what_is_no_page_is_said_and_the_last_good_copy_kept(base, read, said, body, headers, why):
    directory = read()
    base.says(body, headers=headers)

    assert failure(directory, said) == why
    assert name_of(directory) == "VIP:Ренессанс Капитал"


STATUSES = [
    (301, "a redirect (301), which is not followed"),
    (401, "the login is refused (401)"),
    (403, "the login is refused (403)"),
    (400, "the service answered 400"),
    (404, f"the service answered 404: is the url right, is {CLIENTS} part of the standard OData interface?"),
    (500, "the service answered 500"),
    (204, "the service answered 204"),
]


@pytest.mark.parametrize(("status", "why"), STATUSES)
def test_any_status_but_200_is_said(base, read, said, status, why):
    directory = read()
    base.says(b"<h1>1C:Enterprise 8 application error</h1>" if status != 204 else b"", status, HTML)

    assert failure(directory, said) == why


def test_1cs_own_words_are_shown_in_one_short_line_without_secrets(base, read, said):
    directory = read(user="vats", password="sesame")
    base.answer = lambda _: refusal(500, "-1", f"Нет\nсеанса vats/sesame: {ROOT}?$skip=0".replace(ROOT, "http://1c"))
    assert failure(directory, said) == "the service answered 500: Нет сеанса vats/***: http://1c?…"

    base.answer = lambda _: refusal(500, "-1", "ошибка " * 100)
    assert len(failure(directory, said)) < 200


@pytest.mark.parametrize("value", [None, 7, {"a": 1}, [], "", True])
def test_an_error_that_holds_no_words_is_said_all_the_same(base, read, said, value):
    directory = read()
    base.says({"odata.error": value}, 500)

    assert failure(directory, said) == "the service answered 500"


def test_a_page_that_is_too_large_is_an_error(base, read, said, monkeypatch):
    directory = read()
    monkeypatch.setattr(odata_pages, "_MAX_BYTES", 1 << 20)
    base.says(b" " * (1 << 20) + b"[]")

    assert failure(directory, said) == "the answer is larger than 1 MiB"


def test_a_base_that_hangs_is_not_waited_for(base, read, said):
    directory = read(timeout=0.2)
    hung = threading.Event()
    base.answer = lambda _: hung.wait(5) and None
    reason = failure(directory, said)
    hung.set()

    assert reason == "no answer within 0.2 s"


@pytest.mark.parametrize("host", ["1c.invalid", "127.0.0.1"])
def test_a_base_that_cannot_be_reached_does_not_stop_the_start(opening, said, host):
    directory = opening(url=f"http://{host}:{free_port()}{ROOT}")

    assert "cannot connect" in failure(directory, said)
    with pytest.raises(DirectoryError, match="cannot connect"):
        name_of(directory)


def test_a_server_that_does_not_speak_http_is_an_error(opening, said):
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            while True:
                with contextlib.suppress(ConnectionError):
                    client, _ = listening.accept()
                    with client:
                        if not client.recv(65536):
                            return
                        client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        reason = failure(opening(url=f"http://127.0.0.1:{listening.getsockname()[1]}{ROOT}"), said)
        with socket.create_connection(listening.getsockname()):
            pass
        thread.join()

    assert "broke off" in reason


def test_nobody_can_be_asked_before_the_base_was_read(base, opening):
    go_on = threading.Event()
    base.answer = lambda _: go_on.wait(5) and None
    directory = opening()
    with pytest.raises(DirectoryError, match="has not been read yet"):
        name_of(directory)
    assert (directory.state().ready, directory.state().callers) == (False, None)
    go_on.set()
    directory.refresh()

    assert name_of(directory) == "VIP:Ренессанс Капитал"


def test_calls_are_answered_while_the_base_is_copied(base, read):
    directory = read()
    entered, go_on = threading.Event(), threading.Event()
    base.answer = lambda _: entered.set() or (go_on.wait(5) and None)
    thread = threading.Thread(target=directory.refresh)
    thread.start()
    entered.wait(5)
    found = name_of(directory)
    go_on.set()
    thread.join()

    assert found == "VIP:Ренессанс Капитал"


def test_several_who_want_it_copied_wait_for_one_copy(base, read):
    directory = read()
    base.asked.clear()
    lock, came = threading.Lock(), threading.Semaphore(0)

    class Counting:
        """A lock that tells who comes to it."""

        def __enter__(self):
            came.release()
            lock.acquire()

        def __exit__(self, *_):
            lock.release()

    directory._copy_lock = Counting()
    go_on = threading.Event()
    base.answer = lambda _: go_on.wait(5) and None
    threads = [threading.Thread(target=directory.refresh) for _ in range(5)]
    for thread in threads:
        thread.start()
    for _ in threads:
        came.acquire(timeout=5)
    go_on.set()
    for thread in threads:
        thread.join()

    # A page, and an empty one.
    assert len(base.asked) == 2


def test_closing_ends_the_thread_even_between_two_tries(base, opening):
    paused = threading.Event()

    def fail(request):
        if "$skip=0" in request.path:
            return None
        paused.set()
        return 503, HTML, b""

    base.answer = fail
    directory = opening(pauses=(600,))
    paused.wait(5)
    directory.close()
    for thread in threading.enumerate():
        if thread.name == "directory 1c":
            thread.join(5)
            assert not thread.is_alive()


def test_a_closed_directory_asks_nothing_more(base, read):
    directory = read()
    directory.close()
    base.asked.clear()
    directory.refresh()

    assert base.asked == []


def test_a_defect_in_the_reading_does_not_end_the_copying(base, read, said, monkeypatch):
    directory = read()
    with monkeypatch.context() as broken:
        broken.setattr("vats1c.directory.kinds.odata.CallerIndex", lambda _: 1 // 0)
        directory.refresh()
    assert [level for level, _, _ in said[-2:]] == ["exception", "warning"]
    assert not directory.state().ready
    directory.refresh()

    assert directory.state().ready


def test_half_a_character_in_a_name_spoils_nothing(base, read):
    base.sets[CLIENTS] = [Client("Иванов \ud83d", "8 916 000-00-01"), Client("Петров", "8 916 000-00-02")]
    directory = read()

    assert (name_of(directory, "89160000001"), name_of(directory, "89160000002")) == ("Иванов ?", "Петров")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "made" / "1c.cache"


def away(base):
    base.says(b"", 503, HTML)


def test_a_restart_answers_from_the_cache_before_1c_does(base, read, opening, cache):
    before = read(cache=str(cache), fields=FIELDS)
    away(base)
    after = opening(cache=str(cache), fields=FIELDS)

    for number, caller in CALLERS:
        assert after.find(identify(number)) == before.find(identify(number))
        assert caller.name in name_of(after, number)
    assert after.state().callers == len(CALLERS)
    after.refresh()
    assert not after.state().ready
    assert name_of(after) == "VIP:Ренессанс Капитал"


def test_the_cache_remembers_whose_town_was_guessed(base, read, opening, cache):
    base.sets[CLIENTS] = [Client("Сосед", "274-66-15, 8 916 000-00-01")]
    plan = NumberPlan(area_code="391")
    read(cache=str(cache), plan=plan)
    away(base)

    match = opening(cache=str(cache), plan=plan).find(identify("83912746615", plan))
    assert match.confidence is Confidence.LOCAL


def test_only_its_owner_may_read_the_cache_and_no_secret_stands_in_it(base, read, cache):
    read(cache=str(cache), user="vats", password="sesame")

    assert list(cache.parent.iterdir()) == [cache]
    assert not any(secret in cache.read_text(encoding="utf-8") for secret in ("sesame", "127.0.0.1", ROOT))
    if sys.platform != "win32":
        assert stat.S_IMODE(cache.stat().st_mode) == 0o600


def spoilt(text):
    return [
        "",
        "null",
        "[]",
        "not JSON",
        text.partition("\n")[0],
        text[: len(text) // 2],
        text.rstrip("\n").rpartition("\n")[0] + "\n",
        text.replace("+7923", "+79" * 20),
        text.replace('"+7923', '"x'),
        text.replace('"Ковалёва Янина"', "7"),
        text.replace('"version":1', '"version":2'),
    ]


def test_a_cache_that_is_broken_counts_as_none(base, read, opening, said, cache):
    read(cache=str(cache))
    away(base)
    for text in spoilt(cache.read_text(encoding="utf-8")):
        cache.write_text(text, encoding="utf-8")
        said.clear()
        directory = opening(cache=str(cache))

        assert directory.state().callers is None, text
        assert ("warning", "cache_unusable") in [line[:2] for line in said]


@pytest.mark.parametrize("other", [{"fields": {"note": "Description"}}, {"plan": NumberPlan(area_code="391")}])
def test_a_cache_of_another_source_counts_as_none(base, read, opening, cache, other):
    read(cache=str(cache))
    away(base)

    assert opening(cache=str(cache), **other).state().callers is None


def test_a_cache_that_cannot_be_written_does_not_spoil_the_copy(read, said, tmp_path):
    (tmp_path / "file").touch()
    directory = read(cache=str(tmp_path / "file" / "1c.cache"))

    assert directory.state().ready
    assert "cannot be" in said[-1][2]


def test_a_worse_copy_does_not_get_into_the_cache(base, read, said, cache):
    directory = read(cache=str(cache))
    kept = cache.read_bytes()
    base.sets[CLIENTS] = []
    failure(directory, said)

    assert cache.read_bytes() == kept


def test_check_and_lookup_wait_for_the_callers(base, tmp_path):
    (tmp_path / "secret").write_text("пароль\n", encoding="utf-8")
    (tmp_path / "vats1c.toml").write_text(
        f'data = "data"\n[[users]]\nname = "SOAP"\npassword = "123"\n'
        f'[[directories]]\nname = "1c"\ntype = "odata"\nurl = "{base.url}"\nuser = "vats"\n'
        f'password_file = "secret"\ncache = "1c.cache"\n',
        encoding="utf-8",
    )
    with open_application(config.load(tmp_path / "vats1c.toml")) as application:
        refresh_directories(application, anew=False)
        (directory,) = application.publications[0].directories
        assert name_of(directory) == "VIP:Ренессанс Капитал"
        base.asked.clear()
        refresh_directories(application, anew=False)
        assert base.asked == []
        refresh_directories(application, anew=True)
        assert base.asked
    assert (tmp_path / "1c.cache").exists()


@pytest.mark.parametrize("place", ["inside", "apart"])
def test_the_callers_that_have_a_number_too_long_to_be_read_are_logged_by_their_keys(base, read, place):
    client = Client("Длинный", "8 999 111-22-33", "(" + "а" * 40_000)
    base.sets[CLIENTS].append(client)
    if place == "apart":
        apart(base)
    with structlog.testing.capture_logs() as logs:
        directory = read(**({"phones": SECTION} if place == "apart" else {}))

    (warning,) = [one for one in logs if one["event"] == "number_cells_too_long"]
    assert (warning["log_level"], warning["directory"]) == ("warning", "1c")
    assert (warning["count"], warning["first_keys"]) == (1, [client["Ref_Key"]])
    assert name_of(directory, "89991112233") == "Длинный"


def test_no_number_no_name_and_no_address_gets_into_the_log(base, read, caplog):
    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as lines:
        directory = read(user="vats", password="sesame")
        name_of(directory)
        away(base)
        directory.refresh()

    told = caplog.text + str(lines)
    assert "directory_copied" in told
    assert not any(secret in told for secret in ("9235292926", "Ренессанс", "sesame", ROOT))


def wrong(**settings):
    with pytest.raises(DirectoryError) as caught:
        load(
            "odata",
            "1c",
            {"url": f"http://127.0.0.1:9{ROOT}", **settings},
            DEFAULT_PLAN,
            DirectoryContext(None, "telephony", Path.cwd()),
        )
    assert "sesame" not in str(caught.value)
    return caught.value.key


@pytest.mark.parametrize(
    "url",
    [
        f"1c.example{ROOT}",
        f"ftp://1c.example{ROOT}",
        f"http://{ROOT}",
        f"http://vats:sesame@1c.example{ROOT}",
        f"http://1c.example{ROOT}?$format=json",
        f"http://1c.example{ROOT}#top",
        f"http://1c..example{ROOT}",
        "",
        7,
    ],
)
def test_a_bad_url_stops_the_start(url):
    assert wrong(url=url) == "url"


def test_the_address_is_needed():
    with pytest.raises(DirectoryError) as caught:
        OdataDirectory("1c", {}, DEFAULT_PLAN)
    assert caught.value.key == "url"


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"pasword": "sesame"}, "pasword"),
        ({"password": "sesame"}, "password"),
        ({"user": "va:ts", "password": "sesame"}, "user"),
        ({"user": "vats", "password": "sesame", "password_file": "secret"}, "password_file"),
        ({"user": "vats", "password_file": "/none/there"}, "password_file"),
        ({"callers": "Контрагенты"}, "callers"),
        ({"callers": "Catalog_Контрагенты/?$filter"}, "callers"),
        ({"phones": "Контактная информация"}, "phones"),
        ({"phones": 7}, "phones"),
        ({"phones": ""}, "fields.number"),
        ({"owner": "a.b"}, "owner"),
        ({"fields": "name"}, "fields"),
        ({"fields": {"age": "Возраст"}}, "fields"),
        ({"fields": {"name": ""}}, "fields.name"),
        ({"fields": {"name": 7}}, "fields.name"),
        ({"fields": {"note": "Комментарий,$filter"}}, "fields.note"),
        ({"page": 0}, "page"),
        ({"page": 10_001}, "page"),
        ({"page": True}, "page"),
        ({"page": "1000"}, "page"),
        ({"every": 0}, "every"),
        ({"every": 86_401}, "every"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": 601}, "timeout"),
        ({"cache": ""}, "cache"),
        ({"ca": "/none/there"}, "ca"),
    ],
)
def test_settings_that_cannot_be_used_are_named(settings, key):
    settings = {"url": f"https://127.0.0.1:9{ROOT}", **settings} if "ca" in settings else settings
    assert wrong(**settings) == key


def test_an_empty_password_file_stops_the_start(tmp_path):
    (tmp_path / "secret").write_text("\n", encoding="utf-8")
    assert wrong(user="vats", password_file=str(tmp_path / "secret")) == "password_file"


def test_a_missing_library_stops_the_start_and_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    for module in ("kinds.odata", "odata_pages", "odata_rows", "http_client"):
        monkeypatch.delitem(sys.modules, f"vats1c.directory.{module}")
    with pytest.raises(DirectoryError, match="httpx is not installed"):
        importlib.import_module("vats1c.directory.kinds.odata")
