"""What publications are wrapped in so that they can go wrong."""

from collections.abc import Callable
from wsgiref.types import WSGIApplication

from vats1c.breaking.answers import Breaking
from vats1c.breaking.sending import Broken
from vats1c.breaking.waits import Waits
from vats1c.model import Exchange
from vats1c.number import Plan
from vats1c.soap.service import Service
from vats1c.staging.plans import FaultPlans


class Breaker:
    """Wraps the parts of publications; requests that are made to wait are shared by all."""

    def __init__(self, plans: FaultPlans, record: Callable[[Exchange], None], plan: Plan) -> None:
        """Take what goes wrong, where exchanges are written down, and how numbers are read."""
        self._plans = plans
        self._record = record
        self._plan = plan
        self._waits = Waits()

    def service(self, service: Service, publication: str) -> Breaking:
        """Return `service`, but for the requests that go wrong."""
        return Breaking(service, publication, self._plans, self._waits, self._plan)

    def endpoint(self, endpoint: WSGIApplication, publication: str) -> Broken:
        """Return `endpoint`, made with a service of `service`, but for the answers that go wrong on their way."""
        return Broken(endpoint, publication, self._plans, self._waits, self._record)

    def close(self) -> None:
        """Let go whoever waits."""
        self._waits.close()
