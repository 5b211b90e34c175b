"""Read a scenario: a TOML file that schedules calls.

Rule: an error in a step names the step's position in the file.
"""

import tomllib
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from vats1c.messages import Message
from vats1c.simulator.load import ScheduledCall

_KEYS = frozenset({"at", "send", "number", "keys", "repeat", "every"})
_MAX_STEPS = 1_000
_MAX_REPEATS = 100_000


class ScenarioError(Exception):
    """The scenario file is unusable; `message` is for people."""

    def __init__(self, ru: str, en: str) -> None:
        super().__init__(en)
        self.message = Message(ru, en)


def read(path: Path) -> list[ScheduledCall]:
    """Return the calls of the file's steps, ordered by time. Raises ScenarioError."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ScenarioError(f"{path}: не читается: {reason}", f"{path}: cannot be read: {reason}") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: не в UTF-8", f"{path}: not in UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path}: ошибка в записи TOML: {error}", f"{path}: not valid TOML: {error}") from error
    steps = content.get("steps")
    if not isinstance(steps, list) or not 0 < len(steps) <= _MAX_STEPS or set(content) != {"steps"}:
        raise ScenarioError(
            f"{path}: нужны [[steps]], не больше {_MAX_STEPS}, и ничего кроме",
            f"{path}: [[steps]] are needed, {_MAX_STEPS} at most, and nothing else",
        )
    return sorted(chain.from_iterable(_step(path, *item) for item in enumerate(steps, 1)), key=lambda call: call.at)


def _step(path: Path, position: int, step: Any) -> list[ScheduledCall]:
    """Return the calls of one step; `position` counts from 1. Raises ScenarioError."""

    def refuse(ru: str, en: str) -> ScenarioError:
        return ScenarioError(f"{path}: шаг {position}: {ru}", f"{path}: step {position}: {en}")

    if not isinstance(step, Mapping):
        raise refuse("нужна таблица", "must be a table")
    if unknown := sorted(set(step) - _KEYS):
        known = ", ".join(sorted(_KEYS))
        raise refuse(f"нет ключа {unknown[0]}; есть: {known}", f"no key {unknown[0]}; there are: {known}")
    at, every, repeat = step.get("at", 0), step.get("every", 0), step.get("repeat", 1)
    if not all(_is_seconds(value) for value in (at, every)):
        raise refuse("at и every — секунды, 0 и больше", "at and every are seconds, 0 or more")
    if not isinstance(repeat, int) or isinstance(repeat, bool) or not 1 <= repeat <= _MAX_REPEATS:
        raise refuse(f"repeat — целое от 1 до {_MAX_REPEATS}", f"repeat is a whole number from 1 to {_MAX_REPEATS}")
    numbers, keys = _texts(step.get("number")), _texts(step.get("keys", []))
    if not numbers or keys is None:
        raise refuse(
            "number — текст или список текстов, keys — тоже", "number is a text or a list of texts, as keys is"
        )
    send = step.get("send")
    if send not in ("say_name", "incoming_call") or (send == "incoming_call") != bool(keys):
        raise refuse(
            'send — "say_name" или "incoming_call"; keys нужны второму и только ему',
            'send is "say_name" or "incoming_call"; the latter needs keys, and it alone',
        )
    return [
        ScheduledCall(at + every * index, number, tuple(keys), say_name=send == "say_name")
        for index in range(repeat)
        for number in numbers
    ]


def _is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def _texts(value: Any) -> list[str] | None:
    """Return a string or a list of strings as a list; None for any other value."""
    texts = [value] if isinstance(value, str) else value
    return texts if isinstance(texts, list) and all(isinstance(text, str) for text in texts) else None
