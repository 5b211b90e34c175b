"""However a number is written, it is one number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vats1c.number import NumberKind, NumberPlan, extension_of, identify, parse_cell

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
    ("written", "canonical", "extension"),
    [
        ("88005553535", "+78005553535", ""),
        ("8 (812) 325-10-10", "+78123251010", ""),
        ("83912746614", "+73912746614", ""),
        ("3912746614", "+73912746614", ""),
        ("+7 701 555-66-77", "+77015556677", ""),  # Kazakhstan
        ("+375 29 123-45-67", "+375291234567", ""),
        ("+49 30 1234567", "+49301234567", ""),
        ("49301234567", "+49301234567", ""),  # its plus was lost on the way
        ("375291234567", "+375291234567", ""),
        ("81049301234567", "+49301234567", ""),
        ("8~10 49 30 1234567", "+49301234567", ""),
        ("007 923 5292926", MOBILE, ""),
        ("8 (3912) 274-50-00", "+73912745000", ""),  # the town's code of old and the digit that moved
        ("+7 (3912) 274-50-00", "+73912745000", ""),
        ("81234567890", "+71234567890", ""),  # no such code, and yet in the vendor's own examples
        ("8 923 529-29-26 доб. 105", MOBILE, "105"),
        ("+7 923 529 29 26 ext. 105", MOBILE, "105"),
        ("89235292926,105", MOBILE, "105"),
        ("89235292926, доб.105", MOBILE, "105"),
        ("8 923 529-29-26 вн. 7", MOBILE, "7"),
        ("8 923 529 29 26 (Иван)", MOBILE, ""),
        ("8923529292O", "+79235292920", ""),  # the letter O for a zero
        ("8923529292О", "+79235292920", ""),  # and the Cyrillic one
        ("sip:89235292926@pbx.example.ru", MOBILE, ""),
        ("89235292926@pbx;user=phone", MOBILE, ""),
    ],
)
def test_a_number_is_read_as_it_was_meant(written, canonical, extension):
    number = identify(written)

    assert (number.canonical, number.extension, number.kind) == (canonical, extension, NumberKind.EXTERNAL)


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("", NumberKind.HIDDEN),
        (" ", NumberKind.HIDDEN),
        ("anonymous", NumberKind.HIDDEN),
        ("Anonymous", NumberKind.HIDDEN),
        ("<unknown>", NumberKind.HIDDEN),
        ("Скрыт", NumberKind.HIDDEN),
        ("CallAPI", NumberKind.SERVICE),
        ("0000", NumberKind.SERVICE),
        ("112", NumberKind.SERVICE),
        ("244", NumberKind.INTERNAL),
        ("8", NumberKind.INTERNAL),
        ("12345", NumberKind.INTERNAL),
        ("sip:244@pbx", NumberKind.INTERNAL),
        ("2745000", NumberKind.TEXT),  # a town's number, and no area code in the settings
        ("+", NumberKind.TEXT),
        ("Иван", NumberKind.TEXT),
        ("9" * 60_000, NumberKind.TEXT),
        ("☎", NumberKind.TEXT),
        ("\x7f", NumberKind.TEXT),
    ],
)
def test_what_is_not_an_external_number_has_no_canonical_form_and_says_what_it_is(written, kind):
    number = identify(written)

    assert (number.canonical, number.kind) == (None, kind)


@pytest.mark.parametrize(("area_code", "written"), [("391", "274-50-00"), ("3912", "74-50-00"), ("39127", "45000")])
def test_a_towns_number_is_completed_with_the_area_code_of_the_settings(area_code, written):
    number = identify(written, NumberPlan(area_code=area_code, internal_digits=4))

    assert (number.canonical, number.local) == ("+73912745000", True)


def test_a_whole_number_is_not_touched_by_the_area_code():
    number = identify("8 923 529-29-26", NumberPlan(area_code="391"))

    assert (number.canonical, number.local) == (MOBILE, False)


@pytest.mark.parametrize("written", ["89235292926", "88005553535", "83912746614", "+77015556677"])
def test_the_short_way_and_the_library_agree(written):
    from vats1c.number import _parse_e164

    assert identify(written).canonical == _parse_e164(written, "RU")


def test_a_number_is_read_as_dialled_in_the_country_of_the_settings():
    assert identify("291234567", NumberPlan("BY")).canonical == "+375291234567"
    assert identify("8 029 123-45-67", NumberPlan("BY")).canonical == "+375291234567"


def test_the_other_forms_of_a_number_are_derived_from_the_canonical_one():
    number = identify("8 923 529-29-26")

    assert (number.last10, number.national) == ("9235292926", "89235292926")
    assert (identify("+375291234567").national, identify("244").last10) == (None, None)


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("8 923 529-29-26, 8 913 500-44-55", [MOBILE, "+79135004455"]),
        ("+79235292926/8(913)5004455", [MOBILE, "+79135004455"]),
        ("8 923 5292926; 8 913 5004455", [MOBILE, "+79135004455"]),
        ("8 923 5292926\n8 913 5004455", [MOBILE, "+79135004455"]),
        ("8 923 5292926 и 8 913 5004455", [MOBILE, "+79135004455"]),
        ("сот. 8-923-529-29-26 раб. 8 391 274-66-14 доб. 5", [MOBILE, "+73912746614"]),
        ("8 923 529 29 26 (Иван), 8 913 500 44 55 (Анна)", [MOBILE, "+79135004455"]),
        ("8 923 529 29 26 (Иван)", [MOBILE]),
        ("8 923 529-29-26 доб. 105", [MOBILE]),
        ("", []),
        ("нет", []),
        ("244", []),
        ("скрыт", []),
    ],
)
def test_every_number_of_a_cell_is_found(cell, numbers):
    assert [number.canonical for number in parse_cell(cell)] == numbers


@given(st.text())
def test_any_text_is_read_without_an_error(text):
    assert identify(text).received == text.strip()
    parse_cell(text)


@given(st.from_regex(r"\+7[3489]\d{9}", fullmatch=True))
def test_a_canonical_form_is_its_own_canonical_form(number):
    assert identify(number).canonical == number


@pytest.mark.parametrize(
    ("text", "extension"),
    [
        ("244", "244"),
        (" 244 ", "244"),
        ("007", "007"),
        ("12345", "12345"),
        ("1\u00a0234", "1234"),
        ("12 345", "12345"),
        ("105.0", "105"),
        ("105,0", "105"),
        ("доб. 105", "105"),
        ("доб.105", "105"),
        ("Вн.: 105", "105"),
        ("добавочный 105", "105"),
        ("внутренний 105", "105"),
        ("ext. 105", "105"),
        ("", ""),
        ("Соколова Анна", ""),
        ("Соколова Анна, доб. 105", ""),
        ("105 Соколова", ""),
        ("123456", ""),
        ("123 456", ""),
        ("24 4", ""),
        ("244, 245", ""),
        ("105.5", ""),
        ("+7 923 529-29-26", ""),
        ("8 (923) 529-29-26", ""),
        ("274-50-00", ""),
        ("доб.", ""),
        ("доб105а", ""),
        ("добро 105", ""),
        ("٢٤٤", ""),
        ("²", ""),
        ("2e2", ""),
        ("-244", ""),
        ("9" * 100_000, ""),
    ],
)
def test_an_extension_is_a_few_digits_and_nothing_else(text, extension):
    assert extension_of(text) == extension


def test_an_extension_has_at_most_as_many_digits_as_the_settings_say():
    assert extension_of("1234", internal_digits=3) == ""
    assert extension_of("123456", internal_digits=6) == "123456"
