"""Ask a publication's endpoint from within, for the inspector's test call.

Rule: the same way as any request goes but for the login, which whoever may ask for a test call need not know.
"""

import io
from wsgiref.types import WSGIApplication

from vats1c.soap.endpoint import TRUSTED


def send_test_request(endpoint: WSGIApplication, path: str, body: bytes) -> int:
    """Return the HTTP status of what `endpoint`, published at `path`, answers to `body`."""
    said: list[str] = []

    def start_response(status: str, headers: object, exc_info: object = None) -> None:  # noqa: ARG001 - WSGI's own
        said[:] = [status]

    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "0",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "text/xml",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CACHE_CONTROL": "no-cache",
        "HTTP_USER_AGENT": "vats1c test call",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        TRUSTED: True,
    }
    answer = endpoint(environ, start_response)  # type: ignore[arg-type]
    b"".join(answer)
    return int(said[0][:3])
