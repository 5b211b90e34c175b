"""The published WSDL: the file wsdl/VATS.wsdl, in which only the address and SayName's parameter are replaced.

Rule: the address comes from the settings, or from the Host of the request if this Host is trusted. An address that
comes from a Host is not stored for later requests.
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
    """Return the text of the file, with SayName's parameter named `parameter` ("number" or "Number")."""
    installed = files("vats1c") / "wsdl" / _FILE
    # A wheel contains the file inside the package; a checkout has it in the top-level folder.
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
        """Return the WSDL (UTF-8), with the publication's address on the server `base` ("https://vats.example.ru")."""
        address = escape(base + self._path, {'"': "&quot;"})
        return self._text.replace(_ADDRESS, f'location="{address}"').encode()

    def respond(self, request: Request) -> Response:
        """Return the response to GET and HEAD, 304 if If-None-Match names the present WSDL."""
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
        """Tell whether the WSDL may name `host`: an IP address, localhost, or a name that the settings trust."""
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
