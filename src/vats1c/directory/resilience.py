"""Protection of calls from slow or failing sources: deadline, cache, concurrency limit, circuit breaker.

Each lookup runs on its own thread, so that a call never waits past the deadline; a late answer still fills the cache.
The number of pending lookups per source is limited, and lookups of the same number share one pending lookup (single
flight). Consecutive failures open the circuit breaker; after a pause one probe decides whether it closes. While a
source fails, expired cache entries are served and marked as stale.
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
    """The outcome of a lookup in one directory."""

    FOUND = "found"
    UNKNOWN = "unknown"
    FAILED = "failed"
    LATE = "late"
    BUSY = "busy"
    CIRCUIT_OPEN = "circuit_open"


class LookupAnswer(NamedTuple):
    """The answer of one directory to the lookup of one number.

    `elapsed` is the duration of the lookup, seconds. `age` is the age of a cached answer, seconds; None for a fresh
    answer. `stale` marks an expired cached answer, served because the source did not answer. `reason` is the error text
    of a failure, "" otherwise.
    """

    outcome: LookupOutcome
    match: Match | None = None
    elapsed: float = 0.0
    age: float | None = None
    stale: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SourcePolicy:
    """The limits of one source.

    A call waits up to `deadline_s` for a lookup. Answers are cached for `cache_s`, answers without a match for
    `cache_unknown_s`; expired answers are served up to the age `stale_s` while the source fails. At most `max_pending`
    lookups run at once. `failures_to_open` consecutive failures open the circuit breaker for `open_s`.
    """

    deadline_s: float = 0.8
    cache_s: float = 300.0
    cache_unknown_s: float = 30.0
    stale_s: float = 86_400.0
    max_pending: int = 16
    failures_to_open: int = 5
    open_s: float = 10.0


class PendingLookup:
    """The future of one running lookup, shared by all calls that look up the same number."""

    def __init__(self) -> None:
        # Whether the lookup was counted as late. Read and set under the directory's lock.
        self.counted_late = False
        self._arrived = threading.Event()
        self._answer = LookupAnswer(LookupOutcome.LATE)

    def resolve(self, answer: LookupAnswer) -> None:
        """Set the answer and wake all waiting threads."""
        self._answer = answer
        self._arrived.set()

    def wait(self, seconds: float) -> LookupAnswer:
        """Wait up to `seconds` and return the answer; return the outcome LATE after a timeout."""
        if self._arrived.wait(max(0.0, seconds)):
            return self._answer
        return LookupAnswer(LookupOutcome.LATE, elapsed=max(0.0, seconds))


class GuardedDirectory:
    """A blocking directory behind a cache, a concurrency limit and a circuit breaker."""

    def __init__(self, directory: Directory, policy: SourcePolicy, now: Callable[[], float] = time.monotonic) -> None:
        self.name = directory.name
        self.deadline = policy.deadline_s
        self._directory = directory
        self._policy = policy
        self._now = now
        self._lock = threading.Lock()
        self._pending: dict[str, PendingLookup] = {}
        self._cache: OrderedDict[str, tuple[float, Match | None]] = OrderedDict()
        self._free = threading.BoundedSemaphore(policy.max_pending)
        self._failures = 0
        self._open_until = 0.0
        self._probing = False

    def ask(self, number: Number) -> PendingLookup:
        """Start the lookup of `number`, or join a pending one, and return its future. Never blocks.

        `number.canonical` MUST NOT be None. A cached answer or a rejected lookup resolves the future at once.
        """
        key = number.canonical or ""
        with self._lock:
            running = self._pending.get(key)
            if running:
                return running
            pending = PendingLookup()
            immediate = self._from_cache(key) or self._reject_reason()
            if immediate is None:
                self._pending[key] = pending
        if immediate is not None:
            pending.resolve(immediate)
            return pending
        threading.Thread(target=self._run, args=(pending, number, key), name=f"ask {self.name}", daemon=True).start()
        return pending

    def cached(self, number: Number) -> LookupAnswer | None:
        """Return the cached answer for `number`, None when there is none or it has expired. Never blocks."""
        with self._lock:
            return self._from_cache(number.canonical or "")

    def wait(self, number: Number, pending: PendingLookup, seconds: float) -> LookupAnswer:
        """Wait up to `seconds` for `pending`, the lookup of `number`, and return its answer.

        For a failed or late lookup return the cached answer if it is younger than `stale_s`. A late lookup counts as
        one failure of the source, however many calls wait for it.
        """
        answer = pending.wait(seconds)
        if answer.outcome in (LookupOutcome.FOUND, LookupOutcome.UNKNOWN):
            return answer
        with self._lock:
            if answer.outcome is LookupOutcome.LATE and not pending.counted_late:
                # A lookup that hangs may never reach `_note`, so it is counted here.
                pending.counted_late = True
                self._record_failure()
            cached = self._cache.get(number.canonical or "")
        if cached is None or self._now() - cached[0] > self._policy.stale_s:
            return answer
        outcome = LookupOutcome.FOUND if cached[1] else LookupOutcome.UNKNOWN
        return answer._replace(outcome=outcome, match=cached[1], age=self._now() - cached[0], stale=True)

    def state(self) -> State:
        """Return the health of the directory; not ready while the circuit breaker is open."""
        state = self._directory.state()
        with self._lock:
            return replace(state, ready=state.ready and self._failures < self._policy.failures_to_open)

    def close(self) -> None:
        """Close the directory without waiting for pending lookups; their threads end on their own."""
        self._directory.close()

    def _from_cache(self, key: str) -> LookupAnswer | None:
        cached = self._cache.get(key)
        if cached is None:
            return None
        age = self._now() - cached[0]
        if age > (self._policy.cache_s if cached[1] else self._policy.cache_unknown_s):
            return None
        self._cache.move_to_end(key)
        return LookupAnswer(LookupOutcome.FOUND if cached[1] else LookupOutcome.UNKNOWN, cached[1], age=age)

    def _reject_reason(self) -> LookupAnswer | None:
        """Return the answer for a rejected lookup; None when the lookup may run, with a semaphore slot acquired."""
        if self._failures >= self._policy.failures_to_open:
            if self._probing or self._now() < self._open_until:
                return LookupAnswer(LookupOutcome.CIRCUIT_OPEN)
            self._probing = True
        if not self._free.acquire(blocking=False):
            self._probing = False
            return LookupAnswer(LookupOutcome.BUSY)
        return None

    def _run(self, pending: PendingLookup, number: Number, key: str) -> None:
        started = self._now()
        try:
            match = self._directory.find(number)
        except Exception as error:  # noqa: BLE001 - a plugin may raise any exception; the call goes on
            answer = LookupAnswer(
                LookupOutcome.FAILED, elapsed=self._now() - started, reason=str(error) or type(error).__name__
            )
            log.warning("directory_failed", directory=self.name, error=type(error).__name__)
        else:
            outcome = LookupOutcome.FOUND if match else LookupOutcome.UNKNOWN
            answer = LookupAnswer(outcome, match, elapsed=self._now() - started)
        finally:
            self._free.release()
        with self._lock:
            self._note(answer, key, pending)
            self._pending.pop(key, None)
        pending.resolve(answer)

    def _note(self, answer: LookupAnswer, key: str, pending: PendingLookup) -> None:
        """Cache the answer and update the circuit breaker.

        An answer after the deadline is a failure too. A lookup that `wait` has already counted as late is not counted
        again.
        """
        if answer.outcome is not LookupOutcome.FAILED:
            self._cache[key] = self._now(), answer.match
            self._cache.move_to_end(key)
            if len(self._cache) > _MAX_CACHED:
                self._cache.popitem(last=False)
        if answer.outcome is LookupOutcome.FAILED or answer.elapsed > self._policy.deadline_s:
            if not pending.counted_late:
                self._record_failure()
        else:
            self._probing = False
            self._failures = 0

    def _record_failure(self) -> None:
        self._probing = False
        self._failures += 1
        if self._failures >= self._policy.failures_to_open:
            self._open_until = self._now() + self._policy.open_s
