"""The checks that the settings of every kind of directory go through. Each raises DirectoryError with the key."""

from collections.abc import Collection, Mapping
from typing import Any

from vats1c.directory import DirectoryError

_MAX_SECONDS = 60.0


def refuse_unknown(settings: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse a setting that the kind does not have."""
    for key in settings.keys() - set(known):
        there_are = ", ".join(known)
        raise DirectoryError(f"нет такой настройки; есть: {there_are}", f"no such setting; there are: {there_are}", key)


def refuse_no_text(settings: Mapping[str, Any], keys: Collection[str]) -> None:
    """Refuse anything but a text that is not empty under those of `keys` that are given."""
    for key in keys:
        if key in settings and not (isinstance(settings[key], str) and settings[key].strip()):
            raise DirectoryError("нужна непустая строка", "must be a text that is not empty", key)


def seconds_of(settings: Mapping[str, Any], key: str, default: float, longest: float = _MAX_SECONDS) -> float:
    """Return the seconds under `key`, above 0 and at most `longest`."""
    value = settings.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= longest:
        raise DirectoryError(
            f"нужно число секунд от 0 до {longest:g}", f"must be seconds, above 0 and at most {longest:g}", key
        )
    return float(value)
