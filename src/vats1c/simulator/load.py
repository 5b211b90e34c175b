"""Play calls at their times over a few connections, and sum up how they were answered.

Rule: a call that is due while every connection waits for an answer is late, and is not sent twice: the load is bounded.
"""

import math
import threading
import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from vats1c.simulator.pbx_client import PbxClient, Reply, Target


@dataclass(frozen=True, slots=True)
class ScheduledCall:
    """What is sent at `at` seconds after the start: SayName when `asks`, then an IncomingCall for each key."""

    at: float
    number: str
    keys: tuple[str, ...] = ()
    say_name: bool = True

    @property
    def requests(self) -> int:
        """How many requests that makes."""
        return self.say_name + len(self.keys)


def at_rate(number: str, keys: tuple[str, ...], count: int, rate: float) -> Iterator[ScheduledCall]:
    """Give the same call `count` times, `rate` of them a second."""
    return (ScheduledCall(index / rate, number, keys) for index in range(count))


def place(vats: PbxClient, planned: ScheduledCall) -> Iterator[Reply]:
    """Give what comes of one call, request by request. Where nobody answers at all, the rest is not sent."""
    if planned.say_name:
        heard = vats.say_name(planned.number)
        yield heard
        if heard.outcome == "unreachable":
            return
    for key in planned.keys:
        yield vats.incoming_call(planned.number, key)


class LoadRunner:
    """Calls played over several connections at once; `close` stops it and waits for answers under way."""

    def __init__(
        self, line: Target, planned: Iterable[ScheduledCall], connections: int, told: Callable[[Reply], None]
    ) -> None:
        """Play `planned`; `told` gets each answer, one at a time."""
        self._line = line
        self._planned = iter(planned)
        self._told = told
        self._taking, self._telling = threading.Lock(), threading.Lock()
        self._stopped = threading.Event()
        self._begun = 0.0
        self._threads = [
            threading.Thread(target=self._run_worker, name=f"line {index}", daemon=True) for index in range(connections)
        ]

    def play(self) -> None:
        """Play all, and wait for the end. Whatever interrupts this, Ctrl+C say, leaves it to be closed."""
        self._begun = time.monotonic()
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            # In pieces: an endless wait would keep Ctrl+C from coming through on Windows.
            while thread.is_alive():
                thread.join(0.1)

    def close(self) -> None:
        """Send nothing more; what is under way is waited for."""
        self._stopped.set()
        for thread in self._threads:
            if thread.ident is not None:  # it was started
                thread.join(self._line.timeout + 1)

    def _run_worker(self) -> None:
        vats = PbxClient(self._line)
        try:
            while not self._stopped.is_set():
                with self._taking:
                    planned = next(self._planned, None)
                if planned is None:
                    return
                if self._stopped.wait(max(0.0, self._begun + planned.at - time.monotonic())):
                    return
                for heard in place(vats, planned):
                    with self._telling:
                        self._told(heard)
        finally:
            vats.close()


class Summary:
    """Figures over many answers; a number for each is all that is kept of them."""

    def __init__(self) -> None:
        self._seconds: dict[str, array[float]] = defaultdict(lambda: array("d"))
        self._outcomes: dict[str, Counter[str]] = defaultdict(Counter)
        self._sentences: Counter[str] = Counter()
        self._begun = time.monotonic()
        self._last = self._begun

    def add(self, heard: Reply) -> None:
        """Count one answer."""
        self._seconds[heard.operation].append(heard.seconds)
        self._outcomes[heard.operation][heard.outcome] += 1
        if heard.error is not None:
            self._sentences[str(heard.error)] += 1
        self._last = time.monotonic()

    @property
    def right(self) -> bool:
        """Whether there were answers, and all were right."""
        outcomes = sum(self._outcomes.values(), Counter[str]())
        return outcomes.total() > 0 and outcomes.total() == outcomes["ok"]

    def figures(self) -> list[dict[str, object]]:
        """Return a row for each operation: n, ok, faults, errors, rate a second; min to max in ms."""
        elapsed = max(self._last - self._begun, 1e-9)
        return [
            {
                "operation": operation,
                "n": len(seconds),
                "ok": self._outcomes[operation]["ok"],
                "faults": self._outcomes[operation]["fault"],
                "errors": len(seconds) - self._outcomes[operation]["ok"] - self._outcomes[operation]["fault"],
                **{name: ms(found) for name, found in percentiles(seconds).items()},
                "rate": round(len(seconds) / elapsed, 1),
            }
            for operation, seconds in self._seconds.items()
        ]

    def sentences(self) -> list[tuple[str, int]]:
        """Return what went wrong and how often, the most frequent first."""
        return self._sentences.most_common(10)


def percentiles(seconds: Iterable[float]) -> dict[str, float]:
    """Return min, p50, p90, p99 and max of `seconds`, of which there is one at least, by nearest rank."""
    ordered = sorted(seconds)
    found = {f"p{part}": ordered[max(0, math.ceil(len(ordered) * part / 100) - 1)] for part in (50, 90, 99)}
    return {"min": ordered[0], **found, "max": ordered[-1]}


def ms(seconds: float) -> float:
    """Return milliseconds, to a tenth."""
    return round(seconds * 1_000, 1)
