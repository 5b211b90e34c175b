"""What is known of the numbers that ring: the calls that a phone may still join, and the SayNames that wait for theirs.

Rule: one question for all numbers, however many ring at once; the newest rows of each are looked at, by the index.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from vats1c.database.schema import MAX_KEY_CHARS, MAX_NUMBER_CHARS
from vats1c.journal import matching
from vats1c.journal.raw_sql import execute, parse_time
from vats1c.model import Ringing

REPEAT_WINDOW = timedelta(minutes=10)
# Some numbers ring all day.
_MAX_OPEN_CALLS = 50
# Publication, number in E.164 or what was received, and whether it is in E.164.
CallerId = tuple[str, str, bool]

_BY_NUMBER = "{rows}.publication = asked.publication AND {rows}.number = asked.own"
_BY_RECEIVED = "{rows}.publication = asked.publication AND {rows}.number IS NULL AND {rows}.received = asked.own"
# The order of the joins is ours: SQLite follows CROSS JOIN.
_ANNOUNCED = """
WITH asked (publication, own) AS (VALUES {asked})
SELECT asked.publication, asked.own, exchanges.id, exchanges.at FROM asked CROSS JOIN exchanges
WHERE {same} AND exchanges.id > COALESCE(
    (SELECT newest.id FROM exchanges AS newest WHERE {same_newest} ORDER BY newest.id DESC LIMIT 1 OFFSET ?), 0
) AND operation = 'SayName' AND outcome = 'ok' AND call_id IS NULL AND exchanges.at >= ?
ORDER BY exchanges.id
"""
_MAX_AGE = """
WITH asked (publication, own) AS (VALUES {asked})
SELECT asked.publication, asked.own, calls.id, calls.at, calls.last, rings.key, rings.last
FROM asked CROSS JOIN calls CROSS JOIN rings
WHERE {same} AND calls.id > COALESCE(
    (SELECT newest.id FROM calls AS newest WHERE {same_newest} ORDER BY newest.id DESC LIMIT 1 OFFSET ?), 0
) AND (calls.last >= ? OR calls.at > ?) AND rings.call_id = calls.id
ORDER BY calls.id, rings.id
"""


@dataclass(slots=True)
class RecentCalls:
    """What came of one number lately: its calls and when they began, oldest first; the SayNames that wait unclaimed."""

    begun: dict[int, datetime] = field(default_factory=dict)
    calls: dict[int, matching.OpenCall] = field(default_factory=dict)
    announced: list[tuple[int, datetime]] = field(default_factory=list)

    def claim(self, at: datetime) -> list[int]:
        """Return the SayNames that an IncomingCall at `at` claims, those of the oldest call."""
        waiting = [(own_id, said) for own_id, said in self.announced if said >= at - matching.CLAIM_WINDOW]
        return [own_id for own_id, said in waiting if said <= waiting[0][1] + matching.SIMULTANEITY_WINDOW]

    def repeat(self, ringing: Ringing) -> int:
        """Return which call in a row a new one would be."""
        if ringing.kind == "hidden":
            return 1
        return 1 + sum(begun > ringing.at - REPEAT_WINDOW for begun in self.begun.values())

    def add_ring(self, call_id: int, ringing: Ringing, claimed: Sequence[int]) -> None:
        """Know that `ringing` belongs to a call, a new one perhaps, and which SayNames it claimed."""
        before = self.calls.get(call_id)
        phones = before.phones if before else {}
        phones[ringing.key[:MAX_KEY_CHARS]] = ringing.at
        self.begun.setdefault(call_id, ringing.at)
        self.calls[call_id] = matching.OpenCall(call_id, ringing.at, phones)
        self.announced = [one for one in self.announced if one[0] not in claimed]


def caller_id_of(ringing: Ringing) -> CallerId:
    """Return whom `ringing` is about."""
    if ringing.number is not None:
        return ringing.publication, ringing.number, True
    return ringing.publication, ringing.received[:MAX_NUMBER_CHARS], False


def read(connection: sa.Connection, ringings: Sequence[Ringing]) -> dict[CallerId, RecentCalls]:
    """Return what is known of those who ring. Raises the driver's own errors."""
    known = {caller_id_of(ringing): RecentCalls() for ringing in ringings}
    oldest = min(ringing.at for ringing in ringings)
    for numbered, same in (True, _BY_NUMBER), (False, _BY_RECEIVED):
        asked = [value for publication, own, has in known if has is numbered for value in (publication, own)]
        if not asked:
            continue
        for *whose, own_id, at in _rows(
            connection, _ANNOUNCED, "exchanges", same, asked, oldest - matching.CLAIM_WINDOW
        ):
            known[*whose, numbered].announced.append((own_id, parse_time(at)))
        since = oldest - matching.JOIN_WINDOW, oldest - REPEAT_WINDOW
        for *whose, call_id, at, last, key, rang in _rows(connection, _MAX_AGE, "calls", same, asked, *since):
            earlier = known[*whose, numbered]
            if call_id not in earlier.calls:
                earlier.begun[call_id] = parse_time(at)
                earlier.calls[call_id] = matching.OpenCall(call_id, parse_time(last), {})
            earlier.calls[call_id].phones[key] = parse_time(rang)
    return known


def _rows(
    connection: sa.Connection, sql: str, rows: str, same: str, asked: Sequence[str], *since: datetime
) -> Sequence[tuple[Any, ...]]:
    found: Sequence[tuple[Any, ...]] = execute(
        connection, _spelled(sql, rows, same, len(asked) // 2), *asked, _MAX_OPEN_CALLS, *since
    ).fetchall()
    return found


@lru_cache(maxsize=1_024)
def _spelled(sql: str, rows: str, same: str, count: int) -> str:
    return sql.format(
        asked=", ".join(["(?, ?)"] * count), same=same.format(rows=rows), same_newest=same.format(rows="newest")
    )
