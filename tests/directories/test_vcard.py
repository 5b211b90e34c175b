"""A file of vCards passes the suite, in every version and with the ways phones have of writing them."""

import pytest

from vats1c.directory import DirectoryError, load
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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1251"])
def test_any_usual_charset_is_read(tmp_path, encoding):
    (row,) = read(tmp_path, "BEGIN:VCARD\nFN:Ёлкина Алёна\nTEL:89135004455\nEND:VCARD\n".encode(encoding))

    assert row.caller.name == "Ёлкина Алёна"


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"number,name\n1,2\n", b"\x00\xff\x00"])
def test_a_file_without_cards_is_refused(tmp_path, content):
    with pytest.raises(DirectoryError, match="no vCards"):
        read(tmp_path, content)


def test_a_file_that_got_worse_is_not_believed(directory, path):
    path.write_bytes(b"")
    directory.refresh()

    assert directory.find(identify("89235292926")).caller.name == "VIP:Ренессанс Капитал"
    assert not directory.state().ready
