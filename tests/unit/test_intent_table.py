"""The table itself: stable ids, no misspelled concept, bounded time."""

import time

import pytest

from app.intent import classify
from app.intent.lexicon import CONCEPTS
from app.intent.model import Intent
from app.intent.patterns import compile_pattern, expand, vocabulary
from app.intent.rules import EMPTY, QUOTED, REACTION, RULES, SILENT

PREFIXES = {intent: f"{intent.lower()}." for intent in Intent}
WORDS = {"EDGE": ". ?", "PAUSE": ". ? ,", "END": ". ? sinon", "NEGATION": "ne pas", "STOP": "stop", "MSG": "sms pub"}
HOSTILE = [
    "stop " * 20_000,
    "s t o p " * 12_500,
    "arr?t?" * 16_000,
    "a." * 50_000,
    "a@" * 50_000,
    '"a ' * 33_000,
    '"a b c d e" ' * 9_000,
    "Ã©" * 50_000,
    "\u200b" * 100_000,
    "a" + "\u0301" * 100_000,
    "ne pas plus de vos sms " * 4_000,
    "je ne veux pas plus que vous " * 3_000,
    "profitez stop 36200 repondez pour to http://a.fr " * 2_000,
    "\ufdfa" * 10_000,
    " ".join(f"desabonx{number}r" for number in range(9_000)),
]


def test_rule_ids_are_unique_and_begin_with_their_intent() -> None:
    rules = [*RULES, EMPTY, SILENT, REACTION, QUOTED]

    assert len({rule.id for rule in rules}) == len(rules)
    assert all(rule.id.startswith(PREFIXES[rule.intent or Intent.OTHER]) for rule in rules)


def test_every_rule_says_why() -> None:
    assert all(rule.because for rule in RULES)


def test_a_concept_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="MISSPELT"):
        vocabulary(CONCEPTS, ["stop MISSPELT"])


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("STOP MSG", "stop sms", True),
        ("STOP ..1 MSG", "stop les sms", True),
        ("STOP ..1 MSG", "stop a les sms", False),
        ("STOP ..1 MSG", "stop . sms", False),
        ("STOP ~1 MSG", "stop pas sms", False),
        ("STOP ***1 MSG", "stop . sms", True),
        ("-les STOP", "les stop", False),
        ("STOP !MSG", "stop sms", False),
        ("< STOP >", "stop sms", False),
        ("| STOP |", "les , stop , sms", True),
        ("|| STOP", "les , stop", False),
        ("STOP END", "stop sinon", True),
        ("STOP MSG? les", "stop les", True),
        ("STOP MSG* les", "stop sms pub les", True),
        ("les/STOP MSG", "les pub", True),
    ],
)
def test_the_language_of_patterns(pattern: str, text: str, *, found: bool) -> None:
    words = vocabulary(WORDS, [pattern, "les", "a"])
    codes = "".join(words.code_of[word] for word in text.split())

    assert bool(compile_pattern(pattern, words.members).search(codes)) is found


def test_a_stem_stands_for_every_ending_of_a_regular_verb() -> None:
    assert {"arrete", "arretez", "arreter", "arretiez"} <= set(expand("arret~"))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_takes_no_longer_than_a_blink(text: str) -> None:
    begun = time.process_time()
    classify(text)

    assert time.process_time() - begun < 0.5


def test_only_the_beginning_of_an_endless_text_is_read() -> None:
    assert classify("a" * 100_000 + " STOP").intent is Intent.OTHER
    assert classify(" " * 100_000 + "STOP").intent is Intent.STOP
