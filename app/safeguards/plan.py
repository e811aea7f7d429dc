"""What is to be sent, with every blank filled from the sender's profile: the question each safeguard answers."""

from collections.abc import Collection
from datetime import datetime

import msgspec

from app.auth import Caller
from app.directory import Sender

MARKETING, SERVICE, TRANSACTIONAL, EMERGENCY = "marketing", "service", "transactional", "emergency"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One planned sending of one sender.

    A safeguard is `async def judge(registry, plan, now) -> Sequence[str]`: it raises the RegistryError that refuses
    the batch, or returns warnings for the answer. Which purposes a safeguard governs it decides itself (D8).
    """

    sender: Sender
    caller: Caller
    purpose: str
    campaign: str | None
    short_code: str | None
    route: str | None
    """Slug of the operator connection the messages go out through."""
    sender_id: str | None
    send_at: datetime
    send_minutes: int
    text: str | None
    numbers: int
    """How many numbers are submitted."""
    drill: bool = False
    territories: Collection[str] = ()
    """Where the submitted numbers live, as far as it is known."""
