"""Wraps the parts of publications, so that requests can fail on purpose."""

from collections.abc import Callable

from vats1c.fault_injection.delays import DelayPool
from vats1c.fault_injection.endpoint import FaultyEndpoint
from vats1c.fault_injection.service import FaultyService
from vats1c.http import Handler
from vats1c.model import Exchange
from vats1c.number import NumberPlan
from vats1c.soap.service import SoapService
from vats1c.staging.plans import FaultPlans
from vats1c.worker_pool import WorkerPool


class FaultInjector:
    """Wraps the parts of publications; requests that are made to wait are shared by all."""

    def __init__(
        self, plans: FaultPlans, record: Callable[[Exchange], None], plan: NumberPlan, pool: WorkerPool
    ) -> None:
        """Inject the faults of `plans`; `record` writes exchanges down, `plan` reads numbers.

        Requests wait for their faults on threads of `pool`.
        """
        self._pool = pool
        self._plans = plans
        self._record = record
        self._plan = plan
        self._waits = DelayPool()

    def service(self, service: SoapService, publication: str) -> FaultyService:
        """Return `service`, but for the requests that go wrong."""
        return FaultyService(service, publication, self._plans, self._waits, self._plan)

    def endpoint(self, endpoint: Handler, publication: str) -> FaultyEndpoint:
        """Return `endpoint`, made with a service of `service`, but for the answers that go wrong on their way."""
        return FaultyEndpoint(endpoint, publication, self._plans, self._waits, record=self._record, pool=self._pool)

    def close(self) -> None:
        """End all delays."""
        self._waits.close()
