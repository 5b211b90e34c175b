"""Memory limit for Excel files, checked before the spreadsheet library opens the file.

The library allocates a sheet as one rectangle, empty cells included, and running out of memory ends the whole process.
Rule: the error for a sheet that is too large names the cell that makes the rectangle too large.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from vats1c.directory import DirectoryError

# Limit against zip bombs.
_MAX_UNPACKED_BYTES = 2**30
# At 32 bytes per cell this is 1 GiB: enough for a sheet of 1,048,576 rows and 32 columns.
_MAX_CELLS = 2**25
# The start tag of a cell with content; a cell with only a format ends in "/>" and is not allocated. The atomic group
# and the possessive quantifiers prevent backtracking, which a malicious file could make endless.
_CELL = re.compile(rb"""<(?:\w++:)?c\s(?>(?:[^<>]*?\s)?r=["']([A-Za-z]+)([0-9]+)["'])[^<>]*+(?<!/)>""")
_CHUNK = 2**20
_LETTERS = 26
# The exceptions that zipfile raises for an archive that is damaged, encrypted or compressed by an unknown method.
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def refuse_too_large(file: IO[bytes], where: object) -> None:
    """Raise DirectoryError, naming `where`, when an Excel file would need too much memory.

    Returns for a file that is not a zip archive; raises one of BROKEN for a damaged archive.
    """
    if not zipfile.is_zipfile(file):
        return
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
        if sum(part.file_size for part in parts) > _MAX_UNPACKED_BYTES:
            raise DirectoryError(
                f"файл распаковывается в слишком большой: {where}", f"the file unpacks to too much: {where}", "path"
            )
        for part in parts:
            if part.filename.endswith(".xml"):
                with archive.open(part) as stream:
                    _refuse_far_cells(stream, where)


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
    buffer = b""
    while chunk := part.read(_CHUNK):
        buffer += chunk
        # The end of the chunk may split the last tag.
        last_tag = buffer.rfind(b"<")
        yield from _CELL.findall(buffer, 0, max(last_tag, 0))
        buffer = buffer[last_tag:] if last_tag >= 0 else b""
        if len(buffer) > _CHUNK:
            if b">" not in buffer:
                raise ValueError("a tag without an end")
            # The buffer is the last tag, which is complete, and the text after it; no other tag begins in it.
            yield from _CELL.findall(buffer)
            buffer = b""
    yield from _CELL.findall(buffer)


def _column(letters: bytes) -> int:
    number = 0
    # Excel columns have at most three letters. Eight letters are enough to exceed the limit: no more are read.
    for letter in letters[:8].upper():
        number = number * _LETTERS + letter - ord("A") + 1
    return number
