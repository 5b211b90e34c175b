"""`vats1c journal`: the calls that were recorded."""

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer

from vats1c.cli.settings import ConfigOption, load, stop
from vats1c.messages import Message

if TYPE_CHECKING:
    from vats1c.journal import Reader
    from vats1c.model import Exchange

app = typer.Typer(no_args_is_help=True, help="Show the calls in the journal.")

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
LimitOption = Annotated[int, typer.Option(min=1, help="How many of the last calls.")]
_POLL = 0.5


@app.command("list")
def show(config: ConfigOption = None, as_json: JsonOption = False, limit: LimitOption = 50) -> None:
    """Print the last calls, oldest first."""
    from vats1c.database import DatabaseError

    try:
        for recorded in _journal(config).recorded_calls(limit):
            typer.echo(_line(recorded, as_json))
    except DatabaseError as error:
        stop(error.message)


@app.command("tail")
def tail(config: ConfigOption = None, as_json: JsonOption = False, limit: LimitOption = 10) -> None:
    """Print the last calls, then each new one as it comes, until stopped."""
    from vats1c.database import DatabaseError

    try:
        journal = _journal(config)
        rows = journal.recorded_calls(limit)
        cursor = 0
        while True:
            for recorded in rows:
                typer.echo(_line(recorded, as_json))
                cursor = recorded.id or cursor
            time.sleep(_POLL)
            rows = journal.recorded_calls_after(cursor)
    except DatabaseError as error:
        stop(error.message)
    except KeyboardInterrupt:
        raise typer.Exit from None


@app.command("erase")
def erase(
    number: Annotated[str, typer.Argument(help="The number, written as you like.")], config: ConfigOption = None
) -> None:
    """Remove every exchange and call of a number, with their bytes and notes, and what the real 1C said of it."""
    from vats1c.database import Database, DatabaseError
    from vats1c.journal import Journal, Retention
    from vats1c.number import identify
    from vats1c.upstream import erase_all

    settings = load(config, or_demo=True)
    found = identify(number, settings.plan)
    try:
        database = Database(settings.database_url)
        database.prepare()
        journal = Journal(database, Retention())
        erased = journal.erase(found.canonical, found.received)
        journal.close()
        erased += sum(erase_all(settings.data, name, found.canonical or "") for name in settings.served)
    except DatabaseError as error:
        stop(error.message)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        stop(Message(f"записи настоящей 1С не меняются: {reason}", f"cannot change the real 1C's records: {reason}"))
    shown = found.canonical or found.received
    typer.echo(str(Message(f"{shown}: удалено записей: {erased}", f"{shown}: {erased} records removed")))


@app.command("upgrade")
def upgrade(config: ConfigOption = None) -> None:
    """Bring the journal's tables to this version of the program; an embedded journal does so by itself at the start."""
    from vats1c.database import SCHEMA_VERSION, Database, DatabaseError

    try:
        database = Database(load(config).database_url)
        found = database.upgrade()
        database.close()
    except DatabaseError as error:
        stop(error.message)
    if found == SCHEMA_VERSION:
        typer.echo(
            str(Message(f"таблицы уже версии {SCHEMA_VERSION}", f"the tables are of version {SCHEMA_VERSION} already"))
        )
    else:
        typer.echo(
            str(
                Message(
                    f"таблицы обновлены до версии {SCHEMA_VERSION}", f"the tables are of version {SCHEMA_VERSION} now"
                )
            )
        )


def _journal(config: ConfigOption) -> "Reader":
    from vats1c.database import Database
    from vats1c.journal import Reader

    database = Database(load(config, or_demo=True).database_url)
    database.prepare()
    return Reader(database)


def _line(recorded: "Exchange", as_json: bool) -> str:
    if as_json:
        return json.dumps(
            {
                "id": recorded.id,
                "publication": recorded.publication,
                "at": recorded.at.isoformat(),
                "received": recorded.received,
                "number": recorded.number,
                "key": recorded.key,
                "caller": recorded.caller,
                "call": recorded.call_id,
            },
            ensure_ascii=False,
        )
    at = recorded.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    number = recorded.number or recorded.received or "-"
    return f"{recorded.id:>6}  {at}  {recorded.publication}  {number:<16}  {recorded.key}  {recorded.caller}"
