"""The findings of a conformance report: a stable code, a severity, and a sentence for people."""

from dataclasses import dataclass
from enum import StrEnum

from vats1c.messages import Message

# At most this many characters of a sent value are quoted in a finding.
MAX_SHOWN = 60


class Severity(StrEnum):
    """The severity: the request was refused, another service may refuse it, or it is only unusual."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class ConformanceFinding:
    """One deviation; its `code` is stable, so that programs can rely on it."""

    code: str
    severity: Severity
    message: Message


def error(code: str, ru: str, en: str) -> ConformanceFinding:
    """Return a finding for which the request was refused."""
    return ConformanceFinding(code, Severity.ERROR, Message(ru, en))


def warning(code: str, ru: str, en: str) -> ConformanceFinding:
    """Return a finding for which another service may refuse the request."""
    return ConformanceFinding(code, Severity.WARNING, Message(ru, en))


def note(code: str, ru: str, en: str) -> ConformanceFinding:
    """Return a finding that is only unusual."""
    return ConformanceFinding(code, Severity.NOTE, Message(ru, en))
