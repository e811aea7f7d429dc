"""The hours of a whole batch: judged once for each territory that its numbers are in, never number by number."""

from datetime import datetime
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from app import phone
from app.quiet_hours.judge import Ruling, judge
from app.quiet_hours.policies import Policy

Numbers: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]
Positions: TypeAlias = NDArray[np.intp]

_PLACES_AS_A_RULE = 3  # the mainland, one overseas, and what is invalid


class Group(msgspec.Struct, frozen=True, eq=False):
    """The numbers of one territory that must wait; `positions` ascending, in the batch."""

    territory: str
    """As `phone.territory` names it; "" where it is not known."""
    opens_at: datetime | None
    """UTC; None where nothing can be promised."""
    rule: str
    positions: Positions


class Hours(msgspec.Struct, frozen=True, eq=False):
    """What the hours say about a batch.

    `quiet`: bool for each position, None when nobody has to wait. Invalid numbers (0) are not judged, and wait for
    nothing. `closes_at`: the earliest closing, UTC, of the open territories present, which no clearance may outlive;
    None when nobody is open, or nothing closes within `judge.SEARCH_DAYS_MAX` (a policy that is always open).
    `advisories`: what is open but advised against, once a territory, and a policy that is out of force.
    """

    quiet: Mask | None
    groups: tuple[Group, ...]
    closes_at: datetime | None
    advisories: tuple[str, ...]
    territories: tuple[str, ...] = ()
    """Where the valid numbers live, as `phone.territory` names it, without those that live nowhere known."""

    def among(self, withheld: Mask) -> tuple[Group, ...]:
        """Return the groups of those positions alone, without empty ones.

        ValueError when one of them does not wait: they were withheld under other hours.
        """
        kept = [(group, group.positions[withheld[group.positions]]) for group in self.groups]
        if sum(positions.size for _, positions in kept) != np.count_nonzero(withheld):
            raise ValueError("Somebody was withheld under other hours than these.")
        return tuple(msgspec.structs.replace(group, positions=positions) for group, positions in kept if positions.size)


def judge_batch(
    policy: Policy, numbers: Numbers, instant: datetime, minutes: int = 0, *, alsace_moselle: bool = False
) -> Hours:
    """Judge a sending of so many minutes to canonical numbers (int64, 0 = invalid) from an aware instant on.

    A pure function: the same arguments give the same groups in the same order, so that a check repeated later is
    rebuilt from the reasons that were stored: `judge_batch(…).among(reasons == QUIET_HOURS)`.
    """
    places = phone.territories(numbers)
    invalid = numbers.size - int(np.count_nonzero(numbers))
    groups, rulings = list[Group](), dict[str, Ruling]()
    present = _present(places, invalid)
    for place, count in present:
        territory = phone.TERRITORIES[place]
        ruling = judge(policy, territory, instant, minutes, alsace_moselle=alsace_moselle)
        if ruling.open:
            rulings[territory] = ruling
        else:
            positions = _positions(places, place, numbers, count)
            groups.append(Group(territory, ruling.opens_at, ruling.rule, positions))
    closings = [ruling.closes_at for ruling in rulings.values() if ruling.closes_at is not None]
    advisories = [_advisory(territory, ruling) for territory, ruling in rulings.items() if ruling.advisory]
    outdated = policy.out_of_force(instant.date())
    return Hours(
        _quiet(numbers.size, groups),
        tuple(groups),
        min(closings, default=None),
        tuple([outdated, *advisories] if outdated else advisories),
        tuple(phone.TERRITORIES[place] for place, _ in present if phone.TERRITORIES[place]),
    )


def _present(places: NDArray[np.uint8], invalid: int) -> list[tuple[int, int]]:
    """Return the places that occur in valid numbers, ascending, and how often."""
    counts, left = {0: -invalid}, places
    # Nearly all numbers of a batch are of one place or two, and comparing is faster than counting.
    for _ in range(_PLACES_AS_A_RULE):
        if left.size:
            place = int(left[left.size // 2])
            others = left[left != place]
            counts[place] = counts.get(place, 0) + left.size - others.size
            left = others
    for place, count in enumerate(np.bincount(left).tolist()):
        counts[place] = counts.get(place, 0) + count
    return sorted((place, count) for place, count in counts.items() if count)


def _positions(places: NDArray[np.uint8], place: int, numbers: Numbers, count: int) -> Positions:
    if count == places.size:
        return np.arange(count)
    positions = np.flatnonzero(places == place)
    # Invalid numbers have no place either.
    return positions if positions.size == count else positions[numbers[positions] != 0]


def _quiet(size: int, groups: list[Group]) -> Mask | None:
    if not groups:
        return None
    if groups[0].positions.size == size:
        return np.ones(size, np.bool_)
    quiet = np.zeros(size, np.bool_)
    for group in groups:
        quiet[group.positions] = True
    return quiet


def _advisory(territory: str, ruling: Ruling) -> str:
    return f"{territory}: the policy {ruling.policy} advises against sending then ({ruling.rule})."
