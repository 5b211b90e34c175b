"""Wraps the SOAP service and the endpoint of a publication, to inject faults."""

from collections.abc import Callable

from vats1c.http import Handler
from vats1c.model import Exchange
from vats1c.number import NumberPlan
from vats1c.soap.service import SoapService
from vats1c.staging.fault_injection.delays import DelayPool
from vats1c.staging.fault_injection.endpoint import FaultyEndpoint
from vats1c.staging.fault_injection.service import FaultyService
from vats1c.staging.plans import FaultPlans
from vats1c.worker_pool import WorkerPool


class FaultInjector:
    """Wraps the services and endpoints of publications; all of them share one DelayPool."""

    def __init__(self, record: Callable[[Exchange], None], plan: NumberPlan) -> None:
        """Start without fault plans (`plans`); `record` records an exchange; `plan` is the number plan."""
        self.plans = FaultPlans(plan)
        self._record = record
        self._plan = plan
        self._waits = DelayPool()

    def service(self, service: SoapService, publication: str) -> FaultyService:
        """Return `service`, wrapped to inject faults into its answers."""
        return FaultyService(service, publication, self.plans, self._waits, self._plan)

    def endpoint(self, endpoint: Handler, publication: str, pool: WorkerPool) -> FaultyEndpoint:
        """Return `endpoint`, wrapped to inject faults into its connections.

        The SOAP service of `endpoint` must be a result of the method `service`.
        POST requests are admitted on threads of `pool`, where they are delayed.
        """
        return FaultyEndpoint(endpoint, publication, self.plans, self._waits, record=self._record, pool=pool)

    def close(self) -> None:
        """End all delays."""
        self._waits.close()
