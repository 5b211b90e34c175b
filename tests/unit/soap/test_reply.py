"""What the phone is told survives the way through XML, whatever the directory holds."""

import re
import sys
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.support.live import SOAP11, SOAP12
from vats1c.soap import reply

ANYTHING = st.text(st.characters(exclude_categories=()))
XML_ALLOWS = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_xml_can_carry(text):
    return "".join(XML_ALLOWS.findall(text))


def returned(envelope):
    found = etree.fromstring(envelope).find("{*}Body/{http://VATS}SayNameResponse/{http://VATS}return")
    return found.text or ""


def test_an_empty_answer_closes_itself_as_1c_does():
    assert b'XMLSchema-instance"/></m:SayNameResponse>' in reply.envelope(SOAP11, "http://VATS", "SayName", "")


def test_an_unknown_caller_gets_the_data_document_with_empty_elements():
    document = etree.fromstring(reply.document("").encode())

    assert [document.findtext(path) for path in ("title", "category", "manager/phone")] == ["", "", ""]


@pytest.mark.parametrize(
    ("name", "in_xml"),
    [
        ("Рога & Копыта", "Рога &amp; Копыта"),
        ("a < b", "a &lt; b"),
        ("a > b", "a &gt; b"),
        ("a\rb", "a&#13;b"),
        ("a\u0000b", "ab"),
        ('ООО "Юг"', 'ООО "Юг"'),
        ('"Рога" & Ко\'', '"Рога" &amp; Ко\''),
    ],
)
def test_a_name_with_special_characters_is_escaped_in_the_answer(name, in_xml):
    assert f">{in_xml}</m:return>".encode() in reply.envelope(SOAP11, "http://VATS", "SayName", name)


def test_the_answer_is_byte_for_byte_like_1c_s():
    assert reply.envelope(SOAP11, "http://VATS", "SayName", "Анна").decode() == (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        '<m:SayNameResponse xmlns:m="http://VATS">'
        '<m:return xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        "Анна</m:return></m:SayNameResponse></soap:Body></soap:Envelope>"
    )


def test_the_data_document_is_written_as_the_contract_shows_it():
    assert reply.document("Анна & Ко", "VIP", "244") == (
        '<?xml version="1.0"?>\n<data>\n    <title>Анна &amp; Ко</title>\n    <category>VIP</category>\n'
        "    <manager>\n        <phone>244</phone>\n    </manager>\n</data>\n"
    )


def test_every_character_arrives_as_it_is_but_for_what_xml_cannot_carry():
    # Each by itself, as a printable one takes the short way.
    characters = [chr(code) for code in range(sys.maxunicode + 1)]
    alone = "|".join(reply._escaped(character) for character in characters)

    assert unescape(alone.replace("&#13;", "\r")) == "|".join(map(as_xml_can_carry, characters))


@given(ANYTHING, st.sampled_from([SOAP11, SOAP12]))
def test_any_name_arrives_as_it_is_but_for_what_xml_cannot_carry(name, version):
    assert returned(reply.envelope(version, "http://VATS", "SayName", name)) == as_xml_can_carry(name)


@given(ANYTHING, ANYTHING, ANYTHING)
def test_any_caller_survives_the_data_document_inside_the_envelope(name, category, manager):
    inner = etree.fromstring(
        returned(reply.envelope(SOAP11, "http://VATS", "SayName", reply.document(name, category, manager))).encode()
    )

    assert [inner.findtext(path) for path in ("title", "category", "manager/phone")] == [
        as_xml_can_carry(value) for value in (name, category, manager)
    ]
