"""Standing clearances: issued and ended by an administrator, published as denied, told of after use (D8).

Not to be taken for `standing`, which is who is opposed.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import msgspec

from app import administration, clearance, clock, standing_clearance
from app.alarms import Kind
from app.auth import Caller, Role
from app.directory import Sender
from app.errors import ConflictError, InvalidValueError, KeyReusedError, NotFoundError
from app.queries import setup
from app.queries import standing_clearances as rows
from app.queries.standing_clearances import StandingRow, UseRow
from app.registry import Registry
from app.review import said_why
from app.safeguards.plan import EMERGENCY
from app.safeguards.purposes import require_grant
from app.standing_clearance import Denied, Shown, StandingTerms

ACTING = (Role.SENDER, Role.DELEGATE)
GATEWAY = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
SENDER_ID = re.compile(r"[^\x00-\x1f\x7f]{1,20}")
DAILY_CAP_MAX = 100_000_000
LISTED_MAX = 1_000
AHEAD_MAX: Final = timedelta(minutes=5)
"""Clocks differ."""
ONE_LINE = r"\A[^\x00-\x1f\x7f]*\Z"
WORD = r"\A[A-Za-z0-9._-]+\Z"
OVER_CAP = "over-cap"


class Issued(msgspec.Struct, frozen=True):
    """A standing clearance and its token."""

    terms: StandingTerms
    token: str


class Listed(msgspec.Struct, frozen=True):
    """A standing clearance as an administrator sees it."""

    terms: StandingTerms
    issued_by: str
    revoked_at: datetime | None
    revoked_reason: str | None


class Use(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a gateway sent at once under a standing clearance."""

    gateway: Annotated[str, msgspec.Meta(max_length=63, pattern=WORD)]
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    count: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    use_id: Annotated[str, msgspec.Meta(max_length=64, pattern=WORD)]
    campaign: Annotated[str, msgspec.Meta(max_length=200, pattern=ONE_LINE)] | None = None
    drill: bool = False


class Told(msgspec.Struct, frozen=True):
    """A use is on record. remarks: what of it went beyond the terms; it was sent all the same, and a person is told."""

    use_id: str
    remarks: Sequence[str]


async def issue(
    registry: Registry, actor: str, slug: str, sender_ids: Sequence[str], gateways: Sequence[str], daily_cap: int
) -> Issued:
    """Issue one for 90 days; ForbiddenError unless the sender was granted `emergency`."""
    sender = await administration.sender_named(registry, slug)
    require_grant(slug, sender.profile, EMERGENCY)
    _require(SENDER_ID, sender_ids, "Name what phones show as the sender: at least one, of at most 20 characters.")
    _require(GATEWAY, gateways, "Name the gateways that may use it: small letters, digits, dots and dashes each.")
    if not 1 <= daily_cap <= DAILY_CAP_MAX:
        raise InvalidValueError(f"The daily cap is between 1 and {DAILY_CAP_MAX:,} messages.")
    now = clock.now()
    terms = StandingTerms(
        iss=registry.origin,
        jti=clock.new_id(standing_clearance.PREFIX),
        iat=int(now.timestamp()),
        nbf=int(now.timestamp()),
        exp=int((now + standing_clearance.LIFE).timestamp()),
        sender=slug,
        sender_ids=tuple(sender_ids),
        gateways=tuple(gateways),
        daily_cap=daily_cap,
    )
    payload = msgspec.json.encode(terms)
    generation = await registry.directory.signing_generation(clearance.SIGNING_PURPOSE)
    row = StandingRow(sender.sender_id, terms.jti, now, actor, terms.expires_at, payload, None, None)
    said = _said(terms) | {"by": actor, "terms": clearance.digest(payload)}
    async with registry.pool.acquire() as db, db.transaction():
        await rows.add_standing(db, row, generation)
        await setup.journal_admin(db, now, actor, "standing.issue", terms.jti, _json(said), [sender.sender_id])
    # The token leaves only after the ledger has it.
    await administration.note(registry, sender.sender_id, "standing-issue", terms.jti, said)
    key = registry.root.signing_key(generation, clearance.SIGNING_PURPOSE)
    return Issued(terms, standing_clearance.sign(payload, key))


async def revoke(registry: Registry, actor: str, standing_id: str, reason: str) -> None:
    """End one before its time: it is on the published list from then on. ConflictError when it was ended already."""
    said = said_why(reason)
    senders = (await registry.directory.current(max_age_seconds=0)).senders
    now = clock.now()
    async with registry.pool.acquire() as db, db.transaction():
        row = await rows.find_standing(db, list(senders), standing_id)
        if row is None:
            raise NotFoundError("There is no such standing clearance; see `stop-registry clearance standing list`.")
        if not await rows.revoke_standing(db, row.sender_id, standing_id, now, said):
            raise ConflictError("It was ended already.")
        await setup.journal_admin(
            db, now, actor, "standing.revoke", standing_id, _json({"reason": said}), [row.sender_id]
        )
    await administration.note(registry, row.sender_id, "standing-revoke", standing_id, {"reason": said, "by": actor})


async def listed(registry: Registry) -> list[Listed]:
    """Return all of them, the newest first."""
    async with registry.pool.acquire() as db:
        found = await rows.standing_listed(db, LISTED_MAX)
    return [Listed(_terms(row), row.issued_by, row.revoked_at, row.revoked_reason) for row in found]


async def denied(registry: Registry) -> str:
    """Return the signed list of those that ended before their time."""
    now = clock.now()
    async with registry.pool.acquire() as db:
        revoked = await rows.denied_standing(db, now)
    until = int((now + standing_clearance.DENIED_LIFE).timestamp())
    said = Denied(iss=registry.origin, iat=int(now.timestamp()), exp=until, revoked=revoked)
    generation = await registry.directory.signing_generation(clearance.SIGNING_PURPOSE)
    return standing_clearance.sign_denied(said, registry.root.signing_key(generation, clearance.SIGNING_PURPOSE))


async def tell(registry: Registry, caller: Caller, standing_id: str, body: bytes) -> Told:
    """Take what was sent under a standing clearance, once for each `use_id`.

    Nothing about it is refused for what it says: the messages are out. What goes beyond the terms is told to a person.
    """
    caller.require(*ACTING)
    use = msgspec.json.decode(body, type=Use)
    now = clock.now()
    if use.at > now + AHEAD_MAX:
        raise InvalidValueError("`at` lies in the future; a use is told after it was sent.")
    row = await _of_caller(registry, caller, standing_id)
    terms, sender = _terms(row), await registry.directory.sender_by_id(row.sender_id)
    if sender is None:
        raise NotFoundError("There is no such standing clearance.")
    told = UseRow(use.gateway, use.at.astimezone(UTC), use.count, use.campaign, use.drill)
    async with registry.pool.acquire() as db, db.transaction():
        new = await rows.tell_use(db, row.sender_id, standing_id, use.use_id, told, caller.key_id, now)
        if not new and await rows.find_use(db, row.sender_id, standing_id, use.use_id) != told:
            raise KeyReusedError("This use_id belongs to another use; take a new one for each.")
        day = told.at.replace(hour=0, minute=0, second=0, microsecond=0)
        used = await rows.used_between(db, row.sender_id, standing_id, day, day + timedelta(days=1))
        remarks = _remarks(row, terms, told, used)
        if new:
            # Before the row is committed: where either fails, the gateway tells it again.
            detail = _detail(use, remarks) | {"by": caller.key_id}
            await administration.note(registry, row.sender_id, "emergency-use", standing_id, detail)
    if remarks:
        _alarm(registry, sender, standing_id, remarks, used, terms)
    return Told(use.use_id, remarks)


async def _of_caller(registry: Registry, caller: Caller, standing_id: str) -> StandingRow:
    row = None
    if standing_clearance.is_id(standing_id):
        async with registry.pool.acquire() as db:
            row = await rows.find_standing(db, caller.sender_ids, standing_id)
    if row is None:
        raise NotFoundError("There is no such standing clearance.")
    return row


def _remarks(row: StandingRow, terms: StandingTerms, told: UseRow, used: int) -> list[str]:
    """Name what went beyond the terms, as they were when it was sent."""
    found = [fault.what for fault in standing_clearance.faults(terms, Shown(now=told.at, gateway=told.gateway))]
    if row.revoked_at is not None and told.at >= row.revoked_at:
        found.append("revoked")
    return [*found, *([OVER_CAP] if used > terms.daily_cap else [])]


def _alarm(
    registry: Registry, sender: Sender, standing_id: str, remarks: Sequence[str], used: int, terms: StandingTerms
) -> None:
    registry.alarms.raise_alarm(
        Kind.STANDING_EXCEEDED,
        f"{sender.slug}: {standing_id}",
        f"Alerts went out under this standing clearance beyond its terms ({', '.join(remarks)}): {used} messages that "
        f"day, {terms.daily_cap} foreseen. They were not held up. If this was nobody's intent: `stop-registry "
        f"clearance standing revoke {standing_id} --reason …`.",
    )


def _detail(use: Use, remarks: Sequence[str]) -> dict[str, str]:
    return {
        "use": use.use_id,
        "gateway": use.gateway,
        "at": use.at.astimezone(UTC).isoformat(),
        "count": str(use.count),
        "campaign": use.campaign or "",
        "drill": "yes" if use.drill else "no",
        "remarks": ",".join(remarks),
    }


def _terms(row: StandingRow) -> StandingTerms:
    return msgspec.json.decode(row.terms, type=StandingTerms)


def _said(terms: StandingTerms) -> dict[str, str]:
    return {
        "sender_ids": ",".join(terms.sender_ids),
        "gateways": ",".join(terms.gateways),
        "daily_cap": str(terms.daily_cap),
        "expires_at": terms.expires_at.isoformat(),
    }


def _json(value: dict[str, str]) -> str:
    return msgspec.json.encode(value).decode()


def _require(pattern: re.Pattern[str], values: Sequence[str], message: str) -> None:
    if not values or not all(pattern.fullmatch(value) for value in values):
        raise InvalidValueError(message)
