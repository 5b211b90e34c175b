"""Callers from a spreadsheet: Excel's or LibreOffice's, as people keep them, with a header somewhere near the top.

Rule: a number in a cell is its digits, whatever Excel made of it.
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

# A title and an empty row often stand above the names of the columns.
_MAX_HEADER_ROW = 10


class XlsxDirectory(FileDirectory):
    """Callers of one spreadsheet."""

    def __init__(self, name: str, settings: Mapping[str, Any], plan: NumberPlan) -> None:
        """Read the file at `settings["path"]`, of it the sheet `settings["sheet"]`. Raises DirectoryError."""
        refuse_no_text(settings, ("sheet",))
        super().__init__(name, settings, plan, partial(read, sheet=settings.get("sheet", "")), own=("sheet",))


def read(path: Path, plan: NumberPlan, *, sheet: str = "") -> Iterator[Row]:
    """Yield the rows of `sheet`, or of the first one that has the columns, numbered as Excel does.

    Raises DirectoryError.
    """
    with _errors_as_sentences(path):
        workbook = _opened(path)
        for title in [_named(workbook, sheet, path)] if sheet else workbook.sheet_names:
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


def _named(workbook: python_calamine.CalamineWorkbook, wanted: str, path: Path) -> str:
    """Return the name as the file has it: Excel does not tell capital letters from small ones."""
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
            # A line break in the number's cell stands between two numbers; elsewhere it is there for looks.
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


def _opened(path: Path) -> python_calamine.CalamineWorkbook:
    # Read whole: what is looked at and what is read is one file, and Excel may save over it meanwhile.
    content = io.BytesIO(path.read_bytes())
    refuse_too_large(content, path)
    content.seek(0)
    try:
        return python_calamine.CalamineWorkbook.from_filelike(content)
    except python_calamine.CalamineError:
        # Only by its path does the library say that a file has a password.
        return python_calamine.CalamineWorkbook.from_path(str(path))


@contextmanager
def _errors_as_sentences(path: Path) -> Iterator[None]:
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
        # What its Rust part did not expect comes as a panic, which is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise _broken(path) from error


def _broken(path: Path) -> DirectoryError:
    return DirectoryError(
        f"это не таблица Excel или OpenDocument, либо она испорчена: {path}",
        f"not a spreadsheet, or a broken one: {path}",
        "path",
    )
