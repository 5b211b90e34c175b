"""Everything that is not SOAP: health, metrics and the first page a person opens."""

from vats1c.web.site import Check, Site

__all__ = ["Check", "Site"]
