"""The faults on purpose: what 1C, its web server or the network do wrong, each by its name.

Rule: what a fault is, is said here; when it happens, in plans and magic; how it is done, in `vats1c.breaking`.
"""

from enum import StrEnum
from itertools import pairwise
from random import Random
from statistics import NormalDist
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from vats1c.config import Unusable
from vats1c.staging.schema import StrictModel

# Nothing waits longer: a fault must not outlive the test that asked for it by much.
MAX_SECONDS = 60
_MAX_MS = MAX_SECONDS * 1_000
_STATUSES = (401, 403, 404, 500, 502, 503, 504)
Milliseconds = Annotated[float, Field(ge=0, le=_MAX_MS)]


class FaultKind(StrEnum):
    """What goes wrong."""

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
    """When it goes wrong: before anything is read, before the first byte of the answer, in the middle of its body."""

    ACCEPT = "accept"
    FIRST_BYTE = "first-byte"
    MID_BODY = "mid-body"


# Those that choose when. A request whose answer goes wrong is carried out, as 1C would have done; the others are not.
_STAGES = {
    FaultKind.HANG: frozenset(FaultStage),
    FaultKind.RESET: frozenset(FaultStage),
    FaultKind.STATUS: frozenset({FaultStage.ACCEPT, FaultStage.FIRST_BYTE}),
}
_SAYS_NAME = frozenset({FaultKind.NAME, FaultKind.NO_RETURN, FaultKind.QUIRKS})


class Uniform(StrictModel):
    """Any time from the first to the second, milliseconds."""

    uniform: tuple[Milliseconds, Milliseconds]

    def draw(self, random: Random) -> float:
        """Return one."""
        return random.uniform(*self.uniform)


class Spread(StrictModel):
    """Half of all times are below `p50`, of a hundred one is above `p99`; milliseconds."""

    p50: Annotated[float, Field(gt=0, le=_MAX_MS)]
    p99: Annotated[float, Field(gt=0, le=_MAX_MS)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.p99 < self.p50:
            raise Unusable("p99 меньше p50", "p99 is less than p50")
        return self


class Lognormal(StrictModel):
    """Times as networks have them: mostly short, sometimes very long."""

    lognormal: Spread

    def draw(self, random: Random) -> float:
        """Return one."""
        spread = self.lognormal
        ratio = spread.p99 / spread.p50
        return float(spread.p50 * ratio ** (random.gauss() / NormalDist().inv_cdf(0.99)))


class MeasuredPercentiles(StrictModel):
    """What `vats1c call --count … --json` measured of a real 1C, milliseconds."""

    min: Milliseconds
    p50: Milliseconds
    p90: Milliseconds
    p99: Milliseconds
    max: Milliseconds

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        found = [self.min, self.p50, self.p90, self.p99, self.max]
        if found != sorted(found):
            raise Unusable("ожидается min ≤ p50 ≤ p90 ≤ p99 ≤ max", "min ≤ p50 ≤ p90 ≤ p99 ≤ max is expected")
        return self


class Percentiles(StrictModel):
    """Times spread as measured ones were."""

    percentiles: MeasuredPercentiles

    def draw(self, random: Random) -> float:
        """Return one: between two measured percentiles all times are as likely."""
        found, place = self.percentiles, random.random()
        known = [(0.0, found.min), (0.5, found.p50), (0.9, found.p90), (0.99, found.p99), (1.0, found.max)]
        for (low, from_ms), (high, to_ms) in pairwise(known):
            if place <= high:
                return from_ms + (to_ms - from_ms) * (place - low) / (high - low)
        return found.max


_SPREADS = frozenset({"uniform", "lognormal", "percentiles"})


def _one_of_them(given: Any) -> Any:
    """Say what a delay may be, before each of the models says what it is not."""
    if isinstance(given, bool) or not (_spread(given) in _SPREADS or isinstance(given, int | float)):
        raise Unusable(
            "ожидаются миллисекунды, uniform, lognormal или percentiles",
            "milliseconds, uniform, lognormal or percentiles are expected",
        )
    return given


def _spread(given: Any) -> str:
    """Name the kind of delay that `given` is."""
    named = given.keys() if isinstance(given, dict) else {type(given).__name__.lower()}
    return next(iter(named & _SPREADS), "ms")


Delay = Annotated[
    Annotated[Milliseconds, Tag("ms")]
    | Annotated[Uniform, Tag("uniform")]
    | Annotated[Lognormal, Tag("lognormal")]
    | Annotated[Percentiles, Tag("percentiles")],
    Discriminator(_spread),
    BeforeValidator(_one_of_them),
]


class Fault(StrictModel):
    """One thing that goes wrong. `delay_ms` comes before any other; `seconds` is how long it hangs or dribbles."""

    fault: FaultKind
    at: FaultStage = FaultStage.FIRST_BYTE
    delay_ms: Delay = 0
    seconds: Annotated[float, Field(gt=0, le=MAX_SECONDS)] | None = None
    status: Literal[401, 403, 404, 500, 502, 503, 504] | None = None
    name: Annotated[str, Field(max_length=10_000)] | None = None

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.at not in _STAGES.get(self.fault, frozenset({FaultStage.FIRST_BYTE})):
            raise Unusable(f"у {self.fault} не бывает at = {self.at}", f"{self.fault} has no at = {self.at}")
        for given, kinds, key in (
            (self.seconds, {FaultKind.HANG, FaultKind.DRIBBLE}, "seconds"),
            (self.status, {FaultKind.STATUS}, "status"),
            (self.name, {FaultKind.NAME}, "name"),
        ):
            if given is not None and self.fault not in kinds:
                raise Unusable(f"{key} не для {self.fault}", f"{key} is not for {self.fault}")
        if self.fault is FaultKind.STATUS and self.status is None:
            statuses = ", ".join(map(str, _STATUSES))
            raise Unusable(f"для status нужен status: {statuses}", f"status needs a status: {statuses}")
        if self.fault is FaultKind.SLOW and self.delay_ms == 0:
            raise Unusable("для slow нужен delay_ms", "slow needs delay_ms")
        return self

    @property
    def lasts(self) -> float:
        """How long it hangs or dribbles, seconds."""
        return self.seconds or (MAX_SECONDS if self.fault is FaultKind.HANG else 10)

    @property
    def label(self) -> str:
        """What the journal calls it: its kind, or the HTTP status."""
        return str(self.status or self.fault)

    @property
    def only_say_name(self) -> bool:
        """Whether IncomingCall has nothing of the kind."""
        return self.fault in _SAYS_NAME

    def delay(self, random: Random) -> float:
        """Return the seconds to wait this time."""
        drawn = self.delay_ms if isinstance(self.delay_ms, float | int) else self.delay_ms.draw(random)
        return min(drawn, _MAX_MS) / 1_000

    def as_given(self) -> dict[str, Any]:
        """Return it as it is given: without what it leaves as usual."""
        return self.model_dump(mode="json", exclude_defaults=True)
