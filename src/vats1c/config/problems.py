"""Problems of the settings, each with the key and the source to correct."""

from dataclasses import dataclass

from vats1c.messages import Message


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: the key ("users[0].password" or ""), its source (a file or a variable), and the message."""

    key: str
    source: str
    message: Message

    def __str__(self) -> str:
        where = f"{self.source}: " if self.source else ""
        return f"{where}{self.key}: {self.message}" if self.key else f"{where}{self.message}"


class ConfigError(Exception):
    """The settings are unusable; `problems` holds every problem: unknown variables first."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class Unusable(ValueError):  # noqa: N818 - names the fact; callers of this package see ConfigError
    """The value of a setting is not allowed; `message` gives the reason, for people."""

    def __init__(self, ru: str, en: str) -> None:
        super().__init__(en)
        self.message = Message(ru, en)
