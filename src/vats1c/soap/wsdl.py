"""The published WSDL: the hand-kept wsdl/VATS.wsdl with nothing rewritten but the address and SayName's parameter.

Rule: the address comes from the settings, or from the request's own Host when it is trusted; it is never remembered.
"""

import hashlib
import ipaddress
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from werkzeug.http import parse_etags
from werkzeug.sansio.utils import host_is_trusted

from vats1c.http import Request, Response

_FILE = "VATS.wsdl"
_ADDRESS = 'location="http://localhost/telephony/ws/VATS"'
_PARAMETER = '<xs:element name="number"'


def read(parameter: str = "number") -> str:
    """Return the WSDL whose SayName takes `parameter` ("number" or "Number"), with the sample's address."""
    installed = files("vats1c") / "wsdl" / _FILE
    # A checkout keeps the contract at its top level; a wheel carries it inside.
    source = installed if installed.is_file() else Path(__file__).parents[3] / "wsdl" / _FILE
    text = source.read_text(encoding="utf-8")
    return text.replace(_PARAMETER, f'<xs:element name="{parameter}"')


class Wsdl:
    """The WSDL of one publication."""

    def __init__(
        self,
        path: str,
        parameter: str,
        public_url: str | None,
        trusted_hosts: tuple[str, ...],
        default_host: str,
    ) -> None:
        self._path = path
        self._text = read(parameter)
        self._public_url = public_url
        self._trusted_hosts = trusted_hosts
        self._default_host = default_host

    @staticmethod
    def is_asked_for(query: str) -> bool:
        """Tell whether the query string is ?wsdl, in any case, with or without a value."""
        return any(part.partition("=")[0].lower() == "wsdl" for part in query.split("&"))

    def document(self, base: str) -> bytes:
        """Return the WSDL with this publication's address under `base` ("https://vats.example.ru"), UTF-8."""
        address = escape(base + self._path, {'"': "&quot;"})
        return self._text.replace(_ADDRESS, f'location="{address}"').encode()

    def respond(self, request: Request) -> Response:
        """Answer GET and HEAD, If-None-Match too."""
        document = self.document(self._base(request))
        etag = hashlib.blake2b(document, digest_size=16).hexdigest()
        headers = [("ETag", f'"{etag}"'), ("Cache-Control", "no-cache"), ("Vary", "Host")]
        if parse_etags(request.headers.get("if-none-match")).contains_weak(etag):
            return Response(304, headers)
        return Response(200, [*headers, ("Content-Type", "text/xml; charset=utf-8")], document)

    def _base(self, request: Request) -> str:
        if self._public_url:
            return self._public_url
        host = request.host if self._is_trusted(request.host) else self._default_host
        return f"{request.scheme}://{host}"

    def _is_trusted(self, host: str) -> bool:
        """An IP address or localhost cannot name another server; any other name must be in the settings."""
        if not host_is_trusted(host):
            return False
        if "*" in self._trusted_hosts:
            return True
        name = urlsplit(f"//{host}").hostname or ""
        if name == "localhost" or _is_ip(name):
            return True
        return bool(self._trusted_hosts) and host_is_trusted(host, self._trusted_hosts)


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
