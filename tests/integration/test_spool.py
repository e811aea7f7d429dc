"""The spool's files: what survives which accident, and who may touch whose segment."""

import asyncio
import multiprocessing
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.keys import Root
from app.operators import Request
from app.spool import Spool, Spooled, SpoolFullError

pytestmark = pytest.mark.anyio
ROOT = Root(bytes(range(32)))
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def record(number: int, body: bytes = b"{}") -> Spooled:
    request = Request("POST", f"/v1/mo/{number}", b"", {}, body, "10.0.0.1")
    return Spooled(connection_id=1, slug="agregateur", received_at=NOON, stale=False, request=request)


def spool_in(folder: Path, bytes_max: int = 1_000_000) -> Spool:
    return Spool(folder / "spool", ROOT, bytes_max)


async def left_behind(folder: Path, *records: Spooled) -> Path:
    """Put records and end, as a process does; return the segment."""
    spool = spool_in(folder)
    for one in records:
        await spool.put(one)
    await spool.close()
    [path] = (folder / "spool").iterdir()
    return path


async def found_in(folder: Path) -> tuple[list[Spooled], bool]:
    spool = spool_in(folder)
    [segment] = await spool.take_over()
    found = spool.read(segment)
    await spool.close()
    return found


async def test_what_was_put_is_read_again_in_order(tmp_path):
    records = [record(n, os.urandom(n)) for n in range(20)]
    await left_behind(tmp_path, *records)

    assert await found_in(tmp_path) == (records, True)


async def test_nothing_waits_before_the_first_and_after_the_last_record(tmp_path):
    spool = spool_in(tmp_path)
    assert spool.is_empty()
    await spool.put(record(1))
    assert not spool.is_empty()
    [segment] = await spool.take_over()
    spool.finish(segment, intact=True)

    assert spool.is_empty()
    assert list((tmp_path / "spool").iterdir()) == []
    await spool.put(record(1))  # the same request again, after it was drained
    assert not spool.is_empty()
    await spool.close()


async def test_a_burst_shares_a_few_fsyncs(tmp_path, monkeypatch):
    synced = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (synced.append(descriptor), fsync(descriptor)))
    spool = spool_in(tmp_path)
    await asyncio.gather(*(spool.put(record(n)) for n in range(500)))
    await spool.close()

    assert len((await found_in(tmp_path))[0]) == 500
    assert len(synced) < 20


async def test_the_same_request_is_kept_once_however_often_it_comes(tmp_path):
    spool = spool_in(tmp_path)
    await asyncio.gather(*(spool.put(record(1)) for _ in range(50)))
    await spool.put(record(1))
    await spool.close()

    assert await found_in(tmp_path) == ([record(1)], True)


@pytest.mark.parametrize("lost_bytes", [1, 20, 60])
async def test_a_torn_tail_costs_only_the_record_that_was_never_whole(tmp_path, lost_bytes):
    path = await left_behind(tmp_path, record(1), record(2))
    os.truncate(path, path.stat().st_size - lost_bytes)

    assert await found_in(tmp_path) == ([record(1)], True)


@pytest.mark.parametrize("place", [25, 40, -1])
async def test_a_changed_byte_is_noticed_and_nothing_is_deleted(tmp_path, place):
    path = await left_behind(tmp_path, record(1), record(2))
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    spool = spool_in(tmp_path)
    [segment] = await spool.take_over()
    records, intact = spool.read(segment)
    spool.finish(segment, intact=intact)

    assert intact is False
    assert records == [record(1)][: len(records)]
    assert [left.suffix for left in (tmp_path / "spool").iterdir()] == [".damaged"]
    assert spool.is_empty()


async def test_records_cannot_be_moved_to_another_segment(tmp_path):
    path = await left_behind(tmp_path, record(1))
    path.rename(path.with_stem("00000000000000000001-1-aaaaaaaa"))

    assert await found_in(tmp_path) == ([], False)


async def test_beyond_its_bound_it_refuses_and_keeps_what_it_has(tmp_path):
    spool = spool_in(tmp_path, bytes_max=1_000)
    results = await asyncio.gather(*(spool.put(record(n)) for n in range(50)), return_exceptions=True)
    await spool.close()

    kept = results.count(None)
    assert 0 < kept < 50
    assert all(isinstance(result, SpoolFullError) for result in results if result is not None)
    assert (await found_in(tmp_path))[0] == [record(n) for n in range(kept)]
    assert sum(path.stat().st_size for path in (tmp_path / "spool").iterdir()) <= 1_000


async def test_a_disk_that_takes_no_more_leaves_no_half_record(tmp_path, monkeypatch):
    spool = spool_in(tmp_path)
    await spool.put(record(1))
    write = os.write

    def full(descriptor: int, content: bytes) -> int:
        write(descriptor, bytes(content)[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(SpoolFullError):
        await spool.put(record(2))
    monkeypatch.undo()
    await spool.put(record(3))
    await spool.close()
    reader = spool_in(tmp_path)
    found = [reader.read(segment) for segment in await reader.take_over()]
    await reader.close()

    assert found == [([record(1)], True), ([record(3)], True)]


async def test_a_living_process_keeps_its_segment_to_itself(tmp_path):
    owner, other = spool_in(tmp_path), spool_in(tmp_path)
    await owner.put(record(1))

    assert await other.take_over() == []
    assert not other.is_empty()
    assert len(await owner.take_over()) == 1
    await owner.close()
    assert len(await other.take_over()) == 1
    await other.close()


def _die_with_a_record(folder: str) -> None:
    async def put() -> None:
        await spool_in(Path(folder)).put(record(1))
        os._exit(9)

    asyncio.run(put())


async def test_what_a_dead_process_left_goes_to_exactly_one_other(tmp_path):
    process = multiprocessing.get_context("spawn").Process(target=_die_with_a_record, args=(str(tmp_path),))
    process.start()
    await asyncio.to_thread(process.join, 30)
    first, second = spool_in(tmp_path), spool_in(tmp_path)
    taken = [await first.take_over(), await second.take_over()]

    assert [len(segments) for segments in taken] == [1, 0]
    assert first.read(taken[0][0]) == ([record(1)], True)
    await first.close()
