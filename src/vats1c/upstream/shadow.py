"""Shadow mode: after each lookup ask the real 1C about the same number, and record where the answers differ.

Rule: the real 1C is asked only after the directories' answer is returned; log lines hold no number and no name.
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
# Older lookups are not compared, because a caller may have been added in the meantime.
_MAX_AGE_S = 30.0


class Comparison(StrEnum):
    """Result of comparing the real 1C's answer with ours; the most important results come first."""

    FAILED = "failed"
    NAME = "name"
    SHAPE = "shape"
    SLOWER = "slower"
    SAME = "same"
    DROPPED = "dropped"


class AnsweringDirectories(Protocol):
    """The directories of a publication."""

    def find(self, number: Number) -> Match | None:
        """Return the match of `number`, None when it is unknown."""

    def find_cached(self, number: Number) -> tuple[Match | None, bool]:
        """Return the match of `number` that is known without blocking, and whether that answer is final."""

    def look_up(self, number: Number, *, everybody: bool = False) -> LookupResult:
        """Return each directory's answer about `number`, and the deciding one; with `everybody` ask all of them."""


class ComparedSource(Protocol):
    """The real 1C whose answers are compared."""

    name: str

    def ask(self, number: Number) -> OneCReply:
        """Return the reply to SayName for `number`; a failure is in the reply's `error`, not raised."""


@dataclass(frozen=True, slots=True)
class _Question:
    number: Number
    caller: Caller | None
    elapsed: float  # seconds
    asked: float  # time.monotonic()


@dataclass(frozen=True, slots=True)
class ComparisonPolicy:
    """How answers are compared.

    `shown` renders a caller as the phone displays it. `document` is true when SayName returns a <data> document. An
    answer later than `deadline` seconds is SLOWER. `internal_digits` is the length of the longest extension: our
    document leaves out a manager that is not an extension.
    """

    shown: Callable[[Caller | None], str]
    document: bool
    deadline: float
    internal_digits: int = DEFAULT_PLAN.internal_digits


class ShadowLookup:
    """The directories of a publication, whose answers are compared with the real 1C's in the background."""

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
        """Answer from `directories`, compare with `real`, add to `differences`.

        `count` gets each Comparison; at most `most` lookups wait for comparison.
        """
        self._publication = publication
        self._directories = directories
        self._real = real
        self._policy = measure
        self._differences = differences
        self._count = count
        self._background: Worker[_Question] = Worker(
            f"shadow {publication}", self._compare, threads=_MAX_CONCURRENT, most=most
        )

    def find(self, number: Number) -> Match | None:
        """Return the directories' match of `number`, None when it is unknown."""
        return self._directories.find(number)

    def find_cached(self, number: Number) -> tuple[Match | None, bool]:
        """Return the directories' match that is known without blocking, and whether that answer is final."""
        return self._directories.find_cached(number)

    def look_up(self, number: Number, *, everybody: bool = False) -> LookupResult:
        """Return each directory's answer; with `everybody` the real 1C's comes last and never decides."""
        started = time.perf_counter()
        result = self._directories.look_up(number, everybody=everybody)
        if everybody:
            return LookupResult(
                (*result.answers, SourceAnswer(self._real.name, _answer(self._real.ask(number)))), result.decided
            )
        elapsed = time.perf_counter() - started
        caller = result.match.caller if result.match else None
        if not self._background.submit(_Question(number, caller, elapsed, time.monotonic())):
            self._count(Comparison.DROPPED)
        return result

    def close(self) -> None:
        """Compare the queued lookups, but stop at the close timeout of the worker."""
        self._background.close()

    def _compare(self, question: _Question) -> None:
        if time.monotonic() - question.asked > _MAX_AGE_S:
            self._count(Comparison.DROPPED)
            return
        reply = self._real.ask(question.number)
        caller = reply.match.caller if reply.match else None
        outcome, differs = self._classify(question.caller, caller, reply)
        self._count(outcome)
        if outcome is Comparison.SAME:
            return
        ours = self._side_answer(question.caller, self._policy.shown(question.caller), question.elapsed)
        theirs = self._side_answer(caller, caller.name if caller else "", reply.elapsed)
        reason = str(reply.error) if reply.error else ""
        at = datetime.now(UTC).isoformat()
        difference = AnswerDifference(at, question.number.canonical or "", outcome.value, ours, theirs, differs, reason)
        try:
            # Without an HTTP answer the failure is not about the number, so it is logged but not recorded.
            if reply.status and not self._differences.add(difference):
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

    def _classify(self, ours: Caller | None, theirs: Caller | None, reply: OneCReply) -> tuple[Comparison, list[str]]:
        if reply.error is not None:
            return Comparison.FAILED, []
        if _normalize(self._policy.shown(ours)) != _normalize(theirs.name if theirs else ""):
            return Comparison.NAME, ["name"]
        differs = self._shape_differences(ours, theirs, reply.body) if ours and theirs else []
        if differs:
            return Comparison.SHAPE, differs
        return (Comparison.SLOWER, ["time"]) if reply.elapsed > self._policy.deadline else (Comparison.SAME, [])

    def _shape_differences(self, ours: Caller, theirs: Caller, body: bytes) -> list[str]:
        """Return the differing parts of two answers with the same name.

        The XML prefixes are compared too, because some clients find the answer by them.
        """
        document = b"<data" in body or b"&lt;data" in body
        return [
            part
            for part, differs in (
                ("category", self._policy.document and ours.category != theirs.category),
                ("manager", self._policy.document and self._extension(ours) != theirs.manager),
                ("form", document != self._policy.document),
                ("prefixes", b"<soap:Envelope" not in body or b"<m:return" not in body),
            )
            if differs
        ]

    def _extension(self, ours: Caller) -> str:
        return extension_of(ours.manager, self._policy.internal_digits)

    def _side_answer(self, caller: Caller | None, name: str, elapsed: float) -> SideAnswer:
        ms = round(elapsed * 1_000, 1)
        if caller is None or not self._policy.document:
            return SideAnswer(name, ms=ms)
        return SideAnswer(name, caller.category, caller.manager, ms)


def _normalize(text: str) -> str:
    """Return a name for comparison: without characters that XML cannot carry, with each run of spaces as one space."""
    return " ".join("".join(letter for letter in text if letter.isprintable() or letter in "\t\r\n").split())


def _answer(reply: OneCReply) -> LookupAnswer:
    if reply.error is not None:
        return LookupAnswer(LookupOutcome.FAILED, elapsed=reply.elapsed, reason=str(reply.error))
    return LookupAnswer(LookupOutcome.FOUND if reply.match else LookupOutcome.UNKNOWN, reply.match, reply.elapsed)
