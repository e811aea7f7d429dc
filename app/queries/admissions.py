"""Whom gateways were admitted to send to."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from app.database import STATEMENTS, Writers
from app.queries.rows import Db

Pages = Mapping[int, bytes]
"""Page -> its bits."""


class StateRow(msgspec.Struct, frozen=True):
    """What an admission is judged by."""

    admissions: int
    revoked_reason: str | None
    body: bytes | None
    admitted: bytes | None
    pages: Pages
    released: Pages


class ClearedRow(msgspec.Struct, frozen=True):
    """The sorted tags that a check cleared, and the epoch of the key that made them."""

    tags: bytes
    epoch: int


class Asked(msgspec.Struct, frozen=True):
    """A request that is kept so that its answer can be given again."""

    request: bytes
    body: bytes
    admitted: bytes = b""


class Believed(msgspec.Struct, frozen=True):
    """By which list an admission was judged without reading it, and who asks."""

    size: int
    generation: int
    epoch: int
    key_id: str


NOTHING_BELIEVED = (None, None, None, None)


async def admission_state(
    db: Db, sender_id: int, check_id: str, pages: Sequence[int], request: bytes | None
) -> StateRow | None:
    """Return what an admission on these pages is judged by; None when there is no such clearance."""
    row = await db.fetchrow(STATEMENTS["admission_state"], sender_id, check_id, list(pages), request)
    if row is None:
        return None
    admissions, reason, body, admitted, numbers, bits, released, released_bits = row
    taken = dict(zip(numbers, bits, strict=True))
    given_back = dict(zip(released, released_bits, strict=True))
    return StateRow(admissions, reason, body, admitted, taken, given_back)


async def admit(
    writers: Writers,
    sender_id: int,
    check_id: str,
    judged_at: int,
    pages: Pages,
    now: datetime,
    *,
    asked: Asked | None = None,
    released: bool = False,
    believed: Believed | None = None,
) -> bool:
    """Commit pages and what a request was admitted; False when something came first, or is not as it was believed."""
    kept = (asked.request, asked.body, asked.admitted) if asked else (None, None, None)
    rows = await writers.write(
        STATEMENTS["admit"],
        sender_id,
        check_id,
        judged_at,
        list(pages),
        list(pages.values()),
        released,
        *kept,
        now,
        *(msgspec.structs.astuple(believed) if believed else NOTHING_BELIEVED),
    )
    return bool(rows)


async def cleared_of(db: Db, sender_id: int, check_id: str) -> ClearedRow | None:
    """Return whom a check cleared; None when that is purged."""
    row = await db.fetchrow(STATEMENTS["cleared_of"], sender_id, check_id)
    return ClearedRow(*row) if row else None
