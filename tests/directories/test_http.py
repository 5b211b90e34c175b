"""A web service's directory passes the suite over a real server, and says what is wrong with an answer."""

import contextlib
import gzip
import importlib
import json
import logging
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.live import free_port
from vats1c.directory import DirectoryContext, DirectoryError, load
from vats1c.directory.kinds.http import HttpDirectory
from vats1c.model import Confidence
from vats1c.number import DEFAULT_PLAN, NumberPlan, identify
from vats1c.testing import CALLERS, DirectoryContract

JSON = {"Content-Type": "application/json"}


class Service(ThreadingHTTPServer):
    """Somebody's web service: `answer` gives status, headers and body for a request; `asked` holds what was sent."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []
        self.connections = 0
        self.answer = lambda request: (200, JSON, json.dumps(callers_of(request)).encode())
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_):
        """A client that hangs up early is what is tested."""

    def says(self, body, status=200, headers=JSON):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answer = lambda request: (status, headers, content)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.server.connections += 1

    def do_GET(self):
        self.server.asked.append(self)
        status, headers, body = self.server.answer(self)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass


def callers_of(request):
    number = parse_qs(urlsplit(request.path).query)["n"][0]
    return [{"number": own, **caller._asdict()} for own, caller in CALLERS if identify(own).canonical == number]


@pytest.fixture
def service():
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def opened(service):
    """Open directories, all closed at the end."""
    directories = []

    def open_(url=None, plan=DEFAULT_PLAN, **settings):
        url = url or f"{service.url}/find?n={{number}}"
        directories.append(HttpDirectory("crm", {"url": url, "timeout": 5, **settings}, plan))
        return directories[-1]

    yield open_
    for directory in directories:
        directory.close()


@pytest.fixture
def directory(opened):
    return opened()


class TestHttp(DirectoryContract):
    """The suite over a web service."""


def ask(directory, number="89235292926"):
    return directory.find(identify(number))


def name_of(directory, number="89235292926"):
    match = ask(directory, number)
    return match.caller.name if match else None


def failure(directory, number="89235292926"):
    """Return why asking failed: one line that names neither the number nor the URL."""
    with pytest.raises(DirectoryError) as caught:
        ask(directory, number)
    for said in (str(caught.value), caught.value.message.ru, caught.value.message.en):
        assert "\n" not in said
        assert not any(secret in said for secret in ("9235292926", "sesame", "?n=", "/find"))
    assert not directory.state().ready
    return str(caught.value)


def wrong(**settings):
    with pytest.raises(DirectoryError) as caught:
        HttpDirectory("crm", {"url": "http://127.0.0.1:9/{number}", **settings}, DEFAULT_PLAN)
    assert "sesame" not in str(caught.value)
    return caught.value.key


def test_the_url_carries_any_form_of_the_number_percent_encoded(service, opened):
    service.says(None)
    ask(opened(f"{service.url}/a/{{number}}/{{national}}/{{last10}}?r={{received}}"), "8 (923) 529-29-26")

    assert service.asked[-1].path == "/a/%2B79235292926/89235292926/9235292926?r=8%20%28923%29%20529-29-26"


def test_a_foreign_number_is_not_asked_where_the_service_knows_national_ones_only(service, opened):
    directory = opened(f"{service.url}/{{national}}")
    service.asked.clear()

    assert name_of(directory, "+375291234567") is None
    assert service.asked == []


def test_user_and_password_are_sent_as_basic_authorization(service, opened):
    opened(user="vats", password="пароль")  # vats:пароль in UTF-8

    assert service.asked[-1].headers["Authorization"] == "Basic dmF0czrQv9Cw0YDQvtC70Yw="


def test_a_token_and_headers_are_sent(service, opened):
    opened(token="sesame", headers={"X-Shop": "7"})

    assert service.asked[-1].headers["Authorization"] == "Bearer sesame"
    assert service.asked[-1].headers["X-Shop"] == "7"


def test_the_environment_neither_sends_elsewhere_nor_adds_anything(service, opened, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)

    assert name_of(opened()) == "VIP:Ренессанс Капитал"


def test_one_connection_serves_many_questions(service, directory):
    for _ in range(5):
        assert name_of(directory) == "VIP:Ренессанс Капитал"

    assert service.connections == 1


def test_a_connection_that_was_closed_is_opened_again(service, directory):
    service.says({"name": "Иванов"}, headers={**JSON, "Connection": "close"})

    assert (name_of(directory), name_of(directory)) == ("Иванов", "Иванов")


def test_one_object_is_one_caller(service, directory):
    service.says({"name": "Иванов", "manager": 244, "category": None})

    caller = ask(directory).caller
    assert (caller.name, caller.manager, caller.category) == ("Иванов", "244", "")


def test_the_caller_may_stand_deep_in_the_answer_under_other_names(service, opened):
    directory = opened(path="result.0.contacts", fields={"name": "person.fio", "manager": "owner.ext"})
    service.says({"result": [{"contacts": [{"person": {"fio": "Иванов"}, "owner": {"ext": "244"}}]}]})

    caller = ask(directory).caller
    assert (caller.name, caller.manager) == ("Иванов", "244")


def test_windows_byte_order_mark_and_a_wrong_content_type_do_not_matter(service, directory):
    service.says(b"\xef\xbb\xbf" + '{"name": "Иванов"}'.encode(), headers={"Content-Type": "text/plain"})

    assert name_of(directory) == "Иванов"


@pytest.mark.parametrize("status", [404, 204])
def test_a_status_that_says_no_such_number_is_an_answer(service, directory, status):
    service.says(b"" if status == 204 else b"<h1>no</h1>", status)

    assert name_of(directory) is None
    assert directory.state().ready


@pytest.mark.parametrize("body", [None, [], {}, {"name": None}, {"name": " "}, [{"name": ""}]])
def test_nothing_nobody_and_a_caller_without_a_name_are_unknown(service, directory, body):
    service.says(body)

    assert name_of(directory) is None
    assert directory.state().ready


@pytest.mark.parametrize("body", [{"data": None}, {"data": []}, {"data": {"items": None}}, {"data": {"items": []}}])
def test_nothing_at_the_path_is_unknown(service, opened, body):
    directory = opened(path="data") if not isinstance(body["data"], dict) else opened(path="data.items")
    service.says(body)

    assert name_of(directory) is None


def test_a_number_that_differs_in_its_country_is_not_sure(service, directory):
    service.says({"name": "Иванов", "number": "8 923 529-29-26", "manager": "244"})

    match = ask(directory, "+449235292926")
    assert (match.confidence, match.caller.manager) == (Confidence.LAST_DIGITS, "")


def test_a_foreign_number_asked_by_its_last_digits_alone_is_not_sure(service, opened):
    service.says({"name": "Иванов", "manager": "244"})
    directory = opened(f"{service.url}/{{last10}}")

    assert ask(directory, "+449235292926").confidence is Confidence.LAST_DIGITS
    assert ask(directory).confidence is Confidence.EXACT


def test_a_number_whose_town_was_guessed_is_not_sure(service, opened):
    service.says({"name": "Сосед"})
    plan = NumberPlan(area_code="391")

    assert opened(plan=plan).find(identify("2746614", plan)).confidence is Confidence.LOCAL


@pytest.mark.parametrize("status", [400, 410, 429, 500, 502, 503])
def test_a_status_that_is_an_error_is_said(service, directory, status):
    service.says({"name": "Иванов"}, status)

    assert failure(directory) == f"the service answered {status}"


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_login_is_said(service, directory, status):
    service.says({"name": "Иванов"}, status)

    assert failure(directory) == f"the login is refused ({status})"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(service, directory, status):
    service.says({"name": "Иванов"}, status, {"Location": f"{service.url}/elsewhere"})
    service.asked.clear()

    assert "redirect" in failure(directory)
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><html><body>Log in</body></html>",
        b"",
        b'{"name": "',
        b"[" * 100_000,
        '{"name": "Иванов"}'.encode("windows-1251"),
        b"9" * 10_000,
    ],
    ids=["html", "empty", "half", "deep", "windows-1251", "digits"],
)
def test_an_answer_that_is_not_json_is_an_error(service, directory, body):
    service.says(body, headers={"Content-Type": "text/html; charset=utf-8"})

    assert failure(directory) == "the answer is not JSON (text/html)"


@pytest.mark.parametrize(
    "body",
    ["Иванов", 7, True, False, ["Иванов"], [[]], {"error": "no"}, {"name": ["Иванов"]}, {"name": {}}, {"name": True}],
)
def test_an_answer_of_a_wrong_type_is_an_error(service, directory, body):
    service.says(body)

    assert failure(directory)


def test_an_answer_without_the_path_is_an_error(service, opened):
    directory = opened(path="data.items")
    service.says({"error": "token expired"})

    assert failure(directory) == "the answer has no data.items"


def test_an_answer_that_is_too_large_is_an_error(service, directory):
    service.says(b" " * (1 << 20) + b"[]")

    assert "larger than 1 MiB" in failure(directory)


def test_an_answer_that_swells_when_unpacked_is_an_error(service, directory):
    service.says(gzip.compress(b" " * (1 << 26)), headers={**JSON, "Content-Encoding": "gzip"})

    assert "compressed" in failure(directory)


def test_a_service_that_hangs_is_not_waited_for(service, opened, end_of_test):
    directory = opened(timeout=0.2)
    service.answer = lambda _: (end_of_test.wait(60), 200, JSON, b"[]")[1:]

    assert failure(directory) == "no answer within 0.2 s"


def test_a_service_that_drips_is_not_waited_for(service, opened, end_of_test):
    directory = opened(timeout=0.3)

    def drip(request):
        request.send_response(200)
        request.send_header("Content-Length", "600")
        request.end_headers()
        for _ in range(600):
            if end_of_test.wait(0.1):
                break
            request.wfile.write(b" ")
        return 200, JSON, b""

    service.answer = drip

    assert failure(directory) == "no answer within 0.3 s"


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[]"])
def test_a_server_that_does_not_speak_http_is_an_error(answer, opened):
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            for _ in range(2):
                client, _ = listening.accept()
                with client:
                    client.recv(65536)
                    client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        directory = opened(f"http://127.0.0.1:{listening.getsockname()[1]}/find?n={{number}}")
        assert "broke off" in failure(directory)
        thread.join()


def test_a_service_that_is_away_does_not_stop_the_start(opened):
    directory = opened(f"http://127.0.0.1:{free_port()}/find?n={{number}}")

    assert not directory.state().ready
    assert "cannot connect" in failure(directory)


def test_a_host_that_nobody_knows_is_an_error(opened):
    assert "cannot connect" in failure(opened("http://crm.invalid/find?n={number}"))


def test_https_to_a_service_without_it_is_an_error(service, opened):
    assert failure(opened(service.url.replace("http:", "https:") + "/find?n={number}"))


def test_a_service_that_is_well_again_is_ready_again(service, directory):
    well = service.answer
    service.says(b"", 500)
    failure(directory)
    service.answer = well

    assert name_of(directory) == "VIP:Ренессанс Капитал"
    assert directory.state().ready


def test_no_number_gets_into_the_log(directory, caplog):
    with caplog.at_level(logging.INFO):
        ask(directory)

    assert "9235292926" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "crm.example/{number}",
        "ftp://crm.example/{number}",
        "http:///{number}",
        "http://{number}.crm.example/",
        "http://user:sesame@crm.example/{number}",
        "http://crm.example/",
        "http://crm.example/{phone}",
        "http://crm.example:port/{number}",
        "http://[crm/{number}",
        "",
        7,
    ],
)
def test_a_bad_url_stops_the_start(url):
    assert wrong(url=url) == "url"


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"pasword": "sesame"}, "pasword"),
        ({"password": "sesame"}, "password"),
        ({"user": "vats", "password": "sesame", "token": "sesame"}, "token"),
        ({"token": "sesame\n"}, "token"),
        ({"headers": {"X": "a\r\nY: b"}}, "headers"),
        ({"headers": {"X Y": "a"}}, "headers"),
        ({"headers": "X: a"}, "headers"),
        ({"fields": {"age": "age"}}, "fields"),
        ({"fields": {"name": 7}}, "fields"),
        ({"path": ""}, "path"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": True}, "timeout"),
    ],
)
def test_settings_that_cannot_be_used_are_named(settings, key):
    assert wrong(**settings) == key


def test_a_missing_library_stops_the_start_and_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    for module in ("kinds.http", "http_client"):
        monkeypatch.delitem(sys.modules, f"vats1c.directory.{module}")
    with pytest.raises(DirectoryError, match="httpx is not installed"):
        importlib.import_module("vats1c.directory.kinds.http")


def test_a_host_that_cannot_be_looked_up_is_an_error_of_the_settings():
    assert wrong(url="http://a..b/{number}") == "url"


def test_a_header_that_drips_is_given_up(opened):
    dripped = []
    letters = b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip():
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(65_536)
                for letter in letters:
                    connection.sendall(bytes([letter]))
                    dripped.append(letter)
                    time.sleep(0.05)

        dripping = threading.Thread(target=drip, daemon=True)
        dripping.start()
        directory = opened(f"http://127.0.0.1:{listening.getsockname()[1]}/{{number}}", timeout=0.3)
        dripping.join()

    assert not directory.state().ready
    assert len(dripped) < len(letters)


def test_a_certificate_file_that_is_not_there_is_named():
    assert wrong(url="https://crm.example/{number}", ca="/nowhere.pem") == "ca"


def test_the_path_inside_an_answer_is_no_file(service, tmp_path):
    service.says({"result": {"items": [{"number": "89235292926", "name": "Ренессанс Капитал"}]}})
    settings = {"url": service.url + "/?n={number}", "path": "result.items"}

    directory = load("http", "crm", settings, DEFAULT_PLAN, DirectoryContext(tmp_path, "telephony", tmp_path))

    assert directory.find(identify("89235292926")).caller.name == "Ренессанс Капитал"
    directory.close()
