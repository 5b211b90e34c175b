"""Several directories asked as one: the highest in the settings that can answer in time decides.

Directories in memory are asked directly. All others are asked at the same moment, and waited for in the order of the
settings until the deadline; then the best answer so far counts, then none. Rule: a directory that fails yields
"unknown", a log line and a counter, and never a fault.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import structlog

from vats1c.directory import Directory, is_local
from vats1c.directory.resilience import GuardedDirectory, LookupAnswer, LookupOutcome, PendingLookup, SourcePolicy
from vats1c.metrics import Metrics
from vats1c.model import Match
from vats1c.number import Number

log = structlog.get_logger("vats1c.directory")


class SourceAnswer(NamedTuple):
    """What one directory said."""

    directory: str
    answer: LookupAnswer


class LookupResult(NamedTuple):
    """How a number was looked up: what each directory said, in the order of the settings, and who decided."""

    answers: tuple[SourceAnswer, ...]
    decided: SourceAnswer | None

    @property
    def match(self) -> Match | None:
        """Who was found."""
        return self.decided.answer.match if self.decided else None


class Chain:
    """The directories of one publication, as one."""

    def __init__(
        self,
        publication: str,
        directories: Sequence[Directory],
        metrics: Metrics,
        deadline: float = 0.8,
        patience: Sequence[SourcePolicy] = (),
    ) -> None:
        """Take the directories in the order in which they are asked, and the `patience` to have with each."""
        self._deadline = deadline
        patient = patience or [SourcePolicy(deadline)] * len(directories)
        self.steps: tuple[Directory | GuardedDirectory, ...] = tuple(
            directory if directory.nonblocking or is_local(directory) else GuardedDirectory(directory, own)
            for directory, own in zip(directories, patient, strict=True)
        )
        self._counters: dict[tuple[str, LookupOutcome], Any] = {
            (step.name, outcome): metrics.lookups.labels(f"{publication}/{step.name}", outcome.value)
            for step in self.steps
            for outcome in LookupOutcome
        }

    @property
    def nonblocking(self) -> bool:
        """Whether `look_up` never waits: every directory is in memory."""
        return all(not isinstance(step, GuardedDirectory) and step.nonblocking for step in self.steps)

    @property
    def has_cached_answers(self) -> bool:
        """Whether `find_cached` never waits: every directory is in memory, or has a cache in front."""
        return all(isinstance(step, GuardedDirectory) or step.nonblocking for step in self.steps)

    def find(self, number: Number) -> Match | None:
        """Return who owns `number`, None when nobody knows it in time; never raises."""
        return self.look_up(number).match

    def find_cached(self, number: Number) -> tuple[Match | None, bool]:
        """Return who owns `number` as far as can be told without waiting, and whether that is the last word."""
        for step in self.steps:
            if isinstance(step, GuardedDirectory):
                answer = step.cached(number)
                if answer is None:
                    return None, False
            else:
                answer = self._ask_directly(step, number)
            if answer.match is not None:
                return answer.match, True
        return None, True

    def look_up(self, number: Number, *, everybody: bool = False) -> LookupResult:
        """Return what each directory says of `number` until one knows it; with `everybody` what all of them say."""
        begun = time.monotonic()
        flights: dict[str, PendingLookup] = {}
        said: list[SourceAnswer] = []
        decided: SourceAnswer | None = None
        for step in self.steps:
            if isinstance(step, GuardedDirectory):
                if not flights:
                    flights = self._start_lookups(number)
                seconds = begun + min(self._deadline, step.deadline) - time.monotonic()
                answer = self._count(step, step.with_stale_fallback(number, flights[step.name].wait(seconds)))
            else:
                answer = self._ask_directly(step, number)
            said.append(SourceAnswer(step.name, answer))
            if answer.match is not None and decided is None:
                decided = said[-1]
                if not everybody:
                    break
        return LookupResult(tuple(said), decided)

    def close(self) -> None:
        """Close every directory."""
        for step in self.steps:
            step.close()

    def _start_lookups(self, number: Number) -> dict[str, PendingLookup]:
        guards: Iterable[GuardedDirectory] = (step for step in self.steps if isinstance(step, GuardedDirectory))
        return {guard.name: guard.ask(number) for guard in guards}

    def _ask_directly(self, step: Directory, number: Number) -> LookupAnswer:
        try:
            match = step.find(number)
        except Exception as error:  # noqa: BLE001 - the plugin boundary: whatever a directory raises, the call goes on
            log.warning("directory_failed", directory=step.name, error=type(error).__name__)
            return self._count(step, LookupAnswer(LookupOutcome.FAILED, reason=str(error) or type(error).__name__))
        answer = LookupAnswer(LookupOutcome.FOUND, match) if match else _UNKNOWN
        self._counters[step.name, answer.outcome].inc()
        return answer

    def _count(self, step: Directory | GuardedDirectory, answer: LookupAnswer) -> LookupAnswer:
        self._counters[step.name, answer.outcome].inc()
        return answer


_UNKNOWN = LookupAnswer(LookupOutcome.UNKNOWN)
