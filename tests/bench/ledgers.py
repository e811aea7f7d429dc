"""A long ledger in the database: its export over HTTP beside a plain COPY of the table, and its verification."""

import asyncio
import http.client
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from app import administration, ledger
from app.auth import Role
from app.registry import open_registry
from tests.bench import figures, stage
from tests.bench.figures import Figure
from tests.e2e.exports import line
from tests.world import ACTOR

if TYPE_CHECKING:
    from tests.bench.measures import Bench

OWNER, BRIEF = "preuve", "preuve-courte"
PAGE = 20_000
READ_BYTES = 1 << 20
MEGABYTE = 1e6


def export_and_copy(bench: "Bench", folder: Path) -> Iterator[Figure]:
    """Alternating, on the same table; then what the export needed, and how long its verification takes."""
    opened = bench.stage
    key = asyncio.run(_fill(opened))
    file = folder / "export.zip"
    _export(opened.port, key, BRIEF, folder / "brief.zip")  # whatever a first export loads is loaded
    assert opened.server.process is not None
    pid, ours, theirs = opened.server.process.pid, list[float](), list[float]()
    idle = stage.memory(pid)
    stage.forget_peak(pid)
    for _ in range(min(3, opened.scale.runs)):
        theirs.append(asyncio.run(_copy(opened.database_url)))
        ours.append(_export(opened.port, key, OWNER, file))
    peak = stage.memory(pid, "VmHWM")
    count, copied, exported = opened.scale.entries, statistics.median(theirs), statistics.median(ours)
    told = f"{exported:.3g} s against {copied:.3g} s for {count:,} entries"
    yield Figure(figures.EXPORT, copied / exported, told)
    told = f"{idle / MEGABYTE:.0f} MB idle, {peak / MEGABYTE:.0f} MB at most"
    yield Figure(figures.EXPORT_MEMORY, (peak - idle) / MEGABYTE, told)
    seconds = _verified(file, count) * 1_000_000 / count
    yield Figure(figures.VERIFY, seconds, f"{count:,} entries, {file.stat().st_size / MEGABYTE:.0f} MB")


async def _fill(opened: stage.Stage) -> str:
    """Found two senders and write a long ledger for one of them, past the sequencer; return a key of an auditor."""
    async with open_registry(opened.settings, opened.database_url) as registry:
        for slug in (OWNER, BRIEF):
            await administration.add_sender(registry, ACTOR, slug, "Preuve")
        key = await administration.issue_key(registry, ACTOR, Role.AUDITOR, "contrôle", [OWNER, BRIEF])
        sender = await registry.directory.sender(OWNER)
        assert sender is not None
        async with registry.pool.acquire() as db:
            await db.execute("DELETE FROM ledger_entry WHERE sender_id = $1", sender.sender_id)
            frontier = await _write(db, sender.sender_id, opened.scale.entries)
            await db.execute(
                "UPDATE ledger_head SET size = $2, peaks = $3 WHERE sender_id = $1",
                *(sender.sender_id, frontier.size, frontier.peaks),
            )
            await db.execute("VACUUM (ANALYZE) ledger_entry")
            await db.execute("CHECKPOINT")
    return key


async def _write(db: asyncpg.Connection, sender_id: int, count: int) -> ledger.Frontier:
    opening, _, rest = line(2).partition(b":2,")
    frontier = ledger.EMPTY
    for first in range(0, count, PAGE):
        lines = [b"%s:%d,%s" % (opening, index, rest) for index in range(first, min(first + PAGE, count))]
        frontier = ledger.append(frontier, [ledger.leaf_hash(entry) for entry in lines])
        rows = [(sender_id, first + place, entry) for place, entry in enumerate(lines)]
        await db.copy_records_to_table("ledger_entry", records=rows)
    return frontier


async def _copy(database_url: str) -> float:
    async def forget(_: bytes) -> None:
        """Take what comes, as a disk that costs nothing would."""

    db = await asyncpg.connect(database_url)
    begun = time.perf_counter()
    await db.copy_from_table("ledger_entry", output=forget)
    seconds = time.perf_counter() - begun
    await db.close()
    return seconds


def _export(port: int, key: str, slug: str, file: Path) -> float:
    asking = http.client.HTTPConnection("127.0.0.1", port)
    begun = time.perf_counter()
    asking.request("GET", f"/v1/audit/export?sender={slug}", headers={"authorization": f"Bearer {key}"})
    answer = asking.getresponse()
    assert answer.status == http.HTTPStatus.OK
    with file.open("wb") as out:
        while piece := answer.read(READ_BYTES):
            out.write(piece)
    seconds = time.perf_counter() - begun
    asking.close()
    return seconds


def _verified(file: Path, count: int) -> float:
    """Seconds of the verification in a process of its own, without those of its start."""
    program = (
        "import json,sys,time;from pathlib import Path;from app import evidence;begun=time.perf_counter();"
        "report=evidence.verify_export(Path(sys.argv[1]),None);"
        "print(json.dumps([list(report.findings),report.size,time.perf_counter()-begun]))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(file)], capture_output=True, check=True, text=True)
    findings, size, seconds = json.loads(done.stdout)
    assert not findings
    assert size >= count  # each export before it left an entry
    return float(seconds)
