"""The record of a check, committed before its answer leaves (D6).

Order of durability: the cleared tags are committed first, then the check's ledger entry and record; only then the
answer leaves. Were it the other way round, a crash would leave an answer that nothing can explain.
"""

import asyncio
import hashlib
from datetime import datetime

import msgspec

from app import ledger
from app.appends import CheckRow, Record, Replay
from app.auth import Caller
from app.check.asking import SCREEN, Asked, Fields
from app.check.gate import in_thread
from app.directory import Sender
from app.index import Version
from app.queries import checks
from app.registry import Registry
from app.verdict import Verdict

INLINE_CLEARED_BYTES_MAX = 8_000  # a thousand tags


class Case(msgspec.Struct, frozen=True):
    """Who asks what for which sender."""

    registry: Registry
    caller: Caller
    asked: Asked
    fields: Fields
    sender: Sender

    @property
    def purpose(self) -> str:
        """What the check is recorded as: a screen sends nothing, so it is a purpose of its own."""
        return SCREEN if self.asked.screen else self.fields.purpose


async def record(
    case: Case, version: Version, judged: Verdict, check_id: str, now: datetime, replay: Replay | None
) -> None:
    """Commit whom a check cleared and that it was asked; a screen clears nobody."""
    cleared = bytes(judged.record())
    inline = len(cleared) <= INLINE_CLEARED_BYTES_MAX
    digesting = in_thread(len(cleared), lambda: hashlib.sha256(cleared).hexdigest())
    if inline:
        digest = await digesting
    else:
        _, digest = await asyncio.gather(_store(case, check_id, now, cleared), digesting)
    counts = ledger.Counts(**msgspec.structs.asdict(judged.counts))
    row = CheckRow(
        sender_id=case.sender.sender_id,
        check_id=check_id,
        key_id=case.caller.key_id,
        purpose=case.purpose,
        campaign=case.fields.campaign,
        checked_at=now,
        evaluated_at=version.size,
        counts=msgspec.json.encode(counts).decode(),
        cleared=cleared if inline and not case.asked.screen else None,
        replay=replay,
    )

    def build(index: int) -> ledger.Entry:
        return ledger.CheckEntry(
            index=index,
            recorded=ledger.timestamp(now),
            check=check_id,
            caller=case.caller.key_id,
            purpose=case.purpose,
            campaign=case.fields.campaign,
            evaluated_at=version.size,
            counts=counts,
            cleared=judged.cleared.size,
            batch=digest,
        )

    work = Record(case.sender.sender_id, build, row)
    await case.registry.sequencer.record(work, case.registry.settings.commit_seconds_max)


async def _store(case: Case, check_id: str, now: datetime, cleared: bytes) -> None:
    """Commit the cleared tags; until their record is there too, nothing refers to them and a purge may take them."""
    async with case.registry.pool.acquire() as db:
        await checks.store_cleared(db, case.sender.sender_id, check_id, now, cleared)
