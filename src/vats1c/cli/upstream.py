"""`vats1c upstream`: where do the real 1C's answers differ from ours?"""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vats1c.cli.settings import ConfigOption, load, stop
from vats1c.messages import Message

if TYPE_CHECKING:
    from vats1c.config import Settings


def upstream(
    config: ConfigOption = None,
    publication: Annotated[
        str | None, typer.Option(help="Publication, when there is more than one.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many of the last differences.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Print the last differences between the real 1C's answers and ours, oldest first."""
    from vats1c.upstream import Differences

    settings = load(config)
    chosen = _chosen(settings, publication)
    table = settings.served[chosen].upstream
    if not as_json:
        typer.echo(f"{chosen}: {table.mode} {table.url}".rstrip())
    found = Differences(settings.data, chosen).last(limit)
    for one in reversed(found):
        typer.echo(json.dumps(one, ensure_ascii=False) if as_json else _line(one))
    if not found and not as_json:
        typer.echo(str(Message("различий не записано", "no differences are recorded")))


def _chosen(settings: "Settings", publication: str | None) -> str:
    names = list(settings.served)
    chosen = publication or names[0]
    if chosen not in names:
        there_are = ", ".join(names)
        stop(Message(f"нет публикации {chosen}; есть: {there_are}", f"no publication {chosen}; there are: {there_are}"))
    return chosen


def _line(one: dict[str, Any]) -> str:
    ours, theirs = one["ours"], one["theirs"]
    told = one["reason"] or f"{_format_side(theirs)} {theirs['ms']} ms"
    differs = ", ".join(one["differs"])
    mine = f"{_format_side(ours)} {ours['ms']} ms"
    return f"{one['at'][:19]}  {one['number']:<16}  {one['outcome']}  {mine}  1C: {told}  ({differs})"


def _format_side(side: dict[str, Any]) -> str:
    more = "/".join(side[key] or "-" for key in ("category", "manager")) if side["category"] or side["manager"] else ""
    return f"{side['name'] or '-'} [{more}]" if more else side["name"] or "-"
