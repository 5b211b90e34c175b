"""The HTTP interface other than SOAP: health checks, metrics, the pages, and the API."""

from vats1c.web.context import PublicationView, TesterAccess, WebContext
from vats1c.web.site import Check, Site

__all__ = ["Check", "PublicationView", "Site", "TesterAccess", "WebContext"]
