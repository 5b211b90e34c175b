"""The open windows, by the keys whose calls they show. Rule: `pop` never waits, for a window or for anyone."""

import threading
from collections import defaultdict
from collections.abc import Iterable
from queue import Empty, SimpleQueue

from vats1c.model import Call

# A window so far behind is taken for gone: it resumes from the journal when it is not.
_MOST_WAITING = 1_000


class TooManyWindowsError(Exception):
    """No more windows may be open here."""


class Window:
    """An open window: the calls that it has still to show. `None` among them: it is to look whether it may stay."""

    def __init__(self, session: str = "") -> None:
        """`session` is what its browser signed in by; "" for a script."""
        self.session = session
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self.closing = False

    def next(self, seconds: float) -> Call | None:
        """Return the next call; None when none comes within `seconds`, or it is to look whether it may stay open."""
        try:
            return self._calls.get(timeout=seconds)
        except Empty:
            return None

    @property
    def waiting(self) -> int:
        """How much it has still to look at."""
        return self._calls.qsize()

    def show(self, call: Call) -> None:
        """Have the window show `call`."""
        if self._calls.qsize() >= _MOST_WAITING:
            self.close()
        else:
            self._calls.put(call)

    def wake(self) -> None:
        """Have the window look whether it may stay open."""
        self._calls.put(None)

    def close(self) -> None:
        """Have the window close."""
        self.closing = True
        self._calls.put(None)


class Screens:
    """The open windows of one process."""

    def __init__(self, most: int) -> None:
        """Let `most` windows be open at once."""
        self._most = most
        self._lock = threading.Lock()
        self._all: set[Window] = set()
        # (publication, key) → windows; key None: every call of the publication.
        self._by_key: dict[tuple[str, str | None], set[Window]] = defaultdict(set)

    def __len__(self) -> int:
        """The number of open windows."""
        return len(self._all)

    def open(self, publication: str, keys: Iterable[str] | None, session: str = "") -> Window:
        """Open a window for the calls of `keys`, None for all of the publication. Raises TooManyWindowsError."""
        window = Window(session)
        with self._lock:
            if len(self._all) >= self._most:
                raise TooManyWindowsError
            self._all.add(window)
            for key in [None] if keys is None else keys:
                self._by_key[publication, key].add(window)
        return window

    def close(self, window: Window) -> None:
        """Forget a window that is gone."""
        with self._lock:
            self._all.discard(window)
            for place, windows in list(self._by_key.items()):
                windows.discard(window)
                if not windows:
                    del self._by_key[place]

    def wake(self, session: str) -> None:
        """Have the windows of a session that ended look whether they may stay open."""
        with self._lock:
            windows = [window for window in self._all if window.session == session]
        for window in windows:
            window.wake()

    def pop(self, calls: Iterable[Call]) -> None:
        """Show `calls` in every window that they are for."""
        for call in calls:
            places = [(call.publication, None), *((call.publication, ring.key) for ring in call.rings)]
            with self._lock:
                windows = {window for place in places for window in self._by_key.get(place, ())}
            for window in windows:
                window.show(call)

    def close_all(self) -> None:
        """Have every window close: the service stops."""
        with self._lock:
            windows = list(self._all)
            self._most = 0
        for window in windows:
            window.close()
