"""Put a web service through the conformance kit: one check after the other, each with a code of its own.

Rule: a code never changes its meaning; docs/probe.md lists them all.
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
    """What came of a check."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """What is put through the kit, and how: `deadline` is in seconds; `key` "" sends no IncomingCall.

    `only` is SayName's parameter where one of the contracts alone is meant, else "". `wsdl` holds ours by parameter.
    """

    line: Target
    number: str
    wsdl: dict[str, str]
    key: str = ""
    only: str = ""
    deadline: float = 1.0


class FailedError(Exception):
    """A check did not pass: what was expected, what was found."""

    def __init__(self, expected: Message, found: Message | str) -> None:
        super().__init__(str(found))
        self.expected = expected
        self.found = found if isinstance(found, Message) else Message(found, found)


class SkippedError(Exception):
    """A check could not or should not be made."""

    def __init__(self, ru: str, en: str) -> None:
        super().__init__(en)
        self.message = Message(ru, en)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked at. `run` returns what was found, or raises FailedError or SkippedError.

    `needs` is the code of a check without which this one tells nothing.
    """

    code: str
    title: Message
    run: Callable[["Probe"], Message | str]
    needs: str = ""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What came of a check; `reason` says why it was skipped. `seconds` is how long it took."""

    code: str
    title: Message
    outcome: CheckOutcome
    expected: Message | None = None
    found: Message | None = None
    reason: Message | None = None
    seconds: float = 0.0


@dataclass
class Probe:
    """One web service under the kit. What several checks look at is asked once."""

    asking: ProbeTarget
    findings: list[CheckResult] = field(default_factory=list)

    def run(
        self, checks: Sequence[Check], told: Callable[[CheckResult], None] = lambda _finding: None
    ) -> list[CheckResult]:
        """Return what came of each check, in their order; `told` gets each as it comes."""
        for check in checks:
            finding = self._made(check)
            self.findings.append(finding)
            told(finding)
        return self.findings

    @cached_property
    def named(self) -> HttpReply:
        """The answer to the plain SayName, as the vendor sends it. Raises FailedError."""
        return self.ask(self.say_name())

    @cached_property
    def wsdl(self) -> etree._Element:
        """The root of the published WSDL. Raises UnreadableError, FailedError."""
        answer = self.described
        return answers.parse(answers.decoded(answer.body, answer.content_type))

    @cached_property
    def described(self) -> HttpReply:
        """The answer to GET ?wsdl, with the login where it is asked for. Raises FailedError."""
        answer = self._sent(lambda sender: sender.get("wsdl", {"Accept": "*/*", "User-Agent": "vats1c"}))
        if answer.status == 401:  # noqa: PLR2004
            answer = self._sent(lambda sender: sender.get("wsdl", self.asking.line.headers()))
        return answer

    @property
    def parameter(self) -> str:
        """SayName's parameter wherever either would do."""
        return self.asking.only or "number"

    def say_name(self, soap: str = "1.1", *, number: str | None = None, parameter: str = "") -> bytes:
        """Return a SayName for the number of this probe, or another."""
        given = self.asking.number if number is None else number
        return requests.say_name(given, soap, self.asking.line.namespace, parameter or self.parameter)

    def ask(self, body: bytes, soap: str = "1.1", *, chunked: bool = False, **headers: str | None) -> HttpReply:
        """Return the answer to `body`; `headers` are added to the VATS's, one of None is left out (Soap_Action=…).

        Raises FailedError when none comes.
        """
        line = self.asking.line
        given: dict[str, str | None] = {**requests.headers(soap, line.user, line.password)}
        given.update({name.replace("_", "-"): value for name, value in headers.items()})
        sent = {name: value for name, value in given.items() if value is not None}
        return self._sent(lambda sender: sender.post(body, sent, chunked=chunked))

    def _sent(self, send: Callable[[Sender], HttpReply]) -> HttpReply:
        """A connection for each: an answer to what is broken may leave one in no good state."""
        try:
            return send(Sender(self.asking.line.to, self.asking.line.timeout))
        except SendingError as error:
            raise FailedError(Message("ответ HTTP", "an HTTP answer"), error.message) from error

    def _made(self, check: Check) -> CheckResult:
        begun = time.perf_counter()

        def finding(outcome: CheckOutcome, **said: Message) -> CheckResult:
            return CheckResult(check.code, check.title, outcome, **said, seconds=time.perf_counter() - begun)

        missing = next((one.code for one in self.findings if one.code == check.needs and one.outcome != "passed"), "")
        if missing:
            reason = Message(f"без {missing} ничего не скажет", f"tells nothing without {missing}")
            return finding(CheckOutcome.SKIPPED, reason=reason)
        try:
            found = check.run(self)
        except FailedError as error:
            return finding(CheckOutcome.FAILED, expected=error.expected, found=self._safe(error.found))
        except SkippedError as error:
            return finding(CheckOutcome.SKIPPED, reason=error.message)
        return finding(
            CheckOutcome.PASSED, found=self._safe(found if isinstance(found, Message) else Message(found, found))
        )

    def _safe(self, found: Message) -> Message:
        secret = self.asking.line.password
        return Message(*(answers.printable(text, secret, _MAX_SHOWN_CHARS) for text in (found.ru, found.en)))


def passed(findings: Iterable[CheckResult]) -> bool:
    """Tell whether no check failed."""
    return all(finding.outcome is not CheckOutcome.FAILED for finding in findings)
