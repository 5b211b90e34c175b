"""Direct dispatch: call the method of an ordinary request without Spyne; the table of methods is built at the start.

Rule: the table is derived from the declaration of the Spyne application, and an ordinary request gets the same bytes as
through Spyne (tests/unit/soap/test_direct_dispatch.py compares both). Spyne dispatches all other requests: those with
missing, repeated, unknown, empty or reordered parameters, and every request while Spyne's events have listeners.
"""
# mypy: disable-error-code="misc"

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from spyne import Application, Unicode

from vats1c.soap.request import Shape


class DirectContext(NamedTuple):
    """The context passed to a method in place of Spyne's; as in Spyne's context, `udc` holds the CallContext."""

    udc: Any


class DirectOperation(NamedTuple):
    """A method that may be called without Spyne while all collections of event handlers in `listeners` are empty."""

    name: str
    namespace: str
    function: Callable[..., Any]
    listeners: tuple[Any, ...]


def direct_operations(applications: Iterable[Application]) -> dict[Shape, DirectOperation]:
    """Return the operations of `applications` by the shape of their ordinary requests.

    An operation with a parameter or result other than plain text is left out, so that Spyne dispatches it.
    """
    operations: dict[Shape, DirectOperation] = {}
    for application in applications:
        for tag, (descriptor, *_) in application.interface.service_method_map.items():
            parameters = descriptor.in_message.get_flat_type_info(descriptor.in_message)
            results = descriptor.out_message.get_flat_type_info(descriptor.out_message)
            if len(results) != 1 or not all(map(_is_plain_text, (*parameters.values(), *results.values()))):
                continue
            shape = (tag, *(f"{{{application.tns}}}{name}" for name in parameters))
            operations[shape] = DirectOperation(
                descriptor.operation_name, application.tns, descriptor.function, _listeners(application, descriptor)
            )
    return operations


def _is_plain_text(kind: Any) -> bool:
    """Tell whether `kind` accepts any text, is required exactly once, and belongs to the service's namespace."""
    defaults = Unicode.Attributes
    attributes = kind.Attributes
    return (
        issubclass(kind, Unicode)
        and (attributes.min_occurs, attributes.max_occurs) == (1, 1)
        and not attributes.sub_ns
        and not attributes.sub_name
        and all(
            getattr(attributes, each) == getattr(defaults, each) for each in ("min_len", "max_len", "pattern", "values")
        )
    )


def _listeners(application: Application, descriptor: Any) -> tuple[Any, ...]:
    """Return the collections of event handlers that Spyne would call for a method; without handlers all are empty."""
    parts = (application, descriptor.service_class, application.in_protocol, application.out_protocol)
    return tuple(part.event_manager.handlers for part in parts)
