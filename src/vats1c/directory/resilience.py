"""What stands between a call and a source that may be slow or gone: a deadline, a cache, a limit and a rest.

A source is asked on a thread of its own, so that a call never waits past its deadline; a late answer still fills the
cache. So many questions may be open at once; a source that keeps failing is left alone for a while and then tried by
one question. While it is down, what it said before is said again, and marked as stale.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import structlog

from vats1c.directory import Directory, State
from vats1c.model import Match
from vats1c.number import Number

log = structlog.get_logger("vats1c.directory")

_MAX_CACHED = 50_000


class LookupOutcome(StrEnum):
    """How asking a directory ended."""

    FOUND = "found"
    UNKNOWN = "unknown"
    FAILED = "failed"
    LATE = "late"
    BUSY = "busy"
    CIRCUIT_OPEN = "circuit_open"


class LookupAnswer(NamedTuple):
    """What a directory said of a number: how it ended, who was found, after how many seconds, how old it is.

    `age` is None for an answer just given, else the seconds since it was; `stale` tells that it is older than is
    remembered and served because the source does not answer. `reason` says why it failed.
    """

    outcome: LookupOutcome
    match: Match | None = None
    elapsed: float = 0.0
    age: float | None = None
    stale: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SourcePolicy:
    """How long a source is waited for and its answers are kept, seconds; how many questions may be open."""

    deadline_s: float = 0.8
    cache_s: float = 300.0
    cache_unknown_s: float = 30.0
    stale_s: float = 86_400.0
    max_pending: int = 16
    failures_to_open: int = 5
    open_s: float = 10.0


class PendingLookup:
    """One question on its way: every call about the same number waits for the same one."""

    def __init__(self) -> None:
        self._arrived = threading.Event()
        self._answer = LookupAnswer(LookupOutcome.LATE)

    def resolve(self, answer: LookupAnswer) -> None:
        """Give the answer to all who wait."""
        self._answer = answer
        self._arrived.set()

    def wait(self, seconds: float) -> LookupAnswer:
        """Return the answer, or a late one when it does not come in time."""
        if self._arrived.wait(max(0.0, seconds)):
            return self._answer
        return LookupAnswer(LookupOutcome.LATE, elapsed=max(0.0, seconds))


class GuardedDirectory:
    """A directory outside this process, made safe to ask during a call."""

    def __init__(self, directory: Directory, patience: SourcePolicy, now: Callable[[], float] = time.monotonic) -> None:
        self.name = directory.name
        self.deadline = patience.deadline_s
        self._directory = directory
        self._patience = patience
        self._now = now
        self._lock = threading.Lock()
        self._flights: dict[str, PendingLookup] = {}
        self._cache: OrderedDict[str, tuple[float, Match | None]] = OrderedDict()
        self._free = threading.BoundedSemaphore(patience.max_pending)
        self._failures = 0
        self._open_until = 0.0
        self._probing = False

    def ask(self, number: Number) -> PendingLookup:
        """Return the question about `number` (with a canonical form) on its way; never waits."""
        key = number.canonical or ""
        with self._lock:
            flying = self._flights.get(key)
            if flying:
                return flying
            flight = PendingLookup()
            at_once = self._from_cache(key) or self._reject_reason()
            if at_once is None:
                self._flights[key] = flight
        if at_once is not None:
            flight.resolve(at_once)
            return flight
        threading.Thread(target=self._run, args=(flight, number, key), name=f"ask {self.name}", daemon=True).start()
        return flight

    def cached(self, number: Number) -> LookupAnswer | None:
        """Return what is remembered of `number`, None when its source has to be asked; never waits."""
        with self._lock:
            return self._from_cache(number.canonical or "")

    def with_stale_fallback(self, number: Number, answer: LookupAnswer) -> LookupAnswer:
        """Return `answer`, or what was said of `number` before when the source did not answer this time."""
        if answer.outcome in (LookupOutcome.FOUND, LookupOutcome.UNKNOWN):
            return answer
        with self._lock:
            if answer.outcome is LookupOutcome.LATE:
                # A source that hangs says nothing that could be noted when it lands.
                self._record_failure()
            kept = self._cache.get(number.canonical or "")
        if kept is None or self._now() - kept[0] > self._patience.stale_s:
            return answer
        outcome = LookupOutcome.FOUND if kept[1] else LookupOutcome.UNKNOWN
        return answer._replace(outcome=outcome, match=kept[1], age=self._now() - kept[0], stale=True)

    def state(self) -> State:
        """Return how the source is; not ready while it is left alone."""
        own = self._directory.state()
        with self._lock:
            return replace(own, ready=own.ready and self._failures < self._patience.failures_to_open)

    def close(self) -> None:
        """Close the directory; questions on their way end in their own time and hold nobody up."""
        self._directory.close()

    def _from_cache(self, key: str) -> LookupAnswer | None:
        kept = self._cache.get(key)
        if kept is None:
            return None
        age = self._now() - kept[0]
        if age > (self._patience.cache_s if kept[1] else self._patience.cache_unknown_s):
            return None
        self._cache.move_to_end(key)
        return LookupAnswer(LookupOutcome.FOUND if kept[1] else LookupOutcome.UNKNOWN, kept[1], age=age)

    def _reject_reason(self) -> LookupAnswer | None:
        """Return why the source is not asked now; None when it is, with its place taken."""
        if self._failures >= self._patience.failures_to_open:
            if self._probing or self._now() < self._open_until:
                return LookupAnswer(LookupOutcome.CIRCUIT_OPEN)
            self._probing = True
        if not self._free.acquire(blocking=False):
            self._probing = False
            return LookupAnswer(LookupOutcome.BUSY)
        return None

    def _run(self, flight: PendingLookup, number: Number, key: str) -> None:
        begun = self._now()
        try:
            match = self._directory.find(number)
        except Exception as error:  # noqa: BLE001 - the plugin boundary: whatever a directory raises, the call goes on
            answer = LookupAnswer(
                LookupOutcome.FAILED, elapsed=self._now() - begun, reason=str(error) or type(error).__name__
            )
            log.warning("directory_failed", directory=self.name, error=type(error).__name__)
        else:
            outcome = LookupOutcome.FOUND if match else LookupOutcome.UNKNOWN
            answer = LookupAnswer(outcome, match, elapsed=self._now() - begun)
        finally:
            self._free.release()
        with self._lock:
            self._note(answer, key)
            self._flights.pop(key, None)
        flight.resolve(answer)

    def _note(self, answer: LookupAnswer, key: str) -> None:
        """Remember the answer, and whether the source is well: too late is as bad as failed."""
        if answer.outcome is not LookupOutcome.FAILED:
            self._cache[key] = self._now(), answer.match
            self._cache.move_to_end(key)
            if len(self._cache) > _MAX_CACHED:
                self._cache.popitem(last=False)
        if answer.outcome is LookupOutcome.FAILED or answer.elapsed > self._patience.deadline_s:
            self._record_failure()
        else:
            self._probing = False
            self._failures = 0

    def _record_failure(self) -> None:
        self._probing = False
        self._failures += 1
        if self._failures >= self._patience.failures_to_open:
            self._open_until = self._now() + self._patience.open_s
