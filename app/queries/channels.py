"""STOP channels: what proves them, what speaks against them, their timeline; and canaries."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import msgspec

from app.database import STATEMENTS
from app.liveness import Evidence, State, Step
from app.queries.rows import Db, columns


class ChannelRow(msgspec.Struct, frozen=True):
    """A channel and everything it is judged by."""

    connection_id: int
    slug: str
    code: str
    stop_at: datetime | None
    canary_at: datetime | None
    canary: str | None
    state: str
    since: datetime
    why: str
    unanswered: int
    answered: int
    stops: int

    @property
    def evidence(self) -> Evidence:
        """What its state follows from."""
        return Evidence(self.stop_at, self.canary_at, self.canary, self.unanswered, self.answered, self.stops)

    @property
    def noticed(self) -> State:
        """Its state as it was last noticed."""
        return State(self.state)


class EventRow(msgspec.Struct, frozen=True):
    """One line of a timeline."""

    slug: str
    code: str
    at: datetime
    was: str
    became: str
    why: str


class LiveRow(msgspec.Struct, frozen=True):
    """A canary that can be shown again."""

    canary_id: int
    expires_at: datetime


class CanaryRow(msgspec.Struct, frozen=True):
    """A canary that a message may be."""

    canary_id: int
    as_stop: bool
    issued_at: datetime
    returned_at: datetime | None
    dedupe: bytes | None


class ListedRow(msgspec.Struct, frozen=True):
    """A canary as it is listed; slug is the connection through which it came back."""

    canary_id: int
    code: str
    issued_at: datetime
    expires_at: datetime
    issued_by: str
    as_stop: bool
    returned_at: datetime | None
    slug: str | None


async def prove_channels(db: Db, proofs: Iterable[tuple[int, str, datetime]], now: datetime) -> list[tuple[str, str]]:
    """Note (connection, code, last STOP), sorted; return (code, state as last noticed) of each."""
    rows = await db.fetch(STATEMENTS["prove_channels"], *columns(proofs, width=3), now)
    return [(row["code"], row["state"]) for row in rows]


async def prove_by_canary(db: Db, connection_id: int, code: str, at: datetime, texted: str, now: datetime) -> None:
    """Note a canary that came back."""
    await db.execute(STATEMENTS["prove_by_canary"], connection_id, code, at, texted, now)


async def add_stops(db: Db, counted: Iterable[tuple[int, str, date, int]]) -> None:
    """Count (connection, code, day, STOPs), sorted."""
    await db.execute(STATEMENTS["add_stops"], *columns(counted, width=4))


async def add_cleared(db: Db, counted: Iterable[tuple[str, datetime, int]]) -> None:
    """Count (code, minute, cleared numbers), sorted."""
    await db.execute(STATEMENTS["add_cleared"], *columns(counted, width=3))


async def read_channels(db: Db, code: str | None, since: datetime, settled: datetime) -> list[ChannelRow]:
    """Return the channels of a code, or all; `since` begins their history, what `settled` does not cover is young."""
    return [ChannelRow(*row) for row in await db.fetch(STATEMENTS["read_channels"], code, since, settled)]


async def move_channel(db: Db, row: ChannelRow, step: Step) -> bool:
    """Write a step of a channel and its line in the timeline; False when the channel is not as it was read."""
    read = (row.connection_id, row.code, row.state, row.stop_at, row.canary_at)
    if await db.fetchrow(STATEMENTS["move_channel"], *read, step.became.value, step.at, step.why) is None:
        return False
    line = (row.connection_id, row.code, step.at, step.was.value, step.became.value, step.why)
    await db.execute(STATEMENTS["add_channel_event"], *line)
    return True


async def list_channel_events(db: Db, code: str | None, limit: int) -> list[EventRow]:
    """Return the newest lines of the timelines, newest first."""
    return [EventRow(*row) for row in await db.fetch(STATEMENTS["list_channel_events"], code, limit)]


async def add_canary(db: Db, code: str, now: datetime, expires_at: datetime, by: str, *, as_stop: bool) -> int:
    """Add a canary; return its id, from which its token follows."""
    canary_id: int = await db.fetchval(STATEMENTS["add_canary"], code, now, expires_at, by, as_stop)
    return canary_id


async def find_canary(db: Db, code: str, lives_at: datetime) -> LiveRow | None:
    """Return a canary that can be shown again."""
    row = await db.fetchrow(STATEMENTS["find_canary"], code, lives_at)
    return LiveRow(*row) if row else None


async def canaries_in_question(db: Db, code: str, at: datetime, dedupe: bytes, limit: int) -> list[CanaryRow]:
    """Return the canaries that a message may be."""
    return [CanaryRow(*row) for row in await db.fetch(STATEMENTS["canaries_in_question"], code, at, dedupe, limit)]


async def return_canary(db: Db, canary_id: int, at: datetime, connection_id: int, dedupe: bytes) -> bool:
    """Use a canary up; False when it is."""
    return await db.fetchrow(STATEMENTS["return_canary"], canary_id, at, connection_id, dedupe) is not None


async def list_canaries(db: Db, limit: int) -> Sequence[ListedRow]:
    """Return the newest canaries, newest first."""
    return [ListedRow(*row) for row in await db.fetch(STATEMENTS["list_canaries"], limit)]


async def forget_counts(db: Db, before: datetime) -> None:
    """Forget counts that are too old to tell a usual rate."""
    await db.execute(STATEMENTS["forget_cleared"], before)
    await db.execute(STATEMENTS["forget_stops"], before.date())
