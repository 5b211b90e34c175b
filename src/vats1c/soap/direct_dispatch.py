"""Direct dispatch: an ordinary request calls its method as Spyne would, worked out once at the start.

Rule: everything is derived from the application's own declaration, and an ordinary request gets the same bytes as by
Spyne (tests/unit/soap/test_direct_dispatch.py compares both). Other requests are dispatched by Spyne: with parameters
that are missing, repeated, unknown, empty or in another order, and all requests while Spyne's events have listeners.
"""
# mypy: disable-error-code="misc"

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from spyne import Application, Unicode

from vats1c.soap.request import Shape


class DirectContext(NamedTuple):
    """What a method gets of Spyne's context: what the transport put there for it."""

    udc: Any


class DirectOperation(NamedTuple):
    """A method that may be called without Spyne while none of `listeners` (Spyne's event handlers) is there."""

    name: str
    namespace: str
    function: Callable[..., Any]
    listeners: tuple[Any, ...]


def direct_operations(applications: Iterable[Application]) -> dict[Shape, DirectOperation]:
    """Return the operations of `applications` by the shape of an ordinary request for them.

    An operation that takes or gives anything but plain text is left to Spyne.
    """
    found: dict[Shape, DirectOperation] = {}
    for application in applications:
        for tag, (descriptor, *_) in application.interface.service_method_map.items():
            parameters = descriptor.in_message.get_flat_type_info(descriptor.in_message)
            returned = descriptor.out_message.get_flat_type_info(descriptor.out_message)
            if len(returned) != 1 or not all(map(_is_plain_text, (*parameters.values(), *returned.values()))):
                continue
            shape = (tag, *(f"{{{application.tns}}}{name}" for name in parameters))
            found[shape] = DirectOperation(
                descriptor.operation_name, application.tns, descriptor.function, _listeners(application, descriptor)
            )
    return found


def _is_plain_text(kind: Any) -> bool:
    """Tell whether every text is a value of `kind`, exactly once, in the service's own namespace."""
    plain = Unicode.Attributes
    own = kind.Attributes
    return (
        issubclass(kind, Unicode)
        and (own.min_occurs, own.max_occurs) == (1, 1)
        and not own.sub_ns
        and not own.sub_name
        and all(getattr(own, each) == getattr(plain, each) for each in ("min_len", "max_len", "pattern", "values"))
    )


def _listeners(application: Application, descriptor: Any) -> tuple[Any, ...]:
    """Return the collections of event handlers that Spyne would call for a method; without handlers all are empty."""
    parts = (application, descriptor.service_class, application.in_protocol, application.out_protocol)
    return tuple(part.event_manager.handlers for part in parts)
