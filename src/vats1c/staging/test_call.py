"""Call a publication's endpoint inside the process, for the inspector's test call.

Rule: a test call is handled like any other request, except that it needs no login, which an administrator may not know.
"""

from vats1c.http import Handler, Request, completed


def send_test_request(endpoint: Handler, path: str, body: bytes) -> int:
    """Send `body` to `endpoint`, whose path is `path`; wait for the answer, and return its HTTP status."""
    request = Request(
        "POST",
        path,
        "",
        {"content-type": "text/xml", "cache-control": "no-cache", "user-agent": "vats1c test call"},
        "127.0.0.1",
        host="localhost",
        body=body,
        is_test_call=True,
    )
    return completed(endpoint.handle(request)).status
