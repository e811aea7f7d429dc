"""How the registry stands at this moment: what waits on this node, and what a person has not seen to yet."""

from collections.abc import Sequence

from app.doctor.finding import Finding, fail, ok, warn
from app.queries import alarms
from app.registry import Registry
from app.safeguards.channels import channel_findings

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


async def check_channels(registry: Registry) -> Sequence[Finding]:
    """Tell of each code whether a STOP to it would arrive."""
    told = {"ok": ok, "warning": warn, "error": fail}
    return [told[level]("STOP channel", sentence) for level, sentence in await channel_findings(registry)]
