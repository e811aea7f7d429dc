"""The rules as they run: each pattern compiled when first needed, and found by its rarest word."""

import functools
import hashlib
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from app.intent import patterns
from app.intent.lexicon import CONCEPTS, FORGIVING, SWAPPABLE
from app.intent.rule import Rule
from app.intent.rules import EMPTY, RULES, SILENT
from app.intent.tokens import Word

_RELEASE: Final = 1  # of the code around the table


def _lines(rule: Rule) -> list[str]:
    return [line.strip() for line in rule.patterns.splitlines() if line.strip()]


_VOCABULARY: Final = patterns.vocabulary(CONCEPTS, [line for rule in RULES for line in _lines(rule)])
KNOWN: Final = _VOCABULARY.code_of
MEMBERS: Final = _VOCABULARY.members
_MASKED: Final = KNOWN["<masked>"]
_EDGES: Final = frozenset(MEMBERS["PAUSE"])


def _version() -> str:
    words = repr((RULES, CONCEPTS, FORGIVING, SWAPPABLE))
    return f"{_RELEASE}.{hashlib.sha256(words.encode()).hexdigest()[:8]}"


# Changes with every rule and every word, so that an entry says which table decided.
VERSION: Final = _version()


class Finding(NamedTuple):
    """How a text was decided: the rule, the words that matched, and what was set aside on the way."""

    rule: Rule
    matched: str
    aside: tuple[tuple[str, str], ...]
    words: tuple[Word, ...]
    codes: str  # one per word, after setting aside


class _Row:
    """One pattern of one rule."""

    def __init__(self, rule: Rule, pattern: str) -> None:
        self.rule = rule
        required = patterns.required(pattern, MEMBERS)
        self.anchor = required[0]
        self._required = [patterns.bits(codes) for codes in required[1:]]
        self._pattern = pattern

    @functools.cached_property
    def compiled(self) -> re.Pattern[str]:
        return patterns.compile_pattern(self._pattern, MEMBERS)

    @functools.cached_property
    def _needs(self) -> tuple[re.Pattern[str], ...]:
        return tuple(patterns.any_of(names.split("/"), MEMBERS) for names in self.rule.needs.split())

    @functools.cached_property
    def _unless(self) -> re.Pattern[str] | None:
        return patterns.any_of(self.rule.unless.split(), MEMBERS) if self.rule.unless else None

    def search(self, codes: str, present: int) -> re.Match[str] | None:
        """Where the pattern matches, if the rest of the text allows the rule; `present` is the set of codes."""
        if any(not present & bits for bits in self._required):
            return None
        if self._unless and self._unless.search(codes):
            return None
        if not all(need.search(codes) for need in self._needs):
            return None
        return self.compiled.search(codes)


_ROWS: Final = tuple(_Row(rule, line) for rule in RULES for line in _lines(rule))


def _rows_by_code() -> dict[str, int]:
    """For each code, the rows (as bits of a number) that can match only where one of their words stands."""
    bits: dict[str, int] = {}
    for place, row in enumerate(_ROWS):
        for code in row.anchor:
            bits[code] = bits.get(code, 0) | 1 << place
    return bits


_ROWS_AT: Final = _rows_by_code()


def words_in(*concepts: str) -> frozenset[str]:
    """Every word of the named concepts."""
    codes = {code for name in concepts for code in MEMBERS[name]}
    return frozenset(word for word, code in KNOWN.items() if code in codes)


def any_word(*concepts: str) -> re.Pattern[str]:
    """Finds a word of any of the named concepts in a string of codes."""
    return patterns.any_of(concepts, MEMBERS)


@functools.cache
def phrase(pattern: str) -> re.Pattern[str]:
    """One pattern outside the table, in the same language."""
    return patterns.compile_pattern(pattern, MEMBERS)


def codes_of(words: Iterable[Word]) -> str:
    """One code character per word."""
    return "".join(KNOWN.get(word.read, patterns.UNKNOWN) for word in words)


def decide(words: list[Word]) -> Finding:
    """Walk down the table to the first rule that matches; rules without intent blank their words out on the way."""
    codes = codes_of(words)
    aside: list[tuple[Rule, str]] = []
    pending = 0
    for code in set(codes):
        pending |= _ROWS_AT.get(code, 0)
    present = patterns.bits(codes)
    while pending:
        lowest = pending & -pending
        pending ^= lowest
        row = _ROWS[lowest.bit_length() - 1]
        found = row.search(codes, present)
        if not found:
            continue
        matched = " ".join(word.shown for word in words[found.start() : found.end()])
        if row.rule.intent is not None:
            return _finding(row.rule, matched, aside, words, codes)
        aside.append((row.rule, matched))
        codes = row.compiled.sub(_blank, codes)
        present |= patterns.bits(_MASKED)
        pending |= _ROWS_AT.get(_MASKED, 0) & -lowest
    rule = EMPTY if not words else aside[0][0] if aside else SILENT
    return _finding(rule, "", aside, words, codes)


def _finding(rule: Rule, matched: str, aside: list[tuple[Rule, str]], words: list[Word], codes: str) -> Finding:
    return Finding(rule, matched, tuple((r.id, m) for r, m in aside), tuple(words), codes)


def _blank(found: re.Match[str]) -> str:
    return "".join(code if code in _EDGES else _MASKED for code in found.group())
