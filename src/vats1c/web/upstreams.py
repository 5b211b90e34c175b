"""The API of upstreams, the real 1Cs behind the service: their state, and how their answers differ from ours."""

from werkzeug.wrappers import Response

from vats1c.web.context import WebContext
from vats1c.web.request import ApiRequest, json_response


class UpstreamsApi:
    """The endpoints of upstreams."""

    def __init__(self, context: WebContext) -> None:
        self._context = context

    def list_upstreams(self, request: ApiRequest) -> Response:
        """Return the upstreams that the sender may see, each with its last differences."""
        publication = request.require_tester()
        limit = request.whole_number("limit", 100, 1, 1_000)
        upstreams = [
            view.upstream(limit)
            for name, view in list(self._context.views.items())
            if view.upstream is not None and publication in (None, name)
        ]
        return json_response({"upstreams": upstreams})
