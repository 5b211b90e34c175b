"""SOAP requests, and templates of their envelopes.

A VATS sends the same envelope for every call, and only the texts of the parameters differ, so most requests can be
read without a parser. Rule: a template is made only from an envelope that the parser has read in full, and matches only
bytes that the parser would read the same way.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from lxml import etree

# A text that contains no markup, reference or line end, and has the same bytes in every accepted encoding but UTF-16.
_PLAIN_TEXT = re.compile(rb"[0-9A-Za-z+*#.() -]{1,64}")
_MAX_BODY_BYTES = 4_096
_MAX_CONTENT_TYPES = 16
_MAX_TEMPLATES = 8
# The tags of an operation and of its parameters, as lxml returns them.
Shape = tuple[Any, ...]


@lru_cache(maxsize=256)
def split_qname(tag: str) -> tuple[str, str]:
    """Return the namespace ("" for none) and the local name of `tag`, a tag in lxml's form "{namespace}name"."""
    namespace, _, name = tag.rpartition("}")
    return namespace[1:], name


class SoapRequest(NamedTuple):
    """A requested operation: the envelope's version, the operation's namespace and name, and its parameters.

    `texts` are the parameters' texts, or None if a parameter is nil or empty. `parse` returns the only child of the
    SOAP Body.
    """

    version: str
    namespace: str
    operation: str
    shape: Shape
    texts: tuple[str, ...] | None
    parse: Callable[[], etree._Element]

    @property
    def element(self) -> etree._Element:
        """The only child of the SOAP Body, as parsed by lxml."""
        return self.parse()


class _Template(NamedTuple):
    """An envelope that the parser has read: its bytes around the parameters' texts, and the operation it requests."""

    pieces: tuple[bytes, ...]
    version: str
    namespace: str
    operation: str
    shape: Shape


class EnvelopeTemplates:
    """Reads envelopes by a template if one matches, otherwise by the parser. Called by many threads at once."""

    def __init__(
        self,
        parse: Callable[[bytes, str], SoapRequest],
        is_plain: Callable[[bytes], bool],
        max_per_type: int = _MAX_TEMPLATES,
    ) -> None:
        """Keep at most `max_per_type` templates of one content type.

        `parse` reads an envelope in full. `is_plain` tells whether an envelope can become a template: it has no
        comments, no CDATA, and no instructions after its first line.
        """
        self._parse = parse
        self._is_plain = is_plain
        self._max_per_type = max_per_type
        self._by_type: dict[str, tuple[_Template, ...]] = {}

    def read(self, body: bytes, content_type: str = "") -> SoapRequest:
        """Return the request in `body`. The charset of `content_type` is used if the body itself declares no encoding.

        Raises SoapFault, whose `version` is the SOAP version of the answer.
        """
        for template in self._by_type.get(content_type, ()):
            first, *inner, last = template.pieces
            if not (body.startswith(first) and body.endswith(last)):
                continue
            texts = []
            start = len(first)
            for piece in (*inner, last):
                # The next piece begins with a tag, which a text cannot contain, so its first occurrence ends the text.
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
        """Make a template from `body`, if the place of each parameter's text in its bytes is certain.

        In a body without references, the text of a parameter is contained literally. If it occurs exactly once between
        two tags, that is the parameter's place, and another plain text there does not change the rest of the document.
        """
        if not request.texts or b"&" in body or len(body) > _MAX_BODY_BYTES:
            return
        pieces, end = [], 0
        for text in request.texts:
            # Search for the text with the brackets of the tags around it: then the place cannot be inside a tag.
            tagged_text = b">" + text.encode() + b"<"
            at = body.find(tagged_text, end)
            if not _PLAIN_TEXT.fullmatch(tagged_text[1:-1]) or at < 0 or body.count(tagged_text) != 1:
                return
            pieces.append(body[end : at + 1])
            end = at + len(tagged_text) - 1
        templates = self._by_type.get(content_type, ())
        if templates or len(self._by_type) < _MAX_CONTENT_TYPES:
            version, namespace, operation, shape, _, _ = request
            new = _Template((*pieces, body[end:]), version, namespace, operation, shape)
            # Copy-on-write: threads that read meanwhile keep the old tuple.
            self._by_type[content_type] = (new, *templates)[: self._max_per_type]
