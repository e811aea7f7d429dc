"""The texts that people get back on their phone: French, one GSM-7 message of at most 160 characters.

A confirmation says that the wish is taken into account, that it is not surcharged, and nothing else: no promotion
(research: SMS+ charter 2015; practice on 36180). CONTACT answers with the publisher's identity.
"""

from collections.abc import Sequence

SMS_CHARACTERS_MAX = 160
# GSM 03.38 basic table; the extension table counts two septets a character, so our texts keep out of it.
GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)

# Letters people's names have and GSM-7 has not, above what stands for them.
_NEAREST = str.maketrans("êëâîïôûçÊÈÀÂÎÏÔÛœ’«»", 'eeaiioucEEAAIIOUo\'""')  # noqa: RUF001 - the typographic apostrophe is what is replaced


def fits_one_sms(text: str) -> bool:
    """Tell whether the text is one GSM-7 message."""
    return len(text) <= SMS_CHARACTERS_MAX and GSM7.issuperset(text)


def confirmation(names: Sequence[str], tariff: str) -> str:
    """Return the text that confirms a STOP, naming the sender when there is exactly one."""
    who = f" de {to_gsm7(names[0])[:60]}" if len(names) == 1 else ""
    return f"Demande enregistree. Vous ne recevrez plus de publicite{who} par SMS. SMS {to_gsm7(tariff)[:20]}."


def contact(names: Sequence[str]) -> str:
    """Return the text that says who publishes the messages on this code."""
    text = "Edite par " + ", ".join(to_gsm7(name) for name in names)
    return text[:SMS_CHARACTERS_MAX]


def usage(code: str) -> str:
    """Return the text that helps: what STOP and CONTACT do."""
    return f"Envoyez STOP au {code} pour ne plus recevoir de publicite, CONTACT pour savoir qui vous ecrit."


def to_gsm7(text: str) -> str:
    """Return the text with letters that GSM-7 lacks replaced by their nearest, others dropped."""
    return "".join(sign for sign in text.translate(_NEAREST) if sign in GSM7)
