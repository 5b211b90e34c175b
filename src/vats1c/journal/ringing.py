"""Write an IncomingCall down: find the call that it belongs to or begin one, within one transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from vats1c.database import CHANNEL
from vats1c.database.schema import LONGEST_KEY, LONGEST_NUMBER, calls, exchanges, rings
from vats1c.journal import identity
from vats1c.journal.bulk import execute, insert_one, time_of
from vats1c.journal.rows import caller_fields, exchange_row
from vats1c.model import Exchange, Ringing

REPEATS = timedelta(minutes=10)
_MOST_OPEN = 50
# Rows about the same number; without a form in E.164 it is what was received.
_BY_NUMBER = "publication = ? AND number = ?"
_BY_RECEIVED = "publication = ? AND number IS NULL AND received = ?"
# Only the newest are looked at, by the index: some numbers ring all day.
_ANNOUNCED = """
SELECT id, at FROM (
    SELECT id, at, operation, outcome, call_id FROM exchanges WHERE {same} ORDER BY id DESC LIMIT ?
) AS newest
WHERE operation = 'SayName' AND outcome = 'ok' AND call_id IS NULL AND at >= ? ORDER BY id
"""
_LATELY = """
SELECT calls.id, calls.at, calls.last, rings.key, rings.last FROM calls JOIN rings ON rings.call_id = calls.id
WHERE calls.id IN (SELECT id FROM calls WHERE {same} ORDER BY id DESC LIMIT ?) AND (calls.last >= ? OR calls.at > ?)
ORDER BY calls.id, rings.id
"""


@dataclass(frozen=True, slots=True)
class Rang:
    """What an IncomingCall was written down as: the call it belongs to, and the exchange."""

    call_id: int
    exchange_id: int


def draw(connection: sa.Connection, count: int = 1) -> int:
    """Return the first of `count` versions that nobody else gets; until the end of the transaction others wait."""
    drawn = execute(
        connection, "UPDATE counters SET value = value + ? WHERE name = 'version' RETURNING value", count
    ).fetchone()
    if drawn is None:
        execute(connection, "INSERT INTO counters (name, value) VALUES ('version', ?)", count)
    if connection.dialect.name == "postgresql":
        execute(connection, "SELECT pg_notify(?, '')", CHANNEL)
    return (int(drawn[0]) if drawn else count) - count + 1


def ring(connection: sa.Connection, ringing: Ringing) -> Rang:
    """Write `ringing` down."""
    version = draw(connection)
    announced = _announced(connection, ringing)
    open_calls, repeat = _lately(connection, ringing)
    found = identity.place(
        open_calls,
        ringing.key[:LONGEST_KEY],
        ringing.at,
        announced=bool(announced),
        hidden=ringing.number is None and ringing.kind == "hidden",
    )
    call_id = found.call
    if call_id is None:
        call_id = insert_one(connection, calls, _call_row(ringing, version, repeat))
        insert_one(connection, rings, _ring_row(ringing, call_id))
    elif not found.repetition:
        execute(connection, "UPDATE calls SET last = ?, version = ? WHERE id = ?", ringing.at, version, call_id)
        _ring_at(connection, ringing, call_id)
    for exchange_id in announced:
        execute(connection, "UPDATE exchanges SET call_id = ? WHERE id = ?", call_id, exchange_id)
    return Rang(call_id, insert_one(connection, exchanges, exchange_row(_exchange(ringing, call_id))))


def _same(ringing: Ringing, sql: str) -> tuple[str, str, str]:
    """Return `sql` about rows of the same number, and its first values."""
    if ringing.number is not None:
        return sql.format(same=_BY_NUMBER), ringing.publication, ringing.number
    return sql.format(same=_BY_RECEIVED), ringing.publication, ringing.received[:LONGEST_NUMBER]


def _announced(connection: sa.Connection, ringing: Ringing) -> list[int]:
    """Return the SayNames that wait for their call, those of the oldest one."""
    since = ringing.at - identity.CLAIMS
    found = [
        (own_id, time_of(at))
        for own_id, at in execute(connection, *_same(ringing, _ANNOUNCED), _MOST_OPEN, since).fetchall()
    ]
    return [own_id for own_id, at in found if at <= found[0][1] + identity.TOGETHER]


def _lately(connection: sa.Connection, ringing: Ringing) -> tuple[list[identity.Open], int]:
    """Return the number's calls that a phone may still join, oldest first; and which a new call would be in a row."""
    joins, repeats = ringing.at - identity.JOINS, ringing.at - REPEATS
    last_of: dict[int, datetime] = {}
    phones: dict[int, dict[str, datetime]] = {}
    before = set()
    rows = execute(connection, *_same(ringing, _LATELY), _MOST_OPEN, joins, repeats).fetchall()
    for call_id, at, last, key, ring_last in rows:
        if call_id not in phones:
            last_of[call_id], phones[call_id] = time_of(last), {}
            if time_of(at) > repeats:
                before.add(call_id)
        phones[call_id][key] = time_of(ring_last)
    open_calls = [identity.Open(own, last, phones[own]) for own, last in last_of.items() if last >= joins]
    return open_calls, 1 if ringing.kind == "hidden" else 1 + len(before)


def _ring_at(connection: sa.Connection, ringing: Ringing, call_id: int) -> None:
    # It rings again: whoever closed the card sees it once more.
    again = execute(
        connection,
        "UPDATE rings SET last = ?, closed = NULL WHERE call_id = ? AND key = ?",
        ringing.at,
        call_id,
        ringing.key[:LONGEST_KEY],
    )
    if not again.rowcount:
        insert_one(connection, rings, _ring_row(ringing, call_id))


def _call_row(ringing: Ringing, version: int, repeat: int) -> dict[str, Any]:
    return {
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


def _ring_row(ringing: Ringing, call_id: int) -> dict[str, Any]:
    return {
        "call_id": call_id,
        "publication": ringing.publication,
        "key": ringing.key[:LONGEST_KEY],
        "at": ringing.at,
        "last": ringing.at,
    }


def _exchange(ringing: Ringing, call_id: int) -> Exchange:
    return Exchange(
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
