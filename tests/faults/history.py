"""Is a history of STOPs and checks one that the guarantees allow? (research: a grow-only set needs no search)

A check is stale when it was invoked after a STOP was acknowledged and does not withhold the number; it is a phantom
when it withholds a number whose first STOP was invoked only after the check had ended.
"""

from collections.abc import Iterable
from typing import NamedTuple

from tests.faults.rig import ACKNOWLEDGED, Told


class Faults(NamedTuple):
    """How many answers about one number break a guarantee, and how many answers there were."""

    stale: int
    phantom: int
    answers: int


def judged(history: Iterable[Told]) -> Faults:
    """Count the broken guarantees of a history, whatever the order of its calls."""
    calls = list(history)
    first_invoked: dict[str, float] = {}
    first_acknowledged: dict[str, float] = {}
    for call in calls:
        if call.stopped is None:
            continue
        first_invoked[call.stopped] = min(call.invoked, first_invoked.get(call.stopped, call.invoked))
        if call.status == ACKNOWLEDGED:
            first_acknowledged[call.stopped] = min(call.ended, first_acknowledged.get(call.stopped, call.ended))
    never = float("inf")
    checks = [call for call in calls if call.stopped is None and call.status == ACKNOWLEDGED]
    stale = sum(
        first_acknowledged.get(number, never) < check.invoked
        for check in checks
        for number in check.asked
        if number not in check.withheld
    )
    phantom = sum(first_invoked.get(number, never) > check.ended for check in checks for number in check.withheld)
    return Faults(stale, phantom, sum(len(check.asked) for check in checks))
