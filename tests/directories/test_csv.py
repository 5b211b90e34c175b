"""A CSV directory passes the suite, and reads its file again when it changes."""

import csv
import os

import pytest
import structlog

from tests.support.waiting import until
from vats1c.directory import load
from vats1c.number import DEFAULT_PLAN, identify
from vats1c.testing import CALLERS, DirectoryContract

TITLES = ("number", "name", "company", "category", "manager", "note")


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([TITLES, *((number, *caller) for number, caller in rows)])


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "callers.csv"
    write(path, CALLERS)
    return path


@pytest.fixture
def directory(path):
    opened = load("csv", "crm", {"path": str(path)}, DEFAULT_PLAN)
    yield opened
    opened.close()


class TestCsv(DirectoryContract):
    """The suite over a CSV file."""


def name_of(directory, number="89235292926"):
    match = directory.find(identify(number))
    return match.caller.name if match else None


def test_a_file_that_changed_is_read_again(directory, path):
    write(path, [*CALLERS[1:], ("89990000000", CALLERS[0][1])])
    directory.refresh()

    assert (name_of(directory), name_of(directory, "89990000000")) == (None, "VIP:Ренессанс Капитал")
    assert directory.state().ready


def test_a_file_that_was_replaced_is_read_again(directory, path, tmp_path):
    write(tmp_path / "new.csv", CALLERS[1:])
    os.replace(tmp_path / "new.csv", path)  # noqa: PTH105 - as an export does it
    directory.refresh()

    assert name_of(directory) is None


def test_a_file_that_did_not_change_is_not_read_again(directory, monkeypatch):
    monkeypatch.setattr(directory, "_read", lambda *_: pytest.fail("read again"))

    directory.refresh()


@pytest.mark.parametrize(
    "content",
    [b"", b"name\n", b"number,name\n" + b'89990000000,"open', b"\xff\x98\x00", b"number,name\n89990000000,A\n"],
)
def test_a_file_that_got_worse_is_not_believed_and_the_last_good_one_is_served(directory, path, content):
    path.write_bytes(content)
    directory.refresh()

    assert name_of(directory) == "VIP:Ренессанс Капитал"
    assert not directory.state().ready


def test_the_rows_whose_number_cell_is_too_long_are_logged_without_their_text(directory, path):
    long_cells = [("(" + "а" * 40_000, CALLERS[0][1]), ("89991112233 " * 100, CALLERS[0][1])]
    write(path, [*CALLERS, *long_cells, *long_cells * 10])
    with structlog.testing.capture_logs() as logs:
        directory.refresh()

    first = len(CALLERS) + 2
    (warning,) = [one for one in logs if one["log_level"] == "warning"]
    assert warning["event"] == "number_cells_too_long"
    assert (warning["directory"], warning["file"], warning["count"]) == ("crm", path.name, 22)
    assert warning["first_lines"] == list(range(first, first + 10))
    assert len(str(warning)) < 500
    assert name_of(directory) == "VIP:Ренессанс Капитал"
    assert name_of(directory, "89991112233") is None


def test_a_file_that_is_gone_leaves_its_callers(directory, path):
    path.unlink()
    directory.refresh()

    assert name_of(directory) == "VIP:Ренессанс Капитал"
    assert not directory.state().ready


def test_a_file_that_is_good_again_is_believed_again(directory, path):
    path.write_bytes(b"")
    directory.refresh()
    write(path, CALLERS)
    directory.refresh()

    assert directory.state().ready


def test_the_file_is_watched_without_anybody_asking(directory, path):
    write(path, CALLERS[1:])

    until(lambda: name_of(directory) is None)
