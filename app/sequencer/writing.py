"""The statements of one transaction, under the heads it has locked."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

import msgspec

from app import appends, epochs
from app.appends import Addition, CheckRow, Record
from app.bulk import Bulk
from app.errors import NotFoundError, RegistryError
from app.keys import Root
from app.lifting import LIFTS_PER_DAY_MIN, Budget, Ruling, allowance
from app.queries import checks, clearances, ledgers, mo, review, rotation, setup
from app.queries.rows import Db

Planned = appends.Work


class Believed(msgspec.Struct, frozen=True, eq=False):
    """A check judged without reading anything: it is written alone, and as it was believed, or not at all."""

    record: Record
    added: Addition
    """To the ledger as it should be."""
    generation: int
    """Of the list that it was judged by."""


Work = Planned | Bulk | Believed


class HeadMovedError(RegistryError):
    """A head changed under its lock, which cannot be: nothing may be committed on top of it."""

    slug = "head-moved"


class ContactsMovedError(RegistryError):
    """Somebody else was cleared since a check looked whom its sender has contacted; it looks again."""

    slug = "contacts-moved"


class NotAsBelievedError(RegistryError):
    """A check that was judged without reading anything was judged by what is not so: it reads, and judges again."""

    slug = "not-as-believed"


def senders(work: Work) -> set[int]:
    """Return the senders in whose ledgers a work writes."""
    if isinstance(work, Believed):
        return {work.record.sender_id}
    return {work.sender_id} if isinstance(work, Bulk) else appends.senders_of(work)


async def lock_heads(db: Db, works: Sequence[Planned | Bulk]) -> dict[int, appends.Head]:
    """Lock the heads of all senders concerned, one by one in id order; NotFoundError where one does not exist."""
    wanted = sorted(set().union(*(senders(work) for work in works)))
    found = await ledgers.lock_heads(db, wanted)
    if len(found) < len(wanted):
        raise NotFoundError("There is no such sender.")
    return {sender_id: _head(*found[sender_id]) for sender_id in wanted}


def _head(size: int, peaks: bytes, epoch: int, retagging: bool) -> appends.Head:  # noqa: FBT001 - a row of ledger_head
    return appends.Head(size, peaks, [], epoch, retagging)


async def chains(db: Db, root: Root, works: Sequence[Planned | Bulk], heads: dict[int, appends.Head]) -> epochs.Chains:
    """Return the keys of senders whose works are older than their key, or whose next key is being prepared."""
    wanted = epochs.outdated(works, heads) | {sender_id for sender_id, head in heads.items() if head.retagging}
    if not wanted:
        return {}
    salts = await rotation.salts_of(db, sorted(wanted))
    return {sender_id: root.sender_keys(sender_id, found) for sender_id, found in salts.items()}


def brought_up(work: Planned, heads: dict[int, appends.Head], chains: epochs.Chains) -> Planned:
    """Return a work with the tags of the keys in force."""
    return work if isinstance(work, Record) or not chains else epochs.brought_up(work, heads, chains)


async def write(
    db: Db, works: Sequence[Planned | Bulk], heads: dict[int, appends.Head], rows: appends.Rows, chains: epochs.Chains
) -> list[appends.Addition]:
    """Write everything that the works became; return what is new in each ledger."""
    added = appends.additions(rows, heads) if rows.entries else []
    if added and not await ledgers.append(db, added):
        raise HeadMovedError("A locked head moved.")
    if rows.openings and any(head.retagging for head in heads.values()):
        states, openings = epochs.next_form(rows, heads, chains)
        await rotation.put_next_form(db, states, {sender: head.epoch + 1 for sender, head in heads.items()}, openings)
    if rows.effects:
        await mo.remember_effects(db, rows.effects)
    records = {position: work for position, work in enumerate(works) if isinstance(work, Record)}
    await _require_contacts_known(db, [work.check for work in records.values() if work.check])
    for position, index in rows.record_indexes.items():
        await _write_check(db, records[position], index)
    return added


async def budgets(db: Db, works: Sequence[Planned], day: date) -> dict[int, Budget]:
    """Return today's budgets of the senders whose oppositions may be lifted, under their locked heads."""
    asked = Counter(appends.lifting_senders(works))
    if not asked:
        return {}
    budgets = await review.read_budgets(db, list(asked), day)
    for sender_id, budget in budgets.items():
        if budget.allowed == LIFTS_PER_DAY_MIN and budget.lifted + asked[sender_id] > LIFTS_PER_DAY_MIN:
            budget.allowed = allowance(await review.count_opposed(db, sender_id))
    return budgets


async def write_reviews(
    db: Db, works: Sequence[Planned], rows: appends.Rows, budgets: dict[int, Budget], day: date
) -> None:
    """Write what doubt leaves behind: spent budgets, items opened, decisions."""
    if any(budget.spent for budget in budgets.values()):
        await review.spend_budgets(db, budgets, day)
    if rows.items:
        await review.open_items(db, rows.items)
    for ruling in (work for work in works if isinstance(work, Ruling)):
        await review.decide_item(db, ruling)
        detail = msgspec.json.encode({"decision": ruling.decision, "reason": ruling.reason}).decode()
        concerned = sorted(sender_id for sender_id, _ in ruling.people)
        subject = ruling.dedupe.hex()
        await setup.journal_admin(db, ruling.decided_at, ruling.by, "review.decide", subject, detail, concerned)


async def _require_contacts_known(db: Db, checks: Sequence[CheckRow]) -> None:
    """Refuse to clear anybody whom a clearance may have reached that came after the check had looked.

    The heads are locked here, so nothing can be cleared between this and the commit; of two checks of one sender in
    one transaction neither has seen the other.
    """
    known = [(check.sender_id, check.contacts_at) for check in checks if check.contacts_at is not None]
    if len({sender_id for sender_id, _ in known}) < len(known):
        raise ContactsMovedError
    for sender_id, contacts_at in known:
        if await clearances.last_clearance_change(db, sender_id) >= contacts_at:
            raise ContactsMovedError


async def _write_check(db: Db, work: Record, index: int) -> None:
    if work.touches is not None:
        await clearances.touch_clearance(db, work.sender_id, work.touches, index)
    if (check := work.check) is not None:
        if check.cleared is not None:
            await checks.store_cleared(
                db, check.sender_id, check.check_id, check.checked_at, check.cleared, check.epoch
            )
        await checks.record_check(db, check, index)
