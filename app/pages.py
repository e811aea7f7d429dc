"""Places of a sorted list marked one bit each, in pages that are small rows of a table. Pure."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.tagset import Mask

PAGE_PLACES: Final = 8_192


FEW_PLACES: Final = 8
"""So few are sooner looked at one by one."""


def is_marked(places: NDArray[np.intp], pages: Mapping[int, bytes]) -> Mask:
    """Tell which places have their bit set."""
    if places.size <= FEW_PLACES:
        return np.array([_is_one_marked(place, pages) for place in places.tolist()], np.bool_)
    found = np.zeros(places.size, np.bool_)
    for page, bits in pages.items():
        here = np.flatnonzero(places // PAGE_PLACES == page)
        found[here] = np.unpackbits(np.frombuffer(bits, np.uint8))[places[here] % PAGE_PLACES]
    return found


def marked(places: NDArray[np.intp], pages: Mapping[int, bytes]) -> dict[int, bytes]:
    """Return the pages of these places with their bits set too."""
    if places.size <= FEW_PLACES:
        return _marked_one_by_one(places.tolist(), pages)
    result = {}
    for page in np.unique(places // PAGE_PLACES).tolist():
        before = pages.get(page, bytes(PAGE_PLACES // 8))
        bits = np.unpackbits(np.frombuffer(before, np.uint8))
        bits[places[places // PAGE_PLACES == page] % PAGE_PLACES] = 1
        result[page] = np.packbits(bits).tobytes()
    return result


def _is_one_marked(place: int, pages: Mapping[int, bytes]) -> bool:
    bits = pages.get(place // PAGE_PLACES)
    return bits is not None and bool(bits[place % PAGE_PLACES >> 3] & _bit(place))


def _marked_one_by_one(places: list[int], pages: Mapping[int, bytes]) -> dict[int, bytes]:
    result: dict[int, bytearray] = {}
    for place in places:
        page = place // PAGE_PLACES
        bits = result.setdefault(page, bytearray(pages.get(page, bytes(PAGE_PLACES // 8))))
        bits[place % PAGE_PLACES >> 3] |= _bit(place)
    return {page: bytes(bits) for page, bits in result.items()}


def _bit(place: int) -> int:
    """The bit of a place in its byte, the first highest, as numpy packs them."""
    return 128 >> (place & 7)
