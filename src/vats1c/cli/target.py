"""What the commands that play the VATS have in common: where to, with which login, in which contract."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from vats1c.cli.settings import stop
from vats1c.messages import Message

if TYPE_CHECKING:
    from vats1c.simulator.pbx_client import Reply, Target

UrlArgument = Annotated[
    str,
    typer.Argument(metavar="URL", help="Address of the web service; the vendor's path when it has none."),
]
UserOption = Annotated[str, typer.Option(help="Login of the VATS; empty for none.")]
PasswordOption = Annotated[str, typer.Option(help="Its password.", envvar="VATS1C_PASSWORD")]
NamespaceOption = Annotated[str, typer.Option(help="Namespace of the operations.")]
TimeoutOption = Annotated[float, typer.Option(min=0.001, max=600, help="Seconds to wait for each answer.")]
# The login of the vendor's example, which the demo takes.
USER, PASSWORD = "SOAP", "123"
NAMESPACE = "http://VATS"


class Soap(StrEnum):
    """Versions of SOAP."""

    V11 = "1.1"
    V12 = "1.2"


class Parameter(StrEnum):
    """SayName's parameter, which tells one contract from the other."""

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
    """Return how the VATS is set up; ends the command where the address is unusable."""
    from vats1c.simulator.address import address
    from vats1c.simulator.pbx_client import Target

    try:
        to = address(url)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="URL") from None
    if not namespace.strip():
        stop(Message("--namespace пуст", "--namespace is empty"))
    return Target(to, user, password, soap, namespace, parameter, timeout)


def format_reply(heard: "Reply", secret: str = "") -> str:
    """Return what came of one request in one line, as the phone would show it."""
    from vats1c.simulator.answers import printable
    from vats1c.simulator.load import ms

    what = heard.operation if not heard.key else f"{heard.operation} {printable(heard.key)}"
    if heard.error is not None:
        said = str(heard.error)
    elif heard.operation == "IncomingCall":
        said = heard.returned
    else:
        said = printable(heard.name, secret) or str(Message("(имени нет)", "(no name)"))
        if heard.category or heard.manager:
            said += f"  [{printable(heard.category) or '-'}/{printable(heard.manager) or '-'}]"
    return f"{printable(heard.number)}  {what}  {said}  {ms(heard.seconds)} ms"
