"""The Spyne application: it declares SayName and IncomingCall, validates what is asked and dispatches it to the desk.

Spyne is used through its own extension points: a protocol that takes the element `envelope` has read and spells the
answer through `reply`, and a transport that runs one request. The declaration is Spyne's alone: names, parameters,
namespaces and types come from here, and wsdl/VATS.wsdl is tested against it.
"""
# mypy: disable-error-code="misc,untyped-decorator"

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

import structlog
from spyne import Application, Fault, MethodContext, ServiceBase, Unicode, rpc
from spyne.protocol.xml import XmlDocument
from spyne.server import ServerBase

from vats1c.calls.service import CallService
from vats1c.journal import JournalError
from vats1c.model import Exchange
from vats1c.phone_format import PhoneFormat
from vats1c.soap import reply
from vats1c.soap.direct_dispatch import direct_operations
from vats1c.soap.fault import SoapFault
from vats1c.soap.parser import split_tag
from vats1c.soap.request import SoapRequest

log = structlog.get_logger("vats1c.soap")

VATS = "http://VATS"
# The vendor's page shows SayName in this one; a 1C service has one namespace, whichever its author chose.
TEST_NAMESPACE = "http://test"
NAME = "VATS"
# What a fault repeats of an unknown name, characters.
_MAX_SHOWN_CHARS = 100

# Exactly once, and empty is a value: a hidden number arrives as <number/>.
_Text = Unicode(min_occurs=1, nillable=True)


@dataclass(frozen=True, slots=True)
class Contract:
    """One spelling of the service: its namespace and the name of SayName's parameter, which decides the answer."""

    namespace: str
    parameter: str

    @property
    def returns_document(self) -> bool:
        """Whether SayName answers with the <data> document of the later contract."""
        return self.parameter == "Number"


CONTRACTS = tuple(
    Contract(namespace, parameter) for namespace in (VATS, TEST_NAMESPACE) for parameter in ("number", "Number")
)


def declare(contract: Contract) -> Application:
    """Return the Spyne application of one contract; its methods find desk and display in the request's context."""

    def say(asked: "_CallContext", number: str) -> str:
        parts = asked.parts
        caller = parts.desk.say_name(number, asked.exchange)
        text = parts.display.render(caller)
        if not contract.returns_document:
            return text
        return (
            reply.document(text, caller.category, parts.desk.extension_of(caller)) if caller else reply.document(text)
        )

    class Operations(ServiceBase):
        @rpc(
            _Text,
            _returns=_Text,
            _in_variable_names={"number": contract.parameter},
            _out_variable_name="return",
        )
        def SayName(ctx: Any, number: str | None) -> str:  # noqa: N802, N805 - the contract's name, Spyne's context
            return say(ctx.udc, number or "")

        @rpc(
            _Text,
            _Text,
            _returns=_Text,
            _in_variable_names={"num_from": "NumFrom", "key": "Key"},
            _out_variable_name="return",
        )
        def IncomingCall(ctx: Any, num_from: str | None, key: str | None) -> str:  # noqa: N802, N805 - likewise
            asked: _CallContext = ctx.udc
            if asked.deferred is None:
                asked.parts.desk.incoming_call(num_from or "", key or "", asked.exchange)
            else:
                asked.deferred.append((num_from or "", key or ""))
            return "1"

    return _Application(
        [Operations],
        contract.namespace,
        name=NAME,
        in_protocol=_RequestProtocol(validator="soft"),
        out_protocol=_ReplyProtocol(),
    )


class _Application(Application):
    """An application whose faults remember what caused them: Spyne would keep the text alone."""

    def call_wrapper(self, ctx: MethodContext) -> Any:
        """Call the method; whatever it raises becomes a Server fault with its cause."""
        try:
            return super().call_wrapper(ctx)
        except Exception as error:
            raise Fault("Server") from error


class _RequestProtocol(XmlDocument):
    """Spyne's XML protocol, given the operation element that `envelope` has already read."""

    def __init__(self, validator: str) -> None:
        super().__init__(validator=validator, parse_xsi_type=False)

    def create_in_document(self, ctx: MethodContext, in_string_encoding: str | None = None) -> None:
        """Do nothing: the document is in the context."""

    def decompose_incoming_envelope(self, ctx: MethodContext, message: str = XmlDocument.REQUEST) -> None:  # noqa: ARG002
        """Name the method after the Body's child alone; no SOAPAction is looked at."""
        ctx.in_body_doc = ctx.in_document
        ctx.method_request_string = ctx.in_document.tag


class _ReplyProtocol(XmlDocument):
    """The way out: one return value in an envelope of the request's version."""

    def serialize(self, ctx: MethodContext, message: str) -> None:  # noqa: ARG002 - Spyne's signature
        """Set the document to the answer's bytes."""
        operation = ctx.descriptor
        ctx.out_document = reply.envelope(
            ctx.transport.version, self.app.tns, operation.operation_name, ctx.out_object[0]
        )

    def create_out_string(self, ctx: MethodContext, charset: str | None = None) -> None:  # noqa: ARG002
        """Hand the bytes over as they are."""
        ctx.out_string = [ctx.out_document]


class _Transport(ServerBase):
    """Runs one request through an application; HTTP stays outside."""

    transport = "urn:vats1c"

    def run(self, request: SoapRequest, asked: "_CallContext") -> bytes:
        """Return the answer's bytes; raise spyne.Fault, or SoapFault as the method raised it."""
        initial = MethodContext(self, MethodContext.SERVER)
        initial.transport.version = request.version
        initial.in_document = request.element
        initial.udc = asked
        (ctx,) = self.generate_contexts(initial)
        try:
            if ctx.in_error is None:
                self.get_in_object(ctx)
            if ctx.in_error is not None:
                raise ctx.in_error
            self.get_out_object(ctx)
            if ctx.out_error is not None:
                raise ctx.out_error
            self.get_out_string(ctx)
            return bytes(ctx.out_string[0])
        finally:
            ctx.close()
            # Spyne's parts of a context know each other and it: kept, they would keep the document until the garbage
            # collector comes.
            vars(ctx).clear()


class _CallContext(NamedTuple):
    """What a method finds in the request's context."""

    parts: "SoapService"
    exchange: Exchange | None
    # Where the parameters of a call go that whoever asks has written down, and does not answer before.
    deferred: list[tuple[str, str]] | None = None


class SoapService:
    """Answers what `envelope` has read: picks the contract, lets Spyne do its part, turns its faults into ours."""

    def __init__(self, desk: CallService, display: PhoneFormat) -> None:
        self.desk = desk
        self.display = display
        self._transports = {
            (contract.namespace, contract.returns_document): _Transport(declare(contract)) for contract in CONTRACTS
        }
        self._compiled = direct_operations(transport.app for transport in self._transports.values())

    def for_publication(self, desk: CallService, display: PhoneFormat) -> "SoapService":
        """Return a service of the same declaration, for another publication: Spyne never lets go of a declaration."""
        other = copy(self)
        other.desk, other.display = desk, display
        return other

    def answer(self, request: SoapRequest, exchange: Exchange | None = None) -> bytes:
        """Return the answer envelope; what is decided on the way is noted in `exchange`. Raises SoapFault."""
        operation = self._compiled.get(request.shape)
        if operation is None or request.texts is None:
            return self._dispatch_with_spyne(request, exchange)
        try:
            value = operation.call(request.texts, _CallContext(self, exchange))
        except Fault as fault:
            raise _translate_fault(fault, operation.application, request) from fault
        if value is None:
            return self._dispatch_with_spyne(request, exchange)
        return reply.envelope(request.version, operation.namespace, operation.name, value)

    def submit(self, request: SoapRequest, exchange: Exchange, then: Callable[[bytes | SoapFault], None]) -> bool:
        """Take an IncomingCall that is answered once it is written: `then` is told the answer, by another thread.

        Tell whether it was taken: any other request is for `answer`.
        """
        operation = self._compiled.get(request.shape)
        if operation is None or operation.name != "IncomingCall" or request.texts is None:
            return False
        deferred: list[tuple[str, str]] = []
        value = operation.call(request.texts, _CallContext(self, exchange, deferred))
        if value is None:
            return False
        answer = reply.envelope(request.version, operation.namespace, operation.name, value)

        def told(error: Exception | None) -> None:
            then(answer if error is None else _server_fault(error, request))

        self.desk.record_call(*deferred[0], exchange, told)
        return True

    def _dispatch_with_spyne(self, request: SoapRequest, exchange: Exchange | None) -> bytes:
        named = {split_tag(parameter)[1] for parameter in request.element}
        transport = self._transports.get((request.namespace, "Number" in named))
        if transport is None:
            raise _unknown_operation(request)
        if {"number", "Number"} <= named:
            raise _wrong_parameters(request, "number | Number")
        try:
            return transport.run(request, _CallContext(self, exchange))
        except Fault as fault:
            raise _translate_fault(fault, transport.app, request) from fault


def _translate_fault(fault: Fault, application: Application, request: SoapRequest) -> SoapFault:
    """Say Spyne's fault in our words: its own are English, name types and hold what was sent."""
    if fault.faultcode.startswith("Client.ResourceNotFound"):
        return _unknown_operation(request)
    if fault.faultcode.startswith("Client"):
        methods = application.interface.service_method_map[request.element.tag]
        return _wrong_parameters(request, ", ".join(methods[0].in_message.get_flat_type_info(methods[0].in_message)))
    return _server_fault(fault.__cause__ or fault, request)


def _server_fault(error: BaseException, request: SoapRequest) -> SoapFault:
    """Say what went wrong on our side."""
    if isinstance(error, JournalError):
        log.error("call_not_recorded", error=str(error.__cause__))
        return SoapFault("Server", "journal", error.message.ru, error.message.en, version=request.version)
    log.error("operation_failed", operation=request.operation, exc_info=error)
    return SoapFault(
        "Server",
        "internal",
        "внутренняя ошибка сервиса",
        "internal error of the service",
        version=request.version,
    )


def _wrong_parameters(request: SoapRequest, names: str) -> SoapFault:
    operation = request.operation
    return SoapFault(
        "Client",
        "parameters",
        f"параметры {operation}: {names}, каждый ровно один раз",
        f"{operation} takes {names}, each exactly once",
        version=request.version,
    )


def _unknown_operation(request: SoapRequest) -> SoapFault:
    asked = f"{{{request.namespace}}}{request.operation}"[:_MAX_SHOWN_CHARS]
    return SoapFault(
        "Client",
        "operation",
        f"неизвестная операция {asked}; есть SayName и IncomingCall в {VATS}",
        f"unknown operation {asked}; there are SayName and IncomingCall in {VATS}",
        version=request.version,
    )
