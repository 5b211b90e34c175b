"""Phone numbers: what a text stands for, and the only place that knows that 8…, +7… and 7… are one number.

A text is classified first (hidden, internal, service, text), and only a number of the public network is given its
canonical E.164 form. Rule: nothing here fails; what cannot be read simply has no canonical form.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

# Nothing that can be dialled is longer; a longer text is not a number (E.164 has 15 digits).
_MAX_CHARS = 64
# A cell with several numbers and a comment to each has a few hundred characters. A longer cell holds another column's
# text, and reading it would delay the calls.
MAX_CELL_CHARS = 1_000
_PUNCTUATION = str.maketrans("", "", " \t\r\n\u00a0\u202f\u2009-\u2010\u2011\u2012\u2013\u2014.()/~")
_RUSSIAN = re.compile(r"(?:\+?7|8)(?!10)(\d{10})")
_HIDDEN = frozenset(
    {"", "anonymous", "unknown", "private", "restricted", "withheld", "unavailable", "hidden", "скрыт", "номер скрыт"}
)
# What the VATS calls itself when it rings on its own account, and the numbers of emergency services.
_SERVICE = frozenset({"callapi", "0000", "112", "101", "102", "103", "104"})
_SIP = re.compile(r"(?:sips?:)?([^@;<>]+)@[^@]*", re.IGNORECASE)
_EXTENSION = re.compile(
    r"(?:доб(?:ав(?:очный)?)?|вн(?:утр)?|ext(?:ension)?|x|#|,|;ext=)[.:\s]*(\d{1,7})\D*$", re.IGNORECASE
)
# Possessive, and a bracket within brackets begins anew: a bracket that is never closed is not searched again and again.
_COMMENT = re.compile(r"\((?:[^\w()]|_)*+[^\W\d_][^()]*+\)|\[[^\[\]]*+\]")
_RUN = re.compile(
    r"\+?\(?\d[\d \t\u00a0().~\u2010-\u2014-]{3,}\d(?:[\s,;]*(?:доб|вн|ext|x|#)[.:\s]*\d{1,7})?", re.IGNORECASE
)
# An internal extension as people and 1C write it: «доб. 105», "1 234" with 1C's group separator, Excel's "105.0".
_INTERNAL = re.compile(
    r"(?:(?:доб(?:авочный)?|вн(?:утренний)?|ext(?:ension)?)\b[.:]*\s*)?"
    r"([0-9]{1,3}[ \u00a0\u202f][0-9]{3}|[0-9]+)(?:[.,]0)?",
    re.IGNORECASE,
)
_ZERO = str.maketrans("OoОо", "0000")
_NATIONAL_DIGITS = 10


class NumberKind(StrEnum):
    """What a number is, by its looks."""

    EXTERNAL = "external"
    INTERNAL = "internal"
    HIDDEN = "hidden"
    SERVICE = "service"
    TEXT = "text"


# Python 3.11 takes as long to look a member up as to make a number, and a start reads a hundred thousand of them.
_EXTERNAL, _TEXT = NumberKind.EXTERNAL, NumberKind.TEXT


class Number(NamedTuple):
    """A number as received and what it stands for.

    `canonical` is the E.164 form ("+79235292926") of an external number, None for any other. `extension` is what
    stood behind it («доб. 105»). `local` tells that the area code was not in the text but comes from the settings.
    """

    received: str
    canonical: str | None = None
    kind: NumberKind = NumberKind.TEXT
    extension: str = ""
    local: bool = False

    @property
    def last10(self) -> str | None:
        """The last ten digits, by which numbers written without their country are compared; None when fewer."""
        digits = (self.canonical or "").lstrip("+")
        return digits[-_NATIONAL_DIGITS:] if len(digits) >= _NATIONAL_DIGITS else None

    @property
    def national(self) -> str | None:
        """The number as dialled within Russia and Kazakhstan ("89235292926"); None for other countries."""
        return f"8{self.canonical[2:]}" if self.canonical and self.canonical.startswith("+7") else None


@dataclass(frozen=True, slots=True)
class NumberPlan:
    """How numbers are dialled where the service stands.

    `region` is the country (ISO 3166-1 alpha-2), `area_code` the town's code for numbers without one ("391", "" when
    there is none), `internal_digits` the length of the longest extension.
    """

    region: str = "RU"
    area_code: str = ""
    internal_digits: int = 5


DEFAULT_PLAN = NumberPlan()
# A number that nobody has, as country code 7 has no area code 000: a source is tried with it.
PROBE_NUMBER = Number("+70000000000", "+70000000000", NumberKind.EXTERNAL)


@lru_cache(maxsize=65_536)
def identify(received: str, plan: NumberPlan = DEFAULT_PLAN) -> Number:
    """Return the number that the text `received` stands for, read as dialled under `plan`. Never fails."""
    return _identify(received.strip(), plan)


def is_too_long(cell: str) -> bool:
    """Tell whether a cell of a number column is too long to be read."""
    return len(cell.strip()) > MAX_CELL_CHARS


def parse_cell(cell: str, plan: NumberPlan = DEFAULT_PLAN) -> tuple[Number, ...]:
    """Return the external numbers in one cell of somebody's table: «сот. 8 923…, раб. 274-66-14 доб. 5 (Иван)».

    None are returned of a cell that is too long: the owner of the table learns of that cell from `is_too_long`.
    """
    text = cell.strip()
    if len(text) > MAX_CELL_CHARS:
        return ()
    whole = _identify(text, plan)
    if whole.kind is not _TEXT:
        return (whole,) if whole.canonical else ()
    found = (_identify(run.strip(), plan) for run in _RUN.findall(_COMMENT.sub(" ", cell)))
    return tuple([number for number in found if number.canonical])


@lru_cache(maxsize=4_096)
def extension_of(text: str, internal_digits: int = DEFAULT_PLAN.internal_digits) -> str:
    """Return the internal extension that `text` holds and nothing else, as its digits; "" where it holds none.

    A name, a mobile number, or more than `internal_digits` digits are no extension.
    """
    written = _INTERNAL.fullmatch(text.strip()) if len(text) <= _MAX_CHARS else None
    digits = "".join(filter(str.isdigit, written[1])) if written else ""
    return digits if len(digits) <= internal_digits else ""


def _identify(text: str, plan: NumberPlan) -> Number:
    if len(text) > _MAX_CHARS:
        return Number(text)
    # Nearly every number a Russian PBX sends has this form; the library takes 15 µs for the same answer.
    if plan.region == "RU" and (plain := _RUSSIAN.fullmatch(text if text.isdigit() else text.translate(_PUNCTUATION))):
        return tuple.__new__(Number, (text, "+7" + plain[1], _EXTERNAL, "", False))
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
    """Return what was dialled: without a URI around it (RFC 3966, RFC 3261) and without a comment."""
    text = text.removeprefix("tel:")
    uri = _SIP.fullmatch(text)
    return _COMMENT.sub(" ", uri[1] if uri else text).strip()


def _split_extension(text: str) -> tuple[str, str]:
    found = _EXTENSION.search(text)
    # What is left must be a number of its own: "#105" is none.
    if found and sum(character.isdigit() for character in text[: found.start()]) > 4:  # noqa: PLR2004
        return text[: found.start()].rstrip(" ,;"), found[1]
    return text, ""


def _canonical(digits: str, plan: NumberPlan) -> tuple[str | None, bool]:
    """Return the E.164 form of `digits` (a plus may lead), and whether the area code came from the plan."""
    if not re.fullmatch(r"\+?[0-9]{5,20}", digits):
        return None, False
    if plan.area_code and not digits.startswith("+"):
        missing = _NATIONAL_DIGITS - len(plan.area_code)
        if len(digits) == missing:
            return _parse_e164(plan.area_code + digits, plan.region), True
    for form in _candidates(digits, plan.region):
        found = _parse_e164(form, plan.region)
        if found:
            return found, False
    return None, False


def _candidates(digits: str, region: str) -> list[str]:
    """Return what `digits` may mean, the likeliest first."""
    if digits.startswith("+"):
        return [digits, _without_old_city_code(digits)]
    if digits.startswith("00"):
        # No prefix of Russia's, but what half the world's PBXs put before a country.
        return ["+" + digits[2:], digits]
    readings = [digits]
    if region == "RU":
        readings.append(_without_old_city_code(digits))
    # A foreign number whose plus was lost on the way; a shorter one would be some town's.
    return [*readings, "+" + digits] if len(digits) > _NATIONAL_DIGITS else readings


def _without_old_city_code(digits: str) -> str:
    """8 (3912) 274-50-00: the old code's last digit became the first of a longer number; it stands there twice."""
    found = re.fullmatch(r"(\+7|8|7)(\d{3})(\d)(\3\d{6})", digits)
    return f"+7{found[2]}{found[4]}" if found else digits


def _parse_e164(digits: str, region: str) -> str | None:
    import phonenumbers  # noqa: PLC0415 - 30 ms that a start with Russian numbers alone does not need

    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    # Possible (and whole, not a town's own part) is enough: the numbering plan changes faster than anyone's library.
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def describe(canonical: str, language: str) -> tuple[str, str]:
    """Return the region and the operator that the range of an E.164 number belongs to, in "ru" or "en"; "" unknown.

    The range's first operator: numbers are carried over to others.
    """
    # A tenth of a second and megabytes that a service without windows does not need.
    from phonenumbers import NumberParseException, carrier, geocoder, parse  # noqa: PLC0415

    try:
        number = parse(canonical)
    except NumberParseException:
        return "", ""
    return geocoder.description_for_number(number, language), carrier.name_for_number(number, language)
