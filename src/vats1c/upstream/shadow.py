"""Directories that answer, and the real 1C asked the same afterwards: where would the phone have shown something else?

Rule: the answer is given before the real 1C is asked, and no log line has the number or a name.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

import structlog

from vats1c.directory.chain import LookupResult, SourceAnswer
from vats1c.directory.resilience import LookupAnswer, LookupOutcome
from vats1c.directory.soap_answers import OneCReply
from vats1c.model import Caller, Match
from vats1c.number import DEFAULT_PLAN, Number, extension_of
from vats1c.upstream.background import Worker
from vats1c.upstream.differences import AnswerDifference, Differences, SideAnswer

log = structlog.get_logger("vats1c.upstream")

_MAX_CONCURRENT = 4
# What was asked longer ago is not compared: a caller may have been added since.
_MAX_AGE_S = 30.0


class Comparison(StrEnum):
    """How the real 1C's answer compares with ours; what matters most comes first."""

    FAILED = "failed"
    NAME = "name"
    SHAPE = "shape"
    SLOWER = "slower"
    SAME = "same"
    DROPPED = "dropped"


class AnsweringDirectories(Protocol):
    """The directories of a publication."""

    def find(self, number: Number) -> Match | None:
        """Return who owns `number`."""

    def find_cached(self, number: Number) -> tuple[Match | None, bool]:
        """Return who owns `number` as far as can be told without waiting, and whether that is the last word."""

    def look_up(self, number: Number, *, everybody: bool = False) -> LookupResult:
        """Return what each directory says of `number`, and who decided."""


class ComparedSource(Protocol):
    """The real 1C as a shadow asks it."""

    name: str

    def ask(self, number: Number) -> OneCReply:
        """Return what it answers about `number`; never raises DirectoryError."""


@dataclass(frozen=True, slots=True)
class _Question:
    number: Number
    caller: Caller | None
    elapsed: float
    asked: float


@dataclass(frozen=True, slots=True)
class ComparisonPolicy:
    """What is compared: what the phone shows, whether a document is asked for, the seconds that are in time.

    `internal_digits` is the length of the longest extension: a manager who is none is not in our document.
    """

    shown: Callable[[Caller | None], str]
    document: bool
    deadline: float
    internal_digits: int = DEFAULT_PLAN.internal_digits


class ShadowLookup:
    """The directories of a publication with the real 1C behind them."""

    def __init__(
        self,
        publication: str,
        directories: AnsweringDirectories,
        real: ComparedSource,
        measure: ComparisonPolicy,
        *,
        differences: Differences,
        count: Callable[[str], None] = lambda _outcome: None,
        most: int = 1_000,
    ) -> None:
        """Take who answers, who is compared with them, and where differences go; `count` is told each Comparison."""
        self._publication = publication
        self._directories = directories
        self._real = real
        self._measure = measure
        self._differences = differences
        self._count = count
        self._background: Worker[_Question] = Worker(
            f"shadow {publication}", self._compare, threads=_MAX_CONCURRENT, most=most
        )

    def find(self, number: Number) -> Match | None:
        """Return who owns `number`."""
        return self._directories.find(number)

    def find_cached(self, number: Number) -> tuple[Match | None, bool]:
        """Return who owns `number` without waiting, and whether that is the last word."""
        return self._directories.find_cached(number)

    def look_up(self, number: Number, *, everybody: bool = False) -> LookupResult:
        """Return what each directory says; with `everybody` the real 1C stands last, and never decides."""
        begun = time.perf_counter()
        found = self._directories.look_up(number, everybody=everybody)
        if everybody:
            return LookupResult(
                (*found.answers, SourceAnswer(self._real.name, _answer(self._real.ask(number)))), found.decided
            )
        elapsed = time.perf_counter() - begun
        caller = found.match.caller if found.match else None
        if not self._background.submit(_Question(number, caller, elapsed, time.monotonic())):
            self._count(Comparison.DROPPED)
        return found

    def close(self) -> None:
        """Compare what is left, as far as there is time."""
        self._background.close()

    def _compare(self, question: _Question) -> None:
        if time.monotonic() - question.asked > _MAX_AGE_S:
            self._count(Comparison.DROPPED)
            return
        heard = self._real.ask(question.number)
        caller = heard.match.caller if heard.match else None
        outcome, differs = self._compared(question.caller, caller, heard)
        self._count(outcome)
        if outcome is Comparison.SAME:
            return
        ours = self._side_answer(question.caller, self._measure.shown(question.caller), question.elapsed)
        theirs = self._side_answer(caller, caller.name if caller else "", heard.elapsed)
        reason = str(heard.error) if heard.error else ""
        at = datetime.now(UTC).isoformat()
        difference = AnswerDifference(at, question.number.canonical or "", outcome.value, ours, theirs, differs, reason)
        try:
            # That the real 1C does not answer at all says nothing of the number.
            if heard.status and not self._differences.add(difference):
                return
        except OSError as error:
            log.warning("difference_not_recorded", reason=error.strerror or type(error).__name__)
        log.info(
            "upstream_differs",
            publication=self._publication,
            outcome=outcome.value,
            differs=differs,
            ours_ms=ours.ms,
            theirs_ms=theirs.ms,
        )

    def _compared(self, ours: Caller | None, theirs: Caller | None, heard: OneCReply) -> tuple[Comparison, list[str]]:
        if heard.error is not None:
            return Comparison.FAILED, []
        if _bare(self._measure.shown(ours)) != _bare(theirs.name if theirs else ""):
            return Comparison.NAME, ["name"]
        differs = self._of_shape(ours, theirs, heard.body) if ours and theirs else []
        if differs:
            return Comparison.SHAPE, differs
        return (Comparison.SLOWER, ["time"]) if heard.elapsed > self._measure.deadline else (Comparison.SAME, [])

    def _of_shape(self, ours: Caller, theirs: Caller, body: bytes) -> list[str]:
        """Return what differs under the same name. Some clients find the answer by its very prefixes."""
        document = b"<data" in body or b"&lt;data" in body
        return [
            what
            for what, differs in (
                ("category", self._measure.document and ours.category != theirs.category),
                ("manager", self._measure.document and self._extension(ours) != theirs.manager),
                ("form", document != self._measure.document),
                ("prefixes", b"<soap:Envelope" not in body or b"<m:return" not in body),
            )
            if differs
        ]

    def _extension(self, ours: Caller) -> str:
        return extension_of(ours.manager, self._measure.internal_digits)

    def _side_answer(self, caller: Caller | None, name: str, elapsed: float) -> SideAnswer:
        ms = round(elapsed * 1_000, 1)
        if caller is None or not self._measure.document:
            return SideAnswer(name, ms=ms)
        return SideAnswer(name, caller.category, caller.manager, ms)


def _bare(text: str) -> str:
    """Return a name as it is compared: what XML cannot carry never reached the phone, and spaces do not count."""
    return " ".join("".join(letter for letter in text if letter.isprintable() or letter in "\t\r\n").split())


def _answer(heard: OneCReply) -> LookupAnswer:
    if heard.error is not None:
        return LookupAnswer(LookupOutcome.FAILED, elapsed=heard.elapsed, reason=str(heard.error))
    return LookupAnswer(LookupOutcome.FOUND if heard.match else LookupOutcome.UNKNOWN, heard.match, heard.elapsed)
