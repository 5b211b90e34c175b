"""A WSGI application on vats1c's own server."""

from io import BytesIO

from vats1c.http import Response
from vats1c.server import ServerLimits
from vats1c.server import serve as serve_on_ours


class Served:
    """A WSGI application as vats1c's server wants it: every request is answered at once."""

    def __init__(self, application, login):
        self._application = application
        self._login = login

    def admit(self, request):
        """Have the body read of those who have the login."""
        if request.headers.get("authorization") != self._login:
            return Response(401, [("WWW-Authenticate", 'Basic realm="peer"')])
        return self

    def handle(self, request):
        """Answer."""
        if request.body_problem is not None:
            return Response(400, [], b"incomplete")
        environ = {
            "REQUEST_METHOD": request.method,
            "PATH_INFO": request.path,
            "QUERY_STRING": request.query,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "CONTENT_LENGTH": request.headers.get("content-length", ""),
            "wsgi.input": BytesIO(request.body),
        }
        said = []
        pieces = self._application(environ, lambda status, headers: said.extend([int(status[:3]), headers]))
        # The server adds the length itself.
        headers = [(name, value) for name, value in said[1] if name != "Content-Length"]
        return Response(said[0], headers, b"".join(pieces))

    def malformed(self, status, _path, _content_type):
        """Refuse."""
        return Response(status, [], b"malformed")

    def begin_shutdown(self):
        """Do nothing: no window is open."""


def serve(application, port, login):
    """Serve those who have the `login` (the Authorization header) until SIGTERM or SIGINT."""
    serve_on_ours(Served(application, login), "127.0.0.1", port, ServerLimits(10, 10, 1_024))
