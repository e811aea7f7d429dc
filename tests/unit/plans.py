"""A plan of one sender, as safeguards judge it."""

from datetime import UTC, datetime

from app.auth import Caller, Role
from app.directory import Sender
from app.profile import Profile
from app.safeguards.plan import Plan

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
CALLER = Caller("key", Role.SENDER, "CRM", (1,))


def plan(profile: Profile | None = None, **more: object) -> Plan:
    sender = Sender(1, "salon-martin", "Salon Martin", b"", profile or Profile(), None)
    fields = {
        "sender": sender, "caller": CALLER, "purpose": "marketing", "campaign": "soldes", "short_code": "36200",
        "route": "agregateur", "sender_id": "MARQUE", "send_at": NOW, "send_minutes": 30, "text": "Soldes STOP 36200",
        "numbers": 2,
    }  # fmt: skip
    return Plan(**fields | more)
