"""Callers from an Excel or LibreOffice spreadsheet with a header in one of its first rows.

Rule: a phone number stored as a numeric cell is read as its digits, without a decimal point or exponent.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from vats1c.directory import DirectoryError, Row
from vats1c.directory.columns import cells_of, fields_of, row_of
from vats1c.directory.files import FileDirectory
from vats1c.directory.settings_checks import refuse_no_text
from vats1c.directory.xlsx_size import BROKEN, refuse_too_large
from vats1c.number import NumberPlan

try:
    import python_calamine
except ImportError as missing:
    raise DirectoryError(
        "для таблиц Excel нужна библиотека python-calamine: pip install vats1c[xlsx]",
        "spreadsheets need the library python-calamine: pip install vats1c[xlsx]",
        "type",
    ) from missing

# The header is searched in the first rows, because a title and an empty row often precede it.
_MAX_HEADER_ROW = 10


class XlsxDirectory(FileDirectory):
    """The callers in one spreadsheet."""

    def __init__(self, name: str, settings: Mapping[str, Any], plan: NumberPlan) -> None:
        """Load the sheet `settings["sheet"]` of the file at `settings["path"]`. Raises DirectoryError."""
        refuse_no_text(settings, ("sheet",))
        super().__init__(name, settings, plan, partial(read, sheet=settings.get("sheet", "")), extra=("sheet",))


def read(path: Path, plan: NumberPlan, *, sheet: str = "") -> Iterator[Row]:
    """Yield the rows of `sheet`, or of the first sheet with a header, under their Excel row numbers.

    Raises DirectoryError.
    """
    with _translated_errors(path):
        workbook = _open_workbook(path)
        for title in [_sheet_name(workbook, sheet, path)] if sheet else workbook.sheet_names:
            rows = _numbered(workbook, title)
            for _, titles in islice(rows, _MAX_HEADER_ROW):
                fields = _fields(titles, path)
                if fields:
                    yield from _rows(rows, fields, plan)
                    return
    raise DirectoryError(
        f"в первых строках нет столбцов number и name (номер и имя): {path}",
        f"no columns number and name in the first rows: {path}",
        "sheet" if sheet else "path",
    )


def _numbered(workbook: python_calamine.CalamineWorkbook, title: str) -> Iterator[tuple[int, Sequence[Any]]]:
    sheet = workbook.get_sheet_by_name(title)
    return iter(()) if sheet.start is None else enumerate(sheet.iter_rows(), 1)


def _sheet_name(workbook: python_calamine.CalamineWorkbook, wanted: str, path: Path) -> str:
    """Return the name of the sheet that equals `wanted` ignoring case, as in Excel. Raises DirectoryError."""
    for title in workbook.sheet_names:
        if title.strip().casefold() == wanted.strip().casefold():
            return title
    there_are = ", ".join(workbook.sheet_names)
    raise DirectoryError(
        f"нет листа «{wanted}»; есть: {there_are}: {path}",
        f"no sheet {wanted!r}; there are: {there_are}: {path}",
        "sheet",
    )


def _rows(rows: Iterator[tuple[int, Sequence[Any]]], fields: list[str | None], plan: NumberPlan) -> Iterator[Row]:
    for line, cells in rows:
        values = {field: _text(cell) for field, cell in zip(fields, cells, strict=False) if field}
        if any(map(str.strip, values.values())):
            # A line break separates numbers in the number cell; in other cells it is only layout.
            row = {field: text if field == "number" else _in_one_line(text) for field, text in values.items()}
            yield row_of(line, cells_of(row), plan)


def _fields(titles: Sequence[Any], path: Path) -> list[str | None] | None:
    try:
        return fields_of([_in_one_line(_text(title)) for title in titles], path)
    except DirectoryError:
        return None


def _text(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _open_workbook(path: Path) -> python_calamine.CalamineWorkbook:
    # Read into memory, so that the size check and the parser see the same bytes even if Excel saves the file meanwhile.
    content = io.BytesIO(path.read_bytes())
    refuse_too_large(content, path)
    content.seek(0)
    try:
        return python_calamine.CalamineWorkbook.from_filelike(content)
    except python_calamine.CalamineError:
        # python-calamine raises PasswordError only when it opens a file by path.
        return python_calamine.CalamineWorkbook.from_path(str(path))


@contextmanager
def _translated_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except DirectoryError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise DirectoryError(f"файл не читается: {path}: {reason}", f"cannot read {path}: {reason}", "path") from error
    except python_calamine.PasswordError as error:
        raise DirectoryError(f"файл под паролем: {path}", f"the file has a password: {path}", "path") from error
    except (python_calamine.CalamineError, *BROKEN) as error:
        raise _broken(path) from error
    except BaseException as error:
        # A panic in the Rust code of python-calamine derives from BaseException.
        if type(error).__name__ != "PanicException":
            raise
        raise _broken(path) from error


def _broken(path: Path) -> DirectoryError:
    return DirectoryError(
        f"это не таблица Excel или OpenDocument, либо она испорчена: {path}",
        f"not a spreadsheet, or a broken one: {path}",
        "path",
    )
