"""What a sender would use instead: a set in Redis without any protection, or keyed hashes in a plain table."""

import hmac
import shutil
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import asyncpg
import numpy as np
import redis

from tests.bench.stage import COPIED_AT_ONCE, COPY_HEAD, COPY_TAIL, Numbers, process
from tests.e2e.kannel import free_port

SET = "opt-outs"
MEMBERS_AT_ONCE = 10_000
HASH_KEY = b"a key of the rival, 32 bytes long"
HASHED = np.dtype([("columns", ">i2"), ("length", ">i4"), ("tag", "V32")])


def spelled(numbers: Numbers) -> list[str]:
    return [f"+{number}" for number in numbers.tolist()]


# --- Redis -----------------------------------------------------------------------------------------------------------


@contextmanager
def redis_set(folder: Path, opposed: Numbers) -> Iterator["redis.Redis | None"]:
    """A running Redis that holds the numbers in plain text; None where Debian's redis-server is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    with process([program, *options], folder / "redis.log", port), redis.Redis(port=port) as client:
        _fill(client, opposed)
        yield client


def _fill(client: "redis.Redis", opposed: Numbers) -> None:
    for start in range(0, opposed.size, MEMBERS_AT_ONCE):
        client.sadd(SET, *spelled(opposed[start : start + MEMBERS_AT_ONCE]))


def ask_redis(client: "redis.Redis", batch: Sequence[str], expected: int) -> float:
    """Seconds of one SMISMEMBER."""
    begun = time.perf_counter()
    answer = client.smismember(SET, batch)
    seconds = time.perf_counter() - begun
    assert sum(answer) == expected
    return seconds


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def keyed(batch: Sequence[str]) -> list[bytes]:
    return [hmac.digest(HASH_KEY, number.encode(), sha256) for number in batch]


async def fill_table(database_url: str, hits: Sequence[str], count: int) -> None:
    """A table of keyed hashes: those of the hits, and random ones."""
    db = await asyncpg.connect(database_url)
    chance = np.random.default_rng(3)

    async def stream() -> AsyncIterator[bytes]:
        yield COPY_HEAD
        yield _hashes(b"".join(keyed(hits)))
        for start in range(len(hits), count, COPIED_AT_ONCE):
            yield _hashes(chance.bytes(32 * min(COPIED_AT_ONCE, count - start)))
        yield COPY_TAIL

    await db.execute("CREATE TABLE rival (tag bytea NOT NULL)")
    await db.copy_to_table("rival", source=stream(), columns=["tag"], format="binary")
    await db.execute("ALTER TABLE rival ADD PRIMARY KEY (tag)", timeout=600)
    await db.execute("VACUUM (ANALYZE) rival")
    await db.execute("CHECKPOINT")
    await db.close()


def _hashes(joined: bytes) -> bytes:
    rows = np.zeros(len(joined) // 32, HASHED)
    rows["columns"], rows["length"], rows["tag"] = 1, 32, np.frombuffer(joined, "V32")
    return rows.tobytes()


async def ask_table(database_url: str, batch: Sequence[str], expected: int) -> float:
    """Seconds of hashing the batch and asking the table for it."""
    db = await asyncpg.connect(database_url)
    begun = time.perf_counter()
    answer = await db.fetch("SELECT tag FROM rival WHERE tag = ANY ($1::bytea[])", keyed(batch))
    seconds = time.perf_counter() - begun
    await db.close()
    assert len(answer) == expected
    return seconds
