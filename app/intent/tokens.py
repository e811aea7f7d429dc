"""From plain text to known words: joins what was spaced out, splits what was run together, repairs spelling."""

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from app.intent import lookalikes, normalisation, spelling
from app.intent.lexicon import CODE, GERUND, NEARLY_STOP, NUMBER, SWAPPABLE, URL

MOST_WORDS: Final = 500

_MAIL: Final = re.compile(r"(?<!\S)\S+@[\w-]+\.\w+")
_SITE: Final = re.compile(r"(?:https?:|www\.)\S+|\b[a-z0-9-]{2,}\.(?:fr|com|net|org|eu|ly|io|be|ch)(?:/\S*|\b)")
_NOT: Final = re.compile(
    r"\b(do|does|did|ca|can|wo|is|are|was|were|have|has|had|could|would|should)(?: ?not\b|n[' ]?t\b)"
)
_NUMBER_SIGN: Final = re.compile(r"\bn[*o] ?(?=[0-9])")
# Letters apart: "S T O P", "s.t.o.p", "s-t-o-p"; three at least, so that initials stay initials.
_SPACED: Final = re.compile(r"(?<![^\W_])[^\W\d_](?:[ .\-_/*,:|~+]{1,3}[^\W\d_](?![^\W_])){2,}")
_NON_STOP: Final = re.compile(r"\bnon ?-+ ?stop\b")
_PERHAPS: Final = re.compile(r"\bpeut-etre\b|\bpeut etre(?= qu)")
_PAUSE: Final = re.compile(r" -+ |[;\n!]+|\.{2,}|:(?![0-9])")
_POINT_IN_NUMBER: Final = re.compile(r"(?<=[0-9])[.:](?=[0-9])")
_SPACED_NUMBER: Final = re.compile(r"[0-9](?:[ .-]?[0-9]){4,}")  # "36 200", "06 39 98 00 12"
_COMMA: Final = re.compile(r",(?![0-9])|(?<![0-9]),|[()\[\]]")
_CHUNK: Final = re.compile(r"[^\s\"'(){}\[\],<>\\/-]+|,")
_PIECE: Final = re.compile(rf"[^\W_0-9]+(?:&[^\W_]+)*|[0-9]+|[?.%$€{normalisation.SIGNS}]")
_GAP_SIGNS: Final = "?*#^~_=|\ufffd$%¤"
_GAP: Final = re.compile(f"[{re.escape(_GAP_SIGNS)}]+")
_WITH_GAP: Final = re.compile(
    f"[?\ufffd]?[a-z]+(?:{_GAP.pattern}[a-z]+)+\ufffd?|[a-z]{{3,}}\ufffd|[?\ufffd][a-z]{{2,}}"
)
_DIGITS_AROUND: Final = re.compile(r"[0-9]{4,}")
_STRETCHED: Final = re.compile(r"(.)\1{2,}")
_DOUBLED: Final = re.compile(r"(.)\1+")
_GAP_LETTERS: Final = ("e", "a", "o", "c", "i", "u", "")
_MOST_GAPS: Final = 3
_SWAPPED: Final = spelling.swaps(SWAPPABLE)
_GERUND: Final = re.compile(r"[a-z]{3,}ing")
_LEAST_LETTERS: Final = 2  # of a stop word written with digits; "$700" is none
_SHORT_CODE_DIGITS: Final = 5
_MARKS: Final = ",.?"  # by weight
_PAUSES: Final = (0, 1)
_PLURALS: Final = frozenset(("abonnements", "abonnes", "abonnees", "inscriptions", "inscrits", "inscrites"))
_PAIRS: Final = {
    ("opt", "out"): "optout", ("opted", "out"): "optout", ("opting", "out"): "optout", ("opt", "in"): "optin",
    ("un", "subscribe"): "unsubscribe", ("re", "subscribe"): "resubscribe",
    ("re", "abonner"): "reabonner", ("re", "abonnez"): "reabonnez", ("re", "inscrire"): "reinscrire",
}  # fmt: skip


class Word(NamedTuple):
    """A word as it was sent (folded) and as we read it."""

    shown: str
    read: str


class Reader:
    """Reads plain text into words of one vocabulary.

    `known` says whether a word is in the vocabulary, `stopping` are the words that a look-alike or a digit may
    stand for, `elided` those that people write without their apostrophe ("menvoyez"), `compounds` the verbs and
    keywords that get run together with `tails` ("stopsms", "desabonnezmoi").
    """

    def __init__(
        self,
        known: Mapping[str, object],
        speller: spelling.Spelling,
        *,
        stopping: frozenset[str],
        unsubscribing: frozenset[str],
        elided: frozenset[str],
        compounds: frozenset[str],
        tails: tuple[str, ...],
    ) -> None:
        self._known = known
        self._speller = speller
        self._stopping = stopping
        self._unsubscribing = unsubscribing
        self._elided = elided
        self._compounds = compounds
        self._tails = tails

    def read(self, plain: str) -> list[Word]:
        """The words and sentence marks of a plain text, at most 500."""
        words: list[Word] = []
        for chunk in _CHUNK.findall(self._prepared(plain)):
            words += (Word(chunk, chunk),) if chunk in self._known else self._chunk(chunk)
            if len(words) >= MOST_WORDS:
                break
        if [word.shown for word in words[:2]] == ["s", "top"]:
            words[:2] = [Word("s top", "stop")]
        return _without_empty_breaks(self._joined(words))[:MOST_WORDS]

    def _prepared(self, text: str) -> str:
        if "@" in text:
            text = _MAIL.sub(f" {URL} ", text)
        if "." in text or ":" in text:
            text = _POINT_IN_NUMBER.sub("", _SITE.sub(f" {URL} ", text))
        text = _SPACED_NUMBER.sub(lambda found: re.sub("[^0-9]", "", found.group()), text)
        text = _NOT.sub(r"\1nt", text)
        text = _SPACED.sub(self._closed_up, text)
        text = _PERHAPS.sub("peutetre", text)
        text = _NON_STOP.sub("nonstop", _NUMBER_SIGN.sub("numero ", text))
        return _PAUSE.sub(" . ", _COMMA.sub(" , ", text))

    def _closed_up(self, found: re.Match[str]) -> str:
        word = re.sub(r"[\W_]+", "", found.group())
        word = self._from_script(word) if normalisation.foreign_script(word) else word
        return word if word in self._known or self._compound(word) else found.group()

    def _chunk(self, chunk: str) -> list[Word]:
        if chunk.isalpha():
            return self._word(chunk)
        return self._with_gaps(chunk) or self._with_digits(chunk) or list(self._pieces(chunk))

    def _with_gaps(self, chunk: str) -> list[Word]:
        """A word in which an alphabet lost a letter: "arr?t"."""
        core = chunk.rstrip("?!.")
        if not _WITH_GAP.fullmatch(core):
            return []
        parts = _GAP.split(core)
        if len(parts) > _MOST_GAPS + 1:
            return []
        # A first letter was lost or the sign is a question mark of the word before: it is never left out.
        opening = [_GAP_LETTERS[:-1] if not parts[0] else _GAP_LETTERS]
        for letters in itertools.product(*opening, *[_GAP_LETTERS] * (len(parts) - 2)):
            word = "".join(part + letter for part, letter in itertools.zip_longest(parts, letters, fillvalue=""))
            if word in self._known:
                return [Word(core, word), *_question(chunk)]
        return []

    def _with_digits(self, chunk: str) -> list[Word]:
        """A stop word with digits or signs for letters, alone or against a short code: "ST0P", "5top36200"."""
        core = _DIGITS_AROUND.sub("", chunk).strip(".?!*_")
        if core.isalpha() or sum(c.isalpha() for c in core) < _LEAST_LETTERS:
            return []
        word = core.translate(lookalikes.LEET)
        if word not in self._stopping and word not in spelling.SLIPS:
            return []
        codes = [_number(digits) for digits in _DIGITS_AROUND.findall(chunk)]
        return [Word(core, word if word in self._stopping else "stop"), *codes, *_question(chunk)]

    def _pieces(self, chunk: str) -> Iterator[Word]:
        for piece in _PIECE.findall(chunk):
            if piece in self._known:
                yield Word(piece, piece)
            elif piece.isdigit():
                yield _number(piece)
            else:
                yield from self._word(piece)

    def _word(self, word: str) -> list[Word]:
        """An unknown word: the first way of reading it that ends in a known one."""
        if normalisation.foreign_script(word):
            return [Word(word, self._from_script(word))]
        return self._split(word) or [Word(word, self._respelled(word))]

    def _from_script(self, word: str) -> str:
        readings = [word.translate(table) for table in (lookalikes.LOOKS, lookalikes.SOUNDS, lookalikes.DRAWN)]
        return next((reading for reading in readings if reading in self._known), readings[1])

    def _split(self, word: str) -> list[Word]:
        if word[1:] in self._elided and word[0] in "jmntdlsc":
            return [Word(word[0], word[0]), Word(word[1:], word[1:])]
        return [Word(part, part) for part in self._compound(word)]

    def _compound(self, word: str) -> list[str]:
        """The known parts of a word run together, empty if it is none."""
        if not word.replace("stop", ""):
            return ["stop"] * word.count("stop")
        for tail in self._tails:
            if word.endswith(tail) and word[: -len(tail)] in self._compounds:
                return [word[: -len(tail)], tail]
            if word.startswith(tail) and word[len(tail) :] in self._stopping:
                return [tail, word[len(tail) :]]
        return []

    def _respelled(self, word: str) -> str:
        if word in spelling.SLIPS:
            return "stop"
        for shorter in (_STRETCHED.sub(r"\1", word), _STRETCHED.sub(r"\1\1", word)):
            if shorter != word and shorter in self._known:
                return shorter
        if (shorter := _DOUBLED.sub(r"\1", word)) in self._stopping:
            return shorter
        if word in spelling.NEAR:
            return NEARLY_STOP
        if meant := _SWAPPED.get(word) or self._speller.meant(word):
            return meant
        return NEARLY_STOP if spelling.scrambled(word) else GERUND if _GERUND.fullmatch(word) else word

    def _joined(self, words: list[Word]) -> list[Word]:
        """Put together what a space or hyphen broke in two: "opt-out", "des inscrire", "sto p"."""
        joined: list[Word] = []
        for word in words:
            if joined and (whole := self._whole(joined[-1], word)):
                joined[-1] = Word(f"{joined[-1].shown}{word.shown}", whole)
            else:
                joined.append(word)
        return joined

    def _whole(self, first: Word, second: Word) -> str | None:
        if pair := _PAIRS.get((first.read, second.read)):
            return pair
        whole = first.shown + second.shown
        if second.shown in _PLURALS:
            return None
        if whole in self._unsubscribing:
            return whole
        if (first.shown, second.shown) == ("sto", "p"):
            return "stop"
        broken = first.read not in self._known or second.read not in self._known
        long_enough = min(len(first.shown), len(second.shown)) > 1
        return whole if broken and long_enough and whole in self._stopping else None


def _number(digits: str) -> Word:
    is_code = len(digits) == _SHORT_CODE_DIGITS and digits[0] in "345678"
    return Word(digits, CODE if is_code else NUMBER)


def _question(chunk: str) -> list[Word]:
    return [Word("?", "?")] if chunk.endswith("?") else []


def _without_empty_breaks(words: list[Word]) -> list[Word]:
    """One mark between clauses, no pause at the ends; the weightier of two marks remains."""
    kept: list[Word] = []
    for word in words:
        weight = _MARKS.find(word.read)
        if weight in _PAUSES and (not kept or _MARKS.find(kept[-1].read) >= weight):
            continue
        if weight >= 0 and kept and kept[-1].read in _MARKS:
            kept.pop()
        kept.append(word)
    while kept and _MARKS.find(kept[-1].read) in _PAUSES:
        kept.pop()
    return kept
