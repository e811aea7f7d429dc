"""Three readers: ours, a code's own keywords, the provider's flag."""

import pytest

from app import intent, operators, reading
from app.intent import Intent
from app.reading import Words

SALON, SPA = 1, 2


def message(text, flag=None):
    return operators.Message(33639980001, "+33639980001", "36200", "36200", text, flag=flag)


def test_an_event_without_text_is_a_stop():
    read = reading.read(message(None))

    assert (read.verdict.intent, read.verdict.rule, read.doubts) == (Intent.STOP, "operator.event", ())


@pytest.mark.parametrize(
    ("text", "flag", "opposes", "doubts"),
    [
        ("STOP", Intent.STOP, True, ()),
        ("Bonjour, merci", Intent.STOP, True, ("flag-conflict",)),
        ("START", Intent.STOP, True, ("flag-conflict",)),
        ("STOP", Intent.START, True, ("flag-conflict",)),
        ("Bonjour, merci", Intent.START, False, ("flag-conflict",)),
        ("START", Intent.HELP, False, ("flag-conflict",)),
        ("STOP", Intent.HELP, True, ()),
        ("Bonjour, merci", Intent.HELP, False, ()),
        ("STOP ?", Intent.STOP, True, ()),
        ("STOP ?", None, True, ("unclear",)),
        ("START", None, False, ()),
    ],
)
def test_the_providers_flag_may_add_a_stop_and_never_takes_one_away(text, flag, opposes, doubts):
    read = reading.read(message(text, flag))

    assert (read.opposes, read.doubts) == (opposes, doubts)


def test_a_keyword_of_the_code_means_what_it_was_told():
    words = Words({"tango": Intent.STOP}, version=3)

    assert reading.read(message("Tango !"), words).verdict.intent is Intent.STOP
    assert reading.read(message("tango svp"), words).verdict.intent is Intent.STOP
    assert reading.read(message("le tango"), words).verdict.intent is not Intent.STOP
    assert words.classifier == f"{intent.CLASSIFIER_VERSION}+k3"


def test_a_code_whose_words_never_changed_names_our_version_alone():
    assert Words().classifier == intent.CLASSIFIER_VERSION


def test_a_keyword_never_outvotes_a_stop_and_a_start_needs_the_whole_text():
    words = Words({"stop": Intent.OTHER, "tango": Intent.START})

    assert reading.read(message("STOP"), words).verdict.intent is Intent.STOP
    assert reading.read(message("tango"), words).verdict.intent is Intent.START
    assert reading.read(message("tango demain"), words).verdict.intent is not Intent.START


def test_a_senders_own_keyword_names_the_sender():
    words = Words({}, {SALON: {"tango": Intent.STOP}, SPA: {"valse": Intent.STOP}})

    assert reading.read(message("tango"), words).named == {SALON}


def test_a_keyword_of_the_code_names_nobody():
    words = Words({"tango": Intent.STOP}, {SALON: {"tango": Intent.STOP}})

    assert reading.read(message("tango"), words).named == frozenset()


def test_where_two_senders_disagree_about_a_word_it_means_what_harms_least():
    words = Words({}, {SALON: {"tango": Intent.START}, SPA: {"tango": Intent.STOP}})

    assert reading.read(message("tango"), words).verdict.intent is Intent.STOP
