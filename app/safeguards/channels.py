"""Would a STOP to this code arrive? A commercial message that names a dead code is refused before anybody is cleared.

It governs marketing only (D8): a service message and an alert do not hang on a code. Other codes go on.
"""

from collections.abc import Sequence
from datetime import datetime

from app import canaries, clock
from app.alarms import Kind
from app.directory import Snapshot
from app.errors import StopChannelDownError
from app.liveness import NOTHING_PROVEN, REFUSED, State
from app.pulse import Judged
from app.registry import Registry
from app.safeguards.plan import MARKETING, Plan

SOURCE = "CPCE art. L34-5: a commercial message names valid details through which a person can make it stop"
OK, WARNING, ERROR = "ok", "warning", "error"


async def judge(registry: Registry, plan: Plan, now: datetime) -> Sequence[str]:
    """Refuse a code through which nothing was ever heard, or no more; warn of one that is suspect.

    What is judged are the pairs of the code the check names and each operator connection that brings its answers. One
    pair that is alive or suspect lets the batch go, because nobody knows before the answer which operator a person's
    STOP will travel through, and a connection that was set up and never used would else silence a working code; a
    pair that died beside a living one has its alarm. The route of the check plays no part: answers come back to the
    code, not to the account that sent. StopChannelDownError names the way out, with a canary to text.
    """
    if plan.purpose != MARKETING or plan.short_code is None:
        return ()
    code = plan.short_code
    snapshot = await registry.directory.current()
    found = await _carried(registry, snapshot, code, now)
    if any(one.state is State.ALIVE for one in found):
        return ()
    suspects = [one for one in found if one.state is State.SUSPECT]
    if suspects:
        return [_warning(code, suspects)]
    raise await _refusal(registry, snapshot, plan, code, found, now)


async def channel_findings(registry: Registry) -> list[tuple[str, str]]:
    """Return ("ok", "warning" or "error", sentence) for each code that senders use, as `doctor` prints them."""
    snapshot, now = await registry.directory.current(), clock.now()
    findings = []
    for code, used in sorted(snapshot.codes.items()):
        if not used.candidates:
            continue
        found = await _carried(registry, snapshot, code, now)
        if not canaries.carrying(snapshot, code):
            findings.append((ERROR, f"{code}: no operator connection brings its answers; {_add_connection(code)}"))
        elif not any(one.state not in REFUSED for one in found):
            findings.append((ERROR, f"{code}: {_said(found)} {canaries.REMINDER.format(code=code)}"))
        else:
            alive = any(one.state is State.ALIVE for one in found)
            findings += [(OK if alive else WARNING, f"{code}: {_said(found)}")]
    return findings


async def _carried(registry: Registry, snapshot: Snapshot, code: str, now: datetime) -> list[Judged]:
    """Return the code's channels whose connection still brings its answers."""
    carrying = {link.connection_id for link in canaries.carrying(snapshot, code)}
    return [one for one in await registry.pulse.of(code, now) if one.row.connection_id in carrying]


def _warning(code: str, suspects: Sequence[Judged]) -> str:
    return (
        f"The STOP channel {code} is suspect: {_said(suspects)} Prove it before it is refused: "
        f"`stop-registry canary issue {code}`."
    )


def _said(found: Sequence[Judged]) -> str:
    return " ".join(one.why for one in found) or NOTHING_PROVEN


async def _refusal(
    registry: Registry, snapshot: Snapshot, plan: Plan, code: str, found: Sequence[Judged], now: datetime
) -> StopChannelDownError:
    state = State.DEAD if found else State.NEVER_PROVEN
    members = {
        "rule": f"stop-channel.{state}",
        "profile": plan.sender.profile.policy,
        "source": SOURCE,
        "changed_by": "nobody; a STOP or a canary that arrives lifts it at once",
        "short_code": code,
        "state": state.value,
        "proven": _said(found),
    }
    if code not in snapshot.codes:
        return StopChannelDownError(
            f"This registry does not know the code {code}, so no STOP to it can be applied. An administrator adds it: "
            f"`stop-registry code add {code} --sender {plan.sender.slug}`.",
            french=f"Ce registre ne connaît pas le numéro {code} : aucun STOP n'y serait pris en compte. Un "
            f"administrateur l'ajoute : `stop-registry code add {code} --sender {plan.sender.slug}`.",
            **members,
        )
    if not canaries.carrying(snapshot, code):
        return StopChannelDownError(
            f"No operator connection brings the answers to {code}; {_add_connection(code)}",
            french=f"Aucune connexion opérateur n'apporte les réponses au {code}. Un administrateur l'ajoute : "
            f"`stop-registry operator add … --code {code}`.",
            **members,
        )
    if not found:
        registry.alarms.raise_alarm(Kind.CANARY_DUE, code, canaries.REMINDER.format(code=code))
    canary = await canaries.offered(registry, plan.sender.sender_id, code, now)
    until = f"{canary.expires_at:%Y-%m-%dT%H:%MZ}"
    return StopChannelDownError(
        f"{_said(found)} So nobody is cleared for a commercial message that tells people to answer {code}. The way out "
        f"takes a minute: text {canary.text} to {code} from your phone (valid once, until {until}; it opposes nobody), "
        f"then check again. If nothing comes back, the operator does not bring the answers to {code}.",
        french=f"{_french(found)} Personne n'est donc autorisé pour un message commercial qui invite à répondre au "
        f"{code}. Pour en sortir en une minute : envoyez {canary.text} au {code} depuis votre téléphone (valable une "
        f"fois, jusqu'au {until} ; n'oppose personne), puis relancez la vérification. Si rien n'arrive, l'opérateur "
        f"n'achemine pas les réponses au {code}.",
        **members,
        canary=canary.text,
        canary_expires_at=until,
    )


def _french(found: Sequence[Judged]) -> str:
    proven = [one.row.evidence.proven_at for one in found]
    last = max((at for at in proven if at is not None), default=None)
    if last is None:
        return "Aucun STOP ni message de test n'est jamais arrivé."
    unanswered = max(one.row.unanswered for one in found)
    return (
        f"La dernière preuve que ce numéro fonctionne date du {last:%Y-%m-%dT%H:%MZ} ; depuis, {unanswered} messages "
        "autorisés n'ont apporté aucun STOP."
    )


def _add_connection(code: str) -> str:
    return f"an administrator adds one: `stop-registry operator add … --code {code}`."
