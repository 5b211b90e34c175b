"""The site, built on werkzeug: health checks, metrics, pages and the API, and the routes to their endpoints."""

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from http import HTTPStatus
from typing import Any, TypeVar
from wsgiref.types import WSGIEnvironment

import structlog
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge, RequestTimeout
from werkzeug.routing import IntegerConverter, Map, Rule
from werkzeug.wrappers import Request, Response

from vats1c import __version__, http
from vats1c.database import DatabaseError
from vats1c.metrics import CONTENT_TYPE, Metrics
from vats1c.web.callers import CallersApi
from vats1c.web.calls import CallsApi
from vats1c.web.context import WebContext
from vats1c.web.environ import wsgi_environ
from vats1c.web.event_stream import HEADERS as STREAM_HEADERS
from vats1c.web.event_stream import EventStream
from vats1c.web.openapi import OpenApi
from vats1c.web.pages import Pages
from vats1c.web.request import ApiError, ApiRequest, error_response, http_error
from vats1c.web.upstreams import UpstreamsApi
from vats1c.worker_pool import QueueFullError, WorkerPool

log = structlog.get_logger("vats1c.web")

T = TypeVar("T")

_UNREADABLE = ApiError(503, "journal", "журнал не отвечает", "the journal does not answer")
_BODY_PROBLEMS = {
    http.BodyProblem.TOO_LARGE: RequestEntityTooLarge,
    http.BodyProblem.LATE: RequestTimeout,
    http.BodyProblem.TRUNCATED: BadRequest,
}
_SIGN_IN, _IMPORT = "/sign-in", "/api/v1/callers/import"
_MAX_FORM_BYTES = 4_096
_MAX_IMPORT_BYTES = 32 * 1024 * 1024
_INTERNAL = ApiError(500, "internal", "внутренняя ошибка сервиса", "internal error of the service")

# Checks the health of one part for /readyz: returns whether the part works, and details.
Check = Callable[[], tuple[bool, Mapping[str, Any]]]


class _Id(IntegerConverter):
    """An integer in a path, limited to 18 digits, because a longer integer may exceed the id type of the databases."""

    regex = r"\d{1,18}"


class Site:
    """The pages and the API as one `Handler`."""

    def __init__(
        self,
        publications: Iterable[str],
        checks: Mapping[str, Check],
        vital: Iterable[str],
        metrics: Metrics,
        context: WebContext,
        *,
        pool: WorkerPool,
        more_rules: Iterable[Rule] = (),
    ) -> None:
        """Serve the pages of `publications` (names) on threads of `pool`; `more_rules` are routes of other packages.

        `checks` are the health checks of /readyz by the name of the part. If a part named in `vital` fails its check,
        the service is not ready; if another part fails, the service is degraded.
        """
        self._publications = tuple(publications)
        self._checks = dict(checks)
        self._vital = tuple(vital)
        self._metrics = metrics
        self._pool = pool
        self._request_class = type("_ApiRequest", (ApiRequest,), {"context": context})
        self._callers = CallersApi(context)
        self._map = Map([*self._own_rules(), *_rules(context, self._callers), *more_rules], converters={"int": _Id})

    def _own_rules(self) -> list[Rule]:
        return [
            Rule("/", endpoint=self.index, methods=["GET"]),
            Rule("/healthz", endpoint=self.alive, methods=["GET"]),
            Rule("/readyz", endpoint=self.ready, methods=["GET"]),
            Rule("/metrics", endpoint=self.metrics, methods=["GET"]),
        ]

    def admit(self, request: http.Request) -> http.Admission:
        """Admit a request and limit the size of its body; the limit is high only for a user who may import callers."""
        if request.path == _IMPORT and request.method == "POST":
            return self._submit(self._admit_import, request)
        request.max_body_bytes = _MAX_FORM_BYTES if request.path == _SIGN_IN else http.DEFAULT_MAX_BODY_BYTES
        return self

    def handle(self, request: http.Request) -> http.Answer:
        """Answer a request on a worker thread, because pages read the database."""
        return self._submit(self._respond, request)

    def _submit(self, function: Callable[[http.Request], T], request: http.Request) -> "http.Response | Future[T]":
        try:
            return self._pool.submit(function, request)
        except QueueFullError:
            return http.Response(503, [("Content-Type", "text/plain; charset=utf-8"), ("Retry-After", "1")], b"busy\n")

    def _respond(self, request: http.Request) -> http.Response:
        return self._answer(request, self._page)

    def _admit_import(self, request: http.Request) -> http.Handler | http.Response:
        request.max_body_bytes = _MAX_IMPORT_BYTES
        response = self._answer(request, self._callers.require_editor)
        return self if response.status == HTTPStatus.NO_CONTENT else response

    def _page(self, api_request: ApiRequest) -> "Response | EventStream":
        if api_request.body_problem is not None:
            raise _BODY_PROBLEMS[api_request.body_problem]
        page, arguments = self._map.bind_to_environ(api_request.environ).match()
        response: Response | EventStream = page(api_request, **arguments)
        return response

    def _answer(self, request: http.Request, page: "Callable[[ApiRequest], Response | EventStream]") -> http.Response:
        """Return the response of `page`; convert an error into JSON for the API, into plain text for a page."""
        environ = wsgi_environ(request)
        api_request = self._request_class(environ)
        api_request.body_problem = request.body_problem
        for_programs = request.path.startswith(("/api/", "/card/"))
        try:
            response = page(api_request)
        except ApiError as error:
            response = error_response(error, api_request.language)
        except HTTPException as error:
            response = (
                error_response(http_error(error), api_request.language) if for_programs else _plain(error, environ)
            )
        except (DatabaseError, SQLAlchemyError) as error:
            log.warning("page_failed", path=request.path, error=type(error).__name__)
            response = error_response(_UNREADABLE, api_request.language)
        except Exception:  # a defect of ours: the client gets no traceback
            log.exception("page_failed", path=request.path)
            response = error_response(_INTERNAL, api_request.language)
        if isinstance(response, EventStream):
            return http.Response(200, STREAM_HEADERS, stream=response)
        pieces, _, headers = response.get_wsgi_response(environ)
        fields = [(name, value) for name, value in headers if name != "Content-Length"]
        try:
            return http.Response(response.status_code, fields, b"".join(pieces))
        finally:
            response.close()

    def index(self, request: Request) -> Response:
        """Return the name and version of the service, and the addresses of its web services, as plain text."""
        lines = [f"vats1c {__version__}", ""]
        for name in self._publications:
            address = f"{request.root_url}{name}/ws/VATS"
            lines += [f"SOAP:  {address}", f"WSDL:  {address}?wsdl"]
        return Response("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")

    def alive(self, request: Request) -> Response:  # noqa: ARG002 - every endpoint's signature
        """Return "ok": the process answers requests."""
        return Response("ok\n", content_type="text/plain; charset=utf-8")

    def ready(self, request: Request) -> Response:  # noqa: ARG002 - every endpoint's signature
        """Return the health of all parts as JSON, with the status 503 if a vital part does not work."""
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

    def metrics(self, request: Request) -> Response:  # noqa: ARG002 - every endpoint's signature
        """Return the metrics for Prometheus."""
        return Response(self._metrics.text(), content_type=CONTENT_TYPE)


def _rules(context: WebContext, callers: CallersApi) -> list[Rule]:
    """Return the routes of the pages and the API."""
    pages, calls = Pages(context), CallsApi(context)
    api = "/api/v1"

    return [
        Rule("/<any(card, directory):name>", endpoint=pages.page, methods=["GET"]),
        Rule("/calls", endpoint=pages.inspector, methods=["GET"]),
        Rule("/static/<path:name>", endpoint=pages.static, methods=["GET"]),
        Rule("/sign-in", endpoint=pages.sign_in, methods=["GET", "POST"]),
        Rule("/sign-in/<secret>", endpoint=pages.sign_in_by_link, methods=["GET"]),
        Rule("/sign-out", endpoint=pages.sign_out, methods=["POST"]),
        Rule("/language/<chosen>", endpoint=pages.language, methods=["GET"]),
        Rule("/card/events", endpoint=calls.stream, methods=["GET"]),
        Rule(f"{api}/openapi.json", endpoint=OpenApi().document, methods=["GET"]),
        Rule(f"{api}/me", endpoint=calls.me, methods=["GET"]),
        Rule(f"{api}/calls", endpoint=calls.list_calls, methods=["GET"]),
        Rule(f"{api}/calls/<int:call_id>", endpoint=calls.one, methods=["GET"]),
        Rule(f"{api}/calls/<int:call_id>/receipt", endpoint=calls.receipt, methods=["POST"]),
        Rule(f"{api}/calls/<int:call_id>/note", endpoint=calls.note, methods=["PUT"]),
        Rule(f"{api}/calls/<int:call_id>/callback", endpoint=calls.call_back, methods=["POST"]),
        Rule(f"{api}/upstream", endpoint=UpstreamsApi(context).list_upstreams, methods=["GET"]),
        Rule(f"{api}/unseen", endpoint=calls.unseen, methods=["GET"]),
        Rule(f"{api}/unknown", endpoint=calls.unknown, methods=["GET"]),
        Rule(f"{api}/callers", endpoint=callers.find, methods=["GET"]),
        Rule(f"{api}/callers", endpoint=callers.add, methods=["POST"]),
        Rule(f"{api}/callers/<int:caller_id>", endpoint=callers.change, methods=["PUT"]),
        Rule(f"{api}/callers/<int:caller_id>", endpoint=callers.remove, methods=["DELETE"]),
        Rule(f"{api}/callers/<int:caller_id>/numbers", endpoint=callers.attach, methods=["POST"]),
        Rule(f"{api}/callers/import", endpoint=callers.import_, methods=["POST"]),
        Rule(f"{api}/callers/import/<int:import_id>/undo", endpoint=callers.undo, methods=["POST"]),
    ]


def _plain(error: HTTPException, environ: WSGIEnvironment) -> Response:
    response = Response(f"{error.code} {error.name}\n", error.code, content_type="text/plain; charset=utf-8")
    if error.code == 405:  # noqa: PLR2004 - an HTTP status
        response.headers["Allow"] = error.get_headers(environ)[1][1]
    return response
