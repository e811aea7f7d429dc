"""START lifts an opt-out: it needs a clear request, and never comes out of doubt."""

import pytest

from app.intent import Intent, classify


@pytest.mark.parametrize(
    "text",
    [
        "oui",
        "ok",
        "yes",
        "oui svp",
        "START ?",
        "start stop",
        "STOP START",
        "non start",
        "peut-être que je veux à nouveau recevoir vos offres",
        "si je veux recevoir à nouveau vos sms je fais comment",
        "comment me réabonner ?",
        "je ne veux pas me réabonner",
        "ne me remettez pas dans la liste",
        "ne me réabonnez surtout pas",
        "je ne souhaite pas recevoir à nouveau vos offres",
        "je veux recevoir vos offres par mail et plus par sms",
        "je veux recevoir moins de sms",
        "je veux me réinscrire au judo",
        "je voudrais recevoir ma facture",
        "remettez-moi un rendez-vous",
        "start the meeting without me",
        "un stop",
        "continuez à m'envoyer vos offres",
        "J'ai envoyé STOP par erreur",
        "comment me réabonner, j'ai envoyé STOP par erreur ?",
    ],
)
def test_doubt_is_never_a_start(text: str) -> None:
    assert classify(text).intent is not Intent.START


@pytest.mark.parametrize(
    "text",
    [
        "J'ai envoyé STOP par erreur, remettez-moi",
        "Je me suis désinscrite par mégarde, merci de me réinscrire",
        "j'ai fait stop hier mais je voudrais à nouveau recevoir vos sms",
        "annulez mon STOP",
        "I sent STOP by mistake, please resubscribe me",
    ],
)
def test_who_reports_a_stop_and_asks_to_come_back_comes_back(text: str) -> None:
    assert classify(text).intent is Intent.START


@pytest.mark.parametrize("text", ["ne me remettez pas dans la liste", "je ne veux pas me réabonner"])
def test_who_asks_not_to_be_put_back_opposes(text: str) -> None:
    assert classify(text).intent is Intent.STOP
