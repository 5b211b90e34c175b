"""Tell work that is linear in its input from work that grows faster, by the processor time of this thread alone."""

from collections.abc import Callable
from time import thread_time

_TINY_CHARS, _SMALL_CHARS, LARGE_CHARS = 24, 2_000, 16_000
# Eight times the input is eight times the work where the work is linear, and 64 times where it is quadratic.
_MAX_RATIO = 24
# Linear work on the large input takes less; of less than this, two measurements say nothing about each other.
_MIN_MEASURED_S = 0.02
_REPEATS = 3


def is_linear(work: Callable[[int], object]) -> bool:
    """Tell whether `work` on an input of so many characters takes processor time in proportion to their number."""
    # Exponential work on the large input would never end.
    if _processor_s(work, _TINY_CHARS) > _MIN_MEASURED_S and _least_s(work, _TINY_CHARS) > _MIN_MEASURED_S:
        return False
    if _processor_s(work, LARGE_CHARS) < _MIN_MEASURED_S:
        return True
    large = _least_s(work, LARGE_CHARS)
    return large < _MIN_MEASURED_S or large < _least_s(work, _SMALL_CHARS) * _MAX_RATIO


def _least_s(work: Callable[[int], object], size: int) -> float:
    return min(_processor_s(work, size) for _ in range(_REPEATS))


def _processor_s(work: Callable[[int], object], size: int) -> float:
    begun = thread_time()
    work(size)
    return thread_time() - begun
