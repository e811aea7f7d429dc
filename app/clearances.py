"""Clearances after they were given: the keys they verify under, verifying them, ending them."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from app import clearance, clock, jws, keyset, phone
from app.auth import Caller, Role
from app.clearance import Fault, Presented, Terms
from app.errors import InvalidValueError, NotFoundError
from app.queries import clearances, setup
from app.queries.clearances import ClearanceRow
from app.registry import Registry

NUMBERS_MAX = 1_000_000
NO_NUMBERS = msgspec.Raw(b"null")
ACTING = (Role.SENDER, Role.DELEGATE)


class VerifyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token, and what it is held against."""

    token: Annotated[str, msgspec.Meta(max_length=jws.TOKEN_CHARACTERS_MAX)]
    numbers: msgspec.Raw = NO_NUMBERS
    audience: str | None = None


class Verified(msgspec.Struct, frozen=True):
    """Whether a clearance may be used now, and everything that is wrong if not."""

    valid: bool
    faults: Sequence[Fault]
    terms: Terms | None


async def rotate(registry: Registry, actor: str) -> int:
    """Let the next key sign from now on; its generation. Verifiers know it already: it was published as the next."""
    now = clock.now()
    async with registry.pool.acquire() as db, db.transaction():
        current = (await clearances.current_signing_keys(db)).get(clearance.SIGNING_PURPOSE, 1)
        await clearances.rotate_signing_key(db, clearance.SIGNING_PURPOSE, current + 1, now)
        await setup.journal_admin(db, now, actor, "clearance.rotate-key", str(current + 1), "{}")
    await registry.directory.current(max_age_seconds=0)
    return current + 1


async def verify(registry: Registry, caller: Caller, body: bytes) -> Verified:
    """Say whether a token may be used now, and name everything that is wrong with it."""
    caller.require(*ACTING, Role.AUDITOR)
    request = msgspec.json.decode(body, type=VerifyRequest)
    keys = jws.read_keys(msgspec.json.encode({"keys": await keyset.key_set(registry)}))
    try:
        terms = clearance.read(request.token, keys)
    except jws.BadTokenError as error:
        return Verified(valid=False, faults=[Fault("token", str(error))], terms=None)
    presented = Presented(now=clock.now(), audience=request.audience, numbers=_numbers(request.numbers))
    found = list(clearance.faults(terms, presented))
    async with registry.pool.acquire() as db:
        row = await clearances.find_clearance(db, caller.sender_ids, clearance.check_id(terms.jti))
    if row is None:
        raise NotFoundError("There is no such clearance.")
    if row.revoked_reason is not None:
        found.append(Fault("revoked", f"It was ended: {row.revoked_reason}."))
    return Verified(valid=not found, faults=found, terms=terms)


async def clearance_of(registry: Registry, caller: Caller, clearance_id: str) -> ClearanceRow:
    """Return a clearance the caller acts for; somebody else's does not exist. A delegate has its own alone."""
    row = None
    if clearance.is_id(clearance_id):
        async with registry.pool.acquire() as db:
            row = await clearances.find_clearance(db, caller.sender_ids, clearance.check_id(clearance_id))
    if row is None or (caller.role is Role.DELEGATE and row.key_id != caller.key_id):
        raise NotFoundError("There is no such clearance.")
    return row


async def revoke(registry: Registry, caller: Caller, clearance_id: str) -> None:
    """End a clearance; twice is once."""
    caller.require(*ACTING)
    row = await clearance_of(registry, caller, clearance_id)
    async with registry.pool.acquire() as db:
        await clearances.revoke_clearance(db, row.sender_id, row.check_id, clock.now(), "revoked")


def _numbers(raw: msgspec.Raw) -> NDArray[np.int64] | None:
    if bytes(raw) == b"null":
        return None
    try:
        numbers = phone.read_json(bytes(raw)).numbers
    except ValueError as fault:
        raise InvalidValueError(f"`numbers` must be a list of strings: {fault}.") from None
    if len(numbers) > NUMBERS_MAX:
        raise InvalidValueError(f"At most {NUMBERS_MAX:,} numbers are compared at once.")
    return numbers
