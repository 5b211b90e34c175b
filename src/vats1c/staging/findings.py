"""What a conformance report is made of: a code that stays, how bad it is, a sentence for people."""

from dataclasses import dataclass
from enum import StrEnum

from vats1c.language import Message

# What is repeated of what was sent, characters.
MOST_SHOWN = 60


class Severity(StrEnum):
    """What comes of a finding: the request was refused, another service may refuse it, or it is merely unusual."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One deviation: a code that stays, how bad it is, a sentence for people."""

    code: str
    severity: Severity
    message: Message


def error(code: str, ru: str, en: str) -> Finding:
    """Return what a request was refused for."""
    return Finding(code, Severity.ERROR, Message(ru, en))


def warning(code: str, ru: str, en: str) -> Finding:
    """Return what another service may refuse."""
    return Finding(code, Severity.WARNING, Message(ru, en))


def note(code: str, ru: str, en: str) -> Finding:
    """Return what is merely unusual."""
    return Finding(code, Severity.NOTE, Message(ru, en))
