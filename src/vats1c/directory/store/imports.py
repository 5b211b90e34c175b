"""Rows of somebody's table taken into the store, in batches, so that the whole of it can be undone.

A row changes the caller that has its name and one of its numbers, and otherwise adds one. Rule: an import takes nothing
away: empty cells leave what was there, numbers are added to those there were.
"""

import json
from collections.abc import Iterable
from dataclasses import replace

import sqlalchemy as sa

from vats1c.directory import Row
from vats1c.directory.editing import Entry, ImportResult, UndoResult
from vats1c.directory.store.records import count, distinct_numbers, fold, from_json, next_id, read, to_json, write
from vats1c.directory.store.schema import callers, imported, imports, numbers
from vats1c.model import Caller

_PIECE = 1_000


class ImportBatch:
    """The rows of one transaction, and the callers that they may be about."""

    def __init__(self, connection: sa.Connection, publication: str, done: ImportResult, at: str) -> None:
        """Go on with the import `done` so far, whose changes are marked with the time `at`."""
        self._connection = connection
        self._publication = publication
        self._done = done
        self._at = at
        self._next = next_id(connection)
        self._before: dict[int, Entry] = {}
        self._now: dict[int, Entry] = {}
        self._by_number: dict[str, list[int]] = {}

    def write(self, rows: Iterable[Row]) -> ImportResult:
        """Write `rows` down and return what the import has done with them."""
        usable = [row for row in rows if row.usable]
        self._hold(read(self._connection, self._ids(usable)))
        for row in usable:
            self._take(row)
        touched = {own: record for own, record in self._now.items() if record is not self._before.get(own)}
        added = touched.keys() - self._before.keys()
        write(self._connection, self._publication, touched.values())
        count(self._connection, self._publication, len(added))
        changes = [
            {
                "import_id": self._done.id,
                "caller_id": own,
                "before": None if own in added else to_json(self._before[own]),
            }
            for own in touched
        ]
        if changes:
            # A caller changed by two batches of one import goes back to what was before the first.
            self._connection.execute(sa.insert(imported).prefix_with("OR IGNORE"), changes)
        return replace(
            self._done,
            added=self._done.added + len(added),
            changed=self._done.changed + len(touched) - len(added),
            same=self._done.same + len(usable) - len(touched),
        )

    def _ids(self, rows: Iterable[Row]) -> list[int]:
        values = json.dumps([int(number.canonical or 0) for row in rows for number in row.numbers])
        among = sa.text("SELECT value FROM json_each(:values)")
        query = (
            sa.select(callers.c.id)
            .distinct()
            .join(numbers, numbers.c.caller_id == callers.c.id)
            .where(numbers.c.number.in_(among), callers.c.publication == self._publication)
            .order_by(callers.c.id)
        )
        return list(self._connection.execute(query, {"values": values}).scalars())

    def _hold(self, records: dict[int, Entry]) -> None:
        self._before = dict(records)
        for record in records.values():
            self._put(record)

    def _put(self, record: Entry) -> None:
        self._now[record.id] = record
        for number in record.numbers:
            owners = self._by_number.setdefault(number.canonical or "", [])
            if record.id not in owners:
                owners.append(record.id)

    def _take(self, row: Row) -> None:
        own = distinct_numbers(row.numbers)
        name = fold(row.caller.name)
        for number in own:
            for candidate in self._by_number.get(number.canonical or "", ()):
                held = self._now[candidate]
                if fold(held.caller.name) == name:
                    merged = replace(
                        held, caller=_merged(held.caller, row.caller), numbers=distinct_numbers(held.numbers + own)
                    )
                    if merged != held:
                        self._put(replace(merged, changed=self._at))
                    return
        self._put(Entry(self._next, row.caller, own, self._at))
        self._next += 1


def undo(connection: sa.Connection, publication: str, import_id: int) -> UndoResult | None:
    """Remove what the import added and restore what it changed; None when there is no such import."""
    known = (imports.c.id == import_id) & (imports.c.publication == publication)
    at = connection.execute(sa.select(imports.c.at).where(known)).scalar()
    if at is None:
        return None
    mine = imported.c.import_id == import_id
    total = connection.execute(sa.select(sa.func.count()).where(mine)).scalar_one()
    # A later change, by hand or by another import, is somebody's work: it stays.
    untouched = sa.select(callers.c.id).join(imported, imported.c.caller_id == callers.c.id)
    untouched = untouched.where(mine, callers.c.changed == at)
    changed = connection.execute(untouched.where(imported.c.before.is_not(None))).scalars().all()
    # Within the database: there may be millions of them.
    added = untouched.where(imported.c.before.is_(None))
    connection.execute(sa.delete(numbers).where(numbers.c.caller_id.in_(added)))
    removed = connection.execute(sa.delete(callers).where(callers.c.id.in_(added))).rowcount
    for start in range(0, len(changed), _PIECE):
        wanted = imported.c.caller_id.in_(changed[start : start + _PIECE])
        before = connection.execute(sa.select(imported.c.caller_id, imported.c.before).where(mine, wanted)).all()
        write(connection, publication, [from_json(own_id, text) for own_id, text in before])
    count(connection, publication, -removed)
    connection.execute(sa.delete(imported).where(mine))
    connection.execute(sa.delete(imports).where(known))
    return UndoResult(removed, len(changed), total - removed - len(changed))


def _merged(held: Caller, given: Caller) -> Caller:
    return held._replace(**{field: value for field, value in given._asdict().items() if value})
