"""A number finds its contact however both were written; what is not sure is said to be."""

from hypothesis import given
from hypothesis import strategies as st

from vats1c.directory.index import CallerIndex
from vats1c.model import Caller, Confidence
from vats1c.number import DEFAULT_PLAN, NumberPlan, identify, parse_cell

ANNA = Caller("Анна", "ООО «Первый»", "VIP", "244", "Заметка")
IVAN = Caller("Иван", manager="245")


def index(*rows, plan=DEFAULT_PLAN):
    return CallerIndex((parse_cell(cell, plan), caller) for cell, caller in rows)


def test_an_exact_number_is_sure_and_keeps_its_manager():
    match = index(("8 923 529-29-26", ANNA)).find(identify("+79235292926"))

    assert (match.confidence, match.caller) == (Confidence.EXACT, ANNA)


def test_an_unknown_number_finds_nobody():
    assert index(("8 923 529-29-26", ANNA)).find(identify("89235292927")) is None
    assert index().find(identify("89235292926")) is None


def test_a_number_stored_under_another_country_is_found_by_its_last_digits_and_never_routes():
    match = index(("+375 923 529-29-26", ANNA), ("+1 923 529 2926", ANNA)).find(identify("89235292926"))

    assert match.confidence is Confidence.LAST_DIGITS
    assert match.caller == Caller("Анна", "ООО «Первый»", "VIP", "", "Заметка")


def test_last_digits_that_several_contacts_share_are_ambiguous():
    match = index(("+1 923 529 2926", ANNA), ("+44 923 529 2926", IVAN)).find(identify("89235292926"))

    assert match.confidence is Confidence.AMBIGUOUS
    assert match.caller == Caller("Анна / Иван")


def test_an_exact_number_is_preferred_to_the_last_digits_of_another():
    match = index(("+1 923 529 2926", IVAN), ("89235292926", ANNA)).find(identify("89235292926"))

    assert (match.confidence, match.caller) == (Confidence.EXACT, ANNA)


def test_several_contacts_with_one_number_are_ambiguous_and_all_are_named():
    match = index(("89235292926", ANNA), ("89235292926", IVAN), ("89235292926", ANNA)).find(identify("89235292926"))

    assert match.confidence is Confidence.AMBIGUOUS
    assert match.callers == (ANNA, IVAN)
    assert (match.caller.name, match.caller.manager) == ("Анна / Иван", "")


def test_contacts_of_one_company_share_its_name():
    colleagues = [Caller("Анна", "ООО"), Caller("Иван", "ООО")]

    match = index(*(("89235292926", caller) for caller in colleagues)).find(identify("89235292926"))

    assert match.caller == Caller("Анна / Иван", "ООО")


def test_a_number_completed_with_the_area_code_is_local_whichever_side_it_was_short_on():
    town = NumberPlan(area_code="391")
    stored_short, stored_whole = index(("274-50-00", ANNA), plan=town), index(("83912745000", ANNA), plan=town)

    assert stored_short.find(identify("83912745000", town)).confidence is Confidence.LOCAL
    assert stored_whole.find(identify("2745000", town)).confidence is Confidence.LOCAL
    assert stored_whole.find(identify("83912745000", town)).confidence is Confidence.EXACT
    assert stored_short.find(identify("83912745000", town)).caller.manager == ""


@given(st.dictionaries(st.integers(9_000_000_000, 9_999_999_999), st.text(min_size=1), max_size=50))
def test_every_contact_is_found_as_it_was_stored(contacts):
    rows = [
        (f"8{number}", Caller(name.replace("\x1f", " "), note=name[::-1].replace("\x1f", " ")))
        for number, name in contacts.items()
    ]

    made = index(*rows)

    assert len(made) == len(contacts)
    for number, caller in rows:
        assert made.find(identify(number)).callers == (caller,)


def test_an_index_can_be_made_of_another():
    town = NumberPlan(area_code="391")
    made = index(("8 923 529-29-26, +375 29 123-45-67", ANNA), ("274-50-00", Caller("Иван")), plan=town)

    again = CallerIndex(iter(made))

    assert list(again) == list(made)
    for number in ("89235292926", "+375291234567", "83912745000"):
        assert again.find(identify(number)) == made.find(identify(number))
