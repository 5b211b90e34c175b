"""The API's description for programs (OpenAPI 3.1), kept by hand in openapi.json and tested against the addresses."""

from importlib.resources import files

from werkzeug.wrappers import Response

from vats1c.web.request import ApiRequest


class OpenApi:
    """The document."""

    def __init__(self) -> None:
        """Read the file once."""
        self._document = (files("vats1c.web") / "openapi.json").read_bytes()

    def document(self, asking: ApiRequest) -> Response:  # noqa: ARG002 - a page takes its request
        """Give it to anyone: it tells nothing of this service."""
        return Response(self._document, content_type="application/json; charset=utf-8")
