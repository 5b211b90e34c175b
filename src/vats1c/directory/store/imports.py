"""Import of table rows into the store in batches, and undo of a whole import.

A row updates the stored caller with the same name and at least one common number, or else adds a new caller.
Rule: an import removes nothing: an empty cell keeps the stored value, and new numbers are added to the stored numbers.
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

_BATCH_ENTRIES = 1_000


class ImportBatch:
    """One batch of an import, written within one transaction.

    Holds the stored callers that share a number with a row of the batch.
    """

    def __init__(self, connection: sa.Connection, publication: str, done: ImportResult, at: str) -> None:
        """Continue the import with the counts `done`; `at` is the change time of its entries (ISO 8601, UTC)."""
        self._connection = connection
        self._publication = publication
        self._done = done
        self._at = at
        self._next_id = next_id(connection)
        self._before: dict[int, Entry] = {}
        self._current: dict[int, Entry] = {}
        self._by_number: dict[str, list[int]] = {}

    def write(self, rows: Iterable[Row]) -> ImportResult:
        """Write `rows` to the database and return the counts of the import, these rows included."""
        usable = [row for row in rows if row.usable]
        self._load(read(self._connection, self._ids(usable)))
        for row in usable:
            self._import_row(row)
        touched = {
            entry_id: record for entry_id, record in self._current.items() if record is not self._before.get(entry_id)
        }
        added = touched.keys() - self._before.keys()
        write(self._connection, self._publication, touched.values())
        count(self._connection, self._publication, len(added))
        changes = [
            {
                "import_id": self._done.id,
                "caller_id": entry_id,
                "before": None if entry_id in added else to_json(self._before[entry_id]),
            }
            for entry_id in touched
        ]
        if changes:
            # When several batches change one caller, OR IGNORE keeps its state from before the first of them.
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

    def _load(self, records: dict[int, Entry]) -> None:
        self._before = dict(records)
        for record in records.values():
            self._put(record)

    def _put(self, record: Entry) -> None:
        self._current[record.id] = record
        for number in record.numbers:
            owners = self._by_number.setdefault(number.canonical or "", [])
            if record.id not in owners:
                owners.append(record.id)

    def _import_row(self, row: Row) -> None:
        row_numbers = distinct_numbers(row.numbers)
        name = fold(row.caller.name)
        for number in row_numbers:
            for candidate in self._by_number.get(number.canonical or "", ()):
                existing = self._current[candidate]
                if fold(existing.caller.name) == name:
                    merged = replace(
                        existing,
                        caller=_merged(existing.caller, row.caller),
                        numbers=distinct_numbers(existing.numbers + row_numbers),
                    )
                    if merged != existing:
                        self._put(replace(merged, changed=self._at))
                    return
        self._put(Entry(self._next_id, row.caller, row_numbers, self._at))
        self._next_id += 1


def undo(connection: sa.Connection, publication: str, import_id: int) -> UndoResult | None:
    """Undo an import as described in `Editable.undo`; return None when there is no such import."""
    is_import = (imports.c.id == import_id) & (imports.c.publication == publication)
    at = connection.execute(sa.select(imports.c.at).where(is_import)).scalar()
    if at is None:
        return None
    is_of_import = imported.c.import_id == import_id
    total = connection.execute(sa.select(sa.func.count()).where(is_of_import)).scalar_one()
    # An entry changed after the import, by hand or by another import, stays as it is.
    untouched = sa.select(callers.c.id).join(imported, imported.c.caller_id == callers.c.id)
    untouched = untouched.where(is_of_import, callers.c.changed == at)
    changed = connection.execute(untouched.where(imported.c.before.is_not(None))).scalars().all()
    # Deleted by a subquery, because an import may have added millions of entries.
    added = untouched.where(imported.c.before.is_(None))
    connection.execute(sa.delete(numbers).where(numbers.c.caller_id.in_(added)))
    removed = connection.execute(sa.delete(callers).where(callers.c.id.in_(added))).rowcount
    for start in range(0, len(changed), _BATCH_ENTRIES):
        is_in_batch = imported.c.caller_id.in_(changed[start : start + _BATCH_ENTRIES])
        before = connection.execute(
            sa.select(imported.c.caller_id, imported.c.before).where(is_of_import, is_in_batch)
        ).all()
        write(connection, publication, [from_json(entry_id, text) for entry_id, text in before])
    count(connection, publication, -removed)
    connection.execute(sa.delete(imported).where(is_of_import))
    connection.execute(sa.delete(imports).where(is_import))
    return UndoResult(removed, len(changed), total - removed - len(changed))


def _merged(stored: Caller, imported_caller: Caller) -> Caller:
    return stored._replace(**{field: value for field, value in imported_caller._asdict().items() if value})
