"""`vats1c wsdl`: the published description, for Designer and for code generators."""

from typing import Annotated

import typer

from vats1c.cli.settings import stop
from vats1c.language import Message


def wsdl(
    url: Annotated[
        str | None,
        typer.Option(help="Address of the service, such as https://vats.example.ru.", show_default=False),
    ] = None,
    parameter: Annotated[str, typer.Option(help="SayName's parameter: number or Number.")] = "number",
) -> None:
    """Print the WSDL."""
    from vats1c.soap import Wsdl

    if parameter not in ("number", "Number"):
        stop(Message("--parameter: number или Number", "--parameter: number or Number"))
    description = Wsdl("/telephony/ws/VATS", parameter, None, (), "localhost")
    typer.echo(description.document((url or "http://localhost").rstrip("/")).decode(), nl=False)
