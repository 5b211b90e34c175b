"""How much memory an Excel file would take, asked before the library that reads it takes it.

The library keeps a sheet as one rectangle with every empty cell in it, and a lack of memory ends the whole process.
Rule: a file that would need too much is refused by the name of the cell that makes it so large.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from vats1c.directory import DirectoryError

# A small file that unpacks to more than this was made to do harm.
_MAX_UNPACKED_BYTES = 2**30
# 32 bytes each: 1 GiB. A full million of rows may be 32 columns wide.
_MAX_CELLS = 2**25
# A cell that holds something; those that only have a colour end in "/>" and take no place. Nothing is tried twice: a
# file made to do harm would have it tried for ever.
_CELL = re.compile(rb"""<(?:\w++:)?c\s(?>(?:[^<>]*?\s)?r=["']([A-Za-z]+)([0-9]+)["'])[^<>]*+(?<!/)>""")
_CHUNK = 2**20
_LETTERS = 26
# What the standard library raises over an archive that is broken, encrypted or packed in a way it does not know.
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def refuse_too_large(file: IO[bytes], where: object) -> None:
    """Refuse an Excel file that would take too much memory. Raises DirectoryError, naming `where`, and BROKEN."""
    if not zipfile.is_zipfile(file):
        return
    with zipfile.ZipFile(file) as packed:
        parts = packed.infolist()
        if sum(part.file_size for part in parts) > _MAX_UNPACKED_BYTES:
            raise DirectoryError(
                f"файл распаковывается в слишком большой: {where}", f"the file unpacks to too much: {where}", "path"
            )
        for part in parts:
            if part.filename.endswith(".xml"):
                with packed.open(part) as unpacked:
                    _refuse_far_cells(unpacked, where)


def _refuse_far_cells(part: IO[bytes], where: object) -> None:
    columns = rows = 0
    for letters, digits in _cells(part):
        columns, rows = max(columns, _column(letters)), max(rows, int(digits))
        if columns * rows > _MAX_CELLS:
            cell = (letters + digits).decode()[:20]
            raise DirectoryError(
                f"лист слишком велик: в нём занята ячейка {cell}: {where}",
                f"the sheet is too large: its cell {cell} is in use: {where}",
                "path",
            )


def _cells(part: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    held = b""
    while chunk := part.read(_CHUNK):
        held += chunk
        # The last tag may be cut in two by the end of the chunk.
        last = held.rfind(b"<")
        yield from _CELL.findall(held, 0, max(last, 0))
        held = held[last:] if last >= 0 else b""
        if len(held) > _CHUNK:
            if b">" not in held:
                raise ValueError("a tag without an end")
            # A long text: no tag begins in it.
            held = b""
    yield from _CELL.findall(held)


def _column(letters: bytes) -> int:
    number = 0
    # No column has more than three letters; a few more say the same: too far.
    for letter in letters[:8].upper():
        number = number * _LETTERS + letter - ord("A") + 1
    return number
