"""`vats1c journal`: the calls that were recorded."""

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer

from vats1c.cli.settings import ConfigOption, load, stop

if TYPE_CHECKING:
    from vats1c.journal import Journal, Recorded

app = typer.Typer(no_args_is_help=True, help="Show the calls in the journal.")

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
LimitOption = Annotated[int, typer.Option(min=1, help="How many of the last calls.")]
_POLL = 0.5


@app.command("list")
def show(config: ConfigOption = None, as_json: JsonOption = False, limit: LimitOption = 50) -> None:
    """Print the last calls, oldest first."""
    from vats1c.journal import JournalError

    try:
        for recorded in _journal(config).recent(limit):
            typer.echo(_line(recorded, as_json))
    except JournalError as error:
        stop(error.message)


@app.command("tail")
def tail(config: ConfigOption = None, as_json: JsonOption = False, limit: LimitOption = 10) -> None:
    """Print the last calls, then each new one as it comes, until stopped."""
    from vats1c.journal import JournalError

    try:
        journal = _journal(config)
        rows = journal.recent(limit)
        cursor = 0
        while True:
            for recorded in rows:
                typer.echo(_line(recorded, as_json))
                cursor = recorded.id
            time.sleep(_POLL)
            rows = journal.after(cursor)
    except JournalError as error:
        stop(error.message)
    except KeyboardInterrupt:
        raise typer.Exit from None


def _journal(config: ConfigOption) -> "Journal":
    from vats1c.journal import Journal

    return Journal(load(config, or_demo=True).database_url)


def _line(recorded: "Recorded", as_json: bool) -> str:
    call = recorded.call
    if as_json:
        return json.dumps(
            {
                "id": recorded.id,
                "publication": call.publication,
                "at": call.at.isoformat(),
                "received": call.received,
                "number": call.number,
                "key": call.key,
                "caller": call.caller,
            },
            ensure_ascii=False,
        )
    at = call.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    number = call.number or call.received or "-"
    return f"{recorded.id:>6}  {at}  {call.publication}  {number:<16}  {call.key}  {call.caller}"
