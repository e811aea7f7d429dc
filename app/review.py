"""What people decide: doubtful messages, shown with their text, and the decision as an event of its own (D16).

A decision works although the number is gone: the person's tag of every sender concerned was kept with the item.
Texts are sealed, and forgotten after some days; the item and its decision stay.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from app import clock, logs
from app.appends import Ruled
from app.case import REVIEW_PURPOSE, review_aad
from app.directory import Snapshot
from app.errors import ConflictError, InvalidValueError, NotFoundError
from app.lifting import BUDGET, Decision, LiftBudgetError, Ruling
from app.longtext import KEPT as PARTS_KEPT
from app.queries import retention, review
from app.registry import Registry

ITEM_ID_BYTES = 16
REASON_CHARACTERS_MAX = 200

log = structlog.get_logger()


class Shown(msgspec.Struct, frozen=True):
    """A review item as a person sees it; text is None once it was purged."""

    item_id: str
    opened_at: datetime
    senders: tuple[str, ...]
    intent: str
    rule: str
    reasons: tuple[str, ...]
    suppresses: bool
    """The person is withheld until somebody decides."""
    decision: str | None
    text: str | None


class Purged(msgspec.Struct, frozen=True):
    """How much was forgotten."""

    texts: int
    parts: int


async def items(registry: Registry, limit: int = 100, *, decided: bool = False) -> list[Shown]:
    """Return the oldest items that wait for a decision, or all."""
    async with registry.pool.acquire() as db:
        rows = await review.list_items(db, limit, decided=decided)
        people = await review.people_of_items(db, [row.key for row in rows])
    snapshot = await registry.directory.current()
    return [_shown(registry, snapshot, row, people[row.key]) for row in rows]


async def decide(
    registry: Registry,
    actor: str,
    item_id: str,
    decision: Decision,
    reason: str,
    sender_slugs: Sequence[str] = (),
    *,
    by_dpo: bool = False,
) -> Sequence[Ruled]:
    """Decide an item, for all its senders or those named; a later decision replaces this one.

    LiftBudgetError when only a data protection officer may lift it.
    """
    said = said_why(reason)
    row, people = await _item(registry, item_id)
    wanted = await _chosen(registry, people, sender_slugs)
    if decision == "lift" and BUDGET in row.reasons and not by_dpo:
        raise LiftBudgetError("This came after as many lifts as one day allows; a data protection officer decides it.")
    ruling = Ruling(
        connection_id=row.connection_id,
        dedupe=row.dedupe,
        code=row.code,
        event_at=row.event_at,
        lift_at=row.lift_at,
        doubtful_stop=row.doubtful_stop,
        decision=decision,
        decided_at=clock.now(),
        by=actor,
        reason=said,
        people=tuple((person.sender_id, person.tag) for person in wanted),
        by_dpo=by_dpo,
        epochs={person.sender_id: person.epoch for person in wanted},
    )
    return await registry.sequencer.ruling(ruling, registry.settings.commit_seconds_max)


async def purge(registry: Registry) -> Purged:
    """Forget the texts of items older than the days configured, and parts of long messages after two days.

    ConflictError while an incident or control freezes what is held.
    """
    now = clock.now()
    async with registry.pool.acquire() as db:
        if frozen := await retention.open_freezes(db):
            raise ConflictError(f"Nothing may be forgotten while freeze {frozen[0].freeze_id} is in force.")
        texts = await review.purge_review_texts(db, now - timedelta(days=registry.settings.review_days))
        parts = await review.purge_parts(db, now - PARTS_KEPT)
    log.info("review_purged", texts=texts, parts=parts)
    return Purged(texts, parts)


async def _item(registry: Registry, item_id: str) -> tuple[review.ItemRow, list[review.PersonRow]]:
    try:
        dedupe = bytes.fromhex(item_id)
    except ValueError:
        dedupe = b""
    async with registry.pool.acquire() as db:
        row = await review.find_item(db, dedupe) if len(dedupe) == ITEM_ID_BYTES else None
        if row is None:
            raise NotFoundError("There is no such review item; `stop-registry review` lists them.")
        return row, (await review.people_of_items(db, [row.key]))[row.key]


async def _chosen(
    registry: Registry, people: list[review.PersonRow], slugs: Sequence[str]
) -> tuple[review.PersonRow, ...]:
    snapshot = await registry.directory.current()
    ids = {snapshot.slugs[slug].sender_id for slug in slugs if slug in snapshot.slugs}
    chosen = tuple(person for person in people if not slugs or person.sender_id in ids)
    if slugs and len(chosen) != len(set(slugs)):
        raise NotFoundError("The item does not concern every sender named; `stop-registry review` says whom.")
    return chosen


def said_why(reason: str) -> str:
    """Return the reason as it enters the ledger, for good: one short line without a number in it."""
    said = " ".join(reason.split())
    if not said or len(said) > REASON_CHARACTERS_MAX:
        raise InvalidValueError(f"Say why in one line of at most {REASON_CHARACTERS_MAX} characters.")
    if logs.DIGIT_RUN.search(said):
        raise InvalidValueError("The reason stays in the ledger for good: leave numbers out of it.")
    return said


def _shown(registry: Registry, snapshot: Snapshot, row: review.ItemRow, people: list[review.PersonRow]) -> Shown:
    return Shown(
        item_id=row.dedupe.hex(),
        opened_at=row.opened_at,
        senders=tuple(snapshot.senders[one.sender_id].slug for one in people if one.sender_id in snapshot.senders),
        intent=row.intent,
        rule=row.rule,
        reasons=tuple(row.reasons),
        suppresses=row.doubtful_stop and row.decision is None,
        decision=row.decision,
        text=_text(registry, row),
    )


def _text(registry: Registry, row: review.ItemRow) -> str | None:
    if row.box is None:
        return None
    return registry.root.open(REVIEW_PURPOSE, row.box, review_aad(row.connection_id, row.dedupe)).decode()
