"""Exchanges as the JSON of the API: in lists without their bytes, a single exchange with all details."""

from collections.abc import Iterable
from typing import Any

from vats1c.model import Exchange
from vats1c.staging.conformance import report
from vats1c.staging.findings import ConformanceFinding
from vats1c.staging.recorded import RecordedExchange, decoded
from vats1c.staging.reparse import read
from vats1c.web.context import WebContext

# Bytes are read for this many exchanges at a time, which bounds the memory of a list of large requests.
_BATCH_SIZE = 50


def list_json(context: WebContext, found: list[Exchange], base: str) -> list[dict[str, Any]]:
    """Return exchanges for a list, each with the codes of its report and the ids of the other exchanges of its call.

    `base` is the URL of the service without a path, for the URLs of the requests.
    """
    calls = context.journal.exchanges_of_calls({exchange.call_id for exchange in found if exchange.call_id is not None})
    return [
        {
            **_facts(context, recorded.exchange),
            "together": [
                other for other in calls.get(recorded.exchange.call_id or 0, ()) if other != recorded.exchange.id
            ],
            "codes": list(dict.fromkeys(finding.code for finding in findings(recorded))),
        }
        for recorded in with_bytes(context, found, base)
    ]


def exchange_json(context: WebContext, recorded: RecordedExchange, language: str) -> dict[str, Any]:
    """Return one exchange with its bytes and its report, whose messages are in `language`."""
    exchange = recorded.exchange
    calls = context.journal.exchanges_of_calls({exchange.call_id} if exchange.call_id is not None else ())
    request, request_encoding = decoded(recorded.request)
    answer, answer_encoding = decoded(recorded.answer)
    return {
        **_facts(context, exchange),
        "together": [other for other in calls.get(exchange.call_id or 0, ()) if other != exchange.id],
        "kept": recorded.kept,
        "method": recorded.method,
        "url": recorded.url,
        "headers": recorded.headers,
        "request": {"text": request, "encoding": request_encoding or None, "size": len(recorded.request)},
        "answer": {
            "text": answer,
            "encoding": answer_encoding or None,
            "size": len(recorded.answer),
            "type": recorded.answer_type,
        },
        "report": [_finding(finding, language) for finding in findings(recorded)],
    }


def with_bytes(context: WebContext, found: list[Exchange], base: str) -> Iterable[RecordedExchange]:
    """Yield exchanges with their bytes and headers, if the journal still has these."""
    for start in range(0, len(found), _BATCH_SIZE):
        batch = found[start : start + _BATCH_SIZE]
        stored = context.journal.bytes_of([exchange.id for exchange in batch if exchange.id is not None])
        for exchange in batch:
            yield RecordedExchange.of(exchange, stored.get(exchange.id or 0), base)


def findings(recorded: RecordedExchange) -> list[ConformanceFinding]:
    """Return the conformance report of an exchange; if its bytes are not stored, only the refusal is explained."""
    sent = read(recorded.request, recorded.headers.get("Content-Type", "")) if recorded.request else None
    return report(recorded.exchange, recorded.lines, recorded.request, sent)


def _finding(finding: ConformanceFinding, language: str) -> dict[str, str]:
    message = finding.message.said("en" if language == "en" else "ru")
    return {"code": finding.code, "severity": finding.severity.value, "message": message}


def _facts(context: WebContext, exchange: Exchange) -> dict[str, Any]:
    # The row of an IncomingCall is written before the answer; its duration and SOAP version are added later.
    is_finished = exchange.outcome != "ok" or bool(exchange.soap)
    owner = context.people.owner(exchange.publication, exchange.key) if exchange.key else None
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
