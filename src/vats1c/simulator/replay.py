"""Replay a recorded request, and compare the new answer with the recorded one by meaning.

Rule: of the recorded headers, only those in `_REPLAYED_HEADERS` are sent again. The login is an argument, because the
journal stores no login.
"""

import json
from dataclasses import dataclass, replace

from vats1c.messages import Message
from vats1c.simulator import answers, requests
from vats1c.simulator.answers import UnreadableError
from vats1c.simulator.http_client import HttpReply
from vats1c.xmlsafe import SOAP_NAMESPACES

_REPLAYED_HEADERS = ("Content-Type", "Soapaction", "Cache-Control", "Accept")
_COMPARED = ("status", "version", "namespace", "name", "returned", "fault")


@dataclass(frozen=True, slots=True)
class AnswerMeaning:
    """The meaning of an answer: the content of its envelope; `unreadable` is the reason when it has no envelope."""

    status: int
    body: bytes
    seconds: float
    version: str = ""
    namespace: str = ""
    name: str = ""
    returned: str | None = None
    fault: str | None = None
    unreadable: Message | None = None


def headers(recorded: str, soap: str, user: str, password: str) -> dict[str, str]:
    """Return the headers for replaying a request.

    `recorded` is the JSON object of the recorded headers by name; `soap` is the recorded SOAP version; `user` and
    `password` are the login to send.
    """
    recorded_headers = json.loads(recorded)
    vats_headers = requests.headers(soap if soap in SOAP_NAMESPACES else "1.1", user, password)
    return {
        **vats_headers,
        **{name: str(recorded_headers[name]) for name in _REPLAYED_HEADERS if name in recorded_headers},
    }


def meaning_of(status: int, content_type: str, body: bytes, seconds: float) -> AnswerMeaning:
    """Return the meaning of an answer; `seconds` is its duration."""
    meaning = AnswerMeaning(status, body, seconds)
    try:
        envelope = answers.read(HttpReply(status, {"content-type": content_type}, body, seconds))
    except UnreadableError as error:
        return replace(meaning, unreadable=error.message)
    fault = f"{envelope.fault.code}: {envelope.fault.text}" if envelope.fault else None
    return replace(
        meaning,
        version=envelope.version,
        namespace=envelope.namespace,
        name=envelope.name,
        returned=envelope.returned,
        fault=fault,
    )


def differences(old: AnswerMeaning, new: AnswerMeaning) -> list[str]:
    """Return the names of the fields that differ in meaning.

    ["bytes"] means that the answers have the same meaning in other bytes; [] means that they are identical.
    """
    names = [name for name in _COMPARED if getattr(old, name) != getattr(new, name)]
    if bool(old.unreadable) != bool(new.unreadable) or (old.unreadable and old.body != new.body):
        names.append("body")
    return names or ([] if old.body == new.body else ["bytes"])
