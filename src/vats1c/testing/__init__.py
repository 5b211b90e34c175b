"""For tests: the suite that every caller directory passes, and the pytest plugin for whatever calls the service.

Rule: importing this costs nothing: pytest loads the plugin in every run, also in those that do not use it.
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
