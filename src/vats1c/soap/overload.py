"""Refuse requests when the queue of their worker pool is full: count each, log the begin and the end of the overload.

Rule: a refusal is cheap: the answer of each SOAP version is rendered once, and the journal records nothing.
"""

import threading
import time
from http import HTTPStatus

import structlog

from vats1c.http import Response
from vats1c.messages import Language
from vats1c.metrics import Metrics
from vats1c.soap import refusals
from vats1c.soap.fault import CONTENT_TYPES
from vats1c.soap.parser import version_hint

log = structlog.get_logger("vats1c.server")

# An overload ends when no request was refused for this time.
_CALM_S = 5.0


class OverloadResponses:
    """The answers to requests that are refused because of overload."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, metrics: Metrics, language: Language, calm_s: float = _CALM_S) -> None:
        """Prepare the answers; the end of an overload is logged `calm_s` seconds after its last refusal."""
        fault = refusals.overload()
        self._counter = metrics.requests.labels("", "", fault.reason)
        self._responses = {kind: refusals.render(fault, kind, language) for kind in CONTENT_TYPES.values()}
        self._calm_s = calm_s
        self._lock = threading.Lock()
        # The number of refusals in the present overload, and the time.monotonic() of the last one; guarded by the lock.
        self._refused = 0
        self._last = 0.0

    def refuse(self, content_type: str) -> Response:
        """Count a refusal, and return its answer in the SOAP version that `content_type` names."""
        self._counter.inc()
        with self._lock:
            begins = self._refused == 0
            self._refused += 1
            self._last = time.monotonic()
        if begins:
            log.warning("overload_began")
            threading.Thread(target=self._log_end, name="overload", daemon=True).start()
        return self._responses[CONTENT_TYPES[version_hint(content_type)]]

    def _log_end(self) -> None:
        while True:
            with self._lock:
                left_s = self._last + self._calm_s - time.monotonic()
                if left_s <= 0:
                    refused, self._refused = self._refused, 0
                    break
            time.sleep(left_s)
        log.warning("overload_ended", refused=refused)
