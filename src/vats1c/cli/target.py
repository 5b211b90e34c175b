"""The options and the reply format of the commands that send requests as the VATS."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from vats1c.cli.settings import stop
from vats1c.messages import Message

if TYPE_CHECKING:
    from vats1c.simulator.pbx_client import Reply, Target

UrlArgument = Annotated[
    str,
    typer.Argument(metavar="URL", help="Address of the web service; without a path: /telephony/ws/VATS."),
]
UserOption = Annotated[str, typer.Option(help="Login of the VATS; empty for no login.")]
PasswordOption = Annotated[str, typer.Option(help="Password of that login.", envvar="VATS1C_PASSWORD")]
NamespaceOption = Annotated[str, typer.Option(help="Namespace of the operations.")]
TimeoutOption = Annotated[float, typer.Option(min=0.001, max=600, help="Seconds to wait for each answer.")]
# The login of the vendor's example, which the demo accepts.
USER, PASSWORD = "SOAP", "123"
NAMESPACE = "http://VATS"


class Soap(StrEnum):
    """SOAP versions."""

    V11 = "1.1"
    V12 = "1.2"


class Parameter(StrEnum):
    """Name of SayName's parameter: "number" when SayName answers a plain name, "Number" when it answers a document."""

    NAME = "number"
    DATA = "Number"


SoapOption = Annotated[Soap, typer.Option(help="SOAP version.")]


def target(
    url: str,
    user: str,
    password: str,
    *,
    soap: str = "1.1",
    namespace: str = NAMESPACE,
    parameter: str = "number",
    timeout: float = 10.0,
) -> "Target":
    """Return the target of requests; ends the command when `url` or `namespace` is unusable."""
    from vats1c.simulator.address import address
    from vats1c.simulator.pbx_client import Target

    try:
        service_address = address(url)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="URL") from None
    if not namespace.strip():
        stop(Message("--namespace пуст", "--namespace is empty"))
    return Target(service_address, user, password, soap, namespace, parameter, timeout)


def format_reply(reply: "Reply", secret: str = "") -> str:
    """Return one line about a reply: number, operation, answer or error, milliseconds; `secret` is masked."""
    from vats1c.simulator.answers import printable
    from vats1c.simulator.load import ms

    operation = reply.operation if not reply.key else f"{reply.operation} {printable(reply.key)}"
    if reply.error is not None:
        answer = str(reply.error)
    elif reply.operation == "IncomingCall":
        answer = reply.returned
    else:
        answer = printable(reply.name, secret) or str(Message("(имени нет)", "(no name)"))
        if reply.category or reply.manager:
            answer += f"  [{printable(reply.category) or '-'}/{printable(reply.manager) or '-'}]"
    return f"{printable(reply.number)}  {operation}  {answer}  {ms(reply.seconds)} ms"
