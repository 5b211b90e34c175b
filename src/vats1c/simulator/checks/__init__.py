"""The checks of the conformance kit, in the order in which they run."""

from vats1c.simulator.checks.calls import CALLS
from vats1c.simulator.checks.refusals import REFUSALS
from vats1c.simulator.checks.requests import VARIANTS
from vats1c.simulator.checks.wsdl import PUBLISHED

CHECKS = (*PUBLISHED, *CALLS, *VARIANTS, *REFUSALS)
