"""Callers from a spreadsheet: Excel's or LibreOffice's, as people keep them, with a header somewhere near the top.

Rule: a number in a cell is its digits, whatever Excel made of it.
"""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from vats1c.directory import DirectoryError, Row
from vats1c.directory.columns import fields_of, row_of
from vats1c.directory.files import FileDirectory
from vats1c.number import Plan

try:
    import python_calamine
except ImportError as missing:
    raise DirectoryError(
        "для таблиц Excel нужна библиотека python-calamine: pip install vats1c[xlsx]",
        "spreadsheets need the library python-calamine: pip install vats1c[xlsx]",
        "type",
    ) from missing

# A title and an empty row often stand above the names of the columns.
_HEADER_WITHIN = 10
# A small file that unpacks to more than this was made to do harm.
_MOST_UNPACKED = 2**30


class XlsxDirectory(FileDirectory):
    """Callers of one spreadsheet."""

    def __init__(self, name: str, settings: Mapping[str, Any], plan: Plan) -> None:
        """Read the file at `settings["path"]`. Raises DirectoryError."""
        super().__init__(name, settings, plan, read)


def read(path: Path, plan: Plan) -> Iterator[Row]:
    """Yield the rows of the first sheet that has the columns, numbered as Excel does. Raises DirectoryError."""
    workbook = _opened(path)
    for sheet_name in workbook.sheet_names:
        sheet = workbook.get_sheet_by_name(sheet_name)
        if sheet.start is None:
            continue
        rows = enumerate(sheet.iter_rows(), 1)
        for _, titles in islice(rows, _HEADER_WITHIN):
            fields = _fields(titles, path)
            if fields:
                yield from _rows(rows, fields, plan)
                return
    raise DirectoryError(
        f"в первых строках нет столбцов number и name (номер и имя): {path}",
        f"no columns number and name in the first rows: {path}",
        "path",
    )


def _rows(rows: Iterator[tuple[int, Sequence[Any]]], fields: list[str | None], plan: Plan) -> Iterator[Row]:
    for line, cells in rows:
        values = {field: _text(cell) for field, cell in zip(fields, cells, strict=False) if field}
        if any(values.values()):
            yield row_of(line, values, plan)


def _fields(titles: Sequence[Any], path: Path) -> list[str | None] | None:
    try:
        return fields_of([_text(title) for title in titles], path)
    except DirectoryError:
        return None


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return " ".join(str(cell).split())


def _opened(path: Path) -> python_calamine.CalamineWorkbook:
    try:
        _refuse_bombs(path)
        return python_calamine.CalamineWorkbook.from_path(str(path))
    except OSError as error:
        reason = error.strerror or str(error)
        raise DirectoryError(f"файл не читается: {path}: {reason}", f"cannot read {path}: {reason}", "path") from error
    except python_calamine.PasswordError as error:
        raise DirectoryError(f"файл под паролем: {path}", f"the file has a password: {path}", "path") from error
    except (python_calamine.CalamineError, zipfile.BadZipFile) as error:
        raise _broken(path) from error
    except BaseException as error:
        # What its Rust part did not expect comes as a panic, which is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise _broken(path) from error


def _refuse_bombs(path: Path) -> None:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            if sum(one.file_size for one in packed.infolist()) > _MOST_UNPACKED:
                raise DirectoryError(
                    f"файл распаковывается в слишком большой: {path}", f"the file unpacks to too much: {path}", "path"
                )


def _broken(path: Path) -> DirectoryError:
    return DirectoryError(f"это не таблица Excel или OpenDocument: {path}", f"not a spreadsheet: {path}", "path")
