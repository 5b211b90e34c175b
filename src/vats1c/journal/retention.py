"""Remove rows from the journal: by age, count and bytes, by publication, or all rows of one number."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from vats1c.database.schema import calls, exchanges, raw, rings

# The rows removed in one transaction; an IncomingCall that arrives meanwhile waits for one such transaction.
_BATCH_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Retention:
    """The limits of the journal: age in days, number of exchanges, total size of their bytes.

    `raw` tells whether the bytes of exchanges are stored at all.
    """

    days: int = 90
    exchanges: int = 1_000_000
    bytes: int = 268_435_456
    raw: bool = True


def trim(connection: sa.Connection, limits: Retention, now: datetime) -> int:
    """Remove one batch of rows beyond `limits`, and return how many; 0 when all rows are within the limits."""
    oldest = now - timedelta(days=limits.days)
    newest_id = connection.execute(sa.select(sa.func.max(exchanges.c.id))).scalar() or 0
    beyond_count = exchanges.c.id <= newest_id - limits.exchanges
    removed = _remove_exchanges(connection, beyond_count | (exchanges.c.at < oldest))
    removed += _remove_calls(connection, calls.c.last < oldest)
    return removed + _remove_bytes(connection, limits.bytes)


def erase(connection: sa.Connection, number: str | None, received: str) -> int:
    """Remove all exchanges and calls of a number, and return how many.

    `number` is in E.164; if it is None, rows without an E.164 number are compared with `received`.
    """

    def of_number(table: sa.Table) -> sa.ColumnElement[bool]:
        return table.c.number == number if number else table.c.number.is_(None) & (table.c.received == received)

    removed = batch = _remove_exchanges(connection, of_number(exchanges)) + _remove_calls(connection, of_number(calls))
    while batch:
        batch = _remove_exchanges(connection, of_number(exchanges)) + _remove_calls(connection, of_number(calls))
        removed += batch
    return removed


def forget(connection: sa.Connection, publication: str, since: datetime) -> int:
    """Remove one batch of a publication's rows not older than `since`, and return how many; 0 when none are left."""
    removed = _remove_exchanges(connection, (exchanges.c.publication == publication) & (exchanges.c.at >= since))
    return removed + _remove_calls(connection, (calls.c.publication == publication) & (calls.c.last >= since))


def _remove_exchanges(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> int:
    ids = list(connection.execute(sa.select(exchanges.c.id).where(condition).limit(_BATCH_ROWS)).scalars())
    if ids:
        connection.execute(sa.delete(raw).where(raw.c.exchange_id.in_(ids)))
        connection.execute(sa.delete(exchanges).where(exchanges.c.id.in_(ids)))
    return len(ids)


def _remove_calls(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> int:
    ids = list(connection.execute(sa.select(calls.c.id).where(condition).limit(_BATCH_ROWS)).scalars())
    if ids:
        connection.execute(sa.delete(rings).where(rings.c.call_id.in_(ids)))
        connection.execute(sa.delete(calls).where(calls.c.id.in_(ids)))
    return len(ids)


def _remove_bytes(connection: sa.Connection, max_bytes: int) -> int:
    total = connection.execute(sa.select(sa.func.sum(raw.c.size))).scalar() or 0
    if total <= max_bytes:
        return 0
    ids = []
    for exchange_id, size in connection.execute(
        sa.select(raw.c.exchange_id, raw.c.size).order_by(raw.c.exchange_id).limit(_BATCH_ROWS)
    ):
        if total <= max_bytes:
            break
        ids.append(exchange_id)
        total -= size
    connection.execute(sa.delete(raw).where(raw.c.exchange_id.in_(ids)))
    return len(ids)
