"""Who has had this campaign, or this text, within the sender's window: a series of duplicates ends at the first."""

import unicodedata
from datetime import datetime, timedelta

from app.check.asking import Batch
from app.check.recording import Case
from app.contacts import Found, Wanted
from app.index import Version
from app.keys import Root
from app.safeguards.plan import Plan
from app.safeguards.purposes import Rules

FREQUENCY_DAYS_MAX = 90


def text_digest(root: Root, text: str | None) -> bytes | None:
    """Return the keyed digest of a text; spaces, capitals and forms of letters make no other text of it."""
    if text is None:
        return None
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return root.digest("message-text", plain.encode("utf-8", "surrogatepass"))


async def found(
    case: Case, plan: Plan, rules: Rules, version: Version, batch: Batch, digest: bytes | None, now: datetime
) -> Found | None:
    """Tell who was contacted lately; None where nothing vetoes duplicates. `digest`: of the plan's text."""
    profile = case.sender.profile
    if not rules.duplicates or not (profile.duplicate_hours or profile.frequency_max):
        return None
    window = timedelta(hours=profile.duplicate_hours)
    wanted = Wanted(
        campaign=plan.campaign if profile.duplicate_hours else None,
        text_digest=digest if profile.duplicate_hours else None,
        since=plan.send_at - window,
        capped_since=plan.send_at - timedelta(days=profile.frequency_days) if profile.frequency_max else None,
        cap=profile.frequency_max,
    )
    sender = case.sender
    return await case.registry.contacts.among(sender.sender_id, version.generation, sender.key, batch.tags, wanted, now)
