"""The faults that can be injected, as 1C, its web server or the network produce them.

Rule: this module defines the faults; `plans` and `test_numbers` decide when they happen; `fault_injection` carries them
out.
"""

from enum import StrEnum
from itertools import pairwise
from random import Random
from statistics import NormalDist
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from vats1c.config import Unusable
from vats1c.staging.schema import StrictModel

# The longest delay: a fault must not last much longer than the test that requested it.
MAX_SECONDS = 60
_MAX_MS = MAX_SECONDS * 1_000
_STATUSES = (401, 403, 404, 500, 502, 503, 504)
Milliseconds = Annotated[float, Field(ge=0, le=_MAX_MS)]


class FaultKind(StrEnum):
    """The kinds of faults."""

    SLOW = "slow"
    NAME = "name"
    NO_RETURN = "no-return"
    QUIRKS = "quirks"
    FAULT = "fault"
    STATUS = "status"
    HANG = "hang"
    RESET = "reset"
    TRUNCATED = "truncated"
    DRIBBLE = "dribble"


class FaultStage(StrEnum):
    """When a fault happens: before the request is read, before the answer's first byte, in the middle of its body."""

    ACCEPT = "accept"
    FIRST_BYTE = "first-byte"
    MID_BODY = "mid-body"


# The kinds that allow other stages than FIRST_BYTE. The operation is not executed for FAULT, STATUS, or a fault at
# ACCEPT; it is executed for the other faults, as in 1C.
_STAGES = {
    FaultKind.HANG: frozenset(FaultStage),
    FaultKind.RESET: frozenset(FaultStage),
    FaultKind.STATUS: frozenset({FaultStage.ACCEPT, FaultStage.FIRST_BYTE}),
}
_SAY_NAME_KINDS = frozenset({FaultKind.NAME, FaultKind.NO_RETURN, FaultKind.QUIRKS})


class Uniform(StrictModel):
    """Delays uniformly distributed between two values in milliseconds."""

    uniform: tuple[Milliseconds, Milliseconds]

    def draw(self, random: Random) -> float:
        """Return a random delay in milliseconds."""
        return random.uniform(*self.uniform)


class Spread(StrictModel):
    """The median and the 99th percentile of delays, in milliseconds."""

    p50: Annotated[float, Field(gt=0, le=_MAX_MS)]
    p99: Annotated[float, Field(gt=0, le=_MAX_MS)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.p99 < self.p50:
            raise Unusable("p99 меньше p50", "p99 is less than p50")
        return self


class Lognormal(StrictModel):
    """Delays with a log-normal distribution, as in networks: mostly short, sometimes very long."""

    lognormal: Spread

    def draw(self, random: Random) -> float:
        """Return a random delay in milliseconds."""
        spread = self.lognormal
        ratio = spread.p99 / spread.p50
        return float(spread.p50 * ratio ** (random.gauss() / NormalDist().inv_cdf(0.99)))


class MeasuredPercentiles(StrictModel):
    """The percentiles in milliseconds that `vats1c call --count … --json` prints for a real 1C."""

    min: Milliseconds
    p50: Milliseconds
    p90: Milliseconds
    p99: Milliseconds
    max: Milliseconds

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        values = [self.min, self.p50, self.p90, self.p99, self.max]
        if values != sorted(values):
            raise Unusable("ожидается min ≤ p50 ≤ p90 ≤ p99 ≤ max", "min ≤ p50 ≤ p90 ≤ p99 ≤ max is expected")
        return self


class Percentiles(StrictModel):
    """Delays distributed according to measured percentiles."""

    percentiles: MeasuredPercentiles

    def draw(self, random: Random) -> float:
        """Return a random delay in milliseconds, uniformly distributed between two adjacent percentiles."""
        measured, quantile = self.percentiles, random.random()
        points = [
            (0.0, measured.min),
            (0.5, measured.p50),
            (0.9, measured.p90),
            (0.99, measured.p99),
            (1.0, measured.max),
        ]
        for (low, from_ms), (high, to_ms) in pairwise(points):
            if quantile <= high:
                return from_ms + (to_ms - from_ms) * (quantile - low) / (high - low)
        return measured.max


_DISTRIBUTIONS = frozenset({"uniform", "lognormal", "percentiles"})


def _require_delay(value: Any) -> Any:
    """Raise Unusable for a value that is no delay. Its message lists all forms; pydantic's error names only one."""
    if isinstance(value, bool) or not (_delay_tag(value) in _DISTRIBUTIONS or isinstance(value, int | float)):
        raise Unusable(
            "ожидаются миллисекунды, uniform, lognormal или percentiles",
            "milliseconds, uniform, lognormal or percentiles are expected",
        )
    return value


def _delay_tag(value: Any) -> str:
    """Return the tag of the delay's form, for the discriminated union: a distribution, or "ms"."""
    names = value.keys() if isinstance(value, dict) else {type(value).__name__.lower()}
    return next(iter(names & _DISTRIBUTIONS), "ms")


Delay = Annotated[
    Annotated[Milliseconds, Tag("ms")]
    | Annotated[Uniform, Tag("uniform")]
    | Annotated[Lognormal, Tag("lognormal")]
    | Annotated[Percentiles, Tag("percentiles")],
    Discriminator(_delay_tag),
    BeforeValidator(_require_delay),
]


class Fault(StrictModel):
    """One fault. `delay_ms` is the delay before a fault of any kind; `seconds` is the duration of HANG and DRIBBLE."""

    fault: FaultKind
    at: FaultStage = FaultStage.FIRST_BYTE
    delay_ms: Delay = 0
    seconds: Annotated[float, Field(gt=0, le=MAX_SECONDS)] | None = None
    status: Literal[401, 403, 404, 500, 502, 503, 504] | None = None
    name: Annotated[str, Field(max_length=10_000)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.at not in _STAGES.get(self.fault, frozenset({FaultStage.FIRST_BYTE})):
            raise Unusable(f"у {self.fault} не бывает at = {self.at}", f"{self.fault} has no at = {self.at}")
        for value, kinds, key in (
            (self.seconds, {FaultKind.HANG, FaultKind.DRIBBLE}, "seconds"),
            (self.status, {FaultKind.STATUS}, "status"),
            (self.name, {FaultKind.NAME}, "name"),
        ):
            if value is not None and self.fault not in kinds:
                raise Unusable(f"{key} не для {self.fault}", f"{key} is not for {self.fault}")
        if self.fault is FaultKind.STATUS and self.status is None:
            statuses = ", ".join(map(str, _STATUSES))
            raise Unusable(f"для status нужен status: {statuses}", f"status needs a status: {statuses}")
        if self.fault is FaultKind.SLOW and self.delay_ms == 0:
            raise Unusable("для slow нужен delay_ms", "slow needs delay_ms")
        return self

    @property
    def lasts(self) -> float:
        """The duration of HANG and DRIBBLE in seconds."""
        return self.seconds or (MAX_SECONDS if self.fault is FaultKind.HANG else 10)

    @property
    def label(self) -> str:
        """The name of the fault in the journal: its kind, or the HTTP status."""
        return str(self.status or self.fault)

    @property
    def only_say_name(self) -> bool:
        """Whether the fault applies to SayName only."""
        return self.fault in _SAY_NAME_KINDS

    def delay(self, random: Random) -> float:
        """Return the delay in seconds, random if `delay_ms` is a distribution."""
        delay_ms = self.delay_ms if isinstance(self.delay_ms, float | int) else self.delay_ms.draw(random)
        return min(delay_ms, _MAX_MS) / 1_000

    def as_given(self) -> dict[str, Any]:
        """Return the fault as JSON of the API, without fields that have their default values."""
        return self.model_dump(mode="json", exclude_defaults=True)
