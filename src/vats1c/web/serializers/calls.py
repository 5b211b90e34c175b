"""Calls, callers and people as the API's JSON. Rule: the VATS's key of a subscriber never appears."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from vats1c.accounts.people import PageUser
from vats1c.accounts.sessions import Session
from vats1c.directory.editing import Entry
from vats1c.model import Call, Ring
from vats1c.number import describe, identify
from vats1c.web.context import WebContext


def call_json(parts: WebContext, call: Call, language: str) -> dict[str, Any]:
    """Return a call; names and extensions stand for the keys it rings at."""
    # Of a caller who is known nobody needs it, and the tables it is read from are large.
    region, operator = describe(call.number, language) if call.number and call.caller is None else ("", "")
    return {
        "id": call.id,
        "cursor": call.version,
        "at": call.at.isoformat(),
        "last": call.last.isoformat(),
        "publication": call.publication,
        "received": call.received,
        "number": call.number,
        "national": identify(call.number, parts.views[call.publication].plan).national if call.number else None,
        "kind": call.kind,
        "caller": call.caller._asdict() if call.caller else None,
        "confidence": call.confidence.value if call.confidence else None,
        "region": region,
        "operator": operator,
        "repeat": call.repeat,
        "rings": [_ring(parts, call.publication, ring) for ring in call.rings],
        "note": {**asdict(call.note), "at": call.note.at.isoformat()} if call.note else None,
    }


def me_json(parts: WebContext, person: PageUser, session: Session | None, language: str) -> dict[str, Any]:
    """Return what the page has to know of who looks at it."""
    office = parts.view_of(person)
    return {
        "login": person.login,
        "name": person.name,
        "extension": person.extension,
        "administrator": person.administrator,
        "edit": parts.edits(person),
        "callback": office.click_to_call is not None and bool(person.keys),
        "crm": office.crm,
        "language": language,
        "expires": session.expires.isoformat() if session else None,
    }


def entry_json(one: Entry) -> dict[str, Any]:
    """Return a caller of the directory."""
    return {
        "id": one.id,
        "numbers": [number.canonical for number in one.numbers],
        **one.caller._asdict(),
        "changed": one.changed,
    }


def _ring(parts: WebContext, publication: str, ring: Ring) -> dict[str, Any]:
    owner = parts.people.owner(publication, ring.key)
    return {
        "name": owner.name if owner else None,
        "extension": owner.extension if owner else None,
        "at": ring.at.isoformat(),
        "last": ring.last.isoformat(),
        "shown": _time(ring.shown),
        "seen": _time(ring.seen),
        "closed": _time(ring.closed),
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
