"""One publication's real 1C: what it is asked for by the mode, joined of the parts of this room."""

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
    """A 1C that answers SayName and IncomingCall itself."""

    def ask(self, number: Number) -> OneCReply:
        """Return what it answers about `number`; never raises DirectoryError."""

    def ring(self, received: str, key: str) -> OneCReply:
        """Return what it answers when `received` rings at the owner of `key`; likewise."""


class Upstream:
    """The real 1C of one publication."""

    def __init__(self, publication: str, table: UpstreamTable, real: OneC, data: Path) -> None:
        """Take the settings, the 1C itself, and the folder under which recordings and differences are kept."""
        self.publication = publication
        self.mode = table.mode
        self.url = table.url
        self._table = table
        self._real = real
        self.differences = Differences(data, publication)
        self._recording = Recording(folder_of(data, publication)) if table.mode == "record" else None
        # In the order in which they are let go.
        self._closing: list[Callable[[], None]] = [real.close]
        if self._recording:
            self._closing.insert(0, self._recording.close)

    @property
    def leading_directories(self) -> tuple[Directory, ...]:
        """What is asked before the directories."""
        if self.mode == "shadow":
            return ()
        return (_Recorded(self._real, self._recording),) if self._recording else (self._real,)

    @property
    def is_shadow(self) -> bool:
        """Whether it is asked behind the directories, and compared."""
        return self.mode == "shadow"

    def wrap_directories(
        self,
        directories: AnsweringDirectories,
        shown: Callable[[Caller | None], str],
        deadline: float,
        internal_digits: int,
        metrics: Metrics,
    ) -> AnsweringDirectories:
        """Return the directories as calls are to ask them.

        `deadline` (seconds) counts where it has none of its own; `internal_digits` is the longest extension's length.
        """
        if not self.is_shadow:
            return directories
        counters = {one: metrics.shadow.labels(self.publication, one.value) for one in Comparison}
        measure = ComparisonPolicy(
            shown, self._table.parameter == "Number", self._table.deadline or deadline, internal_digits
        )
        shadow = ShadowLookup(
            self.publication,
            directories,
            self._real,
            measure,
            differences=self.differences,
            count=lambda one: counters[Comparison(one)].inc(),
        )
        self._closing.insert(0, shadow.close)
        return shadow

    def wrap_recorder(self, record: Recorder, metrics: Metrics) -> Recorder:
        """Return the record of calls, which passes them on where the settings want it."""
        if not self._table.forward_calls:
            return record
        counters = {one: metrics.forwarded.labels(self.publication, one) for one in _FORWARDED}
        forwarding = ForwardingRecorder(record, self._real.ring, self._record_ring, lambda one: counters[one].inc())
        self._closing.insert(0, forwarding.close)
        return forwarding

    def state(self) -> State:
        """Return whether it answered when it was last asked."""
        return self._real.state()

    def close(self) -> None:
        """Finish what is under way, as far as there is time. MAY be called twice."""
        for close in self._closing:
            with suppress(OSError):
                close()

    def describe(self, most: int = 100) -> dict[str, Any]:
        """Return what it is, and the last differences, the newest first; numbers and names in full."""
        return {
            "publication": self.publication,
            "mode": self.mode,
            "url": self.url,
            "ready": self.state().ready,
            "differences": self.differences.last(most),
        }

    def _record_ring(self, number: str, heard: OneCReply) -> None:
        if self._recording:
            self._recording.note("IncomingCall", number, heard)


def erase_all(data: Path, publication: str, number: str) -> int:
    """Remove what is kept of `number` (E.164), in whichever mode, and return how many records. Raises OSError."""
    if not number:
        return 0
    return erase_recorded(data, publication, number) + Differences(data, publication).erase(number)


class _Recorded:
    """The real 1C as a directory whose answers are recorded."""

    nonblocking = False

    def __init__(self, real: OneC, recording: Recording) -> None:
        self.name = real.name
        self._real = real
        self._recording = recording

    def find(self, number: Number) -> Match | None:
        """Return who the real 1C names. Raises DirectoryError."""
        heard = self._real.ask(number)
        self._recording.note("SayName", number.canonical or "", heard)
        return heard.match_or_error()

    def state(self) -> State:
        return self._real.state()

    def close(self) -> None:
        self._real.close()
