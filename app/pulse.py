"""What keeps STOP channels proven: STOPs that arrived and numbers that were cleared, noted in memory, written later.

A webhook must not pay for this, so in the usual case a STOP costs two dictionary look-ups, and what was noted is
written once a minute. Only a STOP through a channel of which this process has written no proof for an hour is written
before it is acknowledged: it may be the first one ever, or the one that ends an outage, and after a crash the operator
sends what was not acknowledged again. A channel can turn suspect only hours after a written proof (liveness.SETTLING),
so no such STOP can be missed. The `mo` table could answer too, but only by an index that every message would pay for.

The state is in the database, so all processes agree. Each judges it anew, except that "alive" is believed for a
minute: a channel takes hours to become anything else. Whoever notices a change writes it, once, into the timeline.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TypeAlias

import msgspec
import structlog

from app import clock, liveness
from app.alarms import Alarms, Kind
from app.database import Pool, write_transaction
from app.liveness import State, Step
from app.queries import channels
from app.queries.channels import ChannelRow
from app.queries.rows import Db

PROOF_FRESH_FOR = timedelta(hours=1)
"""Shorter than liveness.SETTLING: a channel proven within it is alive, whatever was sent since."""
PROOF_SECONDS_MAX = 2.0
"""How long a STOP waits for its proof to be written; it is acknowledged all the same, and the proof is still due."""
BELIEVED_FOR = timedelta(minutes=1)
READ_AGAIN_MAX = 3

Channel: TypeAlias = tuple[int, str]
"""Operator connection and code."""

log = structlog.get_logger()


class Judged(msgspec.Struct, frozen=True):
    """A channel with its state of now."""

    row: ChannelRow
    state: State

    @property
    def why(self) -> str:
        """What was proven, and what speaks against it."""
        return liveness.why(self.row.evidence, self.row.slug)


class Pulse:
    """What this process heard and cleared, and what all processes know."""

    def __init__(self, pool: Pool, alarms: Alarms) -> None:
        self._pool = pool
        self._alarms = alarms
        self._writing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._due = _Due()
        self._written: dict[Channel, datetime] = {}
        self._alive: dict[str, tuple[datetime, list[Judged]]] = {}

    def heard(self, connection_id: int, code: str, at: datetime, *, new: bool) -> bool:
        """Note a STOP that is committed and first came at `at`; True: await `prove` before it is acknowledged."""
        channel = connection_id, code
        known = self._due.heard.get(channel)
        if known is None or known < at:
            self._due.heard[channel] = at
        if new:
            self._due.stops[connection_id, code, at.date()] += 1
        written = self._written.get(channel)
        return written is None or at - written > PROOF_FRESH_FOR

    def cleared(self, code: str, numbers: int, at: datetime) -> None:
        """Note that a check cleared so many numbers for a commercial message that names a code."""
        if numbers:
            self._due.cleared[code, at.replace(second=0, microsecond=0)] += numbers

    async def prove(self) -> None:
        """Write what was noted, now; return when it is written, or when that takes too long. Raises nothing."""
        writing = asyncio.create_task(self.write(), name="proof of a STOP channel")
        self._tasks.add(writing)
        writing.add_done_callback(self._tasks.discard)
        await asyncio.wait({writing}, timeout=PROOF_SECONDS_MAX)

    async def write(self) -> None:
        """Write what was noted since the last time; what the database does not take stays due. Raises nothing."""
        async with self._writing:
            due, self._due = self._due, _Due()
            if due.is_empty():
                return
            try:
                async with write_transaction(self._pool) as db:
                    uncertain = await _store(db, due)
            except Exception as error:  # noqa: BLE001 - whatever it is, whoever noted something must not fail for it
                self._due.add(due)
                log.warning("pulse_not_written", error=type(error).__name__)
                return
            self._written |= due.heard
            try:
                for code in sorted(uncertain):
                    await self._judge(code, clock.now())
            except Exception as error:  # noqa: BLE001 - the next check of the code judges it anew
                log.warning("stop_channel_not_judged", error=type(error).__name__)

    async def of(self, code: str, now: datetime) -> Sequence[Judged]:
        """Return the channels of a code as they are now; one that is not alive is never taken from memory."""
        judged_at, known = self._alive.get(code, (now, []))
        if known and abs(now - judged_at) < BELIEVED_FOR:
            return known
        found = await self._judge(code, now)
        if any(one.state is State.ALIVE for one in found):
            self._alive[code] = now, found
        else:
            self._alive.pop(code, None)
        return found

    async def all(self, now: datetime) -> Sequence[Judged]:
        """Return all channels as they are now, and notice what became of them."""
        return await self._judge(None, now)

    async def canary(self, db: Db, channel: Channel, at: datetime, texted: str) -> None:
        """Note a canary that came back, within the transaction that uses it up."""
        await channels.prove_by_canary(db, *channel, at, texted, clock.now())

    async def _judge(self, code: str | None, now: datetime) -> list[Judged]:
        """Read what is known of channels, judge it, and write what changed; again where a proof came in between."""
        for _ in range(READ_AGAIN_MAX):
            async with self._pool.acquire() as db:
                rows = await channels.read_channels(db, code, now - liveness.HISTORY, now - liveness.SETTLING)
                steps = [liveness.step(row.noticed, row.evidence, row.slug, now) for row in rows]
                moved = [await self._move(db, row, step) for row, step in zip(rows, steps, strict=True) if step]
            if all(moved):
                break
        judged = [Judged(row, liveness.state_of(row.evidence)) for row in rows]
        for one in judged:
            if one.state is not State.ALIVE:
                self._written.pop((one.row.connection_id, one.row.code), None)
        return judged

    async def _move(self, db: Db, row: ChannelRow, step: Step) -> bool:
        """Write a step; whoever is first to notice it tells about it."""
        async with db.transaction():
            moved = await channels.move_channel(db, row, step)
        if moved:
            log.warning("stop_channel_changed", connection=row.slug, code=row.code, was=step.was, became=step.became)
            self._tell(row, step)
        return moved

    def _tell(self, row: ChannelRow, step: Step) -> None:
        subject = f"{row.code} {row.slug}"
        for state, kind in _ALARMS.items():
            if step.became is state:
                self._alarms.raise_alarm(kind, subject, step.why)
            else:
                self._alarms.close_alarm(kind, subject)
        if step.became is State.ALIVE:
            self._alarms.close_alarm(Kind.CANARY_DUE, row.code)


_ALARMS = {State.DEAD: Kind.STOP_CHANNEL_DEAD, State.SUSPECT: Kind.STOP_CHANNEL_SUSPECT}


class _Due:
    """What waits to be written."""

    def __init__(self) -> None:
        self.heard: dict[Channel, datetime] = {}
        self.stops: Counter[tuple[int, str, date]] = Counter()
        self.cleared: Counter[tuple[str, datetime]] = Counter()

    def is_empty(self) -> bool:
        return not (self.heard or self.stops or self.cleared)

    def add(self, other: "_Due") -> None:
        """Take back what could not be written."""
        self.heard = other.heard | self.heard  # what was noted since is later
        self.stops += other.stops
        self.cleared += other.cleared


async def _store(db: Db, due: _Due) -> set[str]:
    """Write everything; return the codes of which a channel is not known to be alive."""
    known = []
    if due.heard:
        proofs = [(*channel, at) for channel, at in sorted(due.heard.items())]
        known = await channels.prove_channels(db, proofs, clock.now())
    if due.stops:
        await channels.add_stops(db, [(*key, count) for key, count in sorted(due.stops.items())])
    if due.cleared:
        await channels.add_cleared(db, [(*key, count) for key, count in sorted(due.cleared.items())])
    return {code for code, state in known if state != State.ALIVE}
