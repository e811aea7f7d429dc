"""What is decided about one sender: whether its sends are enforced, its texts and profile, whose list it inherits.

Every act is journalled with who did it, and is an entry of the sender's ledger.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from app import clock, replies
from app.administration import note, sender_named
from app.directory import Sender
from app.errors import ConflictError, InvalidValueError, NotFoundError
from app.profile import Profile
from app.queries import attribution, ledgers, setup
from app.queries.attribution import DecidedRow
from app.queries.rows import Db
from app.registry import Registry
from app.safeguards import profiles

TEXTS = ("confirmation", "contact", "help")
_ARTICLES = {"boolean": "a", "string": "a"}
LISTS_MAX = 8
"""Lists that one check may have to consult; each costs as much as a check of its own."""


async def enforce(registry: Registry, actor: str, slug: str, *, on: bool) -> None:
    """Say that a sender's gateway refuses whatever no check of ours has cleared, or that it does not.

    Only the look-back believes it, once it has been so for all of its hours; said again, it begins anew only after an
    off in between.
    """
    sender = await sender_named(registry, slug)
    now = clock.now()
    detail = {"enforced": "on" if on else "off", "by": actor}
    async with registry.pool.acquire() as db, db.transaction():
        known = await _locked(db, sender)
        if (known.enforced_since is not None) == on:
            raise ConflictError(f"`{slug}` is {detail['enforced']} already.")
        await attribution.set_enforced(db, sender.sender_id, now if on else None)
        await setup.journal_admin(db, now, actor, "sender.enforce", slug, _json(detail), [sender.sender_id])
    await note(registry, sender.sender_id, "enforcement", slug, detail)
    await registry.directory.current(max_age_seconds=0)


async def set_text(registry: Registry, actor: str, slug: str, kind: str, texts: Mapping[str, str]) -> None:
    """Set what people get back, by language; an empty text goes back to ours. Each must be one GSM-7 SMS."""
    if kind not in TEXTS or not texts or not set(texts) <= set(replies.LANGUAGES):
        raise InvalidValueError("Name one of confirmation, contact, help, and a text in fr or en.")
    for language, text in texts.items():
        if found := replies.fault(text):
            raise InvalidValueError(f"The {kind} in `{language}` cannot go out as one SMS: {found}.")
    sender = await sender_named(registry, slug)
    async with registry.pool.acquire() as db, db.transaction():
        # As a plain object: what another release keeps in the profile stays in it.
        profile = msgspec.json.decode((await _locked(db, sender)).profile, type=dict[str, object])
        own = msgspec.convert(profile.get(kind) or {}, dict[str, str | None])
        profile[kind] = own | {language: text or None for language, text in texts.items()}
        await setup.set_profile(db, sender.sender_id, _json(profile))
        said = {"text": kind, **texts}
        await setup.journal_admin(db, clock.now(), actor, "sender.text", slug, _json(said), [sender.sender_id])
    await note(registry, sender.sender_id, "text", slug, {**said, "by": actor})
    await registry.directory.current(max_age_seconds=0)


async def set_value(registry: Registry, actor: str, slug: str, name: str, value: str) -> None:
    """Set one field of a sender's profile: JSON, or a plain text; `null` goes back to the default.

    InvalidValueError lists the fields there are, or says what the field takes. A value is never repeated in it.
    """
    fields = {field.name: field.type for field in msgspec.structs.fields(Profile)}
    if name not in fields:
        raise InvalidValueError(f"A profile has no such field; it has: {', '.join(fields)}.")
    given = _read_value(name, value, fields[name])
    sender = await sender_named(registry, slug)
    async with registry.pool.acquire() as db, db.transaction():
        # As a plain object: what another release keeps in the profile stays in it.
        profile = msgspec.json.decode((await _locked(db, sender)).profile, type=dict[str, object])
        profile = {known: kept for known, kept in profile.items() if known != name}
        if given is not None:
            profile[name] = given
        if found := profiles.fault(msgspec.convert(profile, Profile), name):
            raise InvalidValueError(f"`{name}` cannot be set: {found}.")
        await setup.set_profile(db, sender.sender_id, _json(profile))
        said = {"name": name, "value": _told(name, given)}
        await setup.journal_admin(db, clock.now(), actor, "sender.set", slug, _json(said), [sender.sender_id])
    await note(registry, sender.sender_id, "profile", slug, {**said, "by": actor})
    await registry.directory.current(max_age_seconds=0)


def _read_value(name: str, value: str, wanted: Any) -> object:  # noqa: ANN401 - a field's annotation
    """Read what was typed as JSON, else as one plain text, alone or as the only one of a list; None: the default."""
    try:
        read = msgspec.json.decode(value)
    except msgspec.DecodeError:
        read = value
    if read is None:
        return None
    for attempt in [read] if isinstance(read, dict | list) else [read, value, [value]]:
        try:
            return msgspec.to_builtins(msgspec.convert(attempt, wanted))
        except msgspec.ValidationError:
            continue
    raise InvalidValueError(f"`{name}` takes {_shape(wanted)}, written as JSON.")


def _shape(wanted: Any) -> str:  # noqa: ANN401 - a field's annotation
    """Say in words what a field takes."""
    kind = msgspec.json.schema(wanted)
    if "enum" in kind:
        return " or ".join(f"`{word}`" for word in kind["enum"])
    kinds = [one.get("type", "object") for one in kind.get("anyOf", [kind])]
    return " or ".join("the default (null)" if one == "null" else f"{_ARTICLES.get(one, 'an')} {one}" for one in kinds)


def _told(name: str, given: object) -> str:
    """Say for the journals what was set; of registered texts only their ids."""
    if name == "templates" and isinstance(given, dict):
        return ",".join(sorted(given))
    return "default" if given is None else msgspec.json.encode(given).decode()


async def inherit(registry: Registry, actor: str, heir_slug: str, former_slug: str, reason: str) -> None:
    """Let the heir's checks withhold whoever is opposed to the former sender too: a data protection officer's decision.

    Tags cannot move between senders, so nothing is copied, and what people say to the heir afterwards concerns the
    heir alone. ConflictError when it is decided already, would come back to the heir, or makes one check too dear.
    """
    if not reason.strip():
        raise InvalidValueError("Say why: the reason stays in both ledgers.")
    heir, former = await sender_named(registry, heir_slug), await sender_named(registry, former_slug)
    detail = {"heir": heir_slug, "from": former_slug, "reason": reason, "by": actor}
    async with registry.pool.acquire() as db, db.transaction():
        await _locked(db, heir)
        inherited = await attribution.list_inherited(db)
        _may_inherit(inherited, heir, former)
        # The entries come first: should what follows fail, they tell of a decision, and it is taken again.
        for sender in (heir, former):
            await note(registry, sender.sender_id, "inheritance", heir_slug, detail)
        await attribution.set_inherits(db, heir.sender_id, [*inherited.get(heir.sender_id, []), former.sender_id])
        await ledgers.begin_generation(db, heir.sender_id)  # checks judged by belief look at nothing else for it
        both = [heir.sender_id, former.sender_id]
        await setup.journal_admin(db, clock.now(), actor, "sender.inherit", heir_slug, _json(detail), both)
    await registry.directory.current(max_age_seconds=0)


def _may_inherit(inherited: Mapping[int, list[int]], heir: Sender, former: Sender) -> None:
    if former.sender_id in inherited.get(heir.sender_id, []):
        raise ConflictError(f"`{heir.slug}` has inherited the list of `{former.slug}` already.")
    if heir.sender_id in _reached(inherited, former.sender_id):
        raise ConflictError(f"`{former.slug}` has itself inherited from `{heir.slug}`, or is the same sender.")
    after = {**inherited, heir.sender_id: [*inherited.get(heir.sender_id, []), former.sender_id]}
    if any(len(_reached(after, sender_id)) > LISTS_MAX for sender_id in after):
        raise ConflictError(f"A check consults at most {LISTS_MAX} lists, those inherited from heirs included.")


def _reached(inherited: Mapping[int, list[int]], sender_id: int) -> set[int]:
    """Return every sender whose list a check of this one consults, itself included."""
    reached: set[int] = set()
    waiting = [sender_id]
    while waiting:
        current = waiting.pop()
        if current not in reached:
            reached.add(current)
            waiting += inherited.get(current, [])
    return reached


async def _locked(db: Db, sender: Sender) -> DecidedRow:
    row = await attribution.lock_sender(db, sender.sender_id)
    if row is None:
        raise NotFoundError("There is no such sender.")
    return row


def _json(value: Mapping[str, object]) -> str:
    return msgspec.json.encode(dict(value)).decode()
