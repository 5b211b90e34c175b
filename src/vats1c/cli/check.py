"""`vats1c check`: check the settings and the rows of the directories, without serving."""

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

    # "publication/directory", the directory's file (None when it has none), the finding.
    LocatedFinding = tuple[str, Path | None, RowFinding]

# Maximum number of findings on the terminal; --json prints all of them.
_MAX_SHOWN = 50


def check(
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array of all findings.")] = False,
) -> None:
    """Check the settings, open every part of the service and check the callers, without serving.

    Exit code 0 without problems, 1 with problems in the callers, 2 with problems in the settings.
    """
    from vats1c.cli.running import configure_log, open_application, print_summary, refresh_directories
    from vats1c.config import ConfigError

    settings = load(config)
    # The log goes to standard error, because standard output may hold JSON.
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
        typer.echo(json.dumps([_finding_json(*finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        _print_findings(findings)
    if any(not finding.harmless for _, _, finding in findings):
        raise typer.Exit(1)


def _findings(application: "Application") -> "Iterator[LocatedFinding]":
    from vats1c.directory import HasRows
    from vats1c.directory.doctor import validate

    for publication in application.publications:
        table = application.settings.served[publication.name]
        phone_format = application.phone_format(publication.name)
        for directory in publication.directories:
            if not isinstance(directory, HasRows):
                for finding in _no_answer(directory):
                    yield f"{publication.name}/{directory.name}", None, finding
                continue
            for finding in validate(
                directory.rows(),
                extensions={subscriber.extension for subscriber in table.subscribers if subscriber.extension},
                internal_digits=application.settings.internal_digits,
                shown=phone_format.render_untruncated,
                length=phone_format.max_length,
            ):
                yield f"{publication.name}/{directory.name}", directory.path, finding


def _no_answer(directory: "Directory") -> "Iterator[RowFinding]":
    """Look up a number without an owner in a directory that is not ready, and yield the error of this lookup."""
    from vats1c.directory import DirectoryError
    from vats1c.directory.doctor import RowFinding
    from vats1c.number import PROBE_NUMBER

    if directory.state().ready:
        return
    try:
        directory.find(PROBE_NUMBER)
    except DirectoryError as error:
        yield RowFinding(0, "NO-ANSWER", error.message)


def _print_findings(findings: list["LocatedFinding"]) -> None:
    for directory, path, finding in findings[:_MAX_SHOWN]:
        place = f"{path.name}:{finding.line}  " if path else ""
        typer.echo(f"  {directory}  {place}{finding.code}  {finding.message}")
    if len(findings) > _MAX_SHOWN:
        more = len(findings) - _MAX_SHOWN
        typer.echo(str(Message(f"  ... и ещё {more}; все: --json", f"  ... and {more} more; all of them: --json")))
    problem_count = sum(not finding.harmless for _, _, finding in findings)
    if problem_count:
        typer.echo(
            str(
                Message(
                    f"настройки в порядке; исправить в справочниках: {problem_count}",
                    f"the settings are right; to mend in the directories: {problem_count}",
                )
            )
        )
    else:
        typer.echo(str(Message("настройки в порядке", "the settings are right")))


def _finding_json(directory: str, path: Path | None, finding: "RowFinding") -> dict[str, Any]:
    return {
        "directory": directory,
        "file": str(path) if path else None,
        "line": finding.line if path else None,
        "code": finding.code,
        "harmless": finding.harmless,
        "message": str(finding.message),
    }
