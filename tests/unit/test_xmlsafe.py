"""XML of SOAP messages: what is read of it, and what never is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from vats1c.xmlsafe import (
    XmlError,
    decode,
    has_forbidden_characters,
    new_parser,
    parse_text,
    split_encoding,
    without_forbidden_characters,
)


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_what_is_left_of_a_text_can_be_carried_by_xml(text):
    kept = without_forbidden_characters(text)

    element = etree.Element("a")
    element.text = kept
    assert not has_forbidden_characters(kept)
    assert has_forbidden_characters(text) == (kept != text)


@pytest.mark.parametrize(
    ("body", "content_type", "left", "encoding"),
    [
        (b"<a/>", "", b"<a/>", "utf-8"),
        (b"<a/>", "text/xml; charset=windows-1251", b"<a/>", "windows-1251"),
        (b"<?xml version='1.0' encoding='cp1251'?><a/>", "text/xml; charset=utf-8", None, "cp1251"),
        (
            b"\xef\xbb\xbf<?xml version='1.0' encoding='cp1251'?>",
            "",
            b"<?xml version='1.0' encoding='cp1251'?>",
            "utf-8",
        ),
        (b"\xff\xfe<\0", "", b"<\0", "utf-16-le"),
        (b"\xfe\xff\0<", "", b"\0<", "utf-16-be"),
        (b"<a/>", "text/xml; charset=klingon", b"<a/>", "klingon"),
    ],
)
def test_a_byte_order_mark_counts_before_the_declaration_and_that_before_the_content_type(
    body, content_type, left, encoding
):
    assert split_encoding(body, content_type) == (body if left is None else left, encoding)


def test_only_known_encodings_are_decoded():
    assert decode("Ёлка".encode("cp1251"), "Windows-1251") == "Ёлка"
    assert decode("Ёлка".encode("utf-16-le"), "utf-16-le") == "Ёлка"
    with pytest.raises(LookupError):
        decode(b"+AC0-", "utf-7")
    with pytest.raises(UnicodeDecodeError):
        decode(b"\xff", "utf-8")


def test_a_decoded_text_is_parsed_whatever_encoding_it_declares():
    assert parse_text("<?xml version='1.0' encoding='windows-1251'?><a>Ёлка</a>").text == "Ёлка"


@pytest.mark.parametrize("text", ["", "<a>", "<a></b>", "<a>\0</a>", "a"])
def test_what_is_not_well_formed_is_refused(text):
    with pytest.raises(XmlError) as refused:
        parse_text(text)
    assert not refused.value.has_doctype


@pytest.mark.parametrize(
    "declaration", ["<!DOCTYPE a>", "<!DOCTYPE a SYSTEM 'file:///etc/hostname'>", "<!DOCTYPE a [<!ENTITY b 'c'>]>"]
)
def test_a_document_type_declaration_is_refused(declaration):
    with pytest.raises(XmlError) as refused:
        parse_text(f"{declaration}<a/>")
    assert refused.value.has_doctype


def test_no_file_of_this_machine_is_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("<!ENTITY x 'secret'>", encoding="utf-8")

    for declaration in (f"SYSTEM '{secret.as_uri()}'", f"[<!ENTITY x SYSTEM '{secret.as_uri()}'>]"):
        root = etree.fromstring(f"<!DOCTYPE a {declaration}><a>&x;</a>".encode(), new_parser())

        assert "".join(root.itertext(etree.Element)) == ""
        assert root.getroottree().docinfo.doctype


def test_an_entity_of_the_document_is_not_expanded():
    root = etree.fromstring(b"<!DOCTYPE a [<!ENTITY x 'xx'>]><a>&x;</a>", new_parser())

    assert "".join(root.itertext(etree.Element)) == ""


def test_comments_are_dropped_and_instructions_where_asked():
    text = b"<a><!-- b --><?c d?>e</a>"

    assert len(etree.fromstring(text, new_parser())) == 1
    assert len(etree.fromstring(text, new_parser(remove_pis=True))) == 0
