"""The API of the real 1Cs behind the service: how each is, and where its answers differ from ours."""

from werkzeug.wrappers import Response

from vats1c.web.asking import Asking, answered
from vats1c.web.office import Parts


class Upstreams:
    """The real 1Cs as the API gives them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def listed(self, asking: Asking) -> Response:
        """Give the real 1C of the asker's publication, or of all, with the last differences."""
        mine = asking.tester()
        limit = asking.number_of("limit", 100, 1, 1_000)
        found = [
            office.upstream(limit)
            for name, office in list(self._parts.offices.items())
            if office.upstream is not None and mine in (None, name)
        ]
        return answered({"upstreams": found})
