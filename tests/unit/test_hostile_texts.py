"""Texts from outside, made to be slow to read, are read in linear time at every place that takes them."""

import pytest
from openpyxl import Workbook

from tests.support.growth import LARGE_CHARS, is_linear
from vats1c.directory import DirectoryError, Row, load
from vats1c.directory.columns import confidence_of
from vats1c.directory.doctor import validate
from vats1c.directory.files import rows_of
from vats1c.directory.odata_rows import Layout
from vats1c.directory.soap_answers import read
from vats1c.model import Caller, Exchange
from vats1c.number import DEFAULT_PLAN, MAX_CELL_CHARS, identify, parse_cell
from vats1c.phone_format import PhoneFormat
from vats1c.simulator import answers
from vats1c.simulator.http_client import HttpReply
from vats1c.soap import parser
from vats1c.soap.fault import SoapFault
from vats1c.staging.conformance import SentRequest, report
from vats1c.staging.recorded import RecordedExchange

# How a text begins and what is repeated in it.
TEXTS = [
    ("", "("),
    ("(", "а"),
    ("(a", "1"),
    ("", "(a"),
    ("", "["),
    ("", "[a"),
    ("", "1-"),
    ("1", "-"),
    ("+7", " ("),
    ("8 923 529-29-26", " "),
    ("8 923 529-29-26", "\u00a0"),
    ("8 923 529-29-26", "доб"),
    ("8 923 529-29-26", "доб."),
    ("8 923 529-29-26", ",;ext="),
    ("8 923 529-29-26", ",1"),
    ("", "8 923 529-29-26, "),
    ("", "@"),
    ("sip:", "a@"),
    ("sip:", ";"),
    ("", "\\"),
    ("", '"'),
    ("", "?"),
    ("", "{"),
    ("", "[{name}"),
    ("", "<"),
    ("", "<a"),
    ("", "<!--"),
    ("", "<title>"),
    ("<data>", "<category>"),
    ("<?xml ", "encoding "),
    ("<?xml encoding", " "),
    ("", "<m:return"),
    ("", "<m:return>"),
    ("", "\ufffd"),
    ("", "Ð"),
]
BOUND_CELLS = 50
OK = {"operation": "SayName", "outcome": "ok"}


def cells(read_cell):
    """Give many cells of a length that is still read."""

    def read_cells(text):
        for _ in range(BOUND_CELLS):
            read_cell(text[: len(text) * MAX_CELL_CHARS // LARGE_CHARS])

    return read_cells


def refused(take, *errors):
    """Take a text that may be refused."""

    def taken(text):
        try:
            take(text)
        except errors:
            return

    return taken


def display(text):
    PhoneFormat(template=text, max_length=20, transliterate="yo").render(Caller("A"))
    PhoneFormat(template="[{company}, ]{name}", max_length=20, transliterate="yo").render(Caller(text, text))


def shown(text):
    answer = b"<m:return>" + text.encode() if text.startswith("<data") else text.encode()
    _ = RecordedExchange(Exchange("telephony", None, **OK), "http://a", answer=answer).shown


def conformance(text):
    sent = SentRequest("1.2", text, text, ((text, text, text), ("", "number", text)))
    report(Exchange("telephony", None, **OK), {"Content-Type": text}, text.encode(), sent)


def odata(text):
    layout = Layout.of({"phones": "", "fields": {"number": "Телефон"}})
    list(layout.rows(lambda _query: [{"Телефон": text, "Description": text, "Ref_Key": "1"}], DEFAULT_PLAN))


READERS = {
    "identify": identify.__wrapped__,
    "split": parse_cell,
    "split at the bound": cells(parse_cell),
    "surety": lambda text: confidence_of(identify("89235292926"), [[text], [text[:MAX_CELL_CHARS]]], DEFAULT_PLAN),
    "surety at the bound": cells(lambda cell: confidence_of(identify("89235292926"), [[cell]], DEFAULT_PLAN)),
    "findings": lambda text: validate([Row(2, text, (), Caller(text, manager=text))], length=30),
    "odata": odata,
    "odata at the bound": cells(odata),
    "display": display,
    "answer of 1C": refused(lambda text: read(200, text, text.encode(), "http://VATS"), DirectoryError),
    "name of 1C": refused(
        lambda text: read(
            200, "text/xml", envelope_of(text.replace("<", "&lt;").replace("\\", "<title>")), "http://VATS"
        ),
        DirectoryError,
    ),
    "request": refused(lambda text: parser.read(text.encode(), text), SoapFault),
    "answer to the simulator": refused(
        lambda text: answers.read(HttpReply(200, {"content-type": text}, text.encode(), 0.1)), answers.UnreadableError
    ),
    "mojibake": answers.is_mojibake,
    "recorded": shown,
    "conformance": conformance,
}


def envelope_of(name):
    return (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><SayNameResponse xmlns="http://VATS">'
        f"<return>&lt;data>&lt;title>{name}</return></SayNameResponse></e:Body></e:Envelope>"
    ).encode()


def slow_over(read_text, texts=TEXTS):
    """Return the texts that `read_text` takes more than linear time over."""

    def is_slow(beginning, repeated):
        return not is_linear(lambda size: read_text(beginning + repeated * (size // len(repeated))))

    return [text for text in texts if is_slow(*text)]


@pytest.mark.parametrize("reader", READERS)
def test_a_text_is_read_in_linear_time(reader):
    assert slow_over(READERS[reader]) == []


def csv(path, text):
    path.write_text('number;name\n"' + text.replace('"', '""') + '";A\n', encoding="utf-8")


def vcard(path, text):
    path.write_text(
        f"BEGIN:VCARD\nTEL:{text}\nFN:{text}\nN:{text}\nCATEGORIES:{text}\nORG;A={text}:A\nEND:VCARD\n",
        encoding="utf-8",
    )


def xlsx(path, text):
    book = Workbook()
    book.active.append(["number", "name"])
    book.active.append([text, text])
    book.save(path)


@pytest.mark.parametrize(("write", "suffix"), [(csv, ".csv"), (vcard, ".vcf"), (xlsx, ".xlsx")])
def test_a_file_is_read_in_linear_time(tmp_path, write, suffix):
    def read_file(text):
        path = tmp_path / f"{len(text)}-{hash(text)}{suffix}"
        if not path.exists():
            write(path, text)
        list(rows_of(path, DEFAULT_PLAN))

    assert slow_over(read_file) == []


def test_callers_are_looked_for_by_a_long_word_in_linear_time(tmp_path):
    store = load("store", "own", {"path": str(tmp_path / "a.sqlite")}, DEFAULT_PLAN)
    store.add(["89235292926"], Caller("A"))

    words = [(beginning, repeated) for beginning, repeated in TEXTS if {" ", "\u00a0"}.isdisjoint(repeated)]
    assert slow_over(refused(store.find_by_text, DirectoryError), words) == []
    store.close()


COMMENT = "(" + "а" * (MAX_CELL_CHARS - 20) + ")"


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        (COMMENT + " 8 923 529-29-26", ["+79235292926"]),
        (" " * MAX_CELL_CHARS + "8 923 529-29-26", ["+79235292926"]),
        ("\u00a0" * MAX_CELL_CHARS + "8 923 529-29-26", ["+79235292926"]),
        (", ".join(f"8 923 529-29-{last}" for last in range(10, 60)), [f"+792352929{last}" for last in range(10, 60)]),
        ("(сот. 1) 8 923 529-29-26 (_Иван 2_) [раб. [1]", ["+79235292926"]),
        ("(" * 100 + " 8 923 529-29-26 " + "[" * 100, ["+79235292926"]),
        (COMMENT + "." * 20 + " 8 923 529-29-26", []),
    ],
)
def test_a_cell_is_read_up_to_a_length(cell, numbers):
    assert [number.canonical for number in parse_cell(cell)] == numbers
