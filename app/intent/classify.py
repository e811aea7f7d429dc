"""The classifier: reads a text into words and takes the first rule that matches.

An explicit STOP beats CONTACT and HELP; a stop word whose purpose is unclear is AMBIGUOUS with `stop_word`, which
suppresses provisionally; nothing unclear is ever a START. A missed STOP is an infringement, a false one a lost
contact.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from app.intent import patterns, quotes
from app.intent.lexicon import CODE, CONCEPTS, FORGIVING, NEARLY_STOP, NUMBER, QUOTE, URL
from app.intent.model import Intent, Verdict
from app.intent.normalisation import plain
from app.intent.rule import Rule
from app.intent.rules import EMPTY, QUOTED, REACTION, RULES, SILENT
from app.intent.spelling import Spelling
from app.intent.tokens import Reader, Word

_RELEASE: Final = 1
_LONGEST_HINT_WORDS: Final = 5


class _Row(NamedTuple):
    """One pattern of one rule, ready to run."""

    rule: Rule
    pattern: str
    found: re.Pattern[str]
    needs: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None


def _lines(rule: Rule) -> list[str]:
    return [line.strip() for line in rule.patterns.strip().splitlines() if line.strip()]


_VOCABULARY: Final = patterns.vocabulary(CONCEPTS, [line for rule in RULES for line in _lines(rule)])
_MEMBERS: Final = _VOCABULARY.members


def _needs(rule: Rule) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(f"[{''.join(_MEMBERS[n] for n in names.split('/'))}]") for names in rule.needs.split())


def _rows() -> Iterator[_Row]:
    for rule in RULES:
        needs, unless = _needs(rule), patterns.any_of(rule.unless, _MEMBERS)
        for line in _lines(rule):
            yield _Row(rule, line, patterns.compile_pattern(line, _MEMBERS), needs, unless)


_ROWS: Final = tuple(_rows())


def _anchored() -> dict[str, int]:
    """For each code, the rows (as bits) whose rarest necessary word it can be."""
    bits: dict[str, int] = {}
    for place, row in enumerate(_ROWS):
        for code in patterns.anchor(row.pattern, _MEMBERS):
            bits[code] = bits.get(code, 0) | 1 << place
    return bits


_ROWS_AT: Final = _anchored()


def _words_of(*names: str) -> frozenset[str]:
    codes = {code for name in names for code in _MEMBERS[name]}
    return frozenset(word for word, code in _VOCABULARY.code_of.items() if code in codes)


_STOPPING: Final = _words_of("STOPPING")
_READER: Final = Reader(
    _VOCABULARY.code_of,
    Spelling(FORGIVING, _words_of("RETURN", "START")),
    stopping=_STOPPING,
    unsubscribing=_words_of("UNSUB"),
    elided=frozenset(
        w for w in _words_of("REACH", "STOPPING", "REMOVE", "WANT", "REJOIN", "HAVE", "RECEIVE") if len(w) > 3 and w[0] in "aeiouh"
    ),
    compounds=_words_of("STOPPING", "REMOVE", "REACH", "REJOIN", "RETURN") | {"lachez", "laissez", "lache"},
    tails=("moi", "nous", "sms", "pubs", "pub", "svp", "stp", "merci", "tout", "all", "mail", "spam", "please", "message", "messages", "texting", "now", "me", "it"),
)
_STOP_CODES: Final = re.compile(f"[{_MEMBERS['STOPPING']}]")
_HINTED: Final = re.compile(f"[{_MEMBERS['STOP']}{_MEMBERS['UNSUB']}{_MEMBERS['ARRET']}{_MEMBERS['CEASE']}]")
_ALL: Final = patterns.compile_pattern("STOPPING a? ALL", _MEMBERS)
_ALL_OF_YOURS: Final = patterns.compile_pattern("STOPPING a? ALL vos/votre/your/tes", _MEMBERS)
_TITLES: Final = _words_of("TITLE")
_STAND_INS: Final = frozenset((CODE, NUMBER, URL, QUOTE))
_MASKED: Final = _VOCABULARY.code_of["<masked>"]


def _fingerprint() -> str:
    table = repr((RULES, CONCEPTS, FORGIVING))
    return hashlib.sha256(table.encode()).hexdigest()[:8]


# Changes whenever a rule or a word does, so that the ledger says which table decided.
CLASSIFIER_VERSION: Final = f"{_RELEASE}.{_fingerprint()}"


_BEFORE_REPEAT: Final = tuple(
    patterns.compile_pattern(line, _MEMBERS)
    for line in ("EARLIER ..2 RECEIVES", "RECEIVES ..2 EARLIER", "EARLIER ..2 SAID", "SAID ..1 EARLIER", "combien de fois")
)
_COURTEOUS: Final = frozenset(_MEMBERS["COURTESY"] + _MEMBERS["QUOTE"] + _MEMBERS["EDGE"])
_EDGES: Final = frozenset(_MEMBERS["EDGE"])
_HINT_JOINTS: Final = frozenset(("le", "la", "les", "l", "et", "de", "du", "des", "d", "au", "aux", "and", "the", "of"))


class Finding(NamedTuple):
    """How a text was decided: the rule, the words that matched, and what was set aside on the way."""

    rule: Rule
    matched: str
    aside: tuple[tuple[str, str], ...]
    words: tuple[Word, ...]
    codes: str  # one per word, after setting aside


def classify(text: str, extra: Mapping[str, Intent] | None = None) -> Verdict:
    """What `text` asks for. Total: any string, however broken, gets a verdict in bounded time.

    `extra` maps normalised keywords of one code or sender to intents; a whole text or its first word may match. They
    never outvote a STOP of ours, and a START needs the whole text.
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
    finding = _decide(_READER.read(parts.said))
    if not parts.quoted:
        return finding
    if all(code in _COURTEOUS for code in finding.codes):
        return _decide(_READER.read(parts.quoted))
    if finding.rule is SILENT and _STOP_CODES.search(_codes(_READER.read(parts.quoted))):
        return finding._replace(rule=QUOTED)
    return finding


def normalise(text: str) -> str:
    """The words of `text` as the classifier reads them, with single spaces and no marks: "stpo  svp!" is "stop svp"."""
    return " ".join(_shown(word) for word in _READER.read(plain(text)) if word.read not in {".", "?"})


def explain(text: str) -> list[str]:
    """The steps from text to verdict, one sentence each, for a person at a terminal."""
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


def _codes(words: list[Word]) -> str:
    return "".join(_VOCABULARY.code_of.get(word.read, patterns.UNKNOWN) for word in words)


def _candidates(codes: str) -> int:
    rows = 0
    for code in set(codes):
        rows |= _ROWS_AT.get(code, 0)
    return rows


def _applies(row: _Row, codes: str) -> re.Match[str] | None:
    if row.unless and row.unless.search(codes):
        return None
    if not all(need.search(codes) for need in row.needs):
        return None
    return row.found.search(codes)


def _decide(words: list[Word]) -> Finding:
    """Walk down the table; rules that set aside blank their words out and go on."""
    codes = _codes(words)
    aside: list[tuple[Rule, str]] = []
    pending = _candidates(codes)
    while pending:
        lowest = pending & -pending
        pending ^= lowest
        row = _ROWS[lowest.bit_length() - 1]
        found = _applies(row, codes)
        if not found:
            continue
        matched = " ".join(word.shown for word in words[found.start() : found.end()])
        if row.rule.intent is not None:
            return _finding(row.rule, matched, aside, words, codes)
        aside.append((row.rule, matched))
        codes = row.found.sub(_blank, codes)
        pending |= _ROWS_AT.get(_MASKED, 0) & -lowest
    decided = EMPTY if not words else aside[0][0] if aside else SILENT
    return _finding(decided, "", aside, words, codes)


def _finding(rule: Rule, matched: str, aside: list[tuple[Rule, str]], words: list[Word], codes: str) -> Finding:
    return Finding(rule, matched, tuple((r.id, m) for r, m in aside), tuple(words), codes)


def _blank(found: re.Match[str]) -> str:
    return "".join(code if code in _EDGES else _MASKED for code in found.group())


def _verdict(finding: Finding) -> Verdict:
    rule, codes = finding.rule, finding.codes
    intent = rule.intent or Intent.OTHER
    stop_word = bool(_STOP_CODES.search(codes)) if rule.stop_word is None else rule.stop_word
    stopping = intent is Intent.STOP or (intent is Intent.AMBIGUOUS and stop_word)
    return Verdict(
        intent=intent,
        rule=rule.id,
        stop_word=stop_word,
        scope_all=stopping and bool(_ALL.search(codes)) and not _ALL_OF_YOURS.search(codes),
        repeat=rule.repeat or (intent is Intent.STOP and any(p.search(codes) for p in _BEFORE_REPEAT)),
        hint=_hint(finding.words, codes) if stopping else "",
    )


def _with_extra(verdict: Verdict, words: tuple[Word, ...], extra: Mapping[str, Intent]) -> Verdict:
    said = [_shown(word) for word in words if word.read not in {".", "?"}]
    whole = extra.get(" ".join(said))
    intent = whole or (extra.get(said[0]) if said else None)
    if intent is None or verdict.intent is Intent.STOP:
        return verdict
    if intent is Intent.START and (whole is None or verdict.stop_word):
        return verdict
    return Verdict(intent=intent, rule="custom.keyword", stop_word=verdict.stop_word or intent is Intent.STOP)


def _hint(words: tuple[Word, ...], codes: str) -> str:
    """The words beside the first stop word that has any: after it in its sentence, else before it."""
    for found in _HINTED.finditer(codes):
        after = _unknown_run(words, codes, found.end())
        if after or (after := _unknown_before(words, codes, found.start())):
            return after
    return ""


def _unknown_run(words: tuple[Word, ...], codes: str, start: int) -> str:
    place = start
    while place < len(codes) and codes[place] != patterns.UNKNOWN:
        if codes[place] in _EDGES or words[place].read in _TITLES:
            return ""
        place += 1
    first = place - 1 if place > start and words[place - 1].read in {"le", "la", "les", "l"} else place
    last = place
    while place < len(codes) and (codes[place] == patterns.UNKNOWN or words[place].read in _HINT_JOINTS):
        last = place + 1 if codes[place] == patterns.UNKNOWN else last
        place += 1
    run = [word.shown for word in words[first:last]]
    return " ".join(run) if len(run) <= _LONGEST_HINT_WORDS else ""


def _unknown_before(words: tuple[Word, ...], codes: str, end: int) -> str:
    start = end
    while start and (codes[start - 1] == patterns.UNKNOWN or words[start - 1].read in _HINT_JOINTS):
        start -= 1
    run = [word.shown for word in words[start:end]]
    while run and run[0] in {"et", "de", "du", "des", "d", "and", "of"}:
        del run[0]
    return " ".join(run) if len(run) <= _LONGEST_HINT_WORDS and patterns.UNKNOWN in codes[start:end] else ""


def _shown(word: Word) -> str:
    return word.shown if word.read == NEARLY_STOP or word.read in _STAND_INS else word.read


def _spelled(word: Word) -> str:
    return word.shown if word.shown == word.read else f"{word.shown}={word.read}"


# The keywords people send most, decided once.
_BARE: Final = {
    spelled: _verdict(find(word))
    for word in ("stop", "arret", "desabonnement", "start", "contact", "aide", "info", "oui", "non", "ok")
    for spelled in (word, word.upper(), word.capitalize())
}
