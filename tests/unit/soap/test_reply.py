"""What the phone is told survives the way through XML, whatever the directory holds."""

import re
import sys
from html import unescape

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
