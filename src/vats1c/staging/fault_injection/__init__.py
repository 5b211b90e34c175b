"""Fault injection: endpoints whose answers fail as the plans of the staging bench say.

Rule: this package is not imported if staging is off.
"""

from vats1c.staging.fault_injection.injector import FaultInjector

__all__ = ["FaultInjector"]
