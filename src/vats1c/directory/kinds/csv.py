"""Callers from a CSV file with a header row.

Headers in English or Russian, comma, semicolon or tab, UTF-8 or windows-1251: as spreadsheets and 1C save it.
"""

import csv
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from vats1c.directory import DirectoryError, Row
from vats1c.directory.columns import fields_of, row_of, row_reader
from vats1c.directory.files import FileDirectory
from vats1c.number import NumberPlan

_DELIMITERS = ";,\t"
_ENCODINGS = ("utf-8-sig", "windows-1251")
# Characters read at once to see whether the encoding is right.
_PIECE = 65_536


class CsvDirectory(FileDirectory):
    """Callers of one CSV file."""

    def __init__(self, name: str, settings: Mapping[str, Any], plan: NumberPlan) -> None:
        """Read the file at `settings["path"]`. Raises DirectoryError."""
        super().__init__(name, settings, plan, read)


def read(path: Path, plan: NumberPlan) -> Iterator[Row]:
    """Yield the rows of a CSV file. Raises DirectoryError."""
    # Line by line: a whole text would take several times the file's size, and the process would keep it.
    with path.open(encoding=_encoding(path), newline="") as file:
        first = file.readline()
        rows = csv.reader(chain((first,), file), delimiter=max(_DELIMITERS, key=first.count), strict=True)
        try:
            picked = row_reader(fields_of(next(rows), path))
            for row in rows:
                cells = picked(row)
                if any(cells):
                    yield row_of(rows.line_num, cells, plan)
        # It is written to while it is read, when its encoding is another all at once.
        except (csv.Error, UnicodeDecodeError) as error:
            raise DirectoryError(
                f"ошибка в строке {rows.line_num}: {path}", f"line {rows.line_num} is broken: {path}", "path"
            ) from error


def _encoding(path: Path) -> str:
    """Return the encoding of a whole file that holds something. Raises DirectoryError."""
    for encoding in _ENCODINGS:
        try:
            with path.open(encoding=encoding) as file:
                written = sum(not piece.isspace() for piece in iter(partial(file.read, _PIECE), ""))
        except UnicodeDecodeError:
            continue
        except OSError as error:
            reason = error.strerror or str(error)
            raise DirectoryError(
                f"файл не читается: {path}: {reason}", f"cannot read {path}: {reason}", "path"
            ) from error
        if not written:
            raise DirectoryError(f"файл пуст: {path}", f"the file is empty: {path}", "path")
        return encoding
    raise DirectoryError(
        f"файл не в UTF-8 и не в windows-1251: {path}", f"neither UTF-8 nor windows-1251: {path}", "path"
    )
