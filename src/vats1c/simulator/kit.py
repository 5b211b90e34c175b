"""The conformance kit, part by part in the order in which it is gone through."""

from vats1c.simulator.calls import CALLS
from vats1c.simulator.published import PUBLISHED
from vats1c.simulator.refusals import REFUSALS
from vats1c.simulator.variants import VARIANTS

CHECKS = (*PUBLISHED, *CALLS, *VARIANTS, *REFUSALS)
