"""Server-sent events: one answer that goes on until its window is closed."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from vats1c.screens import Window

# Often enough for a proxy's patience and a person's, and rarely enough for a thousand windows.
BEAT = 15.0
HEADERS = [
    ("Content-Type", "text/event-stream; charset=utf-8"),
    ("Cache-Control", "no-store"),
    # nginx would gather events until a buffer is full.
    ("X-Accel-Buffering", "no"),
]


def event(name: str, data: Any, own_id: int | None = None) -> bytes:
    """Return one event as it is sent (WHATWG HTML, 9.2)."""
    head = f"id: {own_id}\n" if own_id else ""
    return f"event: {name}\n{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


class Endless:
    """The body of an answer that does not end by itself; `endless` has the server send it piece by piece."""

    endless = True

    def __iter__(self) -> Iterator[bytes]:
        """Yield events until the window closes."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the window: its client has gone, or was told to."""


class Stream(Endless):
    """The calls of one window."""

    def __init__(
        self,
        window: Window,
        *,
        first: list[bytes],
        sent: int,
        spell: Callable[[Any], bytes | None],
        alive: Callable[[], str],
        on_close: Callable[[], None],
    ) -> None:
        """Send `first`, then each call of `window` changed after the version `sent`, as `spell` has it.

        `alive` says why the stream ends, "" while it goes on.
        """
        self._window = window
        self._first = first
        self._sent = sent
        self._spell = spell
        self._alive = alive
        self._on_close = on_close

    def __iter__(self) -> Iterator[bytes]:
        """Yield events until the window closes."""
        yield b"".join(self._first)
        while True:
            call = self._window.next(BEAT)
            reason = "stopping" if self._window.closing else "" if call is not None else self._alive()
            if reason:
                yield event("bye", {"reason": reason})
                return
            if call is not None and call.id is not None and call.version <= self._sent:
                continue
            said = event("beat", {"now": datetime.now(UTC).isoformat()}) if call is None else self._spell(call)
            if said is not None:
                yield said

    def close(self) -> None:
        """Let go of the window: its client has gone, or was told to."""
        self._on_close()
