"""The people already met in a list, in bounded memory, so that a later part of the list does not ask for them again."""

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# +33 6… and +33 7…: 200 million numbers at one bit each are 25 MB, however many of them a list holds.
_DENSE_FIRST = 33_600_000_000
_DENSE_SIZE = 200_000_000


class Seen:
    """A set of numbers: one bit for each French mobile, eight bytes for each of the others."""

    def __init__(self) -> None:
        self._bits = np.zeros(_DENSE_SIZE // 8, dtype=np.uint8)
        self._sorted: list[Integers] = []

    def add(self, numbers: Integers) -> Mask:
        """Which of these were there before this call; then all are. 0, which is nobody, never is.

        The same number twice in one call is not a repeat: within one part of the list the registry says so itself.
        """
        known = np.zeros(numbers.size, dtype=np.bool_)
        dense = (numbers >= _DENSE_FIRST) & (numbers < _DENSE_FIRST + _DENSE_SIZE)
        known[dense] = self._add_dense(numbers[dense] - _DENSE_FIRST)
        others = (numbers != 0) & ~dense
        known[others] = self._add_others(numbers[others])
        return known

    def _add_dense(self, places: Integers) -> Mask:
        byte = places >> 3
        bit = np.left_shift(1, places & 7).astype(np.uint8)
        known: Mask = (self._bits[byte] & bit) != 0
        np.bitwise_or.at(self._bits, byte, bit)
        return known

    def _add_others(self, numbers: Integers) -> Mask:
        known = np.zeros(numbers.size, dtype=np.bool_)
        if not numbers.size:
            return known
        for run in self._sorted:
            known |= run[np.searchsorted(run, numbers).clip(max=run.size - 1)] == numbers
        self._sorted.append(np.unique(numbers[~known]))
        self._merge()
        return known

    def _merge(self) -> None:
        """Keep the runs few and each at least twice the next, so that adding stays cheap for a list of any length."""
        while len(self._sorted) > 1 and self._sorted[-2].size < 2 * self._sorted[-1].size:
            both = np.concatenate((self._sorted[-2], self._sorted[-1]))
            both.sort()
            self._sorted[-2:] = [both]
        if not self._sorted[-1].size:
            self._sorted.pop()
