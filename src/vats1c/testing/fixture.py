"""One test's own publication of the service: what it says of numbers, and what came.

A failed expectation is an AssertionError that shows the closest call and in what it is another.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from vats1c.api_client import ApiFailure, Client

# The longest that the service lets one wait, seconds.
_MAX_WAIT_S = 30
# The service lists at most this many exchanges at a time.
_MAX_PAGE = 500
_USER, _PASSWORD = "SOAP", "123"


class Vats1cFixture:
    """What the fixture `vats1c` gives. A wait is of 30 seconds at most; what goes wrong otherwise is an ApiFailure."""

    def __init__(self, client: Client) -> None:
        """Make a publication for the test. Raises ApiFailure."""
        self._client = client
        made = client.ask("POST", "publications", {})
        self.name: str = made["name"]
        self.url: str = made["url"]
        self.wsdl_url: str = made["wsdl"]
        self.user = _USER
        self.password = _PASSWORD
        self._cursor: int = made["cursor"]

    def set_name(self, number: str, name: str, **caller: str) -> None:
        """Have `number`, written in any way, be that of `name`; `caller` may have company, category, manager, note."""
        callers = {"callers": [{"number": number, "name": name, **caller}]}
        self._client.ask("POST", f"publications/{self.name}/callers", callers)

    def calls(self, number: str | None = None, key: str | None = None, op: str | None = None) -> list[dict[str, Any]]:
        """Return the answered exchanges of this test, oldest first, as the API gives them (docs/api.md)."""
        wanted = {"op": op, "number": number, "key": key, "publication": self.name, "outcome": "ok", "limit": _MAX_PAGE}
        found: list[dict[str, Any]] = []
        page, cursor = _MAX_PAGE, self._cursor
        while page == _MAX_PAGE:
            said = self._client.ask("GET", "exchanges", {**wanted, "after": cursor})
            page, cursor = len(said["exchanges"]), said["cursor"]
            found += said["exchanges"]
        return found

    def wait_for_call(
        self, number: str | None = None, key: str | None = None, op: str | None = None, timeout: float = 10
    ) -> dict[str, Any]:
        """Return the first such call of this test, waiting `timeout` seconds for it. Raises AssertionError."""
        return self._verified({"number": number, "key": key, "op": op}, timeout, self._cursor)[0]

    def assert_no_calls(
        self, number: str | None = None, key: str | None = None, op: str | None = None, within: float = 0.5
    ) -> None:
        """Wait `within` seconds and raise AssertionError if any such call came during them, or before in this test."""
        self._verified({"number": number, "key": key, "op": op, "times": 0}, within, self._cursor)

    @contextmanager
    def expect_call(
        self,
        number: str | None = None,
        key: str | None = None,
        op: str | None = None,
        times: int | dict[str, int] = 1,
        timeout: float = 10,
    ) -> Iterator[list[dict[str, Any]]]:
        """Expect that the block produces `times` matching calls; the yielded list holds them on exit.

        On exit the calls are waited for, at most `timeout` seconds. Raises AssertionError.
        """
        # Calls before the block do not count.
        cursor = self._now()
        found: list[dict[str, Any]] = []
        yield found
        wanted = {"number": number, "key": key, "op": op, "times": times}
        found += self._verified(wanted, 0.5 if times == 0 else timeout, cursor)

    def fault(self, fault: str, **given: Any) -> int:
        """Inject a fault into requests of this test, see docs/faults.md: `fault("reset", next=1)`; return its id.

        The fault ends with the test. Raises ApiFailure.
        """
        __tracebackhide__ = True  # the test's own line is what its reader looks for
        return int(self._client.ask("POST", "faults", {"publication": self.name, "fault": fault, **given})["id"])

    def end_faults(self) -> None:
        """End all faults."""
        self._client.ask("DELETE", f"faults?publication={self.name}")

    def close(self) -> None:
        """Remove the publication."""
        try:
            self._client.ask("DELETE", f"publications/{self.name}")
        except ApiFailure as failure:
            # An unused publication ends by itself after some time.
            if failure.status != HTTPStatus.NOT_FOUND:
                raise

    def _now(self) -> int:
        said = self._client.ask("GET", "exchanges", {"publication": self.name, "after": "now"})
        return int(said["cursor"])

    def _verified(self, wanted: dict[str, Any], seconds: float, after: int) -> list[dict[str, Any]]:
        __tracebackhide__ = True  # the test's own line is what its reader looks for
        given = {name: value for name, value in wanted.items() if value is not None}
        body = {**given, "publication": self.name, "after": after, "within": seconds}
        said = self._client.ask("POST", "verify", body, seconds=_MAX_WAIT_S + 10)
        if "differences" in said:
            raise AssertionError(failure_message(said))
        return list(said["found"])


def failure_message(said: dict[str, Any]) -> str:
    """Return what the service says of an expectation that failed, for people."""
    lines = [said["error"]["message"]]
    closest = said["closest"]
    if closest is None:
        return f"{lines[0]}\nno call came at all"
    shown = ("op", "number", "received", "key", "caller", "outcome", "at")
    lines.append("closest: " + "  ".join(f"{name}={closest[name]}" for name in shown if closest[name] is not None))
    lines += [f"  {one['field']}: expected {one['expected']}, found {one['found']}" for one in said["differences"]]
    return "\n".join(lines)
