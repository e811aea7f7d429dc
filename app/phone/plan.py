"""The French numbering plan as a table: which nine digits belong to which territory, under which calling code.

A person in an overseas department is dialled like anybody in France, ten digits from 0, but from abroad under
another calling code than 33. A block exists with one calling code only, so the nine digits after the 0 decide the
canonical number: 0690 12 34 56, +33 690 12 34 56 and +590 690 12 34 56 are one person.

Sources: Arcep's numbering plan (decision 2018-0881 as amended, state of March 2026) and, inside 0709, the ranges of
libphonenumber 9. The longest matching prefix wins.

Changing the calling code of a prefix in use changes the canonical number of its people: their old oppositions would
no longer be found. That is why blocks not yet given to a territory are kept for a STOP but not cleared for sending.
"""

from collections.abc import Callable
from enum import StrEnum

import msgspec

from app.phone.countries import COUNTRIES

FRANCE = "33"
SAINT_PIERRE = "508"
OVERSEAS = ("262", "508", "590", "594", "596")  # codes whose people are also dialled from 0 inside France
MEXICO = "52"
MOBILE = "67"  # the digit after the 0 of numbers that people carry
NOT_GEOGRAPHIC = "9"  # the digit after the 0 of numbers that belong to no place

NATIONAL_DIGITS = 9  # after the 0, or after the calling code
LONG_NATIONAL_DIGITS = 13  # machines: 14 digits with the 0
SAINT_PIERRE_DIGITS = 6  # after +508, for all but its 0708 mobiles
SHORTEST_E164 = 7  # digits, calling code included: the shortest mobiles there are (Niue, Tokelau)
LONGEST_E164 = 15  # digits, calling code included (ITU-T E.164)
SHORTEST_BARE = 11  # digits that may be a foreign number although neither + nor 00 says so
SHORTEST_KEPT = 6  # digits: the least that a STOP's number is made out of


class Use(StrEnum):
    """What a block serves; the value is the reason given where nobody can be reached."""

    MOBILE = "mobile"
    LANDLINE = "landline"  # an SMS to it is read aloud by most operators: the sender's operator decides
    PREMIUM = "premium"  # special tariffs and services: nobody's own number
    MACHINE = "machine"  # objects of 14 digits: no person, but a STOP from one is kept
    UNASSIGNED = "unassigned"  # given to nobody yet


REACHABLE = frozenset({Use.MOBILE, Use.LANDLINE})


class Block(msgspec.Struct, frozen=True):
    """One row: the digits after the 0, where they live, and how they are written in E.164."""

    prefix: str
    code: str
    territory: str  # "" = several, or not known: the strictest hours of all
    use: Use


_ROWS = """
1      33  FR landline
2      33  FR landline
262    262 RE landline
263    262 RE landline
2687   262 RE landline
2688   262 RE landline
2689   262 YT landline
269    262 YT landline
3      33  FR landline
4      33  FR landline
5      33  FR landline
508    508 PM mobile
590    590 GP landline
594    594 GF landline
596    596 MQ landline
5987   590 GP landline
5988   594 GF landline
5989   596 MQ landline
6      33  FR mobile
639    262 YT mobile
63998  33  FR mobile
690    590 GP mobile
691    590 GP mobile
692    262 RE mobile
693    262 RE mobile
694    594 GF mobile
696    596 MQ mobile
697    596 MQ mobile
7      33  FR mobile
700    33  FR machine
701    33  -  unassigned
702    33  -  unassigned
703    33  -  unassigned
704    33  -  unassigned
705    33  -  unassigned
706    33  -  unassigned
707    33  -  unassigned
708    508 PM mobile
709    33  -  unassigned
7090   590 GP mobile
7091   596 MQ mobile
7092   262 RE mobile
70930  594 GF mobile
70931  594 GF mobile
70932  594 GF mobile
70933  594 GF mobile
70935  262 YT mobile
70936  262 YT mobile
70937  262 YT mobile
8      33  -  premium
9      33  FR landline
901    33  -  machine
9395   33  -  landline
9396   33  -  landline
9397   33  -  landline
9398   33  -  landline
9399   33  -  landline
9475   33  GP landline
9476   33  GF landline
9477   33  MQ landline
9478   33  YT landline
9479   33  RE landline
976    33  -  landline
"""
# 63998 is the range kept for fiction: it stays with +33 although all other 0639 is Mayotte. 0695 is metropolitan.
# 09 is one national range whatever the territory, so it always keeps +33; 0976 and 0939 5-9 are overseas, shared.
# 071 and 072 are mobiles of the plan that libphonenumber does not know yet; people are reported to hold them.


def _block(line: str) -> Block:
    prefix, code, territory, use = line.split()
    return Block(prefix, code, territory.strip("-"), Use(use))


BLOCKS: dict[str, Block] = {block.prefix: block for block in map(_block, _ROWS.strip().splitlines())}
PREFIX_DIGITS = max(map(len, BLOCKS))  # five digits tell every block apart
_LENGTHS = range(PREFIX_DIGITS, 0, -1)

FRENCH_TERRITORIES = frozenset(block.territory for block in BLOCKS.values()) - {""}
TERRITORIES: tuple[str, ...] = (
    "",  # unknown comes first, so that a zeroed array means it
    *sorted(FRENCH_TERRITORIES),
    *sorted({country.iso for country in COUNTRIES.values()} - FRENCH_TERRITORIES - {""}),
)

# Numbers of services and short codes, by prefix and length: dialled in France, but nobody's own number.
SHORT_NUMBERS: frozenset[tuple[str, int]] = frozenset(
    {("1", 2), ("11", 3), ("10", 4), ("116", 6), ("118", 6), ("3", 4)} | {(first, 5) for first in "345678"},
)


def _longest(digits: str, fits: Callable[[Block], bool]) -> Block | None:
    for length in _LENGTHS:
        block = BLOCKS.get(digits[:length])
        if block is not None and fits(block):
            return block
    return None


def national_block(digits: str) -> Block | None:
    """The block of the digits after the 0; None if they begin with another 0 or are none."""
    for length in _LENGTHS:
        block = BLOCKS.get(digits[:length])
        if block is not None:
            return block
    return None


def overseas_block(code: str, digits: str) -> Block | None:
    """The block of `digits` if they are numbers of the overseas calling code `code`, else None."""
    return _longest(digits, lambda block: block.code == code)


def calling_code(digits: str) -> str:
    """The calling code that international digits begin with (no code begins another); "" if none is in use."""
    for length in (1, 2, 3):
        code = digits[:length]
        if code in COUNTRIES or code in OVERSEAS or code == FRANCE:
            return code
    return ""


def is_short_number(digits: str) -> bool:
    """Whether bare digits are a French short code or service number (36200, 3117, 118 xyz, 112)."""
    return any((digits[:length], len(digits)) in SHORT_NUMBERS for length in (1, 2, 3))
