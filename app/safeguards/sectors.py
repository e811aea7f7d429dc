"""Some trades may not be advertised by SMS at all, whatever people consented to. Governs marketing only.

Sources (research/regulation.md §1.1): law 2025-594 of 30 June 2025, law 2022-1587 of 19 December 2022. Both leave
aside messages that relate to a contract or course in progress, which no registry can see: a campaign that reaches only
such people is named in the profile.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from app.registry import Registry
from app.safeguards.plan import MARKETING, Plan
from app.safeguards.refusal import Objection, refuse


class Ban(msgspec.Struct, frozen=True):
    """One trade that may not advertise by SMS."""

    english: str
    french: str
    source: str


BANS: Mapping[str, Ban] = {
    "energy-renovation": Ban(
        "home energy renovation", "la rénovation énergétique", "law 2025-594 of 30 June 2025, in force 1 July 2025"
    ),
    "home-adaptation": Ban(
        "adapting homes to age or disability",
        "l'adaptation des logements à l'âge ou au handicap",
        "law 2025-594 of 30 June 2025, in force 1 July 2025",
    ),
    "cpf": Ban(
        "the personal training account (CPF)",
        "le compte personnel de formation (CPF)",
        "law 2022-1587 of 19 December 2022 (Code du travail art. L6323-8-1)",
    ),
}


async def judge(registry: Registry, plan: Plan, now: datetime) -> Sequence[str]:  # noqa: ARG001 - as every safeguard
    """Refuse advertising of a trade that may not advertise by SMS."""
    return judged(plan)


def judged(plan: Plan) -> Sequence[str]:
    """Judge one plan; a campaign to people with a contract in progress passes and says so."""
    profile = plan.sender.profile
    if plan.purpose != MARKETING or not profile.sectors:
        return ()
    if plan.campaign in profile.contract_campaigns:
        return ["This campaign passes a sector ban because it is declared to reach people under contract only."]
    return [refuse(plan, _objection(sector)) for sector in profile.sectors]


def _objection(sector: str) -> Objection:
    # A trade that this release does not know was set by a later one: doubt never sends.
    ban = BANS.get(sector, Ban(sector, sector, "the sender's profile"))
    return Objection(
        f"sector.{sector}",
        f"Advertising by SMS for {ban.english} is forbidden, whatever people consented to; only a campaign about a "
        "contract in progress may go, named in the profile's contract_campaigns.",
        f"La prospection par SMS pour {ban.french} est interdite, quel que soit le consentement ; seule une campagne "
        "liée à un contrat en cours peut partir, nommée dans contract_campaigns du profil.",
        ban.source,
        "the law; which sector the sender is in: an administrator with `stop-registry sender set`",
    )
