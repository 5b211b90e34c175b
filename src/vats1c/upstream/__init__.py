"""The real 1C behind the service, for a migration to or from it: lookup, recording, comparison and call forwarding.

Rule: no SOAP answer waits for the real 1C longer than a directory's deadline; a mode that is off costs nothing.
"""

from vats1c.upstream.differences import Differences
from vats1c.upstream.recording import Recording
from vats1c.upstream.upstream import Upstream, erase_all

__all__ = ["Differences", "Recording", "Upstream", "erase_all"]
