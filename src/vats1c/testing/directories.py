"""The suite that every caller directory passes, ours and yours.

Subclass `DirectoryContract` in a test module, give it a fixture `directory` that opens your kind over a source filled
with CALLERS, and pytest runs the rest.
"""

import threading
from typing import Any

from vats1c.directory import Directory
from vats1c.model import Caller, Confidence
from vats1c.number import identify

# What the source holds: the number as its owner wrote it, and the caller.
CALLERS: tuple[tuple[str, Caller], ...] = (
    ("8 (923) 529-29-26", Caller("VIP:Ренессанс Капитал", "Ренессанс Капитал", "0", "244", "Звонить после 10 утра")),
    ("+7 495 777-12-34", Caller('Рога & Копыта <ООО> "Юг"', "", "", "245")),
    ("+375 29 123-45-67", Caller("Ковалёва Янина")),
    ("8 903 111-22-33", Caller("Иванов Иван", "ООО «Первый»", manager="246")),
    ("8 903 111-22-33", Caller("Петрова Анна", "ООО «Второй»", manager="247")),
)


class DirectoryContract:
    """What may be relied on whatever stands behind a directory. MUST be given a fixture `directory`."""

    # MAY be False where the source compares numbers itself and holds each contact as one row of the same number.
    names_all_of_an_ambiguous_match = True

    def test_a_known_number_is_found_with_all_that_is_known(self, directory: Directory) -> None:
        """The caller comes back field by field, and surely."""
        match = directory.find(identify("89235292926"))
        assert match is not None
        assert (match.confidence, match.caller) == (Confidence.EXACT, CALLERS[0][1])

    def test_a_number_is_found_however_it_is_written(self, directory: Directory) -> None:
        """The PBX writes numbers in its own way, the source in another."""
        for written in ("+79235292926", "79235292926", "9235292926", "8-923-529-29-26", "tel:+7-923-529-29-26"):
            match = directory.find(identify(written))
            assert match is not None
            assert match.caller.name == "VIP:Ренессанс Капитал"

    def test_a_foreign_number_is_found(self, directory: Directory) -> None:
        """Numbers of other countries are found as well."""
        match = directory.find(identify("+375291234567"))
        assert match is not None
        assert match.caller == Caller("Ковалёва Янина")

    def test_a_name_that_markup_trips_over_comes_back_as_it_is(self, directory: Directory) -> None:
        """A directory returns names unescaped; rendering the answer escapes them."""
        match = directory.find(identify("84957771234"))
        assert match is not None
        assert match.caller.name == 'Рога & Копыта <ООО> "Юг"'

    def test_an_unknown_number_has_no_match(self, directory: Directory) -> None:
        """An unknown number is an answer, not an error."""
        assert directory.find(identify("89990000000")) is None

    def test_two_contacts_with_one_number_are_ambiguous_and_never_route(self, directory: Directory) -> None:
        """An ambiguous match prefers no contact."""
        match = directory.find(identify("89031112233"))
        assert match is not None
        assert match.confidence is Confidence.AMBIGUOUS
        assert match.caller.manager == ""
        if self.names_all_of_an_ambiguous_match:
            assert {caller.name for caller in match.callers} == {"Иванов Иван", "Петрова Анна"}

    def test_it_says_that_it_is_ready(self, directory: Directory) -> None:
        """A directory that can answer says so."""
        assert directory.state().ready

    def test_many_threads_ask_at_once(self, directory: Directory) -> None:
        """Server threads share one directory."""
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
        """Closing is safe whatever happened before."""
        directory.close()
        directory.close()
