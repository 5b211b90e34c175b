"""A client of a running service's HTTP API, for the command `vats1c wait-call` and for the pytest plugin.

Rule: only the standard library is imported, so that the plugin does not slow down a test suite that loads it.
"""

import base64
import json
import re
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

_ENDPOINT = re.compile(r"^(?P<root>.*)/(?P<publication>[^/]+)/ws/VATS(\.1cws)?/?$")
_TIMEOUT_S = 10.0


class ApiFailure(Exception):  # noqa: N818 - a public name
    """A failed request: `status` is the HTTP status, 0 if no answer came; `code` is the API's error code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Client:
    """The API of one service, with one tester's credentials. `publication` is named in the URL, "" if not."""

    def __init__(self, url: str, token: str = "", user: str = "", password: str = "", language: str = "en") -> None:
        """Take the URL of the service or of a publication's endpoint, and the credentials: token, or user and password.

        Raises ValueError for a URL that is not http(s).
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(url)
        endpoint = _ENDPOINT.match(parts.path)
        self.publication = endpoint["publication"] if endpoint else ""
        path = endpoint["root"] if endpoint else parts.path.rstrip("/")
        self.base = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
        self._headers = {"Accept-Language": language}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        elif user:
            self._headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def ask(self, method: str, path: str, data: dict[str, Any] | None = None, *, seconds: float = _TIMEOUT_S) -> Any:
        """Send a request to /api/v1/`path`, and return the JSON of the answer, None for an answer without a body.

        `data` is the query of a GET (values that are None are omitted), or the JSON body of another method; `seconds`
        is the timeout. An error answer with "differences" (409 of /api/v1/verify, for an unfulfilled expectation) is
        returned like a success. Raises ApiFailure for any other error.
        """
        __tracebackhide__ = True  # pytest then shows the test's own line, which is where the mistake is
        url, content = f"{self.base}/api/v1/{path}", None
        if data is not None and method == "GET":
            url += "?" + urlencode({name: value for name, value in data.items() if value is not None})
        elif data is not None:
            content = json.dumps(data).encode()
        request = urllib.request.Request(url, content, self._headers, method=method)  # noqa: S310 - __init__ checks that it is http(s)
        try:
            # Connect directly: the environment's proxy settings do not apply to the service under test.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(request, timeout=seconds) as response:
                return _read_json(response)
        except urllib.error.HTTPError as error:
            with error:
                answer = _read_json(error)
            if isinstance(answer, dict) and "differences" in answer:
                return answer
            details = answer.get("error", {}) if isinstance(answer, dict) else {}
            message = details.get("message", f"HTTP {error.code}")
            raise ApiFailure(error.code, details.get("code", ""), message) from None
        except (OSError, ValueError) as error:
            raise ApiFailure(0, "unreachable", str(getattr(error, "reason", error))) from error


def _read_json(response: Any) -> Any:
    content = response.read()
    try:
        return json.loads(content) if content else None
    except ValueError:
        return None
