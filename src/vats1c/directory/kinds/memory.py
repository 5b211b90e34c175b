"""Callers listed in the settings, for a few callers, demonstrations and tests."""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from vats1c.directory import DirectoryError, Row, State
from vats1c.directory.columns import COLUMNS, FIELDS, cells_of, row_of
from vats1c.directory.index import CallerIndex
from vats1c.directory.settings_checks import refuse_unknown
from vats1c.model import Match
from vats1c.number import Number, NumberPlan


class MemoryDirectory:
    """The callers of one list."""

    nonblocking = True

    def __init__(self, name: str, settings: Mapping[str, Any], plan: NumberPlan) -> None:
        """Load `settings["callers"]`, a list of tables keyed by column titles. Raises DirectoryError."""
        refuse_unknown(settings, ("callers",))
        self.name = name
        self._plan = plan
        self._lock = threading.Lock()
        self.replace(settings.get("callers"))

    def replace(self, callers: Any) -> None:
        """Replace all callers by `callers`. Raises DirectoryError without changing anything."""
        rows = list(_rows(callers, self._plan))
        with self._lock:
            self._set_rows(rows)

    def put(self, callers: Any) -> None:
        """Add `callers`, replacing the callers that share a number with them.

        Raises DirectoryError without changing anything.
        """
        rows = list(_rows(callers, self._plan))
        replaced = {number.canonical for row in rows for number in row.numbers}
        with self._lock:
            others = [row for row in self._rows if replaced.isdisjoint(number.canonical for number in row.numbers)]
            self._set_rows(others + rows)

    def _set_rows(self, rows: list[Row]) -> None:
        self._rows = rows
        self._index = CallerIndex((row.numbers, row.caller) for row in rows)
        # `Directory.find`. A concurrent lookup uses either the complete old index or the complete new one.
        self.find: Callable[[Number], Match | None] = self._index.find

    def rows(self) -> list[Row]:
        """Return the rows of all callers in the order in which they were added."""
        return self._rows

    def state(self) -> State:
        """Return the number of callers; always ready."""
        return State(ready=True, callers=len(self._index))

    def close(self) -> None:
        """Do nothing: no resources are open."""


def _rows(callers: Any, plan: NumberPlan) -> Iterator[Row]:
    if not isinstance(callers, list | tuple):
        raise DirectoryError("нужен список таблиц", "a list of tables is needed", "callers")
    for index, table in enumerate(callers):
        row = row_of(index + 1, cells_of(_values(table, f"callers[{index}]")), plan)
        # An unusable row of a file is skipped; in the settings it is a mistake of the administrator.
        if not row.usable:
            raise DirectoryError(
                "нужны имя и номер телефонной сети", "a name and a public number are needed", f"callers[{index}]"
            )
        yield row


def _values(table: Any, key: str) -> dict[str, str]:
    if not isinstance(table, Mapping):
        raise DirectoryError("нужна таблица", "must be a table", key)
    values = {}
    for title, value in table.items():
        field = FIELDS.get(title.strip().casefold())
        if field is None:
            there_are = ", ".join(COLUMNS)
            raise DirectoryError(
                f"нет такого поля; есть: {there_are}", f"no such field; there are: {there_are}", f"{key}.{title}"
            )
        # Integers are accepted so that number = 89235292926 and manager = 244 need no quotes.
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise DirectoryError("нужна строка", "must be a text", f"{key}.{title}")
        values[field] = str(value)
    return values
