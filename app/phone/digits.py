"""Plain digits to integers, a window at a time, without a Python object per number.

The last 16 bytes of each token are loaded as two 64-bit words, and the eight digits of a word become a number in
three multiplications: pairs, then fours, then eight (arithmetic inside a register).
"""

import numpy as np
import numpy.typing as npt

from app.phone import plan, rules
from app.phone.tokens import Bytes, Positions, Window

Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

LOADED = 16  # bytes
_WORD = 8  # bytes, so digits
_PLUS = b"+"[0]
_ZEROS = np.uint64(int.from_bytes(b"0" * _WORD))
_ABOVE_NINE = np.uint64(0x7676_7676_7676_7676)  # added to a byte over 9, sets its high bit
_HIGH_BITS = np.uint64(0x8080_8080_8080_8080)
_LOW_PAIRS = np.uint64(0x0000_00FF_0000_00FF)


def plain_numbers(raw: bytes, window: Window) -> Positions:
    """The canonical numbers of the tokens that are digits with at most a plus in front; 0 for all others.

    0 also where `one.read` has to decide, and for the few tokens that end in the first 16 bytes.
    """
    source = np.frombuffer(raw, np.uint8)
    numbers = np.zeros(window.ends.size, np.int64)
    early = int(np.searchsorted(window.ends, LOADED))
    starts, ends = window.starts[early:], window.ends[early:]
    if not ends.size:
        return numbers
    shapes = _shapes(source, starts, ends, window.stride)
    for shape in np.flatnonzero(np.bincount(shapes)).tolist():
        length, plus = divmod(shape, 2)
        chosen = np.flatnonzero(shapes == shape) if shapes.size > 1 else slice(None)
        words = _load(source, ends[chosen], window.stride if shapes.size == 1 else 0)
        numbers[early:][chosen] = _numbers(words, length - plus, plus=bool(plus))
    return numbers


def _shapes(source: Bytes, starts: Positions, ends: Positions, stride: int) -> Positions:
    """Twice the length of each token, and 1 more if it begins with a plus; only one if all are alike."""
    if stride:
        plus = source[starts[0] : ends[-1] + 1 : stride] == _PLUS
        if (plus == plus[0]).all():
            starts, ends, plus = starts[:1], ends[:1], plus[:1]
    else:
        plus = source.take(starts, mode="clip") == _PLUS
    shapes: Positions = np.minimum(ends - starts, LOADED + 1) * 2 + plus
    return shapes


def _load(source: Bytes, ends: Positions, stride: int) -> Words:
    """The 16 bytes before each end, as two words; a constant stride makes it a plain copy."""
    loaded: npt.NDArray[np.void] = np.ndarray((source.size - LOADED + 1,), f"V{LOADED}", source, strides=(1,))
    block = loaded[ends[0] - LOADED : ends[-1] - LOADED + 1 : stride] if stride else loaded[ends - LOADED]
    return np.ascontiguousarray(block).view("<u8").reshape(-1, 2)


def _numbers(words: Words, digits: int, *, plus: bool) -> Positions:
    """The canonical numbers of tokens that all have so many digits, and all or none a plus."""
    if not plan.SHORTEST_E164 <= digits <= plan.LONGEST_E164:
        return np.zeros(len(words), np.int64)
    low, odd_low = _digits(words[:, 1], min(digits, _WORD))
    high, odd_high = _digits(words[:, 0], max(digits - _WORD, 0))
    values = (_value(high) * np.uint64(10**_WORD) + _value(low)).view(np.int64)
    numbers = rules.canonical(values, digits, plus=plus)
    numbers[(odd_low | odd_high) != 0] = 0
    return numbers


def _digits(words: Words, count: int) -> tuple[Words, Words]:
    """The last `count` bytes of each word as 0 to 9, the bytes before them as 0; not 0 where one is no digit."""
    kept = (1 << 64) - (1 << 8 * (_WORD - count))  # the first byte of the text is the lowest of the word
    digits = words ^ _ZEROS
    digits &= np.uint64(kept)
    odd = digits + _ABOVE_NINE
    odd |= digits
    odd &= _HIGH_BITS
    return digits, odd


def _value(digits: Words) -> Words:
    """Eight digits, the most significant in the lowest byte, as a number."""
    pairs = digits * np.uint64(10)
    digits >>= np.uint64(8)
    pairs += digits
    value = pairs & _LOW_PAIRS
    value *= np.uint64(100 + (1_000_000 << 32))
    pairs >>= np.uint64(16)
    pairs &= _LOW_PAIRS
    pairs *= np.uint64(1 + (10_000 << 32))
    value += pairs
    value >>= np.uint64(32)
    return value
