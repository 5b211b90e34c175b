"""Serve the application: HTTP by granian, in Rust; Python on one thread that never waits, and on a crew for what may.

Rule: the only package that imports granian; it knows nothing of what the application does.
"""

from vats1c.server.reception import Late, Limits, Served
from vats1c.server.worker import PortInUseError, refuse_taken, serve
from vats1c.server.workers import WorkersDyingError, supervise

__all__ = ["Late", "Limits", "PortInUseError", "Served", "WorkersDyingError", "refuse_taken", "serve", "supervise"]
