"""What the Python peers share: the callers, the login, and vats1c's own server, so that only the SOAP differs."""

import base64
import csv
import sys
from pathlib import Path

from vats1c.server import ServerLimits, serve

LOGIN = "Basic " + base64.b64encode(b"SOAP:123").decode()


def callers():
    """Return number as it is asked for → name, from the file that every peer reads."""
    with Path(sys.argv[2]).open(encoding="utf-8", newline="") as file:
        return {row["number"]: row["name"] for row in csv.DictReader(file)}


class Served:
    """A WSGI application as vats1c's server wants it."""

    def __init__(self, application):
        self._application = application

    def __call__(self, environ, start_response):
        if environ.get("HTTP_AUTHORIZATION") != LOGIN:
            start_response("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="peer"')])
            return [b""]
        return self._application(environ, start_response)

    def timeout_response(self, _environ):
        """Answer a body that came too late."""
        return 408, [], b""

    def may_queue(self, environ):
        """Have whoever may ask wait in line, as vats1c does."""
        return environ.get("HTTP_AUTHORIZATION") == LOGIN

    def is_nonblocking(self, _environ, _body):
        """Answer at once, as vats1c does what it has in memory."""
        return True

    def submit(self, _environ, _body, _send):
        """Take nothing to be answered later."""
        return False

    def overload_response(self, _environ):
        """Refuse what cannot wait."""
        return 503, [], b""

    def begin_shutdown(self):
        """Do nothing: no window is open."""


def run(application):
    """Serve until stopped."""
    serve(Served(application), "127.0.0.1", int(sys.argv[1]), ServerLimits(10, 10, 1_024, 0, 128))
