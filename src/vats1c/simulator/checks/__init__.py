"""The conformance kit, part by part in the order in which it is gone through."""

from vats1c.simulator.checks.calls import CALLS
from vats1c.simulator.checks.refusals import REFUSALS
from vats1c.simulator.checks.requests import VARIANTS
from vats1c.simulator.checks.wsdl import PUBLISHED

CHECKS = (*PUBLISHED, *CALLS, *VARIANTS, *REFUSALS)
