"""Senders, codes and operator connections, kept in memory and read anew every second.

They are few and change rarely, while every message needs them. A sender or code that was just added is found at once:
whoever misses a name asks for a fresh reading before saying that it does not exist.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

import msgspec

from app.attribution import Candidate
from app.database import Pool, is_unavailable
from app.errors import GoneError, UnavailableError
from app.intent import Intent
from app.keys import Root
from app.operators import Connection
from app.profile import Profile
from app.queries import clearances, rotation, setup
from app.reading import NO_WORDS, Keywords, Words
from app.tags import Chain, Tagger

MAX_AGE_SECONDS = 1.0
READ_SECONDS_MAX = 2.0
SECRETS_PURPOSE = "connection-secrets"


class Sender(msgspec.Struct, frozen=True, dict=True):
    """A brand, with the key that turns numbers into its tags."""

    sender_id: int
    slug: str
    name: str
    chain: Chain
    """One key, and one more for every rotation; none once the sender was erased."""
    profile: Profile
    enforced_since: datetime | None = None
    """Since when its gateway refuses uncleared sends."""

    @property
    def erased(self) -> bool:
        """Its keys are gone; nothing but its ledger is left."""
        return not self.chain

    @property
    def key(self) -> Chain:
        """What turns numbers into its tags; GoneError once the sender was erased."""
        if self.erased:
            raise GoneError("This sender was erased on a data protection officer's decision; only its ledger is left.")
        return self.chain

    @property
    def epoch(self) -> int:
        """How often its key was rotated; tags made with `key` are of this epoch."""
        return len(self.key) - 1

    @cached_property
    def tagger(self) -> Tagger:
        """What tags single numbers for it, on the event loop."""
        return Tagger(self.key)


class Code(msgspec.Struct, frozen=True):
    """A short code and the senders that use it."""

    code: str
    tariff: str
    candidates: tuple[Candidate, ...]
    words: Words = NO_WORDS
    territories: tuple[str, ...] = ()
    """Where it can be answered; none: nothing is known, so everywhere."""


class Declaration(msgspec.Struct, frozen=True):
    """What an administrator says a connection is as a way out; nothing said is nothing known."""

    route_class: Literal["direct", "partner", "unknown"] = "unknown"
    """direct (the operator itself), partner (under contract with it) or unknown."""
    countries: tuple[str, ...] = ()
    """ISO 3166 codes of where its data live."""
    contract: str = ""
    """Reference of the contract."""
    stop_returns: bool = False
    """A STOP to what went out this way comes back to this registry."""


UNDECLARED = Declaration()


class Link(msgspec.Struct, frozen=True):
    """An operator connection with its opened secrets."""

    connection_id: int
    connection: Connection
    codes: tuple[str, ...]
    accounts: Mapping[str, str]
    replies: str
    may_lift: bool
    declared: Declaration = UNDECLARED


class Secrets(msgspec.Struct, frozen=True):
    """What is sealed in connection.secrets."""

    secrets: tuple[str, ...] = ()
    token: str | None = None


class Snapshot(msgspec.Struct, frozen=True):
    """One reading of the directory."""

    senders: Mapping[int, Sender]
    slugs: Mapping[str, Sender]
    codes: Mapping[str, Code]
    links: Mapping[str, Link]
    signing: Mapping[str, int]
    """The generation in use of each signing key that was ever rotated."""
    read_at: float


class Directory:
    """Answer who is who."""

    def __init__(self, pool: Pool, root: Root) -> None:
        self._pool = pool
        self._root = root
        self._snapshot: Snapshot | None = None
        self._reading = asyncio.Lock()

    async def current(self, max_age_seconds: float = MAX_AGE_SECONDS) -> Snapshot:
        """Return a reading at most that old.

        While the database is away the last one serves: messages must still be authenticated, and nothing is
        committed without the database anyway. UnavailableError where there is none yet.
        """
        known = self._snapshot
        young = known is not None and time.monotonic() - known.read_at < max_age_seconds
        # One caller reads anew, the others need not wait for a database that may be slow.
        if known and (young or (self._reading.locked() and max_age_seconds)):
            return known
        found = await self._anew() or known
        if found is None:
            raise UnavailableError("The database is away; send the same request again.")
        return found

    async def link(self, slug: str) -> Link | None:
        """Find an operator connection."""
        return (await self.current()).links.get(slug) or (await self._certain()).links.get(slug)

    async def sender(self, slug: str) -> Sender | None:
        """Find a sender by its slug."""
        return (await self.current()).slugs.get(slug) or (await self._certain()).slugs.get(slug)

    async def sender_by_id(self, sender_id: int) -> Sender | None:
        """Find a sender by its id."""
        return (await self.current()).senders.get(sender_id) or (await self._certain()).senders.get(sender_id)

    async def signing_generation(self, purpose: str) -> int:
        """Return the generation of a signing key that is in use; the first until it is rotated."""
        return (await self.current()).signing.get(purpose, 1)

    async def _certain(self) -> Snapshot:
        """Return a reading that was made now: only such a one may say that something does not exist."""
        found = await self._anew()
        if found is None:
            raise UnavailableError("The database is away; send the same request again.")
        return found

    async def _anew(self) -> Snapshot | None:
        """Return a reading begun after this call, or None when the database does not answer in time.

        Callers that come while one reads share the next reading: each of a hundred would else read everything.
        """
        asked_at = time.monotonic()
        try:
            async with asyncio.timeout(READ_SECONDS_MAX), self._reading:
                if self._snapshot is None or self._snapshot.read_at < asked_at:
                    self._snapshot = await self._read()
        except Exception as error:
            if is_unavailable(error):
                return None
            raise
        return self._snapshot

    async def _read(self) -> Snapshot:
        read_at = time.monotonic()  # what changes from here on may be missed
        async with self._pool.acquire(timeout=READ_SECONDS_MAX) as db:
            # Epochs before salts: a salt is stored before its epoch is in force, so none can be missing.
            epochs = await rotation.list_epochs(db)
            salts = await rotation.list_salts(db)
            rows = await setup.list_senders(db)
            senders = {
                row.sender_id: _sender(self._root, row, salts.get(row.sender_id, [])[: epochs.get(row.sender_id, 0)])
                for row in rows
            }
            codes = _codes(await setup.list_codes(db))
            erased = {sender.slug for sender in senders.values() if sender.erased}
            links = {row.slug: _link(self._root, row, erased) for row in await setup.list_connections(db)}
            signing = await clearances.current_signing_keys(db)
        by_slug = {sender.slug: sender for sender in senders.values()}
        return Snapshot(senders, by_slug, codes, links, signing, read_at)


def seal_secrets(root: Root, slug: str, secrets: Secrets, nonce: bytes) -> bytes:
    """Seal a connection's secrets; its slug is bound to the box, so that rows cannot be swapped."""
    return root.seal(SECRETS_PURPOSE, msgspec.json.encode(secrets), slug.encode(), nonce)


def open_secrets(root: Root, row: setup.ConnectionRow) -> Secrets:
    """Open what `seal_secrets` sealed."""
    return msgspec.json.decode(root.open(SECRETS_PURPOSE, row.secrets, row.slug.encode()), type=Secrets)


def _sender(root: Root, row: setup.SenderRow, later_salts: Sequence[bytes]) -> Sender:
    profile = msgspec.json.decode(row.profile, type=Profile)
    key = root.sender_keys(row.sender_id, (row.salt, *later_salts))
    return Sender(row.sender_id, row.slug, row.name, key, profile, row.enforced_since)


def read_words(text: str) -> Keywords:
    """Read stored keywords."""
    return msgspec.json.decode(text, type=dict[str, Intent])


def _codes(rows: list[setup.CodeRow]) -> dict[str, Code]:
    users: dict[str, list[setup.CodeRow]] = {}
    for row in rows:
        users.setdefault(row.code, []).append(row)
    return {code: _code(rows) for code, rows in users.items()}


def _code(rows: list[setup.CodeRow]) -> Code:
    first = rows[0]
    candidates = tuple(Candidate(row.sender_id, tuple(row.keywords)) for row in rows if row.sender_id is not None)
    own = {row.sender_id: read_words(row.sender_words) for row in rows if row.sender_id is not None}
    words = Words(
        read_words(first.words), {sender_id: found for sender_id, found in own.items() if found}, first.words_version
    )
    return Code(first.code, first.tariff, candidates, words, tuple(first.territories))


def _link(root: Root, row: setup.ConnectionRow, erased: AbstractSet[str]) -> Link:
    secrets = open_secrets(root, row)
    config: dict[str, Any] = msgspec.json.decode(row.config, type=dict[str, Any])
    if len(row.codes) == 1:
        config.setdefault("default_code", row.codes[0])
    accounts = msgspec.json.decode(row.accounts, type=dict[str, str])
    accounts = {account: slug for account, slug in accounts.items() if slug not in erased}
    connection = Connection(row.slug, row.provider, secrets.secrets, secrets.token, config)
    declared = Declaration(row.route_class, tuple(row.data_countries), row.contract, row.stop_returns)
    return Link(row.connection_id, connection, tuple(row.codes), accounts, row.replies, row.may_lift, declared)
