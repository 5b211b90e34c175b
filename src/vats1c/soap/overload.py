"""Requests refused because the queue of their pool is full: counted, and logged when it begins and when it ends.

Rule: a refusal costs next to nothing: the answer is made once for each SOAP version, nothing is recorded.
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

# An overload is over when nothing was refused for so long.
_CALM_S = 5.0


class OverloadResponses:
    """Answers the requests that are refused."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, metrics: Metrics, language: Language, calm_s: float = _CALM_S) -> None:
        """Log the end of an overload `calm_s` after its last refusal."""
        fault = refusals.overload()
        self._counter = metrics.requests.labels("", "", fault.reason)
        self._responses = {kind: refusals.render(fault, kind, language) for kind in CONTENT_TYPES.values()}
        self._calm_s = calm_s
        self._lock = threading.Lock()
        # Both under the lock: refusals of the present overload, and when the last one was, time.monotonic().
        self._refused = 0
        self._last = 0.0

    def refuse(self, content_type: str) -> Response:
        """Return the refusal in the SOAP version that `content_type` names."""
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
