"""Callers as the store's rows: how one is written, read, put in another's place and taken out."""

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
# One parameter for any number of values: SQLite allows 32,766 of them in a statement.
_AMONG = "SELECT value FROM json_each(:values)"


def now() -> str:
    """Return the time that a change is marked with."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def fold(text: str) -> str:
    """Return `text` as find_by_text compares it: small letters, ё as е, single spaces."""
    return " ".join(text.casefold().replace("ё", "е").split())


def distinct_numbers(given: Iterable[Number]) -> tuple[Number, ...]:
    """Return the numbers of the public network, the first writing of each."""
    found: dict[str, Number] = {}
    for number in given:
        if number.canonical:
            found.setdefault(number.canonical, number)
    return tuple(found.values())


def read(connection: sa.Connection, ids: Iterable[int]) -> dict[int, Entry]:
    """Return the callers with `ids` by id, in that order; those that are not there are left out."""
    wanted = list(ids)
    own: dict[int, list[Number]] = {}
    for row in connection.execute(_select(numbers, "caller_id"), {"values": json.dumps(wanted)}).mappings():
        number = Number(row["written"], f"+{row['number']}", NumberKind.EXTERNAL, local=row["local"])
        own.setdefault(row["caller_id"], []).append(number)
    rows = connection.execute(_select(callers, "id"), {"values": json.dumps(wanted)}).mappings()
    found = {
        row["id"]: Entry(
            row["id"],
            Caller(**{field: row[field] for field in FIELDS}),
            tuple(own.get(row["id"], ())),
            row["changed"],
        )
        for row in rows
    }
    return {one: found[one] for one in wanted if one in found}


def write(connection: sa.Connection, publication: str, records: Iterable[Entry]) -> None:
    """Write `records` down, those with a known id in place of what stood there."""
    given = list(records)
    if not given:
        return
    _delete_numbers(connection, (record.id for record in given))
    connection.execute(sa.insert(callers).prefix_with("OR REPLACE"), [_row(publication, record) for record in given])
    owned = [_number_row(record.id, number) for record in given for number in record.numbers]
    if owned:
        connection.execute(sa.insert(numbers), owned)


def delete(connection: sa.Connection, ids: Iterable[int]) -> None:
    """Take the callers with `ids` out."""
    given = list(ids)
    _delete_numbers(connection, given)
    connection.execute(_delete(callers, "id"), {"values": json.dumps(given)})


def count(connection: sa.Connection, publication: str, more: int) -> None:
    """Count `more` callers (fewer when negative) of the publication."""
    own = totals.c.publication == publication
    if not connection.execute(sa.update(totals).where(own).values(callers=totals.c.callers + more)).rowcount:
        connection.execute(sa.insert(totals).values(publication=publication, callers=more))


def next_id(connection: sa.Connection) -> int:
    """Return the id that the next caller gets; only within a writer's transaction is it not given to another."""
    last = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'callers'").scalar()
    return (last or 0) + 1


def to_json(record: Entry) -> str:
    """Return what `from_json` makes the same record of."""
    own = [(number.received, number.canonical, number.local) for number in record.numbers]
    return json.dumps([record.caller._asdict(), own, record.changed], ensure_ascii=False)


def from_json(own_id: int, text: str) -> Entry:
    """Return the record that `to_json` wrote."""
    caller, own, changed = json.loads(text)
    kept = (Number(written, canonical, NumberKind.EXTERNAL, local=local) for written, canonical, local in own)
    return Entry(own_id, Caller(**caller), tuple(kept), changed)


def _select(table: sa.Table, column: str) -> sa.Select[Any]:
    return sa.select(table).where(table.c[column].in_(sa.text(_AMONG))).order_by(table.c.id)


def _delete(table: sa.Table, column: str) -> sa.Delete:
    return sa.delete(table).where(table.c[column].in_(sa.text(_AMONG)))


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
