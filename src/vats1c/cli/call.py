"""`vats1c call`: play the VATS: ask who a number is and ring at subscribers, once or many times."""

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
    number: Annotated[str | None, typer.Option(help="Caller's number, sent as it is written.")] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="Key of a subscriber that it rings at; several for a group call.")
    ] = None,
    user: UserOption = USER,
    password: PasswordOption = PASSWORD,
    soap: SoapOption = Soap.V11,
    namespace: NamespaceOption = NAMESPACE,
    parameter: Annotated[Parameter, typer.Option(help="SayName's parameter.")] = Parameter.NAME,
    count: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many such calls.")] = 1,
    rate: Annotated[float, typer.Option(min=0.01, max=100_000, help="Most calls a second.")] = 10,
    connections: Annotated[int, typer.Option(min=1, max=256, help="Most connections at once.")] = 4,
    scenario: Annotated[Path | None, typer.Option(help="Play the calls of this file instead.")] = None,
    timeout: TimeoutOption = 10,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: a line for each request, or the summary.")
    ] = False,
) -> None:
    """Send what the VATS sends. Exit code 0 when every answer was right."""
    if (number is None) == (scenario is None):
        raise typer.BadParameter("--number | --scenario", param_hint="--number")
    where = target(url, user, password, soap=soap, namespace=namespace, parameter=parameter, timeout=timeout)
    if scenario is not None:
        steps = _steps(scenario)
        requests = sum(planned.requests for planned in steps)
        right = _played(where, steps, requests, connections, as_json=as_json)
    elif count > 1:
        from vats1c.simulator.load import at_rate

        keys = tuple(key or ())
        calls, requests = at_rate(number or "", keys, count, rate), count * (1 + len(keys))
        right = _played(where, calls, requests, min(connections, count), as_json=as_json, each=False)
    else:
        right = _placed(where, number or "", tuple(key or ()), as_json=as_json)
    if not right:
        raise typer.Exit(1)


def _steps(file: Path) -> "list[ScheduledCall]":
    from vats1c.simulator.scenario import ScenarioError, read

    try:
        return read(file)
    except ScenarioError as error:
        stop(error.message)


def _placed(where: "Target", number: str, keys: tuple[str, ...], *, as_json: bool) -> bool:
    """Place one call, and say what came of each request."""
    from vats1c.simulator.load import ScheduledCall, place
    from vats1c.simulator.pbx_client import PbxClient

    right = True
    try:
        for heard in place(PbxClient(where), ScheduledCall(0.0, number, keys)):
            _say(where, heard, as_json=as_json)
            right = right and heard.error is None
    except KeyboardInterrupt:
        return False
    return right


def _played(
    where: "Target",
    calls: "Iterable[ScheduledCall]",
    requests: int,
    connections: int,
    *,
    as_json: bool,
    each: bool = True,
) -> bool:
    """Play the calls; print the summary, also when stopped before the end.

    `each` answer is printed, or else a bar shows how far they are.
    """
    from vats1c.cli.progress import measured
    from vats1c.simulator.load import LoadRunner, Summary

    summary, ended = Summary(), False
    with measured(str(where.address), requests, hidden=each) as advance:

        def take(heard: "Reply") -> None:
            summary.add(heard)
            advance()
            if each:
                _say(where, heard, as_json=as_json)

        playing = LoadRunner(where, calls, connections, take)
        try:
            playing.play()
            ended = True
        except KeyboardInterrupt:
            playing.close()
    if as_json and not each:
        typer.echo(json.dumps(_figures(summary, ended=ended), ensure_ascii=False))
    elif not as_json:
        typer.echo("\n".join(_lines(summary)))
        if not ended:
            typer.echo(str(Message("остановлено", "stopped before the end")), err=True)
    return ended and summary.right


def _say(where: "Target", heard: "Reply", *, as_json: bool) -> None:
    if not as_json:
        typer.echo(format_reply(heard, where.password), err=heard.error is not None)
        return
    from vats1c.simulator.load import ms

    said: dict[str, Any] = {
        "operation": heard.operation,
        "number": heard.number,
        "key": heard.key,
        "outcome": heard.outcome,
        "status": heard.status,
        "returned": heard.returned,
        "name": heard.name,
        "category": heard.category,
        "manager": heard.manager,
        "ms": ms(heard.seconds),
        "error": str(heard.error) if heard.error else None,
    }
    typer.echo(json.dumps(said, ensure_ascii=False))


def _figures(summary: "Summary", *, ended: bool) -> dict[str, Any]:
    reasons = [{"error": sentence, "count": count} for sentence, count in summary.sentences()]
    return {"ended": ended, "right": summary.right, "operations": summary.figures(), "errors": reasons}


def _lines(summary: "Summary") -> list[str]:
    names = ("n", "ok", "faults", "errors", "min", "p50", "p90", "p99", "max", "rate")
    heading = ("n", "ok", "faults", "errors", "min ms", "p50 ms", "p90 ms", "p99 ms", "max ms", "1/s")
    rows = [(row["operation"], *(row[name] for name in names)) for row in summary.figures()]
    lines = [f"{name!s:<13}" + "".join(f"{cell!s:>9}" for cell in cells) for name, *cells in (("", *heading), *rows)]
    return [*lines, *(f"{count} × {sentence}" for sentence, count in summary.sentences())]
