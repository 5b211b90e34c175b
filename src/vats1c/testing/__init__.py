"""Test support: the contract test suite of caller directories, and the pytest plugin for programs that call 1C.

Rule: importing this package imports nothing else of vats1c, because pytest loads the plugin in every run.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vats1c.testing.directories import CALLERS, DirectoryContract

__all__ = ["CALLERS", "DirectoryContract"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from vats1c.testing import directories  # noqa: PLC0415 - see the rule

    return getattr(directories, name)
