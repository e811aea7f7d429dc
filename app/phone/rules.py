"""The rules of `one.read` for whole arrays: which canonical number a run of plain digits spells, and where it lives.

Digits come as (value, how many, plus or not). A value that begins with zeros is small for its length, so every rule
is an interval of values. What no interval takes, or its table refuses, is 0 here and goes to `one.read`: these
rules only ever accept, and only what `one.read` accepts.
"""

from collections.abc import Callable
from functools import partial

import msgspec
import numpy as np
import numpy.typing as npt

from app.phone import plan
from app.phone.countries import COUNTRIES

Numbers64 = npt.NDArray[np.int64]
Places = npt.NDArray[np.uint8]

_NATIONAL = 10**plan.NATIONAL_DIGITS
_BLOCK = 10 ** (plan.NATIONAL_DIGITS - plan.PREFIX_DIGITS)  # numbers that share a prefix of five digits
_PREFIXES = 10**plan.PREFIX_DIGITS
_AT_ONCE = 1 << 15  # numbers whose intermediate arrays stay in the cache
_LEAD_DIGITS = 4  # a calling code and the digit after it
_REFUSED = 0


class _Interval(msgspec.Struct, frozen=True):
    """Values from `low` up to, not including, `high`, and how to read them."""

    low: int
    high: int
    read: Callable[[Numbers64], Numbers64]


def canonical(values: Numbers64, digits: int, *, plus: bool) -> Numbers64:
    """The canonical number of each value that was written with so many digits, zeros in front included; 0 = ask."""
    intervals = _INTERVALS.get((digits, plus), ())
    if not values.size:
        return np.zeros_like(values)
    lowest, highest = values.min(), values.max()
    numbers: Numbers64 | None = None
    for interval in intervals:
        # Added, not set: the interval of all countries holds the French ones too, and reads them as 0.
        if interval.low <= lowest and highest < interval.high:
            read = interval.read(values)
            return read if numbers is None else numbers + read
        numbers = np.zeros_like(values) if numbers is None else numbers
        inside = np.flatnonzero((values >= interval.low) & (values < interval.high))
        if inside.size:
            numbers[inside] += interval.read(values[inside])
    return np.zeros_like(values) if numbers is None else numbers


def territories(numbers: Numbers64) -> Places:
    """`one.territory` for an array: positions in `plan.TERRITORIES`, 0 = unknown."""
    places = np.empty(numbers.shape, np.uint8)
    for at in range(0, numbers.size, _AT_ONCE):
        part = slice(at, at + _AT_ONCE)
        places[part] = _part_territories(numbers[part])
    return places


def _part_territories(numbers: Numbers64) -> Places:
    """Look up what is in the French plan by the five digits behind its code, and the rest by its own rules."""
    prefixes = numbers // _BLOCK
    prefixes -= int(plan.FRANCE) * _PREFIXES
    abroad = np.flatnonzero(prefixes.view(np.uint64) >= _PREFIXES)  # what is below has wrapped around
    prefixes[abroad] = 0
    places: Places = _HOME.take(prefixes)
    if abroad.size:
        places[abroad] = _places_abroad(numbers[abroad])
    return places


def _places_abroad(numbers: Numbers64) -> Places:
    places = np.zeros(numbers.shape, np.uint8)
    for digits in range(plan.SHORTEST_E164, plan.LONGEST_E164 + 1):
        found = np.flatnonzero((numbers >= 10 ** (digits - 1)) & (numbers < 10**digits))
        if found.size:
            places[found] = _abroad(numbers[found], digits)
    return places


def _abroad(numbers: Numbers64, digits: int) -> Places:
    places: Places = _CODE_PLACE.take(numbers // 10 ** (digits - 3))
    if digits == len("262") + plan.NATIONAL_DIGITS:
        prefixes = numbers % _NATIONAL // _BLOCK
        own = _OVERSEAS[prefixes] == numbers // _NATIONAL
        places[own] = _OVERSEAS_PLACE[prefixes[own]]
    return places


def _france(values: Numbers64, *, before: int = 0) -> Numbers64:
    """Nine national digits, behind `before` times a billion (a calling code, perhaps with a zero)."""
    national: Numbers64 = values - before * _NATIONAL
    which = _WHICH_SUM.take(national // _BLOCK)
    if (which == which[0]).all():  # as a rule all are of the mainland: one sum does, which is cheaper than a table
        national += _SUMS[which[0]]
    else:
        national += _SUMS.take(which)
    national[which == _REFUSED] = 0
    return national


def _overseas(values: Numbers64, *, code: int, before: int) -> Numbers64:
    """Nine digits behind an overseas code, where they are that code's own."""
    national = values - before * _NATIONAL
    own = _OVERSEAS[national // _BLOCK] == code
    numbers: Numbers64 = np.where(own, national + code * _NATIONAL, 0)
    return numbers


def _foreign(values: Numbers64, *, digits: int) -> Numbers64:
    """International digits outside the French plan: taken as they are, where length and first digit allow it."""
    taken = _FOREIGN[digits][values // 10 ** (digits - _LEAD_DIGITS)]
    numbers: Numbers64 = np.where(taken, values, 0)
    return numbers


def _international(digits: int) -> list[_Interval]:
    """Intervals of international numbers with so many digits, the French ones first."""
    found = [_Interval(10 ** (digits - 1), 10**digits, partial(_foreign, digits=digits))]
    for code in (plan.FRANCE, *plan.OVERSEAS):
        for written in (code, code + "0"):
            if len(written) + plan.NATIONAL_DIGITS == digits:
                found.insert(0, _behind(code, int(written)))
    return found


def _behind(code: str, before: int) -> _Interval:
    read = _france if code == plan.FRANCE else partial(_overseas, code=int(code))
    return _Interval(before * _NATIONAL, (before + 1) * _NATIONAL, partial(read, before=before))


def _intervals(digits: int, *, plus: bool) -> tuple[_Interval, ...]:
    """Everything that so many digits can mean, in the order of likelihood."""
    found: list[_Interval] = []
    if plus or digits >= plan.SHORTEST_BARE:
        found += _international(digits)
    if digits == len("0") + plan.NATIONAL_DIGITS or (digits == plan.NATIONAL_DIGITS and not plus):
        found.append(_Interval(_NATIONAL // 10, _NATIONAL, _france))
    if digits >= len("00") + plan.SHORTEST_E164:
        found += _international(digits - len("00"))
    return tuple(found)


def _sums() -> tuple[Places, Numbers64]:
    """By the first five of nine national digits, which sum makes them canonical; and the sums.

    `_REFUSED` where nobody can be reached. With a byte each the table is looked up in the cache.
    """
    sums = [0]
    table = np.full(_PREFIXES, _REFUSED, np.uint8)
    for block in _by_length():
        added = 0 if block.prefix == plan.SAINT_PIERRE else int(block.code) * _NATIONAL
        if added not in sums[1:]:
            sums.append(added)
        table[_span(block.prefix)] = sums.index(added, 1) if block.use in plan.REACHABLE else _REFUSED
    return table, np.array(sums, np.int64)


def _overseas_codes() -> Numbers64:
    """The overseas calling code that owns nine digits, by their first five; 0 = none.

    Nine digits after +508 that begin with 508 are a rare misspelling: they are left to `one.read`.
    """
    table = np.zeros(_PREFIXES, np.int64)
    for block in _by_length():
        if block.code in plan.OVERSEAS and block.prefix != plan.SAINT_PIERRE:
            table[_span(block.prefix)] = int(block.code) if block.use in plan.REACHABLE else 0
    return table


def _foreign_leads(digits: int) -> npt.NDArray[np.bool_]:
    """Whether an international number of so many digits is good, by its first four."""
    table = np.zeros(10**_LEAD_DIGITS, np.bool_)
    for country in COUNTRIES.values():
        if country.shortest <= digits - len(country.code) <= country.longest:
            table[_span(country.code, _LEAD_DIGITS)] = True
            table[_span(country.code + "0", _LEAD_DIGITS)] = country.keeps_zero
    return table


def _code_places() -> Places:
    """The territory of a calling code, by the first three digits of the number; overseas codes need more."""
    table = np.zeros(1000, np.uint8)
    for country in COUNTRIES.values():
        table[_span(country.code, 3)] = plan.TERRITORIES.index(country.iso)
    table[_span(plan.FRANCE, 3)] = plan.TERRITORIES.index("FR")
    return table


def _places(blocks: list[plan.Block], default: str) -> Places:
    """The territory of nine digits, by their first five, as far as `blocks` say."""
    table = np.full(_PREFIXES, plan.TERRITORIES.index(default), np.uint8)
    for block in blocks:
        table[_span(block.prefix)] = plan.TERRITORIES.index(block.territory)
    return table


def _by_length() -> list[plan.Block]:
    """The plan with longer prefixes later, so that they overwrite what they refine."""
    return sorted(plan.BLOCKS.values(), key=lambda block: len(block.prefix))


def _span(prefix: str, width: int = plan.PREFIX_DIGITS) -> slice:
    """The entries of a table of `width` digits that begin with `prefix`."""
    size = 10 ** (width - len(prefix))
    return slice(int(prefix) * size, (int(prefix) + 1) * size)


_WHICH_SUM, _SUMS = _sums()
_OVERSEAS = _overseas_codes()
_HOME = _places(_by_length(), "FR")
_OVERSEAS_PLACE = _places([block for block in _by_length() if block.code in plan.OVERSEAS], "")
_CODE_PLACE = _code_places()
_FOREIGN = {digits: _foreign_leads(digits) for digits in range(plan.SHORTEST_E164, plan.LONGEST_E164 + 1)}
_INTERVALS = {
    (digits, plus): _intervals(digits, plus=plus)
    for digits in range(plan.SHORTEST_E164, plan.LONGEST_E164 + 1)
    for plus in (True, False)
}
