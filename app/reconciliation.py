"""An operator's own account of its messages, or its black list, against what arrived here.

Gaps are named by row, time and intent; a STOP that is missing here is applied with its own time, a START or anything
else never is. A message with an id is looked up in the journal by the key its delivery would have had; one without is
held to be there when a STOP on its code, not older than it, is known of that person. What is here and not there is
reported only. The report holds no number and is kept.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
import numpy as np

from app import clock, intake, operators, standing, tags
from app.appends import State
from app.case import Case
from app.directory import Link, Snapshot
from app.errors import InvalidValueError, NotFoundError, TooLargeError
from app.lifting import Person
from app.operators import Message
from app.queries import oppositions, reconciliations
from app.registry import Registry

SOURCE = "reconciliation"
MO, BLACK_LIST = "mo", "blacklist"
ROWS_AT_ONCE = 500
APPLIED_AT_ONCE = 200
NAMED_MAX = 1_000
"""Gaps in a report; the counts go on."""
MANIFEST_BODY_BYTES_MAX = 16_000_000
MANIFEST_MESSAGES_MAX = 50_000
CLOCKS_DIFFER = timedelta(microseconds=standing.ACROSS_CONNECTIONS_MICROSECONDS)
_PAGE_PEOPLE = 20_000
_FIRST_TAG = -(2**63)

Key = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z")]


class Told(msgspec.Struct, frozen=True):
    """One row of the operator's account; None where its number cannot be read."""

    row: int
    message: Message | None


class Gap(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one side has and the other has not. key: of the journal, as in receipts. entry: of that sender's ledger."""

    row: int | None = None
    at: datetime | None = None
    intent: str | None = None
    done: str | None = None
    key: str | None = None
    sender: str | None = None
    entry: int | None = None


class Report(msgspec.Struct):
    """What came of a comparison. ours_not_theirs is empty and uncounted where rows without ids make it unknowable."""

    reconciliation: str
    connection: str
    kind: str
    start: datetime | None
    end: datetime | None
    counts: dict[str, int]
    gaps: list[Gap]
    ours_not_theirs: list[Gap]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """The body of POST /v1/manifests/{connection}: a period, its end excluded, and what the operator sent in it.

    messages: as in our own contract for webhooks. keys: `message` of the receipts that the operator holds.
    """

    start: datetime
    end: datetime
    count: int | None = None
    messages: list[msgspec.Raw] | None = None
    keys: list[Key] | None = None


_MANIFEST = msgspec.json.Decoder(Manifest)


async def take_manifest(registry: Registry, slug: str, request: operators.Request) -> bytes:
    """Compare an operator's manifest; the caller proves itself as for its webhooks. Return the report as JSON."""
    link = await registry.directory.link(slug)
    if link is None:
        raise NotFoundError("There is no such operator connection; look it up with `stop-registry operator list`.")
    operators.provider(link.connection.provider).authenticate(request, link.connection, clock.now())
    manifest = _MANIFEST.decode(request.body)
    if manifest.start.tzinfo is None or manifest.end.tzinfo is None or manifest.start >= manifest.end:
        raise InvalidValueError("`from` and `to` are instants with a zone, and `from` is the earlier one.")
    if len(manifest.messages or ()) + len(manifest.keys or ()) > MANIFEST_MESSAGES_MAX:
        raise TooLargeError(f"One manifest names at most {MANIFEST_MESSAGES_MAX:,} messages; send shorter periods.")
    work = Comparison(registry, link, MO, f"operator:{slug}")
    work.period(manifest.start, manifest.end)
    if manifest.messages is not None:
        await work.add(_messages(link, manifest.messages))
    if manifest.keys is not None:
        await work.add_keys([bytes.fromhex(key) for key in manifest.keys])
    report = await work.close(told=manifest.count, named=manifest.messages is not None or manifest.keys is not None)
    return msgspec.json.encode(report)


class Comparison:
    """One account compared row by row; `close` looks from the other side and keeps the report."""

    def __init__(self, registry: Registry, link: Link, kind: str, actor: str) -> None:
        self._registry = registry
        self._link = link
        self._kind = kind
        self._actor = actor
        self._counts: Counter[str] = Counter()
        self._gaps: list[Gap] = []
        self._start: datetime | None = None
        self._end: datetime | None = None
        self._keys: set[bytes] = set()
        self._numbers: list[int] = []
        self._named = True
        self._period_is_told = False

    def period(self, start: datetime, end: datetime) -> None:
        """Say which period the account is of; otherwise it is that of its rows."""
        self._start, self._end, self._period_is_told = start, end, True

    async def add(self, rows: Sequence[Told]) -> None:
        """Compare rows, and apply the STOPs that are missing."""
        for start in range(0, len(rows), ROWS_AT_ONCE):
            await self._compare(rows[start : start + ROWS_AT_ONCE])

    async def add_keys(self, keys: Sequence[bytes]) -> None:
        """Compare messages of which only the key in our receipts is told."""
        async with self._registry.pool.acquire() as db:
            known = await reconciliations.known_messages(db, self._link.connection_id, keys)
        self._keys.update(keys)
        for key in keys:
            self._count("matched" if key in known else "gaps")
            if key not in known:
                self._gap(Gap(key=key.hex(), done="not-applied"))

    async def close(self, *, told: int | None = None, named: bool = True) -> Report:
        """Look from our side, keep the report and return it. `named`: the account names its messages one by one."""
        ours = await self._ours(told, named=named)
        counts = {name: self._counts[name] for name in ("told", "matched", "gaps", "applied")} | dict(self._counts)
        report = Report(
            clock.new_id("rec"), self._link.connection.slug, self._kind, self._start, self._end, counts,
            self._gaps, ours,
        )  # fmt: skip
        async with self._registry.pool.acquire() as db:
            text = msgspec.json.encode(report).decode()
            await reconciliations.keep_reconciliation(
                db, self._link.connection_id, report.reconciliation, self._kind, self._actor, clock.now(), text
            )
        return report

    async def _compare(self, rows: Sequence[Told]) -> None:
        readable = [row for row in rows if row.message is not None and row.message.msisdn is not None]
        unreadable = len(rows) - len(readable)
        self._count("told", len(readable))
        self._count("unreadable", unreadable)
        cases = await intake.cases(self._registry, self._link, [row.message for row in readable if row.message])
        known, states = await self._known(cases)
        missing: list[tuple[Told, Case]] = []
        for row, case in zip(readable, cases, strict=True):
            self._notice(case)
            if case.journal.dedupe in known:
                self._count("matched")
            elif self._covered(case, states):
                self._count("matched")
                self._count("matched_by_state")
            else:
                missing.append((row, case))
        await self._mend(missing)

    async def _known(self, cases: Sequence[Case]) -> tuple[set[bytes], dict[Person, State]]:
        keys = [case.journal.dedupe for case in cases]
        people = sorted({(wish.sender_id, wish.tag) for case in cases for wish in case.journal.wishes})
        async with self._registry.pool.acquire() as db:
            known = await reconciliations.known_messages(db, self._link.connection_id, keys)
            return known, await oppositions.standings(db, people)

    def _covered(self, case: Case, states: dict[Person, State]) -> bool:
        """Tell whether a STOP without an id is known of its person; one with an id has its key or is missing."""
        if case.message.message_id is not None or not _opposes(case):
            return False
        found = [states.get((wish.sender_id, wish.tag)) for wish in case.journal.wishes]
        return all(state is not None and _stop_is_known(case, state) for state in found)

    def _notice(self, case: Case) -> None:
        """Remember what the other side is compared with."""
        self._keys.add(case.journal.dedupe)
        self._named = self._named and case.message.message_id is not None
        if case.message.msisdn is not None and self._kind == BLACK_LIST:
            self._numbers.append(case.message.msisdn)
        at = case.message.received_at
        if at is not None and self._kind == MO and not self._period_is_told:
            self._start = min(self._start or at, at)
            self._end = max(self._end or at, at + timedelta(microseconds=1))

    async def _mend(self, missing: Sequence[tuple[Told, Case]]) -> None:
        """Name what is missing, and apply the STOPs among it."""
        stops = [case for _, case in missing if _opposes(case) or case.verdict.stop_word]
        for start in range(0, len(stops), APPLIED_AT_ONCE):
            await intake.apply(self._registry, self._link, stops[start : start + APPLIED_AT_ONCE], SOURCE)
        self._count("gaps", len(missing))
        self._count("applied", sum(_opposes(case) for case in stops))
        for row, case in missing:
            # A STOP that concerns nobody we know goes to quarantine, as it would have from a webhook.
            quarantined = case.verdict.stop_word and not case.journal.wishes
            done = "quarantined" if quarantined else "applied" if _opposes(case) else "not-applied"
            self._gap(Gap(row=row.row, at=case.message.received_at, intent=case.journal.intent, done=done))

    async def _ours(self, told: int | None, *, named: bool) -> list[Gap]:
        if self._kind == BLACK_LIST:
            return await self._opposed_elsewhere()
        if self._start is None or self._end is None:
            return []
        async with self._registry.pool.acquire() as db:
            rows = await reconciliations.journal_between(db, self._link.connection_id, self._start, self._end)
        self._counts["ours"] = len(rows)
        if told is not None:
            self._counts["count_told"] = told
        if not (named and self._named):
            return []
        theirs_not = [row for row in rows if row.dedupe not in self._keys]
        self._counts["ours_not_theirs"] = len(theirs_not)
        return [Gap(at=row.event_at, intent=row.intent, key=row.dedupe.hex()) for row in theirs_not[:NAMED_MAX]]

    async def _opposed_elsewhere(self) -> list[Gap]:
        """Find those whose STOP came through this connection, still stands, and is not on the operator's list."""
        snapshot = await self._registry.directory.current()
        numbers = np.array(self._numbers, dtype=np.int64)
        found: list[Gap] = []
        self._counts["ours_not_theirs"] = 0
        for sender_id in sorted(_reached(self._link, snapshot)):
            sender = snapshot.senders[sender_id]
            listed = set(tags.tags(sender.key, numbers).tolist())
            after = _FIRST_TAG
            async with self._registry.pool.acquire() as db:
                while page := await reconciliations.opposed_page(db, sender_id, sender.epoch, after, _PAGE_PEOPLE):
                    after = page[-1].tag
                    ours = [row for row in page if row.tag not in listed and self._came_here(row.history)]
                    self._counts["ours_not_theirs"] += len(ours)
                    found += [Gap(sender=sender.slug, entry=row.changed_at_index) for row in ours]
                    del found[NAMED_MAX:]
        return found

    def _came_here(self, history: bytes) -> bool:
        here = self._link.connection_id
        return any(mark.connection == here and mark.stop_at is not None for mark in standing.decode(history))

    def _count(self, name: str, by: int = 1) -> None:
        if by:
            self._counts[name] += by

    def _gap(self, gap: Gap) -> None:
        if len(self._gaps) < NAMED_MAX:
            self._gaps.append(gap)


def _opposes(case: Case) -> bool:
    return any(wish.opposes for wish in case.journal.wishes)


def _stop_is_known(case: Case, state: State) -> bool:
    """Tell whether a STOP on the case's code is known that is no older; without a time, one that stands."""
    codes = {case.journal.code or "", standing.ANY_CODE}
    marks = tuple(mark for mark in standing.decode(state.history) if mark.code in codes)
    if case.message.received_at is None:
        return standing.opposed(marks)
    since = standing.microseconds(case.journal.event_at - CLOCKS_DIFFER)
    return any(mark.stop_at is not None and mark.stop_at >= since for mark in marks)


def _reached(link: Link, snapshot: Snapshot) -> set[int]:
    """Return the senders that a message of this connection can concern."""
    coded = {
        candidate.sender_id
        for code in link.codes
        if code in snapshot.codes
        for candidate in snapshot.codes[code].candidates
    }
    return coded | {snapshot.slugs[slug].sender_id for slug in link.accounts.values() if slug in snapshot.slugs}


def _messages(link: Link, raw: Sequence[msgspec.Raw]) -> list[Told]:
    """Read the messages of a manifest as our own contract writes them."""
    body = b'{"messages":[' + b",".join(bytes(one) for one in raw) + b"]}"
    request = operators.Request("POST", "", headers={"content-type": "application/json"}, body=body)
    decoded = operators.provider("standard_webhooks").decode(request, link.connection)
    found: dict[int, Any] = {message.position: message for message in decoded.messages}
    return [Told(position, found.get(position)) for position in range(len(raw))]
