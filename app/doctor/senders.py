"""Each sender's profile: will its checks be judgeable, and would they pass as far as the set-up decides it."""

from collections.abc import Iterator, Sequence

from app.directory import Sender, Snapshot
from app.doctor.finding import Finding, fail, ok, warn
from app.profile import Profile
from app.queries import holds
from app.registry import Registry
from app.safeguards import completing, mention, profiles, routes, sender_ids
from app.safeguards.plan import MARKETING


async def check(registry: Registry) -> Sequence[Finding]:
    """Judge every sender."""
    snapshot = await registry.directory.current(max_age_seconds=0)
    if not snapshot.senders:
        return [warn("senders", "there are none; add one with `stop-registry sender add`")]
    async with registry.pool.acquire() as db:
        held = await holds.held_senders(db)
    everyone = snapshot.senders.values()
    return [found for one in everyone for found in findings(snapshot, one, held=one.sender_id in held)]


def findings(snapshot: Snapshot, sender: Sender, *, held: bool = False) -> list[Finding]:
    """Judge one sender; one that is all right has one line."""
    what = f"sender {sender.slug}"
    found = [
        *(fail(what, told) for told in _failures(snapshot, sender)),
        *(warn(what, told) for told in _warnings(snapshot, sender, held=held)),
    ]
    return found or [ok(what, "its profile completes and passes a check")]


def _failures(snapshot: Snapshot, sender: Sender) -> Iterator[str]:
    profile, own = sender.profile, _codes(snapshot, sender)
    yield from _of_fields(profile)
    if not own:
        yield f"nobody can say STOP to it: `stop-registry code add CODE --sender {sender.slug}`"
    if profile.short_code and profile.short_code not in own:
        yield f"`short_code` in the profile is {profile.short_code}, which is no code of this sender"
    yield from _of_routes(snapshot, profile)
    for sender_id in profile.sender_ids:
        if objection := sender_ids.objection(sender_id, sender_ids.overseas_codes(snapshot, sender.sender_id)):
            yield f"`sender_ids` in the profile: {objection.english}"
    for name, text in profile.templates.items():
        if strange := [code for code in mention.codes_told(text) if code not in own]:
            yield f"template `{name}` tells people to say STOP to {', '.join(strange)}, which is no code of this sender"


def _of_fields(profile: Profile) -> Iterator[str]:
    for name in Profile.__struct_fields__:
        if name not in {"sender_ids", "hours"} and (told := profiles.fault(profile, name)):
            yield f"`{name}` in the profile: {told}"


def _of_routes(snapshot: Snapshot, profile: Profile) -> Iterator[str]:
    for slug in profile.routes:
        link = snapshot.links.get(slug)
        if link is None:
            yield f"`routes` in the profile names `{slug}`, and there is no such connection"
            continue
        for objection in routes.objections(profile, MARKETING, link.declared):
            yield f"route {slug}: {objection.english}"


def _warnings(snapshot: Snapshot, sender: Sender, *, held: bool) -> Iterator[str]:
    profile = sender.profile
    if told := completing.left_to_the_caller(sender, completing.known_to(snapshot, sender.sender_id)):
        yield f"each marketing check must give {', '.join(f'`{name}`' for name in told)}, or the profile one value"
    for name, text in profile.templates.items():
        if not mention.has_mention(text) and not mention.links_to(text, profile.opt_out_urls):
            yield f"template `{name}` names no way to say STOP: no advertising can go out with it"
    if "unknown" in profile.allowed_classes or not profile.stop_must_return:
        yield "its profile lets advertising go out by grey routes, or by routes that bring no STOP back"
    if profile.sectors:
        yield f"it may not advertise by SMS ({', '.join(profile.sectors)}) but in {_listed(profile.contract_campaigns)}"
    if held:
        yield f"sending is held: `stop-registry sender holds {sender.slug}`"


def _codes(snapshot: Snapshot, sender: Sender) -> list[str]:
    return list(completing.known_to(snapshot, sender.sender_id).codes)


def _listed(campaigns: Sequence[str]) -> str:
    return f"the campaigns {', '.join(campaigns)}" if campaigns else "no campaign at all"
