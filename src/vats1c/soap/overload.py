"""What is said to requests that may not even wait for their turn.

Rule: refusing costs next to nothing: the sender's envelope is not read, the answer is made once, nothing is recorded.
"""

from wsgiref.types import WSGIEnvironment

from vats1c.messages import Language
from vats1c.metrics import Metrics
from vats1c.soap.fault import CONTENT_TYPES, SoapFault
from vats1c.soap.fault_responses import Headers, render
from vats1c.soap.parser import version_hint


class OverloadResponses:
    """The answers to requests that may not even wait; made once, so that refusing costs next to nothing."""

    def __init__(self, metrics: Metrics, language: Language) -> None:
        fault = SoapFault(
            "Server",
            "overload",
            "слишком много запросов сразу, повторите позже",
            "too many requests at once, try again later",
            status=503,
        )
        self._count = metrics.requests.labels("", "", fault.reason)
        self._spelled = {kind: render(fault, {"CONTENT_TYPE": kind}, language) for kind in CONTENT_TYPES.values()}

    def __call__(self, environ: WSGIEnvironment) -> tuple[int, Headers, bytes]:
        """Return status, headers and envelope in the SOAP version that the content type names."""
        self._count.inc()
        return self._spelled[CONTENT_TYPES[version_hint(environ.get("CONTENT_TYPE", ""))]]
