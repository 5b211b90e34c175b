"""Fault plans: which requests get a fault, and how many of them.

Rule: a plan has an end, and one call of `clear` ends all plans; this module neither waits nor sends.
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
    """The parts of a request by which plans select it: operation, number as sent, key ("" if there is none)."""

    operation: str
    received: str
    key: str


class FaultRule(Fault):
    """A fault and the requests that get it.

    `op`, `number` and `key` select requests. At most one of four fields limits which selected requests get the fault:
    the first `next`, every `every`-th, those beyond `above` per second, or `percent` of them at random (the same `seed`
    repeats the same choice). Without these four fields all selected requests get it.

    The plan ends `ends_after` seconds after its creation.
    """

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
        measures = (self.next, self.every, self.above, self.percent)
        if len([measure for measure in measures if measure is not None]) > 1:
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
    """A running plan: `fitted` counts the requests that it selected, `applied` those that got the fault."""

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
        """The fault's name in the journal, with the plan's id."""
        return f"{self.rule.label} #{self.id}"

    def matches(self, request: IncomingRequest, canonical: str) -> bool:
        """Tell whether the plan selects the request; `canonical` is the request's number in E.164, or as sent."""
        rule = self.rule
        return (
            (rule.op is None or rule.op == request.operation)
            and (rule.key is None or rule.key == request.key)
            and (self.number is None or self.number == canonical)
            and not (rule.only_say_name and request.operation != "SayName")
        )

    def triggers(self, now: float) -> bool:
        """Count a selected request at the monotonic time `now` (seconds), and tell whether it gets the fault."""
        rule = self.rule
        self.fitted += 1
        if rule.every is not None:
            is_triggered = self.fitted % rule.every == 0
        elif rule.percent is not None:
            is_triggered = self.random.random() * 100 < rule.percent
        elif rule.above is not None:
            is_triggered = self._rate(now) > rule.above
        else:
            is_triggered = True
        self.applied += is_triggered
        return is_triggered

    @property
    def is_over(self) -> bool:
        """Whether the fault has happened `next` times."""
        return self.rule.next is not None and self.applied >= self.rule.next

    def _rate(self, now: float) -> int:
        """Return how many requests were selected within the last second, including this one."""
        self._recent.append(now)
        while self._recent[0] <= now - 1:
            self._recent.popleft()
        return len(self._recent)


class FaultPlans:
    """The plans of one process, by publication. Thread-safe."""

    def __init__(self, plan: NumberPlan) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._ids = count(1)
        self._by_publication: defaultdict[str, list[FaultPlan]] = defaultdict(list)

    def add(self, publication: str, data: dict[str, Any]) -> FaultPlan:
        """Start a plan for `publication` and return it; `data` has the fields of FaultRule. Raises StagingError."""
        rule = validated(FaultRule, data)
        number = self._canonical(rule.number) if rule.number is not None else None
        ends = datetime.now(UTC) + timedelta(seconds=rule.ends_after)
        with self._lock:
            plans = self._running(publication)
            if len(plans) >= _MAX_PLANS:
                raise StagingError(
                    "full", f"сбоев уже {_MAX_PLANS}, больше не бывает", f"there are {_MAX_PLANS} faults already"
                )
            plan = FaultPlan(next(self._ids), publication, rule, number, ends, Random(rule.seed))  # noqa: S311 - not for cryptography
            plans.append(plan)
        return plan

    def listed(self, publications: Iterable[str]) -> list[FaultPlan]:
        """Return the running plans of `publications` in the order of their creation."""
        with self._lock:
            return sorted((plan for name in publications for plan in self._running(name)), key=lambda plan: plan.id)

    def clear(self, publications: Iterable[str], plan_id: int | None = None) -> int:
        """End the plans of `publications`, or only the plan `plan_id`, and return how many were ended."""
        with self._lock:
            ended = 0
            for name in publications:
                plans = self._running(name)
                remaining = [plan for plan in plans if plan_id is not None and plan.id != plan_id]
                ended += len(plans) - len(remaining)
                self._by_publication[name] = remaining
        return ended

    def forget(self, publication: str) -> None:
        """Remove the plans of a publication that was removed."""
        with self._lock:
            self._by_publication.pop(publication, None)

    def test_numbers(self) -> list[TestNumber]:
        """Return the magic numbers, which work at every publication."""
        return list(TEST_NUMBERS.values())

    def at_accept(self, publication: str) -> FaultPlan | None:
        """Return the plan whose fault happens to a request before it is read, or None."""
        if publication not in self._by_publication:
            return None
        return self._first_triggered(publication, lambda plan: plan.rule.at is FaultStage.ACCEPT)

    def next_fault(self, publication: str, request: IncomingRequest) -> tuple[str, Fault, Random] | None:
        """Return the fault of a request that was read, or None: (label for the journal, fault, random generator).

        Plans take precedence over magic numbers.
        """
        canonical = self._canonical(request.received)
        plan = self._first_triggered(
            publication, lambda plan: plan.rule.at is not FaultStage.ACCEPT and plan.matches(request, canonical)
        )
        if plan is not None:
            return plan.label, plan.rule, plan.random
        test_number = TEST_NUMBERS.get(canonical)
        if test_number is None or (test_number.fault.only_say_name and request.operation != "SayName"):
            return None
        return test_number.fault.label, test_number.fault, _UNSEEDED

    def _first_triggered(self, publication: str, matches: Callable[[FaultPlan], bool]) -> FaultPlan | None:
        with self._lock:
            for plan in self._running(publication):
                if matches(plan) and plan.triggers(time.monotonic()):
                    return plan
        return None

    def _running(self, publication: str) -> list[FaultPlan]:
        now = datetime.now(UTC)
        plans = self._by_publication[publication]
        plans[:] = [plan for plan in plans if plan.ends > now and not plan.is_over]
        return plans

    def _canonical(self, received: str) -> str:
        return identify(received, self._plan).canonical or received.strip()


_UNSEEDED = Random()  # noqa: S311 - not for cryptography
