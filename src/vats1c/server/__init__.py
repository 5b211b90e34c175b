"""Serve the application: HTTP by granian, in Rust; Python on one thread that never waits, and on a crew for what may.

Rule: the only package that imports granian; it knows nothing of what the application does.
"""

from vats1c.server.dispatcher import ResponseParts, ServerApplication, ServerLimits
from vats1c.server.supervisor import WorkersDyingError, run
from vats1c.server.worker import PortInUseError, ensure_port_free, serve

__all__ = [
    "PortInUseError",
    "ResponseParts",
    "ServerApplication",
    "ServerLimits",
    "WorkersDyingError",
    "ensure_port_free",
    "run",
    "serve",
]
