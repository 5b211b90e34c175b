"""Everything that is not SOAP: health, metrics, the pages that people look at, and the API."""

from vats1c.web.office import Bench, Office, Parts
from vats1c.web.site import Check, Site

__all__ = ["Bench", "Check", "Office", "Parts", "Site"]
