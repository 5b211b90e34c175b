"""The real 1C of one publication: builds the recording, shadow lookup and call forwarding that its mode needs."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from vats1c.config import UpstreamTable
from vats1c.directory import Directory, State
from vats1c.directory.soap_answers import OneCReply
from vats1c.metrics import Metrics
from vats1c.model import Caller, Match
from vats1c.number import Number
from vats1c.upstream.differences import Differences
from vats1c.upstream.forwarding import ForwardingRecorder, Recorder
from vats1c.upstream.recording import Recording, erase_recorded, folder_of
from vats1c.upstream.shadow import AnsweringDirectories, Comparison, ComparisonPolicy, ShadowLookup

_FORWARDED = ("taken", "failed", "dropped")


class OneC(Directory, Protocol):
    """A client of a 1C web service with the operations SayName and IncomingCall."""

    def ask(self, number: Number) -> OneCReply:
        """Return the reply to SayName for `number`; a failure is in the reply's `error`, not raised."""

    def ring(self, received: str, key: str) -> OneCReply:
        """Return the reply to IncomingCall for the number `received` and the subscriber's `key`; errors as in `ask`."""


class Upstream:
    """The real 1C of one publication."""

    def __init__(self, publication: str, table: UpstreamTable, real: OneC, data: Path) -> None:
        """Use the settings `table` and the client `real`; recordings and differences are files under `data`."""
        self.publication = publication
        self.mode = table.mode
        self.url = table.url
        self._table = table
        self._real = real
        self.differences = Differences(data, publication)
        self._recording = Recording(folder_of(data, publication)) if table.mode == "record" else None
        # In the order of closing: the client is the last, because the other parts use it.
        self._closing: list[Callable[[], None]] = [real.close]
        if self._recording:
            self._closing.insert(0, self._recording.close)

    @property
    def leading_directories(self) -> tuple[Directory, ...]:
        """The sources that are asked before the configured directories."""
        if self.mode == "shadow":
            return ()
        return (_RecordedDirectory(self._real, self._recording),) if self._recording else (self._real,)

    @property
    def is_shadow(self) -> bool:
        """Whether the real 1C is asked after the directories, for comparison only."""
        return self.mode == "shadow"

    def wrap_directories(
        self,
        directories: AnsweringDirectories,
        shown: Callable[[Caller | None], str],
        deadline: float,
        internal_digits: int,
        metrics: Metrics,
    ) -> AnsweringDirectories:
        """Return `directories`, with a shadow lookup around them in the mode "shadow".

        `shown` renders a caller as the phone displays it. `deadline` (seconds) is used when the upstream table sets
        no deadline. `internal_digits` is the length of the longest extension.
        """
        if not self.is_shadow:
            return directories
        counters = {outcome: metrics.shadow.labels(self.publication, outcome.value) for outcome in Comparison}
        policy = ComparisonPolicy(
            shown, self._table.parameter == "Number", self._table.deadline or deadline, internal_digits
        )
        shadow = ShadowLookup(
            self.publication,
            directories,
            self._real,
            policy,
            differences=self.differences,
            count=lambda outcome: counters[Comparison(outcome)].inc(),
        )
        self._closing.insert(0, shadow.close)
        return shadow

    def wrap_recorder(self, recorder: Recorder, metrics: Metrics) -> Recorder:
        """Return `recorder`, with call forwarding around it when `forward_calls` is set."""
        if not self._table.forward_calls:
            return recorder
        counters = {outcome: metrics.forwarded.labels(self.publication, outcome) for outcome in _FORWARDED}
        forwarding = ForwardingRecorder(
            recorder, self._real.ring, self._record_ring, lambda outcome: counters[outcome].inc()
        )
        self._closing.insert(0, forwarding.close)
        return forwarding

    def state(self) -> State:
        """Return the state of the real 1C: whether it answered the last request."""
        return self._real.state()

    def close(self) -> None:
        """Process the queued work until the workers' close timeouts, then close the client. MAY be called twice."""
        for close in self._closing:
            with suppress(OSError):
                close()

    def describe(self, most: int = 100) -> dict[str, Any]:
        """Return the publication, mode, URL, readiness and up to `most` last differences, newest first.

        The differences hold numbers and names in full.
        """
        return {
            "publication": self.publication,
            "mode": self.mode,
            "url": self.url,
            "ready": self.state().ready,
            "differences": self.differences.last(most),
        }

    def _record_ring(self, number: str, reply: OneCReply) -> None:
        if self._recording:
            self._recording.note("IncomingCall", number, reply)


def erase_all(data: Path, publication: str, number: str) -> int:
    """Remove the recordings and differences of `number` (E.164), and return their count. Raises OSError."""
    if not number:
        return 0
    return erase_recorded(data, publication, number) + Differences(data, publication).erase(number)


class _RecordedDirectory:
    """The real 1C as a directory that records each answer."""

    nonblocking = False

    def __init__(self, real: OneC, recording: Recording) -> None:
        self.name = real.name
        self._real = real
        self._recording = recording

    def find(self, number: Number) -> Match | None:
        """Return the real 1C's match of `number`, None when it is unknown. Raises DirectoryError."""
        reply = self._real.ask(number)
        self._recording.note("SayName", number.canonical or "", reply)
        return reply.match_or_error()

    def state(self) -> State:
        return self._real.state()

    def close(self) -> None:
        self._real.close()
