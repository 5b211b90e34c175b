"""`vats1c wait-call`: wait until the VATS has called, for test scripts."""

import json
import time
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vats1c.cli.settings import stop
from vats1c.messages import Message, terminal_language

if TYPE_CHECKING:
    from vats1c.api_client import Client

_MAX_POLL_S = 30


class Operation(StrEnum):
    """What the VATS asks."""

    SAY_NAME = "SayName"
    INCOMING_CALL = "IncomingCall"


def wait_call(
    url: Annotated[str, typer.Argument(help="Address of the service, or of one web service of it.")],
    number: Annotated[str | None, typer.Option(help="Caller's number, written as you like.")] = None,
    key: Annotated[str | None, typer.Option(help="Key of the subscriber that it rings at.")] = None,
    op: Annotated[Operation | None, typer.Option(help="Operation; both when not given.", show_default=False)] = None,
    after: Annotated[str, typer.Option(help="Id of the exchange after which to look, or now.")] = "now",
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait.")] = 30,
    token: Annotated[
        str, typer.Option(help="The staging bench's token.", envvar="VATS1C_TOKEN", show_default=False)
    ] = "",
    user: Annotated[str, typer.Option(help="Login of an administrator, instead of a token.")] = "",
    password: Annotated[
        str, typer.Option(help="Password of that login.", envvar="VATS1C_PASSWORD", show_default=False)
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Wait for an answered call. Exit code 0 when it came, 1 when it did not."""
    from vats1c.api_client import ApiFailure, Client

    if after != "now" and not (after.isascii() and after.isdigit()):
        raise typer.BadParameter("now, 123", param_hint="--after")
    try:
        client = Client(url, token, user, password, terminal_language())
    except ValueError:
        raise typer.BadParameter("http://HOST:PORT", param_hint="URL") from None
    wanted = {"op": op and op.value, "number": number, "key": key, "publication": client.publication or None}
    try:
        found = _wait_for(client, wanted, after, timeout)
    except ApiFailure as error:
        stop(Message(f"сервис не ответил: {url}: {error}", f"the service did not answer: {url}: {error}"))
    if not found:
        stop(Message(f"звонка не было за {timeout:g} с", f"no call came within {timeout:g} s"))
    for call in found:
        typer.echo(json.dumps(call, ensure_ascii=False) if as_json else _line(call))


def _wait_for(client: "Client", wanted: dict[str, Any], after: str, timeout: float) -> list[dict[str, Any]]:
    """Return the first matching exchanges that were answered after the cursor `after`."""
    deadline = time.monotonic() + timeout
    wanted = {**wanted, "outcome": "ok"}
    wait = 0
    while True:
        said = client.ask("GET", "exchanges", {**wanted, "after": after, "wait": wait}, seconds=wait + 10)
        if said and said["exchanges"]:
            return list(said["exchanges"])
        # Once "now" has become a cursor, no call between two requests is lost.
        after = said["cursor"] if said else after
        left = deadline - time.monotonic()
        if left <= 0:
            return []
        wait = min(_MAX_POLL_S, int(left))
        if wait == 0:
            time.sleep(min(left, 0.1))


def _line(call: dict[str, Any]) -> str:
    at = datetime.fromisoformat(call["at"]).astimezone()
    parts = (call["id"], f"{at:%Y-%m-%d %H:%M:%S}", call["publication"], call["op"], call["number"] or call["received"])
    return "  ".join(str(part) for part in (*parts, call["key"] or "-", call["caller"] or "-"))
