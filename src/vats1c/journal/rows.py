"""Calls and exchanges as rows, and back."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from vats1c.database.schema import MAX_KEY_CHARS, MAX_NUMBER_CHARS, exchanges, raw, rings
from vats1c.journal import raw_sql
from vats1c.model import Call, Caller, Confidence, Exchange, Note, Ring

_MAX_NAMESPACE_CHARS = 128
_MAX_OPERATION_CHARS = 64
# Secrets, and the length, which is that of the bytes.
_LEFT_OUT = frozenset({"Authorization", "Proxy-Authorization", "Cookie", "Content-Length"})


def read_calls(connection: sa.Connection, query: sa.Select[Any]) -> list[Call]:
    """Return the calls that `query` selects of the table `calls`, in its order, with all who ring."""
    rows = connection.execute(query).mappings().all()
    own: dict[int, list[Ring]] = defaultdict(list)
    if rows:
        ids = [row["id"] for row in rows]
        for ring in connection.execute(
            sa.select(rings).where(rings.c.call_id.in_(ids)).order_by(rings.c.id)
        ).mappings():
            own[ring["call_id"]].append(
                Ring(ring["key"], ring["at"], ring["last"], ring["shown"], ring["seen"], ring["closed"])
            )
    return [_call(row, own[row["id"]]) for row in rows]


def read_exchanges(connection: sa.Connection, query: sa.Select[Any]) -> list[Exchange]:
    """Return the exchanges that `query` selects of the table `exchanges`, in its order, without their bytes."""
    return [
        Exchange(**{**row, "confidence": Confidence(row["confidence"]) if row["confidence"] else None})
        for row in connection.execute(query).mappings()
    ]


def caller_fields(caller: Caller | None, confidence: Confidence | None) -> dict[str, Any]:
    """Return what a call's row says of its caller."""
    found = caller or Caller("")
    return {
        "name": found.name,
        "company": found.company,
        "category": found.category,
        "manager": found.manager,
        "remark": found.note,
        "confidence": confidence.value if confidence else None,
    }


def write_exchanges(connection: sa.Connection, noted: Sequence[Exchange]) -> None:
    """Write `noted` down with their bytes; those with an id are there already, and only finished."""
    fresh = [exchange for exchange in noted if exchange.id is None]
    if fresh:
        for own_id, exchange in enumerate(fresh, raw_sql.reserve(connection, exchanges, len(fresh))):
            exchange.id = own_id
        raw_sql.insert(connection, exchanges, [{"id": one.id, **exchange_row(one)} for one in fresh])
    gone = _finish(connection, [exchange for exchange in noted if exchange.call_id is not None])
    # Read once: whoever notes more than can be kept takes the bytes of the oldest away.
    with_bytes = [(exchange.id, exchange.raw) for exchange in noted if exchange.id not in gone]
    kept = [raw_row(own_id, *own_raw) for own_id, own_raw in with_bytes if own_id is not None and own_raw]
    raw_sql.insert(connection, raw, kept)


def _finish(connection: sa.Connection, finished: Sequence[Exchange]) -> set[int | None]:
    """Complete the rows of exchanges, and return the ids of those that are gone: erased, or with another file."""
    changed = raw_sql.execute_many(
        connection,
        "UPDATE exchanges SET elapsed = ?, address = ?, soap = ?, namespace = ?, fault = ? WHERE id = ?",
        [
            (
                one.elapsed,
                one.address[:MAX_NUMBER_CHARS],
                one.soap,
                one.namespace[:_MAX_NAMESPACE_CHARS],
                one.fault,
                one.id,
            )
            for one in finished
        ],
    )
    if changed == len(finished):
        return set()
    ids = {one.id for one in finished}
    return ids - set(connection.execute(sa.select(exchanges.c.id).where(exchanges.c.id.in_(ids))).scalars())


def exchange_row(exchange: Exchange) -> dict[str, Any]:
    """Return the row of an exchange; a sender cannot fill the disk by a field."""
    return {
        "publication": exchange.publication,
        "at": exchange.at,
        "operation": exchange.operation[:_MAX_OPERATION_CHARS],
        "outcome": exchange.outcome,
        "status": exchange.status,
        "soap": exchange.soap,
        "namespace": exchange.namespace[:_MAX_NAMESPACE_CHARS],
        "address": exchange.address[:MAX_NUMBER_CHARS],
        "received": exchange.received[:MAX_NUMBER_CHARS],
        "number": exchange.number,
        "key": exchange.key[:MAX_KEY_CHARS],
        "caller": exchange.caller,
        "directory": exchange.directory,
        "confidence": exchange.confidence.value if exchange.confidence else None,
        "elapsed": exchange.elapsed,
        "call_id": exchange.call_id,
        "fault": exchange.fault,
    }


def raw_row(exchange_id: int, lines: Mapping[str, str], request: bytes, answer: bytes) -> dict[str, Any]:
    """Return the row of an exchange's bytes; no password is ever written down.

    `lines` are its header fields by lower-case name, and notes under names that no header can have, with a colon.
    """
    headers = _headers_as_json(tuple(lines.items()))
    size = len(headers) + len(request) + len(answer)
    return {"exchange_id": exchange_id, "headers": headers, "request": request, "answer": answer, "size": size}


@lru_cache(maxsize=256)
def _headers_as_json(lines: tuple[tuple[str, str], ...]) -> str:
    """Return header fields as JSON, without secrets; a client sends the same ones again and again."""
    named = ((name.title(), value) for name, value in lines)
    return json.dumps({name: value for name, value in named if name not in _LEFT_OUT}, ensure_ascii=False)


def _call(row: Any, own: Iterable[Ring]) -> Call:
    caller = (
        Caller(row["name"], row["company"], row["category"], row["manager"], row["remark"]) if row["name"] else None
    )
    return Call(
        row["id"],
        row["version"],
        row["publication"],
        row["at"],
        row["last"],
        row["received"],
        row["number"],
        row["kind"],
        caller,
        Confidence(row["confidence"]) if row["confidence"] else None,
        row["repeat"],
        tuple(own),
        Note(row["note"], row["note_by"] or "", row["note_at"]) if row["note"] else None,
    )
