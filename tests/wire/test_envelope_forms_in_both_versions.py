"""Odd spellings of an honest request mean the same in SOAP 1.2, http://test and the later contract."""

import pytest
from lxml import etree

from tests.support.live import SOAP11, SOAP12, envelope, say_name

NAME = "VIP:Ренессанс Капитал"
PLAIN = '<SayName xmlns="http://VATS"><number>89235292926</number></SayName>'
XSI = "http://www.w3.org/2001/XMLSchema-instance"
VERSIONS = pytest.mark.parametrize("version", [SOAP11, SOAP12])
NAMESPACES = pytest.mark.parametrize("namespace", ["http://VATS", "http://test"])
HIDDEN = ["", " ", "anonymous", "0000", "+", "😀📞", "9" * 60_000, "Ω≈ç√∫", "&lt;script&gt;", "1; DROP TABLE calls"]


@VERSIONS
@pytest.mark.parametrize(
    "form",
    [
        '<q:Envelope xmlns:q="{}"><q:Body>{}</q:Body></q:Envelope>',
        '<Envelope xmlns="{}"><Body>{}</Body></Envelope>',
        '<s:Envelope xmlns:s="{}" ><s:Body >{}</s:Body ></s:Envelope >',
        '<!-- a --><s:Envelope xmlns:s="{}"><!-- b --><s:Body><!-- c -->{}<!-- d --></s:Body></s:Envelope><!-- e -->',
        '\ufeff<s:Envelope xmlns:s="{}">\r\n\t<s:Body>\r\n\t{}\r\n</s:Body>\r\n</s:Envelope>\r\n',
    ],
)
def test_any_envelope_is_read_in_both_versions(live, version, form):
    answer = live.post(form.format(version, PLAIN))

    assert (answer.status, answer.returned, answer.version) == (200, NAME, version)


@VERSIONS
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1251"])
def test_every_usual_encoding_is_read_in_both_versions(live, version, codec):
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(codec, b"")
    declared = "utf-16" if codec.startswith("utf-16") else codec.removesuffix("-sig")

    answer = live.post(mark + say_name(version=version).replace("utf-8", declared).encode(codec))

    assert (answer.status, answer.returned, answer.version) == (200, NAME, version)


@VERSIONS
@pytest.mark.parametrize("form", ["<{0}/>", f'<{{0}} xmlns:xsi="{XSI}" xsi:nil="true"/>'])
@pytest.mark.parametrize("parameter", ["number", "Number"])
@NAMESPACES
def test_a_hidden_number_is_nobody_in_every_contract(live, version, namespace, parameter, form):
    answer = live.post(envelope(f'<SayName xmlns="{namespace}">{form.format(parameter)}</SayName>', version))

    assert answer.status == 200
    assert title(answer.returned, parameter) == ""


@NAMESPACES
@pytest.mark.parametrize("parameter", ["number", "Number"])
@pytest.mark.parametrize("number", HIDDEN)
def test_an_absurd_number_is_nobody_in_every_contract(live, namespace, parameter, number):
    answer = live.post(say_name(number, namespace, parameter))

    assert answer.status == 200
    assert title(answer.returned, parameter) == ""


def title(returned, parameter):
    """Return the name in an answer: the whole of it, or the title of the later contract's document."""
    return returned if parameter == "number" else etree.fromstring(returned.encode()).findtext("title")


def test_characters_that_xml_cannot_carry_are_dropped_from_the_data_document_too(live):
    returned = live.post(say_name("89135004455", parameter="Number")).returned

    assert title(returned, "Number") == "ЁлкинаАлёна"


@pytest.mark.parametrize("role", ["urn:other", f"{SOAP12}/role/none"])
def test_a_mandatory_header_for_somebody_else_is_passed_over_in_soap_1_2(live, role):
    header = f'<s:Header><t xmlns="urn:t" s:mustUnderstand="true" s:role="{role}"/></s:Header>'

    answer = live.post(f'<s:Envelope xmlns:s="{SOAP12}">{header}<s:Body>{PLAIN}</s:Body></s:Envelope>')

    assert (answer.status, answer.returned, answer.version) == (200, NAME, SOAP12)
