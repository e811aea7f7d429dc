"""Figures over all labelled texts: few STOPs missed, hardly any invented, no START out of doubt."""

from collections.abc import Callable
from functools import cache

from app.intent import Intent, classify
from tests.unit.intent_corpus import CORPORA, rows

STOP_RECALL_LEAST = 0.99
FALSE_STOP_MOST = 0.01
RIGHT_LEAST = 0.97


@cache
def read(text: str) -> Intent:
    """The intent of a text, read once for all tests of this file."""
    return classify(text).intent


def told(wrong: list[tuple[str, Intent]]) -> str:
    """The offending rows with what was read instead, for the failure message."""
    return "\n".join(f"{text!r}: {label}, read as {classify(text).rule}" for text, label in wrong)


def share(names: tuple[str, ...], label: Intent, is_wrong: Callable[[Intent], bool]) -> tuple[float, str]:
    """The share of rows of one label that are read wrongly, and the rows."""
    texts = [row for row in rows(*names) if row[1] is label]
    wrong = [row for row in texts if is_wrong(read(row[0]))]
    return len(wrong) / len(texts), told(wrong)


def test_ninety_nine_of_a_hundred_stops_are_heard() -> None:
    for names in (CORPORA, ("intent_heldout.tsv",)):
        missed, offenders = share(names, Intent.STOP, lambda found: found is not Intent.STOP)

        assert missed <= 1 - STOP_RECALL_LEAST, offenders


def test_at_most_one_in_a_hundred_other_texts_is_taken_for_a_stop() -> None:
    for names in (CORPORA, ("intent_heldout.tsv",)):
        invented, offenders = share(names, Intent.OTHER, lambda found: found is Intent.STOP)

        assert invented <= FALSE_STOP_MOST, offenders


def test_only_a_start_is_ever_read_as_start() -> None:
    wrong = [row for row in rows(*CORPORA) if row[1] is not Intent.START and read(row[0]) is Intent.START]

    assert not wrong, told(wrong)


def test_nearly_every_text_of_every_label_gets_its_label() -> None:
    for label in Intent:
        wrong, offenders = share(CORPORA, label, lambda found, label=label: found is not label)  # type: ignore[misc]

        assert wrong <= (1 - RIGHT_LEAST if label is not Intent.AMBIGUOUS else 0.1), f"{label}\n{offenders}"


def test_the_development_texts_are_several_hundred_and_all_right() -> None:
    texts = rows("intent_more.tsv")
    wrong = [(text, label) for text, label in texts if read(text) is not label]

    assert len(texts) > 700
    assert not wrong, told(wrong)


def test_the_held_out_texts_are_several_hundred() -> None:
    assert len(rows("intent_heldout.tsv")) > 700
