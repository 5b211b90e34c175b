"""HTTP through granian: one Python thread that never waits, and a worker pool for requests that may wait.

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
