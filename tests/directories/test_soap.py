"""A 1C's directory passes the suite over a real service, asks as the VATS asks, and says what is wrong with an answer."""

import csv
import gzip
import importlib
import json
import logging
import socket
import ssl
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.support.live import AUTHORIZATION, PATH, SOAP11, SOAP12, free_port
from vats1c.directory import DirectoryError
from vats1c.directory.kinds.soap import SoapDirectory
from vats1c.model import Caller, Confidence
from vats1c.number import DEFAULT_PLAN, NumberPlan, identify
from vats1c.testing import CALLERS, DirectoryContract

EXAMPLES = Path(__file__).parents[1] / "wire" / "examples"
XML = {"Content-Type": "text/xml; charset=utf-8"}
HTML = {"Content-Type": "text/html; charset=utf-8"}
DECLARED = 'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
# The caller of the vendor's example, as far as SayName can tell of one.
KNOWN = Caller("VIP:Ренессанс Капитал", category="0", manager="244")


def example(name):
    return (EXAMPLES / name).read_bytes()


def enveloped(inside, version=SOAP11):
    return f'<soap:Envelope xmlns:soap="{version}"><soap:Body>{inside}</soap:Body></soap:Envelope>'


def said(text, version=SOAP11, namespace="http://VATS"):
    """Return the answer of a 1C whose `return` holds `text` as it is."""
    returned = f"<m:return {DECLARED}>{text}</m:return>"
    return enveloped(f'<m:SayNameResponse xmlns:m="{namespace}">{returned}</m:SayNameResponse>', version)


def fault11(text):
    return enveloped(f"<soap:Fault><faultcode>soap:Server</faultcode><faultstring>{text}</faultstring></soap:Fault>")


def fault12(text):
    reason = f'<soap:Reason><soap:Text xml:lang="ru">{text}</soap:Text></soap:Reason>'
    code = "<soap:Code><soap:Value>soap:Receiver</soap:Value></soap:Code>"
    return enveloped(f"<soap:Fault>{code}{reason}</soap:Fault>", SOAP12)


# As a real 1C prints its tree: CRLF, tabs, attributes on lines of their own (1c-wire, 2.1).
PRINTED = (
    f'<soap:Envelope xmlns:soap="{SOAP11}">\r\n\t<soap:Body>\r\n\t\t<m:SayNameResponse xmlns:m="http://VATS">\r\n'
    '\t\t\t<m:return xmlns:xs="http://www.w3.org/2001/XMLSchema"\r\n'
    '\t\t\t\t\txmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">Иванов Иван</m:return>\r\n'
    "\t\t</m:SayNameResponse>\r\n\t</soap:Body>\r\n</soap:Envelope>"
)


class OneC(ThreadingHTTPServer):
    """A web server with a 1C behind it: `answer` gives status, headers and body; `asked` holds what was sent."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []
        self.connections = 0
        self.says(said(""))
        self.url = f"http://127.0.0.1:{self.server_address[1]}/base/ws/VATS"

    def handle_error(self, *_):
        """A client that hangs up early is what is tested."""

    def says(self, body, status=200, headers=XML):
        content = body.encode() if isinstance(body, str) else body
        self.answer = lambda request: (status, headers, content)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.server.connections += 1

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(self)
        status, headers, body = self.server.answer(self)
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


@pytest.fixture
def one_c():
    with OneC() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def opened(request):
    """Open directories, all closed at the end."""
    directories = []

    def open_(url=None, plan=DEFAULT_PLAN, **settings):
        url = url or request.getfixturevalue("one_c").url
        directories.append(SoapDirectory("1c", {"url": url, "timeout": 5, **settings}, plan))
        return directories[-1]

    yield open_
    for directory in directories:
        directory.close()


@pytest.fixture
def asking(opened):
    """A directory over the 1C that is played here."""
    return opened()


@pytest.fixture(scope="module")
def ours(start, tmp_path_factory):
    """A service of ours that stands where the 1C would, with the suite's callers."""
    file = tmp_path_factory.mktemp("suite") / "callers.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out, delimiter=";")
        rows.writerow(["number", "name", "company", "category", "manager", "note"])
        rows.writerows([own, who.name, who.company, who.category, who.manager, who.note] for own, who in CALLERS)
    table = {"name": "suite", "type": "csv", "path": str(file)}
    return start(env={"VATS1C_DIRECTORIES": json.dumps([table])})


FORMS = [
    {"contract": contract, "parameter": parameter, "soap": soap, "send": send}
    for contract in ("vats", "test")
    for parameter in ("number", "Number")
    for soap in ("1.1", "1.2")
    for send in ("received", "national", "canonical")
]


class TestSoap(DirectoryContract):
    """The suite over a service of ours, asked in the later contract.

    Two of its tests say here what SayName can tell: no company and no note, and of an ambiguous match all names in one.
    """

    @pytest.fixture
    def directory(self, ours, opened):
        return opened(ours.endpoint, user="SOAP", password="123", parameter="Number")

    def test_a_known_number_is_found_with_all_that_is_known(self, directory):
        match = directory.find(identify("89235292926"))
        assert (match.confidence, match.caller) == (Confidence.EXACT, KNOWN)

    def test_two_contacts_with_one_number_are_ambiguous_and_never_route(self, directory):
        match = directory.find(identify("89031112233"))
        assert match.caller == Caller("Иванов Иван / Петрова Анна")

    def test_many_threads_ask_at_once(self, directory):
        found = []
        threads = [
            threading.Thread(target=lambda: found.extend(ask(directory).caller for _ in range(20))) for _ in range(32)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [KNOWN] * 640


@pytest.mark.parametrize("form", FORMS, ids=lambda form: "-".join(form.values()))
def test_our_own_service_is_asked_in_every_form_of_the_contract(ours, opened, form):
    directory = opened(ours.endpoint, user="SOAP", password="123", **form)

    assert directory.state().ready
    assert ask(directory).caller == (KNOWN if form["parameter"] == "Number" else Caller(KNOWN.name))
    assert ask(directory, "84957771234").caller.name == 'Рога & Копыта <ООО> "Юг"'
    assert ask(directory, "+375291234567").caller == Caller("Ковалёва Янина")
    assert ask(directory, "89990000000") is None


@pytest.mark.parametrize(
    ("path", "settings", "why"),
    [
        (PATH, {"password": "wrong"}, "1C refuses the login (401)"),
        ("/nothing/ws/VATS", {}, "there is no web service at the URL (404)"),
        (PATH, {"contract": "vatscalls"}, "1C answered with a fault: неизвестная операция {http://VATSCalls}SayName"),
    ],
)
def test_what_our_own_service_refuses_is_said(ours, opened, path, settings, why):
    directory = opened(ours.url + path, **{"user": "SOAP", "password": "123", **settings})

    assert failure(directory).startswith(why)


def ask(directory, number="89235292926"):
    return directory.find(identify(number))


def name_of(directory, number="89235292926"):
    match = ask(directory, number)
    return match.caller.name if match else None


def failure(directory, number="89235292926"):
    """Return why asking failed: one line that names neither the number nor what stands in the URL."""
    with pytest.raises(DirectoryError) as caught:
        ask(directory, number)
    for text in (str(caught.value), caught.value.message.ru, caught.value.message.en):
        assert "\n" not in text
        assert not any(secret in text for secret in ("9235292926", "529-29-26", "sesame", "/ws/"))
    assert not directory.state().ready
    return str(caught.value)


def wrong(**settings):
    with pytest.raises(DirectoryError) as caught:
        SoapDirectory("1c", {"url": "http://127.0.0.1:9/ws/VATS", **settings}, DEFAULT_PLAN)
    assert "sesame" not in str(caught.value)
    return caught.value.key


# What is sent.


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("1-sayname-test", {"contract": "test"}),
        ("2-sayname-vats", {}),
        ("4-sayname-vats-data", {"parameter": "Number"}),
    ],
)
def test_the_request_is_the_vendors_byte_for_byte_and_its_answer_is_read(one_c, opened, name, settings):
    one_c.says(example(f"{name}.response.xml"))
    directory = opened(user="SOAP", password="123", **settings)

    assert ask(directory).caller == (KNOWN if "Number" in settings.values() else Caller(KNOWN.name))

    sent = one_c.asked[-1]
    assert sent.body == example(f"{name}.request.xml")
    assert (sent.command, sent.path) == ("POST", "/base/ws/VATS")
    headers = {name.lower(): value for name, value in sent.headers.items()}
    assert headers["content-type"] == "text/xml"
    assert headers["authorization"] == AUTHORIZATION
    assert headers["cache-control"] == "no-cache"
    assert headers["host"] == one_c.url.split("/")[2]
    assert headers.keys() == {
        *("host", "content-type", "authorization", "cache-control", "content-length"),
        *("accept", "accept-encoding", "user-agent"),
    }


def test_a_call_is_told_in_the_vendors_bytes_and_its_key_is_not_given_back(one_c, opened):
    directory = opened(user="SOAP", password="123")
    one_c.says(example("3-incomingcall-vats.response.xml"))

    heard = directory.ring("89235292926", "gW3cyUJAtl50PhF")

    assert one_c.asked[-1].body == example("3-incomingcall-vats.request.xml")
    assert (heard.error, heard.status, heard.body) == (None, 200, example("3-incomingcall-vats.response.xml"))
    assert b"<Key>KEY</Key>" in heard.request
    assert b"gW3cyUJAtl50PhF" not in heard.request


def test_a_call_that_1c_does_not_take_is_said_and_no_password_is_given_back(one_c, opened):
    directory = opened(user="SOAP", password="sesame")
    one_c.says(fault11("wrong password sesame of 89235292926"), status=500)

    heard = directory.ring("89235292926", "gW3cyUJAtl50PhF")

    assert str(heard.error) == "1C answered with a fault: wrong password *** of ***********"
    assert b"sesame" not in heard.body
    assert not directory.state().ready


def test_soap_1_2_differs_in_the_envelope_and_its_content_type_alone(one_c, opened):
    ask(opened(soap="1.2"))

    sent = one_c.asked[-1]
    assert sent.body == example("2-sayname-vats.request.xml").replace(SOAP11.encode(), SOAP12.encode())
    assert sent.headers["Content-Type"] == "application/soap+xml; charset=utf-8"


def test_the_third_generation_is_asked_in_its_own_namespace(one_c, opened):
    one_c.says(said("Иванов", namespace="http://VATSCalls"))

    assert name_of(opened(contract="vatscalls")) == "Иванов"
    assert b'<SayName xmlns="http://VATSCalls">\n            <Number>89235292926</Number>' in one_c.asked[-1].body


@pytest.mark.parametrize(
    ("settings", "number", "sent"),
    [
        ({}, "8 (923) 529-29-26", "8 (923) 529-29-26"),
        ({"send": "received"}, "+79235292926", "+79235292926"),
        ({"send": "national"}, "+79235292926", "89235292926"),
        ({"send": "canonical"}, "89235292926", "+79235292926"),
        ({"send": "national"}, "+375 29 123-45-67", "+375291234567"),
        ({}, "8 923 529-29-26 (<&>, «Ёж»\x01)", "8 923 529-29-26 (&lt;&amp;&gt;, «Ёж»)"),
    ],
)
def test_the_number_is_sent_in_the_form_that_was_chosen(one_c, opened, settings, number, sent):
    ask(opened(**settings), number)

    assert f"<number>{sent}</number>".encode() in one_c.asked[-1].body


@pytest.mark.parametrize("send", ["received", "national", "canonical"])
def test_nobodys_number_is_asked_about_at_the_start(one_c, opened, send):
    directory = opened(send=send)

    assert len(one_c.asked) == 1
    assert b"0000000000</number>" in one_c.asked[0].body
    assert directory.state().ready


def test_user_and_password_are_sent_in_utf_8(one_c, opened):
    opened(user="АТС", password="пароль")

    assert one_c.asked[-1].headers["Authorization"] == "Basic 0JDQotChOtC/0LDRgNC+0LvRjA=="


def test_a_user_of_1c_may_have_no_password_and_there_may_be_no_user(one_c, opened):
    opened(user="SOAP")
    assert one_c.asked[-1].headers["Authorization"] == "Basic U09BUDo="

    opened()
    assert "Authorization" not in one_c.asked[-1].headers


def test_a_session_of_1c_is_not_taken_up(one_c, asking):
    one_c.says(said("Иванов"), headers={**XML, "Set-Cookie": "ibsession=1; path=/"})
    ask(asking)
    ask(asking)

    assert "Cookie" not in one_c.asked[-1].headers


def test_the_environment_neither_sends_elsewhere_nor_adds_anything(one_c, opened, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)

    assert opened().state().ready


def test_one_connection_serves_many_questions(one_c, asking):
    one_c.says(PRINTED)
    for _ in range(5):
        assert name_of(asking) == "Иванов Иван"

    assert one_c.connections == 1


def test_a_connection_that_was_closed_is_opened_again(one_c, asking):
    one_c.says(PRINTED, headers={**XML, "Connection": "close"})

    assert (name_of(asking), name_of(asking)) == ("Иванов Иван", "Иванов Иван")


# What is read.


def marked(encoding, mark=b""):
    return mark + PRINTED.encode(encoding)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (PRINTED.encode(), "text/xml; charset=utf-8"),
        (PRINTED.encode(), "application/soap+xml; charset=utf-8"),
        (PRINTED.replace(SOAP11, SOAP12).encode(), "text/xml; charset=utf-8"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>' + PRINTED.encode(), "text/xml"),
        (b'\r\n<?xml version="1.0" encoding="UTF-8"?>\r\n' + PRINTED.encode(), "text/xml"),
        (b'<?xml version="1.0" encoding="windows-1251"?>' + marked("cp1251"), "text/xml; charset=utf-8"),
        (marked("cp1251"), 'text/xml; charset="Windows-1251"'),
        (marked("utf-16-le", b"\xff\xfe"), "text/xml"),
        (marked("utf-16-be", b"\xfe\xff"), "text/xml; charset=utf-8"),
        ('<?xml version="1.0" encoding="UTF-16"?>'.encode("utf-16-le") + marked("utf-16-le"), "text/xml"),
        (marked("utf-16-be"), "text/xml"),
        (PRINTED.replace("Envelope>", "Envelope><!-- 1C -->").encode(), "text/xml"),
        (PRINTED.replace("<soap:Body>", "<soap:Header/><soap:Body>").encode(), "text/xml"),
        (PRINTED.replace("soap:", "S:").replace(":soap", ":S").replace("m:", "").replace(":m", "").encode(), ""),
        (PRINTED.replace("Иванов Иван", "<![CDATA[Иванов]]> <!-- -->Иван").encode(), "text/xml"),
        (PRINTED.replace("Иванов Иван", "\r\n\t\t Иванов Иван \r\n\t\t\t").encode(), "text/xml"),
    ],
    ids=[
        "as printed",
        "of the other version by its type",
        "of the other version by its envelope",
        "byte order mark",
        "line before the declaration",
        "windows-1251 declared",
        "windows-1251 in the header",
        "utf-16 le marked",
        "utf-16 be marked",
        "utf-16 le declared",
        "utf-16 be bare",
        "comment",
        "header",
        "other prefixes",
        "cdata",
        "whitespace",
    ],
)
def test_an_answer_is_read_however_it_is_spelled(one_c, asking, body, content_type):
    one_c.says(body, headers={"Content-Type": content_type})

    match = ask(asking)
    assert (match.confidence, match.caller) == (Confidence.EXACT, Caller("Иванов Иван"))


def test_an_answer_is_read_in_pieces(one_c, asking):
    def chunked(request):
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        for letter in PRINTED.encode():
            request.wfile.write(b"1\r\n" + bytes([letter]) + b"\r\n")
        request.wfile.write(b"0\r\n\r\n")
        raise ConnectionAbortedError

    one_c.answer = chunked

    assert name_of(asking) == "Иванов Иван"


@pytest.mark.parametrize(
    "body",
    [
        said(""),
        said(" \r\n\t"),
        said("").replace("></m:return>", "/>"),
        said("").replace("></m:return>", ' xsi:nil="true"/>'),
        said("").replace("></m:return>", ' xsi:nil="1"/>'),
        said("&lt;data/&gt;"),
        said("<![CDATA[<data><title> </title><category>0</category><manager><phone>244</phone></manager></data>]]>"),
        said("<![CDATA[<?xml version='1.0'?>\n<data>\n<title/><category/><manager><phone/></manager></data>]]>"),
    ],
    ids=["empty", "whitespace", "closed on itself", "nil", "nil 1", "bare document", "no title", "empty document"],
)
def test_an_empty_name_is_nobody(one_c, asking, body):
    one_c.says(body)

    assert name_of(asking) is None
    assert asking.state().ready


DATA = "<data><title>{}</title><category>{}</category><manager><phone>{}</phone></manager></data>"


@pytest.mark.parametrize(
    ("text", "caller"),
    [
        (DATA.format(" Иванов", "VIP", "244"), Caller("Иванов", category="VIP", manager="244")),
        (DATA.format("Иванов", "0", "1 234"), Caller("Иванов", category="0", manager="1234")),
        (DATA.format("Иванов", "", "12\u00a0345"), Caller("Иванов", manager="12345")),
        (DATA.format("Иванов", "", "244 245"), Caller("Иванов", manager="244 245")),
        (DATA.format("Рога &amp; Копыта &lt;ООО&gt;", "", ""), Caller("Рога & Копыта <ООО>")),
        (DATA.format("Рога & Копыта", "1", "1 234"), Caller("Рога & Копыта", category="1", manager="1234")),
        (DATA.format("<ООО> Рога", "1", "244"), Caller("<ООО> Рога", category="1", manager="244")),
        (
            DATA.format("А & Б</title><manager><phone>666</phone></manager>", "", "244"),
            Caller("А & Б</title><manager><phone>666</phone></manager>", manager="244"),
        ),
        ("<data><title>Рога & Копыта</title></data>", Caller("Рога & Копыта")),
        ("<data><title>Иванов</title></data>", Caller("Иванов")),
        ("<data xmlns='http://VATS'><title>Иванов</title></data>", Caller("Иванов")),
        ('\ufeff<?xml version="1.0" encoding="windows-1251"?>\n<data><title>Ёж</title></data>', Caller("Ёж")),
        ('<?xml version="1.0" encoding="UTF-16"?><data><title>Ёж</title></data>', Caller("Ёж")),
        ("<ООО> Рога & Копыта", Caller("<ООО> Рога & Копыта")),
        ("<database>", Caller("<database>")),
    ],
)
@pytest.mark.parametrize("parameter", ["number", "Number"])
def test_a_name_and_a_document_are_told_apart_by_what_they_are(one_c, opened, parameter, text, caller):
    directory = opened(parameter=parameter)
    one_c.says(said(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")))

    assert ask(directory).caller == caller


def test_a_document_that_nobody_made_text_is_read_too(one_c, asking):
    one_c.says(said(DATA.format("Иванов", "VIP", "244")))

    assert ask(asking).caller == Caller("Иванов", category="VIP", manager="244")


def test_a_name_of_a_number_whose_town_was_guessed_is_not_sure(one_c, opened):
    one_c.says(said(DATA.format("Сосед", "", "244")))
    plan = NumberPlan(area_code="391")

    match = opened(plan=plan).find(identify("2746614", plan))
    assert (match.confidence, match.caller.manager) == (Confidence.LOCAL, "")
    assert b"<number>2746614</number>" in one_c.asked[-1].body


# What is wrong.


@pytest.mark.parametrize("status", [500, 400, 200])
@pytest.mark.parametrize("fault", [fault11, fault12])
def test_a_fault_is_said_without_the_number_the_password_and_addresses(one_c, opened, status, fault):
    directory = opened(user="SOAP", password="sesame")
    place = "{WебСервис.VATS.Модуль(25)}"
    one_c.says(
        fault(
            f"Неизвестная ошибка. {place}: 8 (923) 529-29-26, +79235292926, sesame, http://h?key=x\nпо причине:\n{place}"
        ),
        status,
    )

    assert failure(directory) == (
        "1C answered with a fault: Неизвестная ошибка. {WебСервис.VATS.Модуль(**)}: "
        "* (***) ***-**-**, +***********, ***, http://h?… по причине: {WебСервис.VATS.Модуль(**)}"
    )


def test_a_long_fault_is_cut(one_c, asking):
    one_c.says(fault11("Ошибка " * 1000), 500)

    assert len(failure(asking)) < 200


def test_a_fault_without_a_text_is_said(one_c, asking):
    one_c.says(enveloped("<soap:Fault/>"), 500)

    assert failure(asking) == "1C answered with a fault: ?"


PAGE = "<!DOCTYPE html>\r\n<html><body><h1>Ошибка</h1>Доступ к 8 923 529-29-26<br></body></html>"
# A publication with sessions, asked without one: 1C's own words, in plain text (1c-wire, 3).
NO_SESSION = "Не указан заголовок управления сеансами или куки с идентификатором сеанса."


WRONG = [
    (401, HTML, PAGE, "1C refuses the login (401)"),
    (403, HTML, PAGE, "1C refuses the login (403)"),
    (404, HTML, PAGE, "there is no web service at the URL (404)"),
    (500, HTML, PAGE, "1C answered 500: an HTML page came instead of SOAP"),
    (502, HTML, PAGE, "1C answered 502: an HTML page came instead of SOAP"),
    (200, HTML, PAGE, "an HTML page came instead of SOAP"),
    (200, XML, PAGE, "an HTML page came instead of SOAP"),
    (200, HTML, "<h1>Вход</h1>", "an HTML page came instead of SOAP"),
    (
        400,
        {"Content-Type": "text/plain"},
        NO_SESSION,
        "1C answered 400: the answer is not well-formed XML (text/plain)",
    ),
    (500, XML, "", "1C answered 500: the answer is empty"),
    (503, XML, PRINTED, "1C answered 503"),
    (200, XML, "", "the answer is empty"),
    (200, XML, " \r\n", "the answer is empty"),
    (200, XML, b"\xef\xbb\xbf", "the answer is empty"),
    (200, XML, PRINTED[:-20], "the answer is not well-formed XML (text/xml)"),
    (200, XML, PRINTED[:100], "the answer is not well-formed XML (text/xml)"),
    (200, {}, "Иванов", "the answer is not well-formed XML (?)"),
    (200, XML, PRINTED + PRINTED, "the answer is not well-formed XML (text/xml)"),
    (200, XML, "<a>" * 100_000, "the answer is not well-formed XML (text/xml)"),
    (200, XML, PRINTED.replace("Иван", "\0"), "the answer is not well-formed XML (text/xml)"),
    (200, XML, "<data><title>Иванов</title></data>", "the answer is not a SOAP envelope"),
    (200, XML, said("x", "http://example.org/soap"), "the answer is not a SOAP envelope"),
    (200, XML, enveloped(""), "the envelope holds no answer"),
    (200, XML, enveloped("<a/><b/>"), "the envelope holds no answer"),
    (200, XML, PRINTED.replace("Body", "Corpus"), "the envelope holds no answer"),
    (200, XML, PRINTED.encode("cp1251"), "the answer cannot be read in its encoding"),
    (200, XML, '<?xml version="1.0" encoding="EBCDIC-CP-US"?><a/>', "the answer cannot be read in its encoding"),
    (200, XML, b"\xff\xfe<", "the answer cannot be read in its encoding"),
    (200, XML, said("x").replace("return", "Return"), "the answer holds no return"),
    (200, XML, said("x").replace("m:return", "return"), "the answer holds no return"),
    (200, XML, said("x</m:return><m:return>y"), "the answer holds no return"),
    (200, XML, said("<b>Иванов</b>"), "return holds neither a name nor <data>"),
    (200, XML, said("&lt;data>&lt;title>Ив"), "the <data> document in the answer is broken"),
    (200, XML, said("&lt;data>А &amp; Б&lt;/data>"), "the <data> document in the answer is broken"),
    (
        200,
        XML,
        said("<data><title>А</title><title>Б</title></data>"),
        "the <data> document in the answer is broken",
    ),
    (200, XML, said("&lt;error>Нет ИНН 2926&lt;/error>"), "1C answered with an error: Нет ИНН ****"),
]


@pytest.mark.parametrize(("answer", "why"), [((body, status, headers), why) for status, headers, body, why in WRONG])
def test_what_is_no_answer_is_said(one_c, asking, answer, why):
    one_c.says(*answer)

    assert failure(asking) == why


@pytest.mark.parametrize(
    ("body", "came"),
    [
        (said("x", namespace="http://test"), "SayNameResponse (http://test)"),
        (said("x", namespace="http://1c.example/?n=9235292926"), "SayNameResponse (http://*c.example/?…"),
        (example("3-incomingcall-vats.response.xml"), "IncomingCallResponse (http://VATS)"),
        (example("2-sayname-vats.request.xml"), "SayName (http://VATS)"),
        (enveloped("<SayNameResponse/>"), "SayNameResponse ()"),
    ],
    ids=["namespace", "namespace with a number", "operation", "echo", "no namespace"],
)
def test_an_answer_to_something_else_is_an_error(one_c, asking, body, came):
    one_c.says(body)

    assert failure(asking).startswith(f"expected SayNameResponse (http://VATS), got {came}")


BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE a>",
        BOMB,
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd" [<!ENTITY b "x">]>',
    ],
    ids=["bare", "bomb", "file", "network"],
)
def test_a_document_type_is_an_error_outside_and_inside(one_c, asking, doctype):
    refused = (
        "the answer holds a document type declaration",
        "the answer is not well-formed XML (text/xml)",
        "the <data> document in the answer is broken",
    )
    one_c.says(doctype + said("&amp;b;" if "ENTITY" not in doctype else "&b;"))
    assert failure(asking) in refused

    for declaration in ("", "<?xml version='1.0'?>"):
        one_c.says(said(f"<![CDATA[{declaration}{doctype}<data><title>&b;</title></data>]]>"))
        assert failure(asking) in refused


# In quadratic time the next two would take minutes.


def test_an_answer_of_many_namespaces_and_elements_is_read_in_linear_time(one_c, asking):
    declared = " ".join(f'xmlns:a{number}="b{number}"' for number in range(30_000))
    one_c.says(said(f"<b {declared}>" + "<a0:c/>" * 30_000 + "</b>"))

    assert failure(asking) == "return holds neither a name nor <data>"


def test_markup_repeated_in_a_broken_document_is_read_in_linear_time(one_c, asking):
    one_c.says(said("<![CDATA[<data>&" + "<title></title><phone>" * 40_000 + "]]>"))

    assert "broken" in failure(asking)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(one_c, asking, status):
    one_c.says(PRINTED, status, {"Location": f"{one_c.url}/elsewhere"})
    one_c.asked.clear()

    assert "redirect" in failure(asking)
    assert len(one_c.asked) == 1


def test_an_answer_that_is_too_large_is_an_error(one_c, asking):
    one_c.says(" " * (1 << 20) + PRINTED)

    assert failure(asking) == "the answer is larger than 1 MiB"


def test_an_answer_that_was_compressed_unasked_is_an_error(one_c, asking):
    one_c.says(gzip.compress(PRINTED.encode()), headers={**XML, "Content-Encoding": "gzip"})

    assert failure(asking) == "the answer is compressed, unasked"
    assert one_c.asked[-1].headers["Accept-Encoding"] == "identity"


def test_a_1c_that_hangs_is_not_waited_for(one_c, opened, end_of_test):
    directory = opened(timeout=0.2)
    one_c.answer = lambda _: (end_of_test.wait(60), 200, XML, b"")[1:]

    assert failure(directory) == "no answer within 0.2 s"


@pytest.mark.parametrize("begins", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"], ids=["header", "body"])
def test_a_1c_that_drips_is_not_waited_for(one_c, opened, begins, end_of_test):
    directory = opened(timeout=0.3)

    def drip(request):
        request.wfile.write(begins or b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(600):
            if end_of_test.wait(0.1):
                break
            request.wfile.write(b"x")
        raise ConnectionAbortedError

    one_c.answer = drip

    assert failure(directory) == "no answer within 0.3 s"


@pytest.mark.slow
def test_more_questions_than_connections_wait_no_longer_than_one(one_c, opened):
    directory = opened(timeout=0.5)
    one_c.answer = lambda _: (time.sleep(2), 200, XML, b"")[1:]
    reasons = []
    threads = [threading.Thread(target=lambda: reasons.append(failure(directory))) for _ in range(20)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert reasons == ["no answer within 0.5 s"] * 20
    assert time.monotonic() - begun < 1.5


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<a"])
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
        directory = opened(f"http://127.0.0.1:{listening.getsockname()[1]}/ws/VATS")
        assert "broke off" in failure(directory)
        thread.join()


def test_a_1c_that_is_away_does_not_stop_the_start(opened):
    directory = opened(f"http://127.0.0.1:{free_port()}/ws/VATS")

    assert not directory.state().ready
    assert "cannot connect" in failure(directory)


def test_a_host_that_nobody_knows_is_an_error(opened):
    assert "cannot connect" in failure(opened("http://1c.invalid/ws/VATS"))


def test_https_to_a_server_without_it_is_an_error(one_c, opened):
    assert "cannot connect" in failure(opened(one_c.url.replace("http:", "https:")))


@pytest.fixture
def behind_tls(one_c, tmp_path):
    """The 1C behind a certificate of nobody's; gives its URL and the file to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    one_c.socket = context.wrap_socket(one_c.socket, server_side=True, do_handshake_on_connect=False)
    return one_c.url.replace("http://127.0.0.1", "https://localhost"), file


def test_a_certificate_of_nobodys_is_not_trusted(behind_tls, opened):
    assert "certificate verify failed" in failure(opened(behind_tls[0]))


def test_a_certificate_of_ones_own_is_trusted_and_https_is_asked_on_one_connection(one_c, behind_tls, opened):
    url, file = behind_tls
    one_c.says(PRINTED)
    directory = opened(url, timeout=1, ca=str(file))
    assert (name_of(directory), name_of(directory), one_c.connections) == ("Иванов Иван", "Иванов Иван", 1)

    one_c.answer = lambda _: (time.sleep(3), 200, XML, b"")[1:]
    assert failure(directory) == "no answer within 1 s"


def test_a_1c_that_is_well_again_is_ready_again(one_c, asking):
    one_c.says(PAGE, 500, HTML)
    failure(asking)
    one_c.says(PRINTED)

    assert name_of(asking) == "Иванов Иван"
    assert asking.state().ready


def test_no_number_and_no_query_gets_into_the_log(one_c, opened, caplog):
    one_c.says(fault11("8 923 529-29-26"), 500)
    with caplog.at_level(logging.DEBUG):
        directory = opened(f"{one_c.url}?token=sesame", user="SOAP", password="sesame")
        failure(directory)

    assert one_c.asked[-1].path.endswith("?token=sesame")
    assert "sesame" not in caplog.text
    assert "529-29-26" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "1c.example/ws/VATS",
        "ftp://1c.example/ws/VATS",
        "http:///ws/VATS",
        "http://user:sesame@1c.example/ws/VATS",
        "http://1c.example:port/ws/VATS",
        "http://1c.example:99999/ws/VATS",
        "http://1c..example/ws/VATS",
        f"http://{'a' * 64}.example/ws/VATS",
        "http://[1c/ws/VATS",
        "http://1c.example/\n",
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
        ({"user": "SOAP", "password": 123}, "password"),
        ({"user": "SO:AP", "password": "sesame"}, "user"),
        ({"contract": "http://VATS"}, "contract"),
        ({"contract": "vatscalls", "parameter": "number"}, "parameter"),
        ({"parameter": "NUMBER"}, "parameter"),
        ({"soap": 1.1}, "soap"),
        ({"send": ["received"]}, "send"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": 61}, "timeout"),
        ({"timeout": True}, "timeout"),
    ],
)
def test_settings_that_cannot_be_used_are_named(settings, key):
    assert wrong(**settings) == key


def test_the_address_is_needed():
    with pytest.raises(DirectoryError) as caught:
        SoapDirectory("1c", {}, DEFAULT_PLAN)
    assert caught.value.key == "url"


def test_a_missing_library_stops_the_start_and_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    for module in ("kinds.soap", "http_client"):
        monkeypatch.delitem(sys.modules, f"vats1c.directory.{module}")
    with pytest.raises(DirectoryError, match="httpx is not installed"):
        importlib.import_module("vats1c.directory.kinds.soap")
