"""`vats1c directory`: the callers of the publication's own directory, imported, edited and given out."""

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

app = typer.Typer(no_args_is_help=True, help="Import, edit and give out the callers of your own directory.")

PublicationOption = Annotated[
    str | None, typer.Option(help="Publication, when there is more than one.", show_default=False)
]
DirectoryOption = Annotated[
    str | None, typer.Option(help="Directory, when more than one can be edited.", show_default=False)
]
NumberOption = Annotated[
    list[str] | None, typer.Option("--number", help="A number; may be given several times.", show_default=False)
]
NameOption = Annotated[str | None, typer.Option(help="Name of the caller.", show_default=False)]
CompanyOption = Annotated[str | None, typer.Option(help="Company.", show_default=False)]
CategoryOption = Annotated[str | None, typer.Option(help="Category.", show_default=False)]
ManagerOption = Annotated[str | None, typer.Option(help="Extension of the responsible manager.", show_default=False)]
NoteOption = Annotated[str | None, typer.Option(help="Note.", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
IdArgument = Annotated[int, typer.Argument(help="Id of the caller, as `vats1c directory find` shows it.")]

# A longer report is not useful to read; --json prints all of it.
_MAX_SHOWN = 20


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Table of callers: CSV, XLSX, ODS or vCard.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")] = False,
    config: ConfigOption = None,
    directory: DirectoryOption = None,
    publication: PublicationOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the callers of a file in; what is there already is changed, nothing is taken away."""
    from vats1c.directory.doctor import collect_unusable
    from vats1c.directory.files import rows_of

    settings = load(config, or_demo=True)
    passed_over: list[RowFinding] = []
    with _open_editable(settings, publication, directory) as own, counting() as tell:
        rows = collect_unusable(rows_of(file, settings.plan), passed_over)
        done = own.import_rows(rows, file.name, partial(tell, file.name), dry_run=dry_run)
    if as_json:
        described = {
            **asdict(done),
            "id": None if dry_run else done.id,
            "skipped": [_skipped(one) for one in passed_over],
        }
        typer.echo(json.dumps(described, ensure_ascii=False, indent=2))
    else:
        _report(file, done, passed_over, dry_run=dry_run)


@app.command("imports")
def imports(
    config: ConfigOption = None, directory: DirectoryOption = None, publication: PublicationOption = None
) -> None:
    """Print the imports that can be undone, the newest first."""
    with _open_editable(load(config, or_demo=True), publication, directory) as own:
        for one in own.imports():
            typer.echo(f"{one.id:>6}  {one.at}  {one.source}")


@app.command("undo")
def undo(
    number: Annotated[int, typer.Argument(help="Id of the import.", metavar="ID")],
    config: ConfigOption = None,
    directory: DirectoryOption = None,
    publication: PublicationOption = None,
) -> None:
    """Undo an import; callers changed since are left alone."""
    with _open_editable(load(config, or_demo=True), publication, directory) as own:
        undone = own.undo(number)
    done = Message(
        f"убрано: {undone.removed}; возвращено: {undone.restored}; изменены с тех пор и оставлены: {undone.kept}",
        f"removed: {undone.removed}; restored: {undone.restored}; changed since and kept: {undone.kept}",
    )
    typer.echo(str(done))


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
    with _open_editable(load(config, or_demo=True), publication, directory) as own:
        typer.echo(own.add(number or [], caller))


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
    """Change the given fields of a caller; the given numbers replace all earlier ones."""
    words = {"name": name, "company": company, "category": category, "manager": manager, "note": note}
    given = {field: value for field, value in words.items() if value is not None}
    with _open_editable(load(config, or_demo=True), publication, directory) as own:
        caller = own.get(caller_id).caller._replace(**given)
        own.change(caller_id, numbers=number, caller=caller)


@app.command("remove")
def remove(
    caller_id: IdArgument,
    config: ConfigOption = None,
    directory: DirectoryOption = None,
    publication: PublicationOption = None,
) -> None:
    """Take a caller out."""
    with _open_editable(load(config, or_demo=True), publication, directory) as own:
        own.remove(caller_id)


@app.command("find")
def find(
    text: Annotated[str, typer.Argument(help="Words or part of a number.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many callers at most.")] = 50,
    config: ConfigOption = None,
    directory: DirectoryOption = None,
    publication: PublicationOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the callers that have every word: id, numbers, name, company, category, manager, note."""
    with _open_editable(load(config, or_demo=True), publication, directory) as own:
        found = own.find_by_text(text, limit)
    if as_json:
        typer.echo(json.dumps([_described(one) for one in found], ensure_ascii=False, indent=2))
        return
    for one in found:
        numbers = ", ".join(number.canonical or "" for number in one.numbers)
        rest = "  ".join(value for value in one.caller[1:] if value)
        typer.echo(f"{one.id:>6}  {numbers:<16}  {one.caller.name}  {rest}".rstrip())


@app.command("export")
def export(
    config: ConfigOption = None, directory: DirectoryOption = None, publication: PublicationOption = None
) -> None:
    """Print all callers as a CSV file that `vats1c directory import` takes in again."""
    from vats1c.directory.columns import COLUMNS

    table = csv.writer(sys.stdout, delimiter=";", lineterminator="\n")
    with _open_editable(load(config, or_demo=True), publication, directory) as own:
        table.writerow(COLUMNS)
        for row in own.rows():
            table.writerow([row.cell, *row.caller])


@contextmanager
def _open_editable(settings: "Settings", publication: str | None, name: str | None) -> "Iterator[Editable]":
    """Give the directory that can be edited. Ends the command with one sentence when anything fails."""
    from vats1c.app.load_parts import editable
    from vats1c.config import ConfigError
    from vats1c.directory import DirectoryError

    try:
        own = editable(settings, publication, name)
    except ConfigError as error:
        fail(error)
    try:
        yield own
    except DirectoryError as error:
        stop(error.message)
    finally:
        own.close()


def _report(file: Path, done: "ImportResult", passed_over: "list[RowFinding]", *, dry_run: bool) -> None:
    for one in passed_over[:_MAX_SHOWN]:
        typer.echo(f"  {file.name}:{one.line}  {one.code}  {one.message}")
    if len(passed_over) > _MAX_SHOWN:
        more = len(passed_over) - _MAX_SHOWN
        typer.echo(str(Message(f"  ... и ещё {more}; все: --json", f"  ... and {more} more; all of them: --json")))
    counts = Message(
        f"добавлено: {done.added}; изменено: {done.changed}; уже было: {done.same}; пропущено: {done.passed_over}",
        f"added: {done.added}; changed: {done.changed}; the same: {done.same}; passed over: {done.passed_over}",
    )
    after = (
        Message("проба: ничего не изменено", "a dry run: nothing was changed")
        if dry_run
        else Message(f"отменить: vats1c directory undo {done.id}", f"to undo: vats1c directory undo {done.id}")
    )
    typer.echo(f"{counts}\n{after}")


def _skipped(one: "RowFinding") -> dict[str, object]:
    return {"line": one.line, "code": one.code, "message": str(one.message)}


def _described(one: "Entry") -> dict[str, object]:
    return {
        "id": one.id,
        "numbers": [number.canonical for number in one.numbers],
        **one.caller._asdict(),
        "changed": one.changed,
    }
