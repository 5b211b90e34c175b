"""Statements that the driver gets as they are: what happens with every call must cost next to nothing.

Rule: nothing here builds a statement for a value; SQL has "?" for each, and times are aware on our side.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

# SQLite takes 32,766 parameters in one statement, older ones 999.
_MOST_PARAMETERS = 900


def insert(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write `rows`, each with every column of `table` that the first one has. Raises SQLAlchemyError."""
    if not rows:
        return
    names = tuple(rows[0])
    head, one, bound = _statement(connection.dialect, table, names)
    most = _MOST_PARAMETERS // len(names)
    for start in range(0, len(rows), most):
        piece = rows[start : start + most]
        values = [bind(row[name]) if bind else row[name] for row in piece for name, bind in bound]
        connection.exec_driver_sql(f"{head} {', '.join([one] * len(piece))}", tuple(values))


def insert_one(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> int:
    """Write `row` and return its id. Raises the driver's own errors."""
    head, one, bound = _statement(connection.dialect, table, tuple(row))
    values = [bind(row[name]) if bind else row[name] for name, bind in bound]
    return int(_cursor(connection).execute(f"{head} {one} RETURNING id", values).fetchone()[0])


def execute(connection: sa.Connection, sql: str, *values: Any) -> Any:
    """Run `sql` and return the driver's cursor. Raises the driver's own errors."""
    if connection.dialect.name == "sqlite":
        return _cursor(connection).execute(sql, [_stored(one) if type(one) is datetime else one for one in values])
    return _cursor(connection).execute(_with_percents(sql), values)


def execute_many(connection: sa.Connection, sql: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run `sql` with the values of each row. Raises the driver's own errors."""
    _cursor(connection).executemany(sql if connection.dialect.name == "sqlite" else _with_percents(sql), rows)


def time_of(value: Any) -> datetime:
    """Return a time that the driver gave, aware."""
    return value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)


def reserve(connection: sa.Connection, table: sa.Table, count: int) -> int:
    """Return the first of `count` ids that nobody else gets; for a transaction that no other writer is in."""
    if connection.dialect.name == "sqlite":
        # AUTOINCREMENT keeps the greatest id that ever was, and takes one that is given.
        last = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).scalar()
        return int(last or 0) + 1
    sequence = sa.func.pg_get_serial_sequence(table.name, "id")
    (first,) = connection.execute(sa.select(sa.func.nextval(sequence))).one()
    connection.execute(sa.select(sa.func.setval(sequence, first + count - 1)))
    return int(first)


def _cursor(connection: sa.Connection) -> Any:
    return connection.connection.cursor()


def _stored(at: datetime) -> str:
    """Return a time as SQLAlchemy stores it in SQLite."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


@lru_cache(maxsize=64)
def _with_percents(sql: str) -> str:
    return sql.replace("?", "%s")


@lru_cache(maxsize=32)
def _statement(dialect: sa.Dialect, table: sa.Table, names: tuple[str, ...]) -> tuple[str, str, list[tuple[str, Any]]]:
    """Return how the statement begins, what stands for one row, and what makes each value the driver's own."""
    quote = dialect.identifier_preparer.quote
    placeholder = "?" if dialect.paramstyle == "qmark" else "%s"
    head = f"INSERT INTO {quote(table.name)} ({', '.join(map(quote, names))}) VALUES"
    bound = [(name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names]
    return head, f"({', '.join([placeholder] * len(names))})", bound
