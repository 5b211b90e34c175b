"""`vats1c directory`: import, edit and export the callers of a publication's own directory."""

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vats1c.cli.progress import counting
from vats1c.cli.settings import ConfigOption, fail, load, stop
from vats1c.messages import Message

if TYPE_CHECKING:
    from vats1c.config import Settings
    from vats1c.directory.doctor import RowFinding
    from vats1c.directory.editing import Editable, Entry, ImportResult

app = typer.Typer(no_args_is_help=True, help="Import, edit and export the callers of an editable directory.")

PublicationOption = Annotated[
    str | None, typer.Option(help="Publication, when there are several; default: the first.", show_default=False)
]
DirectoryOption = Annotated[
    str | None, typer.Option(help="Directory, when several can be edited; default: the first.", show_default=False)
]
NumberOption = Annotated[
    list[str] | None, typer.Option("--number", help="A number; the option may be repeated.", show_default=False)
]
NameOption = Annotated[str | None, typer.Option(help="Name of the caller.", show_default=False)]
CompanyOption = Annotated[str | None, typer.Option(help="Company of the caller.", show_default=False)]
CategoryOption = Annotated[str | None, typer.Option(help="Category of the caller.", show_default=False)]
ManagerOption = Annotated[str | None, typer.Option(help="Extension of the responsible manager.", show_default=False)]
NoteOption = Annotated[str | None, typer.Option(help="Note about the caller.", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
IdArgument = Annotated[int, typer.Argument(help="Id of the caller; `vats1c directory find` prints it.")]

# Maximum number of skipped rows on the terminal; --json prints all of them.
_MAX_SHOWN = 20


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="File of callers: CSV, XLSX, XLS, ODS or vCard.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the result without changing the directory.")
    ] = False,
    config: ConfigOption = None,
    directory: DirectoryOption = None,
    publication: PublicationOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import the callers of a file: add new callers and change existing ones; an import deletes nothing."""
    from vats1c.directory.doctor import collect_unusable
    from vats1c.directory.files import rows_of

    settings = load(config, or_demo=True)
    unusable: list[RowFinding] = []
    with _open_editable(settings, publication, directory) as editable, counting() as report_progress:
        rows = collect_unusable(rows_of(file, settings.plan), unusable)
        result = editable.import_rows(rows, file.name, partial(report_progress, file.name), dry_run=dry_run)
    if as_json:
        fields = {
            **asdict(result),
            "id": None if dry_run else result.id,
            "skipped": [_finding_json(finding) for finding in unusable],
        }
        typer.echo(json.dumps(fields, ensure_ascii=False, indent=2))
    else:
        _print_import(file, result, unusable, dry_run=dry_run)


@app.command("imports")
def imports(
    config: ConfigOption = None, directory: DirectoryOption = None, publication: PublicationOption = None
) -> None:
    """Print the imports that can be undone, newest first: id, time, file."""
    with _open_editable(load(config, or_demo=True), publication, directory) as editable:
        for past in editable.imports():
            typer.echo(f"{past.id:>6}  {past.at}  {past.source}")


@app.command("undo")
def undo(
    number: Annotated[
        int, typer.Argument(help="Id of the import; `vats1c directory imports` prints it.", metavar="ID")
    ],
    config: ConfigOption = None,
    directory: DirectoryOption = None,
    publication: PublicationOption = None,
) -> None:
    """Undo an import; callers that were changed after it stay as they are."""
    with _open_editable(load(config, or_demo=True), publication, directory) as editable:
        result = editable.undo(number)
    message = Message(
        f"убрано: {result.removed}; возвращено: {result.restored}; изменены с тех пор и оставлены: {result.kept}",
        f"removed: {result.removed}; restored: {result.restored}; changed since and kept: {result.kept}",
    )
    typer.echo(str(message))


@app.command("add")
def add(
    number: NumberOption = None,
    name: NameOption = None,
    company: CompanyOption = None,
    category: CategoryOption = None,
    manager: ManagerOption = None,
    note: NoteOption = None,
    config: ConfigOption = None,
    directory: DirectoryOption = None,
    publication: PublicationOption = None,
) -> None:
    """Add a caller, and print its id."""
    from vats1c.model import Caller

    caller = Caller(name or "", company or "", category or "", manager or "", note or "")
    with _open_editable(load(config, or_demo=True), publication, directory) as editable:
        typer.echo(editable.add(number or [], caller))


@app.command("change")
def change(
    caller_id: IdArgument,
    number: NumberOption = None,
    name: NameOption = None,
    company: CompanyOption = None,
    category: CategoryOption = None,
    manager: ManagerOption = None,
    note: NoteOption = None,
    config: ConfigOption = None,
    directory: DirectoryOption = None,
    publication: PublicationOption = None,
) -> None:
    """Change fields of a caller; fields without an option stay unchanged, and --number replaces all numbers."""
    fields = {"name": name, "company": company, "category": category, "manager": manager, "note": note}
    changes = {field: value for field, value in fields.items() if value is not None}
    with _open_editable(load(config, or_demo=True), publication, directory) as editable:
        caller = editable.get(caller_id).caller._replace(**changes)
        editable.change(caller_id, numbers=number, caller=caller)


@app.command("remove")
def remove(
    caller_id: IdArgument,
    config: ConfigOption = None,
    directory: DirectoryOption = None,
    publication: PublicationOption = None,
) -> None:
    """Delete a caller from the directory."""
    with _open_editable(load(config, or_demo=True), publication, directory) as editable:
        editable.remove(caller_id)


@app.command("find")
def find(
    text: Annotated[
        str, typer.Argument(help="Words of the name, company or note, or digits of a number; default: all callers.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of callers.")] = 50,
    config: ConfigOption = None,
    directory: DirectoryOption = None,
    publication: PublicationOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the callers that contain every word: id, numbers, name, company, category, manager, note."""
    with _open_editable(load(config, or_demo=True), publication, directory) as editable:
        entries = editable.find_by_text(text, limit)
    if as_json:
        typer.echo(json.dumps([_entry_json(entry) for entry in entries], ensure_ascii=False, indent=2))
        return
    for entry in entries:
        numbers = ", ".join(number.canonical or "" for number in entry.numbers)
        rest = "  ".join(value for value in entry.caller[1:] if value)
        typer.echo(f"{entry.id:>6}  {numbers:<16}  {entry.caller.name}  {rest}".rstrip())


@app.command("export")
def export(
    config: ConfigOption = None, directory: DirectoryOption = None, publication: PublicationOption = None
) -> None:
    """Print all callers as a CSV file for `vats1c directory import`."""
    from vats1c.directory.columns import COLUMNS

    table = csv.writer(sys.stdout, delimiter=";", lineterminator="\n")
    with _open_editable(load(config, or_demo=True), publication, directory) as editable:
        table.writerow(COLUMNS)
        for row in editable.rows():
            table.writerow([row.cell, *row.caller])


@contextmanager
def _open_editable(settings: "Settings", publication: str | None, name: str | None) -> "Iterator[Editable]":
    """Yield an editable directory of the publication, and close it. Ends the command with a message on an error."""
    from vats1c.app import load_parts
    from vats1c.config import ConfigError
    from vats1c.directory import DirectoryError

    try:
        editable = load_parts.editable(settings, publication, name)
    except ConfigError as error:
        fail(error)
    try:
        yield editable
    except DirectoryError as error:
        stop(error.message)
    finally:
        editable.close()


def _print_import(file: Path, result: "ImportResult", unusable: "list[RowFinding]", *, dry_run: bool) -> None:
    for finding in unusable[:_MAX_SHOWN]:
        typer.echo(f"  {file.name}:{finding.line}  {finding.code}  {finding.message}")
    if len(unusable) > _MAX_SHOWN:
        more = len(unusable) - _MAX_SHOWN
        typer.echo(str(Message(f"  ... и ещё {more}; все: --json", f"  ... and {more} more; all of them: --json")))
    counts = Message(
        f"добавлено: {result.added}; изменено: {result.changed}; уже было: {result.same}; "
        f"пропущено: {result.passed_over}",
        f"added: {result.added}; changed: {result.changed}; the same: {result.same}; passed over: {result.passed_over}",
    )
    after = (
        Message("проба: ничего не изменено", "a dry run: nothing was changed")
        if dry_run
        else Message(f"отменить: vats1c directory undo {result.id}", f"to undo: vats1c directory undo {result.id}")
    )
    typer.echo(f"{counts}\n{after}")


def _finding_json(finding: "RowFinding") -> dict[str, object]:
    return {"line": finding.line, "code": finding.code, "message": str(finding.message)}


def _entry_json(entry: "Entry") -> dict[str, object]:
    return {
        "id": entry.id,
        "numbers": [number.canonical for number in entry.numbers],
        **entry.caller._asdict(),
        "changed": entry.changed,
    }
