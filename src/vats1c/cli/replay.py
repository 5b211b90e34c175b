"""`vats1c replay`: send an exchange of the journal again, here or elsewhere, and see whether the answer is the same."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vats1c.cli.settings import ConfigOption, load, stop
from vats1c.cli.target import PASSWORD, USER, PasswordOption, TimeoutOption, UserOption, target
from vats1c.messages import Message

if TYPE_CHECKING:
    from vats1c.model import Exchange
    from vats1c.simulator.http_client import HttpReply
    from vats1c.simulator.pbx_client import Target
    from vats1c.simulator.replay import AnswerMeaning


def replay(
    exchange: Annotated[int, typer.Argument(metavar="ID", min=1, help="Id of the exchange in the journal.")],
    to: Annotated[str, typer.Option(help="Address of the web service; the vendor's path when it has none.")],
    config: ConfigOption = None,
    user: UserOption = USER,
    password: PasswordOption = PASSWORD,
    timeout: TimeoutOption = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Send the bytes of an exchange again. Exit code 0 when the answer means what it meant then."""
    from vats1c.simulator import replay

    where = target(to, user, password, timeout=timeout)
    recorded, headers, body, answered = _recorded(config, exchange)
    old = replay.meaning_of(recorded.status, "", answered, recorded.elapsed)
    answer = _sent(where, body, replay.headers(headers, recorded.soap, user, password))
    new = replay.meaning_of(answer.status, answer.content_type, answer.body, answer.seconds)
    differs = replay.differences(old, new)
    if as_json:
        said = {"id": exchange, "operation": recorded.operation, "old": _described(old), "new": _described(new)}
        typer.echo(json.dumps({**said, "differs": differs}, ensure_ascii=False, indent=2))
    else:
        typer.echo(f"{exchange}  {recorded.at.astimezone():%Y-%m-%d %H:%M:%S}  {recorded.operation or '-'}")
        typer.echo(_line(str(Message("было", "then")), old, password))
        typer.echo(_line(str(Message("стало", "now")), new, password))
        typer.echo(str(_verdict(differs)))
    if set(differs) - {"bytes"}:
        raise typer.Exit(1)


def _recorded(config: ConfigOption, exchange_id: int) -> "tuple[Exchange, str, bytes, bytes]":
    """Return an exchange with its headers (JSON), request and answer; ends the command where they are not there."""
    from vats1c.database import Database, DatabaseError
    from vats1c.journal import Reader

    try:
        database = Database(load(config, or_demo=True).database_url)
        database.prepare()
        reader = Reader(database)
        found = reader.exchanges(1, after=exchange_id - 1)
        raw = reader.raw(exchange_id)
        database.close()
    except DatabaseError as error:
        stop(error.message)
    if not found or found[0].id != exchange_id:
        stop(Message(f"в журнале нет обмена {exchange_id}", f"there is no exchange {exchange_id} in the journal"))
    if raw is None:
        stop(Message(f"байты обмена {exchange_id} не сохранены", f"the bytes of exchange {exchange_id} are not kept"))
    if not raw[1]:
        reason = found[0].outcome
        stop(
            Message(
                f"обмен {exchange_id} отклонён до чтения тела ({reason}), послать нечего",
                f"exchange {exchange_id} was refused before its body was read ({reason}): nothing to send",
            )
        )
    return found[0], *raw


def _sent(where: "Target", body: bytes, headers: dict[str, str]) -> "HttpReply":
    from vats1c.simulator.http_client import Sender, SendingError

    try:
        return Sender(where.address, where.timeout).post(body, headers)
    except SendingError as error:
        stop(error.message)


def _described(told: "AnswerMeaning") -> dict[str, Any]:
    from vats1c.simulator.load import ms

    return {
        "status": told.status,
        "soap": told.version,
        "name": told.name,
        "namespace": told.namespace,
        "returned": told.returned,
        "fault": told.fault,
        "unreadable": str(told.unreadable) if told.unreadable else None,
        "ms": ms(told.seconds),
    }


def _line(title: str, told: "AnswerMeaning", secret: str) -> str:
    from vats1c.simulator.answers import printable
    from vats1c.simulator.load import ms

    if told.unreadable is not None:
        said = str(told.unreadable)
    elif told.fault is not None:
        said = f"Fault {told.fault}"
    else:
        said = f"{told.name} {told.returned!r}"
    return f"  {title:<6}HTTP {told.status}  {printable(said, secret)}  {ms(told.seconds)} ms"


def _verdict(differs: list[str]) -> Message:
    if not differs:
        return Message("ответы одинаковы до байта", "the answers are the same to the byte")
    if differs == ["bytes"]:
        return Message(
            "ответы одинаковы по смыслу, записаны по-разному", "the answers mean the same, spelled differently"
        )
    names = ", ".join(differs)
    return Message(f"ответы различаются: {names}", f"the answers differ: {names}")
