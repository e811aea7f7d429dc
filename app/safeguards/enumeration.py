"""Nobody finds out who said STOP by asking about number after number.

A sender sees its own list only, and is entitled to it; but on a shared code that list tells what people answered to
others, a key can be stolen, and a tenant can be made up. So what costs is asking about somebody for the first time:

- a budget of such numbers for each sender and UTC day, by its contract. They are counted on a fixed sample, the tags
  that are multiples of 1,024: tags are keyed, so nobody outside can tell who is in it. For a budget of B numbers the
  count is out by 3 x sqrt(1024 / B) at most in 997 of 1,000 days (10 M: 3 %, 1 M: 10 %, 100,000: 30 %), and the
  budget is widened by as much: whoever keeps to the contract is never refused by bad luck.
- an alarm for a batch that holds long runs of consecutive numbers, which no customer file does.
- an alarm for a share of opposed people far above the sender's own usual one.

Screens count like checks. Emergencies are never judged. Beside other processes of the registry a budget may be passed
by what each of them had in hand at that moment.
"""

import asyncio
import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeAlias
from weakref import WeakKeyDictionary

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.alarms import Alarms, Kind
from app.directory import Sender
from app.errors import EnumerationBudgetError
from app.heavy import heavy
from app.queries import enumeration
from app.registry import Registry
from app.safeguards.plan import EMERGENCY, Plan
from app.tags import tags as tags_under
from app.verdict import Counts

Numbers: TypeAlias = NDArray[np.int64]
Tags: TypeAlias = NDArray[np.int64]

FEW_NUMBERS = 100
SAMPLED_ONE_IN: Final = 1024
SIGMAS: Final = 3
WARNED_SHARE: Final = 0.8
UNSAMPLED_SHARE: Final = 0.01
"""Of a spent budget: what batches without a sampled tag may still ask about, which nobody can tell known from new."""

BLOCK: Final = 1024
"""Consecutive numbers that are looked at together."""
BLOCK_FULL: Final = BLOCK // 2
DENSE_NUMBERS: Final = 20_000
BLOCKS_ONE_IN: Final = 16
WHOLE_BATCH: Final = 65_536
"""Numbers in which every block is looked at; in a larger batch one of BLOCKS_ONE_IN, which one only the tags tell."""

HITS_AT_LEAST: Final = 1_000
USUAL_AFTER: Final = 10_000
USUAL_AT_MOST: Final = 5_000_000
FAR_ABOVE: Final = 5
FAR_ABOVE_POINTS: Final = 0.10

_PART: Final = 1 << 15
_SMALL_BATCH: Final = 2_000  # numbers that are sooner looked at than handed to a thread


class Sample(msgspec.Struct, frozen=True, eq=False):
    """What a batch shows of itself: its sampled tags (each once), how many numbers are valid, and in dense blocks."""

    tags: Tags
    valid: int
    dense: int


class _Hits(msgspec.Struct):
    """How many people were asked about, and opposed: usually, and since that was last compared."""

    usual_asked: float = 0
    usual_opposed: float = 0
    asked: int = 0
    opposed: int = 0


class _Watch(msgspec.Struct):
    """What this process knows of one sender."""

    lock: asyncio.Lock
    hits: _Hits
    spent_day: date | None = None
    spent_budget: int = 0
    unsampled: int = 0


# One for each running registry; it is gone with it.
_watches: WeakKeyDictionary[Alarms, dict[int, _Watch]] = WeakKeyDictionary()


async def judge(registry: Registry, plan: Plan, now: datetime, numbers: Numbers, tags: Tags) -> Sequence[str]:
    """Judge a batch before it is looked up; EnumerationBudgetError beyond the budget. Emergencies always pass.

    `numbers`: int64, canonical, 0 where invalid; `tags`: int64, theirs under the sender's key; one for each position.
    """
    if plan.purpose == EMERGENCY:
        return ()
    return await charge(registry, plan.sender, now, numbers, tags)


async def charge(registry: Registry, sender: Sender, now: datetime, numbers: Numbers, tags: Tags) -> Sequence[str]:
    """Charge a sender's day with the new numbers of a batch; what `judge` does, and all there is for a screen."""
    if numbers.size <= _SMALL_BATCH:
        sample = _first_sampled(sender, numbers, tags)
    else:
        sample = await heavy(_first_sampled, sender, numbers, tags)
    if sample.dense >= DENSE_NUMBERS:
        registry.alarms.raise_alarm(Kind.ENUMERATION_DENSITY, sender.slug, _DENSE)
    watch = _watch(registry, sender)
    if not sample.tags.size:
        _allow_unsampled(registry, sender, watch, now, sample.valid)
        return ()
    async with watch.lock:
        return await _spend(registry, sender, watch, now, sample)


def watch_hits(registry: Registry, sender: Sender, counts: Counts) -> None:
    """Compare the share of opposed people with the sender's usual one, learnt since this process began.

    Call it with the counts of each check and screen that is no emergency.
    """
    hits = _watch(registry, sender).hits
    hits.asked += counts.submitted - counts.invalid - counts.repeated
    hits.opposed += counts.opted_out
    if hits.asked < HITS_AT_LEAST:
        return
    share = hits.opposed / hits.asked
    if hits.usual_asked >= USUAL_AFTER:
        usual = hits.usual_opposed / hits.usual_asked
        if share > max(FAR_ABOVE * usual, usual + FAR_ABOVE_POINTS):
            detail = f"{share:.0%} of the people asked about are opposed, usually {usual:.1%}: see who uses its keys."
            registry.alarms.raise_alarm(Kind.ENUMERATION_HITS, sender.slug, detail)
        elif registry.alarms.is_open(Kind.ENUMERATION_HITS, sender.slug):
            registry.alarms.close_alarm(Kind.ENUMERATION_HITS, sender.slug)
    _learn(hits)


def _first_sampled(sender: Sender, numbers: Numbers, tags: Tags) -> Sample:
    """Sample by the tags of the sender's first key: a rotation must make nobody new."""
    return sampled(numbers, tags_under(sender.key[:1], numbers) if sender.epoch else tags)


def sampled(numbers: Numbers, tags: Tags) -> Sample:
    """Look at a batch: some milliseconds for a million."""
    if numbers.size <= FEW_NUMBERS and all(tag % SAMPLED_ONE_IN for tag in tags.tolist()):
        valid = sum(number != 0 for number in numbers.tolist())
        return Sample(tags[:0], valid, 0)  # too few for a block to be dense
    chosen = _with_bits(tags, SAMPLED_ONE_IN - 1, 0)
    kept = np.unique(tags[chosen][numbers[chosen] != 0])
    return Sample(kept, int(np.count_nonzero(numbers)), dense_numbers(numbers, int(tags[0]) if tags.size else 0))


def dense_numbers(numbers: Numbers, salt: int) -> int:
    """Estimate how many of the numbers stand in blocks of BLOCK consecutive ones, half of which are in the batch.

    `salt`, which the caller cannot guess, decides which blocks of a large batch are looked at.
    """
    share = 1 if numbers.size <= WHOLE_BATCH else BLOCKS_ONE_IN
    if share > 1:
        numbers = numbers[_with_bits(numbers, BLOCK * (share - 1), BLOCK * (salt % share))]
    ordered = np.sort(numbers)
    distinct = ordered[np.append(True, ordered[1:] != ordered[:-1])] if ordered.size else ordered
    blocks = distinct // BLOCK
    borders = np.append(np.flatnonzero(np.diff(blocks, prepend=-1)), blocks.size)
    counts = np.diff(borders)
    return int(counts[counts >= BLOCK_FULL].sum()) * share


def _with_bits(values: Numbers, mask: int, wanted: int) -> NDArray[np.intp]:
    """Return the positions where the bits of the mask are as wanted; in parts that stay in a core's own cache."""
    parts = range(0, values.size, _PART)
    found = [at + np.flatnonzero((values[at : at + _PART] & mask) == wanted) for at in parts]
    return np.concatenate(found) if found else np.zeros(0, np.intp)


def allowed_tags(budget: int) -> int:
    """Return how many sampled tags a budget of numbers allows, with its margin."""
    expected = max(budget, 0) / SAMPLED_ONE_IN
    return math.ceil(expected + SIGMAS * math.sqrt(expected))


async def _spend(registry: Registry, sender: Sender, watch: _Watch, now: datetime, sample: Sample) -> Sequence[str]:
    budget, day = sender.profile.first_seen_per_day, now.astimezone(UTC).date()
    most = allowed_tags(budget)
    async with registry.pool.acquire() as db:
        spent = await enumeration.spend_first_seen(db, sender.sender_id, sample.tags.tolist(), day, most)
    total = spent.before + spent.fresh
    refused = spent.fresh > 0 and total > most
    if (spent.before if refused else total) >= most and (watch.spent_day, watch.spent_budget) != (day, budget):
        watch.spent_day, watch.spent_budget, watch.unsampled = day, budget, 0
    if refused:
        raise _refused(registry, sender, now)
    if not spent.fresh or total < WARNED_SHARE * most:
        return ()
    return (f"About {total / most:.0%} of the {budget:,} new numbers that the contract allows in a day are used up.",)


def _allow_unsampled(registry: Registry, sender: Sender, watch: _Watch, now: datetime, valid: int) -> None:
    """Let a small batch pass once the budget is spent, for it may be of known people, but not for ever."""
    budget = sender.profile.first_seen_per_day
    if watch.spent_day != now.astimezone(UTC).date() or watch.spent_budget < budget:
        return
    watch.unsampled += valid
    if watch.unsampled > max(SAMPLED_ONE_IN, UNSAMPLED_SHARE * budget):
        raise _refused(registry, sender, now)


def _refused(registry: Registry, sender: Sender, now: datetime) -> EnumerationBudgetError:
    budget = sender.profile.first_seen_per_day
    registry.alarms.raise_alarm(
        Kind.ENUMERATION_BUDGET,
        sender.slug,
        f"More than {budget:,} new numbers in a day, which its contract allows: see who uses its keys, or raise it.",
    )
    error = EnumerationBudgetError(
        f"This sender may ask about {budget:,} new numbers a day (UTC); nothing of this batch was checked. Send it "
        "again tomorrow, or let the registry's administrator raise `first_seen_per_day` to what the contract needs.",
        french=f"Cet expéditeur peut interroger {f'{budget:,}'.replace(',', ' ')} nouveaux numéros par jour (UTC) ; "
        "rien de cet envoi n'a été vérifié. Renvoyez-le demain, ou demandez à l'administrateur du registre de relever "
        "`first_seen_per_day`.",
        rule="first-seen-numbers",
        profile=f"first_seen_per_day={budget}",
        source="the contract held in the sender's profile",
        changed_by="administrator",
    )
    tomorrow = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
    error.retry_after_seconds = math.ceil((tomorrow - now).total_seconds())
    return error


def _watch(registry: Registry, sender: Sender) -> _Watch:
    senders = _watches.get(registry.alarms)
    if senders is None:
        senders = _watches[registry.alarms] = {}
    watch = senders.get(sender.sender_id)
    if watch is None:
        watch = senders[sender.sender_id] = _Watch(asyncio.Lock(), _Hits())
    return watch


def _learn(hits: _Hits) -> None:
    hits.usual_asked += hits.asked
    hits.usual_opposed += hits.opposed
    hits.asked = hits.opposed = 0
    if hits.usual_asked > USUAL_AT_MOST:
        hits.usual_asked, hits.usual_opposed = hits.usual_asked / 2, hits.usual_opposed / 2


_DENSE: Final = (
    f"A batch held {DENSE_NUMBERS:,} or more numbers in long runs of consecutive ones, as no customer file does: see "
    "who uses its keys."
)
