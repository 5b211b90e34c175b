"""Callers from a file of vCards (2.1, 3.0 and 4.0), as phones and mail programs give them out.

Read here and not by a library: those there are stop at the first card that bends the rules, as phones do. Rule: a
card that cannot be read is one row of no use, and the others are read.
"""

import quopri
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vats1c.directory import DirectoryError, Row
from vats1c.directory.columns import cells_of, row_of
from vats1c.directory.files import FileDirectory
from vats1c.model import Caller
from vats1c.number import NumberPlan

_BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
_QUOTED_PRINTABLE = "QUOTED-PRINTABLE"
_ESCAPED = re.compile(r"\\([\\,;:nN])")
# A part of a value up to its mark, with what is escaped in it.
_PART = {mark: re.compile(rf"(?:^|{mark})((?:[^\\{mark}]++|\\.?)*+)", re.DOTALL) for mark in ";,"}
_QUOTED = re.compile(r'"[^"]*"')
# The rest, photographs above all, is not even decoded.
_READ = frozenset(("BEGIN", "END", "TEL", "FN", "N", "ORG", "CATEGORIES", "NOTE", "X-MANAGER"))


class VcardDirectory(FileDirectory):
    """Callers of one file of vCards."""

    def __init__(self, name: str, settings: Mapping[str, Any], plan: NumberPlan) -> None:
        """Read the file at `settings["path"]`. Raises DirectoryError."""
        super().__init__(name, settings, plan, read)


def read(path: Path, plan: NumberPlan) -> Iterator[Row]:
    """Yield a row for each card, at the line of its BEGIN. Raises DirectoryError."""
    begun = 0
    card: dict[str, list[str]] = {}
    found = False
    for line, name, value in _properties(_read_text(path)):
        marker = value.strip().upper() == "VCARD" and name
        if marker == "BEGIN":
            if begun:
                yield _broken(begun)
            begun, card, found = line, defaultdict(list), True
        elif marker == "END" and begun:
            yield row_of(begun, cells_of(_fields(card)), plan)
            begun = 0
        elif begun:
            card[name].append(value)
    if begun:
        yield _broken(begun)
    if not found:
        raise DirectoryError(f"в файле нет карточек vCard: {path}", f"no vCards in the file: {path}", "path")


def _broken(line: int) -> Row:
    """Return a row for a card without an end: half a number would be another caller's."""
    return Row(line, "BEGIN:VCARD", (), Caller(""))


def _fields(card: Mapping[str, list[str]]) -> dict[str, str]:
    family, given, middle = (*_parts(card, "N"), "", "", "")[:3]
    company = ", ".join(part for part in _parts(card, "ORG") if part)
    return {
        "number": ", ".join(map(_number, card.get("TEL", ()))),
        "name": _first(card, "FN") or " ".join(filter(None, (given, middle, family))) or company,
        "company": company,
        "category": next(filter(None, _parts(card, "CATEGORIES", ",")), ""),
        "note": _first(card, "NOTE"),
        "manager": _first(card, "X-MANAGER"),
    }


def _first(card: Mapping[str, list[str]], name: str) -> str:
    return next((text for value in card.get(name, ()) if (text := _plain(value))), "")


def _parts(card: Mapping[str, list[str]], name: str, mark: str = ";") -> list[str]:
    """Return the parts of the first value that has any."""
    values = ([_plain(part) for part in _PART[mark].findall(value)] for value in card.get(name, ()))
    return next(filter(any, values), [])


def _plain(value: str) -> str:
    text = _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)
    return " ".join(text.split())


def _number(value: str) -> str:
    """Return a TEL's number; in vCard 4.0 it may be a URI (RFC 6350, 6.4.1; RFC 3966)."""
    text = _plain(value)
    if not text.lower().startswith("tel:"):
        return text
    number, _, rest = text[4:].partition(";")
    extension = re.search(r"(?:^|;)ext=(\d+)", rest)
    return f"{number} доб. {extension[1]}" if extension else number


def _properties(content: bytes) -> Iterator[tuple[int, str, str]]:
    """Yield each property that is read: its line, its name in capitals without its group, its value."""
    for line, text in _unfold(content):
        head, _, value = _split_property(text)
        grouped, *parameters = head.decode("ascii", "replace").upper().split(";")
        name = grouped.rpartition(".")[2].strip()
        if name in _READ:
            quoted_printable = any(one.endswith(_QUOTED_PRINTABLE) for one in parameters)
            charset = next((one[8:].strip('"') for one in parameters if one.startswith("CHARSET=")), "")
            yield line, name, _decoded(quopri.decodestring(value) if quoted_printable else value, charset)


def _split_property(line: bytes) -> tuple[bytes, bytes, bytes]:
    """Return head, colon and value: a colon in a quoted parameter divides nothing."""
    place = _QUOTED.sub(lambda found: "." * len(found[0]), line.decode("latin-1")).find(":")
    return (line[:place], b":", line[place + 1 :]) if place >= 0 else (line, b"", b"")


def _unfold(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield logical lines with the number of the first of each (RFC 6350, 3.2; vCard 2.1, 2.1.3)."""
    begun, held, quoted_printable = 0, [b""], False
    for line, text in enumerate(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), 1):
        if quoted_printable and held[-1].endswith(b"="):
            held[-1] = held[-1][:-1]
            held.append(text.lstrip(b" \t"))
        elif text[:1] in (b" ", b"\t") and held != [b""]:
            held.append(text[1:])
        else:
            yield begun, b"".join(held)
            begun, held = line, [text]
            quoted_printable = _QUOTED_PRINTABLE.encode() in text.partition(b":")[0].upper()
    yield begun, b"".join(held)


def _decoded(raw: bytes, charset: str) -> str:
    """Return the text; none where no charset fits: nobody could read it on a phone."""
    for encoding in filter(None, (charset, "utf-8", "windows-1251")):
        try:
            return raw.decode(encoding)
        except (ValueError, LookupError):
            # A card may name a charset that there is not, or one that is none.
            continue
    return ""


def _read_text(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DirectoryError(f"файл не читается: {path}: {reason}", f"cannot read {path}: {reason}", "path") from error
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            return content.decode(encoding, "replace").encode()
    return content
