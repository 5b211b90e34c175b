"""What the phone shows of a caller: a template, a prefix by category, as many letters as fit, in letters it can show.

Rule: applied to an answer on its way out, and never to what is remembered or recorded.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from vats1c.model import Caller

# A part in brackets is left out when a field inside it is empty.
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_FIELD = re.compile(r"\{(name|company|category|note)\}")
_ANY_FIELD = re.compile(r"\{[^{}]*\}?|\}")
_LATIN = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюя",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "zh",
            "z",
            "i",
            "y",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "kh",
            "ts",
            "ch",
            "sh",
            "shch",
            "",
            "y",
            "",
            "e",
            "yu",
            "ya",
        ],
        strict=True,
    )
)
_QUOTES = str.maketrans({"«": '"', "»": '"', "„": '"', "“": '"', "”": '"', "—": "-", "–": "-", "№": "N", "…": "..."})


def is_template(text: str) -> bool:
    """Tell whether `text` names only fields that there are: {name}, {company}, {category}, {note}."""
    return not _ANY_FIELD.search(_FIELD.sub("", text))


@dataclass(frozen=True, slots=True)
class PhoneFormat:
    """How a caller is shown.

    `template` holds fields such as {name}; «[, {company}]» is left out for a caller without a company. `prefixes` are
    put before it by category ({"VIP": "VIP:"}). `length` is the most letters, 0 for any number. `transliterate` says
    «ё» as "yo" or as "e"; "" leaves Cyrillic as it is.
    """

    template: str = "{name}"
    prefixes: Mapping[str, str] = field(default_factory=dict)
    max_length: int = 0
    transliterate: str = ""

    def render(self, caller: Caller | None) -> str:
        """Return what the phone shows; "" for an unknown caller, never a word in place of a name."""
        text = self.render_untruncated(caller)
        return text[: self.max_length].rstrip() if self.max_length else text

    def render_untruncated(self, caller: Caller | None) -> str:
        """Return what the phone would show if it had room for all of it."""
        if caller is None:
            return ""
        text = self.template
        if text == "{name}":
            text = caller.name
        else:
            text = _fill_fields(_OPTIONAL.sub(lambda part: _unless_empty(part[1], caller), text), caller)
        text = self.prefixes.get(caller.category, "") + text
        return transliterated(text, yo=self.transliterate) if self.transliterate else text


def transliterated(text: str, yo: str) -> str:
    """Return `text` in Latin letters, «ё» as `yo`; letters of other scripts stay as they are."""
    letters = _LATIN | {"ё": yo}
    return "".join(_letter(letter, letters) for letter in text.translate(_QUOTES))


def _letter(letter: str, letters: Mapping[str, str]) -> str:
    found = letters.get(letter.lower())
    if found is None:
        return letter
    return found if letter.islower() else found.capitalize()


def _fill_fields(text: str, caller: Caller) -> str:
    return _FIELD.sub(lambda named: str(getattr(caller, named[1])), text)


def _unless_empty(part: str, caller: Caller) -> str:
    return part if all(getattr(caller, name) for name in _FIELD.findall(part)) else ""
