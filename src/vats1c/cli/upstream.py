"""`vats1c upstream`: print the recorded differences between the answers of the real 1C and of the service."""

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
        str | None, typer.Option(help="Publication, when there are several; default: the first.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Number of differences.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
) -> None:
    """Print the last differences between the answers of the real 1C and of the service, oldest first."""
    from vats1c.upstream import Differences

    settings = load(config)
    publication_name = _choose_publication(settings, publication)
    table = settings.served[publication_name].upstream
    if not as_json:
        typer.echo(f"{publication_name}: {table.mode} {table.url}".rstrip())
    differences = Differences(settings.data, publication_name).last(limit)
    for difference in reversed(differences):
        typer.echo(json.dumps(difference, ensure_ascii=False) if as_json else _format(difference))
    if not differences and not as_json:
        typer.echo(str(Message("различий не записано", "no differences are recorded")))


def _choose_publication(settings: "Settings", publication: str | None) -> str:
    names = list(settings.served)
    publication_name = publication or names[0]
    if publication_name not in names:
        known = ", ".join(names)
        stop(
            Message(
                f"нет публикации {publication_name}; есть: {known}",
                f"no publication {publication_name}; there are: {known}",
            )
        )
    return publication_name


def _format(difference: dict[str, Any]) -> str:
    ours, theirs = difference["ours"], difference["theirs"]
    their_side = difference["reason"] or f"{_format_side(theirs)} {theirs['ms']} ms"
    parts = ", ".join(difference["differs"])
    our_side = f"{_format_side(ours)} {ours['ms']} ms"
    at, number, outcome = difference["at"][:19], difference["number"], difference["outcome"]
    return f"{at}  {number:<16}  {outcome}  {our_side}  1C: {their_side}  ({parts})"


def _format_side(side: dict[str, Any]) -> str:
    parts = "/".join(side[key] or "-" for key in ("category", "manager")) if side["category"] or side["manager"] else ""
    return f"{side['name'] or '-'} [{parts}]" if parts else side["name"] or "-"
