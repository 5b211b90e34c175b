"""A WSGI application on vats1c's own server."""

from io import BytesIO

from vats1c.http import Response
from vats1c.server import ServerLimits
from vats1c.server import serve as serve_on_ours


class Served:
    """A WSGI application as vats1c's server wants it: every request is answered at once."""

    def __init__(self, application):
        self._application = application

    def admit(self, _request):
        """Have the body read."""
        return self

    def handle(self, request):
        """Answer."""
        environ = {
            "REQUEST_METHOD": request.method,
            "PATH_INFO": request.path,
            "QUERY_STRING": request.query,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "CONTENT_LENGTH": request.headers.get("content-length", ""),
            "HTTP_AUTHORIZATION": request.headers.get("authorization"),
            "wsgi.input": BytesIO(request.body),
        }
        said = []
        pieces = self._application(environ, lambda status, headers: said.extend([int(status[:3]), headers]))
        return Response(said[0], said[1], b"".join(pieces))

    def malformed(self, status, _path, _content_type):
        """Refuse."""
        return Response(status, [])

    def begin_shutdown(self):
        """Do nothing: no window is open."""


def serve(application, port):
    """Serve until SIGTERM or SIGINT."""
    serve_on_ours(Served(application), "127.0.0.1", port, ServerLimits(10, 10, 1_024))
