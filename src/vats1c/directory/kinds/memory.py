"""Callers written in the settings themselves: for a handful of them, for demonstrations and for tests."""

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
    """Callers of one list."""

    nonblocking = True

    def __init__(self, name: str, settings: Mapping[str, Any], plan: NumberPlan) -> None:
        """Take `settings["callers"]`: tables whose keys are the columns of the CSV. Raises DirectoryError."""
        refuse_unknown(settings, ("callers",))
        self.name = name
        self._plan = plan
        self._changing = threading.Lock()
        self.replace(settings.get("callers"))

    def replace(self, callers: Any) -> None:
        """Know `callers` instead of those known before. Raises DirectoryError, and then changes nothing."""
        rows = list(_rows(callers, self._plan))
        with self._changing:
            self._set_rows(rows)

    def put(self, callers: Any) -> None:
        """Know `callers` too, in place of whoever has one of their numbers. Raises DirectoryError."""
        rows = list(_rows(callers, self._plan))
        taken = {number.canonical for row in rows for number in row.numbers}
        with self._changing:
            others = [row for row in self._rows if taken.isdisjoint(number.canonical for number in row.numbers)]
            self._set_rows(others + rows)

    def _set_rows(self, rows: list[Row]) -> None:
        self._rows = rows
        self._index = CallerIndex((row.numbers, row.caller) for row in rows)
        # `Directory.find`. A thread that looks a number up meanwhile uses the old index or the new one, whole.
        self.find: Callable[[Number], Match | None] = self._index.find

    def rows(self) -> list[Row]:
        """Return every caller as it was given."""
        return self._rows

    def state(self) -> State:
        """Return the number of callers; always ready."""
        return State(ready=True, callers=len(self._index))

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""


def _rows(callers: Any, plan: NumberPlan) -> Iterator[Row]:
    if not isinstance(callers, list | tuple):
        raise DirectoryError("нужен список таблиц", "a list of tables is needed", "callers")
    for place, table in enumerate(callers):
        row = row_of(place + 1, cells_of(_values(table, f"callers[{place}]")), plan)
        # In a file such a row is somebody else's mess; here it is a mistake in the settings.
        if not row.usable:
            raise DirectoryError(
                "нужны имя и номер телефонной сети", "a name and a public number are needed", f"callers[{place}]"
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
        # number = 89235292926 and manager = 244 read well without quotes.
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise DirectoryError("нужна строка", "must be a text", f"{key}.{title}")
        values[field] = str(value)
    return values
