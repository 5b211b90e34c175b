"""`vats1c wsdl`: the published description, for Designer and for code generators; and what another promises."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vats1c.cli.settings import stop
from vats1c.cli.target import PASSWORD, USER, PasswordOption, UserOption
from vats1c.messages import Message

if TYPE_CHECKING:
    from vats1c.simulator.wsdl_diff import Facts

app = typer.Typer(invoke_without_command=True, help="Print the WSDL, or compare two.")

_TIMEOUT_S = 10.0
_MAX_BYTES = 1 << 22
_MAX_SHOWN_CHARS = 2_000


@app.callback()
def wsdl(
    context: typer.Context,
    url: Annotated[
        str | None,
        typer.Option(help="Address of the service, such as https://vats.example.ru.", show_default=False),
    ] = None,
    parameter: Annotated[str, typer.Option(help="SayName's parameter: number or Number.")] = "number",
) -> None:
    """Print the WSDL."""
    if context.invoked_subcommand is not None:
        return
    from vats1c.soap import Wsdl

    if parameter not in ("number", "Number"):
        stop(Message("--parameter: number или Number", "--parameter: number or Number"))
    description = Wsdl("/telephony/ws/VATS", parameter, None, (), "localhost")
    typer.echo(description.document((url or "http://localhost").rstrip("/")).decode(), nl=False)


@app.command("diff")
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A file, or an address of a web service.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    user: UserOption = USER,
    password: PasswordOption = PASSWORD,
) -> None:
    """Print what two WSDLs promise differently. Exit code 0 when nothing."""
    from vats1c.simulator.answers import printable
    from vats1c.simulator.wsdl_diff import differences

    ours, theirs = (_facts(source, user, password) for source in (first, second))
    found = differences(ours, theirs)
    for one in found:
        sides = (printable(side or "-", most=_MAX_SHOWN_CHARS) for side in (one.first, one.second))
        typer.echo("{}\n  A: {}\n  B: {}".format(printable(one.what), *sides))
    if found:
        raise typer.Exit(1)
    typer.echo(str(Message("обещают одно и то же", "they promise the same")))


def _facts(source: str, user: str, password: str) -> "Facts":
    """Return what the WSDL of a file or a web service promises; ends the command where there is none."""
    from vats1c.simulator import answers, wsdl_diff

    try:
        body, content_type = _read(source, user, password)
        return wsdl_diff.facts(answers.parse(answers.decoded(body, content_type)))
    except answers.UnreadableError as error:
        stop(Message(f"{source}: {error.message.ru}", f"{source}: {error.message.en}"))
    except ValueError:
        stop(Message(f"{source}: не WSDL 1.1", f"{source}: not WSDL 1.1"))


def _read(source: str, user: str, password: str) -> tuple[bytes, str]:
    if not source.lower().startswith(("http://", "https://")):
        try:
            return Path(source).read_bytes(), ""
        except OSError as error:
            reason = error.strerror or type(error).__name__
            stop(Message(f"{source}: не читается: {reason}", f"{source}: cannot be read: {reason}"))
    from vats1c.simulator.address import address
    from vats1c.simulator.http_client import Sender, SendingError
    from vats1c.simulator.requests import headers

    try:
        to = address(source)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=source) from None
    try:
        for given in ({}, headers("1.1", user, password)):
            answer = Sender(to, _TIMEOUT_S, most_bytes=_MAX_BYTES).get("wsdl", given)
            if answer.status != 401:  # noqa: PLR2004
                break
    except SendingError as error:
        stop(error.message)
    if answer.status != 200:  # noqa: PLR2004
        stop(Message(f"{to}?wsdl: статус HTTP {answer.status}", f"{to}?wsdl: HTTP status {answer.status}"))
    return answer.body, answer.content_type
