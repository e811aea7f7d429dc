"""What every refusal of a route, a sender id or a sector says beside its sentence; some purposes are only warned."""

import msgspec

from app.errors import RouteRefusedError
from app.safeguards.plan import EMERGENCY, Plan


class Objection(msgspec.Struct, frozen=True):
    """Why something may not be used: the rule's stable name, both sentences, who says so, who may change it."""

    rule: str
    english: str
    french: str
    source: str
    changed_by: str


def refuse(plan: Plan, found: Objection) -> str:
    """Refuse the batch, or return the warning for an emergency, which is never held up by a route (D8)."""
    if plan.purpose == EMERGENCY:
        return found.english
    raise RouteRefusedError(
        found.english,
        french=found.french,
        rule=found.rule,
        profile=plan.sender.slug,
        source=found.source,
        changed_by=found.changed_by,
    )
