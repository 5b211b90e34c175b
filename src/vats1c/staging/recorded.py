"""An exchange with its bytes, as the inspector and its exports have it. Rule: no header that holds a secret."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import unescape

from vats1c.model import Exchange

_SECRET = re.compile(r"authorization|cookie|token|secret|password|api-?key", re.IGNORECASE)
# What the connection was, and no part of what was said; and lengths, which whoever sends it again reckons anew.
_OF_CONNECTION = frozenset(
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
    """An exchange; `base` is the service's address ("http://127.0.0.1:8080"), `kept` whether its bytes still are."""

    exchange: Exchange
    base: str
    kept: bool = False
    lines: Mapping[str, str] = field(default_factory=dict)
    request: bytes = b""
    answer: bytes = b""

    @classmethod
    def of(cls, exchange: Exchange, raw: tuple[str, bytes, bytes] | None, base: str) -> "RecordedExchange":
        """Return an exchange with what the journal kept of it."""
        if raw is None:
            return cls(exchange, base)
        lines: dict[str, str] = json.loads(raw[0])
        # An older row names the path in its own way.
        lines = {":Path" if name == "Path" else name: value for name, value in lines.items() if not _is_secret(name)}
        return cls(exchange, base, kept=True, lines=lines, request=raw[1], answer=raw[2])

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers of the request."""
        return {name: value for name, value in self.lines.items() if not name.startswith(":")}

    @property
    def sent_again(self) -> dict[str, str]:
        """The headers that are sent again with the request."""
        kept = {name: value for name, value in self.headers.items() if _is_sent_again(name)}
        return {"Content-Type": self.headers.get("Content-Type", ""), **kept} if self.request else kept

    @property
    def method(self) -> str:
        """The method, POST unless it was refused for being another."""
        return self.lines.get(":Method", "POST")

    @property
    def path(self) -> str:
        """Where it was sent."""
        return self.lines.get(":Path") or f"/{self.exchange.publication}/ws/VATS"

    @property
    def url(self) -> str:
        """The whole address."""
        return self.base + self.path

    @property
    def signed_in(self) -> bool:
        """Whether a login was given; it is told of those without a right one alone."""
        return self.lines.get(":Login", "Basic") != ""

    @property
    def answer_type(self) -> str:
        """The answer's Content-Type."""
        if self.answer.startswith(b"<!DOCTYPE html>"):
            return "text/html; charset=utf-8"
        soap = "1.2" if b"http://www.w3.org/2003/05/soap-envelope" in self.answer else "1.1"
        return _CONTENT_TYPES[soap]

    @property
    def shown(self) -> str | None:
        """What the phone showed, None when that was no plain name."""
        if self.exchange.operation != "SayName" or self.exchange.outcome != "ok":
            return None
        text = unescape(_returned(self.answer).decode("utf-8", "replace"))
        return None if "<data>" in text else text


def decoded(content: bytes) -> tuple[str, str]:
    """Return `content` as text and "", or in base64 and "base64" where it is no text in UTF-8."""
    try:
        return content.decode(), ""
    except UnicodeDecodeError:
        return base64.b64encode(content).decode(), "base64"


def _returned(answer: bytes) -> bytes:
    """Return what stands between the tags of `m:return`, b"" where there are no such tags."""
    # A regular expression would search an answer without an end tag again from each start tag.
    inside = answer.partition(b"<m:return")[2].partition(b">")[2]
    text, end, _ = inside.partition(b"</m:return>")
    return text if end else b""


def _is_secret(name: str) -> bool:
    return not name.startswith(":") and _SECRET.search(name) is not None


def _is_sent_again(name: str) -> bool:
    return name not in _OF_CONNECTION and not name.startswith("X-Forwarded")
