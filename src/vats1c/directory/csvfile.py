"""Callers from a CSV file with a header row, read whole at the start.

Headers in English or Russian, comma, semicolon or tab, UTF-8 or windows-1251: as spreadsheets and 1C save it.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vats1c.directory import DirectoryError, State
from vats1c.directory.index import Index
from vats1c.model import Caller, Match
from vats1c.number import Number, Plan, split

# What a column may be called, folded; the first name is the one in the docs.
COLUMNS = {
    "number": ("number", "phone", "номер", "телефон", "номер телефона"),
    "name": ("name", "имя", "наименование", "фио", "клиент", "контрагент"),
    "company": ("company", "компания", "организация"),
    "category": ("category", "категория"),
    "manager": ("manager", "менеджер", "ответственный", "внутренний номер"),
    "note": ("note", "заметка", "примечание", "комментарий"),
}
_FIELDS = {title: field for field, titles in COLUMNS.items() for title in titles}
_DELIMITERS = ";,\t"


class CsvDirectory:
    """Callers of one CSV file."""

    def __init__(self, name: str, settings: Mapping[str, Any], plan: Plan) -> None:
        """Read the file at `settings["path"]`. Raises DirectoryError."""
        unknown = sorted(settings.keys() - {"path"})
        if unknown:
            raise DirectoryError("нет такой настройки; есть: path", "no such setting; there is: path", unknown[0])
        if not isinstance(settings.get("path"), str) or not settings["path"]:
            raise DirectoryError("нужен путь к файлу CSV", "the path of a CSV file is needed", "path")
        self.name = name
        self._index = Index(_rows(Path(settings["path"]), plan))

    def find(self, number: Number) -> Match | None:
        """Return the callers of the rows whose number is the same, however it was written."""
        return self._index.find(number)

    def state(self) -> State:
        """Return the number of callers in the file."""
        return State(ready=True, callers=len(self._index))

    def close(self) -> None:
        """Nothing is held open."""


def _rows(path: Path, plan: Plan) -> Iterator[tuple[list[Number], Caller]]:
    text = _text(path)
    if not text.strip():
        raise DirectoryError(f"файл пуст: {path}", f"the file is empty: {path}", "path")
    delimiter = max(_DELIMITERS, key=text.partition("\n")[0].count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        fields = [_FIELDS.get(title.strip().casefold()) for title in next(rows)]
        if "number" not in fields or "name" not in fields:
            raise DirectoryError(
                f"в первой строке нужны столбцы number и name (номер и имя): {path}",
                f"the first row must name the columns number and name: {path}",
                "path",
            )
        for row in rows:
            values = {field: value.strip() for field, value in zip(fields, row, strict=False) if field and value}
            numbers = split(values.pop("number", ""), plan)
            if numbers and values.get("name"):
                yield numbers, Caller(**values)
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
