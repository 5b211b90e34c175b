"""In-memory index of callers by number; a million callers take little more memory than their text.

Numbers are stored in one sorted array and found by bisection; the fields of a caller are sliced from one text on
demand. A lookup matches the canonical number first, then the last ten digits under any country code in the index.
Several callers with one number are an ambiguous match; the index never picks one of them.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from vats1c.model import Caller, Confidence, Match
from vats1c.number import Number, NumberKind

_SEPARATOR = "\x1f"
_TEN_DIGITS = 10**10
# Constants: in Python 3.11 looking up an enum member takes as long as creating a tuple, and every SayName calls `find`.
_EXACT, _LOCAL = Confidence.EXACT, Confidence.LOCAL


class CallerIndex:
    """An immutable index of callers by number."""

    def __init__(self, rows: Iterable[tuple[Iterable[Number], Caller]]) -> None:
        """Build the index from pairs of (numbers, caller); numbers without a canonical form are ignored."""
        text = bytearray()
        starts, numbers, owners, local = array("Q"), array("Q"), array("L"), set()
        for row, (caller_numbers, caller) in enumerate(rows):
            starts.append(len(text))
            joined = _SEPARATOR.join(caller)
            if joined.count(_SEPARATOR) >= len(Caller._fields):
                joined = _SEPARATOR.join(value.replace(_SEPARATOR, " ") for value in caller)
            text += joined.encode()
            for _, canonical, _, _, is_local in caller_numbers:
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
        # Rows with a number whose area code came from the settings: a match is LOCAL, not EXACT.
        self._local = frozenset(local)
        self._countries = list(self._country_codes())

    def __len__(self) -> int:
        """Return the number of callers."""
        return len(self._starts) - 1

    def __iter__(self) -> Iterator[tuple[list[Number], Caller]]:
        """Yield pairs of (numbers, caller), the input format of the constructor."""
        positions = iter(sorted(range(len(self._owners)), key=self._owners.__getitem__))
        position = next(positions, None)
        for row in range(len(self)):
            caller_numbers = []
            while position is not None and self._owners[position] == row:
                canonical = f"+{self._numbers[position]}"
                caller_numbers.append(Number(canonical, canonical, NumberKind.EXTERNAL, local=row in self._local))
                position = next(positions, None)
            yield caller_numbers, self._caller(row)

    def find(self, number: Number) -> Match | None:
        """Return the match for `number`, None when there is no caller. `number.canonical` MUST NOT be None."""
        digits = int(number.canonical or 0)
        start = bisect_left(self._numbers, digits)
        end = bisect_right(self._numbers, digits, start)
        if end - start == 1:
            row = self._owners[start]
            confidence = _LOCAL if number.local or row in self._local else _EXACT
            return Match((self._caller(row),), confidence)
        if start < end:
            rows = list(self._owners[start:end])
            guessed = number.local or not self._local.isdisjoint(rows)
            return Match.of(map(self._caller, rows), _LOCAL if guessed else _EXACT)
        if number.last10 is None:
            return None
        tail = digits % _TEN_DIGITS
        rows = [row for country in self._countries for row in self._rows(country * _TEN_DIGITS + tail)]
        return Match.of(map(self._caller, rows), Confidence.LAST_DIGITS)

    def _country_codes(self) -> Iterator[int]:
        position = 0
        while position < len(self._numbers):
            country = self._numbers[position] // _TEN_DIGITS
            yield country
            position = bisect_left(self._numbers, (country + 1) * _TEN_DIGITS, position)

    def _rows(self, digits: int) -> list[int]:
        start = bisect_left(self._numbers, digits)
        return list(self._owners[start : bisect_right(self._numbers, digits, start)])

    def _caller(self, row: int) -> Caller:
        text = self._text[self._starts[row] : self._starts[row + 1]].decode()
        return Caller._make(text.split(_SEPARATOR, len(Caller._fields) - 1))
