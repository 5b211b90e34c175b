"""`vats1c wsdl`: print the published WSDL for 1C's Designer and code generators, or compare two WSDLs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vats1c.cli.settings import stop
from vats1c.cli.target import PASSWORD, USER, PasswordOption, UserOption
from vats1c.messages import Message

if TYPE_CHECKING:
    from vats1c.simulator.wsdl_diff import Facts

app = typer.Typer(invoke_without_command=True, help="Print the WSDL, or compare two WSDLs.")

_TIMEOUT_S = 10.0
_MAX_BYTES = 1 << 22
_MAX_SHOWN_CHARS = 2_000


@app.callback()
def wsdl(
    context: typer.Context,
    url: Annotated[
        str | None,
        typer.Option(
            help="Address of the service, such as https://vats.example.ru; default: http://localhost.",
            show_default=False,
        ),
    ] = None,
    parameter: Annotated[str, typer.Option(help="SayName's parameter: number or Number.")] = "number",
) -> None:
    """Print the WSDL, for 1C's Designer and for code generators."""
    if context.invoked_subcommand is not None:
        return
    from vats1c.soap import Wsdl

    if parameter not in ("number", "Number"):
        stop(Message("--parameter: number или Number", "--parameter: number or Number"))
    published = Wsdl("/telephony/ws/VATS", parameter, None, (), "localhost")
    typer.echo(published.document((url or "http://localhost").rstrip("/")).decode(), nl=False)


@app.command("diff")
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="WSDL file, or address of a web service.")],
    second: Annotated[
        str, typer.Argument(metavar="B", help="WSDL to compare with: a file, or an address of a web service.")
    ],
    user: UserOption = USER,
    password: PasswordOption = PASSWORD,
) -> None:
    """Print the differences between two WSDLs. Exit code 0 without differences, 1 with differences."""
    from vats1c.simulator.answers import printable
    from vats1c.simulator.wsdl_diff import differences

    first_facts, second_facts = (_facts(source, user, password) for source in (first, second))
    differing_facts = differences(first_facts, second_facts)
    for difference in differing_facts:
        sides = (printable(side or "-", most=_MAX_SHOWN_CHARS) for side in (difference.first, difference.second))
        typer.echo("{}\n  A: {}\n  B: {}".format(printable(difference.what), *sides))
    if differing_facts:
        raise typer.Exit(1)
    typer.echo(str(Message("обещают одно и то же", "they promise the same")))


def _facts(source: str, user: str, password: str) -> "Facts":
    """Return the facts of the WSDL at `source`, a file or a URL; ends the command when there is no WSDL 1.1."""
    from vats1c.simulator import answers, wsdl_diff

    try:
        body, content_type = _read(source, user, password)
        return wsdl_diff.facts(answers.parse(answers.decoded(body, content_type)))
    except answers.UnreadableError as error:
        stop(Message(f"{source}: {error.message.ru}", f"{source}: {error.message.en}"))
    except ValueError:
        stop(Message(f"{source}: не WSDL 1.1", f"{source}: not WSDL 1.1"))


def _read(source: str, user: str, password: str) -> tuple[bytes, str]:
    """Return the bytes of `source` and their Content-Type, which is "" for a file. Ends the command on an error."""
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
        service_address = address(source)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=source) from None
    try:
        # Send no login at first, because the WSDL may need none.
        for request_headers in ({}, headers("1.1", user, password)):
            answer = Sender(service_address, _TIMEOUT_S, most_bytes=_MAX_BYTES).get("wsdl", request_headers)
            if answer.status != 401:  # noqa: PLR2004
                break
    except SendingError as error:
        stop(error.message)
    if answer.status != 200:  # noqa: PLR2004
        url = f"{service_address}?wsdl"
        stop(Message(f"{url}: статус HTTP {answer.status}", f"{url}: HTTP status {answer.status}"))
    return answer.body, answer.content_type
