"""Requests for a web service that does not exist: each is answered with a SOAP fault."""

from collections.abc import Callable
from datetime import UTC, datetime

from vats1c.http import Request, Response
from vats1c.messages import Language
from vats1c.metrics import Metrics
from vats1c.model import Exchange
from vats1c.soap import refusals
from vats1c.soap.endpoint import RateLimiter, redacted_head


class NoEndpoint:
    """The `Handler` of addresses under /ws/ where nothing is published."""

    def __init__(self, metrics: Metrics, language: Language, record: Callable[[Exchange], None]) -> None:
        """`record` records the refused requests; it is called a limited number of times per minute."""
        self._requests = metrics.requests
        self._language = language
        self._record = record
        self._limiter = RateLimiter()

    def admit(self, request: Request) -> Response:
        """Refuse the request without reading its body, because its sender has not signed in."""
        fault = refusals.no_such_service()
        self._requests.labels("", "", fault.reason).inc()
        response = refusals.render(fault, request.content_type, self._language)
        if self._limiter.allow():
            exchange = Exchange("", datetime.now(UTC), outcome=fault.reason, status=fault.status)
            exchange.address = request.sender
            exchange.raw = redacted_head(request), b"", response.body
            self._record(exchange)
        return response

    def malformed(self, status: int, content_type: str) -> Response:
        """Return the fault for bytes that are not a well-formed HTTP request."""
        fault = refusals.malformed_http(status)
        self._requests.labels("", "", fault.reason).inc()
        return refusals.render(fault, content_type, self._language)
