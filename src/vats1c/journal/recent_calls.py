"""The recent calls and the unclaimed SayNames of the numbers that are ringing.

Rule: one query serves all numbers that ring at the same time; it reads only the newest rows of each, by an index.
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
# The newest rows read per number: some numbers ring all day.
_MAX_OPEN_CALLS = 50
# (publication, number, whether the number is in E.164 rather than as received).
CallerId = tuple[str, str, bool]

_BY_NUMBER = "{rows}.publication = asked.publication AND {rows}.number = asked.own"
_BY_RECEIVED = "{rows}.publication = asked.publication AND {rows}.number IS NULL AND {rows}.received = asked.own"
# SQLite keeps the order of tables in a CROSS JOIN, so the numbers are always the outer loop.
_UNCLAIMED_SAYNAMES_SQL = """
WITH asked (publication, own) AS (VALUES {asked})
SELECT asked.publication, asked.own, exchanges.id, exchanges.at FROM asked CROSS JOIN exchanges
WHERE {same} AND exchanges.id > COALESCE(
    (SELECT newest.id FROM exchanges AS newest WHERE {same_newest} ORDER BY newest.id DESC LIMIT 1 OFFSET ?), 0
) AND operation = 'SayName' AND outcome = 'ok' AND call_id IS NULL AND exchanges.at >= ?
ORDER BY exchanges.id
"""
_RECENT_RINGS_SQL = """
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
    """The recent calls of one number.

    `begun` maps a call's id to its start and `calls` to its rings, oldest first; `announced` lists the unclaimed
    SayNames as (exchange id, time).
    """

    begun: dict[int, datetime] = field(default_factory=dict)
    calls: dict[int, matching.OpenCall] = field(default_factory=dict)
    announced: list[tuple[int, datetime]] = field(default_factory=list)

    def claim(self, at: datetime) -> list[int]:
        """Return the ids of the SayNames that an IncomingCall at `at` claims: the oldest, and those soon after it."""
        claimable = [(id_, sent) for id_, sent in self.announced if sent >= at - matching.CLAIM_WINDOW]
        return [id_ for id_, sent in claimable if sent <= claimable[0][1] + matching.SIMULTANEITY_WINDOW]

    def repeat(self, ringing: Ringing) -> int:
        """Return the ordinal of a new call within the last ten minutes: 3 for the third; 1 for hidden numbers."""
        if ringing.kind == "hidden":
            return 1
        return 1 + sum(begun > ringing.at - REPEAT_WINDOW for begun in self.begun.values())

    def add_ring(self, call_id: int, ringing: Ringing, claimed: Sequence[int]) -> None:
        """Add `ringing` to an existing or new call, and remove the SayNames that it `claimed`, given by exchange id."""
        call = self.calls.get(call_id)
        phones = call.phones if call else {}
        phones[ringing.key[:MAX_KEY_CHARS]] = ringing.at
        self.begun.setdefault(call_id, ringing.at)
        self.calls[call_id] = matching.OpenCall(call_id, ringing.at, phones)
        self.announced = [sayname for sayname in self.announced if sayname[0] not in claimed]


def caller_id_of(ringing: Ringing) -> CallerId:
    """Return the publication and number of `ringing`, by which calls are grouped."""
    if ringing.number is not None:
        return ringing.publication, ringing.number, True
    return ringing.publication, ringing.received[:MAX_NUMBER_CHARS], False


def read(connection: sa.Connection, ringings: Sequence[Ringing]) -> dict[CallerId, RecentCalls]:
    """Return the recent calls of every number in `ringings`. Raises the driver's own errors."""
    recent = {caller_id_of(ringing): RecentCalls() for ringing in ringings}
    oldest = min(ringing.at for ringing in ringings)
    for is_e164, condition in (True, _BY_NUMBER), (False, _BY_RECEIVED):
        numbers = [value for publication, number, e164 in recent if e164 is is_e164 for value in (publication, number)]
        if not numbers:
            continue
        claimable_since = oldest - matching.CLAIM_WINDOW
        for publication, number, exchange_id, at in _select(
            connection, _UNCLAIMED_SAYNAMES_SQL, "exchanges", condition, numbers, claimable_since
        ):
            recent[publication, number, is_e164].announced.append((exchange_id, parse_time(at)))
        since = oldest - matching.JOIN_WINDOW, oldest - REPEAT_WINDOW
        for publication, number, call_id, at, last, key, rang in _select(
            connection, _RECENT_RINGS_SQL, "calls", condition, numbers, *since
        ):
            calls_of_number = recent[publication, number, is_e164]
            if call_id not in calls_of_number.calls:
                calls_of_number.begun[call_id] = parse_time(at)
                calls_of_number.calls[call_id] = matching.OpenCall(call_id, parse_time(last), {})
            calls_of_number.calls[call_id].phones[key] = parse_time(rang)
    return recent


def _select(
    connection: sa.Connection, template: str, table: str, condition: str, numbers: Sequence[str], *since: datetime
) -> Sequence[tuple[Any, ...]]:
    """Execute the SQL `template` for `numbers`: publication, number, publication, number and so on."""
    sql = _format_sql(template, table, condition, len(numbers) // 2)
    rows: Sequence[tuple[Any, ...]] = execute(connection, sql, *numbers, _MAX_OPEN_CALLS, *since).fetchall()
    return rows


@lru_cache(maxsize=1_024)
def _format_sql(template: str, table: str, condition: str, count: int) -> str:
    return template.format(
        asked=", ".join(["(?, ?)"] * count),
        same=condition.format(rows=table),
        same_newest=condition.format(rows="newest"),
    )
