"""A recorded exchange with its bytes, for the inspector and exports. Rule: headers that hold secrets are omitted."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import unescape

from vats1c.model import Exchange
from vats1c.xmlsafe import SOAP12

_SECRET = re.compile(r"authorization|cookie|token|secret|password|api-?key", re.IGNORECASE)
# Headers of the connection, and Content-Length, which the client that repeats the request sets by itself.
_CONNECTION_HEADERS = frozenset(
    {
        "Accept-Encoding",
        "Connection",
        "Content-Length",
        "Expect",
        "Forwarded",
        "Host",
        "Keep-Alive",
        "Te",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
    }
)
_CONTENT_TYPES = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}


@dataclass(frozen=True)
class RecordedExchange:
    """An exchange with its bytes, if they are still stored (`kept`).

    `base` is the service's URL ("http://127.0.0.1:8080"). `lines` are the request's headers, and values added by the
    service, whose names begin with a colon (":Path").
    """

    exchange: Exchange
    base: str
    kept: bool = False
    lines: Mapping[str, str] = field(default_factory=dict)
    request: bytes = b""
    answer: bytes = b""

    @classmethod
    def of(cls, exchange: Exchange, raw: tuple[str, bytes, bytes] | None, base: str) -> "RecordedExchange":
        """Return the exchange with `raw` from the journal: (headers as JSON, request, answer), None if not stored."""
        if raw is None:
            return cls(exchange, base)
        lines: dict[str, str] = json.loads(raw[0])
        # Rows written by older versions have the name "Path" instead of ":Path".
        lines = {":Path" if name == "Path" else name: value for name, value in lines.items() if not _is_secret(name)}
        return cls(exchange, base, kept=True, lines=lines, request=raw[1], answer=raw[2])

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers of the request, without secrets."""
        return {name: value for name, value in self.lines.items() if not name.startswith(":")}

    @property
    def sent_again(self) -> dict[str, str]:
        """The headers for repeating the request; for a body without a Content-Type they have an empty Content-Type."""
        repeated = {name: value for name, value in self.headers.items() if _is_sent_again(name)}
        return {"Content-Type": self.headers.get("Content-Type", ""), **repeated} if self.request else repeated

    @property
    def method(self) -> str:
        """The HTTP method. It is recorded for refused requests only; all others are POST."""
        return self.lines.get(":Method", "POST")

    @property
    def path(self) -> str:
        """The path of the request's URL."""
        return self.lines.get(":Path") or f"/{self.exchange.publication}/ws/VATS"

    @property
    def url(self) -> str:
        """The complete URL of the request."""
        return self.base + self.path

    @property
    def signed_in(self) -> bool:
        """Whether the request had a login. Its scheme is recorded for failed logins only."""
        return self.lines.get(":Login", "Basic") != ""

    @property
    def answer_type(self) -> str:
        """The answer's Content-Type, derived from its body."""
        if self.answer.startswith(b"<!DOCTYPE html>"):
            return "text/html; charset=utf-8"
        soap = "1.2" if SOAP12.encode() in self.answer else "1.1"
        return _CONTENT_TYPES[soap]

    @property
    def shown(self) -> str | None:
        """The name in an answer to SayName; None for other or refused exchanges, and for a <data> document."""
        if self.exchange.operation != "SayName" or self.exchange.outcome != "ok":
            return None
        text = unescape(_return_value(self.answer).decode("utf-8", "replace"))
        return None if "<data>" in text else text


def decoded(content: bytes) -> tuple[str, str]:
    """Return (text, "") for `content` in UTF-8, otherwise (`content` in base64, "base64")."""
    try:
        return content.decode(), ""
    except UnicodeDecodeError:
        return base64.b64encode(content).decode(), "base64"


def _return_value(answer: bytes) -> bytes:
    """Return the content of the element m:return, b"" if there is no such element."""
    # A regular expression would take quadratic time for an answer with many start tags and no end tag.
    content = answer.partition(b"<m:return")[2].partition(b">")[2]
    text, end_tag, _ = content.partition(b"</m:return>")
    return text if end_tag else b""


def _is_secret(name: str) -> bool:
    return not name.startswith(":") and _SECRET.search(name) is not None


def _is_sent_again(name: str) -> bool:
    return name not in _CONNECTION_HEADERS and not name.startswith("X-Forwarded")
