"""The brand beside the keyword: "STOP FRANCK PROVOST", "Sephora stop", "désinscription de vos sms Darty"."""

from typing import Final

from app.intent import patterns, table
from app.intent.tokens import Word

_MOST_WORDS: Final = 5
_ARTICLES: Final = frozenset(("le", "la", "les", "l"))
_KEYWORD: Final = table.any_word("STOP", "UNSUB", "NEARSTOP")
_FIRST_ARRET: Final = table.phrase("< COURTESY* ARRET")
# Words that a hint does not begin with, and words that end it: a new clause, courtesy, a short code.
_LEADING: Final = frozenset("".join(table.MEMBERS[name] for name in ("DET", "MESSAGE", "GREET", "ME", "MINE")))
_ENDING: Final = frozenset(
    (
        *table.words_in("PAUSE", "REQUEST", "SUBJECT", "SPEAKER", "NE", "HAVE", "BE", "CODE", "TITLE"),
        *(
            "merci",
            "thanks",
            "et",
            "mais",
            "ou",
            "car",
            "sinon",
            "vous",
            "dit",
            "deja",
            "maintenant",
            "immediatement",
            "<masked>",
        ),
    )
)
_UNKNOWN: Final = table.any_word("UNKNOWN", "GERUND", "NAME")
_KNOWN_WORDS_OF_NAMES: Final = frozenset(("et", "and"))


def hint(words: tuple[Word, ...], codes: str) -> str:
    """The normalised words beside the first keyword that has any: after it, else before it; "" if there are none."""
    starts = [(found.start(), found.end()) for found in _KEYWORD.finditer(codes)]
    if arret := _FIRST_ARRET.match(codes):
        starts.append((arret.end() - 1, arret.end()))
    for start, end in starts:
        if beside := _after(words, codes, end) or _before(words, codes, start):
            return beside
    return ""


def _after(words: tuple[Word, ...], codes: str, start: int) -> str:
    end = start
    while end < len(words) and not _ends(words, codes, end):
        end += 1
    while start < end and codes[start] in _LEADING and not _opens_name(words, codes, start, end):
        start += 1
    return _name(words, codes, start, end)


def _before(words: tuple[Word, ...], codes: str, end: int) -> str:
    start = end
    while start and codes[start - 1] == patterns.UNKNOWN:
        start -= 1
    if start < end and start and words[start - 1].read in _ARTICLES:
        start -= 1
    return _name(words, codes, start, end) if not start or codes[start - 1] in _LEADING else ""


def _ends(words: tuple[Word, ...], codes: str, place: int) -> bool:
    joins = words[place].read in _KNOWN_WORDS_OF_NAMES and codes[place + 1 : place + 2] == patterns.UNKNOWN
    return words[place].read in _ENDING and not joins


def _opens_name(words: tuple[Word, ...], codes: str, start: int, end: int) -> bool:
    """Whether an article belongs to the name after it ("La Redoute", "Le Bon Coin")."""
    return words[start].read in _ARTICLES and start + 1 < end and codes[start + 1] not in _LEADING


def _name(words: tuple[Word, ...], codes: str, start: int, end: int) -> str:
    run = codes[start:end]
    while run and run[-1] in table.MEMBERS["COURTESY"] and run[-1] != patterns.UNKNOWN:
        run = run[:-1]
    if len(run) > _MOST_WORDS or not _UNKNOWN.search(run):
        return ""
    return " ".join(word.shown for word in words[start : start + len(run)])
