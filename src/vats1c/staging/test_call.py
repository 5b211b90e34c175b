"""Call a publication's endpoint from within, for the inspector's test call.

Rule: a test call goes the way of every request, but for the login, which an administrator need not know.
"""

from vats1c.http import Handler, Request, completed


def send_test_request(endpoint: Handler, path: str, body: bytes) -> int:
    """Return the HTTP status of the answer of `endpoint`, published at `path`, to `body`. Waits for it."""
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
