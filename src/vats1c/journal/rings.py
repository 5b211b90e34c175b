"""Write IncomingCalls down: find the call that each belongs to or begin one, within one transaction."""

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
    """What an IncomingCall was written down as: the call it belongs to, and the exchange."""

    call_id: int
    exchange_id: int


def next_version(connection: sa.Connection, count: int = 1) -> int:
    """Return the first of `count` versions that nobody else gets; until the end of the transaction others wait."""
    drawn = execute(
        connection, "UPDATE counters SET value = value + ? WHERE name = 'version' RETURNING value", count
    ).fetchone()
    if drawn is None:
        execute(connection, "INSERT INTO counters (name, value) VALUES ('version', ?)", count)
    if connection.dialect.name == "postgresql":
        execute(connection, "SELECT pg_notify(?, '')", CHANNEL)
    return (int(drawn[0]) if drawn else count) - count + 1


def record_rings(connection: sa.Connection, ringings: Sequence[Ringing]) -> list[RecordedCall]:
    """Write `ringings` down in their order, and return what each was written down as.

    What is known of their numbers is read at once, and what they come to is written at once: calls at once share the
    statements too. Raises the driver's own errors.
    """
    known = read(connection, ringings)
    version = next_version(connection, len(ringings))
    call_id = reserve(connection, calls, len(ringings))
    exchange_id = reserve(connection, exchanges, len(ringings))
    coming = _WriteSet()
    rang = []
    for place, ringing in enumerate(ringings):
        own = coming.add(ringing, known[caller_id_of(ringing)], call_id + place, version + place)
        coming.exchanges.append({"id": exchange_id + place, **exchange_row(_exchange(ringing, own))})
        rang.append(RecordedCall(own, exchange_id + place))
    coming.write(connection)
    return rang


@dataclass(slots=True)
class _WriteSet:
    """What is to be written: rows, and the values of changes."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    rings: list[dict[str, Any]] = field(default_factory=list)
    exchanges: list[dict[str, Any]] = field(default_factory=list)
    called_again: list[tuple[datetime, int, int]] = field(default_factory=list)
    rang_again: list[tuple[datetime, int, str]] = field(default_factory=list)
    claimed: list[tuple[int, int]] = field(default_factory=list)

    def add(self, ringing: Ringing, earlier: RecentCalls, new_id: int, version: int) -> int:
        """Return the call that `ringing` belongs to, `new_id` if it begins one."""
        key = ringing.key[:MAX_KEY_CHARS]
        announced = earlier.claim(ringing.at)
        hidden = ringing.number is None and ringing.kind == "hidden"
        found = matching.match(list(earlier.calls.values()), key, ringing.at, announced=bool(announced), hidden=hidden)
        if found.repetition and found.call is not None:
            return found.call
        if found.call is None:
            self.calls.append(_call_row(ringing, new_id, version, earlier.repeat(ringing)))
            self.claimed += [(new_id, one) for one in announced]
        else:
            self.called_again.append((ringing.at, version, found.call))
        own_id = new_id if found.call is None else found.call
        if found.call is not None and key in earlier.calls[own_id].phones:
            self.rang_again.append((ringing.at, own_id, key))
        else:
            self.rings.append(_ring_row(ringing, own_id))
        earlier.add_ring(own_id, ringing, announced)
        return own_id

    def write(self, connection: sa.Connection) -> None:
        """Write it: rows first, as a change may be of a row that is new."""
        insert(connection, calls, self.calls)
        insert(connection, rings, self.rings)
        insert(connection, exchanges, self.exchanges)
        execute_many(connection, "UPDATE calls SET last = ?, version = ? WHERE id = ?", self.called_again)
        # It rings again: whoever closed the card sees it once more.
        execute_many(
            connection, "UPDATE rings SET last = ?, closed = NULL WHERE call_id = ? AND key = ?", self.rang_again
        )
        execute_many(connection, "UPDATE exchanges SET call_id = ? WHERE id = ?", self.claimed)


def _call_row(ringing: Ringing, own_id: int, version: int, repeat: int) -> dict[str, Any]:
    return {
        "id": own_id,
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
