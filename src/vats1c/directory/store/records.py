"""Read, write and delete entries in the tables of the store."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from vats1c.directory.editing import Entry
from vats1c.directory.store.schema import callers, numbers, totals
from vats1c.model import Caller
from vats1c.number import Number, NumberKind

FIELDS = Caller._fields
# Passes all values as one JSON parameter: SQLite allows at most 32,766 parameters in a statement.
_JSON_VALUES = "SELECT value FROM json_each(:values)"


def now() -> str:
    """Return the current time for the column `changed` (ISO 8601, UTC, microseconds)."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def fold(text: str) -> str:
    """Normalise `text` for the text search: case-folded, ё as е, single spaces."""
    return " ".join(text.casefold().replace("ё", "е").split())


def distinct_numbers(parsed: Iterable[Number]) -> tuple[Number, ...]:
    """Return the external numbers without duplicates, each in its first notation."""
    distinct: dict[str, Number] = {}
    for number in parsed:
        if number.canonical:
            distinct.setdefault(number.canonical, number)
    return tuple(distinct.values())


def read(connection: sa.Connection, ids: Iterable[int]) -> dict[int, Entry]:
    """Return the entries with `ids` by id, in the order of `ids`; missing ids are left out."""
    id_list = list(ids)
    numbers_of: dict[int, list[Number]] = {}
    for row in connection.execute(_select(numbers, "caller_id"), {"values": json.dumps(id_list)}).mappings():
        number = Number(row["written"], f"+{row['number']}", NumberKind.EXTERNAL, local=row["local"])
        numbers_of.setdefault(row["caller_id"], []).append(number)
    rows = connection.execute(_select(callers, "id"), {"values": json.dumps(id_list)}).mappings()
    entries = {
        row["id"]: Entry(
            row["id"],
            Caller(**{field: row[field] for field in FIELDS}),
            tuple(numbers_of.get(row["id"], ())),
            row["changed"],
        )
        for row in rows
    }
    return {entry_id: entries[entry_id] for entry_id in id_list if entry_id in entries}


def write(connection: sa.Connection, publication: str, records: Iterable[Entry]) -> None:
    """Insert `records`; an entry with an existing id replaces the stored entry."""
    entries = list(records)
    if not entries:
        return
    _delete_numbers(connection, (record.id for record in entries))
    connection.execute(sa.insert(callers).prefix_with("OR REPLACE"), [_row(publication, record) for record in entries])
    number_rows = [_number_row(record.id, number) for record in entries for number in record.numbers]
    if number_rows:
        connection.execute(sa.insert(numbers), number_rows)


def delete(connection: sa.Connection, ids: Iterable[int]) -> None:
    """Delete the entries with `ids`."""
    entry_ids = list(ids)
    _delete_numbers(connection, entry_ids)
    connection.execute(_delete(callers, "id"), {"values": json.dumps(entry_ids)})


def count(connection: sa.Connection, publication: str, more: int) -> None:
    """Add `more`, which may be negative, to the caller count of the publication."""
    is_publication = totals.c.publication == publication
    if not connection.execute(sa.update(totals).where(is_publication).values(callers=totals.c.callers + more)).rowcount:
        connection.execute(sa.insert(totals).values(publication=publication, callers=more))


def next_id(connection: sa.Connection) -> int:
    """Return the id for the next new entry. Call it within a write transaction, or another writer may take the id."""
    last_id = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'callers'").scalar()
    return (last_id or 0) + 1


def to_json(record: Entry) -> str:
    """Serialise a record for `from_json`; its id is not included."""
    number_values = [(number.received, number.canonical, number.local) for number in record.numbers]
    return json.dumps([record.caller._asdict(), number_values, record.changed], ensure_ascii=False)


def from_json(entry_id: int, text: str) -> Entry:
    """Return the record that `to_json` serialised, with the id `entry_id`."""
    caller, number_values, changed = json.loads(text)
    entry_numbers = (
        Number(written, canonical, NumberKind.EXTERNAL, local=local) for written, canonical, local in number_values
    )
    return Entry(entry_id, Caller(**caller), tuple(entry_numbers), changed)


def _select(table: sa.Table, column: str) -> sa.Select[Any]:
    return sa.select(table).where(table.c[column].in_(sa.text(_JSON_VALUES))).order_by(table.c.id)


def _delete(table: sa.Table, column: str) -> sa.Delete:
    return sa.delete(table).where(table.c[column].in_(sa.text(_JSON_VALUES)))


def _delete_numbers(connection: sa.Connection, ids: Iterable[int]) -> None:
    connection.execute(_delete(numbers, "caller_id"), {"values": json.dumps(list(ids))})


def _row(publication: str, record: Entry) -> dict[str, Any]:
    caller = record.caller
    searched = fold(f"{caller.name} {caller.company} {caller.note}")
    digits = " ".join(number.canonical or "" for number in record.numbers)
    return {
        "id": record.id,
        "publication": publication,
        **caller._asdict(),
        "changed": record.changed,
        "folded": f"{searched} {digits}",
    }


def _number_row(owner: int, number: Number) -> dict[str, Any]:
    return {
        "number": int(number.canonical or 0),
        "last10": int(number.last10) if number.last10 else None,
        "caller_id": owner,
        "local": number.local,
        "written": number.received,
    }
