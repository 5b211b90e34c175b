"""The real 1C behind the service, for moving to it or off it: asked first, recorded, compared with, or rung as well.

Rule: no answer waits for it beyond a directory's deadline, and none of what it does here is in the way when it is off.
"""

from vats1c.upstream.differences import Differences
from vats1c.upstream.recording import Recording
from vats1c.upstream.upstream import Upstream, erase_all

__all__ = ["Differences", "Recording", "Upstream", "erase_all"]
