"""Is this registry set up so that checks will pass and STOPs arrive? One finding a line, each with what to do.

finding.py      what is found
foundations.py  the database, the schema and the key, before anything can be opened
routes.py       what is declared about each operator connection
channels.py     what is proven of each code's STOP channels
senders.py      each sender's profile, codes, texts and routes
witness.py      whether the database is the one that this node has cleared from
restoring.py    accepting that it is not
standing.py     STOP channels, what waits on this node, and the alarms that are open

To judge more, write `async def check(registry) -> Sequence[Finding]` and name it in CHECKS.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from app.doctor import channels, foundations, routes, senders, standing, witness
from app.doctor.finding import Finding, Level
from app.registry import Registry, open_registry
from app.settings import Settings

__all__ = ["CHECKS", "Finding", "Level", "examine"]

CHECKS: tuple[Callable[[Registry], Awaitable[Sequence[Finding]]], ...] = (
    routes.check,
    channels.check,
    senders.check,
    witness.check,
    standing.check_spool,
    standing.check_alarms,
)


async def examine(settings: Settings, database_url: str) -> AsyncIterator[Finding]:
    """Yield every finding; what stands on something that failed is left out."""
    sound = True
    async for found in foundations.findings(settings, database_url):
        sound = sound and found.level is not Level.FAIL
        yield found
    if not sound:
        return
    async with open_registry(settings, database_url) as registry:
        for check in CHECKS:
            for found in await check(registry):
                yield found
