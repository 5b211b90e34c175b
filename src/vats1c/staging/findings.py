"""What a conformance report is made of: a code that stays, how bad it is, a sentence for people."""

from dataclasses import dataclass
from enum import StrEnum

from vats1c.messages import Message

# What is repeated of what was sent, characters.
MAX_SHOWN = 60


class Severity(StrEnum):
    """What comes of a finding: the request was refused, another service may refuse it, or it is merely unusual."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class ConformanceFinding:
    """One deviation: a code that stays, how bad it is, a sentence for people."""

    code: str
    severity: Severity
    message: Message


def error(code: str, ru: str, en: str) -> ConformanceFinding:
    """Return what a request was refused for."""
    return ConformanceFinding(code, Severity.ERROR, Message(ru, en))


def warning(code: str, ru: str, en: str) -> ConformanceFinding:
    """Return what another service may refuse."""
    return ConformanceFinding(code, Severity.WARNING, Message(ru, en))


def note(code: str, ru: str, en: str) -> ConformanceFinding:
    """Return what is merely unusual."""
    return ConformanceFinding(code, Severity.NOTE, Message(ru, en))
