"""SOAP requests, and templates of their envelopes.

A VATS sends the same envelope for every call, with other texts for its parameters, so most requests need no parser.
Rule: a template is made only of an envelope that a parser read in full, and matches only bytes that the parser would
read the same way.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

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


class SoapRequest(NamedTuple):
    """An operation that was asked for: the envelope's version and namespace, and the Body's one child.

    `texts` are those of the parameters, None where one of them is nil or empty; `parse` returns the Body's child.
    """

    version: str
    namespace: str
    operation: str
    shape: Shape
    texts: tuple[str, ...] | None
    parse: Callable[[], etree._Element]

    @property
    def element(self) -> etree._Element:
        """The Body's one child."""
        return self.parse()


class _Template(NamedTuple):
    """An envelope that was read in full: its bytes around the parameters' texts, and what it asked for."""

    pieces: tuple[bytes, ...]
    version: str
    namespace: str
    operation: str
    shape: Shape


class EnvelopeTemplates:
    """Reads envelopes: by a parser, or by their likeness to one that a parser read. Called by many threads at once."""

    def __init__(
        self,
        parse: Callable[[bytes, str], SoapRequest],
        is_plain: Callable[[bytes], bool],
        max_per_type: int = _MAX_TEMPLATES,
    ) -> None:
        """Keep at most `max_per_type` templates of one content type.

        `parse` reads an envelope in full; `is_plain` tells of one that it holds no comments, no CDATA and no
        instructions after its first line, so that it can be a template.
        """
        self._parse = parse
        self._is_plain = is_plain
        self._max_per_type = max_per_type
        self._by_type: dict[str, tuple[_Template, ...]] = {}

    def read(self, body: bytes, content_type: str = "") -> SoapRequest:
        """Return the request in `body`; only the charset of `content_type` counts, after BOM and XML declaration.

        Raises SoapFault with the version to answer in.
        """
        for template in self._by_type.get(content_type, ()):
            first, *inner, last = template.pieces
            if not (body.startswith(first) and body.endswith(last)):
                continue
            texts = []
            start = len(first)
            for piece in (*inner, last):
                # A piece begins with a tag, and no text holds one.
                end = body.find(piece, start) if piece is not last else len(body) - len(last)
                if not _PLAIN_TEXT.fullmatch(body, start, max(start, end)):
                    break
                texts.append(body[start:end].decode("ascii"))
                start = end + len(piece)
            else:
                _, version, namespace, operation, shape = template
                return SoapRequest(
                    version, namespace, operation, shape, tuple(texts), lambda: self._parse(body, content_type).element
                )
        request = self._parse(body, content_type)
        if self._is_plain(body):
            self._add(body, content_type, request)
        return request

    def _add(self, body: bytes, content_type: str, request: SoapRequest) -> None:
        """Keep `body` as a template.

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
            version, namespace, operation, shape, _, _ = request
            new = _Template((*pieces, body[end:]), version, namespace, operation, shape)
            # Copy-on-write: threads that read meanwhile keep the old tuple.
            self._by_type[content_type] = (new, *known)[: self._max_per_type]
