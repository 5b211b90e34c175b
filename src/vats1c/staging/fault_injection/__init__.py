"""Fault injection: endpoints whose answers fail as the plans of the staging bench say.

Rule: nothing of this is imported where staging is off.
"""

from vats1c.staging.fault_injection.injector import FaultInjector

__all__ = ["FaultInjector"]
