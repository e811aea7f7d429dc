"""Would a STOP arrive: what is proven of each code that senders use."""

from collections.abc import Sequence

from app.doctor.finding import Finding, Level
from app.registry import Registry
from app.safeguards import channels

LEVELS = {channels.OK: Level.OK, channels.WARNING: Level.WARN, channels.ERROR: Level.FAIL}


async def check(registry: Registry) -> Sequence[Finding]:
    """A code that nothing has proven refuses every commercial message that names it."""
    found = []
    for level, text in await channels.channel_findings(registry):
        code, _, told = text.partition(": ")
        found.append(Finding(LEVELS[level], f"STOP channel {code}", told))
    return found
