"""Answers that do not arrive as they should: nothing comes, or half of it, or the connection breaks.

Rule: what cannot be done to a connection is done by ending it, never by a right answer.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from socket import socket
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from vats1c.fault_injection import connection
from vats1c.fault_injection.delays import DelayPool
from vats1c.fault_injection.service import STAGED, FaultyResponse, page
from vats1c.model import Exchange
from vats1c.soap.endpoint import TRUSTED, redacted_environ
from vats1c.staging.faults import Fault, FaultKind, FaultStage
from vats1c.staging.plans import FaultPlans

# What was sent is on its way by then: the server would otherwise keep the head of an answer that breaks off at once.
_ON_ITS_WAY = 0.1
_DROPS = 20


class FaultyEndpoint:
    """An endpoint as a WSGI application, but for the requests that go wrong."""

    def __init__(
        self,
        endpoint: WSGIApplication,
        publication: str,
        plans: FaultPlans,
        waits: DelayPool,
        record: Callable[[Exchange], None],
    ) -> None:
        """Take the endpoint, whose service is a Breaking; `record` writes down what the endpoint never saw."""
        self._endpoint = endpoint
        self._publication = publication
        self._plans = plans
        self._waits = waits
        self._record = record

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, right or wrong."""
        if TRUSTED in environ or environ["REQUEST_METHOD"] != "POST":
            return self._endpoint(environ, start_response)
        spoiled = self._at_accept(environ)
        if spoiled is None:
            said: list[tuple[str, list[tuple[str, str]]]] = []
            answer = self._endpoint(environ, lambda status, headers, _=None: said.append((status, headers)))  # type: ignore[arg-type]
            first = next(iter(answer))
            if not isinstance(first, FaultyResponse):
                start_response(*said[0])
                return answer
            spoiled = first
            spoiled.headers = spoiled.headers or tuple(said[0][1])
        return self._sent(spoiled, environ, start_response)

    def _at_accept(self, environ: WSGIEnvironment) -> FaultyResponse | None:
        """Return what is answered to a request that is not read at all."""
        plan = self._plans.at_accept(self._publication)
        if plan is None:
            return None
        self._waits.wait(plan.rule.delay(plan.random))
        status = plan.rule.status or HTTPStatus.OK.value
        answer = page(plan.rule, status) if plan.rule.fault is FaultKind.STATUS else FaultyResponse.of(b"", plan.rule)
        exchange = Exchange(self._publication, datetime.now(UTC), outcome=STAGED, status=status, fault=plan.label)
        exchange.address = environ.get("REMOTE_ADDR", "")
        exchange.raw = redacted_environ(environ), b"", bytes(answer)
        self._record(exchange)
        return answer

    def _sent(self, answer: FaultyResponse, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        fault = answer.fault
        length = [("Content-Length", str(max(len(answer), 1)))]
        if fault.fault is FaultKind.STATUS:
            start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(answer.headers))
            return [bytes(answer)]
        start_response("200 OK", [*answer.headers, *length])
        if fault.fault is FaultKind.DRIBBLE:
            return _Pieces(self._dribbled(answer, fault))
        found = connection.find(environ)
        if fault.fault is FaultKind.TRUNCATED or fault.at is FaultStage.MID_BODY:
            return _Pieces(self._broken(answer[: len(answer) // 2], fault, found))
        return _Pieces(iter([*self._broken(b"", fault, found)]))

    def _dribbled(self, answer: bytes, fault: Fault) -> Iterator[bytes]:
        drop = -(-len(answer) // _DROPS)
        for start in range(0, len(answer), drop):
            self._waits.wait(fault.lasts / _DROPS)
            yield answer[start : start + drop]

    def _broken(self, before: bytes, fault: Fault, found: socket | None) -> Iterator[bytes]:
        if before:
            yield before
            self._waits.wait(_ON_ITS_WAY)
        if fault.fault is FaultKind.HANG:
            self._waits.wait(fault.lasts)
        if found:
            with found:
                (connection.reset if fault.fault is FaultKind.RESET else connection.end)(found)


class _Pieces:
    """An answer that the server asks for piece by piece; ending short of its Content-Length it ends the connection."""

    endless = True

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        """Give the pieces."""
        return self._pieces

    def close(self) -> None:
        """Do nothing: what waits is let go by its own time."""
