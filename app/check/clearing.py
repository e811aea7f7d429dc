"""The clearance of a check: its terms before the record is committed, its token after."""

from datetime import datetime, timedelta

import msgspec
import numpy as np

from app import clearance, clock, intent, ledger
from app.appends import Permit
from app.auth import Role
from app.check.recording import Case
from app.index import Version
from app.phone import Numbers
from app.registry import Registry
from app.safeguards.plan import SERVICE, TRANSACTIONAL, Plan
from app.verdict import Reason, Verdict


class Granted(msgspec.Struct, frozen=True):
    """A clearance as the answer to a check gives it."""

    id: str
    token: str
    not_before: datetime
    expires_at: datetime
    batch_digest: str


class Ground(msgspec.Struct, frozen=True):
    """What a clearance rests on, beside the verdict."""

    plan: Plan
    version: Version
    check_id: str
    now: datetime
    policy: str | None
    closes_at: datetime | None
    """The earliest closing hour of the batch; past it no clearance lasts."""
    text_digest: bytes | None = None


def permit(case: Case, ground: Ground, numbers: Numbers, judged: Verdict, signed_by: int) -> Permit | None:
    """Write the terms for whoever is allowed; None when nobody is."""
    if not judged.counts.allowed:
        return None
    everybody = judged.counts.allowed == judged.counts.submitted
    allowed = numbers.numbers if everybody else numbers.numbers[judged.reasons == Reason.ALLOWED.value]
    terms = _terms(case, ground, judged, allowed)
    return Permit(
        clearance.encode(terms),
        terms.not_before,
        terms.expires_at,
        signed_by,
        gated=terms.admissions,
        text_digest=ground.text_digest,
    )


def granted(registry: Registry, permit: Permit | None) -> Granted | None:
    """Sign what was committed; the same permit always gives the same token."""
    if permit is None:
        return None
    terms = msgspec.json.decode(permit.terms, type=clearance.Terms)
    token = clearance.sign(permit.terms, registry.root.signing_key(permit.signed_by, clearance.SIGNING_PURPOSE))
    return Granted(terms.jti, token, terms.not_before, terms.expires_at, terms.batch_digest)


def _terms(case: Case, ground: Ground, judged: Verdict, allowed: np.ndarray) -> clearance.Terms:
    plan, salt = ground.plan, clock.random_bytes(clearance.SALT_BYTES)
    until = plan.send_at + timedelta(minutes=plan.send_minutes)
    if ground.closes_at is not None:
        until = min(until, ground.closes_at)
    return clearance.Terms(
        iss=case.registry.origin,
        aud=plan.route or case.sender.slug,
        jti=clearance.clearance_id(ground.check_id),
        iat=int(ground.now.timestamp()),
        nbf=int(plan.send_at.timestamp()),
        exp=int(until.timestamp()),
        check=ground.check_id,
        sender=case.sender.slug,
        delegate=case.caller.key_id if case.caller.role is Role.DELEGATE else None,
        campaign=plan.campaign,
        purpose=plan.purpose,
        short_code=plan.short_code,
        sender_id=plan.sender_id,
        count=judged.counts.allowed,
        batch_salt=salt.hex(),
        batch_digest=clearance.batch_digest(salt, allowed),
        ledger_size=ground.version.size,
        ledger_root=ledger.root(ledger.Frontier(ground.version.size, ground.version.peaks)).hex(),
        policy=ground.policy,
        classifier=intent.CLASSIFIER_VERSION,
        admissions=case.sender.profile.admissions,
        drill=plan.drill,
        unanswered=case.sender.profile.service_unanswered if plan.purpose in {SERVICE, TRANSACTIONAL} else "refuse",
    )
