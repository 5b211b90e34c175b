"""What the columns of somebody's table mean: the same names for every kind that has columns."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter

from vats1c.directory import DirectoryError, Row
from vats1c.model import Caller, Confidence
from vats1c.number import Number, NumberPlan, parse_cell

# What a column may be called, folded; the first name is the one in the docs.
COLUMNS = {
    "number": ("number", "phone", "номер", "телефон", "номер телефона"),
    "name": ("name", "имя", "наименование", "фио", "клиент", "контрагент"),
    "company": ("company", "компания", "организация"),
    "category": ("category", "категория"),
    "manager": ("manager", "менеджер", "ответственный", "внутренний номер"),
    "note": ("note", "заметка", "примечание", "комментарий"),
}
# The caller's number and then the rest, in the order in which a row is read.
CELLS = ("number", *Caller._fields)
FIELDS = {title: field for field, titles in COLUMNS.items() for title in titles}


def fields_of(titles: Sequence[str], where: object) -> list[str | None]:
    """Return the caller's field that each column holds, None for columns of no use here.

    Raises DirectoryError, naming `where`, when the number or the name is missing.
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
    """Return what picks a row's cells in the order of `CELLS`, "" where there is none; `fields` as `fields_of` says.

    What picks may use the row up.
    """
    width = len(fields)
    places = {field: place for place, field in enumerate(fields)}
    pick: Callable[[list[str]], tuple[str, ...]] = itemgetter(*[places.get(field, width) for field in CELLS])

    def picked(row: list[str]) -> tuple[str, ...]:
        if len(row) != width:
            row = (row + [""] * width)[:width]
        row.append("")
        return pick(row)

    return picked


def row_of(line: int, cells: Iterable[str], plan: NumberPlan) -> Row:
    """Return the row at `line`, given by its cells in the order of `CELLS`."""
    cell, *own = map(str.strip, cells)
    # A hundred thousand rows are read at a start: a named tuple's own constructor takes twice as long.
    return tuple.__new__(Row, (line, cell, parse_cell(cell, plan), tuple.__new__(Caller, own)))


def cells_of(values: Mapping[str, str]) -> list[str]:
    """Return what is given by field in the order of `CELLS`."""
    return [values.get(field, "") for field in CELLS]


def confidence_of(number: Number, owners: Iterable[Sequence[str]], plan: NumberPlan) -> Confidence:
    """Return how sure it is that `number` is that of its `owners`, each given by the cells its numbers stand in.

    A source that does not show its numbers is believed.
    """
    guessed = number.local
    for cells in owners:
        held = [own for cell in cells for own in parse_cell(cell, plan)]
        same = [own for own in held if own.canonical == number.canonical]
        if not same and any(map(_has_digits, cells)):
            return Confidence.LAST_DIGITS
        guessed = guessed or any(own.local for own in same)
    return Confidence.LOCAL if guessed else Confidence.EXACT


def _has_digits(cell: str) -> bool:
    return any(letter.isdecimal() for letter in cell)
