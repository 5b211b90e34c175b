"""What the journal keeps, and what it forgets: by age, count and bytes; and every trace of a number when asked to."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from vats1c.database.schema import calls, exchanges, raw, rings

# Rows removed in one transaction: calls that come meanwhile wait for no more.
_BATCH_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Retention:
    """How much is kept: days, exchanges, bytes of them; `raw` tells whether bytes are kept at all."""

    days: int = 90
    exchanges: int = 1_000_000
    bytes: int = 268_435_456
    raw: bool = True


def trim(connection: sa.Connection, limits: Retention, now: datetime) -> int:
    """Remove a piece of what is too old or too much, and return how many rows; 0 when all is within the limits."""
    oldest = now - timedelta(days=limits.days)
    newest = connection.execute(sa.select(sa.func.max(exchanges.c.id))).scalar() or 0
    too_many = exchanges.c.id <= newest - limits.exchanges
    gone = _remove_exchanges(connection, too_many | (exchanges.c.at < oldest))
    gone += _remove_calls(connection, calls.c.last < oldest)
    return gone + _remove_bytes(connection, limits.bytes)


def erase(connection: sa.Connection, number: str | None, received: str) -> int:
    """Remove every row about a number: `number` in E.164, or what was `received` where it has no such form."""

    def about(table: sa.Table) -> sa.ColumnElement[bool]:
        return table.c.number == number if number else table.c.number.is_(None) & (table.c.received == received)

    gone = piece = _remove_exchanges(connection, about(exchanges)) + _remove_calls(connection, about(calls))
    while piece:
        piece = _remove_exchanges(connection, about(exchanges)) + _remove_calls(connection, about(calls))
        gone += piece
    return gone


def forget(connection: sa.Connection, publication: str, since: datetime) -> int:
    """Remove a piece of a publication's rows, none older than `since`, and return how many; 0 when none is left."""
    gone = _remove_exchanges(connection, (exchanges.c.publication == publication) & (exchanges.c.at >= since))
    return gone + _remove_calls(connection, (calls.c.publication == publication) & (calls.c.last >= since))


def _remove_exchanges(connection: sa.Connection, those: sa.ColumnElement[bool]) -> int:
    ids = list(connection.execute(sa.select(exchanges.c.id).where(those).limit(_BATCH_ROWS)).scalars())
    if ids:
        connection.execute(sa.delete(raw).where(raw.c.exchange_id.in_(ids)))
        connection.execute(sa.delete(exchanges).where(exchanges.c.id.in_(ids)))
    return len(ids)


def _remove_calls(connection: sa.Connection, those: sa.ColumnElement[bool]) -> int:
    ids = list(connection.execute(sa.select(calls.c.id).where(those).limit(_BATCH_ROWS)).scalars())
    if ids:
        connection.execute(sa.delete(rings).where(rings.c.call_id.in_(ids)))
        connection.execute(sa.delete(calls).where(calls.c.id.in_(ids)))
    return len(ids)


def _remove_bytes(connection: sa.Connection, most: int) -> int:
    total = connection.execute(sa.select(sa.func.sum(raw.c.size))).scalar() or 0
    if total <= most:
        return 0
    ids = []
    for exchange_id, size in connection.execute(
        sa.select(raw.c.exchange_id, raw.c.size).order_by(raw.c.exchange_id).limit(_BATCH_ROWS)
    ):
        if total <= most:
            break
        ids.append(exchange_id)
        total -= size
    connection.execute(sa.delete(raw).where(raw.c.exchange_id.in_(ids)))
    return len(ids)
