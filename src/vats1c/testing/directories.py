"""The contract test suite that every kind of caller directory must pass, built in or third-party.

Subclass `DirectoryContract` in a test module and define a pytest fixture `directory` that opens your kind of directory
over a source filled with CALLERS.
"""

import threading
from typing import Any

from vats1c.directory import Directory
from vats1c.model import Caller, Confidence
from vats1c.number import identify

# The rows of the source: the number as typed by its owner, and the caller.
CALLERS: tuple[tuple[str, Caller], ...] = (
    ("8 (923) 529-29-26", Caller("VIP:Ренессанс Капитал", "Ренессанс Капитал", "0", "244", "Звонить после 10 утра")),
    ("+7 495 777-12-34", Caller('Рога & Копыта <ООО> "Юг"', "", "", "245")),
    ("+375 29 123-45-67", Caller("Ковалёва Янина")),
    ("8 903 111-22-33", Caller("Иванов Иван", "ООО «Первый»", manager="246")),
    ("8 903 111-22-33", Caller("Петрова Анна", "ООО «Второй»", manager="247")),
)


class DirectoryContract:
    """Tests of the guarantees that every directory gives. A subclass needs a fixture `directory`."""

    # A subclass MAY set this to False when the source itself compares numbers and stores each contact as its own row.
    names_all_of_an_ambiguous_match = True

    def test_a_known_number_is_found_with_all_that_is_known(self, directory: Directory) -> None:
        """The match has every field of the caller and the confidence EXACT."""
        match = directory.find(identify("89235292926"))
        assert match is not None
        assert (match.confidence, match.caller) == (Confidence.EXACT, CALLERS[0][1])

    def test_a_number_is_found_however_it_is_written(self, directory: Directory) -> None:
        """The PBX and the source may write the same number differently."""
        for written in ("+79235292926", "79235292926", "9235292926", "8-923-529-29-26", "tel:+7-923-529-29-26"):
            match = directory.find(identify(written))
            assert match is not None
            assert match.caller.name == "VIP:Ренессанс Капитал"

    def test_a_foreign_number_is_found(self, directory: Directory) -> None:
        """A number of another country is found by its international form."""
        match = directory.find(identify("+375291234567"))
        assert match is not None
        assert match.caller == Caller("Ковалёва Янина")

    def test_a_name_that_markup_trips_over_comes_back_as_it_is(self, directory: Directory) -> None:
        """The directory does not escape markup: the code that renders the answer does."""
        match = directory.find(identify("84957771234"))
        assert match is not None
        assert match.caller.name == 'Рога & Копыта <ООО> "Юг"'

    def test_an_unknown_number_has_no_match(self, directory: Directory) -> None:
        """`find` returns None for an unknown number and raises nothing."""
        assert directory.find(identify("89990000000")) is None

    def test_two_contacts_with_one_number_are_ambiguous_and_never_route(self, directory: Directory) -> None:
        """An ambiguous match names no manager, so the call is not routed to an arbitrary one."""
        match = directory.find(identify("89031112233"))
        assert match is not None
        assert match.confidence is Confidence.AMBIGUOUS
        assert match.caller.manager == ""
        if self.names_all_of_an_ambiguous_match:
            assert {caller.name for caller in match.callers} == {"Иванов Иван", "Петрова Анна"}

    def test_it_says_that_it_is_ready(self, directory: Directory) -> None:
        """The state of a directory that can answer is ready."""
        assert directory.state().ready

    def test_many_threads_ask_at_once(self, directory: Directory) -> None:
        """`find` is thread-safe: server threads share one directory."""
        wrong: list[Any] = []

        def ask() -> None:
            for _ in range(20):
                match = directory.find(identify("89235292926"))
                if match is None or match.caller != CALLERS[0][1]:
                    wrong.append(match)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []

    def test_it_may_be_closed_twice(self, directory: Directory) -> None:
        """`close` is idempotent."""
        directory.close()
        directory.close()
