"""The SOAP binding: it parses envelopes, dispatches operations through Spyne, and renders answers as 1C does.

Rule: no other package imports Spyne. `compat` is imported first, so importing this package makes Spyne importable.
"""

from vats1c.soap import compat as compat
from vats1c.soap.endpoint import Endpoint, Service
from vats1c.soap.overload import OverloadResponses
from vats1c.soap.service import SoapService
from vats1c.soap.wsdl import Wsdl

__all__ = ["Endpoint", "OverloadResponses", "Service", "SoapService", "Wsdl"]
