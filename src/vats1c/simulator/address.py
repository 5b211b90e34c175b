"""Where a web service is: an address as people write it, taken apart.

Rule: an address holds no login, so it can be shown.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from vats1c.messages import Message

DEFAULT_PATH = "/telephony/ws/VATS"


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """Where a web service is; what is shown of it never holds more than that."""

    scheme: str
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def address(url: str) -> ServiceAddress:
    """Return what `url` names; one without a path means the vendor's. Raises ValueError with a sentence."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(_no_address()) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or any(letter <= " " for letter in url):
        raise ValueError(_no_address())
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
        raise ValueError(_no_address()) from None
    path = parts.path if parts.path not in ("", "/") else DEFAULT_PATH
    if not path.isascii():
        path = quote(path, safe="/%:@!$&'()*+,;=~")
    return ServiceAddress(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)


def _no_address() -> str:
    return str(
        Message(
            "нужен адрес вида http://HOST:PORT/telephony/ws/VATS",
            "an address such as http://HOST:PORT/telephony/ws/VATS is needed",
        )
    )
