"""Ask a running service's API from outside: for the command that waits for a call, and for the pytest plugin.

Rule: the standard library alone: a test-suite that loads the plugin pays nothing for it.
"""

import base64
import json
import re
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

_ENDPOINT = re.compile(r"^(?P<below>.*)/(?P<publication>[^/]+)/ws/VATS(\.1cws)?/?$")
_TIMEOUT_S = 10.0


class ApiFailure(Exception):  # noqa: N818 - says the fact
    """What was asked could not be done: the HTTP status, 0 where no answer came; the API's code; a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Client:
    """One service, asked as one tester."""

    def __init__(self, url: str, token: str = "", user: str = "", password: str = "", language: str = "en") -> None:
        """Take the service's address, or that of a publication, and what to sign in with. Raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(url)
        found = _ENDPOINT.match(parts.path)
        self.publication = found["publication"] if found else ""
        path = found["below"] if found else parts.path.rstrip("/")
        self.base = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
        self._headers = {"Accept-Language": language}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        elif user:
            self._headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def ask(self, method: str, path: str, given: dict[str, Any] | None = None, *, seconds: float = _TIMEOUT_S) -> Any:
        """Return the JSON of an answer, None of one without a body; a 409 of verify is an answer, too.

        `path` is below /api/v1/; `given` is the query of a GET, without those that are None, and otherwise the body.
        Raises ApiFailure.
        """
        __tracebackhide__ = True  # of a test: what is wrong is what it asked for
        url, content = f"{self.base}/api/v1/{path}", None
        if given is not None and method == "GET":
            url += "?" + urlencode({name: value for name, value in given.items() if value is not None})
        elif given is not None:
            content = json.dumps(given).encode()
        request = urllib.request.Request(url, content, self._headers, method=method)  # noqa: S310 - http(s) alone, see above
        try:
            # The service is asked directly: a proxy of the environment is for others.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(request, timeout=seconds) as answer:
                return _read(answer)
        except urllib.error.HTTPError as error:
            with error:
                said = _read(error)
            if isinstance(said, dict) and "differences" in said:
                return said
            found = said.get("error", {}) if isinstance(said, dict) else {}
            raise ApiFailure(error.code, found.get("code", ""), found.get("message", f"HTTP {error.code}")) from None
        except (OSError, ValueError) as error:
            raise ApiFailure(0, "unreachable", str(getattr(error, "reason", error))) from error


def _read(answer: Any) -> Any:
    content = answer.read()
    try:
        return json.loads(content) if content else None
    except ValueError:
        return None
