"""Rows written many at a time, by one statement that the driver gets as it is: an exchange must cost next to nothing."""

from collections.abc import Mapping, Sequence
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


@lru_cache(maxsize=32)
def _statement(
    dialect: sa.Dialect, table: sa.Table, names: tuple[str, ...]
) -> tuple[str, str, list[tuple[str, Any]]]:
    """Return how the statement begins, what stands for one row, and what makes each value the driver's own."""
    quote = dialect.identifier_preparer.quote
    placeholder = "?" if dialect.paramstyle == "qmark" else "%s"
    head = f"INSERT INTO {quote(table.name)} ({', '.join(map(quote, names))}) VALUES"
    bound = [(name, table.c[name].type.bind_processor(dialect)) for name in names]
    return head, f"({', '.join([placeholder] * len(names))})", bound
