"""Send scheduled calls over a fixed number of connections, and summarize the answers.

Rule: the load is bounded: a call that is due while every connection waits for an answer is sent later, not skipped.
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
    """One call, `at` seconds after the start: SayName when `say_name` is set, then one IncomingCall per key."""

    at: float
    number: str
    keys: tuple[str, ...] = ()
    say_name: bool = True

    @property
    def requests(self) -> int:
        """The number of requests of this call."""
        return self.say_name + len(self.keys)


def at_rate(number: str, keys: tuple[str, ...], count: int, rate: float) -> Iterator[ScheduledCall]:
    """Yield `count` calls from `number`, `rate` per second; each call rings every subscriber in `keys`."""
    return (ScheduledCall(index / rate, number, keys) for index in range(count))


def place(client: PbxClient, call: ScheduledCall) -> Iterator[Reply]:
    """Send the requests of one call and yield each reply; stop after SayName when the service is unreachable."""
    if call.say_name:
        reply = client.say_name(call.number)
        yield reply
        if reply.outcome == "unreachable":
            return
    for key in call.keys:
        yield client.incoming_call(call.number, key)


class LoadRunner:
    """Sends scheduled calls over several connections, one thread each."""

    def __init__(
        self, target: Target, calls: Iterable[ScheduledCall], connections: int, on_reply: Callable[[Reply], None]
    ) -> None:
        """Prepare to send `calls`, ordered by time; `on_reply` gets each reply and is never called concurrently."""
        self._target = target
        self._calls = iter(calls)
        self._on_reply = on_reply
        self._calls_lock, self._reply_lock = threading.Lock(), threading.Lock()
        self._stopped = threading.Event()
        self._started = 0.0
        self._threads = [
            threading.Thread(target=self._run_worker, name=f"line {index}", daemon=True) for index in range(connections)
        ]

    def play(self) -> None:
        """Send all calls and wait for the last reply. After an exception, such as Ctrl+C, call `close`."""
        self._started = time.monotonic()
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            # Join with a timeout, because on Windows Ctrl+C cannot interrupt a join without a timeout.
            while thread.is_alive():
                thread.join(0.1)

    def close(self) -> None:
        """Stop sending, and wait for the replies to requests already sent."""
        self._stopped.set()
        for thread in self._threads:
            if thread.ident is not None:  # the thread was started
                thread.join(self._target.timeout + 1)

    def _run_worker(self) -> None:
        client = PbxClient(self._target)
        try:
            while not self._stopped.is_set():
                with self._calls_lock:
                    call = next(self._calls, None)
                if call is None:
                    return
                if self._stopped.wait(max(0.0, self._started + call.at - time.monotonic())):
                    return
                for reply in place(client, call):
                    with self._reply_lock:
                        self._on_reply(reply)
        finally:
            client.close()


class Summary:
    """Statistics of many replies; stores only the duration of each reply and the counts of outcomes and errors."""

    def __init__(self) -> None:
        self._seconds: dict[str, array[float]] = defaultdict(lambda: array("d"))
        self._outcomes: dict[str, Counter[str]] = defaultdict(Counter)
        self._errors: Counter[str] = Counter()
        self._started = time.monotonic()
        self._last = self._started

    def add(self, reply: Reply) -> None:
        """Count one reply."""
        self._seconds[reply.operation].append(reply.seconds)
        self._outcomes[reply.operation][reply.outcome] += 1
        if reply.error is not None:
            self._errors[str(reply.error)] += 1
        self._last = time.monotonic()

    @property
    def right(self) -> bool:
        """Whether there was at least one reply and every outcome is "ok"."""
        outcomes = sum(self._outcomes.values(), Counter[str]())
        return outcomes.total() > 0 and outcomes.total() == outcomes["ok"]

    def figures(self) -> list[dict[str, object]]:
        """Return a row per operation: n, ok, faults, errors; min, p50, p90, p99, max in ms; rate per second."""
        elapsed = max(self._last - self._started, 1e-9)
        return [
            {
                "operation": operation,
                "n": len(seconds),
                "ok": self._outcomes[operation]["ok"],
                "faults": self._outcomes[operation]["fault"],
                "errors": len(seconds) - self._outcomes[operation]["ok"] - self._outcomes[operation]["fault"],
                **{name: ms(value) for name, value in percentiles(seconds).items()},
                "rate": round(len(seconds) / elapsed, 1),
            }
            for operation, seconds in self._seconds.items()
        ]

    def sentences(self) -> list[tuple[str, int]]:
        """Return up to ten (error message, count) pairs, the most frequent first."""
        return self._errors.most_common(10)


def percentiles(seconds: Iterable[float]) -> dict[str, float]:
    """Return min, p50, p90, p99 and max of `seconds` (not empty), by the nearest-rank method."""
    ordered = sorted(seconds)
    ranks = {f"p{percent}": ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] for percent in (50, 90, 99)}
    return {"min": ordered[0], **ranks, "max": ordered[-1]}


def ms(seconds: float) -> float:
    """Return `seconds` in milliseconds, rounded to 0.1 ms."""
    return round(seconds * 1_000, 1)
