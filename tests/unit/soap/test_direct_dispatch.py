"""The short way through Spyne gives the very answers that Spyne gives, to ordinary requests and to all others."""

import importlib
import re
from concurrent.futures import Future
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.live import SOAP11, SOAP12, incoming_call, say_name
from vats1c.calls.service import CallService
from vats1c.directory.chain import LookupResult, SourceAnswer
from vats1c.directory.resilience import LookupAnswer, LookupOutcome
from vats1c.http import completed
from vats1c.journal import RecordedCall
from vats1c.model import Caller, Exchange, Match
from vats1c.phone_format import PhoneFormat
from vats1c.soap import parser, service
from vats1c.soap.direct_dispatch import direct_operations
from vats1c.soap.fault import SoapFault
from vats1c.soap.request import EnvelopeTemplates

NAMESPACES = ["http://VATS", "http://test", "http://other", ""]
NAMES = ["number", "Number", "NumFrom", "Key", "other"]
# What XML can carry: the rest never reaches a parser.
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], include_characters="\t\n"), max_size=12)


class Directory:
    """Knows whoever has a canonical number by that number."""

    def look_up(self, number):
        said = SourceAnswer(
            "all", LookupAnswer(LookupOutcome.FOUND, Match.of([Caller(f"<{number.canonical}> & Ё", manager="244")]))
        )
        return LookupResult((said,), said)

    def find_cached(self, number):
        return self.look_up(number).match, True


class Journal:
    """Remembers what rang."""

    def __init__(self):
        self.rang = []

    def record(self, ringing):
        self.rang.append((ringing.received, ringing.key))
        recorded = Future()
        recorded.set_result(RecordedCall(1, 1))
        return recorded


def made():
    journal = Journal()
    return service.SoapService(CallService("telephony", Directory(), journal), PhoneFormat()), journal


QUICK, QUICK_JOURNAL = made()
SPYNE, SPYNE_JOURNAL = made()
SPYNE._direct = {}
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def answer(answering, request):
    """Return the answer's bytes, once they are there."""
    return completed(answering.answer(request, Exchange("telephony", NOON)))


def outcome(answering, journal, read, body, content_type):
    """Return all that can be told of an answer from outside."""
    journal.rang.clear()
    try:
        said = answer(answering, read(body, content_type))
    except SoapFault as fault:
        said = (fault.code, fault.reason, fault.status, fault.version, str(fault))
    return said, list(journal.rang)


def both(body, content_type="text/xml"):
    """Return the outcome of the short way and of Spyne's; the envelope is read the short way and in full as well."""
    short = outcome(QUICK, QUICK_JOURNAL, parser.read, body, content_type)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parser, "_is_plain", lambda _body: False)
        whole = outcome(SPYNE, SPYNE_JOURNAL, parser._read, body, content_type)
    return short, whole


@st.composite
def parameters(draw):
    name = draw(st.sampled_from(NAMES))
    attributes = draw(
        st.sampled_from(
            [
                "",
                ' xsi:nil="true"',
                ' xsi:nil="false"',
                ' xsi:type="xs:string"',
                ' xmlns=""',
                ' id="a"',
                f" other={quoteattr('<')}",
            ]
        )
    )
    text = escape(draw(st.one_of(TEXT, st.sampled_from(["", "89235292926", " 8 923 ", "anonymous"]))))
    inside = draw(
        st.sampled_from([text, f"<!-- c -->{text}", f"{text}<![CDATA[1&]]>", f"<b>{text}</b>", f"{text}<?p?>"])
    )
    return f"<{name}{attributes}>{inside}</{name}>" if draw(st.booleans()) or inside else f"<{name}{attributes}/>"


@st.composite
def envelopes(draw):
    version = draw(st.sampled_from([SOAP11, SOAP12]))
    operation = draw(st.sampled_from(["SayName", "IncomingCall", "Unknown"]))
    namespace = draw(st.sampled_from(NAMESPACES))
    inside = "".join(draw(st.lists(parameters(), max_size=4)))
    usual = {"SayName": "<number>8923</number>", "IncomingCall": "<NumFrom>8923</NumFrom><Key>k</Key>"}
    if draw(st.booleans()) and operation in usual:
        inside = usual[operation]
    space = draw(st.sampled_from(["", "\n    ", "<!-- c -->"]))
    header = draw(st.sampled_from(["", "<s:Header/>", '<s:Header><t xmlns="urn:t"/></s:Header>']))
    declaration = draw(
        st.sampled_from(["", '<?xml version="1.0"?>\n', '<?xml version="1.0" encoding="utf-8"?>', "\ufeff", " "])
    )
    prefix = draw(st.sampled_from(["", "v:"]))
    if prefix:
        inside = inside.replace("<number", "<v:number").replace("</number", "</v:number")
    opening = f'<{prefix}{operation} {"xmlns" if not prefix else "xmlns:v"}="{namespace or "urn:none"}">'
    return (
        f'{declaration}<s:Envelope xmlns:s="{version}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"{space}{header}<s:Body>{space}{opening}{space}{inside}{space}</{prefix}{operation}>{space}</s:Body></s:Envelope>"
    )


@settings(max_examples=600, deadline=None)
@given(envelopes(), st.sampled_from(["utf-8", "windows-1251", "utf-16"]), st.sampled_from(["", "; charset=utf-8"]))
def test_both_ways_give_the_same_answer_to_whatever_may_come(text, encoding, charset):
    short, whole = both(text.encode(encoding, "xmlcharrefreplace"), f"text/xml{charset}")

    assert short == whole


@settings(max_examples=600, deadline=None)
@given(
    envelopes(), st.lists(st.one_of(TEXT, st.sampled_from(["89990000000", "+7 (999) 000-00-00", "k", ""])), min_size=2)
)
def test_both_ways_give_the_same_answer_when_the_same_comes_again_with_other_texts(text, others):
    both(text.encode())
    for other in others:
        again = re.sub(r">[^<>]+<", lambda found, other=other: found[0] if found[0].isspace() else f">{other}<", text)
        short, whole = both(again.encode())
        assert short == whole


def recorded():
    """Yield what others have sent or might: the requests of the tests of bad input."""
    for module in ("test_bad_input", "test_bad_xml"):
        tables = vars(importlib.import_module(f"tests.wire.{module}"))
        for name in ("BODIES", "ENVELOPES", "ENCODED"):
            for title, body in tables.get(name, {}).items():
                yield pytest.param(body, id=f"{module} {title}")


@pytest.mark.parametrize("version", [SOAP11, SOAP12])
@pytest.mark.parametrize("body", list(recorded()))
def test_both_ways_give_the_same_answer_to_the_bad_input_of_the_other_tests(body, version):
    bodies = [body] if isinstance(body, bytes) else [body.encode()]
    if not isinstance(body, bytes):
        bodies += [
            f'<s:Envelope xmlns:s="{version}">{inside}</s:Envelope>'.encode()
            for inside in (body, f"<s:Body>{body}</s:Body>")
        ]
    for one in bodies:
        short, whole = both(one)
        assert short == whole


@pytest.mark.corpora
def test_both_ways_give_the_same_answer_to_the_input_collected_by_others(shared):
    files = [path for path in (shared / "corpora").rglob("*") if path.is_file() and path.stat().st_size < 65_536]
    assert files
    for path in files:
        short, whole = both(path.read_bytes())
        assert short == whole, path


@pytest.mark.parametrize("text", [say_name(), incoming_call(), say_name(parameter="Number"), say_name(version=SOAP12)])
def test_an_ordinary_request_takes_the_short_way(text, monkeypatch):
    monkeypatch.setattr(QUICK, "_dispatch_with_spyne", lambda *_: pytest.fail("Spyne's way"))
    body = text.encode()
    first = answer(QUICK, parser.read(body))

    assert parser._is_plain(body)
    assert answer(QUICK, parser.read(body)) == first


@pytest.mark.parametrize("version", [SOAP11, SOAP12])
@pytest.mark.parametrize("later", [b"89990000000", b"+7 (999) 000-00-00", b"anonymous", b"*#1."])
def test_what_a_vats_sends_again_and_again_is_not_parsed_again(later, version, monkeypatch):
    bodies = [text.encode() for text in (say_name(version=version), incoming_call(version=version))]
    first = [parser.read(body) for body in bodies]
    monkeypatch.setattr(parser.read.__self__, "_parse", lambda *_: pytest.fail("parsed"))

    for body, request in zip(bodies, first, strict=True):
        again = parser.read(body.replace(request.texts[0].encode(), later))
        assert again.texts == (later.decode(), *request.texts[1:])
        assert (again.version, again.namespace, again.operation) == (version, request.namespace, request.operation)


@pytest.mark.parametrize("later", ["", "&#56;", "Ё", "8\r\n9", "<b/>", "<!-- -->9", "9" * 65, "\0"])
def test_a_text_that_could_be_more_than_a_text_is_parsed(later, monkeypatch):
    body = say_name().encode()
    number = parser.read(body).texts[0].encode()
    parsed = parser.read(body)
    monkeypatch.setattr(parser.read.__self__, "_parse", lambda *_: parsed)

    assert parser.read(body.replace(number, later.encode())) is parsed


@pytest.mark.parametrize(
    "twice",
    [
        "<s:Header><t xmlns='urn:t'>8923</t></s:Header><s:Body><SayName xmlns='http://VATS'><number>8923</number></SayName></s:Body>",
        "<s:Header><t xmlns='urn:t'>8923</t></s:Header><s:Body><SayName xmlns='http://VATS'><number>892&#51;</number></SayName></s:Body>",
        "<s:Body><!-- <t>8923</t> --><SayName xmlns='http://VATS'><number>892<!-- -->3</number></SayName></s:Body>",
        "<s:Body><SayName xmlns='http://VATS'><number><![CDATA[8923<t>8923</t>]]></number></SayName></s:Body>",
    ],
)
def test_a_text_whose_place_is_not_certain_is_not_known_again(twice):
    body = f"<s:Envelope xmlns:s='{SOAP11}'>{twice}</s:Envelope>".encode()
    texts = parser.read(body).texts
    again = body.replace(b">8923</t>", b">8999</t>")

    assert texts[0].startswith("8923")
    assert parser.read(again).texts == parser._read(again, "").texts


class Parses:
    """Reads envelopes as the service does, and tells whether one had to be parsed."""

    def __init__(self, max_per_type=8):
        self.parsed = 0
        self.templates = EnvelopeTemplates(self._parse, parser._is_plain, max_per_type)

    def _parse(self, body, content_type):
        self.parsed += 1
        return parser._read(body, content_type)

    def __call__(self, body, content_type="text/xml"):
        before = self.parsed
        self.templates.read(body.encode(), content_type)
        return self.parsed > before


def test_the_form_of_envelope_that_came_first_is_forgotten_first():
    parses = Parses(max_per_type=2)
    one, two, three = say_name(), incoming_call(), say_name(version=SOAP12)

    assert [parses(body) for body in (one, two, one, two)] == [True, True, False, False]
    assert [parses(body) for body in (three, two, three, one)] == [True, False, False, True]


def test_the_forms_of_16_content_types_are_known_and_not_of_more():
    parses = Parses()
    kinds = [f"text/xml; number={number}" for number in range(17)]

    assert [parses(say_name(), kind) for kind in kinds] == [True] * 17
    assert [parses(say_name(), kind) for kind in kinds] == [False] * 16 + [True]
    # And a known one can have another form.
    assert [parses(incoming_call(), kinds[0]) for _ in range(2)] == [True, False]


def test_an_envelope_of_4096_bytes_is_known_again_and_a_longer_one_is_not():
    parses = Parses()
    envelope = say_name()
    envelopes = [envelope + " " * (chars - len(envelope)) for chars in (4_096, 4_097)]

    assert [[parses(body) for _ in range(2)] for body in envelopes] == [[True, False], [True, True]]


@pytest.mark.parametrize(("chars", "is_parsed"), [(1, False), (64, False), (65, True)])
def test_a_number_of_up_to_64_characters_is_known_again(chars, is_parsed):
    parses = Parses()
    parses(say_name("9" * 11))

    assert parses(say_name("8" * chars)) == is_parsed


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda body: body.replace("Envelope>", "Envelopf>"), id="another end"),
        pytest.param(lambda body: body + body[body.index("</number>") :], id="the end twice"),
    ],
)
def test_an_envelope_that_ends_otherwise_is_parsed_and_refused(spoil):
    parses = Parses()
    parses(say_name())

    with pytest.raises(SoapFault):
        parses(spoil(say_name()))


def test_a_request_known_again_can_be_read_as_xml_all_the_same():
    parser.read(say_name().encode())
    request = parser.read(say_name("89990000000").encode())

    assert [parameter.text for parameter in request.element] == ["89990000000"]


def test_while_somebody_listens_every_request_takes_spyne_s_way():
    answering, _ = made()
    heard = []
    service_class = answering._transports["http://VATS", False].app.services[0]
    service_class.event_manager.add_listener("method_call", lambda ctx: heard.append(ctx.descriptor.name))
    body = say_name().encode()
    answer(answering, parser.read(body))

    assert heard == ["SayName"]


def test_what_is_more_than_plain_text_is_left_to_spyne():
    from spyne import Application, Integer, ServiceBase, Unicode, rpc
    from spyne.protocol.xml import XmlDocument

    class Rich(ServiceBase):
        @rpc(Unicode(min_occurs=1, max_len=3), _returns=Unicode(min_occurs=1))
        def short(ctx, text):  # noqa: N805
            return text

        @rpc(Integer(min_occurs=1), _returns=Unicode(min_occurs=1))
        def counted(ctx, number):  # noqa: N805
            return str(number)

        @rpc(Unicode, _returns=Unicode(min_occurs=1))
        def optional(ctx, text):  # noqa: N805
            return text

        @rpc(Unicode(min_occurs=1), _returns=Unicode(min_occurs=1))
        def plain(ctx, text):  # noqa: N805
            return text

    application = Application([Rich], "urn:rich", in_protocol=XmlDocument(), out_protocol=XmlDocument())

    assert list(direct_operations([application])) == [("{urn:rich}plain", "{urn:rich}text")]
