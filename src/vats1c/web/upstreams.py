"""The API of the real 1Cs behind the service: how each is, and where its answers differ from ours."""

from werkzeug.wrappers import Response

from vats1c.web.context import WebContext
from vats1c.web.request import ApiRequest, json_response


class UpstreamsApi:
    """The real 1Cs as the API gives them."""

    def __init__(self, parts: WebContext) -> None:
        self._parts = parts

    def list_upstreams(self, asking: ApiRequest) -> Response:
        """Give the real 1C of the asker's publication, or of all, with the last differences."""
        mine = asking.require_tester()
        limit = asking.whole_number("limit", 100, 1, 1_000)
        found = [
            office.upstream(limit)
            for name, office in list(self._parts.views.items())
            if office.upstream is not None and mine in (None, name)
        ]
        return json_response({"upstreams": found})
