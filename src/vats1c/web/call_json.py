"""Calls, callers and users as the JSON of the API.

Rule: a subscriber's VATS key never appears in it.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from vats1c.accounts.people import PageUser
from vats1c.accounts.sessions import Session
from vats1c.directory.editing import Entry
from vats1c.model import Call, Ring
from vats1c.number import describe, identify
from vats1c.web.context import WebContext


def call_json(context: WebContext, call: Call, language: str) -> dict[str, Any]:
    """Return `call` as JSON, with names and extensions of the subscribers instead of their keys."""
    # Region and operator are looked up only for unknown callers, because the tables of number ranges are large and are
    # loaded at their first use.
    region, operator = describe(call.number, language) if call.number and call.caller is None else ("", "")
    return {
        "id": call.id,
        "cursor": call.version,
        "at": call.at.isoformat(),
        "last": call.last.isoformat(),
        "publication": call.publication,
        "received": call.received,
        "number": call.number,
        "national": identify(call.number, context.views[call.publication].plan).national if call.number else None,
        "kind": call.kind,
        "caller": call.caller._asdict() if call.caller else None,
        "confidence": call.confidence.value if call.confidence else None,
        "region": region,
        "operator": operator,
        "repeat": call.repeat,
        "rings": [_ring(context, call.publication, ring) for ring in call.rings],
        "note": {**asdict(call.note), "at": call.note.at.isoformat()} if call.note else None,
    }


def me_json(context: WebContext, person: PageUser, session: Session | None, language: str) -> dict[str, Any]:
    """Return the signed-in user as JSON, with what the page may offer."""
    view = context.view_of(person)
    return {
        "login": person.login,
        "name": person.name,
        "extension": person.extension,
        "administrator": person.administrator,
        "edit": context.edits(person),
        "callback": view.click_to_call is not None and bool(person.keys),
        "crm": view.crm,
        "language": language,
        "expires": session.expires.isoformat() if session else None,
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    """Return a caller of the editable directory as JSON."""
    return {
        "id": entry.id,
        "numbers": [number.canonical for number in entry.numbers],
        **entry.caller._asdict(),
        "changed": entry.changed,
    }


def _ring(context: WebContext, publication: str, ring: Ring) -> dict[str, Any]:
    owner = context.people.owner(publication, ring.key)
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
