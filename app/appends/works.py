"""What waits to be committed, and the rows it becomes."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from app import ledger, lifting
from app.lifting import Draft, Epochs, Item, Person, Ruling


class Wish(msgspec.Struct, frozen=True):
    """One person's STOP or START towards one sender."""

    sender_id: int
    tag: int
    opposes: bool
    lifts: bool
    """A START that may lift: certain attribution, from a connection that may."""


class Message(msgspec.Struct, frozen=True):
    """A decoded, attributed MO on its way into the journal."""

    connection_id: int
    connection: str
    dedupe: bytes
    has_id: bool
    """Without an id of its own, a repeat is dropped only if the state already equals its effect (D13)."""
    received_at: datetime
    event_at: datetime
    intent: str
    rule: str
    classifier: str
    code: str | None
    basis: str
    candidates: int
    flags: tuple[str, ...]
    wishes: tuple[Wish, ...]
    review: Draft | None = None
    """What a person will be asked, if this turns out to be doubtful."""
    source: str = "mo"
    """How it came: "mo", or "pull" or "reconciliation" where no webhook brought it."""
    epochs: Epochs = {}
    part: Literal["first", "more", "last"] | None = None
    """Its place where the senders are too many for one transaction; None: it is whole."""

    @property
    def doubtful(self) -> bool:
        """A STOP in it stands only until a person decides."""
        return self.review is not None and bool(self.review.doubts)

    @property
    def key(self) -> tuple[int, bytes]:
        """What makes the message the same message."""
        return self.connection_id, self.dedupe


class Replay(msgspec.Struct, frozen=True):
    """What a check repeated under its Idempotency-Key is rebuilt from; digests are keyed, nothing holds a number."""

    key_digest: bytes
    body_digest: bytes
    expires_at: datetime
    peaks: bytes
    """Of the ledger at the size the verdict was computed at."""
    reasons: bytes
    """One byte a position, compressed."""


class Permit(msgspec.Struct, frozen=True):
    """The clearance of a check: the bytes that are signed, and the generation of the key that signs them."""

    terms: bytes
    not_before: datetime
    expires_at: datetime
    signed_by: int
    gated: bool = False
    """Its gateway asks for admissions."""
    text_digest: bytes | None = None
    """Keyed; by it the same text to the same person is known under another campaign's name."""


class CheckRow(msgspec.Struct, frozen=True):
    """What check_record holds beside the entry; the cleared tags come along only when they are few."""

    sender_id: int
    check_id: str
    key_id: str
    purpose: str
    campaign: str | None
    checked_at: datetime
    evaluated_at: int
    counts: str
    cleared: bytes | None
    replay: Replay | None = None
    permit: Permit | None = None
    contacts_at: int | None = None
    """Whom the sender contacted lately was known up to this index; ContactsMovedError if more was cleared since."""
    epoch: int = 0
    """Of the key that made the cleared tags."""


class Record(msgspec.Struct, frozen=True):
    """An entry that is no person's wish: a check, an administrative fact."""

    sender_id: int
    build: Callable[[int], ledger.Entry]
    """From the index it is given to the entry."""
    check: CheckRow | None = None
    found: tuple[int, bytes] | None = None
    """Size and peaks of the ledger when it was last read: where it has not grown since, no lock is needed."""
    touches: str | None = None
    """The check whose clearance the entry tells of."""


class Effect(msgspec.Struct, frozen=True):
    """What a message did to one sender's list."""

    sender_id: int
    index: int
    leaf: bytes
    confirm: bool


class Ruled(msgspec.Struct, frozen=True):
    """What a decision did to one sender's list."""

    sender_id: int
    opposed: bool
    effect: lifting.Change


class State(msgspec.Struct, frozen=True):
    """A row of opt_out."""

    opposed: bool
    since: datetime
    source: str
    changed_at_index: int
    confirmed_at: datetime | None
    history: bytes


class Head(msgspec.Struct):
    """A locked head while entries are added; leaves wait here and are folded into the tree once."""

    size: int
    peaks: bytes
    leaves: list[bytes] = []
    epoch: int = 0
    """Of the key in force."""
    retagging: bool = False
    """The next key is being prepared: what is written is written in its form too."""

    @property
    def next_index(self) -> int:
        """The index of the next entry."""
        return self.size + len(self.leaves)


Work = Message | Record | Ruling
Key = tuple[int, bytes]


class Rows(msgspec.Struct):
    """Column-wise rows for the statements, and what each work is answered."""

    entries: list[tuple[int, int, bytes]] = []
    openings: list[tuple[int, int, int, bytes]] = []
    states: dict[Person, State] = {}
    effects: dict[Key, list[Effect]] = {}
    record_indexes: dict[int, int] = {}
    """Position of a record among the works -> its index."""
    rulings: dict[int, list[Ruled]] = {}
    """Position of a ruling among the works -> what it did."""
    items: dict[Key, Item] = {}


def people_of(works: Sequence[Work]) -> list[Person]:
    """Return every (sender, tag) the works touch, unique and sorted."""
    return sorted({person for work in works for person in _people(work)})


def senders_of(work: Work) -> set[int]:
    """Return the senders in whose ledgers the work writes."""
    if isinstance(work, Message):
        return {wish.sender_id for wish in work.wishes}
    return {work.sender_id} if isinstance(work, Record) else {sender_id for sender_id, _ in work.people}


def lifting_senders(works: Sequence[Work]) -> list[int]:
    """Return the senders whose oppositions the works may lift, one for each time."""
    found = [wish.sender_id for work in works if isinstance(work, Message) for wish in work.wishes if wish.lifts]
    lifts = [work for work in works if isinstance(work, Ruling) and work.decision == "lift"]
    return found + [sender_id for work in lifts for sender_id, _ in work.people]


def _people(work: Work) -> tuple[Person, ...]:
    if isinstance(work, Message):
        return tuple((wish.sender_id, wish.tag) for wish in work.wishes)
    return work.people if isinstance(work, Ruling) else ()
