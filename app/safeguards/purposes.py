"""What a sending is for, and which safeguards that purpose obeys (D8). Pure.

A purpose is an entitlement: only marketing needs no grant. Doubt about marketing never silences a service message, and
nothing that we do or fail to do holds up an alert.
"""

import msgspec

from app.errors import ForbiddenError
from app.profile import Profile
from app.safeguards.plan import EMERGENCY, MARKETING, SERVICE, TRANSACTIONAL

SCREEN = "screen"
PURPOSES = (MARKETING, SERVICE, TRANSACTIONAL, EMERGENCY)


class Rules(msgspec.Struct, frozen=True):
    """Which safeguards one purpose obeys; each of the others decides itself."""

    opt_outs: bool
    """Whoever is opposed is withheld."""
    hours: bool
    duplicates: bool
    strict_numbers: bool
    """Whatever is no mobile number in its one reading is withheld; else only what cannot be dialled."""


def rules_of(purpose: str, profile: Profile) -> Rules:
    """Return what a purpose obeys for a sender."""
    if purpose == EMERGENCY:
        return Rules(opt_outs=False, hours=False, duplicates=False, strict_numbers=False)
    if purpose in {MARKETING, SCREEN}:
        return Rules(opt_outs=True, hours=True, duplicates=True, strict_numbers=True)
    return Rules(opt_outs=stop_covers_service(profile), hours=False, duplicates=False, strict_numbers=True)


def stop_covers_service(profile: Profile) -> bool:
    """Tell whether a STOP ends service messages too: as the profile says; by default where there are no others."""
    return profile.stop_covers_service if profile.stop_covers_service is not None else not profile.marketing


def require_grant(slug: str, profile: Profile, purpose: str) -> None:
    """Refuse a purpose that the sender was not granted; ForbiddenError says who may grant it."""
    if purpose in profile.grants or (purpose == MARKETING and profile.marketing):
        return
    command = f"stop-registry sender set {slug} grants …"
    if purpose == MARKETING:
        raise ForbiddenError(
            f"`{slug}` sends no commercial messages, as its profile says.",
            french=f"`{slug}` n'envoie pas de messages commerciaux, selon son profil.",
            rule="purpose.marketing",
            profile=slug,
            source="the sender's profile",
            changed_by=f"an administrator, with `stop-registry sender set {slug} marketing true`",
        )
    if purpose not in PURPOSES:
        raise ForbiddenError(f"There is no such purpose; known: {', '.join(PURPOSES)}.")
    raise ForbiddenError(
        f"The sender's profile does not grant the purpose `{purpose}`.",
        french=f"Le profil de l'émetteur n'accorde pas la finalité `{purpose}`.",
        rule=f"purpose.{purpose}",
        profile=slug,
        source="the sender's profile",
        changed_by=f"an administrator, with `{command}`",
    )
