"""How much processor time a rotation of a million people takes: `python -m tests.bench.rotation [PEOPLE]`."""

import asyncio
import resource
import sys
import tempfile
from pathlib import Path

import numpy as np

from app import administration, clock, rotation
from app.database import embedded_postgres
from app.registry import open_registry
from app.settings import Settings
from tests.bench.stage import seed
from tests.world import ACTOR, found

BRAND = "marque"
TICKS_PER_SECOND = 100
OPENINGS = "INSERT INTO opening SELECT $1, tag, row_number() OVER (), uuid_send(gen_random_uuid()) FROM opt_out"


def postgres_seconds(data_dir: Path) -> float:
    """Processor time of the server and all its processes, those that have ended included."""
    postmaster = int(next(data_dir.rglob("postmaster.pid")).read_text().split()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    own = _times(postmaster)
    return (sum(own) + sum(sum(_times(int(child))[:2]) for child in children)) / TICKS_PER_SECOND


def _times(pid: int) -> list[int]:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return [int(field) for field in fields[11:15]]  # utime, stime, and those of children waited for


async def measured(settings: Settings, database_url: str, people: int) -> None:
    await found(settings, database_url)
    async with open_registry(settings, database_url) as registry:
        sender_id = await administration.add_sender(registry, ACTOR, BRAND, "Marque")
        chance = np.random.default_rng(1)
        opposed = chance.integers(-(2**63), 2**63 - 1, people, dtype=np.int64)
        async with registry.pool.acquire() as db:
            await seed(db, sender_id, opposed)
            await db.execute(OPENINGS, sender_id)
        before, began, at = postgres_seconds(settings.data_dir), resource.getrusage(resource.RUSAGE_SELF), clock.now()
        flipped = []

        async def prepared() -> None:
            flipped.append((clock.now() - at).total_seconds())

        await rotation.rotate(registry, ACTOR, BRAND, "Mesure", sweep_after_seconds=0, paused=prepared)
        ended = resource.getrusage(resource.RUSAGE_SELF)
        ours = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
        theirs = postgres_seconds(settings.data_dir) - before
        lasted = (clock.now() - at).total_seconds()
        sys.stdout.write(
            f"{people:,} opt-outs and as many openings\n"
            f"new key in force after {flipped[0]:.1f} s, former tags removed after {lasted:.1f} s\n"
            f"processor: {ours:.1f} s ours + {theirs:.1f} s PostgreSQL = {ours + theirs:.1f} s\n"
        )


def main() -> None:
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        with embedded_postgres(settings.data_dir) as database_url:
            asyncio.run(measured(settings, database_url, people))


if __name__ == "__main__":
    main()
