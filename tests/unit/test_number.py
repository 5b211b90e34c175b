"""However a number is written, it is one number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vats1c.number import identify

MOBILE = "+79235292926"


@pytest.mark.parametrize(
    "written",
    [
        "89235292926",
        "79235292926",
        "+79235292926",
        "9235292926",
        "8 (923) 529-29-26",
        "+7 923 529 29 26",
        "8-923-529-29-26",
        "+7.923.529.29.26",
        "  89235292926\n",
        "8\u00a0923\u00a0529\u00a029\u00a026",
        "8 923 529\u201129\u201126",
        "tel:+7-923-529-29-26",
    ],
)
def test_every_way_to_write_a_russian_number_is_one_number(written):
    assert identify(written).canonical == MOBILE


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("88005553535", "+78005553535"),
        ("8 (812) 325-10-10", "+78123251010"),
        ("+7 701 555-66-77", "+77015556677"),
        ("+375 29 123-45-67", "+375291234567"),
        ("+49 30 1234567", "+49301234567"),
        ("81049301234567", "+49301234567"),
        ("8~10 49 30 1234567", "+49301234567"),
        ("81234567890", "+71234567890"),
    ],
)
def test_other_numbers_keep_their_country(written, canonical):
    assert identify(written).canonical == canonical


@pytest.mark.parametrize(
    "written",
    ["", " ", "anonymous", "CallAPI", "0000", "244", "+", "8", "скрыт", "sip:8923@pbx", "9" * 60_000, "☎", "\x7f"],
)
def test_what_is_not_a_number_has_no_canonical_form(written):
    assert identify(written).canonical is None


@pytest.mark.parametrize("written", ["89235292926", "88005553535", "83912746614", "+77015556677", "9161234567"])
def test_the_short_way_and_the_library_agree(written):
    from vats1c.number import _parsed

    assert identify(written).canonical == _parsed(written, "RU")


def test_a_number_is_read_as_dialled_in_the_region_of_the_settings():
    assert identify("291234567", "BY").canonical == "+375291234567"
    assert identify("89235292926", "BY").canonical != MOBILE


@given(st.text())
def test_any_text_is_read_without_an_error(text):
    assert identify(text).received == text.strip()


@given(st.from_regex(r"\+7[3489]\d{9}", fullmatch=True))
def test_a_canonical_form_is_its_own_canonical_form(number):
    assert identify(number).canonical == number
