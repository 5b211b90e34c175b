"""The Spyne application: it declares SayName and IncomingCall, validates requests and passes them to `CallService`.

Spyne is used through its extension points: protocols, which take the element that `parser` has read and render the
answer by `reply`, and a transport, which runs one request. The declaration here is the only source of the names,
parameters, namespaces and types; a test compares wsdl/VATS.wsdl with it.
"""
# mypy: disable-error-code="misc,untyped-decorator"

from collections.abc import Callable
from concurrent.futures import Future
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from spyne import Application, Fault, MethodContext, ServiceBase, Unicode, rpc
from spyne.protocol.xml import XmlDocument
from spyne.server import ServerBase

from vats1c.calls.service import CallService
from vats1c.http import then
from vats1c.model import Caller, Exchange
from vats1c.phone_format import PhoneFormat
from vats1c.soap import reply
from vats1c.soap.direct_dispatch import DirectContext, direct_operations
from vats1c.soap.fault import SoapFault
from vats1c.soap.parser import split_tag
from vats1c.soap.request import SoapRequest

VATS = "http://VATS"
# The namespace of SayName on the vendor's page. The author of a 1C service chooses its namespace, so the service
# accepts this one as well as VATS.
TEST_NAMESPACE = "http://test"
NAME = "VATS"
# A fault quotes at most this many characters of an unknown operation.
_MAX_SHOWN_CHARS = 100
_MAX_RENDERED = 4_096

# A parameter must be present exactly once, but may be empty: a hidden number arrives as <number/>.
_Text = Unicode(min_occurs=1, nillable=True)


@dataclass(frozen=True, slots=True)
class Contract:
    """A variant of the service: its namespace, and the name of SayName's parameter, which determines the answer."""

    namespace: str
    parameter: str

    @property
    def returns_document(self) -> bool:
        """Whether SayName answers with a <data> document, as in the vendor's later contract, instead of a name."""
        return self.parameter == "Number"


CONTRACTS = tuple(
    Contract(namespace, parameter) for namespace in (VATS, TEST_NAMESPACE) for parameter in ("number", "Number")
)


def declare(contract: Contract) -> Application:
    """Return the Spyne application of one contract; its methods take the call service from the request's context."""
    returns_document = contract.returns_document

    class Operations(ServiceBase):
        @rpc(
            _Text,
            _returns=_Text,
            _in_variable_names={"number": contract.parameter},
            _out_variable_name="return",
        )
        def SayName(ctx: Any, number: str | None) -> str:  # noqa: N802, N805 - the contract's name, Spyne's context
            context: CallContext = ctx.udc
            caller = context.calls.say_name(number or "", context.exchange)
            text = context.render(caller)
            if not returns_document:
                return text
            if caller is None:
                return reply.document(text)
            return reply.document(text, caller.category, context.calls.extension_of(caller))

        @rpc(
            _Text,
            _Text,
            _returns=_Text,
            _in_variable_names={"num_from": "NumFrom", "key": "Key"},
            _out_variable_name="return",
        )
        def IncomingCall(ctx: Any, num_from: str | None, key: str | None) -> "Future[str]":  # noqa: N802, N805 - as in SayName
            context: CallContext = ctx.udc
            recorded = context.calls.record_call(num_from or "", key or "", context.exchange)
            return then(recorded, _one)

    return _Application(
        [Operations],
        contract.namespace,
        name=NAME,
        in_protocol=_RequestProtocol(validator="soft"),
        out_protocol=_ReplyProtocol(),
    )


def _one(recorded: "Future[Any]") -> str:
    """Return the answer to a recorded call. If recording failed, raise the error of the future `recorded`."""
    recorded.result()
    return "1"


class _Application(Application):
    """An application whose faults keep the exception that caused them; Spyne's own faults keep only its text."""

    def call_wrapper(self, ctx: MethodContext) -> Any:
        """Call the method; an exception that it raises becomes the cause of a Server fault."""
        try:
            return super().call_wrapper(ctx)
        except Exception as error:
            raise Fault("Server") from error


class _RequestProtocol(XmlDocument):
    """Spyne's XML protocol, given the operation element that `parser` has already read."""

    def __init__(self, validator: str) -> None:
        super().__init__(validator=validator, parse_xsi_type=False)

    def create_in_document(self, ctx: MethodContext, in_string_encoding: str | None = None) -> None:
        """Do nothing: the document is already parsed, and in the context."""

    def decompose_incoming_envelope(self, ctx: MethodContext, message: str = XmlDocument.REQUEST) -> None:  # noqa: ARG002
        """Select the method only by the child of the SOAP Body; ignore SOAPAction."""
        ctx.in_body_doc = ctx.in_document
        ctx.method_request_string = ctx.in_document.tag


class _ReplyProtocol(XmlDocument):
    """The protocol of the answer: one return value in an envelope of the request's SOAP version."""

    def serialize(self, ctx: MethodContext, message: str) -> None:  # noqa: ARG002 - Spyne's signature
        """Set `out_document` to the bytes of the answer, or to a future of these bytes."""
        operation = ctx.descriptor
        ctx.out_document = _envelope(ctx.transport.version, self.app.tns, operation.operation_name, ctx.out_object[0])

    def create_out_string(self, ctx: MethodContext, charset: str | None = None) -> None:  # noqa: ARG002
        """Pass the bytes on unchanged."""
        ctx.out_string = [ctx.out_document]


def _envelope(version: str, namespace: str, operation: str, value: "str | Future[str]") -> "bytes | Future[bytes]":
    """Return the envelope with the answer `value`; if `value` is a future, return a future of the envelope."""
    if isinstance(value, Future):
        return then(value, lambda done: reply.envelope(version, namespace, operation, done.result()))
    return reply.envelope(version, namespace, operation, value)


class _Transport(ServerBase):
    """Runs one request through an application, without HTTP."""

    transport = "urn:vats1c"

    def run(self, request: SoapRequest, context: "CallContext") -> "bytes | Future[bytes]":
        """Return the answer's bytes. Raises spyne.Fault; its cause is the exception that the method raised."""
        initial = MethodContext(self, MethodContext.SERVER)
        initial.transport.version = request.version
        initial.in_document = request.element
        initial.udc = context
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
            answer: bytes | Future[bytes] = ctx.out_string[0]
            return answer
        finally:
            ctx.close()
            # Break the reference cycles between Spyne's context and its parts: they would keep the document in memory
            # until the next garbage collection.
            vars(ctx).clear()


class CallContext(NamedTuple):
    """The request's context for a method: the publication's parts, and the exchange that receives the result.

    `render` returns the text that the phone shows for a caller.
    """

    calls: CallService
    render: Callable[[Caller | None], str]
    exchange: Exchange


def _cached(phone_format: PhoneFormat) -> Callable[[Caller | None], str]:
    """Return the cached `phone_format.render`: few callers make most calls, and a caller is immutable."""
    return lru_cache(maxsize=_MAX_RENDERED)(phone_format.render)


class SoapService:
    """Answers requests: calls the operation of the matching contract, directly or through Spyne."""

    def __init__(self, calls: CallService, phone_format: PhoneFormat) -> None:
        self.calls = calls
        self.render = _cached(phone_format)
        self._transports = {
            (contract.namespace, contract.returns_document): _Transport(declare(contract)) for contract in CONTRACTS
        }
        self._direct = direct_operations(transport.app for transport in self._transports.values())

    def for_publication(self, calls: CallService, phone_format: PhoneFormat) -> "SoapService":
        """Return a service for another publication.

        It shares the declaration of this service, because Spyne would keep a further declaration in memory forever.
        """
        other = copy(self)
        other.calls, other.render = calls, _cached(phone_format)
        return other

    def answer(self, request: SoapRequest, exchange: Exchange) -> "bytes | Future[bytes]":
        """Return the answer envelope, or a future of it if the operation waits for the journal.

        The operation notes its result in `exchange`. Raises SoapFault for a wrong request, and the operation's errors.
        """
        context = CallContext(self.calls, self.render, exchange)
        operation = self._direct.get(request.shape)
        if operation is None or request.texts is None or any(operation.listeners):
            return self._dispatch_with_spyne(request, context)
        value = operation.function(DirectContext(context), *request.texts)
        if isinstance(value, str):
            return reply.envelope(request.version, operation.namespace, operation.name, value)
        return _envelope(request.version, operation.namespace, operation.name, value)

    def _dispatch_with_spyne(self, request: SoapRequest, context: CallContext) -> "bytes | Future[bytes]":
        names = {split_tag(parameter)[1] for parameter in request.element}
        transport = self._transports.get((request.namespace, "Number" in names))
        if transport is None:
            raise _unknown_operation(request)
        if {"number", "Number"} <= names:
            raise _wrong_parameters(request, "number | Number")
        try:
            return transport.run(request, context)
        except Fault as fault:
            raise _translate_fault(fault, transport.app, request) from fault


def _translate_fault(fault: Fault, application: Application, request: SoapRequest) -> BaseException:
    """Return a SoapFault for a wrong request, or the exception that the method raised.

    Spyne's own texts are not used: they are only in English, name types, and repeat text of the request.
    """
    if fault.faultcode.startswith("Client.ResourceNotFound"):
        return _unknown_operation(request)
    if fault.faultcode.startswith("Client"):
        methods = application.interface.service_method_map[request.element.tag]
        return _wrong_parameters(request, ", ".join(methods[0].in_message.get_flat_type_info(methods[0].in_message)))
    cause: BaseException = fault.__cause__ or fault
    return cause


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
    name = f"{{{request.namespace}}}{request.operation}"[:_MAX_SHOWN_CHARS]
    return SoapFault(
        "Client",
        "operation",
        f"неизвестная операция {name}; есть SayName и IncomingCall в {VATS}",
        f"unknown operation {name}; there are SayName and IncomingCall in {VATS}",
        version=request.version,
    )
