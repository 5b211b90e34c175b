"""Validation of a caller table: findings with line numbers, for the owner of the table to correct."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from vats1c.directory import Row
from vats1c.messages import Message
from vats1c.model import Caller
from vats1c.number import MAX_CELL_CHARS, extension_of, is_too_long
from vats1c.xmlsafe import has_forbidden_characters

# A finding is printed on one line.
_MAX_QUOTED_CHARS = 60


@dataclass(frozen=True, slots=True)
class RowFinding:
    """A problem in one row. `code` is stable for use in scripts; a `harmless` finding does not fail a check."""

    line: int
    code: str
    message: Message
    harmless: bool = False


def validate(
    rows: Iterable[Row],
    *,
    extensions: Collection[str] = (),
    internal_digits: int = 5,
    shown: Callable[[Caller], str] = lambda caller: caller.name,
    length: int = 0,
) -> list[RowFinding]:
    """Return the findings for `rows`, sorted by line and code.

    `extensions` are the extensions of all employees; when empty, managers are not checked against them. `shown` returns
    the untruncated name that the phone shows for a caller; `length` is the phone's limit in characters, 0 for none.
    """
    findings: list[RowFinding] = []
    by_number: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        findings += unusable_row(row)
        findings += _check_cell(row)
        findings += _check_manager(row, extensions, internal_digits)
        findings += _check_name(row, shown(row.caller), length)
        for number in row.numbers if row.usable else ():
            by_number[number.canonical or ""].append(row)
    findings += _check_shared_numbers(by_number)
    return sorted(findings, key=lambda finding: (finding.line, finding.code))


def collect_unusable(rows: Iterable[Row], findings: list[RowFinding]) -> Iterator[Row]:
    """Yield `rows` unchanged; append the findings for unusable rows to `findings`."""
    for row in rows:
        findings += unusable_row(row)
        yield row


def unusable_row(row: Row) -> Iterator[RowFinding]:
    """Yield the reasons why `row` is unusable; nothing for a usable row."""
    if not row.numbers:
        yield _too_long(row) if is_too_long(row.cell) else _no_number(row)
    if not row.caller.name:
        yield _finding(row, "NO-NAME", "нет имени", "there is no name")


def _no_number(row: Row) -> RowFinding:
    cell = _quoted(row.cell)
    return _finding(row, "NO-NUMBER", f"номер не читается: {cell}", f"no number can be read: {cell}")


def _too_long(row: Row) -> RowFinding:
    length, cell = len(row.cell), _quoted(row.cell)
    return _finding(
        row,
        "NUMBER-TOO-LONG",
        f"в ячейке номера знаков: {length}, читается до {MAX_CELL_CHARS}: {cell}",
        f"the number cell has {length} characters, up to {MAX_CELL_CHARS} are read: {cell}",
    )


def _check_cell(row: Row) -> Iterator[RowFinding]:
    if len(row.numbers) > 1:
        count = len(row.numbers)
        yield _finding(
            row, "SEVERAL-NUMBERS", f"номеров в ячейке: {count}", f"{count} numbers in one cell", harmless=True
        )


def _check_manager(row: Row, extensions: Collection[str], internal_digits: int) -> Iterator[RowFinding]:
    manager = row.caller.manager
    if not manager:
        return
    extension = extension_of(manager, internal_digits)
    if not extension:
        yield _finding(
            row,
            "MANAGER-NO-EXTENSION",
            f"ответственный {_quoted(manager)} — не внутренний номер",
            f"the manager {_quoted(manager)} is no internal extension",
        )
    elif extensions and extension not in extensions:
        yield _finding(
            row,
            "MANAGER-UNKNOWN",
            f"внутреннего номера {extension} нет у сотрудников",
            f"no employee has the extension {extension}",
        )


def _check_name(row: Row, shown: str, length: int) -> Iterator[RowFinding]:
    if any(map(has_forbidden_characters, (row.caller.name, row.caller.category, row.caller.manager))):
        yield _finding(
            row,
            "NOT-XML",
            "есть знаки, которых не бывает в XML: они будут выпущены",
            "characters that XML cannot carry are dropped",
        )
    if length and len(shown) > length:
        yield _finding(
            row,
            "TOO-LONG",
            f"на телефоне {length} знаков, имя длиннее",
            f"the phone shows {length} letters, the name is longer",
        )


def _check_shared_numbers(by_number: dict[str, list[Row]]) -> Iterator[RowFinding]:
    tails: dict[str, dict[str, Row]] = defaultdict(dict)
    for number, rows in by_number.items():
        tails[number[-10:]][number] = rows[0]
        first = rows[0]
        for row in rows[1:]:
            if row.caller != first.caller:
                yield _finding(
                    row,
                    "DUPLICATE",
                    f"тот же номер в строке {first.line} у другого",
                    f"line {first.line} has the same number for another",
                )
    for numbers in tails.values():
        lines = sorted({row.line for row in numbers.values()})
        if len(numbers) > 1 and len(lines) > 1:
            for row in numbers.values():
                others = ", ".join(str(line) for line in lines if line != row.line)
                yield _finding(
                    row,
                    "SAME-LAST-DIGITS",
                    f"те же последние 10 цифр в строках: {others}",
                    f"the same last 10 digits in lines {others}",
                    harmless=True,
                )


def _quoted(text: str) -> str:
    """Return `text` in quotes, truncated to `_MAX_QUOTED_CHARS`."""
    return repr(text) if len(text) <= _MAX_QUOTED_CHARS else f"{text[:_MAX_QUOTED_CHARS]!r}…"


def _finding(row: Row, code: str, ru: str, en: str, *, harmless: bool = False) -> RowFinding:
    return RowFinding(row.line, code, Message(ru, en), harmless)
