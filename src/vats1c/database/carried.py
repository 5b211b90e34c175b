"""What a file gets of the database that was removed or replaced while the service runs.

Its numbers go on: no reader's cursor is beyond them, and no id means two things. Whoever is signed in stays so.
"""

import sqlite3
from typing import Any

import sqlalchemy as sa

from vats1c.database.schema import calls, counters, exchanges, rings, sessions, subscribers

_VERSION = "version"
# Another process may have drawn as many numbers meanwhile, from the file that is gone.
_GAP = 10_000


class Carried:
    """Numbers, sessions and subscribers, as far as they could be read."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._version = 0
        self._sessions: list[tuple[Any, ...]] = []
        self._subscribers: list[tuple[Any, ...]] = []

    def read(self, connection: sqlite3.Connection) -> None:
        """Read them from the database that is gone and still open. Raises sqlite3.Error."""
        self._numbers = dict(connection.execute("SELECT name, seq FROM sqlite_sequence"))
        found = connection.execute("SELECT value FROM counters WHERE name = ?", (_VERSION,)).fetchone()
        self._version = found[0] if found else 0
        self._sessions = connection.execute(_select(sessions)).fetchall()
        self._subscribers = connection.execute(_select(subscribers)).fetchall()

    def put(self, connection: sa.Connection, *, is_new: bool) -> None:
        """Write them into another database, subscribers into a new one only. Raises SQLAlchemyError."""
        for table in (calls, exchanges, rings):
            if table.name in self._numbers:
                self._go_on(connection, table.name, self._numbers[table.name] + _GAP)
        if self._version:
            value = sa.select(counters.c.value).where(counters.c.name == _VERSION)
            version = max(connection.execute(value).scalar() or 0, self._version + _GAP)
            connection.execute(sa.delete(counters).where(counters.c.name == _VERSION))
            connection.execute(sa.insert(counters), {"name": _VERSION, "value": version})
        _insert(connection, sessions, self._sessions)
        if is_new:
            _insert(connection, subscribers, self._subscribers)

    @staticmethod
    def _go_on(connection: sa.Connection, table: str, last: int) -> None:
        """Have the next id of `table` be greater than `last`."""
        sequence = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
        held = connection.execute(sa.select(sequence.c.seq).where(sequence.c.name == table)).scalar() or 0
        connection.execute(sa.delete(sequence).where(sequence.c.name == table))
        connection.execute(sa.insert(sequence), {"name": table, "seq": max(held, last)})


def _select(table: sa.Table) -> str:
    return f"SELECT {_names(table)} FROM {table.name}"  # noqa: S608 - names of the schema


def _insert(connection: sa.Connection, table: sa.Table, rows: list[tuple[Any, ...]]) -> None:
    """Write rows as they are stored; those that are there stay."""
    if rows:
        places = ", ".join("?" * len(table.columns))
        sql = f"INSERT OR IGNORE INTO {table.name} ({_names(table)}) VALUES ({places})"  # noqa: S608 - likewise
        connection.exec_driver_sql(sql, rows)


def _names(table: sa.Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)
