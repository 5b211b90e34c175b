"""A file of vCards passes the suite, in every version and with the ways phones have of writing them."""

import os

import pytest

from vats1c.directory import DirectoryError, load
from vats1c.directory.doctor import collect_unusable
from vats1c.directory.files import rows_of
from vats1c.number import DEFAULT_PLAN, identify
from vats1c.testing import CALLERS, DirectoryContract


def escaped(text):
    return text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;").replace("\n", "\\n")


def card(number, caller):
    lines = [
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"FN:{escaped(caller.name)}",
        f"TEL;TYPE=CELL:{escaped(number)}",
        f"ORG:{escaped(caller.company)}",
        f"CATEGORIES:{escaped(caller.category)}",
        f"X-MANAGER:{escaped(caller.manager)}",
        f"NOTE:{escaped(caller.note)}",
        "END:VCARD",
    ]
    return "\r\n".join(lines) + "\r\n"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "callers.vcf"
    path.write_bytes("".join(card(*pair) for pair in CALLERS).encode())
    return path


@pytest.fixture
def directory(path):
    opened = load("vcard", "crm", {"path": str(path)}, DEFAULT_PLAN)
    yield opened
    opened.close()


class TestVcard(DirectoryContract):
    """The suite over a file of vCards."""


def read(tmp_path, content):
    path = tmp_path / "a.vcf"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(rows_of(path, DEFAULT_PLAN))


def one(tmp_path, *lines, version="3.0"):
    (row,) = read(tmp_path, b"\r\n".join([b"BEGIN:VCARD", b"VERSION:" + version.encode(), *lines, b"END:VCARD", b""]))
    return row


def test_an_old_phone_s_quoted_printable_in_windows_1251_is_read(tmp_path):
    row = one(
        tmp_path,
        b"N;CHARSET=windows-1251;ENCODING=QUOTED-PRINTABLE:=C8=E2=E0=ED=EE=E2;=CF=B8=",
        b"=F2=F0;;;",
        b"TEL;CELL;PREF:8 913 500-44-55",
        version="2.1",
    )

    assert row.caller.name == "Пётр Иванов"
    assert [number.canonical for number in row.numbers] == ["+79135004455"]


def test_a_folded_line_is_one_even_within_a_letter(tmp_path):
    raw = "NOTE:Звонить после обеда, не раньше".replace(",", "\\,").encode()
    row = one(tmp_path, b"FN:A", b"TEL:89135004455", raw[:18] + b"\r\n " + raw[18:])

    assert row.caller.note == "Звонить после обеда, не раньше"


def test_the_newest_version_s_uris_groups_and_quotes_are_read(tmp_path):
    row = one(
        tmp_path,
        "FN:Ольга\\, бухгалтер".encode(),
        b'item1.TEL;VALUE=uri;TYPE="work,voice":tel:+7-495-777-12-34;ext=105',
        b'item2.TEL;X="a:b":+7 913 500-44-55',
        b"item1.X-ABLabel:office",
        "ORG:ООО «Юг»;Склад".encode(),
        "CATEGORIES:VIP,Опт".encode(),
        version="4.0",
    )

    assert [number.canonical for number in row.numbers] == ["+74957771234", "+79135004455"]
    assert (row.caller.name, row.caller.company, row.caller.category) == ("Ольга, бухгалтер", "ООО «Юг», Склад", "VIP")


def test_a_company_s_card_has_its_name(tmp_path):
    assert one(tmp_path, b"FN:", b"N:;;;;", "ORG:ООО Юг;".encode(), b"TEL:84957771234").caller.name == "ООО Юг"


def test_a_broken_card_is_one_row_of_no_use_and_the_others_are_read(tmp_path):
    rows = read(
        tmp_path,
        "BEGIN:VCARD\nFN:Без конца\nTEL:8913500445\n"
        "BEGIN:VCARD\nFN:Целая\nTEL:89135004455\nEND:VCARD\n"
        "чепуха без двоеточия\n"
        "BEGIN:VCARD\nFN:Без номера\nEND:VCARD\n"
        "BEGIN:VCARD\nFN:Оборван\nTEL:8913",
    )

    assert [(row.line, row.usable) for row in rows] == [(1, False), (4, True), (9, False), (12, False)]


def test_each_card_of_no_use_is_a_finding_at_the_line_of_its_begin(tmp_path):
    found = []
    rows = read(
        tmp_path,
        b"\nBEGIN:VCARD\nFN:A\nEND:VCARD\n"
        b"BEGIN:VCARD\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=98=FF\nTEL:89135004455\nEND:VCARD\n"
        b"BEGIN:VCARD\nFN:B\nTEL:89135004455\n",
    )

    assert list(collect_unusable(rows, found)) == rows
    assert [(one.line, one.code) for one in found] == [
        (2, "NO-NUMBER"),
        (5, "NO-NAME"),
        (9, "NO-NUMBER"),
        (9, "NO-NAME"),
    ]


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["CATEGORIES:Опт\\, розница,VIP"], ("A", "", "Опт, розница")),
        (["CATEGORIES:,VIP"], ("A", "", "VIP")),
        (["ORG:\\\\;Склад\\; север"], ("A", "\\, Склад; север", "")),
        (["ORG:Рога\\nи копыта"], ("A", "Рога и копыта", "")),
        (["ORG:", "ORG:ООО Юг"], ("A", "ООО Юг", "")),
        (["ORG:Юг\\"], ("A", "Юг\\", "")),
        (["ORG;CHARSET=none-such:Юг"], ("A", "Юг", "")),
        (["ORG;CHARSET=undefined:Юг"], ("A", "Юг", "")),
    ],
)
def test_what_is_escaped_divides_nothing_and_what_is_empty_or_unknown_is_passed_over(tmp_path, lines, shown):
    row = one(tmp_path, b"FN:A", b"TEL:89135004455", *[line.encode() for line in lines])

    assert (row.caller.name, row.caller.company, row.caller.category) == shown


def test_a_large_photograph_is_passed_over_in_linear_time(tmp_path):
    # In quadratic time this would take minutes.
    row = one(tmp_path, b"FN:A", b"PHOTO;ENCODING=b:" + b"\r\n ".join([b"A" * 74] * 60_000), b"TEL:89135004455")

    assert row.usable


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1251"])
def test_any_usual_charset_is_read(tmp_path, encoding):
    (row,) = read(tmp_path, "BEGIN:VCARD\nFN:Ёлкина Алёна\nTEL:89135004455\nEND:VCARD\n".encode(encoding))

    assert row.caller.name == "Ёлкина Алёна"


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"number,name\n1,2\n", b"\x00\xff\x00"])
def test_a_file_without_cards_is_refused(tmp_path, content):
    with pytest.raises(DirectoryError, match="no vCards"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    "worse",
    [
        b"",
        b"<html><body>login</body></html>",
        "номер;имя\n89135004455;Ёлкина\n".encode("windows-1251"),
        "".join(card(*pair) for pair in CALLERS).encode()[:200],
        b"\xff\xfe" + card(*CALLERS[0]).encode(),
        b"".join(b"BEGIN:VCARD\nFN:%d\nEND:VCARD\n" % number for number in range(9)),
        card(*CALLERS[0]).encode(),
        None,
    ],
    ids=["empty", "html", "csv", "half", "wrong charset", "no numbers", "far fewer cards", "gone"],
)
def test_a_file_that_got_worse_is_not_believed_and_the_last_good_one_is_served(directory, path, worse):
    path.unlink()
    if worse is not None:
        path.write_bytes(worse)
    directory.refresh()

    assert directory.find(identify("89235292926")).caller.name == "VIP:Ренессанс Капитал"
    assert not directory.state().ready


def test_a_file_that_is_replaced_while_it_is_read_gives_the_old_cards_whole_and_then_the_new_ones(directory, path):
    directory.close()  # nobody else looks at the file meanwhile
    path.write_text("".join(card(*pair) for pair in CALLERS[1:]), encoding="utf-8")
    read = directory._read

    def replaced_meanwhile(*given):
        for place, row in enumerate(read(*given)):
            if place == 1:
                new = path.with_name("new.vcf")
                new.write_text("".join(card(*pair) for pair in CALLERS[:3]), encoding="utf-8")
                os.replace(new, path)  # noqa: PTH105 - as an export does it
            yield row

    directory._read = replaced_meanwhile
    directory.refresh()
    assert (directory.state().callers, directory.find(identify("89235292926"))) == (4, None)

    directory._read = read
    directory.refresh()
    assert directory.state().callers == 3
    assert directory.find(identify("89235292926"))


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(DirectoryError, match=r"cannot read .*none\.vcf: No such file"):
        load("vcard", "crm", {"path": str(tmp_path / "none.vcf")}, DEFAULT_PLAN)
