"""The fault plans: which of the requests that come go wrong, and how many of them.

Rule: a plan ends by itself, and one call ends them all; nothing here waits or sends.
"""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from vats1c.config import Unusable
from vats1c.number import NumberPlan, identify
from vats1c.staging.faults import Fault, FaultStage
from vats1c.staging.schema import StagingError, validated
from vats1c.staging.test_numbers import TEST_NUMBERS, TestNumber

_MAX_PLANS = 100
_MAX_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """A request: the operation, the number as it was sent, the key, "" where there is none."""

    operation: str
    received: str
    key: str


class FaultRule(Fault):
    """A fault and when it happens: to which requests, and to how many of them."""

    op: Literal["SayName", "IncomingCall"] | None = None
    number: Annotated[str, Field(max_length=200)] | None = None
    key: Annotated[str, Field(max_length=200)] | None = None
    next: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    every: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    above: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    percent: Annotated[float, Field(ge=0, le=100)] | None = None
    seed: int | None = None
    ends_after: Annotated[float, Field(gt=0, le=_MAX_SECONDS)] = 3_600

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if len([one for one in (self.next, self.every, self.above, self.percent) if one is not None]) > 1:
            raise Unusable(
                "одно из next, every, above, percent, не больше", "one of next, every, above, percent, and no more"
            )
        if self.at is FaultStage.ACCEPT and (self.op or self.number or self.key):
            raise Unusable(
                "при at = accept ещё не известно, что за запрос: без op, number, key",
                "at = accept nobody knows yet what is asked: without op, number, key",
            )
        return self


@dataclass(slots=True)
class FaultPlan:
    """A plan as it is carried out: how many requests it fitted, and how many of them went wrong."""

    id: int
    publication: str
    rule: FaultRule
    number: str | None
    ends: datetime
    random: Random
    fitted: int = 0
    applied: int = 0
    _recent: deque[float] = field(default_factory=deque)

    @property
    def label(self) -> str:
        """What the journal says of a request that it made go wrong."""
        return f"{self.rule.label} #{self.id}"

    def matches(self, asked: IncomingRequest, canonical: str) -> bool:
        """Tell whether the request is one of those."""
        order = self.rule
        return (
            (order.op is None or order.op == asked.operation)
            and (order.key is None or order.key == asked.key)
            and (self.number is None or self.number == canonical)
            and not (order.only_say_name and asked.operation != "SayName")
        )

    def triggers(self, now: float) -> bool:
        """Tell whether a request that fits, one more, goes wrong."""
        order = self.rule
        self.fitted += 1
        if order.every is not None:
            taken = self.fitted % order.every == 0
        elif order.percent is not None:
            taken = self.random.random() * 100 < order.percent
        elif order.above is not None:
            taken = self._rate(now) > order.above
        else:
            taken = True
        self.applied += taken
        return taken

    @property
    def is_over(self) -> bool:
        """Whether it has had its number."""
        return self.rule.next is not None and self.applied >= self.rule.next

    def _rate(self, now: float) -> int:
        """Return how many requests came within a second, this one too."""
        self._recent.append(now)
        while self._recent[0] <= now - 1:
            self._recent.popleft()
        return len(self._recent)


class FaultPlans:
    """Those of one process, by publication. Called by many threads at once."""

    def __init__(self, plan: NumberPlan) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._ids = count(1)
        self._by_publication: defaultdict[str, list[FaultPlan]] = defaultdict(list)

    def add(self, publication: str, given: dict[str, Any]) -> FaultPlan:
        """Return a new plan for `publication`, made of `given` (see Order). Raises StagingError."""
        order = validated(FaultRule, given)
        number = self._canonical(order.number) if order.number is not None else None
        ends = datetime.now(UTC) + timedelta(seconds=order.ends_after)
        with self._lock:
            plans = self._running(publication)
            if len(plans) >= _MAX_PLANS:
                raise StagingError(
                    "full", f"сбоев уже {_MAX_PLANS}, больше не бывает", f"there are {_MAX_PLANS} faults already"
                )
            made = FaultPlan(next(self._ids), publication, order, number, ends, Random(order.seed))  # noqa: S311 - chance, no secret
            plans.append(made)
        return made

    def listed(self, publications: Iterable[str]) -> list[FaultPlan]:
        """Return the plans of `publications` that are not over, in the order in which they were made."""
        with self._lock:
            return sorted((one for name in publications for one in self._running(name)), key=lambda one: one.id)

    def clear(self, publications: Iterable[str], plan_id: int | None = None) -> int:
        """End the plans of `publications`, or the one of that id, and return how many there were."""
        with self._lock:
            ended = 0
            for name in publications:
                plans = self._running(name)
                left = [one for one in plans if plan_id is not None and one.id != plan_id]
                ended += len(plans) - len(left)
                self._by_publication[name] = left
        return ended

    def forget(self, publication: str) -> None:
        """Let go of a publication that is no more."""
        with self._lock:
            self._by_publication.pop(publication, None)

    def test_numbers(self) -> list[TestNumber]:
        """Return the magic numbers, which work at every publication."""
        return list(TEST_NUMBERS.values())

    def at_accept(self, publication: str) -> FaultPlan | None:
        """Return the plan by which a request goes wrong before it is read."""
        if publication not in self._by_publication:
            return None
        return self._first(publication, lambda one: one.rule.at is FaultStage.ACCEPT)

    def next_fault(self, publication: str, asked: IncomingRequest) -> tuple[str, Fault, Random] | None:
        """Return what goes wrong with a request: the journal's mark, the fault, and where its chances come from.

        A plan comes before a magic number.
        """
        canonical = self._canonical(asked.received)
        plan = self._first(
            publication, lambda one: one.rule.at is not FaultStage.ACCEPT and one.matches(asked, canonical)
        )
        if plan is not None:
            return plan.label, plan.rule, plan.random
        magic = TEST_NUMBERS.get(canonical)
        if magic is None or (magic.fault.only_say_name and asked.operation != "SayName"):
            return None
        return magic.fault.label, magic.fault, _ANY

    def _first(self, publication: str, fits: Callable[[FaultPlan], bool]) -> FaultPlan | None:
        with self._lock:
            for one in self._running(publication):
                if fits(one) and one.triggers(time.monotonic()):
                    return one
        return None

    def _running(self, publication: str) -> list[FaultPlan]:
        now = datetime.now(UTC)
        plans = self._by_publication[publication]
        plans[:] = [one for one in plans if one.ends > now and not one.is_over]
        return plans

    def _canonical(self, received: str) -> str:
        return identify(received, self._plan).canonical or received.strip()


_ANY = Random()  # noqa: S311 - chance, no secret
