"""The small language that the rules are written in, and its translation into regular expressions.

A text becomes one code character per word; words that belong to the same concepts share a code. A pattern is a
line of elements separated by spaces:

    stop          this word                      STOP          any word of the concept
    a/b/STOP      one of these                   WORD?         may be missing
    WORD*         any number of them, up to 40   ..3           up to three words of the same sentence
    ~3            up to three words, no negation among them
    ***3          three words or more, of whatever sentence
    .             any one word or mark
    END           end of a clause, or a word that begins another ("sinon", "Mme"): it is looked at, not taken
    <  >          start and end of the text      |  ||         border of a clause, of a sentence
    -WORD         not preceded by it             !WORD         not followed by it

Every repetition is bounded and works on single characters, so a match takes time linear in the length of the text.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from app.intent.lexicon import words_of

UNKNOWN: Final = "\ue000"  # the code of a word that is in no concept
_MANY: Final = "{0,40}"
_BORDERS: Final = {"|": "PAUSE", "||": "EDGE", "END": "END"}
_FIXED: Final = {"<": r"\A", ">": r"\Z", ".": ".", ".?": ".?"}
_ENDINGS: Final = words_of(
    "e es er ez ent ons ee ees ai ais ait aient iez ions ant era eras erai erez erons eront erait eriez"
)


class Vocabulary(NamedTuple):
    """Which code each word has, and which codes each concept or literal word covers."""

    code_of: dict[str, str]
    members: dict[str, str]


def expand(words: str) -> list[str]:
    """The words of a concept; "arret~" stands for every ending of a regular verb in -er."""
    found: list[str] = []
    for word in words.split():
        found += [word[:-1] + ending for ending in _ENDINGS] if word.endswith("~") else [word]
    return found


def vocabulary(concepts: Mapping[str, str], patterns: Iterable[str]) -> Vocabulary:
    """Give words that belong to the same concepts, and to the same literal words of patterns, one code."""
    belongs: dict[str, set[str]] = {}
    for concept, words in concepts.items():
        for word in _all_words(concepts, words):
            belongs.setdefault(word, set()).add(concept)
    for literal in _literals(concepts, patterns):
        belongs.setdefault(literal, set()).add(literal)
    return _coded(belongs)


def compile_pattern(pattern: str, members: Mapping[str, str]) -> re.Pattern[str]:
    """Translate one pattern into a regular expression over codes."""
    elements = pattern.split()
    return re.compile("".join(_element(e, members, opens=place == 0) for place, e in enumerate(elements)))


def required(pattern: str, members: Mapping[str, str]) -> list[str]:
    """For each element that a match must contain, its codes; the element with the fewest codes first."""
    return sorted((_codes(e, members) for e in pattern.split() if _is_required(e)), key=len)


def bits(codes: str) -> int:
    """The set of codes as a number, so that sets are compared in one step."""
    found = 0
    for code in set(codes):
        found |= 1 << ord(code) - ord(UNKNOWN)
    return found


def any_of(names: Iterable[str], members: Mapping[str, str]) -> re.Pattern[str]:
    """A pattern that finds a word of any of the named concepts."""
    return re.compile(f"[{''.join(members[name] for name in names)}]")


def _literals(concepts: Mapping[str, str], patterns: Iterable[str]) -> set[str]:
    """The words that patterns name themselves; a capital name that is no concept is a mistake in the table."""
    names = {name for pattern in patterns for name in _names(pattern)} - {*concepts, "UNKNOWN"}
    if strangers := sorted(name for name in names if name != name.lower()):
        raise ValueError(f"no such concept in lexicon.py: {', '.join(strangers)}")
    return names


def _all_words(concepts: Mapping[str, str], words: str) -> list[str]:
    found: list[str] = []
    for word in expand(words):
        found += _all_words(concepts, concepts[word[1:]]) if word.startswith("@") else [word]
    return found


def _coded(belongs: Mapping[str, set[str]]) -> Vocabulary:
    signatures = sorted({tuple(sorted(names)) for names in belongs.values()})
    codes = {signature: chr(ord(UNKNOWN) + 1 + place) for place, signature in enumerate(signatures)}
    members: dict[str, str] = {}
    for signature, code in codes.items():
        for name in signature:
            members[name] = members.get(name, "") + code
    members["UNKNOWN"] = UNKNOWN
    return Vocabulary({word: codes[tuple(sorted(names))] for word, names in belongs.items()}, members)


def _is_required(element: str) -> bool:
    return element != "END" and element[0] not in "<>|-!~*." and element[-1] not in "?*"


def _names(pattern: str) -> list[str]:
    words = [e.strip("-!?*") for e in pattern.split() if e[0] not in "<>|~*."]
    return [name for word in words for name in word.split("/")]


def _codes(element: str, members: Mapping[str, str]) -> str:
    return "".join(members[name] for name in element.strip("-!?*").split("/"))


def _element(element: str, members: Mapping[str, str], *, opens: bool) -> str:
    edge = members["EDGE"]
    if element in _FIXED:
        return _FIXED[element]
    if element in _BORDERS:
        border = members[_BORDERS[element]]
        return f"(?:(?<=[{border}])|\\A)" if opens else f"(?=[{border}]|\\Z)"
    if element.startswith("***"):
        return f".{{{int(element[3:])},300}}"
    if element.startswith(".."):
        return f"[^{edge}]{{0,{int(element[2:])}}}"
    if element.startswith("~"):
        return f"[^{edge}{members['NEGATION']}]{{0,{int(element[1:])}}}"
    return _word(element, members)


def _word(element: str, members: Mapping[str, str]) -> str:
    codes = f"[{_codes(element, members)}]"
    if element[0] in "-!":
        return f"(?{'<' if element[0] == '-' else ''}!{codes})"
    return codes + {"?": "?", "*": _MANY}.get(element[-1], "")
