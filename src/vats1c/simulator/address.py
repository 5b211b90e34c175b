"""Parse the URL of a web service as people write it.

Rule: an address never holds a login, so it is safe to print.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from vats1c.messages import Message

DEFAULT_PATH = "/telephony/ws/VATS"


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """The scheme, host, port and path of a web service; `str` gives the URL."""

    scheme: str
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def address(url: str) -> ServiceAddress:
    """Return the parsed `url`, with the vendor's path when it has none. Raises ValueError with a message for people."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(_expected_form()) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or any(letter <= " " for letter in url):
        raise ValueError(_expected_form())
    if parts.username is not None:
        raise ValueError(
            str(
                Message(
                    "логин и пароль — в --user и --password, не в адресе",
                    "the login goes to --user and --password, not into the URL",
                )
            )
        )
    try:
        host = parts.hostname.encode("idna").decode() if not parts.hostname.isascii() else parts.hostname
    except UnicodeError:
        raise ValueError(_expected_form()) from None
    path = parts.path if parts.path not in ("", "/") else DEFAULT_PATH
    if not path.isascii():
        path = quote(path, safe="/%:@!$&'()*+,;=~")
    return ServiceAddress(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)


def _expected_form() -> str:
    return str(
        Message(
            "нужен адрес вида http://HOST:PORT/telephony/ws/VATS",
            "an address such as http://HOST:PORT/telephony/ws/VATS is needed",
        )
    )
