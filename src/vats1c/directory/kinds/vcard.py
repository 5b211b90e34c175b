"""Callers from a file of vCards (2.1, 3.0 and 4.0), as exported by phones and mail programs.

This module has its own parser, because the available libraries fail at the first invalid card, and phones export such
cards. Rule: an unreadable card becomes one unusable row; all other cards are read.
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
_ESCAPE = re.compile(r"\\([\\,;:nN])")
# Separator -> pattern of one component of a value, escape sequences included.
_PART = {separator: re.compile(rf"(?:^|{separator})((?:[^\\{separator}]++|\\.?)*+)", re.DOTALL) for separator in ";,"}
_QUOTED = re.compile(r'"[^"]*"')
# Other properties, such as photographs, are not decoded.
_READ = frozenset(("BEGIN", "END", "TEL", "FN", "N", "ORG", "CATEGORIES", "NOTE", "X-MANAGER"))


class VcardDirectory(FileDirectory):
    """The callers in one file of vCards."""

    def __init__(self, name: str, settings: Mapping[str, Any], plan: NumberPlan) -> None:
        """Load the file at `settings["path"]`. Raises DirectoryError."""
        super().__init__(name, settings, plan, read)


def read(path: Path, plan: NumberPlan) -> Iterator[Row]:
    """Yield a row for each card, numbered by the line of its BEGIN. Raises DirectoryError."""
    begin_line = 0
    card: dict[str, list[str]] = {}
    has_cards = False
    for line, name, value in _properties(_read_text(path)):
        boundary = value.strip().upper() == "VCARD" and name
        if boundary == "BEGIN":
            if begin_line:
                yield _broken(begin_line)
            begin_line, card, has_cards = line, defaultdict(list), True
        elif boundary == "END" and begin_line:
            yield row_of(begin_line, cells_of(_fields(card)), plan)
            begin_line = 0
        elif begin_line:
            card[name].append(value)
    if begin_line:
        yield _broken(begin_line)
    if not has_cards:
        raise DirectoryError(f"в файле нет карточек vCard: {path}", f"no vCards in the file: {path}", "path")


def _broken(line: int) -> Row:
    """Return the unusable row for a card without END: a truncated number could belong to another caller."""
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


def _parts(card: Mapping[str, list[str]], name: str, separator: str = ";") -> list[str]:
    """Return the components of the first value of property `name` that has a nonempty component."""
    values = ([_plain(part) for part in _PART[separator].findall(value)] for value in card.get(name, ()))
    return next(filter(any, values), [])


def _plain(value: str) -> str:
    text = _ESCAPE.sub(lambda escape: "\n" if escape[1] in "nN" else escape[1], value)
    return " ".join(text.split())


def _number(value: str) -> str:
    """Return the number in a TEL value, which may be a tel: URI in vCard 4.0 (RFC 6350, 6.4.1; RFC 3966)."""
    text = _plain(value)
    if not text.lower().startswith("tel:"):
        return text
    number, _, rest = text[4:].partition(";")
    extension = re.search(r"(?:^|;)ext=(\d+)", rest)
    return f"{number} доб. {extension[1]}" if extension else number


def _properties(content: bytes) -> Iterator[tuple[int, str, str]]:
    """Yield (line, name, value) for each property in `_READ`; the name is upper case and has no group."""
    for line, text in _unfold(content):
        head, _, value = _split_property(text)
        grouped, *parameters = head.decode("ascii", "replace").upper().split(";")
        name = grouped.rpartition(".")[2].strip()
        if name in _READ:
            quoted_printable = any(parameter.endswith(_QUOTED_PRINTABLE) for parameter in parameters)
            charset = next(
                (parameter[8:].strip('"') for parameter in parameters if parameter.startswith("CHARSET=")), ""
            )
            yield line, name, _decoded(quopri.decodestring(value) if quoted_printable else value, charset)


def _split_property(line: bytes) -> tuple[bytes, bytes, bytes]:
    """Split a property at its first colon outside quoted parameters; return (head, colon, value)."""
    colon = _QUOTED.sub(lambda quoted: "." * len(quoted[0]), line.decode("latin-1")).find(":")
    return (line[:colon], b":", line[colon + 1 :]) if colon >= 0 else (line, b"", b"")


def _unfold(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (number of the first physical line, logical line) pairs (RFC 6350, 3.2; vCard 2.1, 2.1.3)."""
    first_line, chunks, quoted_printable = 0, [b""], False
    for line, text in enumerate(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), 1):
        if quoted_printable and chunks[-1].endswith(b"="):
            chunks[-1] = chunks[-1][:-1]
            chunks.append(text.lstrip(b" \t"))
        elif text[:1] in (b" ", b"\t") and chunks != [b""]:
            chunks.append(text[1:])
        else:
            yield first_line, b"".join(chunks)
            first_line, chunks = line, [text]
            quoted_printable = _QUOTED_PRINTABLE.encode() in text.partition(b":")[0].upper()
    yield first_line, b"".join(chunks)


def _decoded(raw: bytes, charset: str) -> str:
    """Return `raw` decoded by `charset`, UTF-8 or windows-1251; "" when none fits, as the text would be unreadable."""
    for encoding in filter(None, (charset, "utf-8", "windows-1251")):
        try:
            return raw.decode(encoding)
        except (ValueError, LookupError):
            # LookupError: a card may name an unknown charset, or a codec that does not decode to text.
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
