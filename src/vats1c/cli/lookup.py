"""`vats1c lookup`: who is this number, and why is that the answer?"""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vats1c.cli.settings import ConfigOption, fail, load, stop
from vats1c.messages import Message

if TYPE_CHECKING:
    from vats1c.calls.service import LookupReport
    from vats1c.directory.chain import SourceAnswer


def lookup(
    number: Annotated[str, typer.Argument(help="The number, written as you like.")],
    config: ConfigOption = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Ask every directory and say why the answer is what it is.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object; every directory is asked.")] = False,
    publication: Annotated[
        str | None, typer.Option(help="Publication, when there is more than one.", show_default=False)
    ] = None,
) -> None:
    """Look a number up as SayName does; an unknown number is an answer, too."""
    from vats1c.cli.running import configure_log, open_application, refresh_directories
    from vats1c.config import ConfigError

    settings = load(config, or_demo=True)
    configure_log("error", settings.log_format)
    names = list(settings.served)
    chosen = publication or names[0]
    if chosen not in names:
        stop(
            Message(
                f"нет публикации {chosen}; есть: {', '.join(names)}",
                f"no publication {chosen}; there are: {', '.join(names)}",
            )
        )
    try:
        with open_application(settings) as application:
            refresh_directories(application, anew=False)
            finding = application.call_services[chosen].explain(number, everybody=explain or as_json)
            shown = application.phone_format(chosen).render(finding.caller)
    except ConfigError as error:
        fail(error)
    if as_json:
        typer.echo(json.dumps(_described(finding, shown), ensure_ascii=False, indent=2))
    elif explain:
        typer.echo("\n".join(_explained(finding, shown)))
    else:
        typer.echo(shown)


def _described(finding: "LookupReport", shown: str) -> dict[str, Any]:
    number, looked_up = finding.number, finding.lookup
    decided = looked_up.decided
    return {
        "received": number.received,
        "kind": number.kind.value,
        "canonical": number.canonical,
        "national": number.national,
        "last10": number.last10,
        "extension": number.extension or None,
        "say_name": shown,
        "caller": finding.caller._asdict() if finding.caller else None,
        "routes_to": finding.extension or None,
        "directory": decided.directory if decided else None,
        "confidence": decided.answer.match.confidence.value if decided and decided.answer.match else None,
        "elapsed_ms": _ms(finding.elapsed),
        "answers": [_answer(said) for said in looked_up.answers],
    }


def _answer(said: "SourceAnswer") -> dict[str, Any]:
    answer = said.answer
    return {
        "directory": said.directory,
        "outcome": answer.outcome.value,
        "elapsed_ms": _ms(answer.elapsed),
        "confidence": answer.match.confidence.value if answer.match else None,
        "callers": [caller.name for caller in answer.match.callers] if answer.match else [],
        "cached_s": None if answer.age is None else round(answer.age),
        "stale": answer.stale,
        "reason": answer.reason or None,
    }


def _explained(finding: "LookupReport", shown: str) -> list[str]:
    number = finding.number
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
        f"  {said.directory:<10}{_format_answer(said, finding.lookup.decided)}" for said in finding.lookup.answers
    ]
    if number.canonical is None:
        lines.append(
            str(
                Message(
                    "справочники не спрашивали: это не внешний номер", "no directory was asked: not an external number"
                )
            )
        )
    confidence = finding.lookup.match.confidence.value if finding.lookup.match else None
    if confidence:
        routes = finding.extension
        lines.append(
            str(
                Message(
                    f"уверенность {confidence}; перевести на {routes or '-'}",
                    f"confidence  {confidence}; routes to {routes or '-'}",
                )
            )
        )
    lines.append(
        str(
            Message(
                f"покажет     {shown!r} ({_ms(finding.elapsed)} мс)",
                f"phone shows {shown!r} ({_ms(finding.elapsed)} ms)",
            )
        )
    )
    return lines


def _format_answer(said: "SourceAnswer", decided: "SourceAnswer | None") -> str:
    answer = said.answer
    words = [answer.outcome.value, f"{_ms(answer.elapsed)} ms"]
    if answer.match:
        words.append(f"{answer.match.confidence.value}: {' / '.join(caller.name for caller in answer.match.callers)}")
    if answer.age is not None:
        words.append(str(Message(f"из памяти, {answer.age:.0f} с", f"remembered for {answer.age:.0f} s")))
    if answer.stale:
        words.append(str(Message("устарело", "stale")))
    if answer.reason:
        words.append(answer.reason)
    if said is decided:
        words.append(str(Message("<- выбран", "<- decides")))
    elif answer.match:
        words.append(str(Message("ниже по порядку", "stands lower")))
    return "; ".join(words)


def _ms(seconds: float) -> float:
    return round(seconds * 1_000, 1)
