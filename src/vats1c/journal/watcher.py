"""Watch the calls for changes of any process, and pass the changed calls to the watchers.

Changes of this process are read at once. Changes of other processes are detected by polling SQLite's data version,
which reads no rows, or by PostgreSQL's LISTEN.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Protocol

import structlog

from vats1c.database import CHANNEL, Database
from vats1c.model import Call

log = structlog.get_logger("vats1c.journal")

_POLL_INTERVAL_S = 0.1
# Changes are read at least this often: a notification may be missed while a connection is renewed.
_LISTEN_TIMEOUT_S = 1.0
# The pause after an error; it ends earlier if this process records a change.
_RETRY_DELAY_S = 2.0
# While no watcher needs changes, the pause after reading the version is this many times the duration of the reading.
_IDLE_PAUSE_FACTOR = 49


class Changes(Protocol):
    """The source of the changes, implemented by the journal."""

    def cursor(self) -> int:
        """Return the version of the last change."""

    def after(self, cursor: int) -> list[Call]:
        """Return calls that were changed after `cursor`, in the order of their changes; [] if there are none."""


class Watcher:
    """Reads changes and passes them to the callbacks, on its own thread, which the first `watch` starts."""

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes
        # Pairs (on_change, needs_changes).
        self._watchers: list[tuple[Callable[[list[Call]], None], Callable[[], bool]]] = []
        self._changed = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._cursor = 0

    def watch(self, on_change: Callable[[list[Call]], None], needs_changes: Callable[[], bool]) -> None:
        """Call `on_change` with the changed calls from now on; it must not block. Raises DatabaseError.

        While `needs_changes` of every watcher returns False, changes are skipped unread.
        """
        self._watchers.append((on_change, needs_changes))
        if self._thread is None:
            self._cursor = self._changes.cursor()
            self._thread = threading.Thread(target=self._run, name="journal-watcher", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """Read the changes now."""
        self._changed.set()

    def close(self) -> None:
        """Stop the thread, and wait until it has ended."""
        self._closed.set()
        self._changed.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                with self._wait_source() as wait:
                    while not self._closed.is_set():
                        begun = perf_counter()
                        if not self._pass_on_changes():
                            self._closed.wait(_IDLE_PAUSE_FACTOR * (perf_counter() - begun))
                        wait()
            except Exception as error:  # noqa: BLE001 - the drivers' own errors too: after any error, try again later
                log.warning("journal_watch_failed", error=type(error).__name__)
                self._closed.wait(_POLL_INTERVAL_S)
                # A change recorded by this process shows that the database is available again.
                self._changed.wait(_RETRY_DELAY_S)
                self._changed.clear()

    def _pass_on_changes(self) -> bool:
        """Read new changes and pass them to the watchers; return False, skipping them, if no watcher needs them."""
        last = self._changes.cursor()
        if not any(needs_changes() for _, needs_changes in self._watchers):
            # A client that connects later reads the earlier changes itself.
            self._cursor = last
            return False
        while changed := self._changes.after(self._cursor):
            self._cursor = changed[-1].version
            for on_change, _ in self._watchers:
                on_change(changed)
        return True

    @contextmanager
    def _wait_source(self) -> Iterator[Callable[[], None]]:
        """Yield a function that blocks until there may be new changes."""
        if self._database.embedded:
            yield self._poll_function()
            return
        connection = self._database.engine.raw_connection()
        # Detached: a connection that listens must not return to the pool.
        connection.detach()
        try:
            yield self._listen_function(connection)
        finally:
            connection.close()

    def _poll_function(self) -> Callable[[], None]:
        last: list[object] = [None]

        def wait() -> None:
            while not self._changed.wait(_POLL_INTERVAL_S):
                data_version = self._database.changes()
                if data_version != last[0]:
                    last[0] = data_version
                    return
            self._changed.clear()

        return wait

    def _listen_function(self, connection: Any) -> Callable[[], None]:
        driver = connection.dbapi_connection
        driver.autocommit = True
        driver.execute(f"LISTEN {CHANNEL}")

        def wait() -> None:
            for _ in driver.notifies(timeout=_LISTEN_TIMEOUT_S, stop_after=1):
                return

        return wait
