"""The chain of directories of a publication: the first directory, in settings order, that finds the number decides.

Nonblocking and local directories are called directly. All other directories are queried in parallel, and their answers
are awaited in settings order until the deadline; a directory that misses the deadline yields no match.
Rule: a failing directory yields no match, a log line and a counter; it never fails the call.
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
    """The answer of one directory, with its name."""

    directory: str
    answer: LookupAnswer


class LookupResult(NamedTuple):
    """The result of a lookup: the answers received, in settings order, and the first answer with a match, if any."""

    answers: tuple[SourceAnswer, ...]
    decided: SourceAnswer | None

    @property
    def match(self) -> Match | None:
        """The match of the deciding answer."""
        return self.decided.answer.match if self.decided else None


class Chain:
    """The directories of one publication behind one lookup method."""

    def __init__(
        self,
        publication: str,
        directories: Sequence[Directory],
        metrics: Metrics,
        deadline: float = 0.8,
        patience: Sequence[SourcePolicy] = (),
    ) -> None:
        """Chain `directories` in settings order.

        `deadline` is the longest wait of one lookup, seconds. `patience` holds a policy for each directory; when
        it is empty, every directory gets the default policy with `deadline`.
        """
        self._deadline = deadline
        policies = patience or [SourcePolicy(deadline)] * len(directories)
        self.steps: tuple[Directory | GuardedDirectory, ...] = tuple(
            directory if directory.nonblocking or is_local(directory) else GuardedDirectory(directory, policy)
            for directory, policy in zip(directories, policies, strict=True)
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
        """Return the match for `number`, None when no directory finds the number in time. Never raises."""
        return self.look_up(number).match

    def find_cached(self, number: Number) -> tuple[Match | None, bool]:
        """Return the match for `number` from memory and caches, and whether that result is final.

        The result is not final when a blocking directory without a cached answer comes before any match.
        """
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
        """Query the directories in order until one finds `number`, or all of them with `everybody`. Never raises."""
        started = time.monotonic()
        pending: dict[str, PendingLookup] = {}
        answers: list[SourceAnswer] = []
        decided: SourceAnswer | None = None
        for step in self.steps:
            if isinstance(step, GuardedDirectory):
                if not pending:
                    pending = self._start_lookups(number)
                timeout_s = started + min(self._deadline, step.deadline) - time.monotonic()
                answer = self._count(step, step.wait(number, pending[step.name], timeout_s))
            else:
                answer = self._ask_directly(step, number)
            answers.append(SourceAnswer(step.name, answer))
            if answer.match is not None and decided is None:
                decided = answers[-1]
                if not everybody:
                    break
        return LookupResult(tuple(answers), decided)

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
        except Exception as error:  # noqa: BLE001 - a plugin may raise any exception; the call goes on
            log.warning("directory_failed", directory=step.name, error=type(error).__name__)
            return self._count(step, LookupAnswer(LookupOutcome.FAILED, reason=str(error) or type(error).__name__))
        answer = LookupAnswer(_FOUND, match) if match else _UNKNOWN
        self._counters[step.name, answer.outcome].inc()
        return answer

    def _count(self, step: Directory | GuardedDirectory, answer: LookupAnswer) -> LookupAnswer:
        self._counters[step.name, answer.outcome].inc()
        return answer


# Constants, because in Python 3.11 looking up an enum member takes as long as creating a tuple.
_FOUND = LookupOutcome.FOUND
_UNKNOWN = LookupAnswer(LookupOutcome.UNKNOWN)
