"""Send what was sent before once more, and compare the answers by what they mean.

Rule: of the headers that came with it only those are sent again that say what the body is; never a login of another.
"""

import json
from dataclasses import dataclass, replace

from vats1c.messages import Message
from vats1c.simulator import answers, requests
from vats1c.simulator.answers import UnreadableError
from vats1c.simulator.http_client import HttpReply

_SENT_AGAIN = ("Content-Type", "Soapaction", "Cache-Control", "Accept")
_COMPARED = ("status", "version", "namespace", "name", "returned", "fault")


@dataclass(frozen=True, slots=True)
class AnswerMeaning:
    """An answer by what it means: what stands in its envelope, or why that cannot be read."""

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
    """Return what to send with a request whose headers are `recorded` (JSON, by name), with a login of one's own."""
    came = json.loads(recorded)
    given = requests.headers(soap if soap in requests.SOAP else "1.1", user, password)
    return {**given, **{name: str(came[name]) for name in _SENT_AGAIN if name in came}}


def meaning_of(status: int, content_type: str, body: bytes, seconds: float) -> AnswerMeaning:
    """Return what an answer means."""
    plain = AnswerMeaning(status, body, seconds)
    try:
        found = answers.read(HttpReply(status, {"content-type": content_type}, body, seconds))
    except UnreadableError as error:
        return replace(plain, unreadable=error.message)
    fault = f"{found.fault.code}: {found.fault.text}" if found.fault else None
    return replace(
        plain,
        version=found.version,
        namespace=found.namespace,
        name=found.name,
        returned=found.returned,
        fault=fault,
    )


def differences(old: AnswerMeaning, new: AnswerMeaning) -> list[str]:
    """Return the names of what differs; "bytes" alone where the answers mean the same; none where they are the same."""
    found = [name for name in _COMPARED if getattr(old, name) != getattr(new, name)]
    if bool(old.unreadable) != bool(new.unreadable) or (old.unreadable and old.body != new.body):
        found.append("body")
    return found or ([] if old.body == new.body else ["bytes"])
