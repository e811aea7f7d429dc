"""Canaries: test messages that prove a STOP channel from end to end, and oppose nobody.

The registry gives out a one-time token such as 7F3A for a code; somebody texts "TEST-7F3A" to the code from any phone.
Only a message with a live token is a canary: whatever else is texted means what it means, "STOP 7F3A" included.

A token is no secret from phones (whoever can text STOP can prove the channel just as well); what it must never do is
swallow somebody's STOP. So its form is one that no word and no brand has, it lives a day, it works once, and
"STOP 7F3A" is taken for a canary only where an administrator issued it. What a refused check shows works as "TEST-7F3A"
only.
"""

import asyncio
import re
import unicodedata
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from app import clock, ledger
from app.alarms import Kind
from app.appends import Record
from app.attribution import NOBODY
from app.case import Case
from app.database import is_unavailable, write_transaction
from app.directory import Link, Snapshot
from app.errors import InvalidValueError, NotFoundError, UnavailableError
from app.intent import Intent, Verdict
from app.keys import Root
from app.liveness import HISTORY
from app.queries import channels, setup
from app.queries.channels import CanaryRow, ListedRow
from app.queries.rows import Db
from app.reading import Reading
from app.registry import Registry

LIVES_FOR: Final = timedelta(hours=24)
"""Long enough for an operator that delivers late, short enough that nobody meets the token later by chance."""
SHOWN_AGAIN_UNTIL: Final = timedelta(hours=1)
"""A token is shown again while it lives at least so long: who reads it must still have the time to text it."""
HOURS_MAX: Final = 168
IN_QUESTION_MAX: Final = 1_000
BASIS: Final = "canary"
READING: Final = Reading(Verdict(intent=Intent.OTHER, rule=BASIS, stop_word=False))
REGISTRY: Final = "registry"
"""Who issues what a refused check shows."""

# Digits and letters by turns, so no word, no brand and no number has this form; no 0/O, 1/I, 2/Z, 5/S, 8/B, 6/G, U/V.
_DIGITS: Final = "2345678" + "9"
_LETTERS: Final = "ACDEFHJKLMNPRTWXY"
TYPED: Final = re.compile(rf"(TEST|STOP)([{_DIGITS}][{_LETTERS}][{_DIGITS}][{_LETTERS}])")
TEXT_CHARACTERS_MIN: Final = 8
TEXT_CHARACTERS_MAX: Final = 24

LOOK_EVERY: Final = timedelta(hours=1)
WRITE_EVERY: Final = timedelta(minutes=1)
ENDS_SECONDS: Final = 5

log = structlog.get_logger()


class Typed(msgspec.Struct, frozen=True):
    """A text of a canary's form: the word before the token, and the token."""

    word: str
    token: str

    @property
    def text(self) -> str:
        """The text as people are told to type it."""
        return f"{self.word} {self.token}" if self.word == "STOP" else f"{self.word}-{self.token}"


class Issued(msgspec.Struct, frozen=True):
    """A canary to be texted."""

    code: str
    token: str
    expires_at: datetime

    @property
    def text(self) -> str:
        """What to type."""
        return Typed("TEST", self.token).text


def typed(text: str | None) -> Typed | None:
    """Read a text of a canary's form, whatever its case, spaces, dashes, quotes and full stops."""
    if text is None or not TEXT_CHARACTERS_MIN <= len(text) <= TEXT_CHARACTERS_MAX:
        return None
    plain = "".join(sign for sign in unicodedata.normalize("NFKC", text).upper() if sign.isalnum())
    found = TYPED.fullmatch(plain)
    return Typed(found[1], found[2]) if found else None


def token_of(root: Root, code: str, canary_id: int) -> str:
    """Return the token of a canary; it is stored nowhere."""
    digest = root.digest("canary", f"{canary_id}:{code}".encode())
    signs = (_DIGITS, _LETTERS, _DIGITS, _LETTERS)
    return "".join(alphabet[digest[place] % len(alphabet)] for place, alphabet in enumerate(signs))


async def issue(registry: Registry, actor: str, code: str, hours: int | None = None) -> Issued:
    """Issue a canary for a code as an administrator, into the journal and the ledgers of the code's senders."""
    if hours is not None and not 1 <= hours <= HOURS_MAX:
        raise InvalidValueError(f"A canary lives from 1 to {HOURS_MAX} hours.")
    snapshot = await registry.directory.current(max_age_seconds=0)
    if code not in snapshot.codes:
        raise NotFoundError(f"There is no code {code}; add it with `stop-registry code add`.")
    issued = await _issue(registry, actor, code, timedelta(hours=hours) if hours else LIVES_FOR, as_stop=True)
    detail = {"event": "issued", "by": actor, "expires": ledger.timestamp(issued.expires_at)}
    await _note(registry, _senders(snapshot, code), code, detail)
    return issued


async def offered(registry: Registry, sender_id: int, code: str, now: datetime) -> Issued:
    """Return a canary for a check that is refused: one that lives, or a new one, noted in that sender's ledger."""
    async with registry.pool.acquire() as db:
        live = await channels.find_canary(db, code, now + SHOWN_AGAIN_UNTIL)
    if live:
        return Issued(code, token_of(registry.root, code, live.canary_id), live.expires_at)
    issued = await _issue(registry, REGISTRY, code, LIVES_FOR, as_stop=False)
    detail = {"event": "issued", "by": REGISTRY, "expires": ledger.timestamp(issued.expires_at)}
    await _note(registry, [sender_id], code, detail)
    return issued


async def _issue(registry: Registry, actor: str, code: str, life: timedelta, *, as_stop: bool) -> Issued:
    now = clock.now()
    async with registry.pool.acquire() as db, db.transaction():
        canary_id = await channels.add_canary(db, code, now, now + life, actor, as_stop=as_stop)
        detail = msgspec.json.encode({"canary": canary_id, "expires": now + life}).decode()
        await setup.journal_admin(db, now, actor, "canary.issue", code, detail)
    return Issued(code, token_of(registry.root, code, canary_id), now + life)


async def recognised(registry: Registry, link: Link, cases: Sequence[Case], now: datetime) -> Sequence[Case]:
    """Turn the messages that are canaries into ones that oppose nobody; all others stay as they are.

    A token that is not live makes no canary, so its message keeps its own meaning. UnavailableError when that is not
    known.
    """
    if not any(typed(case.message.text) for case in cases):
        return cases
    with _known():
        return [await _recognised(registry, link, case, now) for case in cases]


async def _recognised(registry: Registry, link: Link, case: Case, now: datetime) -> Case:
    found, code = typed(case.message.text), case.message.short_code
    if found is None or code is None or case.message.msisdn is None or case.joined:
        return case
    async with write_transaction(registry.pool) as db:
        returned = await _use_up(registry, db, link, case, found, now)
        if returned is None:
            return case
        await registry.pulse.canary(db, (link.connection_id, code), returned, found.text)
    await registry.pulse.of(code, clock.now())
    if returned == now:
        await _tell(registry, link, code, found)
    return _without_effect(case)


async def disarmed(registry: Registry, cases: Sequence[Case]) -> Sequence[Case]:
    """Let canaries that an operator's own account holds oppose nobody; they did not come through the channel."""
    if not any(typed(case.message.text) for case in cases):
        return cases
    with _known():
        return [_without_effect(case) if await _is_told(registry, case) else case for case in cases]


@contextmanager
def _known() -> Iterator[None]:
    """Say so where the database is away and nothing is known."""
    try:
        yield
    except Exception as error:
        if is_unavailable(error):
            raise UnavailableError("The database is away; send the same request again.") from error
        raise


async def _is_told(registry: Registry, case: Case) -> bool:
    """Tell whether a message is a canary by its text and its own time."""
    found, code, at = typed(case.message.text), case.message.short_code or "", case.journal.event_at
    if found is None:
        return False
    async with registry.pool.acquire() as db:
        rows = await channels.canaries_in_question(db, code, at, case.journal.dedupe, IN_QUESTION_MAX)
    return any(row.issued_at <= at and _is_meant(registry, code, row, found) for row in rows)


def _is_meant(registry: Registry, code: str, row: CanaryRow, found: Typed) -> bool:
    return token_of(registry.root, code, row.canary_id) == found.token and (row.as_stop or found.word != "STOP")


def _without_effect(case: Case) -> Case:
    journal = msgspec.structs.replace(
        case.journal,
        intent=Intent.OTHER.value,
        rule=BASIS,
        basis=BASIS,
        candidates=0,
        flags=(),
        wishes=(),
        review=None,
    )
    return msgspec.structs.replace(case, reading=READING, attribution=NOBODY, journal=journal)


async def _use_up(registry: Registry, db: Db, link: Link, case: Case, found: Typed, now: datetime) -> datetime | None:
    """Return when the canary came back that this message is; None when it is none.

    The operator may deliver the message again: it is the same canary, by the message's key, though the token is used.
    """
    code, dedupe = case.message.short_code or "", case.journal.dedupe
    for row in await channels.canaries_in_question(db, code, now, dedupe, IN_QUESTION_MAX):
        if not _is_meant(registry, code, row, found):
            continue
        if row.dedupe == dedupe:
            return row.returned_at
        if await channels.return_canary(db, row.canary_id, now, link.connection_id, dedupe):
            return now
    return None


async def _tell(registry: Registry, link: Link, code: str, found: Typed) -> None:
    """Write into the ledgers of the code's senders that a canary came back; the proof stands without it."""
    log.warning("canary_returned", connection=link.connection.slug, code=code)
    detail = {"event": "returned", "through": link.connection.slug, "texted": found.text}
    try:
        await _note(registry, _senders(await registry.directory.current(), code), code, detail)
    except UnavailableError:
        log.warning("canary_not_noted", code=code)


async def listed(registry: Registry, limit: int) -> Sequence[ListedRow]:
    """Return the newest canaries, newest first."""
    async with registry.pool.acquire() as db:
        return await channels.list_canaries(db, limit)


def carrying(snapshot: Snapshot, code: str) -> list[Link]:
    """Return the operator connections that bring the answers to a code; one that names no codes may bring any."""
    return [link for link in snapshot.links.values() if code in link.codes or not link.codes]


async def remind(registry: Registry, now: datetime) -> list[str]:
    """Judge every channel; raise an alarm for each code that nothing has proven for some days; return these codes."""
    last: dict[str, datetime] = {}
    for one in await registry.pulse.all(now):
        proven_at = one.row.evidence.proven_at
        if proven_at is not None:
            last[one.row.code] = max(proven_at, last.get(one.row.code, proven_at))
    snapshot = await registry.directory.current()
    patience = timedelta(days=registry.settings.canary_days)
    used = [code for code, what in snapshot.codes.items() if what.candidates]
    due = [code for code in used if code not in last or now - last[code] > patience]
    for code in used:
        if code in due:
            registry.alarms.raise_alarm(Kind.CANARY_DUE, code, REMINDER.format(code=code))
        else:
            registry.alarms.close_alarm(Kind.CANARY_DUE, code)
    return due


REMINDER: Final = (
    "Nothing has proven lately that a STOP to {code} arrives. "
    "Run `stop-registry canary issue {code}` and text what it prints to {code}, from any phone."
)


@asynccontextmanager
async def reminding(registry: Registry) -> AsyncIterator[None]:
    """Write the pulse every minute, and every hour look which channels changed, as long as the registry is served."""
    task = asyncio.create_task(_keep_reminding(registry), name="canaries")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=ENDS_SECONDS)


async def _keep_reminding(registry: Registry) -> None:
    looked_at: datetime | None = None
    while True:
        now = clock.now()
        await registry.pulse.write()
        if looked_at is None or now - looked_at >= LOOK_EVERY:
            try:
                await remind(registry, now)
                async with registry.pool.acquire() as db:
                    await channels.forget_counts(db, now - HISTORY)
                looked_at = now
            except Exception as error:  # noqa: BLE001 - whatever it was, the next attempt may pass
                log.warning("canary_reminder_failed", error=type(error).__name__)
        await asyncio.sleep(WRITE_EVERY.total_seconds())


def _senders(snapshot: Snapshot, code: str) -> list[int]:
    known = snapshot.codes.get(code)
    return [candidate.sender_id for candidate in known.candidates] if known else []


async def _note(registry: Registry, sender_ids: Sequence[int], code: str, detail: dict[str, str]) -> None:
    """Write a fact about a canary into senders' ledgers: together, so that many senders are few transactions."""
    now = clock.now()

    def build(index: int) -> ledger.Entry:
        return ledger.NoteEntry(
            index=index, recorded=ledger.timestamp(now), kind="canary", subject=code, detail=dict(detail)
        )

    seconds = registry.settings.commit_seconds_max
    await asyncio.gather(*(registry.sequencer.record(Record(sender_id, build), seconds) for sender_id in sender_ids))
