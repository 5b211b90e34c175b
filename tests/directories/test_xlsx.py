"""A spreadsheet passes the suite, whatever Excel made of the numbers and wherever the header stands."""

import datetime as dt
import zipfile
from dataclasses import astuple

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
    return [TITLES, *((number, *astuple(caller)) for number, caller in pairs)]


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


@pytest.mark.parametrize("name", ["callers.xlsx", "callers.xls", "callers.ods"])
@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04half", b"<html><table><tr><td>number</td></tr></table></html>", b"number,name\n1,2\n"]
)
def test_what_is_no_spreadsheet_is_said_to_be_none(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(DirectoryError) as refused:
        list(rows_of(tmp_path / name, DEFAULT_PLAN))
    assert refused.value.message.en == f"not a spreadsheet: {tmp_path / name}"


def test_a_file_cut_in_half_is_refused(path, tmp_path):
    half = tmp_path / "half.xlsx"
    half.write_bytes(path.read_bytes()[:-600])

    with pytest.raises(DirectoryError):
        list(rows_of(half, DEFAULT_PLAN))


def test_a_file_that_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("vats1c.directory.xlsxfile._MOST_UNPACKED", 100_000)
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


def test_a_file_that_got_worse_is_not_believed(directory, path):
    path.write_bytes(b"half")
    directory.refresh()

    assert directory.find(identify("89235292926")).caller.name == "VIP:Ренессанс Капитал"
    assert not directory.state().ready


def test_a_file_that_changed_is_read_again(directory, path):
    write(path, callers([*CALLERS[1:], ("89990000000", CALLERS[0][1])]))
    directory.refresh()

    assert directory.find(identify("89235292926")) is None
    assert directory.find(identify("89990000000"))
