"""Exchanges as the inspector's JSON: in a list without their bytes, one by one with all there is."""

from collections.abc import Iterable
from typing import Any

from vats1c.model import Exchange
from vats1c.staging.conformance import report
from vats1c.staging.findings import ConformanceFinding
from vats1c.staging.recorded import RecordedExchange, decoded
from vats1c.web.context import WebContext

# So many requests are read again at a time, that a list of large ones takes no more memory than need be.
_AT_ONCE = 50


def list_json(parts: WebContext, found: list[Exchange], base: str) -> list[dict[str, Any]]:
    """Return exchanges for a list, each with the codes of its report and the ids of the others of its call."""
    calls = parts.journal.exchanges_of_calls({one.call_id for one in found if one.call_id is not None})
    return [
        {
            **_facts(parts, one.exchange),
            "together": [own for own in calls.get(one.exchange.call_id or 0, ()) if own != one.exchange.id],
            "codes": list(dict.fromkeys(finding.code for finding in findings(parts, one))),
        }
        for one in with_bytes(parts, found, base)
    ]


def exchange_json(parts: WebContext, one: RecordedExchange, language: str) -> dict[str, Any]:
    """Return one exchange with its bytes and its report."""
    exchange = one.exchange
    calls = parts.journal.exchanges_of_calls({exchange.call_id} if exchange.call_id is not None else ())
    asked, asked_coding = decoded(one.request)
    said, said_coding = decoded(one.answer)
    return {
        **_facts(parts, exchange),
        "together": [own for own in calls.get(exchange.call_id or 0, ()) if own != exchange.id],
        "kept": one.kept,
        "method": one.method,
        "url": one.url,
        "headers": one.headers,
        "request": {"text": asked, "encoding": asked_coding or None, "size": len(one.request)},
        "answer": {"text": said, "encoding": said_coding or None, "size": len(one.answer), "type": one.answer_type},
        "report": [_finding(each, language) for each in findings(parts, one)],
    }


def with_bytes(parts: WebContext, found: list[Exchange], base: str) -> Iterable[RecordedExchange]:
    """Yield exchanges with what the journal kept of them."""
    for start in range(0, len(found), _AT_ONCE):
        piece = found[start : start + _AT_ONCE]
        kept = parts.journal.bytes_of([one.id for one in piece if one.id is not None])
        for one in piece:
            yield RecordedExchange.of(one, kept.get(one.id or 0), base)


def findings(parts: WebContext, one: RecordedExchange) -> list[ConformanceFinding]:
    """Return the conformance report; of an exchange whose bytes are gone, why it was refused at most."""
    sent = parts.read(one.request, one.headers.get("Content-Type", "")) if one.request else None
    return report(one.exchange, one.lines, one.request, sent)


def _finding(one: ConformanceFinding, language: str) -> dict[str, str]:
    said = one.message.said("en" if language == "en" else "ru")
    return {"code": one.code, "severity": one.severity.value, "message": said}


def _facts(parts: WebContext, exchange: Exchange) -> dict[str, Any]:
    # The row of an IncomingCall is written before its answer; its duration and SOAP version follow.
    is_finished = exchange.outcome != "ok" or bool(exchange.soap)
    owner = parts.people.owner(exchange.publication, exchange.key) if exchange.key else None
    return {
        "id": exchange.id,
        "at": exchange.at.isoformat(),
        "publication": exchange.publication,
        "op": exchange.operation or None,
        "outcome": exchange.outcome,
        "status": exchange.status,
        "soap": exchange.soap or None,
        "namespace": exchange.namespace or None,
        "address": exchange.address,
        "received": exchange.received,
        "number": exchange.number,
        "key": exchange.key or None,
        "subscriber": {"name": owner.name, "extension": owner.extension} if owner else None,
        "caller": exchange.caller or None,
        "directory": exchange.directory or None,
        "confidence": exchange.confidence.value if exchange.confidence else None,
        "elapsed_ms": round(exchange.elapsed * 1_000, 2) if is_finished else None,
        "call_id": exchange.call_id,
        "fault": exchange.fault or None,
    }
