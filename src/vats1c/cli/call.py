"""`vats1c call`: send SayName and IncomingCall as the VATS does, once or many times."""

import json
from collections.abc import Iterable
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
    Soap,
    SoapOption,
    TimeoutOption,
    UrlArgument,
    UserOption,
    format_reply,
    target,
)
from vats1c.messages import Message

if TYPE_CHECKING:
    from vats1c.simulator.load import ScheduledCall, Summary
    from vats1c.simulator.pbx_client import Reply, Target


def call(
    url: UrlArgument,
    number: Annotated[str | None, typer.Option(help="Caller's number, sent unchanged.")] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="Key of the subscriber whose phone rings; several for a group call.")
    ] = None,
    user: UserOption = USER,
    password: PasswordOption = PASSWORD,
    soap: SoapOption = Soap.V11,
    namespace: NamespaceOption = NAMESPACE,
    parameter: Annotated[
        Parameter, typer.Option(help="SayName's parameter: number, or Number for the later contract.")
    ] = Parameter.NAME,
    count: Annotated[int, typer.Option(min=1, max=1_000_000, help="Number of calls.")] = 1,
    rate: Annotated[float, typer.Option(min=0.01, max=100_000, help="Maximum calls per second.")] = 10,
    connections: Annotated[int, typer.Option(min=1, max=256, help="Maximum concurrent connections.")] = 4,
    scenario: Annotated[Path | None, typer.Option(help="TOML file of calls to send instead of --number.")] = None,
    timeout: TimeoutOption = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: one line per request, or the summary.")] = False,
) -> None:
    """Send SayName and IncomingCall as the VATS does. Exit code 0 when every answer was correct."""
    if (number is None) == (scenario is None):
        raise typer.BadParameter("--number | --scenario", param_hint="--number")
    service = target(url, user, password, soap=soap, namespace=namespace, parameter=parameter, timeout=timeout)
    if scenario is not None:
        steps = _steps(scenario)
        requests = sum(step.requests for step in steps)
        right = _run_load(service, steps, requests, connections, as_json=as_json)
    elif count > 1:
        from vats1c.simulator.load import at_rate

        keys = tuple(key or ())
        calls, requests = at_rate(number or "", keys, count, rate), count * (1 + len(keys))
        right = _run_load(service, calls, requests, min(connections, count), as_json=as_json, each=False)
    else:
        right = _place_one(service, number or "", tuple(key or ()), as_json=as_json)
    if not right:
        raise typer.Exit(1)


def _steps(file: Path) -> "list[ScheduledCall]":
    from vats1c.simulator.scenario import ScenarioError, read

    try:
        return read(file)
    except ScenarioError as error:
        stop(error.message)


def _place_one(service: "Target", number: str, keys: tuple[str, ...], *, as_json: bool) -> bool:
    """Send the requests of one call and print each reply; return whether all replies were right."""
    from vats1c.simulator.load import ScheduledCall, place
    from vats1c.simulator.pbx_client import PbxClient

    right = True
    try:
        for reply in place(PbxClient(service), ScheduledCall(0.0, number, keys)):
            _print_reply(service, reply, as_json=as_json)
            right = right and reply.error is None
    except KeyboardInterrupt:
        return False
    return right


def _run_load(
    service: "Target",
    calls: "Iterable[ScheduledCall]",
    requests: int,
    connections: int,
    *,
    as_json: bool,
    each: bool = True,
) -> bool:
    """Send the calls and print the summary, also after Ctrl+C.

    `requests` is the number of requests, for the progress bar. When `each` is set, every reply is printed and there is
    no progress bar. Return whether all calls were sent and all replies were right.
    """
    from vats1c.cli.progress import measured
    from vats1c.simulator.load import LoadRunner, Summary

    summary, is_complete = Summary(), False
    with measured(str(service.address), requests, hidden=each) as advance:

        def on_reply(reply: "Reply") -> None:
            summary.add(reply)
            advance()
            if each:
                _print_reply(service, reply, as_json=as_json)

        runner = LoadRunner(service, calls, connections, on_reply)
        try:
            runner.play()
            is_complete = True
        except KeyboardInterrupt:
            runner.close()
    if as_json and not each:
        typer.echo(json.dumps(_summary_json(summary, is_complete=is_complete), ensure_ascii=False))
    elif not as_json:
        typer.echo("\n".join(_summary_lines(summary)))
        if not is_complete:
            typer.echo(str(Message("остановлено", "stopped before the end")), err=True)
    return is_complete and summary.right


def _print_reply(service: "Target", reply: "Reply", *, as_json: bool) -> None:
    if not as_json:
        typer.echo(format_reply(reply, service.password), err=reply.error is not None)
        return
    from vats1c.simulator.load import ms

    fields: dict[str, Any] = {
        "operation": reply.operation,
        "number": reply.number,
        "key": reply.key,
        "outcome": reply.outcome,
        "status": reply.status,
        "returned": reply.returned,
        "name": reply.name,
        "category": reply.category,
        "manager": reply.manager,
        "ms": ms(reply.seconds),
        "error": str(reply.error) if reply.error else None,
    }
    typer.echo(json.dumps(fields, ensure_ascii=False))


def _summary_json(summary: "Summary", *, is_complete: bool) -> dict[str, Any]:
    reasons = [{"error": sentence, "count": count} for sentence, count in summary.sentences()]
    return {"ended": is_complete, "right": summary.right, "operations": summary.figures(), "errors": reasons}


def _summary_lines(summary: "Summary") -> list[str]:
    names = ("n", "ok", "faults", "errors", "min", "p50", "p90", "p99", "max", "rate")
    heading = ("n", "ok", "faults", "errors", "min ms", "p50 ms", "p90 ms", "p99 ms", "max ms", "1/s")
    rows = [(row["operation"], *(row[name] for name in names)) for row in summary.figures()]
    lines = [f"{name!s:<13}" + "".join(f"{cell!s:>9}" for cell in cells) for name, *cells in (("", *heading), *rows)]
    return [*lines, *(f"{count} × {sentence}" for sentence, count in summary.sentences())]
