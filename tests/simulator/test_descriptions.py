"""Two WSDLs are compared by what they promise, and `vats1c wsdl diff` says where they differ."""

import re

import pytest

from tests.support.broken import WSDL, StandIn, Ways
from tests.support.live import vats1c
from vats1c.simulator.answers import parse
from vats1c.simulator.wsdl_diff import differences, facts, operations


def differs(text):
    return {one.what for one in differences(facts(parse(WSDL)), facts(parse(text)))}


def swapped(text, first, second):
    """Return `text` with two of its pieces in each other's place."""
    one, two = re.search(first, text, re.DOTALL)[0], re.search(second, text, re.DOTALL)[0]
    return text.replace(one, "@@@").replace(two, one).replace("@@@", two)


@pytest.mark.parametrize(
    "text",
    [
        WSDL,
        WSDL.replace("http://localhost/telephony", "https://1c.example.ru/base"),
        WSDL.replace("tns:", "t:").replace("xmlns:tns", "xmlns:t"),
        re.sub(r">\s+<", "><", WSDL),
        re.sub(r"<documentation>.*?</documentation>", "", WSDL, flags=re.DOTALL),
        WSDL.replace('type="xs:string"', 'type="xs:string" nillable="false" minOccurs="1"'),
        WSDL.replace('<soapbind:operation style="document"', "<soapbind:operation"),
        swapped(
            WSDL, r'<message name="SayNameRequest.*?</message>', r'<message name="IncomingCallRequest.*?</message>'
        ),
        swapped(
            WSDL,
            r'<xs:element name="SayName">.*?</xs:complexType>',
            r'<xs:element name="IncomingCall">.*?</xs:complexType>',
        ),
    ],
    ids=["itself", "address", "prefix", "spaces", "documentation", "defaults", "style", "messages", "elements"],
)
def test_what_is_written_down_differently_promises_the_same(text):
    assert differs(text) == set()


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('name="number"', 'name="Number"', "element {http://VATS}SayName"),
        (
            'name="NumFrom"\n\t\t\t\t\t\t\t\ttype="xs:string"',
            'name="NumFrom" type="xs:int"',
            "element {http://VATS}IncomingCall",
        ),
        ('type="xs:string"/>', 'type="xs:string" nillable="1"/>', "element {http://VATS}SayName"),
        ('<part name="parameters"', '<part name="body"', "message SayNameRequestMessage part body"),
        ('use="literal"', 'use="encoded"', "binding VATSSoapBinding operation SayName input"),
        ("http://VATS#VATS:SayName", "urn:x", "binding VATSSoapBinding operation SayName"),
        ('elementFormDefault="qualified"', "", "schema http://VATS elementFormDefault"),
        ('<service name="VATS"', '<service name="Other"', "service Other port VATSSoap"),
        ('style="document"\n\t\t\t\ttransport', 'style="rpc" transport', None),
    ],
)
def test_what_is_promised_differently_is_named(old, new, what):
    assert old in WSDL
    found = differs(WSDL.replace(old, new, 1))

    assert what in found if what else found == set()


def test_another_namespace_differs_in_what_is_in_it():
    found = differs(WSDL.replace('"http://VATS"', '"http://test"'))

    assert {"targetNamespace", "element {http://VATS}SayName", "element {http://test}SayName"} <= found


def test_the_order_of_parameters_counts():
    text = WSDL.replace('"NumFrom"', '"@"').replace('"Key"', '"NumFrom"').replace('"@"', '"Key"')

    assert differs(text) == {"element {http://VATS}IncomingCall"}


def test_wsdls_of_a_real_1c_are_read(shared):
    found = {
        file.stem: len(operations(parse(file.read_text(encoding="utf-8-sig"))))
        for file in shared.glob("contract/1c-wsdl/*.wsdl")
    }

    assert found == {"webcommoninfobases": 2, "neofly": 8, "tl_exch": 4}
    for file in shared.glob("contract/1c-wsdl/*.wsdl"):
        own = facts(parse(file.read_text(encoding="utf-8-sig")))
        assert differences(own, own) == []
        assert len(own) > 20


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "VATS.wsdl"
    path.write_text(WSDL, encoding="utf-8")
    return path


def test_diff_compares_files_and_web_services(live, file):
    assert vats1c("wsdl", "diff", file, live.endpoint) == (0, "they promise the same\n", "")
    with StandIn(Ways(wsdl=WSDL.replace('"Key"', '"UserKey"'))) as there:
        code, out, err = vats1c("wsdl", "diff", file, there.url)

    assert (code, err) == (1, "")
    assert out == (
        "element {http://VATS}IncomingCall\n"
        "  A: sequence(NumFrom: xs:string, Key: xs:string)\n"
        "  B: sequence(NumFrom: xs:string, UserKey: xs:string)\n"
    )


def test_diff_gives_the_login_where_it_is_asked_for(start, file):
    live = start(extra="wsdl_open = false")

    assert vats1c("wsdl", "diff", file, live.endpoint)[0] == 0
    assert vats1c("wsdl", "diff", file, live.endpoint, "--password", "wrong")[2].endswith("?wsdl: HTTP status 401\n")


def test_what_is_no_wsdl_is_one_sentence(tmp_path, file):
    (tmp_path / "other.xml").write_text("<a/>", encoding="utf-8")
    (tmp_path / "text.xml").write_text("text", encoding="utf-8")

    for other, sentence in (
        (tmp_path / "other.xml", "not WSDL 1.1"),
        (tmp_path / "text.xml", "not well-formed XML"),
        (tmp_path / "none.xml", "cannot be read"),
    ):
        code, _, err = vats1c("wsdl", "diff", file, other)
        assert code == 1
        assert sentence in err
        assert err.count("\n") == 1


def test_the_wsdl_is_printed_as_before():
    code, out, _ = vats1c("wsdl")

    assert (code, out) == (0, WSDL)
