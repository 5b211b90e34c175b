"""The SOAP binding: envelopes in, Spyne in the middle, answers spelled as 1C spells them.

Rule: the only room that imports Spyne; `compat` goes first, so importing anything from here makes Spyne importable.
"""

from vats1c.soap import compat as compat
from vats1c.soap.endpoint import Endpoint, Service
from vats1c.soap.overload import OverloadResponses
from vats1c.soap.service import SoapService
from vats1c.soap.wsdl import Wsdl

__all__ = ["Endpoint", "OverloadResponses", "Service", "SoapService", "Wsdl"]
