"""Names and numbers that may stand as the sender on people's phones.

Sources (research/regulation.md §1.5): af2m on marketing SMS (36xxx, 38xxx) and on sensitive sender names (at most 11
characters, letters and digits, never digits only); Arcep decision 18-0881, by which 06 and 07 numbers are no automated
sender's; 0937-0939 for exchanges with a platform. Governs every purpose; an emergency is only warned.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from datetime import datetime

from app.directory import Code, Snapshot
from app.registry import Registry
from app.safeguards.plan import MARKETING, Plan
from app.safeguards.refusal import Objection, refuse

CHARACTERS_MAX = 11
OVERSEAS = frozenset({"GP", "MQ", "GF", "RE", "YT", "PM", "BL", "MF", "NC", "PF", "WF"})
AF2M = "af2m, SMS Marketing and protection of sensitive sender names (in force 10 March 2025)"
ARCEP = "Arcep decision 18-0881: 06 and 07 numbers are no automated sender's since 1 August 2019"
CALLER = "the caller, in `sender_id`; the profile: an administrator with `stop-registry sender set`"

_MARKS = re.compile(r"[\s().+\-]")
_PERSONAL = re.compile(r"(?:(?:00)?(?:33|262|508|590|594|596)0?|0)[67][0-9]{8}")
_SHORT = re.compile(r"3[68][0-9]{3}")
_TRANSACTIONAL = re.compile(r"38[0-9]{3}")
_PLATFORM = re.compile(r"(?:(?:00)?330?|0)93[789][0-9]{6}")
_NAME = re.compile(r"[A-Za-z0-9]+")


async def judge(registry: Registry, plan: Plan, now: datetime) -> Sequence[str]:  # noqa: ARG001 - as every safeguard
    """Refuse a sender id that phones in France must not show; RouteRefusedError names the rule."""
    if plan.sender_id is None:
        return ()
    return judged(plan, overseas_codes(await registry.directory.current(), plan.sender.sender_id))


def judged(plan: Plan, overseas: Collection[str]) -> Sequence[str]:
    """Judge one plan's sender id; `overseas` are the sender's codes that are answered overseas only."""
    sender_id, own = plan.sender_id or "", plan.sender.profile.sender_ids
    warnings = [refuse(plan, found)] if (found := objection(sender_id, overseas)) else []
    if own and sender_id not in own:
        warnings.append("This `sender_id` is none of the sender's own in its profile.")
    if plan.purpose == MARKETING and _TRANSACTIONAL.fullmatch(sender_id):
        warnings.append("38xxx numbers are for transactional messages; advertising goes by a 36xxx number (af2m).")
    return warnings


def overseas_codes(snapshot: Snapshot, sender_id: int) -> list[str]:
    """Return a sender's codes that are declared to be answered overseas only."""
    return [code.code for code in snapshot.codes.values() if _is_overseas(code, sender_id)]


def objection(sender_id: str, overseas: Collection[str] = ()) -> Objection | None:
    """Say what speaks against a sender id, never repeating it: it may be somebody's number."""
    shown = unicodedata.normalize("NFKC", sender_id)
    digits = _MARKS.sub("", shown)
    numeric = digits.isascii() and digits.isdigit()
    if numeric and _PERSONAL.fullmatch(digits):
        return _PERSONAL_NUMBER
    if len(digits if numeric else shown) > CHARACTERS_MAX:
        return _TOO_LONG
    if numeric:
        allowed = _SHORT.fullmatch(digits) or _PLATFORM.fullmatch(digits) or digits in overseas
        return None if allowed else _OTHER_NUMBER
    return None if _NAME.fullmatch(sender_id) else _CHARACTERS


def _is_overseas(code: Code, sender_id: int) -> bool:
    own = sender_id in {candidate.sender_id for candidate in code.candidates}
    return own and bool(code.territories) and set(code.territories) <= OVERSEAS


_PERSONAL_NUMBER = Objection(
    "sender-id.personal-number",
    "A 06 or 07 number cannot be the sender: use the brand (at most 11 letters and digits) or a 36xxx number.",
    "Un numéro en 06 ou 07 ne peut pas être l'émetteur : utilisez la marque (11 lettres et chiffres au plus) ou un "
    "numéro en 36xxx.",
    ARCEP,
    CALLER,
)
_TOO_LONG = Objection(
    "sender-id.length",
    f"A sender id has at most {CHARACTERS_MAX} characters: shorten it.",
    f"Un émetteur compte au plus {CHARACTERS_MAX} caractères : raccourcissez-le.",
    AF2M,
    CALLER,
)
_OTHER_NUMBER = Objection(
    "sender-id.digits",
    "A sender id of digits only is a 36xxx or 38xxx number, a code of the sender's that is declared as overseas "
    "(`stop-registry code add … --territory RE`), or a number from 0937 to 0939: use one, or the brand.",
    "Un émetteur fait de chiffres seuls est un 36xxx ou 38xxx, un code de l'expéditeur déclaré outre-mer "
    "(`stop-registry code add … --territory RE`), ou un numéro de 0937 à 0939 : utilisez-en un, ou la marque.",
    AF2M,
    CALLER,
)
_CHARACTERS = Objection(
    "sender-id.characters",
    "A brand as sender id holds letters A to Z and digits only, no space, accent or sign.",
    "Une marque en émetteur ne contient que des lettres de A à Z et des chiffres, sans espace, accent ni signe.",
    AF2M,
    CALLER,
)
