"""Faults on purpose, carried out: endpoints whose answers go wrong as the staging bench was told.

Rule: nothing of this is imported where staging is off.
"""

from vats1c.fault_injection.injector import FaultInjector

__all__ = ["FaultInjector"]
