"""Letters that look or sound like others, and bytes that were read in the wrong alphabet.

The tables are data: code points on the left, the plain letter on the right. NFKC has already folded full-width,
mathematical, circled and superscript letters; these are the ones it leaves alone.
"""

from typing import Final

# Letters without a Unicode decomposition that a reader takes for a Latin one: ligatures, strokes, small capitals,
# Lisu, Cherokee and Armenian capitals, daggers.
_ODD_LETTERS: Final = {
    0x00E6: "ae", 0x0153: "oe", 0x00F8: "o", 0x0111: "d", 0x0142: "l", 0x0131: "i", 0x00F0: "d", 0x0167: "t",
    0x0180: "b", 0x0188: "c", 0x01A5: "p", 0x01AD: "t", 0x0269: "i", 0x0251: "a", 0x0261: "g", 0x0280: "r",
    0xA731: "s", 0x1D1B: "t", 0x1D0F: "o", 0x1D18: "p", 0x1D00: "a", 0x1D07: "e", 0x0299: "b", 0x1D04: "c",
    0x1D05: "d", 0x0274: "n", 0x026A: "i", 0x029F: "l", 0x1D0D: "m", 0x1D1C: "u",
    0xA4E2: "s", 0xA4D4: "t", 0xA4F3: "o", 0xA4D1: "p", 0xA4EE: "a", 0xA4E3: "r", 0xA4F0: "e",
    0x13DA: "s", 0x13A2: "t", 0x13BE: "o", 0x13E2: "p", 0x13D2: "r", 0x13AC: "e", 0xABAA: "s", 0xABB2: "p", 0x0585: "o",
    0x057D: "u", 0x057F: "s", 0x2C9F: "o", 0x2CA3: "p", 0x2020: "t", 0x2021: "t", 0x00D7: "x",
}  # fmt: skip

# Negative circled and negative squared letters, each a run of 26 capitals.
_LETTER_RUNS: Final = (0x1F150, 0x1F170)

# Punctuation that means the same to us.
_MARKS: Final = {
    0x00AB: '"', 0x00BB: '"', 0x201C: '"', 0x201D: '"', 0x201E: '"', 0x201F: '"', 0x2039: '"', 0x203A: '"',
    0x300C: '"', 0x300D: '"', 0x301D: '"', 0x301E: '"',
    0x2018: "'", 0x2019: "'", 0x201A: "'", 0x201B: "'", 0x2032: "'", 0x00B4: "'", 0x02BC: "'", 0x02B9: "'",
    0x055A: "'", 0xA78C: "'", 0x2010: "-", 0x2011: "-", 0x2012: "-", 0x2013: "-", 0x2014: "-", 0x2015: "-",
    0x2212: "-", 0x2E3A: "-", 0x3002: ".", 0x060C: ",", 0x061B: ";", 0x061F: "?", 0x037E: "?", 0x00BF: " ",
    0x00A1: " ", 0x00B7: ".", 0x2022: ".", 0x2027: ".", 0x2219: ".", 0x22C5: ".", 0x30FB: ".", 0x2044: "/",
    0x2028: "\n", 0x2029: "\n", 0x0085: "\n",
}  # fmt: skip


def _plain_letters() -> dict[int, str]:
    table = {**_ODD_LETTERS, **_MARKS}
    for first in _LETTER_RUNS:
        table |= {first + place: chr(ord("a") + place) for place in range(26)}
    return table


# After casefold: what a reader takes for a plain Latin letter or a plain mark.
PLAIN: Final = _plain_letters()

# Lower-case Cyrillic and Greek letters by their looks.
LOOKS: Final = {
    0x0430: "a", 0x0432: "b", 0x0435: "e", 0x0451: "e", 0x043A: "k", 0x043C: "m", 0x043D: "h", 0x043E: "o",
    0x0440: "p", 0x0441: "c", 0x0442: "t", 0x0443: "y", 0x0445: "x", 0x0455: "s", 0x0456: "i", 0x0457: "i",
    0x0458: "j", 0x0501: "d", 0x04BB: "h", 0x051B: "q", 0x051D: "w", 0x04CF: "l", 0x0433: "r", 0x043F: "n",
    0x044C: "b", 0x0438: "u", 0x0437: "3", 0x0431: "6", 0x0454: "e",
    0x03B1: "a", 0x03B2: "b", 0x03B5: "e", 0x03B6: "z", 0x03B7: "n", 0x03B9: "i", 0x03BA: "k", 0x03BC: "m",
    0x03BD: "v", 0x03BF: "o", 0x03C1: "p", 0x03C2: "s", 0x03C3: "s", 0x03C4: "t", 0x03C5: "u", 0x03C7: "x",
    0x03C9: "w", 0x03C0: "n",
}  # fmt: skip

# The same letters by their sound, so that Russian and Greek words read as their usual transliteration.
SOUNDS: Final = {
    0x0430: "a", 0x0431: "b", 0x0432: "v", 0x0433: "g", 0x0434: "d", 0x0435: "e", 0x0451: "e", 0x0436: "zh",
    0x0437: "z", 0x0438: "i", 0x0439: "y", 0x043A: "k", 0x043B: "l", 0x043C: "m", 0x043D: "n", 0x043E: "o",
    0x043F: "p", 0x0440: "r", 0x0441: "s", 0x0442: "t", 0x0443: "u", 0x0444: "f", 0x0445: "kh", 0x0446: "ts",
    0x0447: "ch", 0x0448: "sh", 0x0449: "shch", 0x044A: "", 0x044B: "y", 0x044C: "", 0x044D: "e", 0x044E: "yu",
    0x044F: "ya", 0x0454: "e", 0x0455: "s", 0x0456: "i", 0x0457: "i", 0x0458: "j", 0x0491: "g",
    0x03B1: "a", 0x03B2: "v", 0x03B3: "g", 0x03B4: "d", 0x03B5: "e", 0x03B6: "z", 0x03B7: "i", 0x03B8: "th",
    0x03B9: "i", 0x03BA: "k", 0x03BB: "l", 0x03BC: "m", 0x03BD: "n", 0x03BE: "x", 0x03BF: "o", 0x03C0: "p",
    0x03C1: "r", 0x03C2: "s", 0x03C3: "s", 0x03C4: "t", 0x03C5: "y", 0x03C6: "f", 0x03C7: "ch", 0x03C8: "ps",
    0x03C9: "o",
}  # fmt: skip

# "STOP" drawn with whatever Cyrillic or Greek letter comes near: es for S, er or pe for P.
DRAWN: Final = {**LOOKS, 0x0441: "s", 0x043F: "p", 0x03C0: "p"}

# GSM 03.38 septets that reach us as control characters when a gateway skipped the alphabet; 0x00 would be "@" but
# is far more often half of a UTF-16 letter, so NUL is dropped with the invisible characters.
GSM_CONTROLS: Final = {0x04: "e", 0x05: "e", 0x06: "u", 0x07: "i", 0x08: "o", 0x0F: "a", 0x1F: "e", 0x7F: "a"}

# Digits and signs that stand for a letter in a word ("ST0P", "$top"); only ever used to recognise a stop word.
LEET: Final = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "$": "s",
                             "+": "t", "!": "i", "@": "a", "|": "i"})  # fmt: skip


def _byte_of(codec: str) -> dict[str, int]:
    """Map the characters that `codec` shows for the bytes 0x80 to 0xFF back to their byte."""
    table = {}
    for byte in range(0x80, 0x100):
        shown = bytes((byte,)).decode(codec, "ignore") or chr(byte)
        table[shown] = byte
    return table


# Wrong readings met in the wild: Windows (and Latin-1), old Macintosh, DOS; with the UTF-8 lead bytes to look for.
# Fewer leads for the last two: theirs are also ordinary quotes and dashes.
MISREAD_AS: Final = (
    (_byte_of("cp1252"), (0xC2, 0xC3, 0xC5, 0xCE, 0xCF, 0xD0, 0xD1, 0xE2, 0xEF, 0xF0)),
    (_byte_of("mac_roman"), (0xC2, 0xC3, 0xE2)),
    (_byte_of("cp850"), (0xC2, 0xC3, 0xE2)),
)
