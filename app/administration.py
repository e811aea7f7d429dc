"""Setting the registry up: senders, codes, operator connections, keys.

Every act is journalled; what concerns one sender is also an entry of its ledger.
"""

import re
import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from app import auth, clock, intent, ledger, operators
from app.alarms import Kind
from app.appends import Record
from app.auth import Role
from app.directory import Declaration, Link, Secrets, Sender, seal_secrets
from app.errors import ConflictError, InvalidValueError, NotFoundError
from app.intent import Intent
from app.keys import Root, seal_root
from app.queries import api_keys, review, setup
from app.queries.rows import Db
from app.registry import Registry

SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")
CODE = re.compile(r"[0-9]{3,8}")
COUNTRY = re.compile(r"[A-Z]{2}")
REFERENCE = re.compile(r"[^\x00-\x1f\x7f]{0,200}")
ROOT_BYTES = 32
SECRETS_MAX = 2
OLDEST = "oldest"


class ConnectionPlan(msgspec.Struct, frozen=True):
    """What an operator connection is to be; a missing token or secret is made."""

    slug: str
    provider: str
    secrets: tuple[str, ...] = ()
    token: str | None = None
    codes: tuple[str, ...] = ()
    accounts: Mapping[str, str] = {}
    config: Mapping[str, Any] = {}
    replies: str = "answer"
    may_lift: bool = False


async def found(db: Db, origin: str, passphrase: bytes) -> bytes:
    """Found the registry in an empty database with a new root key; return the sealed key file to write.

    The row is written by the caller's transaction, which it must end only when the file is safely on disk: a
    registry whose key is lost is lost.
    """
    if await setup.read_registry(db) is not None:
        raise ConflictError("This database has its registry and key already; a second key would make it unreadable.")
    root = clock.random_bytes(ROOT_BYTES)
    await setup.found_registry(db, origin, Root(root).check_value(), clock.now())
    return seal_root(root, passphrase, clock.random_bytes(16), clock.random_bytes(12))


async def add_sender(registry: Registry, actor: str, slug: str, name: str) -> int:
    """Add a sender with an empty ledger, and write its first entry."""
    _require(SLUG, slug, "A sender's short name holds small letters, digits and dashes, such as `salon-martin`.")
    if await registry.directory.sender(slug):
        raise ConflictError(f"There is a sender `{slug}` already.")
    async with registry.pool.acquire() as db, db.transaction():
        now = clock.now()
        sender_id = await setup.add_sender(db, slug, name, clock.random_bytes(32), "{}", now)
        await setup.journal_admin(db, now, actor, "sender.add", slug, _json({"name": name}), [sender_id])
    await note(registry, sender_id, "sender", slug, {"name": name, "by": actor})
    await registry.directory.current(max_age_seconds=0)
    return sender_id


async def add_code(
    registry: Registry,
    actor: str,
    code: str,
    sender_slugs: Sequence[str],
    keywords: Sequence[str],
    tariff: str,
    territories: Sequence[str] = (),
) -> None:
    """Let senders use a code; keywords (of one sender only) tell it from others on a shared code.

    Territories say where it can be answered (FR, GP, RE …); where none are given, what is known stays.
    """
    _require(CODE, code, "A short code is 3 to 8 digits, such as 36200.")
    if keywords and len(sender_slugs) != 1:
        raise InvalidValueError("Keywords name one sender: add the senders of a shared code one by one.")
    senders = [await sender_named(registry, slug) for slug in sender_slugs]
    words = [intent.normalise(keyword) for keyword in keywords]
    _require_countries(territories)
    async with registry.pool.acquire() as db, db.transaction():
        now = clock.now()
        await setup.add_code(db, code, tariff, now)
        for sender in senders:
            await setup.add_code_sender(db, code, sender.sender_id, words)
        said = {"senders": ",".join(sender_slugs)}
        if territories:
            await setup.set_code_territories(db, code, territories)
            said["territories"] = ",".join(territories)
        await setup.journal_admin(db, now, actor, "code.add", code, _json(said))
    for sender in senders:
        await note(registry, sender.sender_id, "code", code, {"keywords": ",".join(words), "by": actor})
    await registry.directory.current(max_age_seconds=0)


async def set_keyword(
    registry: Registry, actor: str, code: str, word: str, meaning: Intent | None, sender_slug: str | None = None
) -> int:
    """Let a word mean something on a code, for all its senders or one; None forgets it. Return the words' version."""
    shown = intent.normalise(word)
    if not shown:
        raise InvalidValueError("A keyword holds at least one word of letters or digits.")
    if intent.classify(word).intent is Intent.STOP and meaning not in {Intent.STOP, None}:
        raise InvalidValueError("This text is a STOP everywhere; no keyword can make it mean anything else.")
    known = (await registry.directory.current(max_age_seconds=0)).codes.get(code)
    sender = await sender_named(registry, sender_slug) if sender_slug else None
    users = [candidate.sender_id for candidate in known.candidates] if known else []
    if known is None or (sender and sender.sender_id not in users):
        raise NotFoundError("There is no such code, or this sender does not use it; see `stop-registry code list`.")
    words = dict(known.words.senders.get(sender.sender_id, {}) if sender else known.words.code)
    words.pop(shown, None)
    words |= {shown: meaning} if meaning else {}
    said = {"word": shown, "intent": meaning.value if meaning else "none", "sender": sender_slug or ""}
    version = await _store_words(registry, actor, code, sender, words, said)
    for sender_id in [sender.sender_id] if sender else users:
        await note(registry, sender_id, "code", code, {**said, "version": str(version), "by": actor})
    await registry.directory.current(max_age_seconds=0)
    return version


async def _store_words(
    registry: Registry, actor: str, code: str, sender: Sender | None, words: dict[str, Intent], said: dict[str, str]
) -> int:
    async with registry.pool.acquire() as db, db.transaction():
        if sender:
            version = await review.set_sender_words(db, code, sender.sender_id, _json(words))
        else:
            version = await review.set_code_words(db, code, _json(words))
        if version is None:
            raise NotFoundError("There is no such code.")
        await setup.journal_admin(db, clock.now(), actor, "code.keyword", code, _json({**said, "version": version}))
    return version


async def add_connection(registry: Registry, actor: str, plan: ConnectionPlan) -> Secrets:
    """Add an operator connection; return its secrets, to be shown once."""
    _require(
        SLUG, plan.slug, "A connection's short name holds small letters, digits and dashes, such as `agregateur-a`."
    )
    operators.provider(plan.provider)
    made = _secrets(plan)
    row = setup.ConnectionRow(
        connection_id=0,
        slug=plan.slug,
        provider=plan.provider,
        secrets=seal_secrets(registry.root, plan.slug, made, clock.random_bytes(12)),
        config=_json(plan.config),
        codes=list(plan.codes),
        accounts=_json(plan.accounts),
        replies=plan.replies,
        may_lift=plan.may_lift,
    )
    if await registry.directory.link(plan.slug):
        raise ConflictError(f"There is a connection `{plan.slug}` already.")
    async with registry.pool.acquire() as db, db.transaction():
        now = clock.now()
        await setup.add_connection(db, row, now)
        detail = {"provider": plan.provider, "codes": ",".join(plan.codes), "may_lift": str(plan.may_lift)}
        await setup.journal_admin(db, now, actor, "operator.add", plan.slug, _json(detail))
    await registry.directory.current(max_age_seconds=0)
    return made


async def declare(registry: Registry, actor: str, slug: str, said: Declaration) -> None:
    """Say what a connection is as a way out; checks believe it from then on."""
    _require_countries(said.countries)
    if not REFERENCE.fullmatch(said.contract):
        raise InvalidValueError("A contract's reference has at most 200 visible characters.")
    link = await _link_named(registry, slug)
    async with registry.pool.acquire() as db, db.transaction():
        await setup.declare_connection(
            db, link.connection_id, said.route_class, said.countries, said.contract, stop_returns=said.stop_returns
        )
        await setup.journal_admin(db, clock.now(), actor, "operator.declare", slug, _json(msgspec.to_builtins(said)))
    await registry.directory.current(max_age_seconds=0)


async def declared(registry: Registry, slug: str) -> Declaration:
    """Return what is declared about a connection so far."""
    return (await _link_named(registry, slug)).declared


async def _link_named(registry: Registry, slug: str) -> Link:
    await registry.directory.current(max_age_seconds=0)
    link = await registry.directory.link(slug)
    if link is None:
        raise NotFoundError(f"There is no connection `{slug}`; see `stop-registry operator list`.")
    return link


async def change_secrets(registry: Registry, actor: str, slug: str, added: str | None, removed: str | None) -> str:
    """Add a secret (empty: make one) and remove one (its text, or `oldest`); return the one that was made, if any."""
    link = await _link_named(registry, slug)
    before = Secrets(link.connection.secrets, link.connection.token)
    kept = _without(before, removed) if removed is not None else before
    made = _new_secret(link.connection.provider) if added == "" else ""
    if added is not None:
        kept = Secrets((made or added, *kept.secrets), kept.token)
    if len(kept.secrets) + bool(kept.token) > SECRETS_MAX:
        raise ConflictError("Two secrets are in force already: remove one first, or with --remove in the same command.")
    if not kept.secrets and not kept.token:
        raise ConflictError("This is the connection's only secret: add another one first.")
    box = seal_secrets(registry.root, slug, kept, clock.random_bytes(12))
    async with registry.pool.acquire() as db, db.transaction():
        await setup.set_connection_secrets(db, link.connection_id, box)
        detail = {"added": str(added is not None), "removed": str(removed is not None)}
        await setup.journal_admin(db, clock.now(), actor, "operator.secret", slug, _json(detail))
    await registry.directory.current(max_age_seconds=0)
    return made


def _without(held: Secrets, removed: str) -> Secrets:
    """Take a secret away; the token in the address is the oldest there is."""
    last = held.token or (held.secrets[-1] if held.secrets else None)
    gone = last if removed == OLDEST else removed
    if gone is None or gone not in {*held.secrets, held.token}:
        raise NotFoundError("This connection has no such secret.")
    return Secrets(tuple(one for one in held.secrets if one != gone), None if held.token == gone else held.token)


async def issue_key(
    registry: Registry,
    actor: str,
    role: Role,
    label: str,
    sender_slugs: Sequence[str],
    expires_at: datetime | None = None,
) -> str:
    """Issue a key; the text is shown once and stored nowhere."""
    senders = [await sender_named(registry, slug) for slug in sender_slugs]
    async with registry.pool.acquire() as db, db.transaction():
        text = await auth.issue(db, role, label, [sender.sender_id for sender in senders], expires_at)
        key_id, _ = auth.split(text)
        detail = {"role": role.value, "label": label, "senders": ",".join(sender_slugs)}
        concerned = [sender.sender_id for sender in senders]
        await setup.journal_admin(db, clock.now(), actor, "key.issue", key_id, _json(detail), concerned)
    for sender in senders:
        await note(registry, sender.sender_id, "key", key_id, {"role": role.value, "label": label, "by": actor})
    if role in auth.GRANTS:
        told = f"{actor} gave a key of role {role} for {', '.join(sender_slugs)}. Close this, or revoke it."
        registry.alarms.raise_alarm(Kind.RIGHTS_GRANTED, key_id, told)
    return text


async def revoke_key(registry: Registry, actor: str, key_id: str) -> None:
    """Revoke a key, by its id or its whole text; from the next request on it is refused."""
    known = auth.key_id(key_id)
    async with registry.pool.acquire() as db, db.transaction():
        if not await api_keys.revoke_key(db, known, clock.now()):
            raise NotFoundError("There is no such key in force.")
        await setup.journal_admin(db, clock.now(), actor, "key.revoke", known, "{}")
    registry.alarms.close_alarm(Kind.RIGHTS_GRANTED, known)


async def sender_named(registry: Registry, slug: str) -> Sender:
    """Return a sender by its short name."""
    sender = await registry.directory.sender(slug)
    if sender is None:
        raise NotFoundError(f"There is no sender `{slug}`; see `stop-registry sender list`.")
    return sender


async def note(registry: Registry, sender_id: int, kind: str, subject: str, detail: Mapping[str, str]) -> None:
    """Write an administrative fact into a sender's ledger."""
    now = clock.now()

    def build(index: int) -> ledger.Entry:
        return ledger.NoteEntry(
            index=index, recorded=ledger.timestamp(now), kind=kind, subject=subject, detail=dict(detail)
        )

    await registry.sequencer.record(Record(sender_id, build), registry.settings.commit_seconds_max)


def _secrets(plan: ConnectionPlan) -> Secrets:
    """Keep what was given; else make a signing secret where the provider signs our way, a URL token elsewhere."""
    if plan.secrets or plan.token:
        return Secrets(plan.secrets, plan.token)
    made = _new_secret(plan.provider)
    return Secrets((made,)) if plan.provider == "standard_webhooks" else Secrets((), made)


def _new_secret(provider: str) -> str:
    return _webhook_secret() if provider == "standard_webhooks" else secrets.token_urlsafe(24)


def _webhook_secret() -> str:
    """Make a secret as Standard Webhooks writes it: `whsec_` and 24 to 64 random bytes in base64."""
    return "whsec_" + b64encode(clock.random_bytes(32)).decode()


def _json(value: Mapping[str, Any]) -> str:
    return msgspec.json.encode(dict(value)).decode()


def _require_countries(codes: Sequence[str]) -> None:
    for code in codes:
        _require(COUNTRY, code, "Write countries and territories as two capitals (ISO 3166): FR, DE, GP, RE.")


def _require(pattern: re.Pattern[str], value: str, message: str) -> None:
    if not pattern.fullmatch(value):
        raise InvalidValueError(message)
