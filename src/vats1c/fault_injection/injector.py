"""What publications are wrapped in so that they can go wrong."""

from collections.abc import Callable
from wsgiref.types import WSGIApplication

from vats1c.fault_injection.delays import DelayPool
from vats1c.fault_injection.endpoint import FaultyEndpoint
from vats1c.fault_injection.service import FaultyService
from vats1c.model import Exchange
from vats1c.number import NumberPlan
from vats1c.soap.service import SoapService
from vats1c.staging.plans import FaultPlans


class FaultInjector:
    """Wraps the parts of publications; requests that are made to wait are shared by all."""

    def __init__(self, plans: FaultPlans, record: Callable[[Exchange], None], plan: NumberPlan) -> None:
        """Take what goes wrong, where exchanges are written down, and how numbers are read."""
        self._plans = plans
        self._record = record
        self._plan = plan
        self._waits = DelayPool()

    def service(self, service: SoapService, publication: str) -> FaultyService:
        """Return `service`, but for the requests that go wrong."""
        return FaultyService(service, publication, self._plans, self._waits, self._plan)

    def endpoint(self, endpoint: WSGIApplication, publication: str) -> FaultyEndpoint:
        """Return `endpoint`, made with a service of `service`, but for the answers that go wrong on their way."""
        return FaultyEndpoint(endpoint, publication, self._plans, self._waits, self._record)

    def close(self) -> None:
        """Let go whoever waits."""
        self._waits.close()
