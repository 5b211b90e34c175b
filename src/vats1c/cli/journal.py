"""`vats1c journal`: print the recorded calls, erase those of a number, upgrade the tables."""

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer

from vats1c.cli.settings import ConfigOption, load, stop
from vats1c.messages import Message

if TYPE_CHECKING:
    from vats1c.journal import Reader
    from vats1c.model import Exchange

app = typer.Typer(no_args_is_help=True, help="Print or erase the calls in the journal, and upgrade its tables.")

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]
LimitOption = Annotated[int, typer.Option(min=1, help="Number of past calls to print.")]
_POLL_INTERVAL_S = 0.5


@app.command("list")
def show(config: ConfigOption = None, as_json: JsonOption = False, limit: LimitOption = 50) -> None:
    """Print the last calls, oldest first: id, time, publication, number, key, caller."""
    from vats1c.database import DatabaseError

    try:
        for exchange in _open_reader(config).recorded_calls(limit):
            typer.echo(_format(exchange, as_json))
    except DatabaseError as error:
        stop(error.message)


@app.command("tail")
def tail(config: ConfigOption = None, as_json: JsonOption = False, limit: LimitOption = 10) -> None:
    """Print the last calls, then each new call as it arrives, until stopped."""
    from vats1c.database import DatabaseError

    try:
        reader = _open_reader(config)
        rows = reader.recorded_calls(limit)
        cursor = 0
        while True:
            for exchange in rows:
                typer.echo(_format(exchange, as_json))
                cursor = exchange.id or cursor
            time.sleep(_POLL_INTERVAL_S)
            rows = reader.recorded_calls_after(cursor)
    except DatabaseError as error:
        stop(error.message)
    except KeyboardInterrupt:
        raise typer.Exit from None


@app.command("erase")
def erase(
    number: Annotated[str, typer.Argument(help="The number, in any notation.")], config: ConfigOption = None
) -> None:
    """Delete every exchange and call of a number, with their bytes and notes, and the real 1C's recorded answers."""
    from vats1c.database import Database, DatabaseError
    from vats1c.journal import Journal, Retention
    from vats1c.number import identify
    from vats1c.upstream import erase_all

    settings = load(config, or_demo=True)
    identified_number = identify(number, settings.plan)
    try:
        database = Database(settings.database_url)
        database.prepare()
        journal = Journal(database, Retention())
        erased = journal.erase(identified_number.canonical, identified_number.received)
        journal.close()
        erased += sum(erase_all(settings.data, name, identified_number.canonical or "") for name in settings.served)
    except DatabaseError as error:
        stop(error.message)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        stop(Message(f"записи настоящей 1С не меняются: {reason}", f"cannot change the real 1C's records: {reason}"))
    number_text = identified_number.canonical or identified_number.received
    typer.echo(str(Message(f"{number_text}: удалено записей: {erased}", f"{number_text}: {erased} records removed")))


@app.command("upgrade")
def upgrade(config: ConfigOption = None) -> None:
    """Migrate the journal's tables to this version; a SQLite journal is also migrated at each start of the service."""
    from vats1c.database import SCHEMA_VERSION, Database, DatabaseError

    try:
        database = Database(load(config).database_url)
        previous = database.upgrade()
        database.close()
    except DatabaseError as error:
        stop(error.message)
    if previous == SCHEMA_VERSION:
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


def _open_reader(config: ConfigOption) -> "Reader":
    from vats1c.database import Database
    from vats1c.journal import Reader

    database = Database(load(config, or_demo=True).database_url)
    database.prepare()
    return Reader(database)


def _format(exchange: "Exchange", as_json: bool) -> str:
    if as_json:
        return json.dumps(
            {
                "id": exchange.id,
                "publication": exchange.publication,
                "at": exchange.at.isoformat(),
                "received": exchange.received,
                "number": exchange.number,
                "key": exchange.key,
                "caller": exchange.caller,
                "call": exchange.call_id,
            },
            ensure_ascii=False,
        )
    at = exchange.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    number = exchange.number or exchange.received or "-"
    return f"{exchange.id:>6}  {at}  {exchange.publication}  {number:<16}  {exchange.key}  {exchange.caller}"
