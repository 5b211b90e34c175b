"""Callers from a CSV file with a header row.

Accepts the formats that spreadsheets and 1C save: column titles in English or Russian; comma, semicolon or tab as
delimiter; UTF-8 or windows-1251.
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
# Chunk size, in characters, for testing an encoding.
_CHUNK_CHARS = 65_536


class CsvDirectory(FileDirectory):
    """The callers in one CSV file."""

    def __init__(self, name: str, settings: Mapping[str, Any], plan: NumberPlan) -> None:
        """Load the file at `settings["path"]`. Raises DirectoryError."""
        super().__init__(name, settings, plan, read)


def read(path: Path, plan: NumberPlan) -> Iterator[Row]:
    """Yield the rows of a CSV file that are not blank. Raises DirectoryError."""
    # Read line by line: the whole text takes several times the size of the file, and the process keeps that memory.
    with path.open(encoding=_encoding(path), newline="") as file:
        first = file.readline()
        rows = csv.reader(chain((first,), file), delimiter=max(_DELIMITERS, key=first.count), strict=True)
        try:
            read_row = row_reader(fields_of(next(rows), path))
            for row in rows:
                cells = read_row(row)
                if any(cells):
                    yield row_of(rows.line_num, cells, plan)
        # UnicodeDecodeError: another program rewrote the file after its encoding was detected.
        except (csv.Error, UnicodeDecodeError) as error:
            raise DirectoryError(
                f"ошибка в строке {rows.line_num}: {path}", f"line {rows.line_num} is broken: {path}", "path"
            ) from error


def _encoding(path: Path) -> str:
    """Return the encoding that decodes the whole file. Raises DirectoryError if there is none, or the file is blank."""
    for encoding in _ENCODINGS:
        try:
            with path.open(encoding=encoding) as file:
                nonblank = sum(not chunk.isspace() for chunk in iter(partial(file.read, _CHUNK_CHARS), ""))
        except UnicodeDecodeError:
            continue
        except OSError as error:
            reason = error.strerror or str(error)
            raise DirectoryError(
                f"файл не читается: {path}: {reason}", f"cannot read {path}: {reason}", "path"
            ) from error
        if not nonblank:
            raise DirectoryError(f"файл пуст: {path}", f"the file is empty: {path}", "path")
        return encoding
    raise DirectoryError(
        f"файл не в UTF-8 и не в windows-1251: {path}", f"neither UTF-8 nor windows-1251: {path}", "path"
    )
