"""Keeps a defect in the handling of one connection from affecting the others."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import structlog

P = ParamSpec("P")

log = structlog.get_logger("vats1c.server")


class Evictable(Protocol):
    """A connection."""

    def evict(self) -> None:
        """Close the connection at once."""


AnyEvictable = TypeVar("AnyEvictable", bound=Evictable)


def guarded(
    method: Callable[Concatenate[AnyEvictable, P], None],
) -> Callable[Concatenate[AnyEvictable, P], None]:
    """Return `method`, wrapped to abort its connection when it raises: a defect must not affect other connections."""

    @wraps(method)
    def call(connection: AnyEvictable, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(connection, *args, **kwargs)
        except Exception:
            log.exception("request_failed")
            connection.evict()

    return call
