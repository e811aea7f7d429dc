"""A call repeated under its Idempotency-Key is the same check: the same verdict again, rebuilt.

Nothing that is stored for it holds a number: keyed digests of the key and of the call, the reason of each position, and
the ledger's head at the time. The numbers come with the repeated call itself.
"""

import asyncio
import hashlib
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final
from weakref import WeakValueDictionary

import msgspec
import numpy as np

from app import clearance, clock
from app.appends import Permit, Replay
from app.check.asking import SCREEN
from app.check.recording import Case, Made
from app.errors import ClearanceExpiredError, KeyReusedError, RecalledError
from app.queries import replays
from app.queries.replays import ReplayRow
from app.tagset import Mask
from app.verdict import Counts, Numbers, Reason, Verdict

REPLAYED_FOR: Final = timedelta(minutes=60)  # where nobody was cleared; else the clearance's life
COMPRESSION_LEVEL: Final = 1
_GIVE_BACK: Final = " If nothing of it was sent, release its clearance first, or these people count as reached."
_RENDRE: Final = " Si rien n'en est parti, rendez d'abord son autorisation : ces personnes comptent comme atteintes."


class Key(msgspec.Struct, frozen=True):
    """An Idempotency-Key of one caller and sender, and what was asked under it, as keyed digests."""

    sender_id: int
    key_digest: bytes
    body_digest: bytes


# Calls under one key wait for each other here; between processes the table's key decides.
_at_work: WeakValueDictionary[tuple[int, bytes], asyncio.Lock] = WeakValueDictionary()


def key_of(case: Case) -> Key:
    """Digest a call: how the answer is to be written is no part of it."""
    asked, root = case.asked, case.registry.root
    rest = msgspec.json.encode([asked.lines, asked.screen, sorted(asked.parameters.items())])
    name = f"{case.caller.key_id}\n{asked.idempotency_key}".encode()
    return Key(
        case.sender.sender_id,
        root.digest("idempotency-key", name),
        root.digest("idempotency-body", hashlib.sha256(asked.body).digest() + rest),
    )


@asynccontextmanager
async def alone(key: Key | None) -> AsyncIterator[None]:
    """Let one call at a time go on under a key; calls without a key do not wait."""
    if key is None:
        yield
        return
    async with _at_work.setdefault((key.sender_id, key.key_digest), asyncio.Lock()):
        yield


async def find(case: Case, key: Key | None) -> ReplayRow | None:
    """Find the check recorded under a key; KeyReusedError for another call, ClearanceExpiredError after its life."""
    if key is None:
        return None
    async with case.registry.pool.acquire() as db:
        earlier = await replays.find_replay(db, key.sender_id, key.key_digest)
    if earlier is None:
        return None
    if earlier.body_digest != key.body_digest:
        raise KeyReusedError(
            "This Idempotency-Key was used for another call; take a new key for each check.",
            french="Cette Idempotency-Key a servi à un autre appel ; prenez une nouvelle clé pour chaque demande.",
            **_lost(earlier),
        )
    if earlier.expires_at <= clock.now() or earlier.revoked_reason is not None:
        raise expired(earlier)
    return earlier


def replay(key: Key, made: Made) -> Replay:
    """Return what a verdict is rebuilt from, for as long as its clearance lives; without one, for an hour."""
    reasons = zlib.compress(made.judged.reasons.data, COMPRESSION_LEVEL)
    expires_at = made.permit.expires_at if made.permit else made.now + REPLAYED_FOR
    return Replay(key.key_digest, key.body_digest, expires_at, made.peaks, reasons)


def made(case: Case, earlier: ReplayRow, judged: Verdict) -> Made:
    """Return the recorded check as it was made."""
    permit, terms = None, _terms(earlier)
    if earlier.terms and earlier.not_before and earlier.clearance_expires_at and earlier.signed_by:
        permit = Permit(earlier.terms, earlier.not_before, earlier.clearance_expires_at, earlier.signed_by)
    return Made(
        check_id=earlier.check_id,
        now=earlier.checked_at,
        size=earlier.evaluated_at,
        peaks=earlier.peaks,
        judged=judged,
        purpose=purpose_of(case, earlier),
        campaign=terms.campaign if terms else case.fields.campaign,
        permit=permit,
        policy=terms.policy if terms else None,
        drill=case.fields.drill,
    )


def purpose_of(case: Case, earlier: ReplayRow) -> str:
    """Return what the earlier check was judged as; where it cleared nobody, as it is called."""
    terms = _terms(earlier)
    return terms.purpose if terms else (SCREEN if case.asked.screen else case.fields.purpose)


def _terms(earlier: ReplayRow) -> clearance.Terms | None:
    return msgspec.json.decode(earlier.terms, type=clearance.Terms) if earlier.terms else None


def rebuilt(earlier: ReplayRow, numbers: Numbers, opposed: Mask) -> Verdict:
    """Return the verdict as it was; RecalledError when somebody it cleared is opposed by now."""
    reasons = np.frombuffer(zlib.decompress(earlier.reasons), np.uint8)
    if not np.array_equal(reasons == Reason.INVALID.value, numbers == 0):
        raise expired(earlier)  # another release of the registry reads these numbers in another way
    if (opposed & (reasons == Reason.ALLOWED.value)).any():
        raise RecalledError(
            "Somebody in this batch has said STOP since; check it again under a new Idempotency-Key." + _GIVE_BACK,
            french="Une personne de ce lot a dit STOP depuis ; redemandez sous une nouvelle Idempotency-Key." + _RENDRE,
            **_lost(earlier),
        )
    return Verdict(reasons, np.empty(0, np.int64), msgspec.json.decode(earlier.counts, type=Counts))


def expired(earlier: ReplayRow) -> ClearanceExpiredError:
    """Say that an earlier answer holds no longer, and which clearance it gave."""
    return ClearanceExpiredError(
        "The answer under this Idempotency-Key has expired; check again under a new key." + _GIVE_BACK,
        french="La réponse sous cette Idempotency-Key a expiré ; redemandez sous une nouvelle clé." + _RENDRE,
        **_lost(earlier),
    )


def _lost(earlier: ReplayRow) -> dict[str, str]:
    """Name the clearance of the earlier answer, which may have been lost: until it is released its people had it."""
    return {"clearance": clearance.clearance_id(earlier.check_id)} if earlier.terms else {}
