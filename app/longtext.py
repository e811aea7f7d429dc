"""Long messages whose parts arrive singly: each part is read at once, and the whole as soon as it is there.

The parts are kept sealed for two days. The whole may add a STOP or a question to a person; it never lifts.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from app import clock, operators
from app.case import Case, adds, conclude
from app.database import is_unavailable
from app.directory import Link, Snapshot
from app.errors import UnavailableError
from app.queries import review
from app.registry import Registry

KEPT = timedelta(days=2)
PURPOSE = "part"


async def wholes(
    registry: Registry,
    link: Link,
    snapshot: Snapshot,
    messages: Sequence[operators.Message],
    now: datetime,
    *,
    stale: bool,
) -> list[Case]:
    """Keep the parts among these messages; return the long messages that are complete now and ask something new."""
    found = []
    for message in messages:
        texts = await _keep(registry, link, message, now)
        if texts is None:
            continue
        apart = msgspec.structs.replace(message, flag=None)
        parts = [
            conclude(registry.root, link, snapshot, msgspec.structs.replace(apart, text=text), now, stale=stale)
            for text in texts
        ]
        # The id makes the whole one message, whichever part came last and however often.
        reference, _, total = message.part or ("", 0, 0)
        named = msgspec.structs.replace(
            apart, text="".join(texts), message_id="whole", given_id=None, part=(reference, 0, total)
        )
        whole = conclude(registry.root, link, snapshot, named, now, stale=stale, joined=True)
        if adds(whole, parts):
            found.append(whole)
    return found


async def _keep(registry: Registry, link: Link, message: operators.Message, now: datetime) -> list[str] | None:
    """Keep a part; return the texts of all parts, in order, when this completes them or they were complete before."""
    if message.part is None or message.text is None or message.msisdn is None:
        return None
    number, total = message.part[1:]
    thread = registry.root.digest("part", _thread(link, message))
    box = _seal(registry, link, thread, number, message.text)
    try:
        async with registry.pool.acquire(timeout=registry.settings.commit_seconds_max) as db:
            await review.put_part(db, link.connection_id, thread, number, box, now)
            rows = await review.list_parts(db, link.connection_id, thread)
    except Exception as error:
        if is_unavailable(error):
            raise UnavailableError("The database is away; send the same request again.") from error
        raise
    if len(rows) < total:
        return None
    return [
        registry.root.open(PURPOSE, row.box, _aad(link, thread, row.part)).decode("utf-8", "replace") for row in rows
    ]


def _thread(link: Link, message: operators.Message) -> bytes:
    """Name a long message: it holds a number, so only its keyed digest is stored."""
    reference, _, total = message.part or ("", 0, 0)
    return msgspec.json.encode(
        [link.connection.slug, message.msisdn, message.short_code or message.destination, reference, total]
    )


def _seal(registry: Registry, link: Link, thread: bytes, number: int, text: str) -> bytes:
    return registry.root.seal(
        PURPOSE, text.encode("utf-8", "replace"), _aad(link, thread, number), clock.random_bytes(12)
    )


def _aad(link: Link, thread: bytes, number: int) -> bytes:
    return f"{link.connection_id}:{thread.hex()}:{number}".encode()
