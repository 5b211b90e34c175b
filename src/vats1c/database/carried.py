"""State copied from a SQLite database that was removed or replaced into the database opened in its place.

Ids and versions continue above the old ones, so that no client's cursor is ahead of the journal and no id is used
twice. Signed-in users stay signed in.
"""

import sqlite3
from typing import Any

import sqlalchemy as sa

from vats1c.database.schema import calls, counters, exchanges, rings, sessions, subscribers

_VERSION = "version"
# Added to the old ids and the old version, because another process may still assign ids in the old file.
_GAP = 10_000


class CarriedState:
    """The last ids, version, sessions and subscribers of a database, as far as they could be read."""

    def __init__(self) -> None:
        self._last_ids: dict[str, int] = {}
        self._version = 0
        self._sessions: list[tuple[Any, ...]] = []
        self._subscribers: list[tuple[Any, ...]] = []

    def read(self, connection: sqlite3.Connection) -> None:
        """Read the state from the removed or replaced database, which is still open. Raises sqlite3.Error."""
        self._last_ids = dict(connection.execute("SELECT name, seq FROM sqlite_sequence"))
        row = connection.execute("SELECT value FROM counters WHERE name = ?", (_VERSION,)).fetchone()
        self._version = row[0] if row else 0
        self._sessions = connection.execute(_select(sessions)).fetchall()
        self._subscribers = connection.execute(_select(subscribers)).fetchall()

    def write(self, connection: sa.Connection, *, is_new: bool) -> None:
        """Write the state into another database; subscribers only if it `is_new`. Raises SQLAlchemyError."""
        for table in (calls, exchanges, rings):
            if table.name in self._last_ids:
                self._raise_last_id(connection, table.name, self._last_ids[table.name] + _GAP)
        if self._version:
            value = sa.select(counters.c.value).where(counters.c.name == _VERSION)
            version = max(connection.execute(value).scalar() or 0, self._version + _GAP)
            connection.execute(sa.delete(counters).where(counters.c.name == _VERSION))
            connection.execute(sa.insert(counters), {"name": _VERSION, "value": version})
        _insert(connection, sessions, self._sessions)
        if is_new:
            _insert(connection, subscribers, self._subscribers)

    @staticmethod
    def _raise_last_id(connection: sa.Connection, table: str, last_id: int) -> None:
        """Make SQLite assign ids greater than `last_id` to new rows of `table`."""
        sequence = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
        current = connection.execute(sa.select(sequence.c.seq).where(sequence.c.name == table)).scalar() or 0
        connection.execute(sa.delete(sequence).where(sequence.c.name == table))
        connection.execute(sa.insert(sequence), {"name": table, "seq": max(current, last_id)})


def _select(table: sa.Table) -> str:
    return f"SELECT {_column_list(table)} FROM {table.name}"  # noqa: S608 - names come from the schema


def _insert(connection: sa.Connection, table: sa.Table, rows: list[tuple[Any, ...]]) -> None:
    """Insert `rows`, values in SQLite's storage form; leave rows whose primary key exists unchanged."""
    if rows:
        parameters = ", ".join("?" * len(table.columns))
        sql = f"INSERT OR IGNORE INTO {table.name} ({_column_list(table)}) VALUES ({parameters})"  # noqa: S608 - as above
        connection.exec_driver_sql(sql, rows)


def _column_list(table: sa.Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)
