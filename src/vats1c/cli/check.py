"""`vats1c check`: would the service start with these settings, and what is wrong with the callers?"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vats1c.cli.settings import ConfigOption, fail, load
from vats1c.messages import Message

if TYPE_CHECKING:
    from vats1c.app.application import Application
    from vats1c.directory import Directory
    from vats1c.directory.doctor import RowFinding

    # The directory; its file, None where it is no file; what was found in it.
    Found = tuple[str, Path | None, RowFinding]

# A longer table is not useful to read; --json prints all of it.
_MAX_SHOWN = 50


def check(
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every finding as one JSON object.")] = False,
) -> None:
    """Check the settings, open every part and look through the callers, without serving.

    Exit code 0 when all is right, 1 when callers are to be mended, 2 when the settings are.
    """
    from vats1c.cli.running import configure_log, open_application, print_summary, refresh_directories
    from vats1c.config import ConfigError

    settings = load(config)
    # Warnings of the directories go beside the report: standard output may hold JSON.
    configure_log(settings.log_level, settings.log_format)
    try:
        with open_application(settings) as application:
            refresh_directories(application, anew=True)
            if not as_json:
                print_summary(application)
            findings = list(_findings(application))
    except ConfigError as error:
        fail(error)
    if as_json:
        typer.echo(json.dumps([_described(*finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        _show(findings)
    if any(not finding.harmless for _, _, finding in findings):
        raise typer.Exit(1)


def _findings(application: "Application") -> "Iterator[Found]":
    from vats1c.directory import HasRows
    from vats1c.directory.doctor import validate

    for publication in application.publications:
        own = application.settings.served[publication.name]
        display = application.phone_format(publication.name)
        for one in publication.directories:
            if not isinstance(one, HasRows):
                for unanswered in _unanswered(one):
                    yield f"{publication.name}/{one.name}", None, unanswered
                continue
            for finding in validate(
                one.rows(),
                extensions={subscriber.extension for subscriber in own.subscribers if subscriber.extension},
                internal_digits=application.settings.internal_digits,
                shown=display.render_untruncated,
                length=display.max_length,
            ):
                yield f"{publication.name}/{one.name}", one.path, finding


def _unanswered(directory: "Directory") -> "Iterator[RowFinding]":
    """Yield why a source that is not ready did not answer: it is asked once more, for a number without an owner."""
    from vats1c.directory import DirectoryError
    from vats1c.directory.doctor import RowFinding
    from vats1c.number import PROBE_NUMBER

    if directory.state().ready:
        return
    try:
        directory.find(PROBE_NUMBER)
    except DirectoryError as error:
        yield RowFinding(0, "NO-ANSWER", error.message)


def _show(findings: list["Found"]) -> None:
    for directory, path, finding in findings[:_MAX_SHOWN]:
        place = f"{path.name}:{finding.line}  " if path else ""
        typer.echo(f"  {directory}  {place}{finding.code}  {finding.message}")
    if len(findings) > _MAX_SHOWN:
        more = len(findings) - _MAX_SHOWN
        typer.echo(str(Message(f"  ... и ещё {more}; все: --json", f"  ... and {more} more; all of them: --json")))
    to_mend = sum(not finding.harmless for _, _, finding in findings)
    if to_mend:
        typer.echo(
            str(
                Message(
                    f"настройки в порядке; исправить в справочниках: {to_mend}",
                    f"the settings are right; to mend in the directories: {to_mend}",
                )
            )
        )
    else:
        typer.echo(str(Message("настройки в порядке", "the settings are right")))


def _described(directory: str, path: Path | None, finding: "RowFinding") -> dict[str, Any]:
    return {
        "directory": directory,
        "file": str(path) if path else None,
        "line": finding.line if path else None,
        "code": finding.code,
        "harmless": finding.harmless,
        "message": str(finding.message),
    }
