"""Does the text tell people how to say STOP? By STOP and the code, by an address to opt out, or by an RCS button.

Sources (research/regulation.md §1.3): the code must be printed, since nobody can answer a brand name; the af2m charter
of 2026 allows three means: the keyword, an address, an RCS button. Governs marketing only (D8).
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from app.errors import NoStopMentionError
from app.registry import Registry
from app.safeguards.plan import MARKETING, Plan

SOURCE = "CNIL, prospection par SMS; af2m charte Business Messaging 2026 (keyword, address or RCS button)"
CODE_DIGITS = 5
"""Of French short codes; digits written in groups are joined up to these."""

# Invisible characters a text may carry between letters: soft hyphen, zero-width space and joiners, byte-order mark.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
# STOP, a few words that people put in between, the code. Every gap is bounded, so that reading stays linear.
_BETWEEN = r"[\W_]{0,4}"
_WORDS = "sms|mms|rcs|pubs?|texto|gratuit(?:ement)?|envoye[zrs]?|par|via|au|a|to|le|numero|no|n|code"
_MENTION = re.compile(
    rf"(?<![a-z0-9])(?<!non[ -])stop{_BETWEEN}(?:(?:{_WORDS}){_BETWEEN}){{0,4}}"
    r"([0-9](?:[ .\-]?[0-9]){2,15})(?![0-9])"
)
_CODE = re.compile("[1-9][0-9]{2,7}")
_LINK = re.compile(r"\A(?:https?://)?(?:www\.)?", re.IGNORECASE)


async def judge(registry: Registry, plan: Plan, now: datetime) -> Sequence[str]:  # noqa: ARG001 - as every safeguard
    """Refuse a marketing text that names no way to say STOP, or only a code that the batch was not checked for."""
    if plan.purpose != MARKETING:
        return ()
    snapshot = await registry.directory.current()
    own = {
        code.code: code.territories
        for code in snapshot.codes.values()
        if plan.sender.sender_id in {candidate.sender_id for candidate in code.candidates}
    }
    return judged(plan, own)


def judged(plan: Plan, own_codes: Mapping[str, Collection[str]]) -> Sequence[str]:
    """Judge the text of one plan; `own_codes` are those that the sender uses, and where each can be answered."""
    text, told = plan.text or "", codes_told(plan.text or "")
    strange = [code for code in told if code not in own_codes]
    if plan.short_code in told:
        return _unanswerable(plan, [own_codes[code] for code in told if code in own_codes]) + [
            f"The text also tells people to say STOP to {code}, a code this sender does not use." for code in strange
        ]
    if told:
        raise _other_code(plan, told)
    profile = plan.sender.profile
    if links_to(text, profile.opt_out_urls) or plan.route in profile.rcs_button_routes:
        return ()
    raise _none(plan)


def _unanswerable(plan: Plan, answered_in: Sequence[Collection[str]]) -> list[str]:
    """Warn of territories whose people can answer none of the printed codes; a code without any works everywhere."""
    if not all(answered_in):
        return []
    lost = sorted(set(plan.territories) - {territory for territories in answered_in for territory in territories})
    return [f"The printed code cannot be answered in {', '.join(lost)}: print the one for there too."] if lost else []


def has_mention(text: str) -> bool:
    """Tell whether a text offers STOP to any number."""
    return _MENTION.search(_folded(text)) is not None


def codes_told(text: str) -> list[str]:
    """Return the codes that the text tells people to say STOP to, in order, each once; a telephone is no code."""
    found = [_code(match[1]) for match in _MENTION.finditer(_folded(text))]
    return list(dict.fromkeys(code for code in found if _CODE.fullmatch(code)))


def links_to(text: str, prefixes: Sequence[str]) -> bool:
    """Tell whether an address in the text begins as one of these; `https://` and `www.` may be left out."""
    return any(_beginning(prefix).search(text) for prefix in prefixes if _LINK.sub("", prefix.strip()))


def _folded(text: str) -> str:
    """Return the text in lower-case letters without accents, parted by single spaces."""
    decomposed = unicodedata.normalize("NFKD", _INVISIBLE.sub("", text)).casefold()
    return " ".join("".join(sign for sign in decomposed if not unicodedata.combining(sign)).split())


def _code(digits: str) -> str:
    """Read a code: its first group, or as many as make the five digits of a French one ("36 200")."""
    code = ""
    for group in re.split(r"[ .\-]", digits):
        if len(code) >= CODE_DIGITS:
            break
        code += group
    return code


def _beginning(prefix: str) -> re.Pattern[str]:
    """Return what finds an address that begins so, at boundaries: salon.fr does not begin salon.fr.example.com."""
    host, slash, path = _LINK.sub("", prefix.strip()).partition("/")
    whole = r"(?![\w@-]|[.:]\w)" if prefix.strip()[-1].isalnum() else ""
    return re.compile(
        rf"(?<![\w.@/=&?-])(?i:(?:https?://)?(?:www\.)?{re.escape(host)}){slash}{re.escape(path)}{whole}",
    )


def _none(plan: Plan) -> NoStopMentionError:
    code = plan.short_code or "36200"
    return NoStopMentionError(
        f"End the text with `STOP {code}`, or with one of the addresses in the profile's opt_out_urls.",
        french=f"Terminez le texte par `STOP {code}`, ou par une des adresses opt_out_urls du profil.",
        rule="stop-mention",
        profile=plan.sender.slug,
        source=SOURCE,
        changed_by="the caller, in the text; addresses: an administrator with `stop-registry sender set`",
    )


def _other_code(plan: Plan, told: Sequence[str]) -> NoStopMentionError:
    listed = ", ".join(told)
    return NoStopMentionError(
        f"The text says STOP to {listed}, and the check is for {plan.short_code}: print the code that is checked, or "
        "name the printed one as `short_code`.",
        french=f"Le texte indique STOP {listed}, et la demande porte sur le {plan.short_code} : imprimez le code "
        "vérifié, ou donnez en `short_code` le code imprimé.",
        rule="stop-mention.other-code",
        profile=plan.sender.slug,
        source=SOURCE,
        changed_by="the caller, in the text or in `short_code`",
    )
