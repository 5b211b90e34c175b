"""`vats1c probe`: run the conformance kit against a web service, this one or a real 1C's."""

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
    number: Annotated[
        str, typer.Option(help="Number to look up, preferably one that the service knows.")
    ] = "89235292926",
    key: Annotated[
        str,
        typer.Option(
            help="Key of the subscriber for IncomingCall; without it no IncomingCall is sent.", show_default=False
        ),
    ] = "",
    user: UserOption = USER,
    password: PasswordOption = PASSWORD,
    namespace: NamespaceOption = NAMESPACE,
    parameter: Annotated[
        Parameter | None,
        typer.Option(help="Check only the contract with this parameter of SayName; default: both.", show_default=False),
    ] = None,
    deadline: Annotated[float, typer.Option(min=1, help="Maximum duration of SayName, milliseconds.")] = 1000,
    timeout: TimeoutOption = 10,
    junit: Annotated[Path | None, typer.Option(help="Also write a JUnit report to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run the conformance kit against a web service. Exit code 0 when no check failed."""
    from vats1c.simulator import junit as report
    from vats1c.simulator.checks import CHECKS
    from vats1c.simulator.probe import Probe, ProbeTarget, passed
    from vats1c.soap.wsdl import read

    service = target(url, user, password, namespace=namespace, timeout=timeout)
    wsdl = {name.value: read(name.value) for name in Parameter}
    probe_target = ProbeTarget(service, number, wsdl, key, parameter.value if parameter else "", deadline / 1_000)
    if not as_json:
        typer.echo(str(service.address))
    try:
        results = Probe(probe_target).run(CHECKS, (lambda _result: None) if as_json else _print_result)
    except KeyboardInterrupt:
        raise typer.Exit(1) from None
    if junit is not None:
        try:
            junit.write_bytes(report.to_junit(results, str(service.address)))
        except OSError as error:
            stop(Message(f"{junit}: не пишется: {error.strerror}", f"{junit}: cannot be written: {error.strerror}"))
    if as_json:
        checks = [_result_json(result) for result in results]
        fields = {"url": str(service.address), "passed": passed(results), "checks": checks}
        typer.echo(json.dumps(fields, ensure_ascii=False, indent=2))
    else:
        typer.echo(str(_verdict(results)))
    if not passed(results):
        raise typer.Exit(1)


def _print_result(result: "CheckResult") -> None:
    from vats1c.simulator.probe import CheckOutcome

    words = {
        CheckOutcome.PASSED: (Message("да", "ok"), "green"),
        CheckOutcome.FAILED: (Message("НЕТ", "FAIL"), "red"),
        CheckOutcome.SKIPPED: (Message("-", "skip"), "yellow"),
    }
    word, colour = words[result.outcome]
    typer.echo(f"{typer.style(f'{word!s:<5}', fg=colour)} {result.code:<17} {result.title}")
    if result.outcome is CheckOutcome.FAILED:
        typer.echo(f"{'':<23} {Message('ожидалось', 'expected')}: {result.expected}")
        typer.echo(f"{'':<23} {Message('получено', 'found')}: {result.found}")
    elif result.reason is not None:
        typer.echo(f"{'':<23} {result.reason}")


def _result_json(result: "CheckResult") -> dict[str, Any]:
    from vats1c.simulator.load import ms

    return {
        "code": result.code,
        "says": str(result.title),
        "outcome": result.outcome.value,
        "expected": _text(result.expected),
        "found": _text(result.found),
        "reason": _text(result.reason),
        "ms": ms(result.seconds),
    }


def _text(message: Message | None) -> str | None:
    return None if message is None else str(message)


def _verdict(results: "list[CheckResult]") -> Message:
    outcomes = [result.outcome.value for result in results]
    passed_count, failed_count, skipped_count = (outcomes.count(outcome) for outcome in ("passed", "failed", "skipped"))
    return Message(
        f"проверок {len(outcomes)}: прошли {passed_count}, не прошли {failed_count}, пропущены {skipped_count}",
        f"{len(outcomes)} checks: {passed_count} passed, {failed_count} failed, {skipped_count} skipped",
    )
