"""Messages for people, in Russian and English.

Rule: every message is written as a pair, never translated at run time, and only this module chooses the language.
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
        """Return the sentence in `language`; "both" returns "Russian / English", or one of them if they are equal."""
        if language == "both":
            return self.ru if self.ru == self.en else f"{self.ru} / {self.en}"
        return self.ru if language == "ru" else self.en

    def __str__(self) -> str:
        """Return the sentence in the terminal's language."""
        return self.said(terminal_language())


def terminal_language() -> Language:
    """Return the language of the terminal: "ru" for a Russian locale, otherwise "en".

    The first set variable of LC_ALL, LC_MESSAGES and LANG decides (POSIX, XBD 8.2).
    """
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "ru" if value.lower().startswith("ru") else "en"
    return "en"
