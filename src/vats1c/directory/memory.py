"""Callers written in the settings themselves: for a handful of them, for demonstrations and for tests."""

from collections.abc import Iterator, Mapping
from typing import Any

from vats1c.directory import DirectoryError, Row, State
from vats1c.directory.columns import COLUMNS, FIELDS, row_of
from vats1c.directory.given import refuse_unknown
from vats1c.directory.index import Index
from vats1c.model import Match
from vats1c.number import Number, Plan


class MemoryDirectory:
    """Callers of one list."""

    in_memory = True

    def __init__(self, name: str, settings: Mapping[str, Any], plan: Plan) -> None:
        """Take `settings["callers"]`: tables whose keys are the columns of the CSV. Raises DirectoryError."""
        refuse_unknown(settings, ("callers",))
        callers = settings.get("callers")
        if not isinstance(callers, list | tuple):
            raise DirectoryError("нужен список таблиц", "a list of tables is needed", "callers")
        self.name = name
        self._index = Index((row.numbers, row.caller) for row in _rows(callers, plan))

    def find(self, number: Number) -> Match | None:
        """Return the callers whose number is the same, however it was written."""
        return self._index.find(number)

    def state(self) -> State:
        """Return the number of callers; always ready."""
        return State(ready=True, callers=len(self._index))

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""


def _rows(callers: list[Any] | tuple[Any, ...], plan: Plan) -> Iterator[Row]:
    for place, table in enumerate(callers):
        row = row_of(place + 1, _values(table, f"callers[{place}]"), plan)
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
