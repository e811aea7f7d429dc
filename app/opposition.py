"""What a sender may say about a person's opposition: a consent that is newer than it, with its proof (D16)."""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from app import clock, phone, standing, tags
from app.appends import Message, Wish
from app.auth import Caller, Role, sender_of
from app.case import REVIEW_PURPOSE, review_aad
from app.directory import Sender
from app.errors import ConflictError, ConsentOlderError, InvalidValueError
from app.lifting import Draft
from app.queries import oppositions, review
from app.registry import Registry

OTHER_CHANNELS = 0
"""Stands where messages have the id of an operator connection."""
CLOCK_SKEW = timedelta(minutes=5)
PRINTABLE = r"\A[^\x00-\x1f\x7f]*\Z"
TOO_OLD = (
    "The person said STOP at or after the time of this consent, so it lifts nothing. Only a consent given since then "
    "does; send its own proof and time."
)


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the consent can be shown: the channel, where the record lies there, and the words the person agreed to."""

    channel: Annotated[str, Meta(pattern=r"\A[a-z0-9-]{1,32}\Z")]
    reference: Annotated[str, Meta(min_length=1, max_length=200, pattern=PRINTABLE)]
    text: Annotated[str, Meta(max_length=2_000)] | None = None


class OptIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /v1/opt-ins; a time without a zone is refused, for it would be a guess."""

    number: str
    consented_at: Annotated[datetime, Meta(tz=True)]
    proof: Proof
    sender: str | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What became of an opt-in: "lifted", "not-opposed", or "review" when a data protection officer decides."""

    outcome: str
    sender: str
    message: str
    """Keyed digest of person, time and proof, as the ledger names it."""
    proof: str
    """Keyed digest of the proof alone."""


_REQUEST = msgspec.json.Decoder(OptIn)


async def opt_in(registry: Registry, caller: Caller, body: bytes) -> Outcome:
    """Record a consent and lift what is older; ConsentOlderError when an opposition is not.

    Beyond the sender's budget of the day nothing is lifted and a data protection officer is asked.
    """
    caller.require(Role.SENDER)
    request = _REQUEST.decode(body)
    sender = await sender_of(caller, registry.directory, request.sender)
    message = _message(registry, caller, sender, request, clock.now())
    person = (sender.sender_id, message.wishes[0].tag)
    async with registry.pool.acquire() as db:
        before = (await oppositions.standings(db, [person])).get(person)
    history = standing.decode(before.history) if before else ()
    if standing.opposed(standing.with_start(history, standing.ANY_CODE, OTHER_CHANNELS, message.event_at)):
        raise ConsentOlderError(TOO_OLD)
    await registry.sequencer.message(message, registry.settings.commit_seconds_max)
    present = (await registry.directory.current(max_age_seconds=0)).senders[sender.sender_id]
    person = (sender.sender_id, tags.tag(present.key, phone.read(request.number).number))
    async with registry.pool.acquire() as db:
        after = (await oppositions.standings(db, [person]))[person]
        item = await review.find_item(db, message.dedupe)
    outcome = "lifted" if before and before.opposed else "not-opposed"
    if after.opposed:
        outcome = _asked(item)
    return Outcome(outcome, sender.slug, message.dedupe.hex(), _proof_digest(registry, request.proof).hex())


def _asked(item: review.ItemRow | None) -> str:
    """Return that a person decides; an error where none does, or did not lift."""
    if item is None:
        raise ConsentOlderError(TOO_OLD)
    if item.decision is not None:
        raise ConflictError("A data protection officer read this consent and left the opposition in force.")
    return "review"


def _message(registry: Registry, caller: Caller, sender: Sender, request: OptIn, now: datetime) -> Message:
    """Make the consent a START of the other channels, its key a digest over everything that was said."""
    number = phone.read(request.number).number
    if not number:
        raise InvalidValueError("`number` is no phone number that can be written to.")
    if request.consented_at > now + CLOCK_SKEW:
        raise InvalidValueError("`consented_at` lies in the future; send the time at which the person agreed.")
    at, tag = min(request.consented_at, now), tags.tag(sender.key, number)
    # Told again after a rotation it is still the same consent: the digest is of the first key's tag.
    said = msgspec.json.encode(
        [sender.sender_id, tags.tag(sender.key[:1], number), request.consented_at, request.proof]
    )
    dedupe = registry.root.digest("opt-in", said)
    box = registry.root.seal(
        REVIEW_PURPOSE,
        msgspec.json.encode(request.proof),
        review_aad(OTHER_CHANNELS, dedupe),
        clock.random_bytes(12),
    )
    proof = _proof_digest(registry, request.proof).hex()
    return Message(
        connection_id=OTHER_CHANNELS,
        connection="opt-in",
        dedupe=dedupe,
        has_id=True,
        received_at=now,
        event_at=at,
        intent="START",
        rule="opt-in.proof",
        classifier="sender",
        code=standing.ANY_CODE,
        basis="sender",
        candidates=1,
        flags=(f"key:{caller.key_id}", f"channel:{request.proof.channel}", f"proof:{proof}"),
        wishes=(Wish(sender.sender_id, tag, opposes=False, lifts=True),),
        review=Draft(((sender.sender_id, tag),), box, at, asks_if_not_later=False),
        source="opt-in",
        epochs={sender.sender_id: sender.epoch},
    )


def _proof_digest(registry: Registry, proof: Proof) -> bytes:
    return registry.root.digest("proof", msgspec.json.encode(proof))
