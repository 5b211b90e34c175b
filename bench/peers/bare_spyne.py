"""Spyne as its documentation has it, on the same server."""

from served import callers, run

import vats1c.soap.compat  # noqa: F401 - Spyne does not import on Python 3.12 and later without it

from spyne import Application, ServiceBase, Unicode, rpc  # isort: skip
from spyne.protocol.soap import Soap11  # isort: skip
from spyne.server.wsgi import WsgiApplication  # isort: skip

CALLERS = callers()


class Service(ServiceBase):
    """The one operation."""

    @rpc(Unicode, _returns=Unicode, _out_variable_name="return")
    def SayName(self, number):  # noqa: N802 - the contract's name
        """Say who calls."""
        return CALLERS.get(number, "")


run(WsgiApplication(Application([Service], "http://VATS", in_protocol=Soap11(validator="lxml"), out_protocol=Soap11())))
