"""Callers from a CSV file with a header row.

Headers in English or Russian, comma, semicolon or tab, UTF-8 or windows-1251: as spreadsheets and 1C save it.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vats1c.directory import DirectoryError, Row
from vats1c.directory.columns import fields_of, row_of
from vats1c.directory.files import FileDirectory
from vats1c.number import Plan

_DELIMITERS = ";,\t"


class CsvDirectory(FileDirectory):
    """Callers of one CSV file."""

    def __init__(self, name: str, settings: Mapping[str, Any], plan: Plan) -> None:
        """Read the file at `settings["path"]`. Raises DirectoryError."""
        super().__init__(name, settings, plan, read)


def read(path: Path, plan: Plan) -> Iterator[Row]:
    """Yield the rows of a CSV file. Raises DirectoryError."""
    text = _text(path)
    if not text.strip():
        raise DirectoryError(f"файл пуст: {path}", f"the file is empty: {path}", "path")
    delimiter = max(_DELIMITERS, key=text.partition("\n")[0].count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        fields = fields_of(next(rows), path)
        for row in rows:
            values = {field: value for field, value in zip(fields, row, strict=False) if field}
            if any(values.values()):
                yield row_of(rows.line_num, values, plan)
    except csv.Error as error:
        raise DirectoryError(
            f"ошибка в строке {rows.line_num}: {path}", f"line {rows.line_num} is broken: {path}", "path"
        ) from error


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DirectoryError(f"файл не читается: {path}: {reason}", f"cannot read {path}: {reason}", "path") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("windows-1251")
    except UnicodeDecodeError as error:
        raise DirectoryError(
            f"файл не в UTF-8 и не в windows-1251: {path}", f"neither UTF-8 nor windows-1251: {path}", "path"
        ) from error
