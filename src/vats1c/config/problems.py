"""What is wrong with the settings, said so that the reader knows what to change and where."""

from dataclasses import dataclass

from vats1c.messages import Message


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: the key ("users[0].password"), where it stands (a file or a variable), what is wrong."""

    key: str
    source: str
    message: Message

    def __str__(self) -> str:
        where = f"{self.source}: " if self.source else ""
        return f"{where}{self.key}: {self.message}" if self.key else f"{where}{self.message}"


class ConfigError(Exception):
    """The settings cannot be used; `problems` holds every reason found, in the order of the keys."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class Unusable(ValueError):  # noqa: N818 - says the fact; ConfigError is the error that leaves this room
    """A value that a setting cannot take, with the sentence that says why."""

    def __init__(self, ru: str, en: str) -> None:
        super().__init__(en)
        self.message = Message(ru, en)
