"""Several directories asked in the order of the settings: the first that knows the caller answers.

Rule: a directory that fails yields "unknown", a log line and a counter, and never a fault.
"""

from collections.abc import Sequence

import structlog

from vats1c.directory import Directory
from vats1c.metrics import Metrics
from vats1c.model import Match
from vats1c.number import Number

log = structlog.get_logger("vats1c.directory")


class Chain:
    """The directories of one publication, as one."""

    def __init__(self, directories: Sequence[Directory], metrics: Metrics) -> None:
        self.directories = tuple(directories)
        self._steps = tuple(
            (
                directory,
                metrics.lookups.labels(directory.name, "found"),
                metrics.lookups.labels(directory.name, "unknown"),
                metrics.lookups.labels(directory.name, "failed"),
            )
            for directory in directories
        )

    def find(self, number: Number) -> Match | None:
        """Return the first answer, None when nobody knows the number."""
        for directory, found, unknown, failed in self._steps:
            try:
                match = directory.find(number)
            except Exception as error:  # noqa: BLE001 - the plugin boundary: whatever a directory raises, the call goes on
                failed.inc()
                log.warning("directory failed", directory=directory.name, error=type(error).__name__)
                continue
            if match is not None:
                found.inc()
                return match
            unknown.inc()
        return None

    def close(self) -> None:
        """Close every directory."""
        for directory in self.directories:
            directory.close()
