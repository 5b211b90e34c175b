"""An endpoint that injects faults into connections: no answer, half of an answer, or an aborted connection.

Rule: a fault that cannot be produced on a connection ends the connection; a correct answer is never sent instead.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from http import HTTPStatus

from vats1c.http import Admission, Answer, Handler, Request, Response, ResponseWriter, completed, then
from vats1c.model import Exchange
from vats1c.soap.endpoint import redacted_head
from vats1c.staging.fault_injection.delays import DelayPool
from vats1c.staging.fault_injection.service import STAGED, FaultyResponse, page
from vats1c.staging.faults import Fault, FaultKind, FaultStage
from vats1c.staging.plans import FaultPlans
from vats1c.worker_pool import WorkerPool

# The delay between a part of a body and a reset, because a TCP reset discards bytes that are not sent yet.
_SENT_S = 0.1
_DROPS = 20


class FaultyEndpoint:
    """Wraps an endpoint; requests that have a fault get a faulty response."""

    def __init__(
        self,
        endpoint: Handler,
        publication: str,
        plans: FaultPlans,
        waits: DelayPool,
        *,
        record: Callable[[Exchange], None],
        pool: WorkerPool,
    ) -> None:
        """Wrap `endpoint`, whose service is a FaultyService; `record` records requests that do not reach it.

        The delay before a fault at ACCEPT occupies a thread of `pool`.
        """
        self._endpoint = endpoint
        self._publication = publication
        self._plans = plans
        self._waits = waits
        self._record = record
        self._pool = pool

    def admit(self, request: Request) -> Admission:
        """Let the endpoint admit the request; a POST with a fault at ACCEPT gets its faulty response instead."""
        if request.method != "POST":
            return self._endpoint.admit(request)
        return self._pool.submit(self._admit, request)

    def _admit(self, request: Request) -> Handler | Response:
        plan = self._plans.at_accept(self._publication)
        if plan is None:
            admission = completed(self._endpoint.admit(request))
            return admission if isinstance(admission, Response) else self
        self._waits.wait(plan.rule.delay(plan.random))
        status = plan.rule.status or HTTPStatus.OK.value
        answer = page(plan.rule, status) if plan.rule.fault is FaultKind.STATUS else FaultyResponse.of(b"", plan.rule)
        exchange = Exchange(self._publication, datetime.now(UTC), outcome=STAGED, status=status, fault=plan.label)
        exchange.address = request.sender
        exchange.raw = redacted_head(request), b"", bytes(answer)
        self._record(exchange)
        return self._spoiled(answer, answer.headers)

    def handle(self, request: Request) -> Answer:
        """Return the endpoint's response, made faulty if the endpoint's service returned a FaultyResponse."""
        answer = self._endpoint.handle(request)
        if request.is_test_call:
            return answer
        if isinstance(answer, Future):
            return then(answer, lambda done: self._checked(done.result()))
        return self._checked(answer)

    def _checked(self, response: Response) -> Response:
        body = response.body
        if not isinstance(body, FaultyResponse):
            return response
        return self._spoiled(body, body.headers or tuple(response.headers))

    def _spoiled(self, answer: FaultyResponse, headers: tuple[tuple[str, str], ...]) -> Response:
        if answer.fault.fault is FaultKind.STATUS:
            return Response(answer.status, headers, bytes(answer))
        # Declare the full length, at least 1: if the body ends before this length, the server closes the connection.
        length = ("Content-Length", str(max(len(answer), 1)))
        return Response(200, [*headers, length], stream=_BrokenBody(bytes(answer), answer.fault, self._waits))


class _BrokenBody:
    """The body of a faulty response: sent in delayed pieces, or in part, or not at all."""

    def __init__(self, answer: bytes, fault: Fault, waits: DelayPool) -> None:
        self._answer = answer
        self._fault = fault
        self._waits = waits

    def begin(self, writer: ResponseWriter) -> None:
        """Send the body on a thread of its own, because sending waits between the pieces."""
        threading.Thread(target=self._run, args=(writer,), name="broken-body", daemon=True).start()

    def disconnected(self) -> None:
        """Do nothing: the thread ends after its delays, and bytes sent after the disconnection are discarded."""

    def _run(self, writer: ResponseWriter) -> None:
        fault, answer = self._fault, self._answer
        if fault.fault is FaultKind.DRIBBLE:
            self._dribble(writer)
        elif fault.fault is FaultKind.TRUNCATED or fault.at is FaultStage.MID_BODY:
            self._break_off(writer, answer[: len(answer) // 2])
        else:
            self._break_off(writer, b"")

    def _dribble(self, writer: ResponseWriter) -> None:
        answer = self._answer
        drop = -(-len(answer) // _DROPS)
        for start in range(0, len(answer), drop):
            self._waits.wait(self._fault.lasts / _DROPS)
            if not writer.send(answer[start : start + drop]):
                return
        writer.close()

    def _break_off(self, writer: ResponseWriter, before: bytes) -> None:
        if before:
            writer.send(before)
            self._waits.wait(_SENT_S)
        if self._fault.fault is FaultKind.HANG:
            self._waits.wait(self._fault.lasts)
        if self._fault.fault is FaultKind.RESET:
            writer.reset()
        else:
            writer.close()
