"""Mapping from the entity sets and attributes of a 1C base to callers.

The defaults fit configurations built on 1C's Library of Standard Subsystems (БСП): a table «КонтактнаяИнформация»
inside each counterparty. Rule: a base may lack an attribute that only a default names; an attribute that
the settings name must exist.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vats1c.directory import DirectoryError
from vats1c.directory.columns import COLUMNS
from vats1c.directory.odata_pages import Entry, Query
from vats1c.model import Caller
from vats1c.number import Number, NumberPlan, extension_of, is_too_long, parse_cell

_FIELDS = {
    "number": "Представление, НомерТелефона",
    "name": "Description",
    "company": "НаименованиеПолное",
    "category": "",
    "manager": "",
    "note": "Комментарий",
}
_CALLERS, _PHONES, _OWNER = "Catalog_Контрагенты", "КонтактнаяИнформация", "Ref_Key"
_KEY, _LINE, _TYPE, _DELETED, _FOLDER = "Ref_Key", "LineNumber", "Тип", "DeletionMark", "IsFolder"
_PHONE = "Телефон"
# The value of an empty reference in 1C.
_EMPTY_REFERENCE = "00000000-0000-0000-0000-000000000000"
_NAME = re.compile(r"\w+")
_PATH = re.compile(r"\w+(\.\w+)*")
_ENTITY_SET = re.compile(r"[A-Z][A-Za-z]+_\w+")

Path = Sequence[str]


@dataclass(frozen=True, slots=True)
class Layout:
    """The location of callers and phone numbers in a 1C base.

    `callers` is an entity set. `phones` is a table inside each caller or a separate entity set, or "" when the numbers
    are attributes of the caller. Each entry of a separate entity set references its caller at the path `owner`.
    `fields` maps each field of a row to attribute paths; `configured` are the fields that the settings name.
    """

    callers: str
    phones: str
    owner: Path
    fields: Mapping[str, tuple[Path, ...]]
    configured: frozenset[str]

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Layout":
        """Build the layout from the settings `callers`, `phones`, `owner` and `fields`. Raises DirectoryError."""
        fields = settings.get("fields", {})
        if not isinstance(fields, Mapping) or fields.keys() - COLUMNS.keys():
            there_are = ", ".join(COLUMNS)
            raise DirectoryError(f"бывают поля: {there_are}", f"the fields are {there_are}", "fields")
        phones = settings.get("phones", _PHONES)
        if phones == "" and "number" not in fields:
            raise DirectoryError("где номер телефона?", "where is the phone number?", "fields.number")
        return cls(
            _named(settings.get("callers", _CALLERS), "callers", _ENTITY_SET),
            phones if phones == "" else _named(phones, "phones", _NAME),
            _named(settings.get("owner", _OWNER), "owner", _NAME).split("."),
            {field: _paths(field, text) for field, text in {**_FIELDS, **fields}.items()},
            frozenset(fields),
        )

    @property
    def apart(self) -> bool:
        """Whether the phones are a separate entity set."""
        return bool(_ENTITY_SET.fullmatch(self.phones))

    def rows(
        self,
        entries: Callable[[Query], Iterable[Entry]],
        plan: NumberPlan,
        on_too_long: Callable[[str], None] = lambda _key: None,
    ) -> Iterator[tuple[Iterable[Number], Caller]]:
        """Yield pairs of (numbers, caller) for the callers with at least one number and a name.

        `entries` runs a query and yields its entries. `on_too_long` receives the key of each caller with a number cell
        that is too long to be parsed.
        """
        phones = self._by_owner(entries(self.of_phones())) if self.apart else {}
        for entry in entries(self.of_callers()):
            if entry.get(_DELETED) is True or entry.get(_FOLDER) is True:
                continue
            cells = phones.get(str(entry.get(_KEY)), []) if self.apart else self._cells(entry)
            if any(map(is_too_long, cells)):
                on_too_long(str(entry.get(_KEY)))
            numbers = _numbers(cells, plan)
            caller = self._caller(entry, plan)
            if numbers and caller.name:
                yield numbers, caller

    def of_callers(self) -> Query:
        """Return the query of the callers."""
        paths = {
            field: field_paths for field, field_paths in self.fields.items() if field != "number" or not self.phones
        }
        roots = [path[0] for field_paths in paths.values() for path in field_paths]
        nested = [self.phones] if self.phones and not self.apart else []
        return Query(
            self.callers,
            _distinct([_KEY, _DELETED, _FOLDER, *roots, *nested]),
            order=(_KEY,),
            # 1C returns a referenced entity only with $expand; a table inside the entry needs no $expand.
            expand=_distinct(
                path[0]
                for field_paths in paths.values()
                for path in field_paths
                if len(path) > 1 and not path[1].isdecimal()
            ),
            optional=frozenset({_DELETED, _FOLDER}) | self._defaults(paths.keys() - {"name"}),
        )

    def of_phones(self) -> Query:
        """Return the query of the phones, for a layout in which they are a separate entity set."""
        roots = [path[0] for path in self.fields["number"]]
        return Query(
            self.phones,
            _distinct([self.owner[0], _LINE, _TYPE, *roots]),
            order=(self.owner[0], _LINE),
            optional=frozenset({_LINE, _TYPE}) | self._defaults({"number"}),
        )

    def _defaults(self, fields: Iterable[str]) -> frozenset[str]:
        return frozenset(path[0] for field in fields if field not in self.configured for path in self.fields[field])

    def _by_owner(self, entries: Iterable[Entry]) -> dict[str, list[str]]:
        cells: dict[str, list[str]] = defaultdict(list)
        for entry in entries:
            for owner in _values(entry, self.owner):
                cells[owner] += self._of_phone(entry)
        return cells

    def _cells(self, entry: Entry) -> list[str]:
        """Return the number cells of a caller."""
        if not self.phones:
            return [value for path in self.fields["number"] for value in _values(entry, path)]
        nested = entry.get(self.phones)
        rows = nested if isinstance(nested, list) else []
        return [cell for row in rows if isinstance(row, dict) for cell in self._of_phone(row)]

    def _of_phone(self, row: Entry) -> list[str]:
        # The table also holds postal and email addresses.
        if row.get(_TYPE, _PHONE) != _PHONE:
            return []
        return [value for path in self.fields["number"] for value in _values(row, path)]

    def _caller(self, entry: Entry, plan: NumberPlan) -> Caller:
        texts_of = {
            field: [value for path in field_paths for value in _values(entry, path)]
            for field, field_paths in self.fields.items()
            if field != "number"
        }
        # A manager attribute may hold a mobile number, an email address or a UUID; the VATS routes to extensions only.
        texts_of["manager"] = [value for value in texts_of["manager"] if extension_of(value, plan.internal_digits)]
        return Caller(**{field: next(iter(texts), "") for field, texts in texts_of.items()})


def _named(text: Any, key: str, allowed: re.Pattern[str]) -> str:
    if not isinstance(text, str) or not allowed.fullmatch(text):
        example = {"callers": _CALLERS, "phones": _PHONES}.get(key, _OWNER)
        raise DirectoryError(f"нужно имя, например {example}", f"must be a name such as {example}", key)
    return text


def _paths(field: str, text: Any) -> tuple[Path, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()] if isinstance(text, str) else [""]
    if not all(_PATH.fullmatch(name) for name in names) or (field in ("name", "number") and not names):
        raise DirectoryError(
            "нужны имена реквизитов через запятую, вложенные через точку",
            "must be names of attributes by comma, those inside others by dots",
            f"fields.{field}",
        )
    return tuple(name.split(".") for name in names)


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _numbers(cells: Iterable[str], plan: NumberPlan) -> list[Number]:
    """Return the distinct numbers in `cells`: 1C may store a number twice, as typed and as digits."""
    numbers = [number for cell in cells for number in parse_cell(cell, plan)]
    # Numbers with an area code come first, so that they win over duplicates with a default area code.
    numbers.sort(key=lambda number: number.local)
    distinct: dict[str | None, Number] = {}
    for number in numbers:
        distinct.setdefault(number.canonical, number)
    return list(distinct.values())


def _values(value: Any, path: Path) -> Iterator[str]:
    """Yield the texts at `path` in a JSON value; a list stands for all its elements, unless the path has an index."""
    if isinstance(value, list):
        if path and path[0].isdecimal():
            value, path = value[int(path[0]) :][:1], path[1:]
        for element in value:
            yield from _values(element, path)
    elif path:
        yield from _values(value.get(path[0]), path[1:]) if isinstance(value, dict) else ()
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        # JSON can encode a lone surrogate, which UTF-8 cannot.
        text = str(value).encode(errors="replace").decode().strip()
        if text and text != _EMPTY_REFERENCE:
            yield text
