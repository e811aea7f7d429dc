"""The witness held against the database: before a clearance leaves, and every few seconds.

A head is vouched for when it extends the one witnessed last: either this process made it out of a head it had vouched
for, or the entries in between are read and hashed. A message never waits for any of this: its head is witnessed a
second later.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence

import structlog

from app import clock, ledger
from app.alarms import Alarms, Kind
from app.appends import Addition
from app.database import Pool, is_unavailable
from app.errors import NotFoundError, UnavailableError
from app.ledger import Frontier
from app.ledger.tree import HASH_BYTES
from app.queries import proofs, witness
from app.queries.witness import LedgerRow
from app.witness import refusal
from app.witness.file import DamagedError, MissingError, Step, WitnessFile
from app.witness.line import Era, Head
from app.witness.refusal import WitnessError

PAGE_LEAVES = 16_384
FEW_LEAVES = 512
TRIES_MAX = 20
WRITE_SECONDS = 1.0
SWEEP_SECONDS = 5.0
SYNC_SECONDS = 0.05
PATIENCE_SECONDS = 60.0
PROBE_SECONDS = 5.0
ENDS_SECONDS = 5.0

log = structlog.get_logger()


class Witness:
    """One process's view of its node's witness; `start` and `stop` bound its life.

    `synced`: checks wait until the disk has what they are cleared from. Otherwise the disk has it 50 ms later, and only
    a node and a database that lose their last instant together could hide it.
    """

    def __init__(self, pool: Pool, alarms: Alarms, file: WitnessFile, era: Era, *, synced: bool) -> None:
        self._pool = pool
        self._alarms = alarms
        self._synced = synced
        self.file = file
        self.era = era
        """Of this process: what it signs bears this era's name."""
        self._vouched: dict[int, tuple[Frontier, Frontier]] = {}
        """For each sender the head witnessed last, as it was when a later one was seen to extend it, and that one."""
        self._refused: dict[int, WitnessError] = {}
        self._of_node: WitnessError | None = None
        self._swept = False
        self._due: set[int] = set()
        self._locks: dict[int, asyncio.Lock] = {}
        self._syncing: asyncio.Task[None] | None = None
        self._sync_soon: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Read the file, or found it beside an empty database, and compare every head."""
        await self._sweep()
        self._keeper = asyncio.create_task(self._keep(), name="witness")

    async def stop(self) -> None:
        """Witness what is due, and give the file back."""
        self._stopping.set()
        if self._keeper:
            await asyncio.wait([self._keeper], timeout=ENDS_SECONDS)
            self._keeper.cancel()
        if self._sync_soon:
            self._sync_soon.cancel()
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self.file.sync)
        self.file.close()

    def saw(self, added: Addition) -> None:
        """Learn of entries that this process has committed. Costs next to nothing."""
        sender_id, size, peaks = added.before
        known = self._vouched.get(sender_id)
        if known is not None and (known[1].size, known[1].peaks) == (size, peaks):
            self._vouched[sender_id] = (known[0], Frontier(*added.after))
        self._due.add(sender_id)

    def expect(self, added: Addition) -> None:
        """Make ready for a head that is being committed, while there is time."""
        self.file.expect(Head(added.before[0], Frontier(*added.after), ledger.timestamp(clock.now())))

    def refuse(self, sender_id: int) -> None:
        """Raise what is known to stand in the way of this sender: nothing of it may be signed or concluded."""
        if error := self._of_node or self._refused.get(sender_id):
            raise WitnessError(str(error), french=error.french, **error.members)

    def refusals(self) -> list[WitnessError]:
        """Return everything that stands in the way, of the whole node first."""
        return [*([self._of_node] if self._of_node else []), *self._refused.values()]

    async def contradicted(self) -> list[tuple[LedgerRow, Frontier]]:
        """Compare every ledger with its witness anew; return those that do not extend it, with what was witnessed.

        A sender that the database does not have is a ledger without entries.
        """
        async with self._pool.acquire() as db:
            rows = await witness.every_head(db)
        found = []
        for row in [*rows, *self._gone(rows)]:
            known = self.file.tree(row.sender_id)
            try:
                await self._compare(row, known)
            except WitnessError:
                found.append((row, known))
        return found

    def adopt(self, era: Era) -> None:
        """Go on in an era that a person has just let begin, from what the file has now."""
        self.era, self._of_node = era, None
        self._refused.clear()
        self._vouched.clear()

    async def require(self, sender_id: int) -> None:
        """Refuse to conclude anything from a ledger that this process cannot vouch for."""
        self.refuse(sender_id)
        if sender_id not in self._vouched:
            await self._verify(sender_id)

    async def vouch(self, sender_id: int, size: int) -> None:
        """Return when a head of at least that size is witnessed; WitnessError when none may be."""
        for _ in range(TRIES_MAX):
            self.refuse(sender_id)
            before, after = self._vouched.get(sender_id) or await self._verify(sender_id)
            if after.size < size:
                before, after = await self._verify(sender_id)
            if await self._witnessed(sender_id, Step(before, after)):
                return
            self._vouched.pop(sender_id, None)  # another process has witnessed a head that ours must extend
        raise UnavailableError("Too many processes clear for this sender at once; send the same check again.")

    async def _witnessed(self, sender_id: int, step: Step) -> bool:
        try:
            added = await self._add(sender_id, step)
            if self._synced and added:
                await self._on_disk()
            elif self._sync_soon is None or self._sync_soon.done():
                self._sync_soon = asyncio.create_task(self._soon_on_disk(), name="witness sync soon")
        except (MissingError, DamagedError) as error:
            self._refuse_node(error)
            self.refuse(sender_id)
        except OSError as error:
            log.error("witness_cannot_be_written", error=type(error).__name__)  # noqa: TRY400 - its place is known
            raise UnavailableError("The witness of this node cannot be written: look at its disk.") from error
        if added and sender_id in self._vouched:
            self._vouched[sender_id] = (step.after, self._vouched[sender_id][1])
        return added

    async def _add(self, sender_id: int, step: Step) -> bool:
        at = ledger.timestamp(clock.now())
        try:
            added = self.file.add(sender_id, step, at, wait=False)
        except BlockingIOError:
            added = await asyncio.to_thread(self.file.add, sender_id, step, at)
        if self.file.era.number > self.era.number:
            raise self._refuse_era()
        return added

    async def _soon_on_disk(self) -> None:
        await asyncio.sleep(SYNC_SECONDS)
        try:
            await self._on_disk()
        except OSError as error:
            log.error("witness_cannot_be_written", error=type(error).__name__)  # noqa: TRY400 - its place is known

    async def _on_disk(self) -> None:
        """Wait for a sync that begins after this call; whoever comes while one runs shares the next."""
        if self._syncing is not None and not self._syncing.done():
            await asyncio.wait([self._syncing])
        if self._syncing is None or self._syncing.done():
            self._syncing = asyncio.create_task(asyncio.to_thread(self.file.sync), name="witness sync")
        await asyncio.shield(self._syncing)

    async def _verify(self, sender_id: int) -> tuple[Frontier, Frontier]:
        """Compare a sender's ledger with its witness; WitnessError when it does not extend it."""
        async with self._locks.setdefault(sender_id, asyncio.Lock()):
            known = self.file.tree(sender_id)
            async with self._pool.acquire() as db:
                row = await witness.head(db, sender_id)
            if row is None:
                raise NotFoundError("There is no such sender.")
            try:
                await self._compare(row, known)
            except WitnessError as error:
                self._refuse_sender(row, error)
                raise
            if self._refused.pop(sender_id, None):
                self._alarms.close_alarm(Kind.LEDGER_NOT_AS_WITNESSED, row.slug)
            self._vouched[sender_id] = (known, row.tree)
            return known, row.tree

    async def _compare(self, row: LedgerRow, known: Frontier) -> None:
        if row.size < known.size:
            raise refusal.shorter(row.slug, known, row.tree)
        grown = known
        for first in range(known.size, row.size, PAGE_LEAVES):
            async with self._pool.acquire() as db:
                page = await proofs.leaf_hashes(db, row.sender_id, first, min(first + PAGE_LEAVES, row.size))
            grown = await _grown(grown, page)
        if grown != row.tree:
            raise refusal.forked(row.slug, known, row.tree)

    def _refuse_sender(self, row: LedgerRow, error: WitnessError) -> None:
        self._refused[row.sender_id] = error
        self._vouched.pop(row.sender_id, None)
        self._alarms.raise_alarm(Kind.LEDGER_NOT_AS_WITNESSED, row.slug, str(error))

    def _refuse_node(self, error: Exception) -> None:
        told = refusal.of_node(
            f"{error} Without its witness a node cannot tell a restored backup from the present.",
            f"{error} Sans son témoin, un nœud ne distingue pas une sauvegarde restaurée du présent.",
        )
        self._of_node = told
        self._alarms.raise_alarm(Kind.LEDGER_NOT_AS_WITNESSED, clock.node(), str(told))

    def _refuse_era(self) -> WitnessError:
        told = refusal.of_node(
            "A restore was accepted since this process started, or the database is older than one: restart this node.",
            "Une restauration a été acceptée depuis le démarrage de ce processus, ou la base lui est antérieure : "
            "redémarrez ce nœud.",
        )
        self._of_node = told
        self._alarms.raise_alarm(Kind.LEDGER_NOT_AS_WITNESSED, clock.node(), str(told))
        return told

    async def _sweep(self) -> None:
        """Compare every head with its witness; what has only grown is read when somebody asks, or a second later."""
        # A database that hangs must not keep a connection from those who serve people.
        async with asyncio.timeout(PROBE_SECONDS), self._pool.acquire(timeout=PROBE_SECONDS) as db:
            rows = await witness.every_head(db)
            restored = await witness.last_restore(db)
        try:
            await self._read(founding=not any(row.size for row in rows))
        except (MissingError, DamagedError) as error:
            self._refuse_node(error)
            return
        except OSError as error:
            self._refuse_node(MissingError(f"The witness file {self.file.path} cannot be read: {error.strerror}."))
            return
        if self.file.era.number > self.era.number or (restored and restored.era > self.era.number):
            self._refuse_era()
            return
        if self._of_node is not None or not self._swept:
            self._of_node, self._swept = None, True
            self._alarms.close_alarm(Kind.LEDGER_NOT_AS_WITNESSED, clock.node())
        for row in rows:
            await self._look_at(row)
        for gone in self._gone(rows):
            self._refuse_sender(gone, refusal.shorter(gone.slug, self.file.tree(gone.sender_id), gone.tree))
        if self.file.era.number < self.era.number and not self._refused:
            await asyncio.to_thread(self.file.add_era, self.era)

    def _gone(self, rows: Sequence[LedgerRow]) -> list[LedgerRow]:
        """Return the senders that were witnessed and are not in the database."""
        unknown = self.file.heads.keys() - {row.sender_id for row in rows}
        return [LedgerRow(sender_id, f"sender {sender_id}", 0, b"") for sender_id in sorted(unknown)]

    async def _read(self, *, founding: bool) -> None:
        if founding and not self.file.exists():
            await asyncio.to_thread(self.file.create, self.era)
        elif not self.file.exists():
            raise MissingError(f"There is no witness file at {self.file.path}, and the database is not new.")
        else:
            await asyncio.to_thread(self.file.read)

    async def _look_at(self, row: LedgerRow) -> None:
        known = self.file.tree(row.sender_id)
        if row.tree == known and row.sender_id not in self._refused:
            self._vouched.setdefault(row.sender_id, (known, known))
        elif row.size > known.size and row.sender_id not in self._refused:
            self._due.add(row.sender_id)
        else:  # what was read may be older than what another process has witnessed meanwhile: look again
            with contextlib.suppress(WitnessError, NotFoundError):
                await self._verify(row.sender_id)

    async def _keep(self) -> None:
        """Witness what is due every second, and look at everything every five, until told to stop."""
        swept = time.monotonic()
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), WRITE_SECONDS)
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    if time.monotonic() - swept > SWEEP_SECONDS and not self._stopping.is_set():
                        swept = time.monotonic()
                        await self._sweep()
                    await self._write_due()
            except Exception as error:  # noqa: BLE001 - the keeper must outlive whatever it meets
                if not (is_unavailable(error) or isinstance(error, (UnavailableError, OSError, TimeoutError))):
                    log.error("witness_failed", error=type(error).__name__)  # noqa: TRY400 - it may quote values

    async def _write_due(self) -> None:
        due, self._due = self._due, set()
        for sender_id in due:
            if self._of_node is None and sender_id not in self._refused:
                with contextlib.suppress(WitnessError, NotFoundError):
                    await self.vouch(sender_id, 0)
        await self._on_disk()
        await asyncio.to_thread(self.file.compact)


async def _grown(tree: Frontier, page: bytes) -> Frontier:
    leaves = [page[start : start + HASH_BYTES] for start in range(0, len(page), HASH_BYTES)]
    if len(leaves) <= FEW_LEAVES:
        return ledger.append(tree, leaves)
    return await asyncio.to_thread(ledger.append, tree, leaves)
