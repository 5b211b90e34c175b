"""The pages around the exchange, on werkzeug: /, /healthz, /readyz, /metrics."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from vats1c import __version__
from vats1c.metrics import CONTENT_TYPE, Metrics

# What a part says of itself for /readyz: whether it can do its work, and details.
Check = Callable[[], tuple[bool, Mapping[str, Any]]]


class Site:
    """The pages as one WSGI application."""

    def __init__(
        self, publications: Iterable[str], checks: Mapping[str, Check], vital: Iterable[str], metrics: Metrics
    ) -> None:
        """Take the publications' names, by part the check that /readyz asks, and the parts that must be ready."""
        self._publications = tuple(publications)
        self._checks = dict(checks)
        self._vital = tuple(vital)
        self._metrics = metrics
        self._pages = Map(
            [
                Rule("/", endpoint=self.index, methods=["GET"]),
                Rule("/healthz", endpoint=self.alive, methods=["GET"]),
                Rule("/readyz", endpoint=self.ready, methods=["GET"]),
                Rule("/metrics", endpoint=self.metrics, methods=["GET"]),
            ]
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; errors are plain text."""
        try:
            page, arguments = self._pages.bind_to_environ(environ).match()
            response: Response = page(Request(environ), **arguments)
        except HTTPException as error:
            response = Response(f"{error.code} {error.name}\n", error.code, content_type="text/plain; charset=utf-8")
            if error.code == 405:  # noqa: PLR2004 - HTTP's own number
                response.headers["Allow"] = error.get_headers(environ)[1][1]
        return response(environ, start_response)

    def index(self, request: Request) -> Response:
        """Say what this is and where its web services are."""
        lines = [f"vats1c {__version__}", ""]
        for name in self._publications:
            address = f"{request.root_url}{name}/ws/VATS"
            lines += [f"SOAP:  {address}", f"WSDL:  {address}?wsdl"]
        return Response("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")

    def alive(self, request: Request) -> Response:  # noqa: ARG002 - a page takes its request
        """Tell that the process answers."""
        return Response("ok\n", content_type="text/plain; charset=utf-8")

    def ready(self, request: Request) -> Response:  # noqa: ARG002 - a page takes its request
        """Tell whether the service can do its work: 503 when a vital part cannot; degraded when any other cannot."""
        parts: dict[str, Any] = {}
        for part, check in self._checks.items():
            ready, details = check()
            parts[part] = {"ready": ready, **details}
        able = all(parts[part]["ready"] for part in self._vital)
        body = {"ready": able, "degraded": not all(part["ready"] for part in parts.values()), "parts": parts}
        return Response(
            json.dumps(body, ensure_ascii=False, indent=2) + "\n",
            200 if able else 503,
            content_type="application/json; charset=utf-8",
        )

    def metrics(self, request: Request) -> Response:  # noqa: ARG002 - a page takes its request
        """Give the figures to Prometheus."""
        return Response(self._metrics.text(), content_type=CONTENT_TYPE)
