"""Requests of people and the clock of GDPR art. 12(3): one month from their arrival, an alarm on day 25."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import datetime, timedelta

from app import clock, journal
from app.alarms import Kind
from app.errors import ConflictError, InvalidValueError, NotFoundError
from app.queries import subjects
from app.queries.subjects import CaseRow, OpenedRow
from app.registry import Registry
from app.subjects.persons import digest_of, number_of
from app.wording import plain_reason, plain_reference

WARNED_AFTER = timedelta(days=25)
MONTHS_A_YEAR = 12


async def opened(
    registry: Registry, actor: str, reference: str, numbers: Sequence[int], arrived_at: datetime | None = None
) -> OpenedRow:
    """Open a request, or add people to the open one of this reference; ConflictError when it is closed."""
    said, now = plain_reference(reference), clock.now()
    at = arrived_at or now
    if at > now:
        raise InvalidValueError("A request cannot have arrived in the future.")
    persons = sorted({digest_of(registry, number) for number in numbers})
    async with registry.pool.acquire() as db:
        row = await subjects.open_case(db, said, persons, at, actor, month_after(at))
    if row.closed_at is not None:
        raise ConflictError("The request of this reference is closed; a new one needs a reference of its own.")
    if row.opened:
        await journal.write(registry, actor, "subject.open", said, {"people": len(persons), "due": row.due_at})
        await remind(registry)
    return row


async def noted(
    registry: Registry, actor: str, reference: str, asked: Sequence[str], arrived_at: datetime | None = None
) -> OpenedRow:
    """Open a request of people by their numbers as they are written."""
    numbers = [number_of(text) for text in asked]
    if not all(numbers):
        raise InvalidValueError(f"Line {numbers.index(None) + 1} is no phone number.")
    return await opened(registry, actor, reference, [number for number in numbers if number], arrived_at)


async def close(registry: Registry, actor: str, reference: str, outcome: str) -> None:
    """Close a request that was answered, and say how."""
    said, how = plain_reference(reference), plain_reason(outcome)
    async with registry.pool.acquire() as db:
        if not await subjects.close_case(db, said, clock.now(), actor, how):
            raise NotFoundError("There is no open request of this reference; `stop-registry subject list` shows them.")
    await journal.write(registry, actor, "subject.close", said, {"outcome": how})
    registry.alarms.close_alarm(Kind.ANSWER_DUE, said)


async def listed(registry: Registry, *, closed_too: bool = False) -> list[CaseRow]:
    """Return the requests, those due first first."""
    async with registry.pool.acquire() as db:
        return await subjects.list_cases(db, closed_too=closed_too)


async def remind(registry: Registry) -> None:
    """Raise an alarm for every open request that arrived 25 days ago."""
    for case in await listed(registry):
        if clock.now() - case.opened_at >= WARNED_AFTER:
            detail = f"A person's request is to be answered by {case.due_at:%Y-%m-%d}: `stop-registry subject list`."
            registry.alarms.raise_alarm(Kind.ANSWER_DUE, case.reference, detail)


def month_after(at: datetime) -> datetime:
    """Return the same day of the next month, or its last day (GDPR art. 12(3), Regulation 1182/71 art. 3)."""
    year, month = (at.year + 1, 1) if at.month == MONTHS_A_YEAR else (at.year, at.month + 1)
    return at.replace(year=year, month=month, day=min(at.day, monthrange(year, month)[1]))
