"""Callers in memory by number, a million of them in little more than their own text.

Numbers are kept sorted in one array and found by bisection; a caller's fields are cut out of one long text when they
are asked for. Order of answers: the exact canonical number, then the last ten digits of a number stored under another
country's code; several contacts with one number are an ambiguous match, never a choice.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from vats1c.model import Caller, Confidence, Match
from vats1c.number import Number, NumberKind

_SEPARATOR = "\x1f"
_TEN_DIGITS = 10**10


class CallerIndex:
    """An immutable set of callers with their numbers."""

    def __init__(self, rows: Iterable[tuple[Iterable[Number], Caller]]) -> None:
        """Take callers, each with its numbers in canonical form."""
        text = bytearray()
        starts, numbers, owners, local = array("Q"), array("Q"), array("L"), set()
        for row, (own, caller) in enumerate(rows):
            starts.append(len(text))
            joined = _SEPARATOR.join(caller)
            if joined.count(_SEPARATOR) >= len(Caller._fields):
                joined = _SEPARATOR.join(value.replace(_SEPARATOR, " ") for value in caller)
            text += joined.encode()
            for _, canonical, _, _, is_local in own:
                if canonical:
                    numbers.append(int(canonical))
                    owners.append(row)
                    if is_local:
                        local.add(row)
        starts.append(len(text))
        self._starts, self._text = starts, bytes(text)
        order = sorted(range(len(numbers)), key=numbers.__getitem__)
        self._numbers = array("Q", map(numbers.__getitem__, order))
        self._owners = array("L", map(owners.__getitem__, order))
        # Rows whose area code was not in the file: less sure than the rest.
        self._local = frozenset(local)
        self._countries = list(self._each_country())

    def __len__(self) -> int:
        """The number of callers."""
        return len(self._starts) - 1

    def __iter__(self) -> Iterator[tuple[list[Number], Caller]]:
        """Yield each caller with its numbers in canonical form, as another index would take them."""
        places = iter(sorted(range(len(self._owners)), key=self._owners.__getitem__))
        place = next(places, None)
        for row in range(len(self)):
            own = []
            while place is not None and self._owners[place] == row:
                canonical = f"+{self._numbers[place]}"
                own.append(Number(canonical, canonical, NumberKind.EXTERNAL, local=row in self._local))
                place = next(places, None)
            yield own, self._caller(row)

    def find(self, number: Number) -> Match | None:
        """Return who owns `number`, which has a canonical form."""
        wanted = int(number.canonical or 0)
        start = bisect_left(self._numbers, wanted)
        end = bisect_right(self._numbers, wanted, start)
        if end - start == 1:
            row = self._owners[start]
            confidence = Confidence.LOCAL if number.local or row in self._local else Confidence.EXACT
            return Match((self._caller(row),), confidence)
        if start < end:
            rows = list(self._owners[start:end])
            guessed = number.local or not self._local.isdisjoint(rows)
            return Match.of(map(self._caller, rows), Confidence.LOCAL if guessed else Confidence.EXACT)
        if number.last10 is None:
            return None
        tail = wanted % _TEN_DIGITS
        rows = [row for country in self._countries for row in self._rows(country * _TEN_DIGITS + tail)]
        return Match.of(map(self._caller, rows), Confidence.LAST_DIGITS)

    def _each_country(self) -> Iterator[int]:
        place = 0
        while place < len(self._numbers):
            country = self._numbers[place] // _TEN_DIGITS
            yield country
            place = bisect_left(self._numbers, (country + 1) * _TEN_DIGITS, place)

    def _rows(self, wanted: int) -> list[int]:
        start = bisect_left(self._numbers, wanted)
        return list(self._owners[start : bisect_right(self._numbers, wanted, start)])

    def _caller(self, row: int) -> Caller:
        text = self._text[self._starts[row] : self._starts[row + 1]].decode()
        return Caller._make(text.split(_SEPARATOR, len(Caller._fields) - 1))
