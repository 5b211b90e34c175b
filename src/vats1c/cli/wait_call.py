"""`vats1c wait-call`: wait for a request of the VATS, for test scripts."""

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
    """Operations of the VATS."""

    SAY_NAME = "SayName"
    INCOMING_CALL = "IncomingCall"


def wait_call(
    url: Annotated[str, typer.Argument(help="Address of the service, or of one of its web services (…/ws/VATS).")],
    number: Annotated[str | None, typer.Option(help="Caller's number, in any notation; default: any.")] = None,
    key: Annotated[str | None, typer.Option(help="Key of the subscriber whose phone rings; default: any.")] = None,
    op: Annotated[Operation | None, typer.Option(help="Operation; default: both.", show_default=False)] = None,
    after: Annotated[
        str, typer.Option(help="Id of an exchange, or now: only later exchanges count; 0 for every exchange.")
    ] = "now",
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for the request.")] = 30,
    token: Annotated[
        str, typer.Option(help="Token of the staging bench.", envvar="VATS1C_TOKEN", show_default=False)
    ] = "",
    user: Annotated[str, typer.Option(help="Login of an administrator, instead of a token.")] = "",
    password: Annotated[
        str, typer.Option(help="Password of that login.", envvar="VATS1C_PASSWORD", show_default=False)
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
) -> None:
    """Wait for an answered request of the VATS, and print it. Exit code 0 when it came, 1 when it did not."""
    from vats1c.api_client import ApiFailure, Client

    if after != "now" and not (after.isascii() and after.isdigit()):
        raise typer.BadParameter("now, 123", param_hint="--after")
    try:
        client = Client(url, token, user, password, terminal_language())
    except ValueError:
        raise typer.BadParameter("http://HOST:PORT", param_hint="URL") from None
    query = {"op": op and op.value, "number": number, "key": key, "publication": client.publication or None}
    try:
        exchanges = _wait_for(client, query, after, timeout)
    except ApiFailure as error:
        stop(Message(f"сервис не ответил: {url}: {error}", f"the service did not answer: {url}: {error}"))
    if not exchanges:
        stop(Message(f"звонка не было за {timeout:g} с", f"no call came within {timeout:g} s"))
    for exchange in exchanges:
        typer.echo(json.dumps(exchange, ensure_ascii=False) if as_json else _line(exchange))


def _wait_for(client: "Client", query: dict[str, Any], after: str, timeout: float) -> list[dict[str, Any]]:
    """Return the first answered exchanges after `after` (an id or "now") that match `query`.

    Return [] when none comes within `timeout` seconds. Raises ApiFailure.
    """
    deadline = time.monotonic() + timeout
    query = {**query, "outcome": "ok"}
    wait = 0
    while True:
        response = client.ask("GET", "exchanges", {**query, "after": after, "wait": wait}, seconds=wait + 10)
        if response and response["exchanges"]:
            return list(response["exchanges"])
        # The next poll starts at the cursor in the answer, so no exchange between two polls is lost.
        after = response["cursor"] if response else after
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            return []
        wait = min(_MAX_POLL_S, int(remaining))
        if wait == 0:
            time.sleep(min(remaining, 0.1))


def _line(exchange: dict[str, Any]) -> str:
    at = datetime.fromisoformat(exchange["at"]).astimezone()
    parts = (
        exchange["id"],
        f"{at:%Y-%m-%d %H:%M:%S}",
        exchange["publication"],
        exchange["op"],
        exchange["number"] or exchange["received"],
    )
    return "  ".join(str(part) for part in (*parts, exchange["key"] or "-", exchange["caller"] or "-"))
