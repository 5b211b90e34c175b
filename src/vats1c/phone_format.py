"""Format a caller for a phone's display: template, prefix by category, maximum length, transliteration.

Rule: the format is applied to answers only; caches and the journal hold the unformatted caller.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from vats1c.model import Caller

# A part in square brackets is omitted if any of its fields is empty.
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
_PUNCTUATION = str.maketrans(
    {"«": '"', "»": '"', "„": '"', "“": '"', "”": '"', "—": "-", "–": "-", "№": "N", "…": "..."}
)


def is_template(text: str) -> bool:
    """Tell whether `text` has no other fields than {name}, {company}, {category} and {note}."""
    return not _ANY_FIELD.search(_FIELD.sub("", text))


@dataclass(frozen=True, slots=True)
class PhoneFormat:
    """The format of a caller on a phone's display.

    `template` holds fields such as {name}; «[, {company}]» is omitted for a caller without a company. `prefixes` maps a
    category to the text before the name ({"VIP": "VIP:"}). `max_length` is in characters, 0 for no limit.
    `transliterate` is the Latin form of «ё», "yo" or "e"; "" leaves Cyrillic unchanged.
    """

    template: str = "{name}"
    prefixes: Mapping[str, str] = field(default_factory=dict)
    max_length: int = 0
    transliterate: str = ""

    def render(self, caller: Caller | None) -> str:
        """Return the text for the display; "" for an unknown caller, never a placeholder."""
        text = self.render_untruncated(caller)
        return text[: self.max_length].rstrip() if self.max_length else text

    def render_untruncated(self, caller: Caller | None) -> str:
        """Return the text for the display without the limit on its length."""
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
    """Return `text` with Cyrillic letters in Latin, «ё» as `yo`; letters of other scripts are unchanged."""
    latin = _LATIN | {"ё": yo}
    return "".join(_transliterated_letter(letter, latin) for letter in text.translate(_PUNCTUATION))


def _transliterated_letter(letter: str, latin: Mapping[str, str]) -> str:
    replacement = latin.get(letter.lower())
    if replacement is None:
        return letter
    return replacement if letter.islower() else replacement.capitalize()


def _fill_fields(text: str, caller: Caller) -> str:
    return _FIELD.sub(lambda match: str(getattr(caller, match[1])), text)


def _unless_empty(part: str, caller: Caller) -> str:
    return part if all(getattr(caller, name) for name in _FIELD.findall(part)) else ""
