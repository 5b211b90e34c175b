"""Execute SQL text by the database driver, without SQLAlchemy, for the statements that run at every call.

SQLAlchemy would add too much time to each of these statements. Rule: values are never formatted into the SQL text; they
are passed as parameters, for which the text has the placeholder "?". Times carry a zone.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from vats1c.database.schema import UtcDateTime

# SQLite allows 32,766 parameters in a statement, versions before 3.32 only 999.
_MAX_PARAMETERS = 900


def insert(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert `rows` (column → value) into `table`. All rows need the same columns in the same order.

    The rows' times are replaced by their stored form. Raises the driver's own errors.
    """
    if not rows:
        return
    names = tuple(rows[0])
    embedded = connection.dialect.name == "sqlite"
    time_columns = _time_columns(table, names) if embedded else ()
    max_rows = _MAX_PARAMETERS // len(names)
    for start in range(0, len(rows), max_rows):
        batch = rows[start : start + max_rows]
        sql = _insert_sql(table, names, len(batch))
        for row in batch:
            for name in time_columns:
                row[name] = row[name] and _stored_time(row[name])
        values = [value for row in batch for value in row.values()]
        _cursor(connection).execute(sql if embedded else _psycopg_sql(sql), values)


def execute(connection: sa.Connection, sql: str, *values: Any) -> Any:
    """Execute `sql` and return the driver's cursor. Raises the driver's own errors."""
    if connection.dialect.name == "sqlite":
        return _cursor(connection).execute(sql, _stored_values(values))
    return _cursor(connection).execute(_psycopg_sql(sql), values)


def execute_many(connection: sa.Connection, sql: str, rows: Sequence[Sequence[Any]]) -> int:
    """Execute `sql` once per row of values; return how many table rows changed. Raises the driver's own errors."""
    if not rows:
        return 0
    cursor = _cursor(connection)
    if connection.dialect.name == "sqlite":
        cursor.executemany(sql, [_stored_values(row) for row in rows])
    else:
        cursor.executemany(_psycopg_sql(sql), rows)
    return int(cursor.rowcount)


def parse_time(value: Any) -> datetime:
    """Return a time value from the driver (text in SQLite) as a datetime in UTC."""
    return value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)


def reserve(connection: sa.Connection, table: sa.Table, count: int) -> int:
    """Reserve `count` consecutive ids of `table`, and return the first. Call it inside `Database.writing`."""
    if connection.dialect.name == "sqlite":
        # sqlite_sequence holds the greatest id that AUTOINCREMENT ever assigned; explicit ids in an INSERT raise it.
        last = execute(connection, "SELECT seq FROM sqlite_sequence WHERE name = ?", table.name).fetchone()
        return int(last[0]) + 1 if last else 1
    sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
    (last,) = execute(connection, f"SELECT setval({sequence}, nextval({sequence}) + ? - 1)", count).fetchone()
    return int(last) - count + 1


def _cursor(connection: sa.Connection) -> Any:
    return connection.connection.cursor()


def _stored_values(values: Iterable[Any]) -> list[Any]:
    return [_stored_time(value) if type(value) is datetime else value for value in values]


@lru_cache(maxsize=256)
def _stored_time(at: datetime) -> str:
    """Return a time as SQLAlchemy stores it in SQLite; cached, because all rows of a call have the same time."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


@lru_cache(maxsize=1_024)
def _psycopg_sql(sql: str) -> str:
    return sql.replace("?", "%s")


@lru_cache(maxsize=64)
def _time_columns(table: sa.Table, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if isinstance(table.c[name].type, UtcDateTime))


@lru_cache(maxsize=1_024)
def _insert_sql(table: sa.Table, names: tuple[str, ...], row_count: int) -> str:
    row = f"({', '.join(['?'] * len(names))})"
    columns = ", ".join(f'"{name}"' for name in names)
    return f"INSERT INTO {table.name} ({columns}) VALUES {', '.join([row] * row_count)}"  # noqa: S608 - names of the schema
