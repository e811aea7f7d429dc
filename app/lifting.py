"""The dangerous direction (D16): what may lift, how many times a day, and what a person is asked instead. Pure.

START, opt-in, review decision and revocation share one budget per sender and UTC day.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Literal

import msgspec

from app import ledger, standing
from app.errors import ConflictError

LIFTS_PER_DAY_MIN = 20
OPPOSITIONS_PER_LIFT = 200  # 0.5 %
UNCERTAIN, MAY_NOT, NOT_LATER, BUDGET = "uncertain-attribution", "may-not-lift", "not-later", "budget"
PART, STALE, NOT_AUTHENTICATED = "part-of-a-message", "stale", "not-authenticated"

Change = Literal["opposed", "lifted", "unchanged"]
Decision = Literal["oppose", "lift", "leave"]
Person = tuple[int, int]


class LiftBudgetError(ConflictError):
    """This sender's oppositions were lifted as often as one day allows."""

    slug = "lift-budget"
    title = "Too many oppositions lifted today"
    title_fr = "Trop d'oppositions levées aujourd'hui"


class Budget(msgspec.Struct):
    """One sender's lifts of one UTC day."""

    lifted: int = 0
    allowed: int = LIFTS_PER_DAY_MIN
    spent: int = 0
    """Of `lifted`, those of the transaction that is being planned."""

    @property
    def exhausted(self) -> bool:
        """Nothing is left."""
        return self.lifted >= self.allowed

    def spend(self) -> None:
        """Take one."""
        self.lifted += 1
        self.spent += 1


Epochs = Mapping[int, int]
"""By sender, the epoch of the key that tags were made with: how often it had been rotated. See `appends.brought_up`."""


class Draft(msgspec.Struct, frozen=True):
    """A review item as it will be opened: at once, or only where a START leaves somebody opposed."""

    people: tuple[Person, ...]
    """The person as a tag of every sender that the message may concern: the number will be gone."""
    box: bytes
    """The text, sealed under the item's key."""
    lift_at: datetime
    doubts: tuple[str, ...] = ()
    hindrances: tuple[str, ...] = ()
    asks_if_not_later: bool = True


class Item(msgspec.Struct, frozen=True):
    """A review item about to be stored; the key is that of the message."""

    connection_id: int
    dedupe: bytes
    opened_at: datetime
    event_at: datetime
    lift_at: datetime
    code: str | None
    intent: str
    rule: str
    classifier: str
    doubtful_stop: bool
    reasons: tuple[str, ...]
    box: bytes
    people: tuple[Person, ...]
    epochs: Epochs = {}


class Ruling(msgspec.Struct, frozen=True):
    """A person's decision about one item, on its way into the ledgers."""

    connection_id: int
    dedupe: bytes
    code: str | None
    event_at: datetime
    lift_at: datetime
    doubtful_stop: bool
    decision: Decision
    decided_at: datetime
    by: str
    reason: str
    people: tuple[Person, ...]
    by_dpo: bool = False
    epochs: Epochs = {}

    @property
    def basis(self) -> str:
        """Name the sender, or nobody: while it is several, none of them may learn that the person wrote to it."""
        return "review" if len(self.people) == 1 else "shared"

    @property
    def happened_at(self) -> datetime:
        """When the message counts as said: a lift may need our own clock where the operator gave no time."""
        return self.lift_at if self.decision == "lift" and not self.doubtful_stop else self.event_at


def hindrances(*, certain: bool, may_lift: bool, authenticated: bool, stale: bool, part: bool) -> Iterator[str]:
    """Yield why a START may not lift, whatever the state.

    `authenticated`: something proves the message; a list of addresses only says where a request came from. `stale`:
    the proof is older than the provider's window, so the request may be a copy of an old one. `part`: it is a part of
    a long message, or the whole put together here.
    """
    if not certain:
        yield UNCERTAIN
    if not may_lift:
        yield MAY_NOT
    if not authenticated:
        yield NOT_AUTHENTICATED
    if stale:
        yield STALE
    if part:
        yield PART


def allowance(oppositions: int) -> int:
    """Return how many oppositions of a sender may be lifted in one day."""
    return max(LIFTS_PER_DAY_MIN, oppositions // OPPOSITIONS_PER_LIFT)


def ruled(history: standing.History, ruling: Ruling) -> standing.History:
    """Return a person's history with one more decision."""
    if ruling.decision == "leave":
        return history
    said, decided = standing.microseconds(ruling.happened_at), standing.microseconds(ruling.decided_at)
    opposes = ruling.decision == "oppose"
    mark = standing.Mark(
        ruling.code or "",
        ruling.connection_id,
        stop_at=said if opposes else None,
        start_at=None if opposes or ruling.doubtful_stop else said,
        item=standing.item_of(ruling.dedupe),
        opposed_at=decided if opposes else None,
        lifted_at=None if opposes else decided,
    )
    return standing.with_decision(history, mark)


def note_of(ruling: Ruling, index: int) -> ledger.Entry:
    """Return the entry that says who decided what, and why."""
    detail = {"decision": ruling.decision, "by": ruling.by, "reason": ruling.reason}
    return ledger.NoteEntry(
        index=index,
        recorded=ledger.timestamp(ruling.decided_at),
        kind="review",
        subject=ruling.dedupe.hex(),
        detail=detail | ({"role": "dpo"} if ruling.by_dpo else {}),
    )


def decision_of(
    ruling: Ruling, tag: int, salt: bytes, effect: Change, candidates: int
) -> Callable[[int], ledger.Entry]:
    """Return what builds the entry of a change, from the index it is given."""
    opposes = ruling.decision == "oppose"
    return lambda index: ledger.OppositionEntry(
        index=index,
        recorded=ledger.timestamp(ruling.decided_at),
        kind="stop" if opposes else "start",
        at=ledger.timestamp(ruling.happened_at),
        connection="review",
        message=ruling.dedupe.hex(),
        person=ledger.person_commitment(salt, tag),
        code=code_of(ruling.code),
        basis=ruling.basis,
        candidates=candidates,
        intent="STOP" if opposes else "START",
        rule=f"review.{ruling.decision}",
        classifier="person",
        effect=effect,
    )


def code_of(code: str | None) -> str | None:
    """Return the short code that was answered to; other channels have none."""
    return None if code == standing.ANY_CODE else code
