"""Statements that the driver gets as they are: what happens with every call must cost next to nothing.

Rule: nothing here builds a statement for a value; SQL has "?" for each, and times are aware on our side.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from vats1c.database.schema import UtcDateTime

# SQLite takes 32,766 parameters in one statement, older ones 999.
_MAX_PARAMETERS = 900


def insert(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Write `rows`, each with the columns of `table` that the first one has, in its order; they are used up.

    Raises the driver's own errors.
    """
    if not rows:
        return
    names = tuple(rows[0])
    embedded = connection.dialect.name == "sqlite"
    times = _times(table, names) if embedded else ()
    most = _MAX_PARAMETERS // len(names)
    for start in range(0, len(rows), most):
        piece = rows[start : start + most]
        sql = _insert(table, names, len(piece))
        for row in piece:
            for name in times:
                row[name] = row[name] and _in_utc(row[name])
        values = [value for row in piece for value in row.values()]
        _cursor(connection).execute(sql if embedded else _with_percents(sql), values)


def execute(connection: sa.Connection, sql: str, *values: Any) -> Any:
    """Run `sql` and return the driver's cursor. Raises the driver's own errors."""
    if connection.dialect.name == "sqlite":
        return _cursor(connection).execute(sql, _stored(values))
    return _cursor(connection).execute(_with_percents(sql), values)


def execute_many(connection: sa.Connection, sql: str, rows: Sequence[Sequence[Any]]) -> int:
    """Run `sql` with the values of each row; return how many rows it changed. Raises the driver's own errors."""
    if not rows:
        return 0
    cursor = _cursor(connection)
    if connection.dialect.name == "sqlite":
        cursor.executemany(sql, [_stored(row) for row in rows])
    else:
        cursor.executemany(_with_percents(sql), rows)
    return int(cursor.rowcount)


def parse_time(value: Any) -> datetime:
    """Return a time that the driver gave, aware."""
    return value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)


def reserve(connection: sa.Connection, table: sa.Table, count: int) -> int:
    """Return the first of `count` ids that nobody else gets; for a transaction that no other writer is in."""
    if connection.dialect.name == "sqlite":
        # AUTOINCREMENT keeps the greatest id that ever was, and takes one that is given.
        last = execute(connection, "SELECT seq FROM sqlite_sequence WHERE name = ?", table.name).fetchone()
        return int(last[0]) + 1 if last else 1
    sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
    (last,) = execute(connection, f"SELECT setval({sequence}, nextval({sequence}) + ? - 1)", count).fetchone()
    return int(last) - count + 1


def _cursor(connection: sa.Connection) -> Any:
    return connection.connection.cursor()


def _stored(values: Iterable[Any]) -> list[Any]:
    return [_in_utc(one) if type(one) is datetime else one for one in values]


@lru_cache(maxsize=256)
def _in_utc(at: datetime) -> str:
    """Return a time as SQLAlchemy stores it in SQLite; a call's rows have the same one."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


@lru_cache(maxsize=1_024)
def _with_percents(sql: str) -> str:
    return sql.replace("?", "%s")


@lru_cache(maxsize=64)
def _times(table: sa.Table, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if isinstance(table.c[name].type, UtcDateTime))


@lru_cache(maxsize=1_024)
def _insert(table: sa.Table, names: tuple[str, ...], rows: int) -> str:
    one = f"({', '.join(['?'] * len(names))})"
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"INSERT INTO {table.name} ({quoted}) VALUES {', '.join([one] * rows)}"  # noqa: S608 - names of the schema
