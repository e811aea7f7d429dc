"""The texts that people get back on their phone: French or English, one GSM-7 message of at most 160 characters.

A confirmation says that the wish is taken into account, what still comes, that it is not surcharged, and nothing else:
no promotion (research: SMS+ charter 2015; practice on 36180). CONTACT answers with the publisher's identity.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from app.intent import keyword

FRENCH: Final = "fr"
ENGLISH: Final = "en"
LANGUAGES: Final = (FRENCH, ENGLISH)
SMS_CHARACTERS_MAX = 160
NAME_CHARACTERS_MAX = 40
TARIFF_CHARACTERS_MAX = 20
# GSM 03.38 basic table; our own texts keep to it, since a character of the extension table counts twice.
GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENSION = frozenset("^{}\\[~]|€")

# Letters people's names have and GSM-7 has not, above what stands for them.
_NEAREST = str.maketrans("êëâîïôûçÊÈÀÂÎÏÔÛœ’«»", 'eeaiioucEEAAIIOUo\'""')  # noqa: RUF001 - the typographic apostrophe is what is replaced
# Words that only English has. STOP, START, CONTACT and INFO are French words of this trade as well.
_ENGLISH_WORDS = frozenset({
    "UNSUBSCRIBE", "UNSUBSCRIBED", "UNSUB", "HELP", "CANCEL", "END", "QUIT", "REMOVE", "REVOKE", "OPT", "OPTOUT",
    "OPTIN", "UNSTOP",
})  # fmt: skip
_TARIFFS = {"non surtaxé": "not surcharged", "non surtaxe": "not surcharged", "gratuit": "free"}


class Texts(msgspec.Struct, frozen=True):
    """A sender's own text in both languages; None: ours."""

    fr: str | None = None
    en: str | None = None

    def of(self, language: str) -> str | None:
        """Return the text in a language."""
        return self.en if language == ENGLISH else self.fr


NO_TEXTS = Texts()


class About(msgspec.Struct, frozen=True):
    """What an answer is about: whose code, what an answer to it costs, and the person's language."""

    names: Sequence[str]
    code: str = ""
    tariff: str = ""
    language: str = FRENCH


def fits_one_sms(text: str) -> bool:
    """Tell whether the text is one GSM-7 message."""
    return fault(text) is None


def fault(text: str) -> str | None:
    """Say why a text is not one GSM-7 message, naming the character or the length; None when it is one."""
    for position, sign in enumerate(text, start=1):
        if sign not in GSM7 and sign not in GSM7_EXTENSION:
            return f"character {position}, {sign!r} (U+{ord(sign):04X}), is not in the GSM-7 alphabet"
    length = sum(2 if sign in GSM7_EXTENSION else 1 for sign in text)
    if length > SMS_CHARACTERS_MAX:
        return f"it has {length} characters (of ^{{}}\\[~]|€ each counts as two), one SMS has {SMS_CHARACTERS_MAX}"
    return None


def language_of(text: str | None, default: str) -> str:
    """Return English when the person's own first word is an English one only, else the sender's language."""
    return ENGLISH if text and keyword(text) in _ENGLISH_WORDS else default


def confirmation(about: About) -> str:
    """Return the text that confirms a STOP, naming the sender when there is exactly one."""
    name = to_gsm7(about.names[0])[:NAME_CHARACTERS_MAX] if len(about.names) == 1 else ""
    if about.language == ENGLISH:
        who = f" from {name}" if name else ""
        return f"Request registered. You will get no more ads{who} by SMS, except service messages.{_cost(about)}"
    who = f" de {name}" if name else ""
    wish = f"Demande enregistree. Vous ne recevrez plus de publicite{who} par SMS"
    return f"{wish}, hors messages de service.{_cost(about)}"


def contact(about: About) -> str:
    """Return the text that says who publishes the messages on this code: whole names, and how many more there are."""
    lead, others = ("Published by ", " and {} others") if about.language == ENGLISH else ("Edite par ", " et {} autres")
    names = [to_gsm7(name) for name in about.names]
    for count in range(len(names), 0, -1):
        rest = others.format(len(names) - count) if count < len(names) else ""
        text = lead + ", ".join(names[:count]) + rest
        if len(text) <= SMS_CHARACTERS_MAX:
            return text
    return text[:SMS_CHARACTERS_MAX] if names else lead.strip()


def usage(about: About) -> str:
    """Return the text that helps: what STOP and CONTACT do."""
    code = to_gsm7(about.code)[:16]
    if about.language == ENGLISH:
        return f"Send STOP to {code} to get no more advertising, CONTACT to learn who writes to you.{_cost(about)}"
    return (
        f"Envoyez STOP au {code} pour ne plus recevoir de publicite, CONTACT pour savoir qui vous ecrit.{_cost(about)}"
    )


def canary(code: str) -> str:
    """Return the text that tells whoever tested a STOP channel that the test arrived, in both languages."""
    shown = to_gsm7(code)[:16]
    return f"Le STOP au {shown} fonctionne : test recu, personne n'est oppose. / Test received: STOP to {shown} works."


def to_gsm7(text: str) -> str:
    """Return the text with letters that GSM-7 lacks replaced by their nearest, others dropped."""
    return "".join(sign for sign in text.translate(_NEAREST) if sign in GSM7)


def _cost(about: About) -> str:
    """Say what an answer to the code costs; nothing where the code is not known."""
    said = _TARIFFS.get(about.tariff.strip().lower(), about.tariff) if about.language == ENGLISH else about.tariff
    shown = to_gsm7(said)[:TARIFF_CHARACTERS_MAX].strip()
    return f" SMS {shown}." if shown else ""
