"""Several directories asked as one: the highest in the settings that can answer in time decides.

Directories in memory are asked directly. All others are asked at the same moment, and waited for in the order of the
settings until the deadline; then the best answer so far counts, then none. Rule: a directory that fails yields
"unknown", a log line and a counter, and never a fault.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import structlog

from vats1c.directory import Directory
from vats1c.directory.guard import Answer, Flight, Guard, Outcome, Patience
from vats1c.metrics import Metrics
from vats1c.model import Match
from vats1c.number import Number

log = structlog.get_logger("vats1c.directory")


class Said(NamedTuple):
    """What one directory said."""

    directory: str
    answer: Answer


class Lookup(NamedTuple):
    """How a number was looked up: what each directory said, in the order of the settings, and who decided."""

    said: tuple[Said, ...]
    decided: Said | None

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
        patience: Sequence[Patience] = (),
    ) -> None:
        """Take the directories in the order in which they are asked, and the `patience` to have with each."""
        self._deadline = deadline
        patient = patience or [Patience(deadline)] * len(directories)
        self.steps: tuple[Directory | Guard, ...] = tuple(
            directory if directory.in_memory else Guard(directory, own)
            for directory, own in zip(directories, patient, strict=True)
        )
        self._counters: dict[tuple[str, Outcome], Any] = {
            (step.name, outcome): metrics.lookups.labels(f"{publication}/{step.name}", outcome.value)
            for step in self.steps
            for outcome in Outcome
        }

    @property
    def in_memory(self) -> bool:
        """Whether no directory is ever waited for."""
        return not any(isinstance(step, Guard) for step in self.steps)

    def find(self, number: Number) -> Match | None:
        """Return who owns `number`, None when nobody knows it in time; never raises."""
        return self.look_up(number).match

    def glance(self, number: Number) -> tuple[Match | None, bool]:
        """Return who owns `number` as far as can be told without waiting, and whether that is the last word."""
        for step in self.steps:
            if isinstance(step, Guard):
                answer = step.remembered(number)
                if answer is None:
                    return None, False
            else:
                answer = self._direct(step, number)
            if answer.match is not None:
                return answer.match, True
        return None, True

    def look_up(self, number: Number, *, everybody: bool = False) -> Lookup:
        """Return what each directory says of `number` until one knows it; with `everybody` what all of them say."""
        begun = time.monotonic()
        flights: dict[str, Flight] = {}
        said: list[Said] = []
        decided: Said | None = None
        for step in self.steps:
            if isinstance(step, Guard):
                if not flights:
                    flights = self._take_off(number)
                seconds = begun + min(self._deadline, step.deadline) - time.monotonic()
                answer = self._counted(step, step.settled(number, flights[step.name].wait(seconds)))
            else:
                answer = self._direct(step, number)
            said.append(Said(step.name, answer))
            if answer.match is not None and decided is None:
                decided = said[-1]
                if not everybody:
                    break
        return Lookup(tuple(said), decided)

    def close(self) -> None:
        """Close every directory."""
        for step in self.steps:
            step.close()

    def _take_off(self, number: Number) -> dict[str, Flight]:
        guards: Iterable[Guard] = (step for step in self.steps if isinstance(step, Guard))
        return {guard.name: guard.ask(number) for guard in guards}

    def _direct(self, step: Directory, number: Number) -> Answer:
        try:
            match = step.find(number)
        except Exception as error:  # noqa: BLE001 - the plugin boundary: whatever a directory raises, the call goes on
            log.warning("directory failed", directory=step.name, error=type(error).__name__)
            return self._counted(step, Answer(Outcome.FAILED, reason=str(error) or type(error).__name__))
        return self._counted(step, Answer(Outcome.FOUND, match) if match else _UNKNOWN)

    def _counted(self, step: Directory | Guard, answer: Answer) -> Answer:
        self._counters[step.name, answer.outcome].inc()
        return answer


_UNKNOWN = Answer(Outcome.UNKNOWN)
