"""Convert calls and exchanges to table rows and back."""

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
# Header fields that are not stored: secrets, and Content-Length, which is the length of the stored bytes.
_LEFT_OUT = frozenset({"Authorization", "Proxy-Authorization", "Cookie", "Content-Length"})


def read_calls(connection: sa.Connection, query: sa.Select[Any]) -> list[Call]:
    """Return the calls that `query` selects from the table `calls`, in its order, with their rings."""
    rows = connection.execute(query).mappings().all()
    rings_of_calls: dict[int, list[Ring]] = defaultdict(list)
    if rows:
        ids = [row["id"] for row in rows]
        for ring in connection.execute(
            sa.select(rings).where(rings.c.call_id.in_(ids)).order_by(rings.c.id)
        ).mappings():
            rings_of_calls[ring["call_id"]].append(
                Ring(ring["key"], ring["at"], ring["last"], ring["shown"], ring["seen"], ring["closed"])
            )
    return [_call(row, rings_of_calls[row["id"]]) for row in rows]


def read_exchanges(connection: sa.Connection, query: sa.Select[Any]) -> list[Exchange]:
    """Return the exchanges that `query` selects from the table `exchanges`, in its order, without their bytes."""
    return [
        Exchange(**{**row, "confidence": Confidence(row["confidence"]) if row["confidence"] else None})
        for row in connection.execute(query).mappings()
    ]


def caller_fields(caller: Caller | None, confidence: Confidence | None) -> dict[str, Any]:
    """Return the columns of a call's row that describe its caller."""
    fields = caller or Caller("")
    return {
        "name": fields.name,
        "company": fields.company,
        "category": fields.category,
        "manager": fields.manager,
        "remark": fields.note,
        "confidence": confidence.value if confidence else None,
    }


def write_exchanges(connection: sa.Connection, batch: Sequence[Exchange]) -> None:
    """Write the exchanges in `batch` and their bytes.

    An exchange without an id gets one. The row of an exchange with an id exists already, and is completed.
    """
    new = [exchange for exchange in batch if exchange.id is None]
    if new:
        for exchange_id, exchange in enumerate(new, raw_sql.reserve(connection, exchanges, len(new))):
            exchange.id = exchange_id
        raw_sql.insert(connection, exchanges, [{"id": exchange.id, **exchange_row(exchange)} for exchange in new])
    missing = _complete(connection, [exchange for exchange in batch if exchange.call_id is not None])
    # Read `raw` once: another thread sets it to None when the bytes are dropped because too many exchanges are queued.
    ids_and_bytes = [(exchange.id, exchange.raw) for exchange in batch if exchange.id not in missing]
    rows = [raw_row(id_, *raw_bytes) for id_, raw_bytes in ids_and_bytes if id_ is not None and raw_bytes]
    raw_sql.insert(connection, raw, rows)


def _complete(connection: sa.Connection, incomplete: Sequence[Exchange]) -> set[int | None]:
    """Complete the rows of exchanges; return the ids without a row: the row was erased, or the file replaced."""
    changed = raw_sql.execute_many(
        connection,
        "UPDATE exchanges SET elapsed = ?, address = ?, soap = ?, namespace = ?, fault = ? WHERE id = ?",
        [
            (
                exchange.elapsed,
                exchange.address[:MAX_NUMBER_CHARS],
                exchange.soap,
                exchange.namespace[:_MAX_NAMESPACE_CHARS],
                exchange.fault,
                exchange.id,
            )
            for exchange in incomplete
        ],
    )
    if changed == len(incomplete):
        return set()
    ids = {exchange.id for exchange in incomplete}
    return ids - set(connection.execute(sa.select(exchanges.c.id).where(exchanges.c.id.in_(ids))).scalars())


def exchange_row(exchange: Exchange) -> dict[str, Any]:
    """Return the row of an exchange; texts of the sender are truncated, so that they cannot fill the disk."""
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

    `lines` are the request's header fields by lower-case name, and values added by the service. The names of the added
    values contain a colon, which no header name can.
    """
    headers = _headers_as_json(tuple(lines.items()))
    size = len(headers) + len(request) + len(answer)
    return {"exchange_id": exchange_id, "headers": headers, "request": request, "answer": answer, "size": size}


@lru_cache(maxsize=256)
def _headers_as_json(lines: tuple[tuple[str, str], ...]) -> str:
    """Return header fields as JSON, without secrets; cached, because a client sends the same fields every time."""
    named = ((name.title(), value) for name, value in lines)
    return json.dumps({name: value for name, value in named if name not in _LEFT_OUT}, ensure_ascii=False)


def _call(row: Any, rings_of_call: Iterable[Ring]) -> Call:
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
        tuple(rings_of_call),
        Note(row["note"], row["note_by"] or "", row["note_at"]) if row["note"] else None,
    )
