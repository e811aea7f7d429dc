"""May this route carry the batch? Its class, where its data live, whether a STOP comes back, its contract.

Grey routes honour no STOP and guarantee no delivery (research/regulation.md §5: bulk SMS through SIM cards), so a
route is what an administrator declared it to be, and unknown until then. Governs every purpose; an emergency is only
warned, since its routes are judged when they are set up, by `doctor` (D8).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from app.directory import UNDECLARED, Declaration
from app.profile import Profile
from app.registry import Registry
from app.safeguards.plan import MARKETING, Plan
from app.safeguards.refusal import Objection, refuse

CLASSES = ("direct", "partner", "unknown")
# The European Union, its regions overseas that have a code of their own, Iceland, Liechtenstein and Norway.
EEA = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "GF", "GP", "MF", "MQ", "RE", "YT", "IS", "LI", "NO",
})  # fmt: skip
# Decisions under GDPR art. 45 for a whole country (European Commission's list; Brazil: decision (EU) 2026/179). Those
# for a part of the economy only (Canada, United States) are for the profile to allow, once it is known to apply.
ADEQUATE = frozenset({"AD", "AR", "BR", "CH", "FO", "GB", "GG", "IL", "IM", "JE", "JP", "KR", "NZ", "UY"})

GREY = "operators' contracts exclude grey routes; CPCE art. L34-5 asks for a valid way to object"
GDPR = "GDPR art. 44-46 (transfers) and 45 (adequacy decisions)"
ADMINISTRATOR = "an administrator, with `stop-registry operator declare` or in the sender's profile"


async def judge(registry: Registry, plan: Plan, now: datetime) -> Sequence[str]:  # noqa: ARG001 - as every safeguard
    """Refuse a route that the sender's profile does not allow; RouteRefusedError names the rule."""
    if plan.route is None:
        return ["No `route` was named, so none was judged."]
    link = await registry.directory.link(plan.route)
    return judged(plan, link.declared if link else UNDECLARED)


def judged(plan: Plan, declared: Declaration) -> Sequence[str]:
    """Judge one plan's route as it was declared."""
    warnings = [refuse(plan, found) for found in objections(plan.sender.profile, plan.purpose, declared)]
    if not declared.contract:
        warnings.append("No contract is declared for this route (GDPR art. 28).")
    return warnings


def objections(profile: Profile, purpose: str, declared: Declaration) -> Iterator[Objection]:
    """Yield what speaks against a route for this purpose, the gravest first."""
    if declared.route_class not in profile.allowed_classes:
        yield _of_class(profile, declared.route_class)
    if (found := _of_countries(profile, declared.countries)) is not None:
        yield found
    if purpose == MARKETING and profile.stop_must_return and not declared.stop_returns:
        yield Objection(
            "route.stop-return",
            "No STOP comes back through this route, as far as it is declared: send by another one, or declare it with "
            "`stop-registry operator declare CONNECTION --stop-returns` where it does.",
            "Aucun STOP ne revient par cette route, d'après sa déclaration : passez par une autre, ou déclarez-la par "
            "`stop-registry operator declare CONNEXION --stop-returns` si c'est le cas.",
            GREY,
            ADMINISTRATOR,
        )


def forbidden_countries(profile: Profile, countries: Sequence[str]) -> list[str]:
    """Return those of the countries in which data may not live."""
    allowed = frozenset(profile.allowed_countries) or EEA | ADEQUATE
    return [country for country in countries if country not in allowed]


def _of_class(profile: Profile, route_class: str) -> Objection:
    allowed = ", ".join(profile.allowed_classes) or "none"
    return Objection(
        "route.class",
        f"This route is of class {route_class}, and the sender allows: {allowed}. Send by another one, or declare what "
        "it is with `stop-registry operator declare CONNECTION --class direct|partner`.",
        f"Cette route est de classe {route_class}, et l'expéditeur permet : {allowed}. Passez par une autre, ou "
        "déclarez ce qu'elle est par `stop-registry operator declare CONNEXION --class direct|partner`.",
        GREY,
        ADMINISTRATOR,
    )


def _of_countries(profile: Profile, countries: Sequence[str]) -> Objection | None:
    if not countries:
        return Objection(
            "route.countries",
            "Nobody declared where this route's data live: `stop-registry operator declare CONNECTION --countries FR`.",
            "Personne n'a déclaré où se trouvent les données de cette route : `stop-registry operator declare "
            "CONNEXION --countries FR`.",
            GDPR,
            ADMINISTRATOR,
        )
    if not (forbidden := forbidden_countries(profile, countries)):
        return None
    listed = ", ".join(forbidden)
    return Objection(
        "route.countries",
        f"This route's data live in {listed}, which the sender's profile does not allow. Send by another one, or allow "
        "it where safeguards for the transfer are in force.",
        f"Les données de cette route se trouvent en {listed}, ce que le profil de l'expéditeur ne permet pas. Passez "
        "par une autre, ou permettez-le si des garanties encadrent ce transfert.",
        GDPR,
        ADMINISTRATOR,
    )
