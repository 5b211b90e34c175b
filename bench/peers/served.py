"""What the Python peers share: the callers, the login, and the server, so that only the SOAP differs.

They run on granian; with a third argument "ours" on vats1c's own server.
"""

import base64
import csv
import sys
from pathlib import Path

LOGIN = "Basic " + base64.b64encode(b"SOAP:123").decode()


def callers():
    """Return number as it is asked for → name, from the file that every peer reads."""
    with Path(sys.argv[2]).open(encoding="utf-8", newline="") as file:
        return {row["number"]: row["name"] for row in csv.DictReader(file)}


def with_login(application):
    """Return `application` for those who have the login."""

    def checked(environ, start_response):
        if environ.get("HTTP_AUTHORIZATION") != LOGIN:
            start_response("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="peer"')])
            return [b""]
        return application(environ, start_response)

    return checked


def run(application):
    """Serve until stopped."""
    if sys.argv[3:] == ["ours"]:
        from on_ours import serve
    else:
        from on_granian import serve
    serve(with_login(application), int(sys.argv[1]))
