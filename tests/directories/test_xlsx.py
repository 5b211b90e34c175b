"""A spreadsheet passes the suite, whatever Excel made of the numbers and wherever the header stands."""

import datetime as dt
import importlib
import os
import struct
import sys
import zipfile

import openpyxl
import pytest

from vats1c.directory import DirectoryError, load
from vats1c.directory.files import rows_of
from vats1c.number import DEFAULT_PLAN, identify
from vats1c.testing import CALLERS, DirectoryContract

TITLES = ("number", "name", "company", "category", "manager", "note")


def write(path, rows, sheet="Лист1"):
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(list(row))
    book.save(path)
    return path


def callers(pairs):
    return [TITLES, *((number, *caller) for number, caller in pairs)]


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "callers.xlsx", callers(CALLERS))


@pytest.fixture
def directory(path):
    opened = load("xlsx", "crm", {"path": str(path)}, DEFAULT_PLAN)
    yield opened
    opened.close()


class TestXlsx(DirectoryContract):
    """The suite over a spreadsheet."""


def test_a_number_that_excel_took_for_one_is_its_digits(tmp_path):
    path = write(
        tmp_path / "a.xlsx",
        [("Телефон", "Имя", "Категория"), (89235292926, "Целое", 1), (8.9235292927e10, "Дробное", 2.5), (None, None)],
    )

    assert [(row.line, row.cell, row.caller.name, row.caller.category) for row in rows_of(path, DEFAULT_PLAN)] == [
        (2, "89235292926", "Целое", "1"),
        (3, "89235292927", "Дробное", "2.5"),
    ]


def test_a_title_above_the_header_and_empty_rows_are_passed_over_and_lines_are_as_in_excel(tmp_path):
    path = write(
        tmp_path / "a.xlsx",
        [(), ("Клиенты на", dt.date(2026, 11, 23)), (), ("Имя", "Номер"), (), ("Иванов", "8 913 500-44-55")],
    )

    assert [(row.line, row.caller.name) for row in rows_of(path, DEFAULT_PLAN)] == [(6, "Иванов")]


def test_the_sheet_that_has_the_columns_is_read(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["Здесь", "ничего нет"])
    book.create_sheet("Пустой")
    sheet = book.create_sheet("Клиенты")
    sheet.append(["number", "name"])
    sheet.append(["89135004455", "Ёлкина"])
    book.save(tmp_path / "a.xlsx")

    assert [row.caller.name for row in rows_of(tmp_path / "a.xlsx", DEFAULT_PLAN)] == ["Ёлкина"]


def test_numbers_on_two_lines_of_a_cell_are_two_and_a_name_on_two_lines_is_one(tmp_path):
    path = write(tmp_path / "a.xlsx", [("number", "name"), ("8 913 500-44-55\n8 495 777-12-34", "Ёлкина\nАлёна")])

    (row,) = rows_of(path, DEFAULT_PLAN)
    assert [number.canonical for number in row.numbers] == ["+79135004455", "+74957771234"]
    assert row.caller.name == "Ёлкина Алёна"


def test_dates_and_ticks_are_texts_and_the_empty_part_of_a_merged_cell_is_nobody(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["C5"], sheet["D5"], sheet["E5"], sheet["F5"] = TITLES[0], TITLES[1], TITLES[3], TITLES[5]
    sheet["C6"], sheet["D6"], sheet["E6"], sheet["F6"] = "89135004455", "Ёлкина", True, dt.date(2026, 11, 23)
    sheet.merge_cells("C6:C8")
    book.save(tmp_path / "a.xlsx")

    (row,) = rows_of(tmp_path / "a.xlsx", DEFAULT_PLAN)
    assert (row.line, row.caller.category, row.caller.note) == (6, "True", "2026-11-23")


def two_sheets(path):
    book = openpyxl.Workbook()
    for title, name in (("2025", "Старое имя"), ("Клиенты", "Новое имя")):
        sheet = book.create_sheet(title)
        sheet.append(["number", "name"])
        sheet.append(["89135004455", name])
    book.save(path)
    return str(path)


@pytest.mark.parametrize(("settings", "name"), [({}, "Старое имя"), ({"sheet": "клиенты "}, "Новое имя")])
def test_the_sheet_that_the_settings_name_is_read_instead_of_the_first(tmp_path, settings, name):
    directory = load("xlsx", "crm", {"path": two_sheets(tmp_path / "a.xlsx"), **settings}, DEFAULT_PLAN)

    assert directory.find(identify("89135004455")).caller.name == name


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        ("Нет такого", "no sheet 'Нет такого'; there are: Sheet, 2025, Клиенты"),
        ("Sheet", "no columns number and name"),
        (2025, "must be a text"),
        ("", "must be a text"),
    ],
)
def test_a_sheet_that_is_not_there_or_has_no_columns_is_named_with_its_setting(tmp_path, sheet, said):
    with pytest.raises(DirectoryError, match=said) as refused:
        load("xlsx", "crm", {"path": two_sheets(tmp_path / "a.xlsx"), "sheet": sheet}, DEFAULT_PLAN)
    assert refused.value.key == "sheet"


def cell(text):
    return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'


def test_a_table_of_libreoffice_is_read_with_its_million_of_empty_rows(tmp_path):
    urn = "urn:oasis:names:tc:opendocument:xmlns"
    with zipfile.ZipFile(tmp_path / "a.ods", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{urn}:manifest:1.0"><manifest:file-entry manifest:full-path="/" '
            'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>',
        )
        packed.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{urn}:office:1.0" xmlns:table="{urn}:table:1.0" '
            f'xmlns:text="{urn}:text:1.0"><office:body><office:spreadsheet><table:table table:name="Лист1">'
            f"<table:table-row>{cell('номер')}{cell('имя')}</table:table-row><table:table-row>"
            '<table:table-cell office:value-type="float" office:value="89135004455"><text:p>8,9E10</text:p>'
            f"</table:table-cell>{cell('Ёлкина')}</table:table-row>"
            '<table:table-row table:number-rows-repeated="1048574"><table:table-cell '
            'table:number-columns-repeated="16384"/></table:table-row>'
            "</table:table></office:spreadsheet></office:body></office:document-content>",
        )

    assert [(row.line, row.cell, row.caller.name) for row in rows_of(tmp_path / "a.ods", DEFAULT_PLAN)] == [
        (2, "89135004455", "Ёлкина")
    ]


def test_a_new_file_under_an_old_name_is_read(path):
    assert len(list(rows_of(path.rename(path.with_suffix(".xls")), DEFAULT_PLAN))) == len(CALLERS)


@pytest.mark.parametrize("name", ["callers.xlsx", "callers.xls", "callers.ods"])
@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04half", b"<html><table><tr><td>number</td></tr></table></html>", b"number,name\n1,2\n"]
)
def test_what_is_no_spreadsheet_is_said_to_be_none(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(DirectoryError) as refused:
        list(rows_of(tmp_path / name, DEFAULT_PLAN))
    assert refused.value.message.en == f"not a spreadsheet, or a broken one: {tmp_path / name}"


def test_a_file_cut_in_half_is_refused(path, tmp_path):
    half = tmp_path / "half.xlsx"
    half.write_bytes(path.read_bytes()[:-600])

    with pytest.raises(DirectoryError):
        list(rows_of(half, DEFAULT_PLAN))


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize("damaged", [lambda _: b"", lambda xml: xml[:-200], lambda _: b"\0\xff<<<", None])
def test_a_sheet_that_is_broken_inside_a_whole_file_is_one_sentence(path, tmp_path, damaged):
    repack(path, tmp_path / "a.xlsx", damaged)

    with pytest.raises(DirectoryError, match="a broken one"):
        list(rows_of(tmp_path / "a.xlsx", DEFAULT_PLAN))


def repack(source, target, changed):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name != SHEET:
                new.writestr(name, old.read(name))
            elif changed:
                new.writestr(name, changed(old.read(name)))


def test_a_byte_that_a_disk_lost_is_one_sentence(path):
    content = bytearray(path.read_bytes())
    content[content.find(SHEET.encode()) + 80] ^= 0xFF
    path.write_bytes(content)

    with pytest.raises(DirectoryError, match="a broken one"):
        list(rows_of(path, DEFAULT_PLAN))


@pytest.mark.parametrize("place", ["AX1048576", "XFD1048576", "ZZZZZZZZZ99999999999"])
def test_a_cell_so_far_that_the_sheet_would_fill_the_memory_is_named(path, tmp_path, place):
    far = f'<row r="9"><c r="{place}" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'.encode()
    repack(path, tmp_path / "a.xlsx", lambda xml: xml.replace(b"</sheetData>", far))

    with pytest.raises(DirectoryError, match=f"its cell {place} is in use"):
        list(rows_of(tmp_path / "a.xlsx", DEFAULT_PLAN))


def test_a_far_cell_is_named_even_if_much_space_follows_its_tag(path, tmp_path):
    spaces = " " * 3 * 2**20
    far = f'<row r="9"><c r="XFD1048576" t="inlineStr">{spaces}<is><t>x</t></is></c></row></sheetData>'.encode()
    repack(path, tmp_path / "a.xlsx", lambda xml: xml.replace(b"</sheetData>", far))

    with pytest.raises(DirectoryError, match="its cell XFD1048576 is in use"):
        list(rows_of(tmp_path / "a.xlsx", DEFAULT_PLAN))


def test_a_far_cell_that_only_has_a_colour_does_no_harm(path, tmp_path):
    far = b'<row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData>'
    repack(path, tmp_path / "a.xlsx", lambda xml: xml.replace(b"</sheetData>", far))

    assert len(list(rows_of(tmp_path / "a.xlsx", DEFAULT_PLAN))) == len(CALLERS)


@pytest.mark.parametrize("xml", [b"<c " * 500_000, b"<c " + b'r="A1" ' * 300_000, b"<" + b"a" * 3_000_000])
def test_a_sheet_made_to_be_looked_at_for_ever_is_refused_at_once(path, tmp_path, xml):
    repack(path, tmp_path / "a.xlsx", lambda _: xml)

    with pytest.raises(DirectoryError, match="a broken one"):
        list(rows_of(tmp_path / "a.xlsx", DEFAULT_PLAN))


def protected():
    """Return the least that Excel's protection of a file is: a compound file with an encrypted package ([MS-CFB])."""
    free, end = 0xFFFFFFFF, 0xFFFFFFFE
    signature = bytes.fromhex("d0cf11e0a1b11ae1")
    head = struct.pack("<8s16xHHHHH6xIIIIIIIII", signature, 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, end, 0, end, 0)

    def entry(name, kind, child):
        text = f"{name}\0".encode("utf-16-le")
        return struct.pack("<64sHBBIII36xIQ", text, len(text), kind, 1, free, free, child, end, 0)

    entries = entry("Root Entry", 5, 1) + entry("EncryptedPackage", 2, free)
    sectors = struct.pack("<109I128I", 0, *[free] * 108, 0xFFFFFFFD, end, *[free] * 126)
    return head + sectors + entries.ljust(512, b"\0")


def test_a_file_with_a_password_is_said_to_have_one(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(protected())

    with pytest.raises(DirectoryError, match="the file has a password"):
        list(rows_of(tmp_path / "a.xlsx", DEFAULT_PLAN))


def test_a_file_that_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("vats1c.directory.xlsx_size._MAX_UNPACKED_BYTES", 100_000)
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/sharedStrings.xml", b"0" * 200_000)

    with pytest.raises(DirectoryError, match="unpacks to too much"):
        list(rows_of(tmp_path / "a.xlsx", DEFAULT_PLAN))


def test_a_sheet_without_the_columns_is_refused(tmp_path):
    path = write(tmp_path / "a.xlsx", [("name",), ("Иванов",)])

    with pytest.raises(DirectoryError, match="no columns number and name"):
        list(rows_of(path, DEFAULT_PLAN))


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(DirectoryError, match="No such file"):
        load("xlsx", "crm", {"path": str(tmp_path / "none.xlsx")}, DEFAULT_PLAN)


@pytest.mark.parametrize(
    "worse",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-600]),
        lambda path: path.write_text("<html><body>Сессия истекла</body></html>", encoding="utf-8"),
        lambda path: path.write_bytes("номер;имя\n89135004455;Ёлкина\n".encode("windows-1251")),
        lambda path: path.write_bytes(protected()),
        lambda path: write(path, [("Отчёт",), ("пусто",)]),
        lambda path: write(path, callers(CALLERS[:1])),
        lambda path: path.unlink(),
    ],
    ids=["empty", "half", "html", "csv", "password", "no columns", "far fewer rows", "gone"],
)
def test_a_file_that_got_worse_is_not_believed_and_the_last_good_one_is_served(directory, path, worse):
    worse(path)
    directory.refresh()

    assert directory.find(identify("89235292926")).caller.name == "VIP:Ренессанс Капитал"
    assert not directory.state().ready


def test_a_file_that_is_replaced_while_it_is_read_gives_the_old_rows_whole_and_then_the_new_ones(directory, path):
    directory.close()  # nobody else looks at the file meanwhile
    write(path, callers(CALLERS[1:]))
    read = directory._read

    def replaced_meanwhile(*given):
        for place, row in enumerate(read(*given)):
            if place == 1:
                os.replace(write(path.with_name("new.xlsx"), callers(CALLERS[:3])), path)  # noqa: PTH105
            yield row

    directory._read = replaced_meanwhile
    directory.refresh()
    assert (directory.state().callers, directory.find(identify("89235292926"))) == (4, None)

    directory._read = read
    directory.refresh()
    assert directory.state().callers == 3
    assert directory.find(identify("89235292926"))


def test_a_defect_of_the_library_does_not_end_the_watching(directory, path, monkeypatch):
    panic = type("PanicException", (BaseException,), {})

    def panics(*_):
        raise panic("capacity overflow")

    monkeypatch.setattr("vats1c.directory.kinds.xlsx.refuse_too_large", panics)
    write(path, callers(CALLERS[1:]))
    directory.refresh()

    assert not directory.state().ready


def test_without_the_library_the_kind_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    monkeypatch.delitem(sys.modules, "vats1c.directory.kinds.xlsx", raising=False)

    with pytest.raises(DirectoryError, match=r"need the library python-calamine: pip install vats1c\[xlsx\]"):
        importlib.import_module("vats1c.directory.kinds.xlsx")


def test_a_file_that_changed_is_read_again(directory, path):
    write(path, callers([*CALLERS[1:], ("89990000000", CALLERS[0][1])]))
    directory.refresh()

    assert directory.find(identify("89235292926")) is None
    assert directory.find(identify("89990000000"))
