"""How many STOPs are a storm, and what is to be held for it. Pure.

A storm is STOPs of people whom the sender was cleared for; the STOPs of others say nothing about what it sends.
US carriers watch senders from 5 % of opt-outs a day on (research: peers X2); 3 % within an hour stays below that, and
fifty people are more than a mistake of a few.
"""

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np

from app.tagset import Mask, Tags, TagSet


class Bounds(msgspec.Struct, frozen=True):
    """A sender's bounds; a storm is beyond both."""

    count_min: int
    share: float

    def beyond(self, stops: int, cleared: int) -> bool:
        """Tell whether so many STOPs of so many people cleared are a storm."""
        return stops >= self.count_min and stops > self.share * cleared


class Storm(msgspec.Struct, frozen=True):
    """STOPs beyond the bounds; campaign is None where they cannot be put down to a single one."""

    campaign: str | None
    stops: int
    cleared: int


def judge(
    stops: Tags, cleared: Mapping[str | None, TagSet], bounds: Bounds, held: Iterable[str] = ()
) -> tuple[Storm, ...]:
    """Return what is to be held: single campaigns where the people cleared for nothing else suffice, or the sender.

    stops: tags of who said STOP. cleared: whom each campaign was cleared for. held: campaigns held already, whose
    people still answer what they received.
    """
    hits = {name: tags.contains(stops) for name, tags in cleared.items()}
    times = sum((mask.astype(np.int64) for mask in hits.values()), np.zeros(stops.size, np.int64))
    storms = {name for name in cleared if bounds.beyond(_count(hits[name]), len(cleared[name]))}
    alone = [
        Storm(name, _count(hits[name] & (times == 1)), len(cleared[name]))
        for name in sorted(name for name in storms if name is not None)
        if bounds.beyond(_count(hits[name] & (times == 1)), len(cleared[name]))
    ]
    explained = {storm.campaign for storm in alone} | set(held)
    rest = [name for name in cleared if name not in explained]
    of_rest = _any([hits[name] for name in rest], stops.size)
    everybody = _union([cleared[name] for name in rest])
    if bounds.beyond(_count(of_rest), everybody):
        return (Storm(None, _count(of_rest), everybody),)
    if storms - explained:
        worst = max(storms - explained, key=lambda name: _count(hits[name]) / len(cleared[name]))
        return (Storm(None, _count(hits[worst]), len(cleared[worst])),)
    return tuple(storm for storm in alone if storm.campaign not in set(held))


def _count(mask: Mask) -> int:
    return int(np.count_nonzero(mask))


def _any(masks: list[Mask], size: int) -> Mask:
    return np.logical_or.reduce(masks) if masks else np.zeros(size, np.bool_)


def _union(sets: list[TagSet]) -> int:
    """Count the people in any of the sets."""
    if len(sets) <= 1:
        return sum(map(len, sets))
    return len(TagSet.of(np.concatenate([tags.array() for tags in sets])))
