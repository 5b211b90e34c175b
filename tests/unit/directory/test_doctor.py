"""Every finding names the line that its owner has to mend."""

import pytest

from vats1c.directory import Row
from vats1c.directory.doctor import validate
from vats1c.model import Caller
from vats1c.number import parse_cell


def row(line, cell, name="Имя", **fields):
    return Row(line, cell, tuple(parse_cell(cell)), Caller(name, **fields))


def codes(*rows, **options):
    return [(finding.line, finding.code) for finding in validate(rows, **options)]


def test_a_clean_table_has_no_findings():
    assert codes(row(2, "89235292926", manager="244"), row(3, "89135004455")) == []


@pytest.mark.parametrize("manager", ["Анна", "24 4", "123456", "٢٤٤"])
def test_a_manager_that_is_no_extension_is_found(manager):
    assert codes(row(2, "89235292926", manager=manager)) == [(2, "MANAGER-NO-EXTENSION")]


@pytest.mark.parametrize("cell", ["(" + "а" * 40_000, "8 923 529-29-26 (" + "а" * 1_000 + ")"])
def test_a_number_cell_that_is_too_long_is_found_and_not_quoted_whole(cell):
    (finding,) = validate([row(2, cell)])

    assert (finding.line, finding.code, finding.harmless) == (2, "NUMBER-TOO-LONG", False)
    assert cell[:20] in finding.message.ru
    assert str(len(cell)) in finding.message.en
    assert max(len(finding.message.ru), len(finding.message.en)) < 200


def test_a_long_cell_without_a_number_and_a_long_manager_are_not_quoted_whole():
    findings = validate([row(2, "а" * 900), row(3, "89235292926", manager="а" * 40_000)])

    assert [(finding.line, finding.code) for finding in findings] == [(2, "NO-NUMBER"), (3, "MANAGER-NO-EXTENSION")]
    assert all(len(finding.message.en) < 200 for finding in findings)


def test_an_extension_that_nobody_has_is_found_only_where_employees_are_known():
    assert codes(row(2, "89235292926", manager="999"), extensions={"244"}) == [(2, "MANAGER-UNKNOWN")]
    assert codes(row(2, "89235292926", manager="999")) == []


def test_the_same_contact_twice_is_no_duplicate():
    assert codes(row(2, "89235292926"), row(3, "+7 923 529-29-26")) == []


def test_every_further_contact_with_a_number_is_a_duplicate_of_the_first():
    rows = [row(line, "89235292926", f"Имя {line}") for line in (2, 3, 4)]

    findings = validate(rows)

    assert [(finding.line, finding.code) for finding in findings] == [(3, "DUPLICATE"), (4, "DUPLICATE")]
    assert all("line 2" in finding.message.en for finding in findings)


def test_last_digits_shared_under_two_countries_are_worth_knowing():
    findings = validate([row(2, "+7 923 529-29-26"), row(3, "+1 923 529 2926")])

    assert [(finding.line, finding.code, finding.harmless) for finding in findings] == [
        (2, "SAME-LAST-DIGITS", True),
        (3, "SAME-LAST-DIGITS", True),
    ]


def test_what_the_phone_shows_is_measured_and_not_the_name():
    assert codes(row(2, "89235292926", "Имя"), shown=lambda caller: f"VIP:{caller.name}", length=6) == [(2, "TOO-LONG")]
    assert codes(row(2, "89235292926", "Имя"), length=6) == []
