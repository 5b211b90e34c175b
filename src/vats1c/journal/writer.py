"""The thread that writes the journal: it writes in batches, so that simultaneous calls share a commit and its fsync.

Rule: the future of `submit` is done only when its write is on disk. `enqueue` never waits: exchanges that come faster
than they can be written are dropped and counted, their bytes first.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import groupby
from time import perf_counter
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
import structlog

from vats1c.database import Database, FilesGoneError
from vats1c.model import Exchange

log = structlog.get_logger("vats1c.journal")

Given = TypeVar("Given")
Result = TypeVar("Result")
Write = Callable[[sa.Connection, Sequence[Given]], Sequence[Result]]

# Exchanges are collected for this time and written in one batch. After a batch the writer pauses 19 times as long as
# the batch took, so that under load writing exchanges takes at most 5 % of the time. Exchanges that do not fit into the
# queue meanwhile are dropped. A batch has at most _FEW exchanges, because writing them competes with calls for the
# processor. A batch that also writes a call has at most _MANY exchanges, because the call needs a commit anyway.
_BATCH_WINDOW_S = 0.02
_PAUSE_FACTOR = 19
_FEW = 16
_MAX_JOBS = 256
_MANY = 128
# The maximum number of queued exchanges with bytes, and of all queued exchanges; beyond it the oldest are dropped.
_MAX_RAW = 2_000
_MAX_ENQUEUED = 10_000


class _Job(NamedTuple):
    """One write, and the future of its result."""

    write: Write[Any, Any]
    given: Any
    future: "Future[Any]"


class Writer:
    """Writes into one database."""

    def __init__(
        self,
        database: Database,
        write_noted: Callable[[sa.Connection, Sequence[Exchange]], None],
        *,
        on_commit: Callable[[], None],
        on_dropped: Callable[[str, int], None],
        on_written: Callable[[], None] = lambda: None,
        to_error: Callable[[Exception], Exception] = lambda error: error,
    ) -> None:
        """Start the thread that writes; exchanges are written by `write_noted`.

        `on_dropped` is called with "raw" or "exchange" and the number of drops, `on_commit` after changes of calls,
        `on_written` after exchanges were written. `to_error` converts the error of a failed write into the exception
        that the future gets.
        """
        self._to_error = to_error
        self._database = database
        self._write_noted = write_noted
        self._on_commit = on_commit
        self._on_dropped = on_dropped
        self._on_written = on_written
        self._works: deque[_Job] = deque()
        self._noted: deque[Exchange] = deque()
        # Exchanges whose row was written with their call and needs a final UPDATE: low priority.
        self._finished: deque[Exchange] = deque()
        # The enqueued exchanges that hold bytes, oldest first.
        self._with_bytes: deque[Exchange] = deque()
        # Drops not yet reported; reported in batches because drops come in bursts.
        self._dropped = {"raw": 0, "exchange": 0}
        self._counting = threading.Lock()
        self._something = threading.Event()
        self._urgent = threading.Event()
        self._closing = False
        # The time.perf_counter() at which the pause after the last batch ends.
        self._rested = 0.0
        # Whether the last transaction began. If it did not, the database is unusable and all jobs fail.
        self._begun = False
        # Whether the last transaction was committed.
        self.well = True
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def execute(self, write: Write[Given, Result], given: Given) -> Result:
        """Return the result of `write` for `given` once the write is on disk. Raises the writer's error."""
        return self.submit(write, given).result()

    def submit(self, write: Write[Given, Result], given: Given) -> "Future[Result]":
        """Return a future of the result of `write` for `given`; the future is done once the write is on disk.

        Values that are submitted with the same `write` before it runs are passed to it together, in order; it returns
        one result for each value. The future's callbacks run on the writer's thread, so they must not wait.
        """
        future: Future[Result] = Future()
        self._works.append(_Job(write, given, future))
        if not self._urgent.is_set():
            self._urgent.set()
            self._something.set()
        if self._closing:
            self._thread.join()
            self._fail_all(RuntimeError("the journal is closed"))
        return future

    def enqueue(self, exchange: Exchange) -> None:
        """Put `exchange` into the queue; it is written soon. Never waits."""
        noted = self._noted if exchange.call_id is None else self._finished
        noted.append(exchange)
        if exchange.raw is not None:
            self._with_bytes.append(exchange)
            if len(self._with_bytes) > _MAX_RAW:
                self._drop_bytes()
        if len(noted) > _MAX_ENQUEUED:
            noted.popleft()
            self._drop("exchange")
        if not self._something.is_set():
            self._something.set()

    def flush(self) -> None:
        """Return once every exchange enqueued before this call is written or dropped. Raises the writer's error."""
        for _ in range(1 + (len(self._noted) + len(self._finished)) // _MANY):
            self.execute(_no_op, None)

    def _drop_bytes(self) -> None:
        oldest = self._with_bytes.popleft()
        if oldest.raw is not None:
            oldest.raw = None
            self._drop("raw")

    def _drop(self, what: str, count: int = 1) -> None:
        with self._counting:
            self._dropped[what] += count

    def _report_drops(self) -> None:
        with self._counting:
            dropped, self._dropped = self._dropped, dict.fromkeys(self._dropped, 0)
        for what, count in dropped.items():
            if count:
                self._on_dropped(what, count)

    def close(self) -> None:
        """Write the queued jobs and exchanges, and end the thread."""
        self._closing = True
        self._urgent.set()
        self._something.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._something.wait()
            # Wait for more exchanges; a call sets `_urgent`, so that it is written at once.
            self._urgent.wait(_BATCH_WINDOW_S)
            self._something.clear()
            self._urgent.clear()
            closing = self._closing
            while (self._works or self._noted or self._finished) and self._batch():
                if not self._closing and (self._noted or self._finished):
                    self._urgent.wait(max(0.0, self._rested - perf_counter()))
                self._urgent.clear()
            if closing:
                self._fail_all(RuntimeError("the journal is closed"))
                return

    def _batch(self) -> bool:
        """Write the next batch; return False if its transaction could not begin, so that the database is unusable."""
        self._report_drops()
        works = [self._works.popleft() for _ in range(min(len(self._works), _MAX_JOBS))]
        begun = perf_counter()
        noted = self._select_batch(works, begun)
        try:
            results = self._write(works, noted)
        except Exception as error:  # noqa: BLE001 - the futures get the error, and the next batch is tried
            self.well = self.well and not works
            if self._begun:
                self._one_by_one(works, noted)
                return True
            # Exchanges stay in the queue. Calls fail, including those submitted during the attempt.
            for exchange in reversed(noted):
                (self._noted if exchange.call_id is None else self._finished).appendleft(exchange)
            self._works.extendleft(reversed(works))
            self._fail_all(error)
            return False
        self.well = self.well or bool(works)
        for work, result in zip(works, results, strict=True):
            work.future.set_result(result)
        if noted:
            now = perf_counter()
            self._rested = now + _PAUSE_FACTOR * (now - begun)
        for exchange in noted:
            # The bytes are written, so they no longer count as bytes that may be dropped.
            exchange.raw = None
        if works or any(exchange.call_id for exchange in noted):
            self._on_commit()
        if noted:
            self._on_written()
        return True

    def _select_batch(self, works: Sequence[_Job], now: float) -> list[Exchange]:
        """Return the exchanges to write now, together with `works`."""
        noted: list[Exchange] = []
        is_pause_over = now >= self._rested
        if works or is_pause_over:
            # An IncomingCall is matched with earlier SayNames, so these are written before it or with it.
            _take_oldest(self._noted, noted, _MANY if works else _FEW)
        is_flush = self._closing or any(work.write is _no_op for work in works)
        if is_flush or is_pause_over:
            _take_oldest(self._finished, noted, _MANY if is_flush else _FEW)
        return noted

    def _fail_all(self, error: Exception) -> None:
        """Set `error` on the futures of all jobs."""
        while self._works:
            self.well = False
            self._works.popleft().future.set_exception(self._to_error(error))

    def _one_by_one(self, works: list[_Job], noted: list[Exchange]) -> None:
        """Write each job by itself after the batch has failed, so that a job that cannot be written fails alone."""
        if noted:
            try:
                self._write([], noted)
            except Exception as error:  # noqa: BLE001 - exchanges may be lost, calls may not
                log.warning("exchanges_not_recorded", exchanges=len(noted), error=type(error).__name__)
                self._drop("exchange", len(noted))
        for work in works:
            try:
                (result,) = self._write([work], [])
            except Exception as error:  # noqa: BLE001 - the future gets the error
                work.future.set_exception(self._to_error(error))
            else:
                self.well = True
                work.future.set_result(result)
                self._on_commit()
        if noted:
            self._on_written()

    def _write(self, works: Sequence[_Job], noted: Sequence[Exchange]) -> list[Any]:
        try:
            return self._commit(works, noted)
        except FilesGoneError:
            if not self._begun:
                raise
            # The commit was lost together with the database files. Write again: the new files are open now.
            return self._commit(works, noted)

    def _commit(self, works: Sequence[_Job], noted: Sequence[Exchange]) -> list[Any]:
        self._begun = False
        fresh = [exchange for exchange in noted if exchange.id is None]
        try:
            with self._database.writing() as connection:
                self._begun = True
                if noted:
                    self._write_noted(connection, noted)
                results: list[Any] = []
                for write, together in groupby(works, key=lambda work: work.write):
                    results += write(connection, [work.given for work in together])
        except BaseException:
            for exchange in fresh:
                exchange.id = None
            raise
        return results


def _take_oldest(queue: deque[Exchange], batch: list[Exchange], most: int) -> None:
    """Move the oldest exchanges from `queue` to `batch`, until `batch` holds `most`."""
    # `enqueue` on another thread may drop the oldest exchange, so the queue may become empty at any time.
    with suppress(IndexError):
        while len(batch) < most:
            batch.append(queue.popleft())


def _no_op(_connection: sa.Connection, given: Sequence[None]) -> Sequence[None]:
    return given
