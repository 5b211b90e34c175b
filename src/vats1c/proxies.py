"""Reverse proxies in front of the service: the sender's address of a request, and the headers that proxies add.

Rule: the sender's address is computed here and nowhere else.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address
from wsgiref.types import WSGIEnvironment

from vats1c.http import Request

_MAX_PORT_DIGITS = 5
# The length of the longest address in brackets, with zone and port; a longer text is not parsed.
_MAX_NODE_CHARS = 100
# Prefixes and suffixes of headers that proxies, load balancers and content delivery networks add, and that browsers and
# programs do not send: X-Forwarded-*, Forwarded (RFC 7239), CDN-Loop (RFC 8586), CF-*; X-Real-IP, True-Client-IP, ...
_PROXY_PREFIXES = (
    "HTTP_AKAMAI_",
    "HTTP_CDN_",
    "HTTP_CF_",
    "HTTP_CLOUDFRONT_",
    "HTTP_FASTLY_",
    "HTTP_FLY_",
    "HTTP_FORWARDED",
    "HTTP_FRONT_END_",
    "HTTP_INCAP_",
    "HTTP_PROXY_",
    "HTTP_TAILSCALE_",
    "HTTP_X_AMZ",
    "HTTP_X_APPENGINE_",
    "HTTP_X_ARR_",
    "HTTP_X_AZURE_",
    "HTTP_X_ENVOY_",
    "HTTP_X_FORWARD",
    "HTTP_X_ORIGINAL_",
    "HTTP_X_PROX",
    "HTTP_X_REAL_",
    "HTTP_X_VARNISH",
)
_PROXY_SUFFIXES = ("_IP", "_CLIENTIP", "_SOCKETIP", "_ADDR", "_ADDRESS", "_SCHEME")
# Via and Max-Forwards: RFC 9110, 7.6.
_PROXY_NAMES = frozenset({"HTTP_MAX_FORWARDS", "HTTP_VIA", "HTTP_X_HOST"})


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address in `text`, or None; an IPv4-mapped IPv6 address is returned as IPv4.

    A port, brackets, quotes and an IPv6 zone are ignored: "203.0.113.7:50010", "[2001:db8::7]:443".
    """
    if len(text) > _MAX_NODE_CHARS:
        return None
    host, port = text.strip().strip('"'), ""
    if host.startswith("["):
        host, closing, port = host[1:].partition("]")
        if not closing or (port and port[0] != ":"):
            return None
        port = port[1:]
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    if port and not (port.isascii() and port.isdigit() and len(port) <= _MAX_PORT_DIGITS):
        return None
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def sender_address(peer: str, forwarded_for: str, proxies: int) -> str:
    """Return the sender's address as `proxies` trusted proxies report it in X-Forwarded-For, else `peer`.

    Each proxy appends the address of its own peer, so only the last `proxies` values are trusted. `peer` is also
    returned if there are fewer values, or if the trusted value is no IP address ("unknown", "unix:", "_hidden").
    """
    trusted = forwarded_for.rsplit(",", proxies)[-proxies:]
    address = parse_address(trusted[0]) if len(trusted) == proxies else None
    return peer if address is None else str(address)


def apply_proxies(request: Request, proxies: int) -> None:
    """Set sender, scheme and host of `request` to the values that `proxies` trusted proxies report."""
    headers = request.headers
    request.sender = sender_address(request.peer, headers.get("x-forwarded-for", ""), proxies)
    request.scheme = _trusted_value(headers.get("x-forwarded-proto", ""), proxies) or request.scheme
    request.host = _trusted_value(headers.get("x-forwarded-host", ""), proxies) or request.host


def _trusted_value(header: str, proxies: int) -> str:
    """Return the value that the first of `proxies` trusted proxies put into a header, "" where there is none."""
    values = [value.strip() for value in header.split(",")]
    return values[-proxies] if len(values) >= proxies else ""


def is_proxied(environ: WSGIEnvironment) -> bool:
    """Tell whether a proxy forwarded the request: by its headers, or by HTTP/1.0, which nginx uses by default."""
    return environ.get("SERVER_PROTOCOL") == "HTTP/1.0" or any(
        name in _PROXY_NAMES
        or name.startswith(_PROXY_PREFIXES)
        or (name.startswith("HTTP_") and name.endswith(_PROXY_SUFFIXES))
        for name in environ
    )
