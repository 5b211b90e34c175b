"""Callers as a 1C keeps them: which entity sets and attributes to read, and what each means.

Defaults are those of the configurations built on 1C's Library of Standard Subsystems (БСП): a table
«КонтактнаяИнформация» inside each counterparty. Rule: an attribute that only a default names may be missing.
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
# What 1C writes for a reference to nothing.
_NOTHING = "00000000-0000-0000-0000-000000000000"
_NAME = re.compile(r"\w+")
_PATH = re.compile(r"\w+(\.\w+)*")
_ENTITY_SET = re.compile(r"[A-Z][A-Za-z]+_\w+")

Path = Sequence[str]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the callers and their phones stand.

    `phones` is a table inside each caller, an entity set of its own whose entries name their caller at `owner`, or ""
    where the numbers are attributes of the caller.
    """

    callers: str
    phones: str
    owner: Path
    fields: Mapping[str, tuple[Path, ...]]
    given: frozenset[str]

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Layout":
        """Return the layout that `callers`, `phones`, `owner` and `fields` of the settings describe.

        Raises DirectoryError.
        """
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
        """Whether the phones are an entity set of their own."""
        return bool(_ENTITY_SET.fullmatch(self.phones))

    def rows(
        self,
        entries: Callable[[Query], Iterable[Entry]],
        plan: NumberPlan,
        on_too_long: Callable[[str], None] = lambda _key: None,
    ) -> Iterator[tuple[Iterable[Number], Caller]]:
        """Yield each caller that is of use, with the numbers, out of the `entries` of a query.

        `on_too_long` is called with the key of each caller that has a number too long to be read.
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
        """Return what is read of the callers."""
        paths = {field: own for field, own in self.fields.items() if field != "number" or not self.phones}
        roots = [path[0] for own in paths.values() for path in own]
        inside = [self.phones] if self.phones and not self.apart else []
        return Query(
            self.callers,
            _once([_KEY, _DELETED, _FOLDER, *roots, *inside]),
            order=(_KEY,),
            # What stands behind a reference comes only when asked for; a table inside is there by itself.
            expand=_once(
                path[0] for own in paths.values() for path in own if len(path) > 1 and not path[1].isdecimal()
            ),
            optional=frozenset({_DELETED, _FOLDER}) | self._defaults(paths.keys() - {"name"}),
        )

    def of_phones(self) -> Query:
        """Return what is read of the phones where they are an entity set of their own."""
        roots = [path[0] for path in self.fields["number"]]
        return Query(
            self.phones,
            _once([self.owner[0], _LINE, _TYPE, *roots]),
            order=(self.owner[0], _LINE),
            optional=frozenset({_LINE, _TYPE}) | self._defaults({"number"}),
        )

    def _defaults(self, fields: Iterable[str]) -> frozenset[str]:
        return frozenset(path[0] for field in fields if field not in self.given for path in self.fields[field])

    def _by_owner(self, entries: Iterable[Entry]) -> dict[str, list[str]]:
        cells: dict[str, list[str]] = defaultdict(list)
        for entry in entries:
            for owner in _values(entry, self.owner):
                cells[owner] += self._of_phone(entry)
        return cells

    def _cells(self, entry: Entry) -> list[str]:
        """Return the texts that hold the numbers of a caller."""
        if not self.phones:
            return [value for path in self.fields["number"] for value in _values(entry, path)]
        inside = entry.get(self.phones)
        rows = inside if isinstance(inside, list) else []
        return [cell for row in rows if isinstance(row, dict) for cell in self._of_phone(row)]

    def _of_phone(self, row: Entry) -> list[str]:
        # Addresses and mail stand in the same table.
        if row.get(_TYPE, _PHONE) != _PHONE:
            return []
        return [value for path in self.fields["number"] for value in _values(row, path)]

    def _caller(self, entry: Entry, plan: NumberPlan) -> Caller:
        found = {
            field: [value for path in own for value in _values(entry, path)]
            for field, own in self.fields.items()
            if field != "number"
        }
        # A manager has mobile phones, mail and a key of 36 letters; the VATS can route to an extension only.
        found["manager"] = [value for value in found["manager"] if extension_of(value, plan.internal_digits)]
        return Caller(**{field: next(iter(values), "") for field, values in found.items()})


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


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _numbers(cells: Iterable[str], plan: NumberPlan) -> list[Number]:
    """Return the numbers in `cells`, each once: the same one may stand there as typed and as digits."""
    found = [number for cell in cells for number in parse_cell(cell, plan)]
    # The one whose town did not have to be guessed wins.
    found.sort(key=lambda number: number.local)
    once: dict[str | None, Number] = {}
    for number in found:
        once.setdefault(number.canonical, number)
    return list(once.values())


def _values(found: Any, path: Path) -> Iterator[str]:
    """Yield the texts at `path`; a list on the way stands for all that is in it, unless the path has a place in it."""
    if isinstance(found, list):
        if path and path[0].isdecimal():
            found, path = found[int(path[0]) :][:1], path[1:]
        for one in found:
            yield from _values(one, path)
    elif path:
        yield from _values(found.get(path[0]), path[1:]) if isinstance(found, dict) else ()
    elif isinstance(found, str | int | float) and not isinstance(found, bool):
        # JSON can spell half of a character, which no text can hold.
        text = str(found).encode(errors="replace").decode().strip()
        if text and text != _NOTHING:
            yield text
