"""`vats1c probe`: the conformance kit: does a web service, ours or a real 1C's, do what the VATS needs?"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vats1c.cli.settings import stop
from vats1c.cli.target import (
    NAMESPACE,
    PASSWORD,
    USER,
    NamespaceOption,
    Parameter,
    PasswordOption,
    TimeoutOption,
    UrlArgument,
    UserOption,
    target,
)
from vats1c.messages import Message

if TYPE_CHECKING:
    from vats1c.simulator.probe import CheckResult


def probe(
    url: UrlArgument,
    number: Annotated[str, typer.Option(help="Number to ask about.")] = "89235292926",
    key: Annotated[
        str, typer.Option(help="Key to ring at; without it no IncomingCall is sent.", show_default=False)
    ] = "",
    user: UserOption = USER,
    password: PasswordOption = PASSWORD,
    namespace: NamespaceOption = NAMESPACE,
    parameter: Annotated[
        Parameter | None, typer.Option(help="The one contract that is meant; both when not given.", show_default=False)
    ] = None,
    deadline: Annotated[float, typer.Option(min=1, help="Milliseconds that SayName may take.")] = 1000,
    timeout: TimeoutOption = 10,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit report to this file, too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Put a web service through the conformance kit. Exit code 0 when no check failed."""
    from vats1c.simulator import junit as report
    from vats1c.simulator.checks import CHECKS
    from vats1c.simulator.probe import Probe, ProbeTarget, passed
    from vats1c.soap.wsdl import read

    where = target(url, user, password, namespace=namespace, timeout=timeout)
    ours = {one.value: read(one.value) for one in Parameter}
    asking = ProbeTarget(where, number, ours, key, parameter.value if parameter else "", deadline / 1_000)
    if not as_json:
        typer.echo(str(where.address))
    try:
        findings = Probe(asking).run(CHECKS, (lambda _finding: None) if as_json else _show)
    except KeyboardInterrupt:
        raise typer.Exit(1) from None
    if junit is not None:
        try:
            junit.write_bytes(report.to_junit(findings, str(where.address)))
        except OSError as error:
            stop(Message(f"{junit}: не пишется: {error.strerror}", f"{junit}: cannot be written: {error.strerror}"))
    if as_json:
        said = {"url": str(where.address), "passed": passed(findings), "checks": [_described(one) for one in findings]}
        typer.echo(json.dumps(said, ensure_ascii=False, indent=2))
    else:
        typer.echo(str(_verdict(findings)))
    if not passed(findings):
        raise typer.Exit(1)


def _show(finding: "CheckResult") -> None:
    from vats1c.simulator.probe import CheckOutcome

    words = {
        CheckOutcome.PASSED: (Message("да", "ok"), "green"),
        CheckOutcome.FAILED: (Message("НЕТ", "FAIL"), "red"),
        CheckOutcome.SKIPPED: (Message("-", "skip"), "yellow"),
    }
    word, colour = words[finding.outcome]
    typer.echo(f"{typer.style(f'{word!s:<5}', fg=colour)} {finding.code:<17} {finding.title}")
    if finding.outcome is CheckOutcome.FAILED:
        typer.echo(f"{'':<23} {Message('ожидалось', 'expected')}: {finding.expected}")
        typer.echo(f"{'':<23} {Message('получено', 'found')}: {finding.found}")
    elif finding.reason is not None:
        typer.echo(f"{'':<23} {finding.reason}")


def _described(finding: "CheckResult") -> dict[str, Any]:
    from vats1c.simulator.load import ms

    return {
        "code": finding.code,
        "says": str(finding.title),
        "outcome": finding.outcome.value,
        "expected": _text(finding.expected),
        "found": _text(finding.found),
        "reason": _text(finding.reason),
        "ms": ms(finding.seconds),
    }


def _text(message: Message | None) -> str | None:
    return None if message is None else str(message)


def _verdict(findings: "list[CheckResult]") -> Message:
    outcomes = [finding.outcome.value for finding in findings]
    good, bad, left = (outcomes.count(one) for one in ("passed", "failed", "skipped"))
    return Message(
        f"проверок {len(outcomes)}: прошли {good}, не прошли {bad}, пропущены {left}",
        f"{len(outcomes)} checks: {good} passed, {bad} failed, {left} skipped",
    )
