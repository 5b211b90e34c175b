"""An operation asked for, and how one is known again that differs from an earlier one in its parameters' texts alone.

A VATS sends one and the same envelope for every call, so most requests need no parser. Rule: only what was read in full
is known again, and only where the bytes alone prove that a parser would read it the same way.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from lxml import etree

# Nothing in it can be markup, a reference, a line end or another letter in another encoding.
_PLAIN_TEXT = re.compile(rb"[0-9A-Za-z+*#.() -]{1,64}")
_MAX_BODY_BYTES = 4_096
_MAX_CONTENT_TYPES = 16
_MAX_TEMPLATES = 8
# The tag of an operation and those of its parameters, as lxml gives them.
Shape = tuple[Any, ...]


@lru_cache(maxsize=256)
def split_qname(tag: str) -> tuple[str, str]:
    """Return the namespace ("" for none) and the local name of what lxml calls `tag`."""
    namespace, _, name = tag.rpartition("}")
    return namespace[1:], name


class SoapRequest:
    """An operation asked for: the envelope's namespace and the Body's one child, its parameters plain text."""

    __slots__ = ("_element", "namespace", "operation", "shape", "texts", "version")

    def __init__(
        self, version: str, shape: Shape, texts: tuple[str, ...] | None, element: Callable[[], etree._Element]
    ) -> None:
        """`texts` are those of the parameters, None where one is nil or empty; `element` gives the Body's child."""
        self.version = version
        self.namespace, self.operation = split_qname(shape[0])
        self.shape = shape
        self.texts = texts
        self._element = element

    @property
    def element(self) -> etree._Element:
        """The Body's one child."""
        return self._element()


class EnvelopeTemplates:
    """Requests that were read in full, by the content type they came with. Called by many threads at once."""

    def __init__(self, most_of_one: int = _MAX_TEMPLATES) -> None:
        """Know `most_of_one` requests of one content type."""
        self._most_of_one = most_of_one
        self._by_type: dict[str, tuple[tuple[Sequence[bytes], str, Shape], ...]] = {}

    def match(self, body: bytes, content_type: str, parse: Callable[[], etree._Element]) -> SoapRequest | None:
        """Return the request in `body`, None where it must be read; `parse` reads it for whoever needs the element."""
        for pieces, version, shape in self._by_type.get(content_type, ()):
            texts = _between(pieces, body)
            if texts is not None:
                return SoapRequest(version, shape, texts, parse)
        return None

    def add(self, body: bytes, content_type: str, request: SoapRequest) -> None:
        """Know `request` again, read from `body`: no comments, no CDATA, no instructions after its first line.

        Without references a text stands in the bytes as it is; where it stands once between two tags, that is its
        parameter's place, and any other plain text there leaves the rest of the document what it is.
        """
        if not request.texts or b"&" in body or len(body) > _MAX_BODY_BYTES:
            return
        pieces, end = [], 0
        for text in request.texts:
            # In the tags around it, so that the place cannot be within one.
            wanted = b">" + text.encode() + b"<"
            at = body.find(wanted, end)
            if not _PLAIN_TEXT.fullmatch(wanted[1:-1]) or at < 0 or body.count(wanted) != 1:
                return
            pieces.append(body[end : at + 1])
            end = at + len(wanted) - 1
        known = self._by_type.get(content_type, ())
        if known or len(self._by_type) < _MAX_CONTENT_TYPES:
            new = ((*pieces, body[end:]), request.version, request.shape)
            # Another one each time: whoever looks into it meanwhile has the one before.
            self._by_type[content_type] = (new, *known)[: self._most_of_one]


def _between(pieces: Sequence[bytes], body: bytes) -> tuple[str, ...] | None:
    """Return the texts between `pieces` of which `body` consists; None where it does not, or they are not plain."""
    first, *inner, last = pieces
    if not (body.startswith(first) and body.endswith(last)):
        return None
    texts = []
    start = len(first)
    for piece in (*inner, last):
        # A piece begins with a tag, and no text holds one.
        end = body.find(piece, start) if piece is not last else len(body) - len(last)
        if not _PLAIN_TEXT.fullmatch(body, start, max(start, end)):
            return None
        texts.append(body[start:end].decode("ascii"))
        start = end + len(piece)
    return tuple(texts)
