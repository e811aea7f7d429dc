"""What a check is about to send, completed from the profile and judged by every safeguard."""

from collections.abc import Sequence
from datetime import datetime

from app.check.recording import Case
from app.errors import ForbiddenError
from app.safeguards.plan import MARKETING, Plan


async def planned(case: Case, numbers: int, now: datetime) -> tuple[Plan, Sequence[str]]:
    """Return the plan and the warnings about it; the RegistryError of the first safeguard that refuses."""
    _allow_purpose(case)
    plan = _completed(case, numbers, now)
    return plan, ()


def _allow_purpose(case: Case) -> None:
    """Only marketing needs no grant, and no profile grants another purpose yet."""
    if case.fields.purpose != MARKETING:
        raise ForbiddenError("The sender's profile grants no purpose but `marketing`.")


def _completed(case: Case, numbers: int, now: datetime) -> Plan:
    fields, profile = case.fields, case.sender.profile
    return Plan(
        sender=case.sender,
        caller=case.caller,
        purpose=fields.purpose,
        campaign=fields.campaign,
        short_code=fields.short_code,
        route=fields.route,
        sender_id=fields.sender_id,
        send_at=fields.send_at or now,
        send_minutes=fields.send_minutes or profile.send_minutes or profile.send_minutes_max,
        text=fields.text,
        numbers=numbers,
        drill=fields.drill,
    )
