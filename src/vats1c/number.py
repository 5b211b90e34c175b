"""Parse and classify phone numbers; only this module knows that 8…, +7… and 7… are forms of the same number.

A text is first classified (hidden, internal, service, text). Only a number of the public network has a canonical form,
in E.164. Rule: no function raises an error; a text that is no number has no canonical form.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

# A longer text is no number: E.164 allows 15 digits, the rest of the limit is for punctuation and an extension.
_MAX_CHARS = 64
# A cell with several numbers and comments on them has a few hundred characters. A longer cell probably contains the
# text of another column, and parsing it would delay the calls.
MAX_CELL_CHARS = 1_000
_PUNCTUATION = str.maketrans("", "", " \t\r\n\u00a0\u202f\u2009-\u2010\u2011\u2012\u2013\u2014.()/~")
_RUSSIAN = re.compile(r"(?:\+?7|8)(?!10)(\d{10})")
_HIDDEN = frozenset(
    {"", "anonymous", "unknown", "private", "restricted", "withheld", "unavailable", "hidden", "скрыт", "номер скрыт"}
)
# The names under which the VATS itself makes calls, and the numbers of emergency services.
_SERVICE = frozenset({"callapi", "0000", "112", "101", "102", "103", "104"})
_SIP = re.compile(r"(?:sips?:)?([^@;<>]+)@[^@]*", re.IGNORECASE)
# After a mere comma more than five digits are another number without an area code, not an extension.
_EXTENSION = re.compile(
    r"(?:(?:доб(?:ав(?:очный)?)?|вн(?:утр)?|ext(?:ension)?|x|#|;ext=)[.:\s]*(\d{1,7})|,[.:\s]*(\d{1,5}))\D*$",
    re.IGNORECASE,
)
# A comment in brackets. It is matched in linear time even if many brackets are not closed: the quantifiers are
# possessive, and a match stops at the next opening bracket.
_COMMENT = re.compile(r"\((?:[^\w()]|_)*+[^\W\d_][^()]*+\)|\[[^\[\]]*+\]")
_RUN = re.compile(
    r"\+?\(?\d[\d \t\u00a0().~\u2010-\u2014-]{3,}\d(?:[\s,;]*(?:доб|вн|ext|x|#)[.:\s]*\d{1,7})?", re.IGNORECASE
)
# An internal extension as written by people («доб. 105»), by 1C ("1 234", with a group separator) or Excel ("105.0").
_INTERNAL = re.compile(
    r"(?:(?:доб(?:авочный)?|вн(?:утренний)?|ext(?:ension)?)\b[.:]*\s*)?"
    r"([0-9]{1,3}[ \u00a0\u202f][0-9]{3}|[0-9]+)(?:[.,]0)?",
    re.IGNORECASE,
)
_ZERO = str.maketrans("OoОо", "0000")
_NATIONAL_DIGITS = 10


class NumberKind(StrEnum):
    """The kind of a number, determined from its text alone."""

    EXTERNAL = "external"
    INTERNAL = "internal"
    HIDDEN = "hidden"
    SERVICE = "service"
    TEXT = "text"


# In Python 3.11 looking up an enum member takes as long as creating a Number, and a start creates 100,000 of them.
_EXTERNAL, _TEXT = NumberKind.EXTERNAL, NumberKind.TEXT


class Number(NamedTuple):
    """A number as received, and its interpretation.

    `canonical` is the E.164 form ("+79235292926") of an external number, None for other kinds. `extension` holds the
    digits of an extension after the number («доб. 105» → "105"). `local` is True if the text had no area code, and the
    area code of the settings was used.
    """

    received: str
    canonical: str | None = None
    kind: NumberKind = NumberKind.TEXT
    extension: str = ""
    local: bool = False

    @property
    def last10(self) -> str | None:
        """The last ten digits, for comparing numbers written without a country code; None if there are fewer."""
        digits = (self.canonical or "").lstrip("+")
        return digits[-_NATIONAL_DIGITS:] if len(digits) >= _NATIONAL_DIGITS else None

    @property
    def national(self) -> str | None:
        """The number as dialled within Russia and Kazakhstan ("89235292926"); None for other countries."""
        return f"8{self.canonical[2:]}" if self.canonical and self.canonical.startswith("+7") else None


@dataclass(frozen=True, slots=True)
class NumberPlan:
    """The dialling rules of the service's location.

    `region` is the country (ISO 3166-1 alpha-2). `area_code` is added to numbers without one ("391"; "" adds nothing).
    `internal_digits` is the maximum length of an internal extension.
    """

    region: str = "RU"
    area_code: str = ""
    internal_digits: int = 5


DEFAULT_PLAN = NumberPlan()
# An unassigned number for testing sources: country code 7 has no area code 000.
PROBE_NUMBER = Number("+70000000000", "+70000000000", NumberKind.EXTERNAL)


@lru_cache(maxsize=65_536)
def identify(received: str, plan: NumberPlan = DEFAULT_PLAN) -> Number:
    """Return the number in the text `received`, interpreted as if dialled under `plan`. Never raises an error."""
    return _identify(received.strip(), plan)


def is_too_long(cell: str) -> bool:
    """Tell whether a cell of a number column is too long to be parsed."""
    return len(cell.strip()) > MAX_CELL_CHARS


def parse_cell(cell: str, plan: NumberPlan = DEFAULT_PLAN) -> tuple[Number, ...]:
    """Return the external numbers in one cell of a directory's table: «сот. 8 923…, раб. 274-66-14 доб. 5 (Иван)».

    The result is empty for a cell that is too long; such cells are reported by means of `is_too_long`.
    """
    text = cell.strip()
    if len(text) > MAX_CELL_CHARS:
        return ()
    whole = _identify(text, plan)
    if whole.kind is not _TEXT:
        return (whole,) if whole.canonical else ()
    numbers = (_identify(run.strip(), plan) for run in _RUN.findall(_COMMENT.sub(" ", cell)))
    return tuple([number for number in numbers if number.canonical])


@lru_cache(maxsize=4_096)
def extension_of(text: str, internal_digits: int = DEFAULT_PLAN.internal_digits) -> str:
    """Return the digits of `text` if the whole text is an internal extension; otherwise "".

    A name, a mobile number, or more than `internal_digits` digits are no extension.
    """
    match = _INTERNAL.fullmatch(text.strip()) if len(text) <= _MAX_CHARS else None
    digits = "".join(filter(str.isdigit, match[1])) if match else ""
    return digits if len(digits) <= internal_digits else ""


def _identify(text: str, plan: NumberPlan) -> Number:
    if len(text) > _MAX_CHARS:
        return Number(text)
    # Nearly every number that a Russian PBX sends has this form; phonenumbers takes 15 µs for the same result.
    if plan.region == "RU" and (match := _RUSSIAN.fullmatch(text if text.isdigit() else text.translate(_PUNCTUATION))):
        return tuple.__new__(Number, (text, "+7" + match[1], _EXTERNAL, "", False))
    return _classify(text, plan)


def _classify(text: str, plan: NumberPlan) -> Number:
    word = text.casefold().strip("<>\"' ")
    if word in _HIDDEN:
        return Number(text, kind=NumberKind.HIDDEN)
    if word in _SERVICE:
        return Number(text, kind=NumberKind.SERVICE)
    dialled = _strip_uri_and_comment(text)
    bare, extension = _split_extension(dialled)
    digits = bare.translate(_PUNCTUATION).translate(_ZERO)
    if digits.isascii() and digits.isdigit() and len(digits) <= plan.internal_digits:
        return Number(text, kind=NumberKind.INTERNAL)
    canonical, local = _canonical(digits, plan)
    if canonical is None:
        return Number(text)
    return Number(text, canonical, NumberKind.EXTERNAL, extension, local)


def _strip_uri_and_comment(text: str) -> str:
    """Return the number in `text` without the rest of a tel or SIP URI (RFC 3966, RFC 3261) and without comments."""
    text = text.removeprefix("tel:")
    uri = _SIP.fullmatch(text)
    return _COMMENT.sub(" ", uri[1] if uri else text).strip()


def _split_extension(text: str) -> tuple[str, str]:
    match = _EXTENSION.search(text)
    # A number must precede the extension: "#105" alone is no extension of a number.
    if match and sum(character.isdigit() for character in text[: match.start()]) > 4:  # noqa: PLR2004
        return text[: match.start()].rstrip(" ,;"), match[1] or match[2]
    return text, ""


def _canonical(digits: str, plan: NumberPlan) -> tuple[str | None, bool]:
    """Return the E.164 form of `digits` (with or without a leading "+"), and whether `plan` gave the area code."""
    if not re.fullmatch(r"\+?[0-9]{5,20}", digits):
        return None, False
    if plan.area_code and not digits.startswith("+"):
        local_digits = _NATIONAL_DIGITS - len(plan.area_code)
        if len(digits) == local_digits:
            return _parse_e164(plan.area_code + digits, plan.region), True
    for candidate in _candidates(digits, plan.region):
        canonical = _parse_e164(candidate, plan.region)
        if canonical:
            return canonical, False
    return None, False


def _candidates(digits: str, region: str) -> list[str]:
    """Return the possible interpretations of `digits`, the most likely first."""
    if digits.startswith("+"):
        return [digits, _without_old_city_code(digits)]
    if digits.startswith("00"):
        # 00 is no prefix in Russia, but many PBXs put it before a country code.
        return ["+" + digits[2:], digits]
    candidates = [digits]
    if region == "RU":
        candidates.append(_without_old_city_code(digits))
    # A foreign number that has lost its plus; a number of ten digits or fewer is taken for a national one.
    return [*candidates, "+" + digits] if len(digits) > _NATIONAL_DIGITS else candidates


def _without_old_city_code(digits: str) -> str:
    """Remove the doubled digit of an old city code: 8 (3912) 274-50-00 → +7 391 274-50-00; else return `digits`.

    The last digit of the old code (3912) became the first digit of a longer number (274-50-00 in 391).
    """
    match = re.fullmatch(r"(\+7|8|7)(\d{3})(\d)(\3\d{6})", digits)
    return f"+7{match[2]}{match[4]}" if match else digits


def _parse_e164(digits: str, region: str) -> str | None:
    import phonenumbers  # noqa: PLC0415 - the import takes 30 ms, and Russian numbers alone do not need it

    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    # A possible number with its area code is enough. It need not be valid: numbering plans outpace the library.
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def describe(canonical: str, language: str) -> tuple[str, str]:
    """Return (region, operator) of the range of an E.164 number, in the language "ru" or "en"; "" for unknown.

    The operator is that of the range; a single number may have been ported to another operator.
    """
    # The import takes 0.1 s and megabytes of memory, and only the pages need it.
    from phonenumbers import NumberParseException, carrier, geocoder, parse  # noqa: PLC0415

    try:
        number = parse(canonical)
    except NumberParseException:
        return "", ""
    return geocoder.description_for_number(number, language), carrier.name_for_number(number, language)
