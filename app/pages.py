"""Places of a sorted list marked one bit each, in pages that are small rows of a table. Pure."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.tagset import Mask

PAGE_PLACES: Final = 8_192


def is_marked(places: NDArray[np.intp], pages: Mapping[int, bytes]) -> Mask:
    """Tell which places have their bit set."""
    found = np.zeros(places.size, np.bool_)
    for page, bits in pages.items():
        here = np.flatnonzero(places // PAGE_PLACES == page)
        found[here] = np.unpackbits(np.frombuffer(bits, np.uint8))[places[here] % PAGE_PLACES]
    return found


def marked(places: NDArray[np.intp], pages: Mapping[int, bytes]) -> dict[int, bytes]:
    """Return the pages of these places with their bits set too."""
    result = {}
    for page in np.unique(places // PAGE_PLACES).tolist():
        before = pages.get(page, bytes(PAGE_PLACES // 8))
        bits = np.unpackbits(np.frombuffer(before, np.uint8))
        bits[places[places // PAGE_PLACES == page] % PAGE_PLACES] = 1
        result[page] = np.packbits(bits).tobytes()
    return result
