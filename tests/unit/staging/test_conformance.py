"""The conformance report: the vendor's own requests give none, and each deviation its own stable code."""

import importlib
import inspect
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from tests.support.live import SOAP12, envelope, incoming_call, say_name
from vats1c.model import Exchange
from vats1c.soap import wsdl
from vats1c.staging import conformance
from vats1c.staging.conformance import report
from vats1c.staging.reparse import read

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = sorted((ROOT / "tests/wire/examples").glob("*.request.xml"))
TEXT = {"Content-Type": "text/xml"}


def exchange(outcome="ok", status=200):
    return Exchange("telephony", datetime(2026, 11, 23, tzinfo=UTC), outcome=outcome, status=status)


def found(body, headers=TEXT, outcome="ok"):
    """Return the report of a request as code and severity."""
    content = body.encode() if isinstance(body, str) else body
    sent = read(content, headers.get("Content-Type", "")) if content else None
    return [(one.code, one.severity.value) for one in report(exchange(outcome), headers, content, sent)]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda one: one.name)
def test_the_vendors_own_requests_give_no_finding(sample):
    assert SAMPLES
    assert found(sample.read_bytes()) == []


@pytest.mark.parametrize("action", ['"http://VATS#VATS:SayName"', "http://VATS#VATS:SayName"])
def test_the_action_of_the_wsdl_gives_no_finding(action):
    assert found(say_name(), TEXT | {"Soapaction": action}) == []


@pytest.mark.parametrize("number", ["+79235292926", "244", "", "anonymous", "CallAPI", "0000", "112"])
def test_what_the_vats_sends_as_a_number_gives_no_finding(number):
    assert found(say_name(number)) == []


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (say_name(namespace="http://VATSCalls"), TEXT, [("NS-MISMATCH", "warning")]),
        (incoming_call().replace("http://VATS", "http://test"), TEXT, [("NS-MISMATCH", "warning")]),
        (say_name(namespace="http://test", parameter="Number"), TEXT, [("NS-MISMATCH", "warning")]),
        (say_name().replace("<number>", '<number xmlns="">'), TEXT, [("NS-MISMATCH", "warning")]),
        (say_name(), {}, [("CONTENT-TYPE", "warning")]),
        (say_name(), {"Content-Type": "application/json"}, [("CONTENT-TYPE", "warning")]),
        (say_name(version=SOAP12), TEXT, [("CONTENT-TYPE", "warning"), ("SOAP-VERSION", "note")]),
        (say_name(version=SOAP12), {"Content-Type": "application/soap+xml"}, [("SOAP-VERSION", "note")]),
        (say_name(), TEXT | {"Soapaction": '""'}, [("NO-ACTION", "note")]),
        (say_name(), TEXT | {"Soapaction": "urn:other"}, [("ACTION-DIFFERS", "warning")]),
        ("\ufeff" + say_name(), TEXT, [("BOM", "note")]),
        (say_name().replace("utf-8", "windows-1251").encode("cp1251"), TEXT, [("ENCODING", "warning")]),
        (say_name().replace("utf-8", "utf-16").encode("utf-16"), TEXT, [("ENCODING", "warning"), ("BOM", "note")]),
        (say_name(), {"Content-Type": "text/xml; charset=windows-1251"}, [("ENCODING", "warning")]),
        (say_name("абв"), TEXT, [("NUMBER-FORM", "warning")]),
        (say_name("8 (923) 529-29-26"), TEXT, [("NUMBER-FORM", "note")]),
        (incoming_call(key=" "), TEXT, [("EMPTY-KEY", "warning")]),
    ],
)
def test_a_request_that_was_answered_and_deviates_is_named(body, headers, expected):
    assert found(body, headers) == expected


@pytest.mark.parametrize(
    ("body", "outcome", "expected"),
    [
        (envelope('<SayName xmlns="http://VATS"/>'), "parameters", ["MISSING-FIELD"]),
        (incoming_call().replace("NumFrom", "numfrom"), "parameters", ["MISSING-FIELD", "UNKNOWN-FIELD"]),
        (say_name().replace("</SayName>", "<number/></SayName>"), "parameters", ["REPEATED-FIELD"]),
        (envelope('<Event xmlns="http://VATSCalls"><Data/></Event>'), "operation", ["UNKNOWN-OPERATION"]),
        (say_name(namespace="http://other"), "operation", ["NS-MISMATCH"]),
        ("<a", "xml", ["NOT-XML"]),
        ("", "empty", ["NOT-XML"]),
        ("<!DOCTYPE a><a/>", "dtd", ["DOCTYPE"]),
        ("<a/>", "version", ["SOAP-VERSION"]),
        ("", "path", ["PATH"]),
        ("", "method", ["METHOD"]),
        ("", "logins", ["AUTH"]),
    ],
)
def test_a_request_that_was_refused_is_an_error_with_the_reason_s_own_code(body, outcome, expected):
    assert found(body, outcome=outcome) == [(code, "error") for code in expected]


def test_no_login_and_a_wrong_one_are_told_apart():
    said = [report(exchange("auth"), {":Login": login}, b"", None) for login in ("", "Basic", "other")]

    assert [[one.code for one in found] for found in said] == [["AUTH"]] * 3
    assert len({found[0].message.en for found in said}) == 3


def test_a_compressed_body_is_told_from_a_multipart_one():
    assert found("", TEXT | {"Content-Encoding": "gzip"}, "type") == [("COMPRESSED", "error")]
    assert found("", {"Content-Type": "multipart/related"}, "type") == [("CONTENT-TYPE", "error")]


@pytest.mark.parametrize("outcome", ["journal", "internal"])
def test_what_is_not_the_sender_s_doing_is_no_finding(outcome):
    assert found(incoming_call(), outcome=outcome) == []


def test_operations_fields_and_actions_are_those_of_the_wsdl():
    published = etree.fromstring(wsdl.read().encode())
    name = {"xs": "http://www.w3.org/2001/XMLSchema", "soap": "http://schemas.xmlsoap.org/wsdl/soap/"}
    fields = {
        one.get("name"): tuple(field.get("name") for field in one.iterfind(".//xs:sequence/xs:element", name))
        for one in published.iterfind(".//xs:schema/xs:element", name)
        if not one.get("name").endswith("Response")
    }

    assert {operation: spellings[0] for operation, spellings in conformance.FIELDS.items()} == fields
    assert published.get("targetNamespace") == conformance.NAMESPACE
    assert {one.get("soapAction") for one in published.iterfind(".//soap:operation", name)} == {
        conformance.ACTION.format(operation=operation) for operation in fields
    }


def test_every_finding_is_on_the_page_with_its_severity_and_no_other():
    made = {
        (code, kind)
        for module in ("conformance", "refusal_findings")
        for kind, code in re.findall(
            r'\b(error|warning|note|make_finding)\(\s*"([A-Z-]+)"',
            inspect.getsource(importlib.import_module(f"vats1c.staging.{module}")),
        )
    } | {(row[0], "error") for row in _shedder()}
    made = {
        (code, each) for code, kind in made for each in (("error", "warning") if kind == "make_finding" else (kind,))
    }
    page = {
        (row[1], kind)
        for row in re.finditer(
            r"^\| `([A-Z-]+)` \| ([a-z, ]+) \|", (ROOT / "docs/conformance.md").read_text("utf-8"), re.MULTILINE
        )
        for kind in row[2].split(", ")
    }

    assert page == made


def _shedder():
    from vats1c.staging import refusal_findings

    return refusal_findings._REFUSALS.values()


def test_the_reader_of_recorded_requests_reads_no_more_than_the_service_does():
    assert read(b"<a", "text/xml") is None
    assert read(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "text/xml") is None
    assert read(say_name().encode(), "text/xml").parameters == (("http://VATS", "number", "89235292926"),)
