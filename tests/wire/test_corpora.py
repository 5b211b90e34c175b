"""Bad input that others have collected, all of it through the live port."""

import http.server
import json
import threading
from html import escape

import pytest

from tests.support.faults import assert_fault
from tests.support.live import PATH, SOAP11, envelope, incoming_call, say_name

pytestmark = pytest.mark.corpora
_MOST_GROWTH = 50 * 1024 * 1024


@pytest.fixture(scope="module")
def corpora(shared):
    return shared / "corpora"


@pytest.fixture(scope="module")
def service(start):
    """A service of its own; when the corpora have been through, it still answers, has not grown, and confesses nothing."""
    live = start(extra="[limits]\nfailed_logins = 1000\n")
    live.tried = 0
    for _ in range(200):
        live.post(say_name())
    memory_before = resident(live) or 0
    yield live
    assert live.post(say_name()).returned == "VIP:Ренессанс Капитал"
    grown = (resident(live) or 0) - memory_before
    _, printed = live.terminate()
    print(f"{live.tried} inputs tried; resident memory grew by {grown / 1024 / 1024:.1f} MB")
    assert live.tried > 0
    assert grown < _MOST_GROWTH
    assert "Traceback" not in printed
    assert "89235292926" not in printed
    assert SOAP11 not in printed


def resident(live):
    """Return the resident memory of the service, bytes; None where the system does not tell."""
    try:
        with open(f"/proc/{live.process.pid}/statm", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * 4096
    except OSError:
        return None


def test_naughty_strings_as_numbers_and_keys_are_answered_or_refused(service, corpora):
    strings = json.loads((corpora / "blns" / "blns.json").read_text(encoding="utf-8"))
    for string in strings:
        for text in (say_name(escape(string)), say_name(escape(string), parameter="Number")):
            service.tried += 1
            answer = service.post(text.encode("utf-8", "replace"))
            if answer.status != 200:
                assert_fault(answer)
            else:
                assert answer.returned == "" or "<title></title>" in answer.returned
        service.tried += 1
        answer = service.post(incoming_call(escape(string), escape(string)).encode("utf-8", "replace"))
        if answer.status != 200:
            assert_fault(answer)
        else:
            assert answer.returned == "1"


def test_naughty_strings_as_bodies_and_logins_are_refused(service, corpora):
    import base64

    strings = json.loads((corpora / "blns" / "blns.json").read_text(encoding="utf-8"))
    for string in strings:
        service.tried += 2
        answer = service.post(string.encode("utf-8", "replace"))
        assert answer.status in (415, 500)  # some of them declare an encoding
        assert_fault(answer, status=answer.status, code=None)
        login = base64.b64encode(string.encode("utf-8", "replace") + b":" + string.encode("utf-8", "replace")).decode()
        assert_fault(service.post(say_name(), authorization=f"Basic {login}"[:7_000]), status=401)


class Canary:
    """A server that nobody has any reason to ask."""

    def __init__(self):
        self.asked = []
        asked = self.asked

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_error(404)

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def canary():
    made = Canary()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_xml_bombs_and_external_entities_are_refused_and_nothing_is_fetched(service, corpora, canary):
    files = sorted((corpora / "defusedxml" / "xmltestdata").iterdir())
    assert len(files) > 10
    for file in files:
        content = file.read_bytes().replace(b"http://www.w3schools.com", canary.url.encode())
        service.tried += 1
        answer = service.post(content)
        assert_fault(answer, status=413 if len(content) > 65_536 else 500, code=None)
        doctype, separator, _ = content.partition(b"]>")
        if b"<!DOCTYPE" in doctype and separator:
            service.tried += 1
            root = say_name("&b;").partition("?>\n")[2].encode()
            answer = service.post((doctype[doctype.index(b"<!DOCTYPE") :] + separator + root)[:65_536])
            assert_fault(answer)
    for external in (
        'SYSTEM "{}/x"',
        'PUBLIC "a" "{}/x"',
        '[<!ENTITY x SYSTEM "{}/x">]',
        '[<!ENTITY % x SYSTEM "{}/x"> %x;]',
    ):
        service.tried += 2
        doctype = f"<!DOCTYPE Envelope {external.format(canary.url)}>"
        assert_fault(service.post(doctype + say_name("&x;").partition("?>\n")[2]))
        included = f'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="{canary.url}/x"/>'
        assert_fault(service.post(envelope(f'<SayName xmlns="http://VATS"><number>{included}</number></SayName>')))
    located = f'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="http://VATS {canary.url}/x.xsd"'
    answer = service.post(envelope(f'<SayName xmlns="http://VATS" {located}><number>1</number></SayName>'))

    assert answer.status == 200
    assert canary.asked == []


def test_raw_http_requests_good_and_bad_leave_the_service_running(service, corpora):
    manifest = json.loads((corpora / "gunicorn_requests" / "manifest.json").read_text(encoding="utf-8"))
    cases = manifest["cases"] if isinstance(manifest, dict) else manifest
    assert len(cases) > 100
    for case in cases:
        content = (corpora / "gunicorn_requests" / case["kind"] / f"{case['name']}.bin").read_bytes()
        service.tried += 1
        received = service.raw(content, timeout=5, and_no_more=True)
        assert b"Traceback" not in received, case["name"]
        assert b"<html" not in received.lower(), case["name"]
        # None of them carries our login: whatever reached the application was not served as an exchange.
        assert b"m:SayNameResponse" not in received, case["name"]


def test_raw_http_requests_aimed_at_the_endpoint_are_refused(service, corpora):
    for file in sorted((corpora / "gunicorn_requests").glob("*/*.bin")):
        request_line, separator, rest = file.read_bytes().partition(b"\r\n")
        if not separator:
            continue
        parts = request_line.split(b" ")
        aimed = b" ".join([b"POST", PATH.encode(), *parts[2:]]) + separator + rest
        service.tried += 1
        received = service.raw(aimed, timeout=5, and_no_more=True)
        assert b" 200 OK" not in received, file.name
        assert b"Traceback" not in received, file.name
