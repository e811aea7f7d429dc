"""What others than the database have seen of the ledgers: this node's witness, and a time-stamping authority.

Once a day each ledger that has grown is stamped (RFC 3161): the authority signs the time and the SHA-256 of the signed
head. It learns nothing else, and nobody needs our word for the time any more.
"""

import asyncio
from base64 import b64encode
from datetime import datetime

import httpx
import msgspec
import structlog

from app import audit, clock, ledger, timestamp
from app.alarms import Kind
from app.directory import Sender
from app.errors import RegistryError
from app.ledger import Frontier
from app.ledger.note import from_base64
from app.queries import timestamps
from app.queries.timestamps import GrownRow, TimestampRow
from app.registry import Registry
from app.witness import Head, WitnessError

ANCHORS_MAX = 10_000
ANSWER_BYTES_MAX = 262_144
TSA_SECONDS = 20
NONCE_BYTES = 8
ANY_SIZE = 2**62
QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
WITNESS, TSA = "witness", "tsa"

log = structlog.get_logger()


class TimestampError(RegistryError):
    """The time-stamping authority gave no stamp that can be kept."""

    slug = "timestamp-failed"


class Anchor(msgspec.Struct, frozen=True, omit_defaults=True):
    """A head that somebody outside the database has seen; the root in hexadecimal.

    by: "witness" (this node's file) or "tsa"; of the latter the signed head, and the answer in base64 for `openssl ts`.
    """

    at: str
    size: int
    root: str
    by: str
    checkpoint: str | None = None
    token: str | None = None


class Anchors(msgspec.Struct, frozen=True):
    """The anchors of a period, oldest first; `truncated` says that there are older ones too."""

    anchors: list[Anchor]
    truncated: bool


async def anchors(registry: Registry, sender: Sender, start: datetime | None, end: datetime | None) -> Anchors:
    """List the heads of a sender that were seen from outside in a period."""
    async with registry.pool.acquire() as db:
        rows = await timestamps.of_sender(db, sender.sender_id, start, end, ANY_SIZE, ANCHORS_MAX)
    seen = [_stamped(row) for row in rows]
    if registry.witness.file.exists():
        lines = await asyncio.to_thread(registry.witness.file.history)
        heads = [line for line in lines if isinstance(line, Head) and line.sender_id == sender.sender_id]
        seen += [_witnessed(head) for head in heads if _within(head.at, start, end)]
    seen.sort(key=lambda anchor: (anchor.at, anchor.size))
    return Anchors(seen[-ANCHORS_MAX:], truncated=len(seen) > ANCHORS_MAX)


def _witnessed(head: Head) -> Anchor:
    return Anchor(head.at, head.tree.size, ledger.root(head.tree).hex(), WITNESS)


def _stamped(row: TimestampRow) -> Anchor:
    root = from_base64(row.checkpoint.split("\n")[2]) or b""
    token = b64encode(row.token).decode()
    return Anchor(ledger.timestamp(row.stamped_at), row.size, root.hex(), TSA, row.checkpoint, token)


def _within(at: str, start: datetime | None, end: datetime | None) -> bool:
    after = start is None or at >= ledger.timestamp(start)
    return after and (end is None or at < ledger.timestamp(end))


async def stamp_due(registry: Registry) -> int:
    """Have every ledger stamped that has grown and was not stamped today, by one process; return how many were."""
    url = registry.settings.tsa_url
    if url is None:
        return 0
    done = 0
    async with registry.pool.acquire() as db, timestamps.alone(db) as free:
        due = await timestamps.to_stamp(db, clock.now().date()) if free else []
        async with httpx.AsyncClient(timeout=TSA_SECONDS) as client:
            for row in due:
                try:
                    stamp = await _stamp(registry, client, url, row)
                except WitnessError:
                    continue  # nothing of such a ledger is signed; that is told elsewhere
                except TimestampError as error:
                    registry.alarms.raise_alarm(Kind.TIMESTAMP_FAILED, TSA, str(error))
                    return done
                await timestamps.store(db, row.sender_id, stamp)
                done += 1
    if done:
        registry.alarms.close_alarm(Kind.TIMESTAMP_FAILED, TSA)
    return done


async def _stamp(registry: Registry, client: httpx.AsyncClient, url: str, row: GrownRow) -> TimestampRow:
    sender = await registry.directory.sender_by_id(row.sender_id)
    if sender is None:
        raise TimestampError("A ledger belongs to a sender that is not known yet.")
    await registry.witness.vouch(row.sender_id, row.size)
    checkpoint = audit.signed(registry, sender, row.size, ledger.root(Frontier(row.size, row.peaks)))
    token = await token_of(client, url, checkpoint.encode())
    now = clock.now()
    return TimestampRow(now.date(), row.size, checkpoint, token, now)


async def token_of(client: httpx.AsyncClient, url: str, data: bytes) -> bytes:
    """Return the authority's answer for the SHA-256 of `data`, compared with what was asked; TimestampError otherwise.

    Its signature is for whoever trusts the authority to verify, with the authority's certificate.
    """
    nonce = int.from_bytes(clock.random_bytes(NONCE_BYTES), "big")
    answer = await _asked(client, url, timestamp.request(data, nonce))
    try:
        timestamp.require_stamp_of(data, nonce, answer)
    except timestamp.TimestampFaultError as fault:
        raise TimestampError(str(fault)) from None
    return answer


async def _asked(client: httpx.AsyncClient, url: str, body: bytes) -> bytes:
    content = b""
    try:
        async with client.stream("POST", url, content=body, headers={"content-type": QUERY, "accept": REPLY}) as answer:
            if not answer.is_success:
                raise TimestampError(f"The authority answered {answer.status_code}.")
            async for piece in answer.aiter_bytes():
                content += piece
                if len(content) > ANSWER_BYTES_MAX:
                    raise TimestampError("The authority's answer is far too long.")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TimestampError(f"The authority cannot be reached: {type(error).__name__}.") from error
    return content
