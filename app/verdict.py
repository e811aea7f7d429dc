"""What becomes of each number of a batch, one reason each, and which tags are cleared; whole arrays at a time."""

import enum
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.tagset import Mask, Tags, TagSet

Numbers: TypeAlias = NDArray[np.int64]
Positions: TypeAlias = NDArray[np.intp]


class Reason(enum.IntEnum):
    """Why a position is withheld, the first that applies; `Counts` has a field of the same name for each."""

    ALLOWED = 0
    INVALID = 1
    REPEATED = 2
    OPTED_OUT = 3
    DUPLICATE = 4
    QUIET_HOURS = 5


class Counts(msgspec.Struct, frozen=True):
    """How many positions met each reason; all but the first add up to `submitted`."""

    submitted: int
    allowed: int
    invalid: int
    repeated: int
    opted_out: int
    duplicate: int
    quiet_hours: int


class Verdict(msgspec.Struct, frozen=True, eq=False):
    """The decision on one batch.

    `reasons`: uint8, a `Reason` for each position. `cleared`: int64, the tags of the allowed positions, ascending, as
    many as are allowed.
    """

    reasons: NDArray[np.uint8]
    cleared: Tags
    counts: Counts

    def positions(self, reason: Reason) -> Positions:
        """The positions that met this reason, ascending, counted from 0."""
        return np.flatnonzero(_met(self.reasons, reason))

    def record(self) -> memoryview:
        """The cleared tags as they are stored: 8 bytes each, signed, least significant byte first, ascending."""
        return self.cleared.astype(RECORD, copy=False).view(np.uint8).data


FEW_NUMBERS: Final = 8
_FIELDS: Final = tuple((reason.name.lower(), reason) for reason in Reason)

# Little-endian whatever the machine, so that a stored record is read in place where it is most often read.
RECORD: Final = np.dtype("<i8")


def decide(
    numbers: Numbers,
    tags: Tags,
    opposed: Mask,
    duplicate: Mask | None = None,
    quiet: Mask | None = None,
) -> Verdict:
    """One reason for each position, the first that applies in the order of `Reason`; the rest is allowed.

    `numbers`: int64, canonical, 0 where invalid. `tags`: int64, of these numbers under one key. `opposed`, `duplicate`
    (the same message went to this person), `quiet` (it is outside hours there): bool. All of one length, else
    ValueError. A person named twice keeps the first position's reason; every later position is repeated, whatever else
    it is, and is never cleared.
    """
    flags = (quiet, duplicate, opposed)
    if any(len(array) != len(numbers) for array in (tags, *flags) if array is not None):
        raise ValueError("The arrays of a batch must be of one length; build them from the same numbers.")
    if len(numbers) <= FEW_NUMBERS:
        return _decided_one_by_one(numbers, tags, flags)
    reasons = _reasons(numbers, flags)
    cleared = _cleared(tags, reasons)
    repeats = _repeats(numbers, tags, reasons, cleared)
    if repeats.size:
        reasons[repeats] = Reason.REPEATED
        cleared = _cleared(tags, reasons)
    return Verdict(reasons, cleared, _counts(reasons))


def _decided_one_by_one(numbers: Numbers, tags: Tags, flags: tuple[Mask | None, Mask | None, Mask]) -> Verdict:
    """Decide on a handful: each step of numpy would cost more than one of them."""
    quiet, duplicate, opposed = ([False] * len(numbers) if mask is None else mask.tolist() for mask in flags)
    reasons, named = list[Reason](), set[int]()
    for position, number in enumerate(numbers.tolist()):
        if number == 0:
            reason = Reason.INVALID
        elif number in named:
            reason = Reason.REPEATED
        elif opposed[position]:
            reason = Reason.OPTED_OUT
        elif duplicate[position]:
            reason = Reason.DUPLICATE
        else:
            reason = Reason.QUIET_HOURS if quiet[position] else Reason.ALLOWED
        named.add(number)
        reasons.append(reason)
    cleared = sorted(tag for tag, reason in zip(tags.tolist(), reasons, strict=True) if reason is Reason.ALLOWED)
    counts = {field: reasons.count(reason) for field, reason in _FIELDS}
    return Verdict(np.array(reasons, np.uint8), np.array(cleared, np.int64), Counts(submitted=len(reasons), **counts))


def _met(reasons: NDArray[np.uint8], reason: Reason) -> Mask:
    # The bare value: an enumeration member would widen the whole array to 64 bits first.
    met: Mask = reasons == reason.value
    return met


def _cleared(tags: Tags, reasons: NDArray[np.uint8]) -> Tags:
    cleared = tags[_met(reasons, Reason.ALLOWED)]
    cleared.sort()
    return cleared


def _reasons(numbers: Numbers, flags: tuple[Mask | None, Mask | None, Mask]) -> NDArray[np.uint8]:
    """The reasons but for repeats; written from the last to the first, so that the first that applies stays."""
    reasons = np.zeros(len(numbers), np.uint8)
    for reason, mask in zip((Reason.QUIET_HOURS, Reason.DUPLICATE, Reason.OPTED_OUT), flags, strict=True):
        if mask is not None:
            reasons[mask] = reason
    reasons[numbers == 0] = Reason.INVALID
    return reasons


def _repeats(numbers: Numbers, tags: Tags, reasons: NDArray[np.uint8], cleared: Tags) -> Positions:
    """Every position whose number stood at an earlier one.

    Two of one number have one tag, so sorted tags without equal neighbours prove that there is none, and that sort is
    needed for the record anyway. Tags that do occur twice only point to the numbers to compare: two people whose tags
    collide are not each other's repeats.
    """
    held = np.sort(tags[reasons > Reason.INVALID.value])
    named = np.concatenate([cleared, held])
    # The stable sort only merges the two sorted runs.
    named.sort(kind="stable")
    twice = named[1:][named[1:] == named[:-1]]
    if not twice.size:
        return np.empty(0, np.intp)
    suspects = TagSet.of(twice).contains(tags) & ~_met(reasons, Reason.INVALID)
    return _after_the_first(numbers, np.flatnonzero(suspects))


def _after_the_first(numbers: Numbers, positions: Positions) -> Positions:
    """Those of the ascending positions whose number stands at an earlier one of them."""
    named = numbers[positions]
    order = named.argsort()
    named = named[order]
    begins = np.append(0, np.flatnonzero(named[1:] != named[:-1]) + 1)
    again = np.ones(positions.size, np.bool_)
    again[np.minimum.reduceat(order, begins)] = False
    return positions[again]


def _counts(reasons: NDArray[np.uint8]) -> Counts:
    return Counts(reasons.size, *(int(np.count_nonzero(_met(reasons, reason))) for reason in Reason))
