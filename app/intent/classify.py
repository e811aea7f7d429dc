"""The classifier: reads a text into words and takes the first rule that matches.

An explicit STOP beats CONTACT and HELP; a stop word whose purpose is unclear is AMBIGUOUS with `stop_word`, which
suppresses provisionally; nothing unclear is ever a START. A missed STOP is an infringement, a false one a lost
contact.
"""

from collections.abc import Mapping
from typing import Final

from app.intent import quotes, table
from app.intent.hints import hint
from app.intent.lexicon import CODE, FORGIVING, GERUND, NEARLY_STOP, NUMBER, QUOTE, TAILS, URL
from app.intent.model import Intent, Verdict
from app.intent.normalisation import plain
from app.intent.rules import QUOTED, REACTION, SILENT
from app.intent.spelling import Spelling
from app.intent.table import Finding, any_word, phrase, words_in
from app.intent.tokens import Reader, Word

CLASSIFIER_VERSION: Final = table.VERSION

_LEAST_ELIDED: Final = 5  # letters: "menvoyez" is "m'envoyez", but "mavez" could be anything
_READER: Final = Reader(
    table.KNOWN,
    Spelling(FORGIVING, words_in("RETURN", "START")),
    stopping=words_in("STOPPING"),
    unsubscribing=words_in("UNSUB"),
    elided=frozenset(w for w in words_in("ELIDED") if len(w) >= _LEAST_ELIDED and w[0] in "aeiouh"),
    compounds=words_in("STOPPING", "REMOVE", "REACH", "RETURN", "LEAVE"),
    tails=TAILS,
)
_STOPPING: Final = any_word("STOPPING")
_COURTEOUS: Final = frozenset(table.MEMBERS["COURTESY"] + table.MEMBERS["QUOTE"] + table.MEMBERS["EDGE"])
_STOP_LIKE: Final = ("stop.", "ambiguous.advert")
_MARKS: Final = frozenset((".", "?", ","))
_STAND_INS: Final = frozenset((CODE, NUMBER, NEARLY_STOP, GERUND))
_SPELLED: Final = {URL: "(link)", QUOTE: "(quote)"}

# Every sender of the code, not only the one who wrote: "STOP TOUT", but not "tout de suite" or "tous vos sms".
_SCOPE_ALL: Final = ("STOPALL", "STOPPING a? ALL !SCOPE_LIMIT")
_REPEATED: Final = (
    "EARLIER ..2 RECEIVES",
    "RECEIVES ..2 EARLIER",
    "EARLIER ..2 SAID",
    "SAID ..1 EARLIER",
    "HAVE SAID ..2 STOPPING",
    "continue/continuez",
)


def classify(text: str, extra: Mapping[str, Intent] | None = None) -> Verdict:
    """What `text` asks for. Total: any string, however broken, gets a verdict in bounded time.

    `extra` maps normalised keywords of one code or sender to intents; the whole text or its first word may match.
    They never outvote a STOP of the table, and a START needs the whole text.
    """
    if not extra and (known := _BARE.get(text)):
        return known
    finding = find(text)
    verdict = _verdict(finding)
    return _with_extra(verdict, finding.words, extra) if extra else verdict


def find(text: str) -> Finding:
    """Read the text and find the rule that decides."""
    parts = quotes.split(plain(text))
    if parts.reaction:
        return Finding(REACTION, "", (), (), "")
    finding = table.decide(_READER.read(parts.said))
    if not parts.quoted:
        return finding
    if all(code in _COURTEOUS for code in finding.codes):
        return table.decide(_READER.read(parts.quoted))
    if finding.rule is SILENT and table.decide(_READER.read(parts.quoted)).rule.id.startswith(_STOP_LIKE):
        return finding._replace(rule=QUOTED)
    return finding


def normalise(text: str) -> str:
    """The words of `text` as the classifier reads them, single spaces, no marks: "stpo  svp!" is "stop svp"."""
    return " ".join(_said(_READER.read(plain(text))))


def explain(text: str) -> list[str]:
    """The steps from text to verdict, one line each, for a person at a terminal."""
    finding = find(text)
    verdict = _verdict(finding)
    lines = [f"read as: {plain(text)!r}"]
    lines += [f"words: {' '.join(_spelled(word) for word in finding.words) or '(none)'}"]
    lines += [f"set aside by {rule}: {words}" for rule, words in finding.aside]
    lines += [f"decided by {finding.rule.id}: {finding.rule.because}"]
    lines += [f"matched: {finding.matched}"] if finding.matched else []
    flags = [name for name in ("stop_word", "scope_all", "repeat") if getattr(verdict, name)]
    flags += [f"hint {verdict.hint!r}"] if verdict.hint else []
    return [*lines, f"verdict: {verdict.intent}{' with ' if flags else ''}{', '.join(flags)} ({CLASSIFIER_VERSION})"]


def _verdict(finding: Finding) -> Verdict:
    rule, codes = finding.rule, finding.codes
    intent = rule.intent or Intent.OTHER
    stop_word = bool(_STOPPING.search(codes)) if rule.stop_word is None else rule.stop_word
    stops = intent is Intent.STOP or (intent is Intent.AMBIGUOUS and stop_word)
    return Verdict(
        intent=intent,
        rule=rule.id,
        stop_word=stop_word,
        scope_all=stops and any(phrase(line).search(codes) for line in _SCOPE_ALL),
        repeat=rule.repeat or (intent is Intent.STOP and any(phrase(line).search(codes) for line in _REPEATED)),
        hint=hint(finding.words, codes) if stops else "",
    )


def _with_extra(verdict: Verdict, words: tuple[Word, ...], extra: Mapping[str, Intent]) -> Verdict:
    said = _said(words)
    whole = extra.get(" ".join(said))
    intent = whole or (extra.get(said[0]) if said else None)
    if intent is None or verdict.intent is Intent.STOP:
        return verdict
    if intent is Intent.START and (whole is None or verdict.stop_word):
        return verdict
    return Verdict(intent=intent, rule="custom.keyword", stop_word=verdict.stop_word or intent is Intent.STOP)


def _said(words: list[Word] | tuple[Word, ...]) -> list[str]:
    return [word.shown if word.read in _STAND_INS else word.read for word in words if word.read not in _MARKS]


def _spelled(word: Word) -> str:
    shown = _SPELLED.get(word.shown, word.shown)
    return shown if word.shown == word.read else f"{shown}={word.read}"


# The keywords people send most, decided once.
_BARE: Final = {
    spelled: _verdict(find(word))
    for word in ("stop", "arret", "desabonnement", "start", "contact", "aide", "info", "oui", "non", "ok")
    for spelled in (word, word.upper(), word.capitalize())
}
