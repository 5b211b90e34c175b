"""`vats1c lookup`: look a number up as SayName does, and explain the answer."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vats1c.cli.settings import ConfigOption, fail, load, stop
from vats1c.messages import Message

if TYPE_CHECKING:
    from vats1c.calls.service import LookupReport
    from vats1c.directory.chain import SourceAnswer


def lookup(
    number: Annotated[str, typer.Argument(help="The number, in any notation.")],
    config: ConfigOption = None,
    explain: Annotated[bool, typer.Option("--explain", help="Ask every directory and explain the answer.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Ask every directory and print one JSON object.")] = False,
    publication: Annotated[
        str | None, typer.Option(help="Publication, when there are several; default: the first.", show_default=False)
    ] = None,
) -> None:
    """Look a number up as SayName does, and print the text on the phone: an empty line for an unknown number."""
    from vats1c.cli.running import configure_log, open_application, refresh_directories
    from vats1c.config import ConfigError

    settings = load(config, or_demo=True)
    configure_log("error", settings.log_format)
    names = list(settings.served)
    publication_name = publication or names[0]
    if publication_name not in names:
        stop(
            Message(
                f"нет публикации {publication_name}; есть: {', '.join(names)}",
                f"no publication {publication_name}; there are: {', '.join(names)}",
            )
        )
    try:
        with open_application(settings) as application:
            refresh_directories(application, anew=False)
            report = application.call_services[publication_name].explain(number, everybody=explain or as_json)
            phone_text = application.phone_format(publication_name).render(report.caller)
    except ConfigError as error:
        fail(error)
    if as_json:
        typer.echo(json.dumps(_report_json(report, phone_text), ensure_ascii=False, indent=2))
    elif explain:
        typer.echo("\n".join(_explanation(report, phone_text)))
    else:
        typer.echo(phone_text)


def _report_json(report: "LookupReport", phone_text: str) -> dict[str, Any]:
    number, deciding = report.number, report.lookup.decided
    return {
        "received": number.received,
        "kind": number.kind.value,
        "canonical": number.canonical,
        "national": number.national,
        "last10": number.last10,
        "extension": number.extension or None,
        "say_name": phone_text,
        "caller": report.caller._asdict() if report.caller else None,
        "routes_to": report.extension or None,
        "directory": deciding.directory if deciding else None,
        "confidence": deciding.answer.match.confidence.value if deciding and deciding.answer.match else None,
        "elapsed_ms": _ms(report.elapsed),
        "answers": [_answer_json(source) for source in report.lookup.answers],
    }


def _answer_json(source: "SourceAnswer") -> dict[str, Any]:
    answer = source.answer
    return {
        "directory": source.directory,
        "outcome": answer.outcome.value,
        "elapsed_ms": _ms(answer.elapsed),
        "confidence": answer.match.confidence.value if answer.match else None,
        "callers": [caller.name for caller in answer.match.callers] if answer.match else [],
        "cached_s": None if answer.age is None else round(answer.age),
        "stale": answer.stale,
        "reason": answer.reason or None,
    }


def _explanation(report: "LookupReport", phone_text: str) -> list[str]:
    number = report.number
    lines = [
        str(
            Message(
                f"номер       {number.received!r}: {number.kind.value}",
                f"number      {number.received!r}: {number.kind.value}",
            )
        ),
    ]
    if number.canonical:
        forms = ", ".join(form for form in (number.canonical, number.national, number.last10) if form)
        lines.append(str(Message(f"формы       {forms}", f"forms       {forms}")))
    lines += [
        f"  {source.directory:<10}{_format_answer(source, report.lookup.decided)}" for source in report.lookup.answers
    ]
    if number.canonical is None:
        lines.append(
            str(
                Message(
                    "справочники не спрашивали: это не внешний номер", "no directory was asked: not an external number"
                )
            )
        )
    confidence = report.lookup.match.confidence.value if report.lookup.match else None
    if confidence:
        lines.append(
            str(
                Message(
                    f"уверенность {confidence}; перевести на {report.extension or '-'}",
                    f"confidence  {confidence}; routes to {report.extension or '-'}",
                )
            )
        )
    lines.append(
        str(
            Message(
                f"покажет     {phone_text!r} ({_ms(report.elapsed)} мс)",
                f"phone shows {phone_text!r} ({_ms(report.elapsed)} ms)",
            )
        )
    )
    return lines


def _format_answer(source: "SourceAnswer", deciding: "SourceAnswer | None") -> str:
    answer = source.answer
    words = [answer.outcome.value, f"{_ms(answer.elapsed)} ms"]
    if answer.match:
        words.append(f"{answer.match.confidence.value}: {' / '.join(caller.name for caller in answer.match.callers)}")
    if answer.age is not None:
        words.append(str(Message(f"из памяти, {answer.age:.0f} с", f"remembered for {answer.age:.0f} s")))
    if answer.stale:
        words.append(str(Message("устарело", "stale")))
    if answer.reason:
        words.append(answer.reason)
    if source is deciding:
        words.append(str(Message("<- выбран", "<- decides")))
    elif answer.match:
        words.append(str(Message("ниже по порядку", "stands lower")))
    return "; ".join(words)


def _ms(seconds: float) -> float:
    return round(seconds * 1_000, 1)
