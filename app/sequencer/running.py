"""Works are committed in the order they came, many in one transaction.

Works queue up while a transaction is being committed and go into the next one together, so one fsync serves hundreds.
Locks are always taken in the same order, message keys sorted and then heads by id, so two registries on one database
cannot deadlock; should the database say otherwise, the transaction is simply tried again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
import structlog

from app import appends, bulk, clock, epochs, fanout
from app.appends import Addition, Effect, Key, Message, Record, Ruled
from app.bulk import Bulk
from app.database import OwnConnection, Pool, is_retryable, is_unavailable
from app.errors import KeyRotatedError, RegistryError, UnavailableError
from app.keys import Root
from app.lifting import Ruling
from app.queries import checks, imports, mo, oppositions
from app.queries.rows import Db
from app.sequencer import writing
from app.sequencer.waits import Waits, told_by
from app.sequencer.writing import Believed, NotAsBelievedError, Planned, Work

WORKS_PER_TRANSACTION_MAX = 256
WORKS_AT_LEAST, SHARE_OF_QUEUE = 64, 4  # a transaction takes a quarter of a long queue, so that it never takes all:
# while one part is committed, the other is answered and asks again; in lockstep, server and database wait in turns
HEADS_PER_TRANSACTION_MAX = 1_000
FAN_OUT_HEADS = 250  # of a message to many senders, in one transaction: others' works have their turn in between
WORKS_QUEUED_MAX = 20_000  # some seconds of the heaviest load; beyond it, waiting longer would not help
RELEASED_AT_ONCE = 16  # a turn in which all went on would keep the next transaction waiting, at each of its statements
RETRIES_MAX = 5
AWAKE_SECONDS = 0.001  # the event loop turns so long for what commits alone, and others have all its turns
SALT_BYTES, SALTS_AT_ONCE = 16, 64
T = TypeVar("T")

log = structlog.get_logger()


class Poisoned(RegistryError):  # noqa: N818 - the work is poisoned, the registry is not in error
    """This one work cannot be committed whatever its company; the others of its batch were."""

    slug = "poisoned"


class Settled(msgspec.Struct, frozen=True):
    """What is now durable: a record's index; a bulk's outcomes; or a message's effects, if it was new, when it came."""

    index: int = -1
    outcomes: Sequence[int] = ()
    effects: Sequence[Effect] = ()
    fresh: bool = True
    first_received_at: datetime | None = None
    rulings: Sequence[Ruled] = ()


class Sequencer:
    """Commit works in the order they came; `start` and `stop` bound its life."""

    def __init__(self, pool: Pool, root: Root, saw: Callable[[Addition], None] = lambda _: None) -> None:
        self._own = OwnConnection(pool)
        self._saw = saw
        self._root = root
        self._queue: list[tuple[Work, asyncio.Future[Settled]]] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._committing = False
        self._fan_outs: set[asyncio.Task[Settled]] = set()
        self._waits = Waits[Settled]()

    def start(self) -> None:
        """Begin to commit, on the running loop."""
        self._waits.start()
        self._task = asyncio.create_task(self._run(), name="sequencer")

    async def stop(self) -> None:
        """Commit what is queued, then end."""
        self._stopping = True
        self._wake.set()
        if self._task:
            await self._task
        await self._own.close()

    @property
    def is_idle(self) -> bool:
        """Tell whether what is given to it now would be committed at once, and alone."""
        return not (self._committing or self._queue or self._stopping)

    async def message(self, message: Message, seconds: float) -> Settled:
        """Commit a message; return what it did. UnavailableError when that is not known in time."""
        parts = fanout.parts_of(message, FAN_OUT_HEADS)
        if len(parts) == 1:
            return await self._submit(message, seconds)
        task = asyncio.create_task(self._fan_out(parts), name="fan-out")
        self._fan_outs.add(task)
        task.add_done_callback(self._fan_outs.discard)
        return await self._waits.known_in(told_by(task), seconds)

    async def record(self, record: Record, seconds: float) -> int:
        """Commit a record; return its index."""
        return (await self._submit(record, seconds)).index

    async def believed(self, work: Believed, seconds: float, meanwhile: Callable[[], T]) -> tuple[int, T]:
        """Commit a check, and do something light while the disk works; return its index, and what came of the rest.

        NotAsBelievedError when it rests on what is not so; then nothing is committed.
        """
        future = self._queued(work, seconds)
        await asyncio.sleep(0)  # a turn of the loop, in which the statement is sent
        made = meanwhile()
        # Not to sleep while one answer is waited for: to come back takes the processor a tenth of a millisecond.
        self._waits.keep_awake(future, AWAKE_SECONDS)
        return (await self._waits.known_in(future, seconds)).index, made

    async def ruling(self, ruling: Ruling, seconds: float) -> Sequence[Ruled]:
        """Commit a person's decision; return what it did. LiftBudgetError when only a DPO may decide that today."""
        return (await self._submit(ruling, seconds)).rulings

    async def bulk(self, work: Bulk, seconds: float) -> Sequence[int]:
        """Commit oppositions brought in together; return the index of each entry, or KNOWN."""
        return (await self._submit(work, seconds)).outcomes

    async def _fan_out(self, parts: Sequence[Message]) -> Settled:
        """Commit a message to many senders in several transactions.

        Cut off in between, it is not acknowledged; the journal knows that it is not complete, and the next delivery
        goes on where this one ended.
        """
        settled = Settled()
        for part in parts:
            settled = await self._submit(part, None)
        return settled

    async def _submit(self, work: Work, seconds: float | None) -> Settled:
        return await self._waits.known_in(self._queued(work, seconds), seconds)

    def _queued(self, work: Work, seconds: float | None) -> asyncio.Future[Settled]:
        if self._stopping:
            raise UnavailableError("The registry is stopping; send the same request again in a few seconds.")
        if seconds is not None and len(self._queue) >= WORKS_QUEUED_MAX:
            raise UnavailableError("Too much waits for the database; send the same request again.")
        future = self._waits.future()
        self._queue.append((work, future))
        self._wake.set()
        return future

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                batch = self._next_batch()
                self._committing = True
                await self._settle(batch)
                self._committing = False
            if self._stopping:
                return

    def _next_batch(self) -> list[tuple[Work, asyncio.Future[Settled]]]:
        heads: set[int] = set()
        most = min(max(WORKS_AT_LEAST, len(self._queue) // SHARE_OF_QUEUE), WORKS_PER_TRANSACTION_MAX)
        for count, (work, _) in enumerate(self._queue):
            heads.update(writing.senders(work))
            full = count >= most or len(heads) > HEADS_PER_TRANSACTION_MAX
            # A bulk goes alone: it is large, and messages that come meanwhile have their turn before the next one.
            # So does a part: two parts of one message have one key, and one transaction acts once on a key. And so does
            # what rests on a belief, which company would end.
            if count and (full or _goes_alone(work) or _goes_alone(self._queue[0][0])):
                break
        else:
            count = len(self._queue)
        batch, self._queue = self._queue[:count], self._queue[count:]
        return batch

    async def _settle(self, batch: list[tuple[Work, asyncio.Future[Settled]]]) -> None:
        """Commit a batch and release its answers; a batch with a culprit is taken apart."""
        try:
            answers = await self._commit([work for work, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, the others' works must go on
            if len(batch) == 1 or _concerns_all(error):
                _fail(batch, _known(error))
                return
            for single in batch:
                await self._settle([single])
        else:
            self._release([future for _, future in batch], answers, 0)

    def _release(self, futures: Sequence[asyncio.Future[Settled]], answers: Sequence[Settled], first: int) -> None:
        """Tell who waits, some in each turn of the loop."""
        end = first + RELEASED_AT_ONCE
        for future, answer in zip(futures[first:end], answers[first:end], strict=True):
            if not future.done():
                future.set_result(answer)
        if end < len(futures):
            asyncio.get_running_loop().call_soon(self._release, futures, answers, end)

    async def _commit(self, works: Sequence[Work]) -> list[Settled]:
        for attempt in range(RETRIES_MAX):
            try:
                return await self._dispatch(works)
            except Exception as error:
                if is_unavailable(error) and not isinstance(error, KeyRotatedError):
                    raise UnavailableError("The database is away; send the same request again.") from error
                if not is_retryable(error) or attempt == RETRIES_MAX - 1:
                    raise
                log.warning("transaction_tried_again", error=type(error).__name__)
                await asyncio.sleep(0.01 * 2**attempt)
        raise AssertionError  # the loop returns or raises

    async def _dispatch(self, works: Sequence[Work]) -> list[Settled]:
        if isinstance(works[0], Bulk):
            return [await _bring_in(self._own, self._root, works[0])]
        if isinstance(works[0], Believed):
            return [await self._by_belief(works[0])]
        if len(works) == 1 and isinstance(works[0], Record) and (settled := await self._alone(works[0])):
            return [settled]
        return await self._transaction([work for work in works if not isinstance(work, (Bulk, Believed))])

    async def _alone(self, work: Record) -> Settled | None:
        """Commit a check that has no company in one statement; None where it must go the long way.

        The statement says which head its entry was written for, and does nothing where that head has moved.
        """
        if work.found is None or work.check is None or work.check.replay is not None or not _saw_all(work):
            return None
        added = appends.addition_alone(work, work.found)
        if not await checks.record_alone(self._own, work.check, added):
            return None
        self._saw(added)
        return Settled(index=work.found[0])

    async def _by_belief(self, work: Believed) -> Settled:
        check = work.record.check
        if check is None or not _saw_all(work.record):
            raise NotAsBelievedError
        if not await checks.record_alone(self._own, check, work.added, work.generation):
            raise NotAsBelievedError
        self._saw(work.added)
        return Settled(index=work.added.before[1])

    async def _transaction(self, works: Sequence[Planned]) -> list[Settled]:
        messages = [work for work in works if isinstance(work, Message)]
        unique = {message.key: message for message in messages}
        copies = Counter(message.key for message in messages if message.part in {None, "first"})
        keys = sorted(unique)
        async with self._own.transaction() as db:
            seen = await mo.remember_messages(db, [unique[k] for k in keys], [copies[k] for k in keys])
            fresh = frozenset(key for key, first in seen.items() if first.fresh)
            done = await mo.effects_of(db, [key for key in keys if seen[key].resumed])
            live = [work for work in works if not isinstance(work, Message) or _may_act(work, fresh)]
            if done:
                live = [_left(work, done) for work in live]
            heads = await writing.lock_heads(db, live)
            planned, chains = live, await writing.chains(db, self._root, live, heads)
            live = [writing.brought_up(work, heads, chains) for work in planned]
            states = await oppositions.standings(db, appends.people_of(live))
            day = clock.now().date()
            budgets = await writing.budgets(db, live, day)
            rows = appends.plan(live, fresh, heads, states, _salts(), budgets)
            known = await mo.effects_of(db, [key for key in keys if key not in rows.effects and key not in fresh])
            added = await writing.write(db, live, heads, rows, chains)
            await writing.write_reviews(db, live, rows, budgets, day)
            known |= await _end_fan_outs(db, [unique[key] for key in keys], seen)
        # Here everything above is durable; not an instant earlier may an answer leave.
        for addition in added:
            self._saw(addition)
        positions = {id(work): position for position, work in enumerate(planned)}
        return [_answer(work, positions, rows, known, seen) for work in works]


async def _bring_in(own: OwnConnection, root: Root, work: Bulk) -> Settled:
    """Commit a bulk. It locks one head and nothing else, so it can stand in nobody's way but that sender's."""
    async with own.transaction() as db:
        heads = await writing.lock_heads(db, [work])
        chains = await writing.chains(db, root, [work], heads)
        work = epochs.bulk_brought_up(work, heads, chains)
        states = await oppositions.standings(db, work.people())
        told = bulk.digests(await imports.lines_about(db, work.sender_id, bulk.suspects(states)))
        rows, outcomes = bulk.plan(work, told, heads[work.sender_id], states, _salts())
        await writing.write(db, (), heads, rows, chains)
    return Settled(outcomes=outcomes)


def _saw_all(work: Record) -> bool:
    """Tell whether a check has seen every clearance there can be if the head is where it was found."""
    contacts_at = work.check.contacts_at if work.check else None
    return contacts_at is None or (work.found is not None and work.found[0] <= contacts_at)


def _may_act(message: Message, fresh: frozenset[Key]) -> bool:
    return message.key in fresh or not message.has_id


def _is_part(work: Work) -> bool:
    return isinstance(work, Message) and work.part is not None


def _goes_alone(work: Work) -> bool:
    return isinstance(work, (Bulk, Believed)) or _is_part(work)


def _left(work: Planned, done: dict[Key, list[Effect]]) -> Planned:
    return fanout.left_of(work, done[work.key]) if isinstance(work, Message) and work.key in done else work


async def _end_fan_outs(db: Db, messages: Sequence[Message], seen: dict[Key, mo.Seen]) -> dict[Key, list[Effect]]:
    """Complete the messages whose last part was just written; return everything that they did."""
    resumed = {key for key, first in seen.items() if first.resumed}
    ended = [m.key for m in messages if m.part == "last" or (resumed and m.part is None and m.key in resumed)]
    for key in ended:
        await mo.end_fan_out(db, key)
    return await mo.effects_of(db, ended)


def _answer(
    work: Planned,
    positions: dict[int, int],
    rows: appends.Rows,
    known: dict[Key, list[Effect]],
    seen: dict[Key, mo.Seen],
) -> Settled:
    if isinstance(work, Record):
        return Settled(index=rows.record_indexes[positions[id(work)]])
    if isinstance(work, Ruling):
        return Settled(rulings=rows.rulings[positions[id(work)]])
    first = seen[work.key]
    effects = known.get(work.key) or rows.effects.get(work.key, [])
    return Settled(effects=effects, fresh=first.fresh, first_received_at=first.received_at)


def _salts() -> Iterator[bytes]:
    while True:
        drawn = clock.random_bytes(SALT_BYTES * SALTS_AT_ONCE)
        for start in range(0, len(drawn), SALT_BYTES):
            yield drawn[start : start + SALT_BYTES]


def _concerns_all(error: Exception) -> bool:
    """Tell what stands in everybody's way from what is one work's own fault, such as a sender erased meanwhile."""
    return isinstance(error, UnavailableError) and not isinstance(error, KeyRotatedError)


def _known(error: Exception) -> RegistryError:
    """Return an error that a caller can be told."""
    if isinstance(error, RegistryError):
        return error
    log.error("work_cannot_be_committed", error=type(error).__name__)  # no traceback: the database quotes values in it
    return Poisoned("This cannot be committed.")


def _fail(batch: list[tuple[Work, asyncio.Future[Settled]]], error: RegistryError) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
