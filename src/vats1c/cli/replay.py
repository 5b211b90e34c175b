"""`vats1c replay`: send the request of a recorded exchange again, and compare the new answer with the recorded one."""

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
    to: Annotated[str, typer.Option(help="Address of the web service; without a path: /telephony/ws/VATS.")],
    config: ConfigOption = None,
    user: UserOption = USER,
    password: PasswordOption = PASSWORD,
    timeout: TimeoutOption = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Send a recorded request again. Exit code 0 when the new answer has the same meaning as the recorded one."""
    from vats1c.simulator import replay

    service = target(to, user, password, timeout=timeout)
    recorded, headers, request, recorded_answer = _read_exchange(config, exchange)
    old = replay.meaning_of(recorded.status, "", recorded_answer, recorded.elapsed)
    answer = _send(service, request, replay.headers(headers, recorded.soap, user, password))
    new = replay.meaning_of(answer.status, answer.content_type, answer.body, answer.seconds)
    differences = replay.differences(old, new)
    if as_json:
        fields = {"id": exchange, "operation": recorded.operation, "old": _answer_json(old), "new": _answer_json(new)}
        typer.echo(json.dumps({**fields, "differs": differences}, ensure_ascii=False, indent=2))
    else:
        typer.echo(f"{exchange}  {recorded.at.astimezone():%Y-%m-%d %H:%M:%S}  {recorded.operation or '-'}")
        typer.echo(_line(str(Message("было", "then")), old, password))
        typer.echo(_line(str(Message("стало", "now")), new, password))
        typer.echo(str(_verdict(differences)))
    if set(differences) - {"bytes"}:
        raise typer.Exit(1)


def _read_exchange(config: ConfigOption, exchange_id: int) -> "tuple[Exchange, str, bytes, bytes]":
    """Return an exchange with its request headers (JSON), request body and answer body.

    Ends the command when the journal lacks the exchange, its bytes or its request body.
    """
    from vats1c.database import Database, DatabaseError
    from vats1c.journal import Reader

    try:
        database = Database(load(config, or_demo=True).database_url)
        database.prepare()
        reader = Reader(database)
        exchanges = reader.exchanges(1, after=exchange_id - 1)
        raw = reader.raw(exchange_id)
        database.close()
    except DatabaseError as error:
        stop(error.message)
    if not exchanges or exchanges[0].id != exchange_id:
        stop(Message(f"в журнале нет обмена {exchange_id}", f"there is no exchange {exchange_id} in the journal"))
    if raw is None:
        stop(Message(f"байты обмена {exchange_id} не сохранены", f"the bytes of exchange {exchange_id} are not kept"))
    if not raw[1]:
        reason = exchanges[0].outcome
        stop(
            Message(
                f"обмен {exchange_id} отклонён до чтения тела ({reason}), послать нечего",
                f"exchange {exchange_id} was refused before its body was read ({reason}): nothing to send",
            )
        )
    return exchanges[0], *raw


def _send(service: "Target", body: bytes, headers: dict[str, str]) -> "HttpReply":
    from vats1c.simulator.http_client import Sender, SendingError

    try:
        return Sender(service.address, service.timeout).post(body, headers)
    except SendingError as error:
        stop(error.message)


def _answer_json(answer: "AnswerMeaning") -> dict[str, Any]:
    from vats1c.simulator.load import ms

    return {
        "status": answer.status,
        "soap": answer.version,
        "name": answer.name,
        "namespace": answer.namespace,
        "returned": answer.returned,
        "fault": answer.fault,
        "unreadable": str(answer.unreadable) if answer.unreadable else None,
        "ms": ms(answer.seconds),
    }


def _line(title: str, answer: "AnswerMeaning", secret: str) -> str:
    from vats1c.simulator.answers import printable
    from vats1c.simulator.load import ms

    if answer.unreadable is not None:
        text = str(answer.unreadable)
    elif answer.fault is not None:
        text = f"Fault {answer.fault}"
    else:
        text = f"{answer.name} {answer.returned!r}"
    return f"  {title:<6}HTTP {answer.status}  {printable(text, secret)}  {ms(answer.seconds)} ms"


def _verdict(differences: list[str]) -> Message:
    if not differences:
        return Message("ответы одинаковы до байта", "the answers are the same to the byte")
    if differences == ["bytes"]:
        return Message(
            "ответы одинаковы по смыслу, записаны по-разному", "the answers mean the same, spelled differently"
        )
    names = ", ".join(differences)
    return Message(f"ответы различаются: {names}", f"the answers differ: {names}")
