"""How the registry stands at this moment: what waits on this node, and what a person has not seen to yet."""

from collections.abc import Sequence

from app.doctor.finding import Finding, fail, ok, warn
from app.queries import alarms
from app.registry import Registry

ALARMS_SHOWN_MAX = 100


async def check_spool(registry: Registry) -> Sequence[Finding]:
    """Messages that wait on this node's disk refuse every check until the database has them."""
    if registry.spool.is_empty():
        return [ok("spool", "nothing waits on this node")]
    return [fail("spool", "messages wait on this node, and its checks with them: start `stop-registry serve` here")]


async def check_alarms(registry: Registry) -> Sequence[Finding]:
    """List the open alarms."""
    async with registry.pool.acquire() as db:
        rows = await alarms.list_alarms(db, closed_too=False, limit=ALARMS_SHOWN_MAX)
    found = [
        warn(f"alarm {row.kind} of {row.subject}", f"{row.detail} (`stop-registry alarms --close {row.alarm_id}`)")
        for row in rows
    ]
    return found or [ok("alarms", "none is open")]
