"""Everything held about people, for every sender that the caller may see (GDPR art. 15).

The look-up is on record before it is made. Each sender answers for itself: what one holds says nothing about another.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

import msgspec

from app import clock, epochs, journal, ledger, phone, proofs
from app.audit import verifier_key
from app.auth import READERS, Caller, Role, sender_of
from app.case import REVIEW_PURPOSE, review_aad
from app.directory import Sender, Snapshot
from app.errors import InvalidValueError, MalformedRequestError, TooLargeError
from app.queries import subjects
from app.queries.rows import Db
from app.queries.subjects import EventRow, ItemRow, StateRow
from app.registry import Registry
from app.subjects import cases
from app.subjects.contacts import Contact, contacts_of
from app.subjects.persons import NUMBERS_MAX, digest_of, number_of, tags_of, withheld_among
from app.subjects.words import EXPLANATIONS, NOT_SEARCHED
from app.wording import plain_reference

TAG_BYTES = 8
Lookups = dict[tuple[int, int], list[datetime]]
"""By sender and number."""


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /v1/audit/subjects; numbers in any spelling."""

    numbers: list[str]
    sender: str | None = None
    reference: str | None = None
    received_at: datetime | None = None


class Opening(msgspec.Struct, frozen=True):
    """What shows that an entry is about the person: SHA-256(salt || tag) is its `person`. Hexadecimal."""

    salt: str
    tag: str
    leaf: str
    proof: list[str]


class Event(msgspec.Struct, frozen=True):
    """A STOP, START or other change, as the ledger holds it; deliveries: how many times the message came."""

    index: int
    kind: str
    at: str
    recorded: str
    code: str | None
    connection: str
    basis: str
    candidates: int
    intent: str
    rule: str
    effect: str
    flags: Sequence[str]
    deliveries: int
    entry: str
    opening: Opening | None


class Cleared(msgspec.Struct, frozen=True):
    """A check that said the person may be sent to; sent: admitted, released or unknown."""

    check_id: str
    at: datetime
    campaign: str | None
    purpose: str
    key_id: str
    index: int
    sent: str


class Reviewed(msgspec.Struct, frozen=True):
    """A message that a person had to read; text is None when it is forgotten, or not for this reader."""

    item_id: str
    opened_at: datetime
    intent: str
    rule: str
    reasons: list[str]
    decision: str | None
    decided_at: datetime | None
    text: str | None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What is held about one person for one sender."""

    sender: str
    name: str
    opposed: bool
    withheld: bool
    """Opposed here, or to a sender whose list this one inherited."""
    since: datetime | None
    source: str | None
    confirmed_at: datetime | None
    events: list[Event]
    contacts: list[Cleared]
    reviews: list[Reviewed]
    lookups: list[datetime]
    sampled_since: date | None
    """One person in 1,024 is in the sample by which first questions are counted."""
    checkpoint: str | None
    verifier: str


class Subject(msgspec.Struct, frozen=True):
    """One number as it was asked about; number is None when it is no phone number."""

    asked: str
    number: str | None
    senders: list[Held]
    nothing_held_by: list[str]
    requests: list[subjects.OwnCaseRow]


class Answer(msgspec.Struct, frozen=True):
    """The whole answer, with an explanation of each part written for the person."""

    registry: str
    made_at: datetime
    reference: str | None
    received_at: datetime | None
    due_at: datetime | None
    subjects: list[Subject]
    explanations: Mapping[str, str]
    not_searched: Sequence[str]
    contact_days: int


class Reader(msgspec.Struct, frozen=True):
    """Who asks, and whether texts and proofs are for this reader: the support desk sees neither."""

    actor: str
    whole: bool = True


_REQUEST = msgspec.json.Decoder(Request)


async def answer_over_http(registry: Registry, caller: Caller, body: bytes) -> Answer:
    """Answer a call of POST /v1/audit/subjects, for the senders of its key."""
    caller.require(*sorted(READERS))
    request = _REQUEST.decode(body)
    if request.received_at is not None and request.received_at.tzinfo is None:
        raise InvalidValueError("`received_at` needs a time zone; without one it would be a guess.")
    if request.sender is not None:
        senders = [await sender_of(caller, registry.directory, request.sender)]
    else:
        found = [await registry.directory.sender_by_id(sender_id) for sender_id in caller.sender_ids]
        senders = [sender for sender in found if sender is not None]
    reader = Reader(caller.key_id, caller.role is not Role.SUPPORT)
    return await look_up(registry, reader, request.numbers, senders, request.reference, request.received_at)


def read_numbers(text: str) -> list[str]:
    """Return the numbers of a list, one a line; blank lines and lines that begin with # are none."""
    lines = (line.strip() for line in text.lstrip("\ufeff").splitlines())
    found = [line for line in lines if line and not line.startswith("#")]
    if not found:
        raise MalformedRequestError("There is no number: write one a line.")
    return found


async def look_up(
    registry: Registry,
    reader: Reader,
    asked: Sequence[str],
    senders: Sequence[Sender],
    reference: str | None = None,
    received_at: datetime | None = None,
) -> Answer:
    """Find everything about these numbers; with a reference it is a request whose clock runs."""
    if len(asked) > NUMBERS_MAX:
        raise TooLargeError(f"One look-up takes {NUMBERS_MAX} numbers at most.")
    if not asked:
        raise InvalidValueError("`numbers` is empty; name at least one.")
    numbers = [number_of(text) for text in asked]
    known = list(dict.fromkeys(number for number in numbers if number))
    case = await cases.opened(registry, reader.actor, reference, known, received_at) if reference is not None else None
    await _write_down(registry, reader, known, senders, reference)
    held: dict[int, list[Held]] = {number: [] for number in known}
    lookups = await _lookups(registry, senders, known)
    present = (await registry.directory.current(max_age_seconds=0)).senders  # with the keys in force now
    for sender in (present[one.sender_id] for one in senders if not present[one.sender_id].erased):
        for number, one in (await _of_sender(registry, reader, sender, known, lookups)).items():
            held[number].append(one)
    return Answer(
        registry=registry.origin,
        made_at=clock.now(),
        reference=reference,
        received_at=case.opened_at if case else None,
        due_at=case.due_at if case else None,
        subjects=[
            await _subject(registry, text, number, senders, held) for text, number in zip(asked, numbers, strict=True)
        ],
        explanations=EXPLANATIONS,
        not_searched=NOT_SEARCHED,
        contact_days=registry.settings.contact_days,
    )


async def _write_down(
    registry: Registry, reader: Reader, numbers: Sequence[int], senders: Sequence[Sender], reference: str | None
) -> None:
    persons = [digest_of(registry, number).hex() for number in numbers]
    detail = {"persons": persons, "whole": reader.whole}
    subject = plain_reference(reference) if reference is not None else "-"
    sender_ids = [sender.sender_id for sender in senders]
    await journal.write(registry, reader.actor, "subject.read", subject, detail, sender_ids)


async def _subject(
    registry: Registry, asked: str, number: int | None, senders: Sequence[Sender], held: Mapping[int, list[Held]]
) -> Subject:
    if number is None:
        return Subject(asked, None, [], [], [])
    async with registry.pool.acquire() as db:
        requests = await subjects.cases_of(db, digest_of(registry, number))
    found = held[number]
    names = {one.sender for one in found}
    return Subject(asked, phone.e164(number), found, [one.name for one in senders if one.slug not in names], requests)


class _Found(msgspec.Struct, frozen=True):
    """What one reading of a sender's tables found, by number."""

    states: Mapping[int, StateRow]
    events: Sequence[EventRow]
    times: Mapping[str, int]
    contacts: Mapping[int, list[Contact]]
    reviews: Mapping[int, list[Reviewed]]
    sampled: Mapping[int, date]


async def _lookups(registry: Registry, senders: Sequence[Sender], numbers: Sequence[int]) -> Lookups:
    """Return when each of these people was looked up for each of these senders, this time included."""
    persons = {digest_of(registry, number).hex(): number for number in numbers}
    wanted = {sender.sender_id for sender in senders}
    found: Lookups = {}
    async with registry.pool.acquire() as db:
        for row in await subjects.lookups_of(db, list(persons), sorted(wanted)):
            named = persons.keys() & msgspec.json.decode(row.detail)["persons"]
            for sender_id in wanted & set(row.sender_ids):
                for person in named:
                    found.setdefault((sender_id, persons[person]), []).append(row.at)
    return found


async def _of_sender(
    registry: Registry, reader: Reader, sender: Sender, numbers: Sequence[int], lookups: Lookups
) -> dict[int, Held]:
    """Return what one sender holds about those of the numbers that it holds anything about."""
    owner = {tag: number for number in numbers for tag in tags_of(sender, number)}
    found = await _found(registry, reader, sender, owner)
    indexes = [row.entry_index for row in found.events]
    proven = await proofs.inclusions(registry, sender, indexes) if reader.whole and indexes else {}
    withheld = await withheld_among(registry, sender, numbers)
    events: dict[int, list[Event]] = {}
    # While a key is being rotated an entry can be opened in two forms; one of them is enough.
    for row in {row.entry_index: row for row in found.events}.values():
        number = owner[row.tag]
        opening = _opening(sender, row, number, proven.get(row.entry_index))
        events.setdefault(number, []).append(_event(row, found.times, opening))
    held: dict[int, Held] = {}
    for number in numbers:
        state = found.states.get(number)
        parts = (state, events.get(number), found.contacts.get(number), found.reviews.get(number))
        if any(parts) or number in withheld or number in found.sampled:
            held[number] = Held(
                sender=sender.slug,
                name=sender.name,
                opposed=state is not None and state.opposed,
                withheld=number in withheld,
                since=state.since if state else None,
                source=state.source if state else None,
                confirmed_at=state.confirmed_at if state else None,
                events=events.get(number, []),
                contacts=[_cleared(contact) for contact in found.contacts.get(number, [])],
                reviews=found.reviews.get(number, []),
                lookups=lookups.get((sender.sender_id, number), []),
                sampled_since=found.sampled.get(number),
                checkpoint=next((one.checkpoint for one in proven.values()), None),
                verifier=verifier_key(registry, sender),
            )
    return held


async def _found(registry: Registry, reader: Reader, sender: Sender, owner: Mapping[int, int]) -> _Found:
    snapshot = await registry.directory.current()
    contacts: dict[int, list[Contact]] = {}
    async with registry.pool.acquire() as db:
        states = {
            owner[row.tag]: row for row in await subjects.states_of(db, sender.sender_id, list(owner), sender.epoch)
        }
        events = await subjects.events_of(db, sender.sender_id, list(owner))
        for tag, number in owner.items():
            contacts.setdefault(number, []).extend(await contacts_of(db, sender.sender_id, tag))
        sampled = await subjects.first_seen_of(db, sender.sender_id, list(owner))
        return _Found(
            states=states,
            events=events,
            times=await _deliveries(db, snapshot, events),
            contacts=contacts,
            reviews=await _reviews(registry, db, sender, owner, texts=reader.whole),
            sampled={owner[tag]: day for tag, day in sampled.items()},
        )


def _cleared(contact: Contact) -> Cleared:
    row = contact.row
    return Cleared(row.check_id, row.stored_at, row.campaign, row.purpose, row.key_id, row.entry_index, contact.sent)


async def _deliveries(db: Db, snapshot: Snapshot, rows: Iterable[EventRow]) -> dict[str, int]:
    """Return how many times the message of each entry came, by its name in the entry."""
    keys = set()
    for row in rows:
        entry = ledger.decode(row.entry)
        if isinstance(entry, ledger.OppositionEntry) and entry.connection in snapshot.links:
            keys.add((snapshot.links[entry.connection].connection_id, bytes.fromhex(entry.message)))
    return {dedupe.hex(): times for (_, dedupe), times in (await subjects.deliveries_of(db, sorted(keys))).items()}


def _opening(sender: Sender, row: EventRow, number: int, proof: proofs.Inclusion | None) -> Opening | None:
    """Return what shows the person that an entry is about them: the tag of the key under which it was written."""
    if proof is None:
        return None
    kept = (sender.sender_id, row.tag, row.entry_index, row.salt, row.epoch, row.made_in)
    tag, salt = epochs.opened(sender.key, kept, number)
    return Opening(salt.hex(), tag.to_bytes(TAG_BYTES, "big", signed=True).hex(), proof.leaf, proof.proof)


def _event(row: EventRow, times: Mapping[str, int], opening: Opening | None) -> Event:
    entry = ledger.decode(row.entry)
    if not isinstance(entry, ledger.OppositionEntry):
        raise TypeError("only oppositions have openings")
    return Event(
        index=entry.index,
        kind=entry.kind,
        at=entry.at,
        recorded=entry.recorded,
        code=entry.code,
        connection=entry.connection,
        basis=entry.basis,
        candidates=entry.candidates,
        intent=entry.intent,
        rule=entry.rule,
        effect=entry.effect,
        flags=entry.flags,
        deliveries=times.get(entry.message, 1),
        entry=row.entry.decode(),
        opening=opening,
    )


async def _reviews(
    registry: Registry, db: Db, sender: Sender, owner: Mapping[int, int], *, texts: bool
) -> dict[int, list[Reviewed]]:
    """Return the messages that a person had to read, by number."""
    people = await subjects.items_of(db, sender.sender_id, list(owner))
    rows = await subjects.items_by_key(db, sorted(key for _, key in people))
    items = {(row.connection_id, row.dedupe): row for row in rows}
    found: dict[int, list[Reviewed]] = {}
    for tag, key in people:
        if key in items:
            found.setdefault(owner[tag], []).append(_reviewed(registry, items[key], texts=texts))
    return found


def _reviewed(registry: Registry, row: ItemRow, *, texts: bool) -> Reviewed:
    text = None
    if texts and row.box is not None:
        text = registry.root.open(REVIEW_PURPOSE, row.box, review_aad(row.connection_id, row.dedupe)).decode()
    return Reviewed(
        row.dedupe.hex(), row.opened_at, row.intent, row.rule, row.reasons, row.decision, row.decided_at, text
    )
