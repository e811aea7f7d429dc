"""What is measured: the registry as its own process on a durable database, with millions of opt-outs in it."""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from socket import create_connection
from typing import NamedTuple

import asyncpg
import numpy as np
from numpy.typing import NDArray

from app import administration, standing, tags
from app.administration import ConnectionPlan
from app.auth import Role
from app.database import embedded_postgres
from app.registry import Registry, open_registry
from app.settings import Settings
from tests.e2e.kannel import free_port
from tests.e2e.served import Served, served
from tests.world import ACTOR, DIRECT_ROUTE, SIGNED_SECRET, found, let_send

Numbers = NDArray[np.int64]

BRAND, BRAND_CODE = "marque", "36100"
CODES = tuple(str(36_101 + place) for place in range(8))
# French mobiles that no overseas territory shares; a prime, so that multiples of 48,271 visit every number once.
FIRST_MOBILE, MOBILES = 33 * 10**9 + 640_000_000, 47_999_969
HIT_SHARE = 0.03
COPIED_AT_ONCE = 200_000
HISTORY = standing.encode(standing.with_stop((), CODES[0], 1, datetime(2026, 1, 2, tzinfo=UTC)))
LONG_AGO = 800_000_000_000_000  # microseconds since 2000
OPT_OUT = np.dtype(
    [
        ("columns", ">i2"),
        ("l1", ">i4"), ("sender_id", ">i4"),
        ("l2", ">i4"), ("tag", ">i8"),
        ("l3", ">i4"), ("opposed", "u1"),
        ("l4", ">i4"), ("since", ">i8"),
        ("l5", ">i4"), ("source", "S2"),
        ("l6", ">i4"), ("changed_at_index", ">i8"),
        ("l7", ">i4"),
        ("l8", ">i4"), ("history", f"S{len(HISTORY)}"),
    ]
)  # fmt: skip
COLUMNS = ("sender_id", "tag", "opposed", "since", "source", "changed_at_index", "confirmed_at", "history")
STOP_SECONDS_MAX = 60
COPY_HEAD, COPY_TAIL = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


class Scale(NamedTuple):
    """How much is measured."""

    opt_outs: int
    numbers: int
    runs: int
    webhooks: int
    small_checks: int
    open_loop_seconds: float
    entries: int


FULL = Scale(10_000_000, 1_000_000, 5, 12_000, 1_000, 6.0, 1_000_000)
QUICK = Scale(200_000, 100_000, 3, 2_000, 200, 2.0, 200_000)
SMOKE = Scale(5_000, 2_000, 1, 60, 10, 0.2, 3_000)


class Stage(NamedTuple):
    """A running registry with everything needed to ask it."""

    settings: Settings
    database_url: str
    server: Served
    port: int
    empty_port: int
    key: str
    tag_key: bytes
    sender_id: int
    scale: Scale


def mobiles(first: int, count: int) -> Numbers:
    """Numbers of mobile phones in no order, none twice; ranges that do not overlap share none."""
    return FIRST_MOBILE + np.arange(first, first + count, dtype=np.int64) * 48_271 % MOBILES


def batch(scale: Scale, which: int) -> Numbers:
    """The numbers of one campaign; batches share nobody."""
    return mobiles(which * scale.numbers, scale.numbers)


def opposed_of(numbers: Numbers) -> Numbers:
    """Those of a batch that are opposed: 3 %, evenly through it."""
    return numbers[:: round(1 / HIT_SHARE)]


@contextmanager
def opened(folder: Path, scale: Scale) -> Iterator[Stage]:
    """Found a registry on a durable database of its own, fill it, serve it and an empty application beside it."""
    settings = Settings(data_dir=folder)
    with embedded_postgres(settings.data_dir) as database_url:
        key, tag_key, sender_id = asyncio.run(_populated(settings, database_url, scale))
        with served(settings, database_url, folder) as server, empty_application(folder) as empty_port:
            port = int(server.url.rpartition(":")[2])
            yield Stage(settings, database_url, server, port, empty_port, key, tag_key, sender_id, scale)
    _until_stopped(folder)


def _until_stopped(folder: Path) -> None:
    """Wait until nobody writes there any more: the keeper of a database stops it some time after its last user."""
    deadline = time.monotonic() + STOP_SECONDS_MAX
    while (folder / "postgres" / "data" / "postmaster.pid").exists() and time.monotonic() < deadline:
        time.sleep(0.05)


async def _populated(settings: Settings, database_url: str, scale: Scale) -> tuple[str, bytes, int]:
    await found(settings, database_url)
    async with open_registry(settings, database_url) as registry:
        key = await _set_up(registry)
        sender = await registry.directory.sender(BRAND)
        assert sender is not None
        hits = np.concatenate([opposed_of(batch(scale, which)) for which in range(2)])
        async with registry.pool.acquire() as db:
            await seed(db, sender.sender_id, opposed_tags(sender.key, hits, scale.opt_outs))
    return key, sender.key, sender.sender_id


async def _set_up(registry: Registry) -> str:
    """A brand whose list is checked, and one dedicated code each for eight others."""
    await administration.add_sender(registry, ACTOR, BRAND, "Marque")
    await administration.add_code(registry, ACTOR, BRAND_CODE, [BRAND], [], "non surtaxé")
    for code in CODES:
        await administration.add_sender(registry, ACTOR, f"{BRAND}-{code}", f"Marque {code}")
        await administration.add_code(registry, ACTOR, code, [f"{BRAND}-{code}"], [], "non surtaxé")
    plan = ConnectionPlan("agregateur", "standard_webhooks", secrets=(SIGNED_SECRET,), codes=(BRAND_CODE, *CODES))
    await administration.add_connection(registry, ACTOR, plan)
    await administration.declare(registry, ACTOR, plan.slug, DIRECT_ROUTE)
    await let_send(registry, BRAND, BRAND_CODE)
    return await administration.issue_key(registry, ACTOR, Role.SENDER, "CRM", [BRAND])


def opposed_tags(key: bytes, hits: Numbers, count: int) -> Numbers:
    """The tags of the hits among random others, in no order, as STOPs arrive."""
    chance = np.random.default_rng(1)
    others = chance.integers(-(2**63), 2**63 - 1, max(0, count - hits.size), dtype=np.int64)
    every = np.concatenate([tags.tags(key, hits), others])
    chance.shuffle(every)
    return every


async def seed(db: asyncpg.Connection, sender_id: int, opposed: Numbers) -> None:
    """Write the list straight into the table, past the ledger, and say so by a new generation."""

    async def stream() -> AsyncIterator[bytes]:
        yield COPY_HEAD
        for start in range(0, opposed.size, COPIED_AT_ONCE):
            yield _rows(sender_id, opposed[start : start + COPIED_AT_ONCE])
        yield COPY_TAIL

    await db.copy_to_table("opt_out", source=stream(), columns=COLUMNS, format="binary")
    await db.execute("UPDATE ledger_head SET generation = generation + 1 WHERE sender_id = $1", sender_id)
    await db.execute("VACUUM (ANALYZE) opt_out")
    await db.execute("CHECKPOINT")


def _rows(sender_id: int, opposed: Numbers) -> bytes:
    rows = np.zeros(opposed.size, OPT_OUT)
    rows["columns"], rows["l7"] = len(COLUMNS), -1
    for name, width in (("l1", 4), ("l2", 8), ("l3", 1), ("l4", 8), ("l5", 2), ("l6", 8), ("l8", len(HISTORY))):
        rows[name] = width
    rows["sender_id"], rows["tag"], rows["opposed"], rows["since"] = sender_id, opposed, 1, LONG_AGO
    rows["source"], rows["history"] = b"mo", HISTORY
    return rows.tobytes()


@contextmanager
def empty_application(folder: Path) -> Iterator[int]:
    """Serve the application that does nothing, in a process of its own; the port is yielded."""
    port = free_port()
    with process([sys.executable, "-m", "tests.bench.empty", str(port)], folder / "empty.log", port):
        yield port


@contextmanager
def process(command: Sequence[str], log: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the context ends; it is ready when its port answers."""
    with log.open("wb") as output:
        running = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    try:
        until(lambda: _answers(port), f"{command[0]}: {log}")
        yield running
    finally:
        running.terminate()
        running.wait(30)


def until(done: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait for something, but not for ever."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.05)


def _answers(port: int) -> bool:
    try:
        create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def memory(pid: int, name: str = "VmRSS") -> int:
    """Bytes of memory a process holds (VmRSS), or held at most since `forget_peak` (VmHWM)."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def forget_peak(pid: int) -> None:
    """Let the peak of a process begin anew (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def new_generation(stage: Stage) -> None:
    """Make every index of the brand cold."""

    async def work() -> None:
        db = await asyncpg.connect(stage.database_url)
        await db.execute("UPDATE ledger_head SET generation = generation + 1 WHERE sender_id = $1", stage.sender_id)
        await db.close()

    asyncio.run(work())
