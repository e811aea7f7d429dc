"""The only writer of ledgers: many appends, one transaction, then the answers (D1).

Works queue up while a transaction is being committed and go into the next one together, so one fsync serves hundreds.
Locks are always taken in the same order, message keys sorted and then heads by id, so two registries on one database
cannot deadlock; should the database say otherwise, the transaction is simply tried again.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
import structlog

from app import appends, clock
from app.appends import CheckRow, Effect, Key, Message, Record
from app.database import Pool, is_retryable, is_unavailable, write_transaction
from app.errors import NotFoundError, RegistryError, UnavailableError
from app.queries import checks, ledgers, mo, oppositions
from app.queries.rows import Db

Work = Message | Record
WORKS_PER_TRANSACTION_MAX = 256
HEADS_PER_TRANSACTION_MAX = 1_000
WORKS_QUEUED_MAX = 20_000  # some seconds of the heaviest load; beyond it, waiting longer would not help
RETRIES_MAX = 5
SALT_BYTES = 16

log = structlog.get_logger()


class Poisoned(RegistryError):  # noqa: N818 - the work is poisoned, the registry is not in error
    """This one work cannot be committed whatever its company; the others of its batch were."""

    slug = "poisoned"


class Settled(msgspec.Struct, frozen=True):
    """What is now durable: a record's index; or a message's effects, whether it was new, and when it first came."""

    index: int = -1
    effects: Sequence[Effect] = ()
    fresh: bool = True
    first_received_at: datetime | None = None


class Sequencer:
    """Commit works in the order they came; `start` and `stop` bound its life."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._queue: list[tuple[Work, asyncio.Future[Settled]]] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        """Begin to commit, on the running loop."""
        self._task = asyncio.create_task(self._run(), name="sequencer")

    async def stop(self) -> None:
        """Commit what is queued, then end."""
        self._stopping = True
        self._wake.set()
        if self._task:
            await self._task

    async def message(self, message: Message, seconds: float) -> Settled:
        """Commit a message; return what it did. UnavailableError when that is not known in time."""
        return await self._submit(message, seconds)

    async def record(self, record: Record, seconds: float) -> int:
        """Commit a record; return its index."""
        return (await self._submit(record, seconds)).index

    async def _submit(self, work: Work, seconds: float) -> Settled:
        if self._stopping:
            raise UnavailableError("The registry is stopping; send the same request again in a few seconds.")
        if len(self._queue) >= WORKS_QUEUED_MAX:
            raise UnavailableError("Too much waits for the database; send the same request again.")
        future: asyncio.Future[Settled] = asyncio.get_running_loop().create_future()
        self._queue.append((work, future))
        self._wake.set()
        try:
            # Only the wait is bounded. The commit goes on: cut off in the middle, PostgreSQL may report success
            # for what no standby has (research/reliability.md 0.1, 0.2).
            return await asyncio.wait_for(asyncio.shield(future), seconds)
        except TimeoutError:
            future.add_done_callback(_forget)
            raise UnavailableError("Not committed in time; send the same request again.") from None

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                batch = self._next_batch()
                await self._settle(batch)
            if self._stopping:
                return

    def _next_batch(self) -> list[tuple[Work, asyncio.Future[Settled]]]:
        heads: set[int] = set()
        for count, (work, _) in enumerate(self._queue):
            heads.update(_senders(work))
            full = count >= WORKS_PER_TRANSACTION_MAX or len(heads) > HEADS_PER_TRANSACTION_MAX
            if full and count:
                break
        else:
            count = len(self._queue)
        batch, self._queue = self._queue[:count], self._queue[count:]
        return batch

    async def _settle(self, batch: list[tuple[Work, asyncio.Future[Settled]]]) -> None:
        """Commit a batch and release its answers; a batch with a culprit is taken apart."""
        try:
            answers = await self._commit([work for work, _ in batch])
        except UnavailableError as error:
            _fail(batch, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others' works must go on
            if len(batch) == 1:
                # No traceback: the database quotes values in it.
                log.error("work_cannot_be_committed", error=type(error).__name__)  # noqa: TRY400 - see above
                known = error if isinstance(error, RegistryError) else Poisoned("This cannot be committed.")
                _fail(batch, known)
                return
            for single in batch:
                await self._settle([single])
        else:
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)

    async def _commit(self, works: Sequence[Work]) -> list[Settled]:
        for attempt in range(RETRIES_MAX):
            try:
                return await self._transaction(works)
            except Exception as error:
                if is_unavailable(error):
                    raise UnavailableError("The database is away; send the same request again.") from error
                if not is_retryable(error) or attempt == RETRIES_MAX - 1:
                    raise
                log.warning("transaction_tried_again", error=type(error).__name__)
                await asyncio.sleep(0.01 * 2**attempt)
        raise AssertionError  # the loop returns or raises

    async def _transaction(self, works: Sequence[Work]) -> list[Settled]:
        messages = [work for work in works if isinstance(work, Message)]
        unique = {message.key: message for message in messages}
        copies = Counter(message.key for message in messages)
        keys = sorted(unique)
        async with write_transaction(self._pool) as db:
            seen = await mo.remember_messages(db, [unique[k] for k in keys], [copies[k] for k in keys])
            fresh = frozenset(key for key, first in seen.items() if first.fresh)
            live = [work for work in works if isinstance(work, Record) or _may_act(work, fresh)]
            heads = await _lock_heads(db, live)
            people = appends.people_of([work for work in live if isinstance(work, Message)])
            states = await oppositions.standings(db, people)
            rows = appends.plan(live, fresh, heads, states, _salts())
            known = await mo.effects_of(db, [key for key in keys if key not in rows.effects and key not in fresh])
            await _write(db, live, heads, rows)
        # Here everything above is durable; not an instant earlier may an answer leave.
        positions = {id(work): position for position, work in enumerate(live)}
        return [_answer(work, positions, rows, known, seen) for work in works]


def _may_act(message: Message, fresh: frozenset[Key]) -> bool:
    return message.key in fresh or not message.has_id


def _senders(work: Work) -> set[int]:
    return {work.sender_id} if isinstance(work, Record) else {wish.sender_id for wish in work.wishes}


async def _lock_heads(db: Db, works: Sequence[Work]) -> dict[int, appends.Head]:
    heads = {}
    for sender_id in sorted(set().union(*(_senders(work) for work in works))):
        row = await ledgers.lock_head(db, sender_id)
        if row is None:
            raise NotFoundError("There is no such sender.")
        heads[sender_id] = appends.Head(row.size, row.peaks, [])
    return heads


async def _write(db: Db, works: Sequence[Work], heads: dict[int, appends.Head], rows: appends.Rows) -> None:
    if rows.entries:
        await ledgers.append_entries(db, rows.entries)
        await ledgers.advance_heads(db, [(sender, *appends.advanced(head)) for sender, head in heads.items()])
    if rows.openings:
        await ledgers.put_openings(db, rows.openings)
        await oppositions.put_opt_outs(db, rows.states)
        await mo.remember_effects(db, rows.effects)
    for position, index in rows.record_indexes.items():
        await _write_check(db, works[position], index)


async def _write_check(db: Db, work: Work, index: int) -> None:
    check = work.check if isinstance(work, Record) else None
    if isinstance(check, CheckRow):
        if check.cleared is not None:
            await checks.store_cleared(db, check.sender_id, check.check_id, check.checked_at, check.cleared)
        await checks.record_check(db, check, index)


def _answer(
    work: Work,
    positions: dict[int, int],
    rows: appends.Rows,
    known: dict[Key, list[Effect]],
    seen: dict[Key, mo.Seen],
) -> Settled:
    if isinstance(work, Record):
        return Settled(index=rows.record_indexes[positions[id(work)]])
    first = seen[work.key]
    effects = rows.effects.get(work.key) or known.get(work.key, [])
    return Settled(effects=effects, fresh=first.fresh, first_received_at=first.received_at)


def _salts() -> Iterator[bytes]:
    while True:
        yield clock.random_bytes(SALT_BYTES)


def _fail(batch: list[tuple[Work, asyncio.Future[Settled]]], error: RegistryError) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)


def _forget(future: asyncio.Future[Settled]) -> None:
    """Take the exception of a future that nobody waits for any more, so that nothing complains about it."""
    if not future.cancelled():
        future.exception()
