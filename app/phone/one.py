"""One spelling of a phone number, read strictly for checks and leniently for STOPs.

A canonical number is the int of its E.164 digits without "+". Each person has one, however it is spelled; the
French rules are those of `plan`. Lengths of foreign numbers come from `countries`. No library takes part: its
next release must not change whose opposition is found.
"""

import re
import unicodedata

import msgspec

from app.phone import plan
from app.phone.countries import COUNTRIES

LONGEST_TEXT = 100  # characters that are looked at; no spelling of a number needs more
_LONGEST_SPELLED = plan.LONGEST_E164 + 2  # digits, with 00 in front


class Reading(msgspec.Struct, frozen=True):
    """The strict reading of one spelling: the canonical number, or 0 and why nothing may be sent to it."""

    number: int
    reason: str | None = None  # slug, None when the number is good
    suggestion: str | None = None  # E.164 of what was probably meant

    def __repr__(self) -> str:
        """Without the number: this ends up in logs and test output."""
        return f"Reading(reason={self.reason!r})"


EMPTY = Reading(0, "empty")
NOT_A_NUMBER = Reading(0, "not-a-number")
TOO_SHORT = Reading(0, "too-short")
TOO_LONG = Reading(0, "too-long")
SHORT_CODE = Reading(0, "short-code")
UNASSIGNED = Reading(0, plan.Use.UNASSIGNED.value)
MACHINE = Reading(0, plan.Use.MACHINE.value)
SEVERAL_NUMBERS = Reading(0, "several-numbers")


class _Spelling(dict[int, str | None]):
    """What each character of a spelling stands for: a digit, "+", nothing (a separator), or itself.

    Decimal digits of every script count (category Nd, so not the superscript 2); spaces, dashes and invisible
    format characters (Zs, Pd, Cf) separate, as do dots, slashes and parentheses.
    """

    def __missing__(self, point: int) -> str | None:
        character = chr(point)
        category = unicodedata.category(character)
        if category == "Nd":
            return str(unicodedata.decimal(character))
        return None if category in {"Zs", "Pd", "Cf"} else character


_OTHER_SEPARATORS = (
    "./()\N{MINUS SIGN}\N{MIDDLE DOT}\N{FULLWIDTH FULL STOP}\N{FULLWIDTH SOLIDUS}"
    "\N{FULLWIDTH LEFT PARENTHESIS}\N{FULLWIDTH RIGHT PARENTHESIS}"
)
_SPELLING = _Spelling()
_SPELLING.update({point: _SPELLING[point] for point in range(256)})  # the frequent ones are looked up only once
_SPELLING.update(dict.fromkeys(map(ord, _OTHER_SEPARATORS)))
_SPELLING[ord("\N{FULLWIDTH PLUS SIGN}")] = "+"
_SPELLING_BUT_DOTS = _Spelling(_SPELLING | {ord("."): "."})
_SPELLED = re.compile(r"(\+?)([0-9]+)")
_DIGIT = re.compile(r"[0-9]")
_EXPONENT = re.compile(r"\+?([0-9]+)(?:[.,]([0-9]+))?[eE]\+?([0-9]{1,2})")
_DECIMAL = re.compile(r"(\+?)([0-9]{9,15})[.,]0")
_LOOK_ALIKE_LETTERS = frozenset("OoIl")  # for 0 and 1, and a second plus (+33+6 …)
_LOOK_ALIKES = str.maketrans("OoIl", "0011")


def read(text: str) -> Reading:
    """Read one spelling strictly.

    Whatever cannot be a person's number has number 0, a reason and, where one can be guessed, a suggestion.
    """
    if len(text) > LONGEST_TEXT:
        return NOT_A_NUMBER
    decimal = _decimal(text)
    if decimal:
        return Reading(0, "spreadsheet-decimal", _suggestion(_kept_digits(decimal[2], plus=bool(decimal[1]))))
    spelled = _spelled(text)
    if spelled is None:
        return _odd(text)
    reading = _read_digits(*spelled)
    return SEVERAL_NUMBERS if reading is TOO_LONG and _is_pair(spelled[1]) else reading


def read_lenient(text: str) -> int | None:
    """The canonical number of whoever said STOP: what `read` gives, else the best that 6 to 15 digits allow.

    None only where no number can be made out: too few or too many digits, several numbers, digits lost by a
    spreadsheet. No numbering plan and no library refuses anything here.
    """
    number = read(text).number
    if number or len(text) > LONGEST_TEXT:
        return number or None
    decimal = _decimal(text)
    spelled = (decimal[1], decimal[2]) if decimal else _spelled(text)
    return _kept_digits(spelled[1], plus=bool(spelled[0])) if spelled else _kept_text(text)


def e164(number: int) -> str:
    """The number as it is written everywhere: +33639980001."""
    return f"+{number}"


def territory(number: int) -> str:
    """Where a canonical number lives: a French territory, else the main country of its calling code.

    "" = unknown, which asks for the strictest hours of all; never Paris by default for an overseas code.
    """
    digits = str(number)
    code = plan.calling_code(digits) if len(digits) >= plan.SHORTEST_E164 else ""
    if code == plan.SAINT_PIERRE:
        return "PM"
    if code == plan.FRANCE:
        return _home_territory(digits[len(code) :])
    if code in plan.OVERSEAS:
        return _overseas_territory(code, digits[len(code) :])
    return COUNTRIES[code].iso if code else ""


def _home_territory(digits: str) -> str:
    block = plan.national_block(digits) if len(digits) == plan.NATIONAL_DIGITS else None
    return block.territory if block else "FR"


def _overseas_territory(code: str, digits: str) -> str:
    block = plan.overseas_block(code, digits) if len(digits) == plan.NATIONAL_DIGITS else None
    return block.territory if block else ""


def _spelled(text: str) -> tuple[str, str] | None:
    """("+" or "", the digits) when the text is nothing else than digits, separators and a leading plus.

    A "tel:" in front (RFC 3966) and the apostrophe that a spreadsheet puts before text do not count.
    """
    if text[:1] == "+" and text.isascii() and text[1:].isdigit():
        return "+", text[1:]
    text = text.strip()
    found = _SPELLED.fullmatch(text.translate(_SPELLING))
    if found is None and text[:4].lower() == "tel:":
        found = _SPELLED.fullmatch(text[4:].strip().translate(_SPELLING))
    if found is None and text[:1] == "'":
        found = _SPELLED.fullmatch(text[1:].translate(_SPELLING))
    return (found[1], found[2]) if found else None


def _decimal(text: str) -> re.Match[str] | None:
    """33639980001.0: a number that a spreadsheet or a data frame took for a quantity."""
    if ".0" not in text and ",0" not in text:
        return None
    return _DECIMAL.fullmatch(text.translate(_SPELLING_BUT_DOTS))


def _odd(text: str) -> Reading:
    """Why a text that is no plain spelling cannot be used."""
    shown = text.translate(_SPELLING)
    if not _DIGIT.search(shown):
        return NOT_A_NUMBER if shown.strip() else EMPTY
    exponent = _EXPONENT.fullmatch(text.strip())
    if exponent:
        return Reading(0, "spreadsheet-exponent", _suggestion(_written_out(exponent)))
    found = _good_inside(shown)
    if len(found) > 1:
        return SEVERAL_NUMBERS
    return Reading(0, NOT_A_NUMBER.reason, e164(found.pop())) if found else NOT_A_NUMBER


def _suggestion(number: int | None) -> str | None:
    """The number in E.164 if it may itself be sent to."""
    return e164(number) if number and _read_digits("+", str(number)).number else None


def _is_pair(digits: str) -> bool:
    """Whether the digits are two numbers of one length, written one after the other."""
    half, odd = divmod(len(digits), 2)
    return not odd and all(_read_digits("", part).number for part in (digits[:half], digits[half:]))


def _read_digits(plus: str, digits: str) -> Reading:
    """Zeros in front decide first (0 national, 00 international), then the plus, then the length."""
    if digits.startswith("00"):
        return _international(digits[2:])
    if digits.startswith("0"):
        return _national(digits[1:])
    if plus:
        return _international(digits)
    if len(digits) >= plan.SHORTEST_BARE:
        return _international(digits)
    if len(digits) == plan.NATIONAL_DIGITS:
        return _national(digits)
    return _bare(digits)


def _bare(digits: str) -> Reading:
    """Digits of a length that no French number has, without + or 00: doubt, so nothing is sent."""
    if plan.is_short_number(digits):
        return SHORT_CODE
    if len(digits) < plan.NATIONAL_DIGITS:
        return TOO_SHORT
    return Reading(0, "no-country-code", _suggestion(int(digits)))


def _national(digits: str) -> Reading:
    """The digits after the 0 of a French number."""
    block = plan.national_block(digits)
    if block is None:
        return TOO_SHORT if not digits else NOT_A_NUMBER
    if block.use is plan.Use.MACHINE and len(digits) == plan.LONG_NATIONAL_DIGITS:
        return MACHINE
    if len(digits) != plan.NATIONAL_DIGITS:
        return TOO_SHORT if len(digits) < plan.NATIONAL_DIGITS else TOO_LONG
    return Reading(_canonical(block, digits)) if block.use in plan.REACHABLE else Reading(0, block.use.value)


def _canonical(block: plan.Block, digits: str) -> int:
    """Saint-Pierre-et-Miquelon writes its 0508 numbers without repeating 508; all others code + nine digits."""
    if block.prefix == plan.SAINT_PIERRE:
        return int(digits)
    return int(block.code + digits)


def _international(digits: str) -> Reading:
    code = plan.calling_code(digits)
    rest = digits[len(code) :]
    if not code:
        return NOT_A_NUMBER if digits[:1] in {"", "0"} else UNASSIGNED
    if code == plan.FRANCE:
        return _national(rest.removeprefix("0"))
    if code in plan.OVERSEAS:
        return _overseas(code, rest.removeprefix("0"))
    return _foreign(code, rest)


def _overseas(code: str, digits: str) -> Reading:
    """What follows an overseas code: its own blocks, or a number that lives under another code."""
    if code == plan.SAINT_PIERRE and len(digits) == plan.SAINT_PIERRE_DIGITS and digits[0] != "0":
        return Reading(int(code + digits))
    home = _national(digits)
    if not home.number:
        return home
    block = plan.overseas_block(code, digits)
    if block is not None:
        return Reading(_canonical(block, digits))
    if digits.startswith(plan.NOT_GEOGRAPHIC):
        return home
    return Reading(0, "malformed-overseas", e164(home.number)) if digits[0] in plan.MOBILE else UNASSIGNED


def _foreign(code: str, digits: str) -> Reading:
    country = COUNTRIES[code]
    digits = _without_trunk(code, digits)
    if len(digits) < country.shortest:
        return TOO_SHORT
    if len(digits) > country.longest:
        return TOO_LONG
    if digits[0] == "0" and not country.keeps_zero:
        return NOT_A_NUMBER
    return Reading(int(code + digits))


def _without_trunk(code: str, digits: str) -> str:
    """E.164 leaves out the trunk zero, and since 2019 the 1 that Mexico used to put before mobiles."""
    if code == plan.MEXICO and len(digits) == COUNTRIES[code].longest + 1:
        return digits.removeprefix("1")
    return digits if COUNTRIES[code].keeps_zero else digits.removeprefix("0")


def _kept_text(text: str) -> int | None:
    """The one number inside a text with other things around it ("06 … bis", "+33…/TYPE=PLMN", "O6…")."""
    exponent = _EXPONENT.fullmatch(text.strip())
    if exponent:
        return _written_out(exponent)
    shown = text.translate(_SPELLING)
    found = _good_inside(shown)
    if found:
        return found.pop() if len(found) == 1 else None
    kept = {_kept_digits(run[2], plus=bool(run[1])) for run in _SPELLED.finditer(shown)} - {None}
    return kept.pop() if len(kept) == 1 else None


def _good_inside(shown: str) -> set[int]:
    """The numbers that can be made out in a text: one if it is mistyped, else one for each stretch of digits.

    `shown` is the text without separators.
    """
    if "+" in shown[1:] or not _LOOK_ALIKE_LETTERS.isdisjoint(shown):
        first, *others = shown.translate(_LOOK_ALIKES).split("+")
        mistyped = _SPELLED.fullmatch("+".join((first, "".join(others))) if others else first)
        number = _read_digits(mistyped[1], mistyped[2]).number if mistyped else 0
        if number:
            return {number}
    return {_read_digits(run[1], run[2]).number for run in _SPELLED.finditer(shown)} - {0}


def _written_out(exponent: re.Match[str]) -> int | None:
    """3.3639980001E+10 in full, if the spreadsheet kept every digit; 6,39E+08 has lost some for good."""
    whole, fraction, power = exponent[1], exponent[2] or "", int(exponent[3])
    digits = (whole + fraction).lstrip("0")
    if len(fraction) != power:
        return None
    return _kept_digits(digits, plus=False)


def _kept_digits(digits: str, *, plus: bool) -> int | None:
    """A canonical number for digits that no plan vouches for; the same one for all their spellings."""
    reading = _read_digits("+" if plus else "", digits)
    if reading.number:
        return reading.number
    significant = digits.lstrip("0")
    if len(digits) > _LONGEST_SPELLED or not plan.SHORTEST_KEPT <= len(significant) <= plan.LONGEST_E164:
        return None
    zeros = len(digits) - len(significant)
    if zeros == len("00") or (zeros == 0 and (plus or len(digits) > plan.NATIONAL_DIGITS)):
        return _kept_international(significant)
    if len(significant) >= plan.SHORTEST_BARE and _international(significant).number:
        return _international(significant).number  # 0 33 6 …: a 0 typed for the plus
    return _kept_national(significant) if zeros or len(digits) == plan.NATIONAL_DIGITS else int(digits)


def _kept_national(digits: str) -> int:
    """French digits without their 0, whatever their length."""
    block = plan.national_block(digits)
    if block is not None and len(digits) == plan.NATIONAL_DIGITS:
        return _canonical(block, digits)
    kept = plan.FRANCE + digits
    return int(kept if len(kept) <= plan.LONGEST_E164 else digits)


def _kept_international(digits: str) -> int:
    """Digits behind + or 00; what comes out reads as itself when it is read again."""
    code = plan.calling_code(digits)
    rest = digits[len(code) :]
    if code in COUNTRIES and COUNTRIES[code].keeps_zero:
        return int(digits)
    if rest[:1] == "0" and rest[1:2] != "0":
        rest = rest[1:]
    if code in plan.OVERSEAS and len(rest) == plan.NATIONAL_DIGITS:
        return _kept_overseas(code, rest)
    if code == plan.FRANCE and rest:
        return _kept_national(rest)
    kept = code + (_without_trunk(code, rest) if code == plan.MEXICO else rest)
    return int(kept if len(kept) >= plan.SHORTEST_KEPT else digits)


def _kept_overseas(code: str, digits: str) -> int:
    """Nine digits after an overseas code belong to whoever holds them in the plan, where that is a person."""
    block = plan.overseas_block(code, digits)
    if block is None and digits[0] in plan.MOBILE + plan.NOT_GEOGRAPHIC:
        block = plan.national_block(digits)
    return _canonical(block, digits) if block else int(code + digits)
