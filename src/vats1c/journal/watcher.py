"""See the calls change, whichever process changed them, and tell whoever watches.

A change of this process is looked for at once. Those of others: SQLite's data version is asked often, which reads no
row; PostgreSQL is listened to.
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
# A notice may be missed while a connection is renewed.
_LISTEN_TIMEOUT_S = 1.0
_LOOK_AGAIN = 2.0
# While nobody looks at what is found, so many times as long as a look took passes before the next.
_RETRY_DELAY_S = 49


class Changes(Protocol):
    """Where changes are read."""

    def cursor(self) -> int:
        """Return the version of the last change."""

    def after(self, cursor: int) -> list[Call]:
        """Return the calls that were changed after `cursor`."""


class Watcher:
    """Tells of changes, from the first `watch` on."""

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes
        self._tell: list[tuple[Callable[[list[Call]], None], Callable[[], bool]]] = []
        self._changed = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._cursor = 0

    def watch(self, tell: Callable[[list[Call]], None], looked_at: Callable[[], bool]) -> None:
        """Tell `tell` of each change from now on, unless nobody looks at what it tells. Raises DatabaseError."""
        self._tell.append((tell, looked_at))
        if self._thread is None:
            self._cursor = self._changes.cursor()
            self._thread = threading.Thread(target=self._run, name="journal-watcher", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """Look for changes now."""
        self._changed.set()

    def close(self) -> None:
        """Stop looking."""
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
                        if not self._check():
                            self._closed.wait(_RETRY_DELAY_S * (perf_counter() - begun))
                        wait()
            except Exception as error:  # noqa: BLE001 - the driver's own errors, too: whatever it is, look again later
                log.warning("journal_watch_failed", error=type(error).__name__)
                self._closed.wait(_POLL_INTERVAL_S)
                # What is written meanwhile can be read.
                self._changed.wait(_LOOK_AGAIN)
                self._changed.clear()

    def _check(self) -> bool:
        """Tell of what is new, and return whether anybody looks at it."""
        reached = self._changes.cursor()
        if not any(looked_at() for _, looked_at in self._tell):
            # Whoever looks from now on has read what there is by themselves.
            self._cursor = reached
            return False
        while found := self._changes.after(self._cursor):
            self._cursor = found[-1].version
            for tell, _ in self._tell:
                tell(found)
        return True

    @contextmanager
    def _wait_source(self) -> Iterator[Callable[[], None]]:
        """Give what returns when there may be something new."""
        if self._database.embedded:
            yield self._polling()
            return
        connection = self._database.engine.raw_connection()
        # A connection of its own, for good: the pool must not give it to anyone.
        connection.detach()
        try:
            yield self._listening(connection)
        finally:
            connection.close()

    def _polling(self) -> Callable[[], None]:
        seen: list[object] = [None]

        def wait() -> None:
            while not self._changed.wait(_POLL_INTERVAL_S):
                changes = self._database.changes()
                if changes != seen[0]:
                    seen[0] = changes
                    return
            self._changed.clear()

        return wait

    def _listening(self, connection: Any) -> Callable[[], None]:
        driver = connection.dbapi_connection
        driver.autocommit = True
        driver.execute(f"LISTEN {CHANNEL}")

        def wait() -> None:
            for _ in driver.notifies(timeout=_LISTEN_TIMEOUT_S, stop_after=1):
                return

        return wait
