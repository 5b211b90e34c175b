"""The short way through a Spyne application: what Spyne does with an ordinary request, worked out once at the start.

Rule: all of it is derived from the application's own declaration, and an ordinary request gets the very bytes that
Spyne would give it (tests/unit/test_compiled.py asks both). Whatever is not ordinary takes Spyne's own way: parameters
missing, repeated, unknown, empty or in another order, and any request while somebody listens to Spyne's events.
"""
# mypy: disable-error-code="misc"

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from spyne import Application, Fault, Unicode

from vats1c.soap.request import Shape


class DirectContext(NamedTuple):
    """What a method gets of Spyne's context: what the transport put there for it."""

    udc: Any


class DirectOperation(NamedTuple):
    """A method with what leads to it."""

    name: str
    namespace: str
    application: Application
    function: Callable[..., str]
    has_listeners: Callable[[], bool]

    def call(self, texts: tuple[str, ...], udc: Any) -> str | None:
        """Return what the method returns for its parameters' `texts`; None when it is Spyne's to answer.

        Raises spyne.Fault as Spyne would: with what the method raised as its cause.
        """
        if self.has_listeners():
            return None
        try:
            return self.function(DirectContext(udc), *texts)
        except Fault:
            raise
        except Exception as error:
            raise Fault("Server") from error


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
                descriptor.operation_name,
                application.tns,
                application,
                descriptor.function,
                _has_listeners(application, descriptor),
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


def _has_listeners(application: Application, descriptor: Any) -> Callable[[], bool]:
    """Return what tells whether anybody listens to what happens with a method."""
    heard = (application, descriptor.service_class, application.in_protocol, application.out_protocol)
    handlers = [one.event_manager.handlers for one in heard]
    return lambda: any(handlers)
