"""The conformance kit's runner: applies checks to a web service one after the other.

Rule: the code of a check never changes its meaning, because scripts use it; docs/probe.md lists all codes.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from lxml import etree

from vats1c.messages import Message
from vats1c.simulator import answers, requests
from vats1c.simulator.http_client import HttpReply, Sender, SendingError
from vats1c.simulator.pbx_client import Target

_MAX_SHOWN_CHARS = 1_000


class CheckOutcome(StrEnum):
    """The outcome of a check."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """The web service under test and the parameters of its checks.

    `service` is the service with its login. `number` is the caller's number to look up. `wsdl` maps each name of
    SayName's parameter to our WSDL. No IncomingCall is sent when `key` is "". `only` limits the checks to the contract
    with this parameter of SayName; "" means both contracts. `deadline` is the maximum duration of SayName, in seconds.
    """

    service: Target
    number: str
    wsdl: dict[str, str]
    key: str = ""
    only: str = ""
    deadline: float = 1.0


class FailedError(Exception):
    """A check failed: `expected` and `found` are messages for people."""

    def __init__(self, expected: Message, found: Message | str) -> None:
        super().__init__(str(found))
        self.expected = expected
        self.found = found if isinstance(found, Message) else Message(found, found)


class SkippedError(Exception):
    """A check cannot or must not be run; `message` gives the reason."""

    def __init__(self, ru: str, en: str) -> None:
        super().__init__(en)
        self.message = Message(ru, en)


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `run` returns the finding of a passed check, or raises FailedError or SkippedError.

    `needs` is the code of a check that must pass first: otherwise this check is skipped.
    """

    code: str
    title: Message
    run: Callable[["Probe"], Message | str]
    needs: str = ""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a check.

    `expected` is set when the check failed, `found` when it passed or failed, `reason` when it was skipped. `seconds`
    is the duration of the check.
    """

    code: str
    title: Message
    outcome: CheckOutcome
    expected: Message | None = None
    found: Message | None = None
    reason: Message | None = None
    seconds: float = 0.0


@dataclass
class Probe:
    """Runs checks against one web service. Answers that several checks need are requested once and cached."""

    target: ProbeTarget
    results: list[CheckResult] = field(default_factory=list)

    def run(
        self, checks: Sequence[Check], on_result: Callable[[CheckResult], None] = lambda _result: None
    ) -> list[CheckResult]:
        """Run `checks` and return their results in order; `on_result` gets each result as soon as it is known."""
        for check in checks:
            result = self._run_check(check)
            self.results.append(result)
            on_result(result)
        return self.results

    @cached_property
    def say_name_answer(self) -> HttpReply:
        """The answer to SayName spelled as in the vendor's example. Raises FailedError."""
        return self.ask(self.say_name())

    @cached_property
    def wsdl(self) -> etree._Element:
        """The root element of the published WSDL. Raises UnreadableError, FailedError."""
        answer = self.wsdl_answer
        return answers.parse(answers.decoded(answer.body, answer.content_type))

    @cached_property
    def wsdl_answer(self) -> HttpReply:
        """The answer to GET ?wsdl without the login or, when that gives 401, with the login. Raises FailedError."""
        answer = self._send(lambda sender: sender.get("wsdl", {"Accept": "*/*", "User-Agent": "vats1c"}))
        if answer.status == 401:  # noqa: PLR2004
            answer = self._send(lambda sender: sender.get("wsdl", self.target.service.headers()))
        return answer

    @property
    def parameter(self) -> str:
        """Name of SayName's parameter in the checks that are the same for both contracts."""
        return self.target.only or "number"

    def say_name(self, soap: str = "1.1", *, number: str | None = None, parameter: str = "") -> bytes:
        """Return the body of a SayName request for `number`, by default the number of this probe."""
        number = self.target.number if number is None else number
        return requests.say_name(number, soap, self.target.service.namespace, parameter or self.parameter)

    def ask(self, body: bytes, soap: str = "1.1", *, chunked: bool = False, **headers: str | None) -> HttpReply:
        """Return the answer to a POST of `body`.

        `headers` are added to the VATS's headers, with "_" in a name for "-" (`Cache_Control=…`); None removes the
        header. Raises FailedError when no answer comes.
        """
        service = self.target.service
        merged_headers: dict[str, str | None] = {**requests.headers(soap, service.user, service.password)}
        merged_headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        all_headers = {name: value for name, value in merged_headers.items() if value is not None}
        return self._send(lambda sender: sender.post(body, all_headers, chunked=chunked))

    def _send(self, send: Callable[[Sender], HttpReply]) -> HttpReply:
        """Call `send` with a new connection: the answer to a malformed request may leave a connection unusable."""
        try:
            return send(Sender(self.target.service.address, self.target.service.timeout))
        except SendingError as error:
            raise FailedError(Message("ответ HTTP", "an HTTP answer"), error.message) from error

    def _run_check(self, check: Check) -> CheckResult:
        started = time.perf_counter()

        def result(outcome: CheckOutcome, **messages: Message) -> CheckResult:
            return CheckResult(check.code, check.title, outcome, **messages, seconds=time.perf_counter() - started)

        unmet_code = next(
            (other.code for other in self.results if other.code == check.needs and other.outcome != "passed"), ""
        )
        if unmet_code:
            reason = Message(f"без {unmet_code} ничего не скажет", f"tells nothing without {unmet_code}")
            return result(CheckOutcome.SKIPPED, reason=reason)
        try:
            finding = check.run(self)
        except FailedError as error:
            return result(CheckOutcome.FAILED, expected=error.expected, found=self._safe(error.found))
        except SkippedError as error:
            return result(CheckOutcome.SKIPPED, reason=error.message)
        return result(
            CheckOutcome.PASSED,
            found=self._safe(finding if isinstance(finding, Message) else Message(finding, finding)),
        )

    def _safe(self, finding: Message) -> Message:
        """Return `finding` without the password and control characters."""
        secret = self.target.service.password
        return Message(*(answers.printable(text, secret, _MAX_SHOWN_CHARS) for text in (finding.ru, finding.en)))


def passed(results: Iterable[CheckResult]) -> bool:
    """Tell whether no check failed; skipped checks do not count as failed."""
    return all(result.outcome is not CheckOutcome.FAILED for result in results)
