"""The handling of SayName and IncomingCall. No HTTP, no XML and no SQL in this module."""

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
        """Return the match for `number`, None when the number is unknown. Never raises."""

    def find_cached(self, number: Number) -> tuple[Match | None, bool]:
        """Return the match for `number` from memory and caches, without waiting, and whether that result is final."""

    def look_up(self, number: Number, *, everybody: bool = False) -> LookupResult:
        """Query the directories until one finds `number`, or all of them with `everybody`. Never raises."""


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
        """The caller to show, None if unknown; without a manager unless the match is exact: no routing by a guess."""
        return self.lookup.match.caller if self.lookup.match else None


class CallRecorder(Protocol):
    """The methods of the journal that `CallService` uses."""

    def record(self, ringing: Ringing) -> "Future[Any]":
        """Record the call and return a future, which is done once the call is durably written.

        The result of the future has the attributes `call_id` and `exchange_id`.
        """

    def set_caller(self, call_id: int, caller: Caller, confidence: Confidence | None) -> None:
        """Set the caller of a call that was recorded without one."""


def _now() -> datetime:
    return datetime.now(UTC)


def _notify_none(_calls: Iterable[Call]) -> None:
    """Do nothing."""


class CallService:
    """The service of one publication that finds the caller of a number and records every IncomingCall."""

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
        """`notify` receives the calls that the journal failed to record; the journal itself reports all other calls."""
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
        """Return the caller of the number `received`; None when the number is unknown, hidden or unreadable.

        The number and the caller are also stored in `exchange`.
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
        """Look up the number `received` and return a report; with `everybody` query all directories."""
        begun = time.perf_counter()
        number = identify(received, self._plan)
        looked_up = self._directory.look_up(number, everybody=everybody) if number.canonical else LookupResult((), None)
        elapsed = time.perf_counter() - begun
        return LookupReport(
            number, looked_up, elapsed, self.extension_of(looked_up.match.caller) if looked_up.match else ""
        )

    def record_call(self, received: str, key: str, exchange: Exchange | None = None) -> "Future[Any]":
        """Record a call from `received` to the owner of `key`; the future is done once the call is durably written.

        When memory and caches give no final result, the caller is looked up after the call is recorded, so that neither
        the VATS nor the card waits for the lookup. When the call cannot be written, the future's exception is a
        JournalError, and the card is still shown.
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
        """Return the call to record, and its number if the caller must be looked up after recording, else None."""
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
    """Return the call that the card shows; its id is None, because the journal failed to record it."""
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
