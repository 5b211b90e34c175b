"""Which language a message is said in: every sentence for a person is written here in Russian and English.

Rule: a message is a pair; nobody translates at run time and nobody prints half of a pair by hand.
"""

import os
from dataclasses import dataclass
from typing import Literal

Language = Literal["ru", "en", "both"]


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence in both languages."""

    ru: str
    en: str

    def said(self, language: Language) -> str:
        """Return the sentence in `language`; "both" gives the Russian with an English half."""
        if language == "both":
            return self.ru if self.ru == self.en else f"{self.ru} / {self.en}"
        return self.ru if language == "ru" else self.en

    def __str__(self) -> str:
        """Return the sentence in the terminal's language."""
        return self.said(terminal_language())


def terminal_language() -> Language:
    """Return the language of the terminal: Russian where the locale is Russian, else English.

    Reads LC_ALL, LC_MESSAGES and LANG in the order POSIX gives them (XBD 8.2).
    """
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "ru" if value.lower().startswith("ru") else "en"
    return "en"
