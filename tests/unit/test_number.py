"""However a number is written, it is one number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vats1c.number import (
    MAX_CELL_CHARS,
    NumberKind,
    NumberPlan,
    describe,
    extension_of,
    identify,
    is_too_long,
    parse_cell,
)

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
        "8\u202f923\u2009529\u202f29\u202f26",
        "8\u2010923\u2012529\u201329\u201426",
        "8/923/5292926",
        "8\t923\r\n5292926",
        "tel:+7-923-529-29-26",
    ],
)
def test_every_way_to_write_a_russian_number_is_one_number(written):
    number = identify(written)

    assert (number.canonical, number.local) == (MOBILE, False)


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
        ("81035212345", "+35212345", ""),  # as long as a Russian number
        ("007 923 5292926", MOBILE, ""),
        ("8 (3912) 274-50-00", "+73912745000", ""),  # the town's code of old and the digit that moved
        ("+7 (3912) 274-50-00", "+73912745000", ""),
        ("81234567890", "+71234567890", ""),  # no such code, and yet in the vendor's own examples
        ("8 923 529-29-26 доб. 105", MOBILE, "105"),
        ("+7 923 529 29 26 ext. 105", MOBILE, "105"),
        ("89235292926,105", MOBILE, "105"),
        ("89235292926, доб.105", MOBILE, "105"),
        ("8 923 529-29-26 вн. 7", MOBILE, "7"),
        ("8 923 529-29-26 Доб. 105", MOBILE, "105"),
        ("8 923 529-29-26 доб.: 105", MOBILE, "105"),
        ("8 923 529-29-26 добав. 105", MOBILE, "105"),
        ("8 923 529-29-26 добавочный 105", MOBILE, "105"),
        ("8 923 529-29-26 внутр. 105", MOBILE, "105"),
        ("8 923 529-29-26 extension 105", MOBILE, "105"),
        ("8 923 529-29-26 x105", MOBILE, "105"),
        ("8 923 529-29-26 #105", MOBILE, "105"),
        ("8 923 529-29-26 доб. 1234567", MOBILE, "1234567"),
        ("8 923 529-29-26 доб. 105 (Иван)", MOBILE, "105"),
        ("[моб.] 8 923 529-29-26", MOBILE, ""),
        ("8 923 529-29-26 (— Иван 2)", MOBILE, ""),
        ("8 923 529-29-26 (_Иван)", MOBILE, ""),
        ("8 923 529-29-26 (И)", MOBILE, ""),
        ("tel:+79235292926;ext=105", MOBILE, "105"),
        ("7 (3912) 274-50-00", "+73912745000", ""),
        ("8 923 529 29 26 (Иван)", MOBILE, ""),
        ("8923529292O", "+79235292920", ""),  # the letter O for a zero
        ("8923529292О", "+79235292920", ""),  # and the Cyrillic one
        ("sip:89235292926@pbx.example.ru", MOBILE, ""),
        ("SIP:89235292926@pbx.example.ru", MOBILE, ""),
        ("sips:89235292926@pbx.example.ru", MOBILE, ""),
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
        *[
            (word, NumberKind.HIDDEN)
            for word in ("private", "restricted", "withheld", "unavailable", "hidden", "Скрыт", "Номер скрыт")
        ],
        ("'anonymous'", NumberKind.HIDDEN),
        ('"anonymous"', NumberKind.HIDDEN),
        *[(service, NumberKind.SERVICE) for service in ("CallAPI", "0000", "112", "101", "102", "103", "104")],
        ("244", NumberKind.INTERNAL),
        ("8", NumberKind.INTERNAL),
        ("12345", NumberKind.INTERNAL),
        ("sip:244@pbx", NumberKind.INTERNAL),
        ("2745000", NumberKind.TEXT),  # a town's number, and no area code in the settings
        ("+", NumberKind.TEXT),
        ("123456", NumberKind.TEXT),
        ("12345678", NumberKind.TEXT),
        ("12345 доб. 105", NumberKind.INTERNAL),
        ("1234 доб. 105", NumberKind.TEXT),  # too short to have an extension
        ("<sip:89235292926@pbx>", NumberKind.TEXT),
        ("89235292926@pbx@pbx", NumberKind.TEXT),
        ("8 923 529-29-26 доб. 12345678", NumberKind.TEXT),
        ("1" * 20, NumberKind.TEXT),
        ("٢٤٤", NumberKind.TEXT),
        ("٨٩٢٣٥٢٩٢٩٢٦", NumberKind.TEXT),
        ("Иван", NumberKind.TEXT),
        ("9" * 60_000, NumberKind.TEXT),
        ("☎", NumberKind.TEXT),
        ("\x7f", NumberKind.TEXT),
    ],
)
def test_what_is_not_an_external_number_has_no_canonical_form_and_says_what_it_is(written, kind):
    number = identify(written)

    assert (number.canonical, number.kind, number.extension, number.local) == (None, kind, "", False)


@pytest.mark.parametrize(("area_code", "written"), [("391", "274-50-00"), ("3912", "74-50-00"), ("39127", "45000")])
def test_a_towns_number_is_completed_with_the_area_code_of_the_settings(area_code, written):
    number = identify(written, NumberPlan(area_code=area_code, internal_digits=4))

    assert (number.canonical, number.local) == ("+73912745000", True)


@pytest.mark.parametrize("written", ["8 923 529-29-26", "9235292926", "007 923 5292926"])
def test_a_whole_number_is_not_touched_by_the_area_code(written):
    number = identify(written, NumberPlan(area_code="391"))

    assert (number.canonical, number.local) == (MOBILE, False)


@pytest.mark.parametrize("written", ["89235292926", "88005553535", "83912746614", "+77015556677"])
def test_the_short_way_and_the_library_agree(written):
    from vats1c.number import _parse_e164

    assert identify(written).canonical == _parse_e164(written, "RU")


def test_an_international_number_is_not_touched_by_the_area_code():
    number = identify("+2902158", NumberPlan(area_code="39"))

    assert (number.canonical, number.local) == ("+2902158", False)


def test_the_kinds_of_numbers_have_the_names_that_the_journal_and_the_api_use():
    assert list(NumberKind) == ["external", "internal", "hidden", "service", "text"]


def test_a_text_of_64_characters_is_read_and_a_longer_one_is_not():
    assert identify("8" + " " * 53 + "9235292926").canonical == MOBILE
    assert identify("8" + " " * 54 + "9235292926").canonical is None
    assert extension_of("105" + " " * 61) == "105"
    assert extension_of("105" + " " * 62) == ""


def test_a_cell_of_1000_characters_is_read_and_a_longer_one_is_told():
    cells = ["8 923 5292926" + "," * (chars - 13) for chars in (MAX_CELL_CHARS, MAX_CELL_CHARS + 1)]

    assert [len(parse_cell(cell)) for cell in cells] == [1, 0]
    assert [is_too_long(cell) for cell in cells] == [False, True]
    assert parse_cell(cells[0] + " ")
    assert not is_too_long(cells[0] + " ")
    assert MAX_CELL_CHARS == 1_000


def test_towns_numbers_in_a_cell_are_completed_with_the_area_code():
    numbers = parse_cell("45000; 46000", NumberPlan(area_code="39127", internal_digits=4))

    assert [number.canonical for number in numbers] == ["+73912745000", "+73912746000"]


@pytest.mark.parametrize("cell", ["2745000, 2746614", "274-50-00,2746614", "2745000; 274-66-14"])
def test_a_second_towns_number_after_a_comma_is_no_extension(cell):
    numbers = parse_cell(cell, NumberPlan(area_code="391"))

    assert [(number.canonical, number.extension) for number in numbers] == [("+73912745000", ""), ("+73912746614", "")]


def test_the_extensions_in_a_cell_belong_to_their_numbers():
    cell = "8 923 529-29-26 Доб. 5, 8 913 500-44-55 (сот.), 8 391 274-66-14 вн: 7, 8 495 777-12-34, ext 8, 88005553535 #1234567"

    assert [(number.canonical, number.extension) for number in parse_cell(cell)] == [
        (MOBILE, "5"),
        ("+79135004455", ""),
        ("+73912746614", "7"),
        ("+74957771234", "8"),
        ("+78005553535", "1234567"),
    ]


def test_the_old_code_of_a_russian_town_is_none_in_another_country():
    assert identify("8 (3912) 274-50-00", NumberPlan("KZ")).canonical is None


def test_the_region_and_the_operator_of_a_number_are_named_in_the_language_asked_for():
    assert describe(MOBILE, "ru") == ("Россия", "МегаФон")
    assert describe(MOBILE, "en") == ("Russia", "MegaFon")
    assert describe("Иван", "ru") == ("", "")


def test_a_number_is_read_as_dialled_in_the_country_of_the_settings():
    assert identify("291234567", NumberPlan("BY")).canonical == "+375291234567"
    assert identify("8 029 123-45-67", NumberPlan("BY")).canonical == "+375291234567"


def test_the_other_forms_of_a_number_are_derived_from_the_canonical_one():
    number = identify("8 923 529-29-26")

    assert (number.last10, number.national) == ("9235292926", "89235292926")
    assert (identify("+375291234567").national, identify("244").last10) == (None, None)
    assert (identify("+375291234567").last10, identify("+3726001234").last10) == ("5291234567", "3726001234")
    assert identify("+298123456").last10 is None


def test_a_number_is_told_as_it_was_received_without_the_blanks_around_it():
    assert identify(" 8 (923) 529-29-26\n").received == "8 (923) 529-29-26"


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
        ("(сот.) 8 923 529-29-26, [раб. 2] 8 913 500-44-55", [MOBILE, "+79135004455"]),
        ("(923) 529-29-26, +7 (913) 500 44 55", [MOBILE, "+79135004455"]),
        ("8.923.529.29.26 и 8~913~5004455", [MOBILE, "+79135004455"]),
        ("8\u2010923\u2011529\u201229\u201326, 8\u2014913\u00a05004455", [MOBILE, "+79135004455"]),
        ("8\t923\t5292926, 8 913 5004455", [MOBILE, "+79135004455"]),
        ("+375 (29) 123-45-67, 8 923 529-29-26", ["+375291234567", MOBILE]),
        ("1234567; 8 923 529-29-26", [MOBILE]),
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
        ("1\u202f234", "1234"),
        ("1 234.0", "1234"),
        ("доб. 105", "105"),
        ("доб.105", "105"),
        ("вн. 105", "105"),
        ("доб.  105", "105"),
        ("extension 105", "105"),
        ("EXT. 105", "105"),
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
    assert extension_of("123 456", internal_digits=6) == "123456"
