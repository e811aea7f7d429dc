"""STOP channels in tests: a plan that names a code, and evidence laid into the past."""

from datetime import datetime, timedelta

from app import administration, clock
from app.auth import Caller, Role
from app.registry import Registry
from app.safeguards.plan import MARKETING, Plan
from tests.world import ACTOR, SALON, SPA, World

OWN_CODE, SHARED_CODE = "36444", "36555"
"""Codes of the salon alone, and of both senders, that nothing has proven yet; the world's own are proven."""


async def add_unproven_codes(world: World) -> None:
    """Add the two codes to every connection."""
    registry = world.registry
    await administration.add_code(registry, ACTOR, OWN_CODE, [SALON], [], "non surtaxé")
    await administration.add_code(registry, ACTOR, SHARED_CODE, [SALON, SPA], [], "non surtaxé")
    async with registry.pool.acquire() as db:
        await db.execute("UPDATE connection SET codes = codes || $1::text[]", [OWN_CODE, SHARED_CODE])
    await registry.directory.current(max_age_seconds=0)


async def plan(registry: Registry, code: str | None = OWN_CODE, purpose: str = MARKETING) -> Plan:
    """A sending of the salon that tells people to answer this code."""
    sender = await registry.directory.sender(SALON)
    now = clock.now()
    return Plan(
        sender=sender,
        caller=Caller("tests", Role.SENDER, "tests", (sender.sender_id,)),
        purpose=purpose,
        campaign="soldes-hiver",
        short_code=code,
        route="agregateur",
        sender_id="SALON",
        send_at=now,
        send_minutes=30,
        text=f"Soldes ! STOP {code}",
        numbers=2,
    )


async def backdate(world: World, code: str, days: float) -> None:
    """Lay everything that is known of a code's channels so many days back."""
    back = timedelta(days=days)
    async with world.registry.pool.acquire() as db:
        await db.execute(
            "UPDATE channel SET stop_at = stop_at - $1::interval, canary_at = canary_at - $1::interval, "
            "since = since - $1::interval WHERE code = $2",
            back,
            code,
        )
        await db.execute("UPDATE code_cleared SET minute = minute - $1::interval WHERE code = $2", back, code)
        await db.execute("UPDATE channel_day SET day = day - $1::integer WHERE code = $2", int(days), code)


async def sent(registry: Registry, code: str, numbers: int, at: datetime) -> None:
    """Note numbers cleared for a code at an instant, and let every process see them."""
    registry.pulse.cleared(code, numbers, at)
    await registry.pulse.write()


async def timeline(registry: Registry, code: str = OWN_CODE) -> list[tuple[str, str, str]]:
    """(connection, was, became), oldest first."""
    async with registry.pool.acquire() as db:
        rows = await db.fetch(
            "SELECT n.slug, e.was, e.became FROM channel_event e JOIN connection n USING (connection_id) "
            "WHERE e.code = $1 ORDER BY e.event_id",
            code,
        )
    return [tuple(row) for row in rows]
