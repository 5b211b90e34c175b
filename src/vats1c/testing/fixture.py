"""The object behind the fixture `vats1c`: a publication of the service for one test.

The test sets the names of callers and checks the calls that came. A failed expectation is an AssertionError that shows
the closest call and how it differs. A call is an answered exchange, as a dict of the API (docs/api.md).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from vats1c.api_client import ApiFailure, Client

# The service's limit for one wait, in seconds.
_MAX_WAIT_S = 30
# The maximum number of exchanges in one answer of the service.
_MAX_PAGE = 500
_USER, _PASSWORD = "SOAP", "123"


class Vats1cFixture:
    """A stand-in for 1C with its own publication, calls and faults.

    The parameters `number` (in any spelling), `key` and `op` ("SayName" or "IncomingCall") select calls; None matches
    any value. A timeout is at most 30 seconds. Every method raises ApiFailure when the service refuses a request or
    does not answer.
    """

    def __init__(self, client: Client) -> None:
        """Create a publication for the test. Raises ApiFailure."""
        self._client = client
        publication = client.ask("POST", "publications", {})
        self.name: str = publication["name"]
        self.url: str = publication["url"]
        self.wsdl_url: str = publication["wsdl"]
        self.user = _USER
        self.password = _PASSWORD
        self._cursor: int = publication["cursor"]

    def set_name(self, number: str, name: str, **caller: str) -> None:
        """Set the `name` of the caller at `number`; `caller` may hold company, category, manager and note."""
        callers = {"callers": [{"number": number, "name": name, **caller}]}
        self._client.ask("POST", f"publications/{self.name}/callers", callers)

    def calls(self, number: str | None = None, key: str | None = None, op: str | None = None) -> list[dict[str, Any]]:
        """Return all matching calls since the start of the test, oldest first."""
        query = {"op": op, "number": number, "key": key, "publication": self.name, "outcome": "ok", "limit": _MAX_PAGE}
        calls: list[dict[str, Any]] = []
        page_length, cursor = _MAX_PAGE, self._cursor
        while page_length == _MAX_PAGE:
            page = self._client.ask("GET", "exchanges", {**query, "after": cursor})
            page_length, cursor = len(page["exchanges"]), page["cursor"]
            calls += page["exchanges"]
        return calls

    def wait_for_call(
        self, number: str | None = None, key: str | None = None, op: str | None = None, timeout: float = 10
    ) -> dict[str, Any]:
        """Return the first matching call since the start of the test; wait up to `timeout` seconds when there is none.

        A call that came before this method was called counts, so a second wait for the same values returns the same
        call. Raises AssertionError when no matching call comes in time.
        """
        return self._verify({"number": number, "key": key, "op": op}, timeout, self._cursor)[0]

    def assert_no_calls(
        self, number: str | None = None, key: str | None = None, op: str | None = None, within: float = 0.5
    ) -> None:
        """Wait `within` seconds; raise AssertionError as soon as a matching call of this test, old or new, is found."""
        self._verify({"number": number, "key": key, "op": op, "times": 0}, within, self._cursor)

    @contextmanager
    def expect_call(
        self,
        number: str | None = None,
        key: str | None = None,
        op: str | None = None,
        times: int | dict[str, int] = 1,
        timeout: float = 10,
    ) -> Iterator[list[dict[str, Any]]]:
        """Expect that the block produces `times` matching calls; the yielded list holds them after the block.

        `times` is a count or a dict with "least" and "most". At the end of the block, wait up to `timeout` seconds for
        the calls. Raises AssertionError when there are too few or too many.
        """
        # Calls from before the block do not count.
        cursor = self._current_cursor()
        calls: list[dict[str, Any]] = []
        yield calls
        expected = {"number": number, "key": key, "op": op, "times": times}
        calls += self._verify(expected, 0.5 if times == 0 else timeout, cursor)

    def fault(self, fault: str, **options: Any) -> int:
        """Inject a fault into requests of this test, such as `fault("reset", next=1)`, and return the fault's id.

        The faults and their options are in docs/faults.md. The fault ends with the test. Raises ApiFailure.
        """
        __tracebackhide__ = True  # the traceback should end at the line of the test
        return int(self._client.ask("POST", "faults", {"publication": self.name, "fault": fault, **options})["id"])

    def end_faults(self) -> None:
        """End all faults of this test."""
        self._client.ask("DELETE", f"faults?publication={self.name}")

    def close(self) -> None:
        """Delete the publication."""
        try:
            self._client.ask("DELETE", f"publications/{self.name}")
        except ApiFailure as failure:
            # 404: the service has already deleted the publication because it was unused for too long.
            if failure.status != HTTPStatus.NOT_FOUND:
                raise

    def _current_cursor(self) -> int:
        response = self._client.ask("GET", "exchanges", {"publication": self.name, "after": "now"})
        return int(response["cursor"])

    def _verify(self, expected: dict[str, Any], seconds: float, after: int) -> list[dict[str, Any]]:
        """Return the expected calls after the cursor `after`; wait up to `seconds`. Raises AssertionError."""
        __tracebackhide__ = True  # the traceback should end at the line of the test
        fields = {name: value for name, value in expected.items() if value is not None}
        body = {**fields, "publication": self.name, "after": after, "within": seconds}
        response = self._client.ask("POST", "verify", body, seconds=_MAX_WAIT_S + 10)
        if "differences" in response:
            raise AssertionError(failure_message(response))
        return list(response["found"])


def failure_message(response: dict[str, Any]) -> str:
    """Return the text of a failed expectation for people; `response` is the JSON body of a 409 of /api/v1/verify."""
    lines = [response["error"]["message"]]
    closest = response["closest"]
    if closest is None:
        return f"{lines[0]}\nno call came at all"
    shown_fields = ("op", "number", "received", "key", "caller", "outcome", "at")
    lines.append(
        "closest: " + "  ".join(f"{name}={closest[name]}" for name in shown_fields if closest[name] is not None)
    )
    differences = response["differences"]
    lines += [f"  {item['field']}: expected {item['expected']}, found {item['found']}" for item in differences]
    return "\n".join(lines)
