"""Wraps the SOAP service and the endpoint of a publication, to inject faults."""

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
    """Wraps the services and endpoints of publications; all of them share one DelayPool."""

    def __init__(
        self, plans: FaultPlans, record: Callable[[Exchange], None], plan: NumberPlan, pool: WorkerPool
    ) -> None:
        """Inject the faults of `plans`; `record` records an exchange; `plan` is the number plan.

        POST requests are admitted on threads of `pool`, where they are delayed.
        """
        self._pool = pool
        self._plans = plans
        self._record = record
        self._plan = plan
        self._waits = DelayPool()

    def service(self, service: SoapService, publication: str) -> FaultyService:
        """Return `service`, wrapped to inject faults into its answers."""
        return FaultyService(service, publication, self._plans, self._waits, self._plan)

    def endpoint(self, endpoint: Handler, publication: str) -> FaultyEndpoint:
        """Return `endpoint`, whose service is one of `service`, wrapped to inject faults into its connections."""
        return FaultyEndpoint(endpoint, publication, self._plans, self._waits, record=self._record, pool=self._pool)

    def close(self) -> None:
        """End all delays."""
        self._waits.close()
