"""Convert a request to WSGI variables (PEP 3333), for werkzeug."""

import sys
from io import BytesIO
from wsgiref.types import WSGIEnvironment

from vats1c.http import Request

_CGI = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


def wsgi_environ(request: Request) -> WSGIEnvironment:
    """Return the WSGI variables of `request`; REMOTE_ADDR is its sender, HTTP_HOST the host that proxies report."""
    environ: WSGIEnvironment = {
        # Treat HEAD as GET: the server needs the body for the Content-Length, and does not send it.
        "REQUEST_METHOD": "GET" if request.method == "HEAD" else request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": f"HTTP/{request.http_version}",
        "REMOTE_ADDR": request.sender,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        environ[_CGI.get(name) or "HTTP_" + name.upper().replace("-", "_")] = value
    if request.host:
        environ["HTTP_HOST"] = request.host
    environ["CONTENT_LENGTH"] = str(len(request.body))
    return environ
