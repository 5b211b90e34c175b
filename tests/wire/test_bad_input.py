"""Bad input that looks almost right: each gets a fault in its own SOAP version and is not carried out."""

import gzip

import pytest

from tests.support.faults import assert_fault
from tests.support.live import AUTHORIZATION, PATH, SOAP11, SOAP12, envelope, incoming_call, say_name

NAME = "VIP:Ренессанс Капитал"
PLAIN = '<SayName xmlns="http://VATS"><number>89235292926</number></SayName>'
KINDS = {SOAP11: "text/xml", SOAP12: "application/soap+xml"}
VERSIONS = pytest.mark.parametrize("version", [SOAP11, SOAP12])


def namespaces(count):
    return " ".join(f'xmlns:p{number}="urn:{number}"' for number in range(count))


NESTED = "".join(f"<a xmlns:p{number}='urn:{number}'>" for number in range(200))
BODIES = {
    "number before Number": '<SayName xmlns="http://VATS"><number>89235292926</number><Number>84957771234</Number></SayName>',
    "Number before number": '<SayName xmlns="http://VATS"><Number>84957771234</Number><number>89235292926</number></SayName>',
    "namespaces without end on the operation": f'<SayName xmlns="http://VATS" {namespaces(2_500)}><number>1</number></SayName>',
    "namespaces without end on a parameter": f'<SayName xmlns="http://VATS"><number {namespaces(2_500)}>1</number></SayName>',
    "namespaces on nested elements": f'<SayName xmlns="http://VATS"><number>{NESTED}{"</a>" * 200}</number></SayName>',
    "attribute in place of a parameter": '<SayName xmlns="http://VATS" number="89235292926"/>',
    "attribute in place of one of two": '<IncomingCall xmlns="http://VATS" NumFrom="1"><Key>a</Key></IncomingCall>',
    "one parameter in two namespaces": '<v:SayName xmlns:v="http://VATS"><v:number>1</v:number><number>2</number></v:SayName>',
    "elements inside an unknown parameter": '<SayName xmlns="http://VATS"><number>1</number><u><w/></u></SayName>',
    "name without end": f'<{"A" * 30_000} xmlns="http://VATS"/>',
    "namespace without end": f'<SayName xmlns="{"A" * 30_000}"><number>1</number></SayName>',
    "cycle of references": '<SayName xmlns="http://VATS"><number id="a" href="#b"/><n id="b" href="#a"/></SayName>',
}  # fmt: skip


@VERSIONS
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_is_almost_a_request_is_refused(live, version, body):
    assert_fault(live.post(envelope(body, version)), version=version)
    assert live.post(say_name()).returned == NAME


ENCODED = {
    "truncated": say_name(version=SOAP12)[:-20].encode(),
    "bytes that are not utf-8": say_name("X", version=SOAP12).encode().replace(b"X", b"\xff\xfe"),
    "nul": say_name("\0", version=SOAP12).encode(),
    "utf-32": say_name(version=SOAP12).replace("utf-8", "utf-32").encode("utf-32"),
    "ebcdic": say_name(version=SOAP12).replace("utf-8", "cp037").encode("cp037"),
    "gzip without its header": gzip.compress(say_name(version=SOAP12).encode()),
    "text": b"hello",
}


@pytest.mark.parametrize("body", ENCODED.values(), ids=ENCODED)
def test_an_unreadable_body_of_a_soap_1_2_client_is_refused_in_soap_1_2(live, body):
    answer = live.post(body, content_type=KINDS[SOAP12])

    assert answer.status in (415, 500)
    assert_fault(answer, status=answer.status, version=SOAP12)


@VERSIONS
@pytest.mark.parametrize("value", ["true", " 1 "])
def test_a_mandatory_header_is_seen_in_every_spelling(live, version, value):
    header = f'<s:Header><t xmlns="urn:t" s:mustUnderstand="{value}"/></s:Header>'
    text = f'<s:Envelope xmlns:s="{version}">{header}<s:Body>{PLAIN}</s:Body></s:Envelope>'

    assert_fault(live.post(text), code="MustUnderstand", version=version)


LOGIN = AUTHORIZATION.encode()


def head(version=SOAP11, authorization=LOGIN):
    first = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {KINDS[version]}\r\n"
    return first.encode() + b"Authorization: " + authorization + b"\r\n"


def chunk(body):
    return b"%x\r\n%s\r\n" % (len(body), body)


BAD_CHUNKS = {
    "cut in a chunk": lambda body: chunk(body)[:-40],
    "a size that is no number": lambda body: chunk(body[:-40]) + b"zz\r\n" + chunk(body[-40:]),
    "no line end after a chunk": lambda body: chunk(body[:-40])[:-2] + b"XX" + chunk(body[-40:]),
    "ended too soon": lambda body: chunk(body[:-40]) + b"0\r\n\r\n" + chunk(body[-40:]),
}


@pytest.mark.parametrize("broken", BAD_CHUNKS.values(), ids=BAD_CHUNKS)
def test_a_call_in_a_broken_chunked_body_is_not_carried_out(start, broken):
    live = start()
    body = incoming_call(key="broken").encode()

    received = live.raw(head() + b"Transfer-Encoding: chunked\r\n\r\n" + broken(body), timeout=5, and_no_more=True)

    assert b" 200 OK" not in received
    assert b"Traceback" not in received
    assert live.journal() == []


@VERSIONS
def test_a_body_shorter_than_it_was_said_to_be_gets_a_fault(live, version):
    body = say_name(version=version).encode()

    received = live.raw(head(version) + b"Content-Length: %d\r\n\r\n" % (len(body) + 100) + body, and_no_more=True)

    assert received.startswith(b"HTTP/1.1 500")
    assert f"content-type: {KINDS[version]}; charset=utf-8".encode() in received
    assert f'<soap:Envelope xmlns:soap="{version}"><soap:Body><soap:Fault>'.encode() in received


@pytest.mark.parametrize("login", [b"Basic \xff\xfe", "Basic привет".encode(), b"Basic\tU09BUDoxMjM=", b"\xff"])
def test_a_login_in_bytes_that_are_odd_is_refused(start, login):
    live = start()
    body = say_name().encode()

    received = live.raw(head(authorization=login) + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    assert received.startswith(b"HTTP/1.1 401")
    assert b"<soap:Fault>" in received


def test_two_logins_at_once_are_refused(start):
    body = say_name().encode()
    twice = head() + b"Authorization: Basic eDp5\r\n"

    assert start().raw(twice + b"Content-Length: %d\r\n\r\n" % len(body) + body).startswith(b"HTTP/1.1 401")


@VERSIONS
@pytest.mark.parametrize("path", ["/x/ws/y", "/x/ws/%00", "/x/ws/%0d%0aFORGED", "/telephony/ws/%ff"])
def test_an_address_where_nothing_is_published_is_a_fault_in_both_versions(live, version, path):
    assert_fault(live.post(say_name(), path=path, content_type=KINDS[version]), status=404, version=version)


def test_after_all_that_the_service_has_nothing_to_confess(live):
    assert live.post(say_name()).returned == NAME
    assert "Traceback" not in live.printed
    assert "FORGED" not in live.printed
