"""What happens on SayName and on IncomingCall. No HTTP, no XML and no SQL in this module."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Full, Queue
from threading import Lock, Thread
from typing import Any, Protocol

import structlog

from vats1c.directory.chain import LookupResult
from vats1c.model import Call, Caller, Confidence, Exchange, Match, Ring, Ringing
from vats1c.number import DEFAULT_PLAN, Number, NumberPlan, extension_of, identify

log = structlog.get_logger("vats1c.calls.service")

# Maximum number of recorded calls that wait for a late lookup. When it is reached, a further call is not looked up, and
# its card shows the number without a name.
_MAX_LATE_LOOKUPS = 1_000


class CallerLookup(Protocol):
    """The directories of a publication."""

    def find(self, number: Number) -> Match | None:
        """Return who owns `number` and how surely, None when unknown; never raises."""

    def find_cached(self, number: Number) -> tuple[Match | None, bool]:
        """Return who owns `number` as far as is known without waiting, and whether the answer is final."""

    def look_up(self, number: Number, *, everybody: bool = False) -> LookupResult:
        """Return what each directory says of `number`, and who decided; never raises."""


@dataclass(frozen=True, slots=True)
class LookupReport:
    """A number and the lookup of its caller.

    `elapsed` is in seconds; `extension` is the internal extension to which the VATS routes the call, "" for none.
    """

    number: Number
    lookup: LookupResult
    elapsed: float
    extension: str = ""

    @property
    def caller(self) -> Caller | None:
        """The caller to show, None if unknown; it has no manager unless the match is certain: no routing by a guess."""
        return self.lookup.match.caller if self.lookup.match else None


class CallRecorder(Protocol):
    """The journal, as calls see it."""

    def record(self, ringing: Ringing) -> "Future[Any]":
        """Return a future of an object with `call_id` and `exchange_id`, done once the call is durably written."""

    def set_caller(self, call_id: int, caller: Caller, confidence: Confidence | None) -> None:
        """Set the caller of a call that was recorded without one."""


def _now() -> datetime:
    return datetime.now(UTC)


def _notify_none(_calls: Iterable[Call]) -> None:
    """Do nothing."""


class CallService:
    """The calls of one publication: says who is calling, and records every call that rings."""

    def __init__(
        self,
        publication: str,
        directory: CallerLookup,
        journal: CallRecorder,
        plan: NumberPlan = DEFAULT_PLAN,
        *,
        now: Callable[[], datetime] = _now,
        notify: Callable[[Iterable[Call]], None] = _notify_none,
    ) -> None:
        """`notify` shows the calls that could not be written down; the journal notifies of all others."""
        self._publication = publication
        self._directory = directory
        self._journal = journal
        self._plan = plan
        self._now = now
        self._notify = notify
        self._late_lookups: Queue[tuple[int, Number]] = Queue(_MAX_LATE_LOOKUPS)
        self._late_lookup_thread: Thread | None = None
        self._starting = Lock()

    def say_name(self, received: str, exchange: Exchange) -> Caller | None:
        """Return the caller behind the number as received; None for an unknown, hidden or unreadable one.

        The number and the caller are noted in `exchange`.
        """
        number = identify(received, self._plan)
        exchange.received, exchange.number = number.received, number.canonical
        decided = self._directory.look_up(number).decided if number.canonical else None
        match = decided.answer.match if decided else None
        if decided is None or match is None:
            return None
        caller = match.callers[0] if match.confidence is Confidence.EXACT else match.caller
        exchange.caller, exchange.directory, exchange.confidence = caller.name, decided.directory, match.confidence
        return caller

    def extension_of(self, caller: Caller) -> str:
        """Return the internal extension to which the VATS routes `caller`; "" if its `manager` is not an extension."""
        return extension_of(caller.manager, self._plan.internal_digits)

    def explain(self, received: str, *, everybody: bool = False) -> LookupReport:
        """Return how the number as received is looked up; with `everybody` each directory is asked."""
        begun = time.perf_counter()
        number = identify(received, self._plan)
        looked_up = self._directory.look_up(number, everybody=everybody) if number.canonical else LookupResult((), None)
        elapsed = time.perf_counter() - begun
        return LookupReport(
            number, looked_up, elapsed, self.extension_of(looked_up.match.caller) if looked_up.match else ""
        )

    def record_call(self, received: str, key: str, exchange: Exchange | None = None) -> "Future[Any]":
        """Record that `received` rings at the owner of `key`; the future is done when the call cannot be lost.

        A caller who is not known at once is looked up afterwards: neither the VATS nor the card waits. The future's
        exception is a JournalError when the call cannot be written; the card is shown all the same.
        """
        ringing, late_lookup = self._ringing(received, key, exchange)

        def finish(done: "Future[Any]") -> None:
            if done.exception() is not None:
                self._notify([_unrecorded_call(ringing)])
                return
            recorded = done.result()
            if exchange is not None:
                exchange.id, exchange.call_id = recorded.exchange_id, recorded.call_id
            if late_lookup is not None:
                self._queue_late_lookup(recorded.call_id, late_lookup)

        recorded = self._journal.record(ringing)
        recorded.add_done_callback(finish)
        return recorded

    def _ringing(self, received: str, key: str, exchange: Exchange | None) -> tuple[Ringing, Number | None]:
        """Return the call to record, and the number whose caller is to be looked up afterwards, None for none."""
        number = identify(received, self._plan)
        match, is_final = self._directory.find_cached(number) if number.canonical else (None, True)
        ringing = Ringing(
            publication=self._publication,
            at=self._now(),
            received=number.received,
            number=number.canonical,
            kind=number.kind.value,
            key=key.strip(),
            caller=match.caller if match else None,
            confidence=match.confidence if match else None,
        )
        if exchange is not None:
            exchange.received, exchange.number, exchange.key = ringing.received, ringing.number, ringing.key
        return ringing, None if is_final else number

    def _queue_late_lookup(self, call_id: int, number: Number) -> None:
        with self._starting:
            if self._late_lookup_thread is None:
                self._late_lookup_thread = Thread(target=self._run_late_lookups, name="late-lookup", daemon=True)
                self._late_lookup_thread.start()
        try:
            self._late_lookups.put_nowait((call_id, number))
        except Full:
            log.warning("lookup_queue_full", publication=self._publication)

    def _run_late_lookups(self) -> None:
        while True:
            call_id, number = self._late_lookups.get()
            match = self._directory.find(number)
            if match is None:
                continue
            try:
                self._journal.set_caller(call_id, match.caller, match.confidence)
            except Exception as error:  # noqa: BLE001 - the call itself is recorded; go on with the next lookup
                log.warning("caller_not_recorded", publication=self._publication, error=type(error).__name__)


def _unrecorded_call(ringing: Ringing) -> Call:
    """Return the call as a card shows it, though it has no place in the journal."""
    return Call(
        id=None,
        version=0,
        publication=ringing.publication,
        at=ringing.at,
        last=ringing.at,
        received=ringing.received,
        number=ringing.number,
        kind=ringing.kind,
        caller=ringing.caller,
        confidence=ringing.confidence,
        repeat=1,
        rings=(Ring(ringing.key, ringing.at, ringing.at),),
    )
