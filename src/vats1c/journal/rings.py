"""Record IncomingCalls in one transaction: add each to the call it belongs to, or begin a new call."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from vats1c.database import CHANNEL
from vats1c.database.schema import MAX_KEY_CHARS, MAX_NUMBER_CHARS, calls, exchanges, rings
from vats1c.journal import matching
from vats1c.journal.raw_sql import execute, execute_many, insert, reserve
from vats1c.journal.recent_calls import RecentCalls, caller_id_of, read
from vats1c.journal.rows import caller_fields, exchange_row
from vats1c.model import Exchange, Ringing


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """The ids of a recorded IncomingCall: the id of its call, and the id of its exchange."""

    call_id: int
    exchange_id: int


def next_version(connection: sa.Connection, count: int = 1) -> int:
    """Reserve `count` consecutive versions and return the first; on PostgreSQL also notify the other processes.

    Raises the driver's own errors.
    """
    row = execute(
        connection, "UPDATE counters SET value = value + ? WHERE name = 'version' RETURNING value", count
    ).fetchone()
    if row is None:
        execute(connection, "INSERT INTO counters (name, value) VALUES ('version', ?)", count)
    if connection.dialect.name == "postgresql":
        execute(connection, "SELECT pg_notify(?, '')", CHANNEL)
    return (int(row[0]) if row else count) - count + 1


def record_rings(connection: sa.Connection, ringings: Sequence[Ringing]) -> list[RecordedCall]:
    """Record `ringings` in their order, and return the ids of each.

    All of them share the statements: the recent calls of their numbers are read first, and all changes are written at
    the end. Raises the driver's own errors.
    """
    recent = read(connection, ringings)
    version = next_version(connection, len(ringings))
    first_call_id = reserve(connection, calls, len(ringings))
    first_exchange_id = reserve(connection, exchanges, len(ringings))
    changes = _WriteSet()
    recorded = []
    for index, ringing in enumerate(ringings):
        call_id = changes.add(ringing, recent[caller_id_of(ringing)], first_call_id + index, version + index)
        exchange_id = first_exchange_id + index
        changes.exchanges.append({"id": exchange_id, **exchange_row(_exchange(ringing, call_id))})
        recorded.append(RecordedCall(call_id, exchange_id))
    changes.write(connection)
    return recorded


@dataclass(slots=True)
class _WriteSet:
    """The rows to insert, and the parameters of the UPDATE statements (see `write`)."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    rings: list[dict[str, Any]] = field(default_factory=list)
    exchanges: list[dict[str, Any]] = field(default_factory=list)
    called_again: list[tuple[datetime, int, int]] = field(default_factory=list)
    rang_again: list[tuple[datetime, int, str]] = field(default_factory=list)
    claimed: list[tuple[int, int]] = field(default_factory=list)

    def add(self, ringing: Ringing, recent: RecentCalls, new_id: int, version: int) -> int:
        """Add the changes that record `ringing`; return its call's id, which is `new_id` if it begins a call.

        `recent` are the recent calls of the number; `ringing` is added to them.
        """
        key = ringing.key[:MAX_KEY_CHARS]
        announced = recent.claim(ringing.at)
        hidden = ringing.number is None and ringing.kind == "hidden"
        matched = matching.match(list(recent.calls.values()), key, ringing.at, announced=bool(announced), hidden=hidden)
        if matched.repetition and matched.call is not None:
            return matched.call
        if matched.call is None:
            self.calls.append(_call_row(ringing, new_id, version, recent.repeat(ringing)))
            self.claimed += [(new_id, sayname_id) for sayname_id in announced]
        else:
            self.called_again.append((ringing.at, version, matched.call))
        call_id = new_id if matched.call is None else matched.call
        if matched.call is not None and key in recent.calls[call_id].phones:
            self.rang_again.append((ringing.at, call_id, key))
        else:
            self.rings.append(_ring_row(ringing, call_id))
        recent.add_ring(call_id, ringing, announced)
        return call_id

    def write(self, connection: sa.Connection) -> None:
        """Execute the changes: INSERT before UPDATE, as an UPDATE may concern a new row."""
        insert(connection, calls, self.calls)
        insert(connection, rings, self.rings)
        insert(connection, exchanges, self.exchanges)
        execute_many(connection, "UPDATE calls SET last = ?, version = ? WHERE id = ?", self.called_again)
        # A phone that rings again shows its card again, even if the card was closed.
        execute_many(
            connection, "UPDATE rings SET last = ?, closed = NULL WHERE call_id = ? AND key = ?", self.rang_again
        )
        execute_many(connection, "UPDATE exchanges SET call_id = ? WHERE id = ?", self.claimed)


def _call_row(ringing: Ringing, call_id: int, version: int, repeat: int) -> dict[str, Any]:
    return {
        "id": call_id,
        "version": version,
        "publication": ringing.publication,
        "at": ringing.at,
        "last": ringing.at,
        "received": ringing.received[:MAX_NUMBER_CHARS],
        "number": ringing.number,
        "kind": ringing.kind,
        "repeat": repeat,
        **caller_fields(ringing.caller, ringing.confidence),
    }


def _ring_row(ringing: Ringing, call_id: int) -> dict[str, Any]:
    return {
        "call_id": call_id,
        "publication": ringing.publication,
        "key": ringing.key[:MAX_KEY_CHARS],
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
