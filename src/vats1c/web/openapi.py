"""Serves the OpenAPI 3.1 description of the API: openapi.json, written by hand; a test compares it with the routes."""

from importlib.resources import files

from werkzeug.wrappers import Response

from vats1c.web.request import ApiRequest


class OpenApi:
    """The endpoint of the OpenAPI document."""

    def __init__(self) -> None:
        """Read the file once."""
        self._document = (files("vats1c.web") / "openapi.json").read_bytes()

    def document(self, request: ApiRequest) -> Response:  # noqa: ARG002 - every endpoint's signature
        """Return the document. No sign-in: it contains nothing about this installation."""
        return Response(self._document, content_type="application/json; charset=utf-8")
