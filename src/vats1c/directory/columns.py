"""Column titles of a caller table, shared by all kinds of directory that have columns."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter

from vats1c.directory import DirectoryError, Row
from vats1c.model import Caller, Confidence
from vats1c.number import Number, NumberPlan, parse_cell

# Field -> accepted column titles, case-folded; the documentation uses the first title.
COLUMNS = {
    "number": ("number", "phone", "номер", "телефон", "номер телефона"),
    "name": ("name", "имя", "наименование", "фио", "клиент", "контрагент"),
    "company": ("company", "компания", "организация"),
    "category": ("category", "категория"),
    "manager": ("manager", "менеджер", "ответственный", "внутренний номер"),
    "note": ("note", "заметка", "примечание", "комментарий"),
}
# The fields of a row in reading order: the number cell, then the fields of Caller.
CELLS = ("number", *Caller._fields)
FIELDS = {title: field for field, titles in COLUMNS.items() for title in titles}


def fields_of(titles: Sequence[str], where: object) -> list[str | None]:
    """Return the field name for each column title, None for an unknown title.

    Raises DirectoryError, naming `where`, when there is no number column or no name column.
    """
    fields = [FIELDS.get(title.strip().casefold()) for title in titles]
    if "number" not in fields or "name" not in fields:
        raise DirectoryError(
            f"в первой строке нужны столбцы number и name (номер и имя): {where}",
            f"the first row must name the columns number and name: {where}",
            "path",
        )
    return fields


def row_reader(fields: Sequence[str | None]) -> Callable[[list[str]], tuple[str, ...]]:
    """Return a function that maps the cells of a row to the order of `CELLS`, "" for a missing cell.

    `fields` is the result of `fields_of`. The returned function mutates its argument.
    """
    width = len(fields)
    columns = {field: column for column, field in enumerate(fields)}
    pick: Callable[[list[str]], tuple[str, ...]] = itemgetter(*[columns.get(field, width) for field in CELLS])

    def read_row(row: list[str]) -> tuple[str, ...]:
        if len(row) != width:
            row = (row + [""] * width)[:width]
        row.append("")
        return pick(row)

    return read_row


def row_of(line: int, cells: Iterable[str], plan: NumberPlan) -> Row:
    """Build the row at `line` from its cells in the order of `CELLS`."""
    cell, *values = map(str.strip, cells)
    # A start reads 100,000 rows, and the constructor of a named tuple takes twice as long as tuple.__new__.
    return tuple.__new__(Row, (line, cell, parse_cell(cell, plan), tuple.__new__(Caller, values)))


def cells_of(values: Mapping[str, str]) -> list[str]:
    """Return `values`, keyed by field, in the order of `CELLS`; "" for a missing field."""
    return [values.get(field, "") for field in CELLS]


def confidence_of(number: Number, owners: Iterable[Sequence[str]], plan: NumberPlan) -> Confidence:
    """Return the confidence of a match of `number`.

    `owners` holds the number cells of each matching caller. A caller whose cells hold no digits does not lower the
    confidence, because the source itself compared the numbers.
    """
    guessed = number.local
    for cells in owners:
        owned = [candidate for cell in cells for candidate in parse_cell(cell, plan)]
        same = [candidate for candidate in owned if candidate.canonical == number.canonical]
        if not same and any(map(_has_digits, cells)):
            return Confidence.LAST_DIGITS
        guessed = guessed or any(candidate.local for candidate in same)
    return Confidence.LOCAL if guessed else Confidence.EXACT


def _has_digits(cell: str) -> bool:
    return any(letter.isdecimal() for letter in cell)
