"""Validation of directory settings, shared by all kinds. Each check raises DirectoryError with the setting's key."""

from collections.abc import Collection, Mapping
from typing import Any

from vats1c.directory import DirectoryError

_MAX_TIMEOUT_S = 60.0


def refuse_unknown(settings: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise DirectoryError for a setting that is not in `known`."""
    for key in settings.keys() - set(known):
        there_are = ", ".join(known)
        raise DirectoryError(f"нет такой настройки; есть: {there_are}", f"no such setting; there are: {there_are}", key)


def refuse_no_text(settings: Mapping[str, Any], keys: Collection[str]) -> None:
    """Raise DirectoryError when a setting named in `keys` is given, but is blank or not a string."""
    for key in keys:
        if key in settings and not (isinstance(settings[key], str) and settings[key].strip()):
            raise DirectoryError("нужна непустая строка", "must be a text that is not empty", key)


def seconds_of(settings: Mapping[str, Any], key: str, default: float, max_s: float = _MAX_TIMEOUT_S) -> float:
    """Return the setting `key` in seconds. Raises DirectoryError unless 0 < value <= `max_s`."""
    value = settings.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= max_s:
        raise DirectoryError(
            f"нужно число секунд от 0 до {max_s:g}", f"must be seconds, above 0 and at most {max_s:g}", key
        )
    return float(value)
