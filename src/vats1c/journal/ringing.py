"""Write an IncomingCall down: find the call that it belongs to or begin one, within one transaction."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from vats1c.database import CHANNEL
from vats1c.database.schema import LONGEST_KEY, LONGEST_NUMBER, calls, counters, exchanges, rings
from vats1c.journal import identity
from vats1c.journal.rows import caller_fields, exchange_row
from vats1c.model import Exchange, Ringing

REPEATS = timedelta(minutes=10)
_MOST_OPEN = 50


@dataclass(frozen=True, slots=True)
class Rang:
    """What an IncomingCall was written down as: the call it belongs to, and the exchange."""

    call_id: int
    exchange_id: int


def draw(connection: sa.Connection, count: int = 1) -> int:
    """Return the first of `count` versions that nobody else gets; until the end of the transaction others wait."""
    mine = counters.c.name == "version"
    update = sa.update(counters).where(mine).values(value=counters.c.value + count).returning(counters.c.value)
    last = connection.execute(update).scalar()
    if last is None:
        connection.execute(sa.insert(counters), {"name": "version", "value": count})
        last = count
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_notify(CHANNEL, "")))
    return int(last) - count + 1


def ring(connection: sa.Connection, ringing: Ringing) -> Rang:
    """Write `ringing` down."""
    version = draw(connection)
    same = _same(calls, ringing)
    announced = _announced(connection, ringing)
    found = identity.place(
        _open(connection, ringing, same),
        ringing.key[:LONGEST_KEY],
        ringing.at,
        announced=bool(announced),
        hidden=ringing.number is None and ringing.kind == "hidden",
    )
    call_id = found.call
    if call_id is None:
        call_id = _begin(connection, ringing, same, version)
    elif not found.repetition:
        connection.execute(sa.update(calls).where(calls.c.id == call_id).values(last=ringing.at, version=version))
    if not found.repetition:
        _ring_at(connection, ringing, call_id)
    if announced:
        connection.execute(sa.update(exchanges).where(exchanges.c.id.in_(announced)).values(call_id=call_id))
    exchange = Exchange(
        ringing.publication,
        ringing.at,
        "IncomingCall",
        received=ringing.received,
        number=ringing.number,
        key=ringing.key,
        caller=ringing.caller.name if ringing.caller else "",
        confidence=ringing.confidence,
        call_id=call_id,
    )
    insert = sa.insert(exchanges).returning(exchanges.c.id)
    return Rang(call_id, int(connection.execute(insert, exchange_row(exchange)).scalar_one()))


def _same(table: sa.Table, ringing: Ringing) -> sa.ColumnElement[bool]:
    """Return what is true of rows about the same number."""
    own = table.c.publication == ringing.publication
    if ringing.number is not None:
        return own & (table.c.number == ringing.number)
    return own & table.c.number.is_(None) & (table.c.received == ringing.received[:LONGEST_NUMBER])


def _announced(connection: sa.Connection, ringing: Ringing) -> list[int]:
    """Return the SayNames that wait for their call, those of the oldest one."""
    query = (
        sa.select(exchanges.c.id, exchanges.c.at)
        .where(
            _same(exchanges, ringing),
            exchanges.c.operation == "SayName",
            exchanges.c.outcome == "ok",
            exchanges.c.call_id.is_(None),
            exchanges.c.at >= ringing.at - identity.CLAIMS,
        )
        .order_by(exchanges.c.id)
        .limit(_MOST_OPEN)
    )
    rows = connection.execute(query).all()
    return [row.id for row in rows if row.at <= rows[0].at + identity.TOGETHER]


def _open(connection: sa.Connection, ringing: Ringing, same: sa.ColumnElement[bool]) -> list[identity.Open]:
    query = (
        sa.select(calls.c.id, calls.c.last, rings.c.key, rings.c.last)
        .join(rings, rings.c.call_id == calls.c.id)
        .where(same, calls.c.last >= ringing.at - identity.JOINS)
        .order_by(calls.c.id)
    )
    found: dict[int, datetime] = {}
    phones: dict[int, dict[str, datetime]] = defaultdict(dict)
    for call_id, last, key, ring_last in connection.execute(query).all()[-_MOST_OPEN * 8 :]:
        found[call_id] = last
        phones[call_id][key] = ring_last
    return [identity.Open(call_id, last, phones[call_id]) for call_id, last in found.items()]


def _begin(connection: sa.Connection, ringing: Ringing, same: sa.ColumnElement[bool], version: int) -> int:
    repeat = 1
    if ringing.kind != "hidden":
        before = sa.select(sa.func.count()).select_from(calls).where(same, calls.c.at > ringing.at - REPEATS)
        repeat += connection.execute(before).scalar_one()
    row: dict[str, Any] = {
        "version": version,
        "publication": ringing.publication,
        "at": ringing.at,
        "last": ringing.at,
        "received": ringing.received[:LONGEST_NUMBER],
        "number": ringing.number,
        "kind": ringing.kind,
        "repeat": repeat,
        **caller_fields(ringing.caller, ringing.confidence),
    }
    return int(connection.execute(sa.insert(calls).returning(calls.c.id), row).scalar_one())


def _ring_at(connection: sa.Connection, ringing: Ringing, call_id: int) -> None:
    key = ringing.key[:LONGEST_KEY]
    again = sa.update(rings).where(rings.c.call_id == call_id, rings.c.key == key)
    # It rings again: whoever closed the card sees it once more.
    if not connection.execute(again.values(last=ringing.at, closed=None)).rowcount:
        row = {
            "call_id": call_id,
            "publication": ringing.publication,
            "key": key,
            "at": ringing.at,
            "last": ringing.at,
        }
        connection.execute(sa.insert(rings), row)
