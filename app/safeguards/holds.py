"""What a person, or the storm breaker, has stopped: a sender, one of its delegates, one of its campaigns. Pure.

The holds come with the statement that every check reads its state with, so one that is committed holds for every check
that starts afterwards, in every process.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final, Protocol

from app.auth import Caller
from app.directory import Sender
from app.errors import HeldError
from app.queries.holds import HoldRow
from app.safeguards.plan import EMERGENCY, MARKETING, SERVICE, TRANSACTIONAL

SENDER, DELEGATE, CAMPAIGN = "sender", "delegate", "campaign"
MANUAL, STORM = "manual", "storm"
HELD_BY_A_PERSON: Final = (MARKETING, SERVICE, TRANSACTIONAL)
"""What a person's hold stops where the person does not say otherwise: an alert is never held up."""
HELD_BY_A_STORM: Final = (MARKETING,)
PURPOSES: Final = (MARKETING, SERVICE, TRANSACTIONAL, EMERGENCY)

_WHAT = {
    SENDER: ("the sender", "l'émetteur"),
    DELEGATE: ("this key", "cette clé"),
    CAMPAIGN: ("this campaign", "cette campagne"),
}
_SOURCES = {MANUAL: "a person's decision", STORM: "the sender's own bounds on STOPs (storm_count_min, storm_share)"}


class Sending(Protocol):
    """What is to be sent, as far as a hold looks at it."""

    @property
    def sender(self) -> Sender:
        """On whose behalf."""

    @property
    def caller(self) -> Caller:
        """By whom."""

    @property
    def purpose(self) -> str:
        """What for."""

    @property
    def campaign(self) -> str | None:
        """As part of what."""


def hold_on(holds: Sequence[HoldRow], *, purpose: str, campaign: str | None, key_id: str) -> HoldRow | None:
    """Return a hold that stands in the way, the widest first."""
    return next(
        (
            hold
            for scope in _WHAT
            for hold in holds
            if hold.scope == scope and purpose in hold.purposes and _concerns(hold, campaign, key_id)
        ),
        None,
    )


def refuse_held(holds: Sequence[HoldRow], plan: Sending) -> None:
    """Refuse what is held; HeldError says why, since when and who may release it."""
    found = hold_on(holds, purpose=plan.purpose, campaign=plan.campaign, key_id=plan.caller.key_id)
    if found is None:
        return
    what, quoi = _WHAT[found.scope]
    why, command = found.reason.rstrip("."), release_command(plan.sender.slug, found)
    raise HeldError(
        f"Sending is held for {what}: {why}. Whoever administers the registry releases it: {command}",
        french=f"Les envois sont suspendus pour {quoi} : {why}. L'administrateur du registre les rétablit : {command}",
        rule=f"hold.{found.kind}.{found.scope}",
        profile=plan.sender.slug,
        source=_SOURCES[found.kind],
        changed_by="the registry's administrator",
        held_since=found.held_at.isoformat(),
    )


def release_command(slug: str, hold: HoldRow) -> str:
    """Return the command that releases a hold."""
    option = "" if hold.scope == SENDER else f" --{hold.scope} '{hold.subject}'"
    return f"stop-registry sender release {slug}{option} --reason …"


def same_campaign(one: str, other: str) -> bool:
    """Tell whether two spellings name one campaign: a hold typed by a person must not miss for a capital letter."""
    return one == other or campaign_key(one) == campaign_key(other)


def _concerns(hold: HoldRow, campaign: str | None, key_id: str) -> bool:
    if hold.scope == DELEGATE:
        return hold.subject == key_id
    if hold.scope == CAMPAIGN:
        return campaign is not None and same_campaign(hold.subject, campaign)
    return True


def campaign_key(name: str) -> str:
    """Return what the spellings of one campaign's name have in common."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
