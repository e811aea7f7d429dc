"""Holding a sender, one of its delegates or campaigns, and releasing it again.

A hold is effective for every check that starts after its commit, in every process; clearances that live are revoked
with it. Both acts are journalled and are entries of the sender's ledger.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from app import auth, clock
from app.administration import note, sender_named
from app.alarms import Kind
from app.directory import Sender
from app.errors import ConflictError, InvalidValueError, NotFoundError
from app.queries import holds, setup
from app.queries.holds import HoldRow, PastHoldRow
from app.queries.rows import Db
from app.registry import Registry
from app.review import said_why
from app.safeguards.holds import (
    CAMPAIGN,
    DELEGATE,
    HELD_BY_A_PERSON,
    MANUAL,
    PURPOSES,
    SENDER,
    STORM,
    hold_on,
    same_campaign,
)

CAMPAIGN_CHARACTERS_MAX = 200
HISTORY_ROWS_MAX = 100


class Target(msgspec.Struct, frozen=True):
    """What is held: a whole sender, a delegate (by the id of its key) or a campaign (by its name)."""

    scope: str = SENDER
    subject: str = ""


WHOLE = Target()


def target(delegate: str | None, campaign: str | None) -> Target:
    """Return what two options name; the delegate's key may be its whole text."""
    if delegate is not None and campaign is not None:
        raise InvalidValueError("Hold a delegate or a campaign, one at a time.")
    if delegate is not None:
        return Target(DELEGATE, auth.key_id(delegate))
    if campaign is None:
        return WHOLE
    name = campaign.strip()
    if not name or len(name) > CAMPAIGN_CHARACTERS_MAX or not name.isprintable():
        raise InvalidValueError(f"A campaign's name is one line of at most {CAMPAIGN_CHARACTERS_MAX} characters.")
    return Target(CAMPAIGN, name)


async def hold(
    registry: Registry,
    actor: str,
    slug: str,
    what: Target,
    reason: str,
    purposes: Sequence[str] = HELD_BY_A_PERSON,
) -> HoldRow:
    """Hold by hand; ConflictError when the same is held already."""
    said = said_why(reason)
    if not purposes or not set(purposes) <= set(PURPOSES):
        raise InvalidValueError(f"Name purposes among {', '.join(PURPOSES)}.")
    sender = await sender_named(registry, slug)
    row = HoldRow(clock.new_id("hold"), what.scope, what.subject, MANUAL, list(purposes), said, actor, clock.now())
    async with registry.pool.acquire() as db:
        if what.scope == DELEGATE and not await holds.acts_for(db, sender.sender_id, what.subject):
            raise NotFoundError(f"No key of that id acts for `{slug}`.")
    if not await commit(registry, sender, row):
        raise ConflictError(f"This is held already; see `stop-registry sender holds {slug}`.")
    await enter(registry, sender, row)
    return row


async def commit(registry: Registry, sender: Sender, row: HoldRow) -> bool:
    """Commit a hold and revoke what it concerns; False when the same is held already, and nothing was done.

    It comes before its entry: while the ledgers are busy, nobody is cleared meanwhile.
    """
    async with registry.pool.acquire() as db, db.transaction():
        if not await holds.put_hold(db, sender.sender_id, row):
            return False
        detail = _said(row) | {"revoked": str(await revoke(db, sender.sender_id, row.held_at))}
        await setup.journal_admin(
            db, row.held_at, row.held_by, "sender.hold", sender.slug, _json(detail), [sender.sender_id]
        )
    return True


async def enter(registry: Registry, sender: Sender, row: HoldRow) -> None:
    """Write a hold into the sender's ledger."""
    await note(registry, sender.sender_id, "hold", sender.slug, _said(row))


async def revoke(db: Db, sender_id: int, now: datetime) -> int:
    """End the clearances that live although they are held; return how many.

    Done with the hold and again soon after it: a check that was under way may be committed a moment later.
    """
    standing = await holds.standing_holds(db, sender_id)
    live = await holds.live_clearances(db, sender_id, now) if standing else []
    ended = [
        row.check_id
        for row in live
        if hold_on(standing, purpose=row.purpose, campaign=row.campaign, key_id=row.key_id) is not None
    ]
    return await holds.end_clearances(db, sender_id, ended, now) if ended else 0


async def release(registry: Registry, actor: str, slug: str, what: Target, reason: str) -> list[HoldRow]:
    """Release all that is held under this name, by whomever; return it. NotFoundError when nothing is."""
    said = said_why(reason)
    sender = await sender_named(registry, slug)
    now = clock.now()
    async with registry.pool.acquire() as db, db.transaction():
        named = await _named(db, sender, what)
        done = await holds.release_holds(db, sender.sender_id, [row.hold_id for row in named], now, actor, said)
        released = [row for row in named if row.hold_id in done]
        if not released:
            raise NotFoundError(f"Nothing is held under this name; see `stop-registry sender holds {slug}`.")
        for row in released:
            detail = {**_detail(row), "reason": said, "by": actor}
            await setup.journal_admin(db, now, actor, "sender.release", slug, _json(detail), [sender.sender_id])
    for row in released:
        if row.kind == STORM:
            registry.alarms.close_alarm(Kind.STOP_STORM, alarm_subject(slug, row))
        await note(registry, sender.sender_id, "release", slug, {**_detail(row), "reason": said, "by": actor})
    return released


def alarm_subject(slug: str, row: HoldRow) -> str:
    """Return what the alarm about a storm is called."""
    return slug if row.scope == SENDER else f"{slug}: {row.subject}"


async def history(registry: Registry, slug: str) -> list[PastHoldRow]:
    """Return what is and was held for a sender, the newest first."""
    sender = await sender_named(registry, slug)
    async with registry.pool.acquire() as db:
        return await holds.hold_history(db, sender.sender_id, HISTORY_ROWS_MAX)


async def held_slugs(registry: Registry) -> frozenset[str]:
    """Return the short names of the senders for whom something is held."""
    async with registry.pool.acquire() as db:
        held = await holds.held_senders(db)
    senders = (await registry.directory.current()).senders
    return frozenset(senders[sender_id].slug for sender_id in held if sender_id in senders)


async def _named(db: Db, sender: Sender, what: Target) -> list[HoldRow]:
    standing = await holds.standing_holds(db, sender.sender_id)
    return [row for row in standing if row.scope == what.scope and _same(row, what)]


def _same(row: HoldRow, what: Target) -> bool:
    return same_campaign(row.subject, what.subject) if what.scope == CAMPAIGN else row.subject == what.subject


def _detail(row: HoldRow) -> dict[str, str]:
    return {"hold": row.hold_id, "scope": row.scope, "subject": row.subject, "kind": row.kind}


def _said(row: HoldRow) -> dict[str, str]:
    return {**_detail(row), "purposes": ",".join(row.purposes), "reason": row.reason, "by": row.held_by}


def _json(value: dict[str, str]) -> str:
    return msgspec.json.encode(value).decode()
