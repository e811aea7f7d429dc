"""A commercial text must tell how to say STOP: the code, an address, or by policy a button."""

import pytest

from app.errors import NoStopMentionError
from app.profile import Profile
from app.safeguards.mention import codes_told, has_mention, judged, links_to
from tests.unit import plans

OWN = {"36200": ()}


def plan(text, profile=None, **more):
    return plans.plan(profile, text=text, **more)


@pytest.mark.parametrize(
    "text",
    [
        "Profitez d'un soin offert lors de votre prochaine visite dans notre salon STOP 36200",
        "Soldes STOP au 36200",
        "Soldes STOP au 36 200",
        "Soldes. stop sms 36200",
        "Soldes.Stop36200",
        "SOLDES STOPSMS36200",
        "STOP SMS au 36200 pour ne plus recevoir nos offres",
        "Envoyez STOP par SMS au 36200.",
        "Stop pub: 36.200",
        "STOP=>36200",
        "« STOP » au 36200",
        "STOP à 36200",
        "STOP au numéro 36200 (non surtaxé)",
        "STOP gratuit au 36200",
        "ＳＴＯＰ ３６２００",
        "ST\u200bOP\u00a036200",
        "STOP\n36200",
        "STOP 36200 12 rue des Lilas",
        "STOP 3 6 2 0 0",
    ],
)
def test_a_stop_and_the_code_satisfy_however_they_are_written(text):
    assert codes_told(text) == ["36200"]
    assert has_mention(text)
    assert judged(plan(text), OWN) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Profitez d'un soin offert lors de votre prochaine visite dans notre salon",
        "Soldes jusqu'à dimanche ! STOP",
        "Répondez STOP",
        "Soldes 36200",
        "Ouvert non-stop 36200 articles",
        "Nonstop 36200",
        "STOPPEZ tout : 36200 articles",
        "STOP aux prix fous : 36200 articles à gagner",
        "STOP 36",
    ],
)
def test_a_text_without_stop_and_code_is_refused_with_its_rule(text):
    assert not has_mention(text)
    with pytest.raises(NoStopMentionError) as refused:
        judged(plan(text), OWN)
    assert refused.value.members["rule"] == "stop-mention"
    assert "STOP 36200" in str(refused.value)
    assert "STOP 36200" in refused.value.french
    assert set(refused.value.members) == {"rule", "profile", "source", "changed_by"}


@pytest.mark.parametrize("text", ["Soldes STOP 38999", "Soldes STOP 362001", "Soldes STOP 36111"])
def test_a_mention_of_another_code_than_the_checked_one_is_refused(text):
    with pytest.raises(NoStopMentionError) as refused:
        judged(plan(text), OWN | {"36111": ()})
    assert refused.value.members["rule"] == "stop-mention.other-code"


def test_a_second_code_of_the_senders_own_is_welcome_and_a_strange_one_warns():
    both = "Soldes STOP 36200, DOM STOP 36789"
    assert codes_told(both) == ["36200", "36789"]
    assert judged(plan(both), OWN | {"36789": ()}) == []
    (warning,) = judged(plan(both), OWN)
    assert "36789" in warning


def test_a_telephone_is_no_code_and_never_comes_back_in_the_refusal():
    for text in ("Soldes STOP 06 39 98 00 01", "Soldes STOP 0639980001", "Soldes STOP +33639980001"):
        assert has_mention(text)
        assert codes_told(text) == []
        with pytest.raises(NoStopMentionError) as refused:
            judged(plan(text), OWN)
        assert "9980001" not in str(refused.value) + refused.value.french


URLS = ("https://salon-martin.fr/stop", "https://www.mes-choix.example/u/")


@pytest.mark.parametrize(
    "text",
    [
        "Soldes https://salon-martin.fr/stop",
        "Soldes (salon-martin.fr/stop)",
        "Desinscription:https://www.Salon-Martin.FR/stop?c=12",
        "Plus de SMS ? salon-martin.fr/stop.",
        "Soldes http://mes-choix.example/u/AbC12",
    ],
)
def test_an_address_to_opt_out_of_the_senders_own_satisfies(text):
    assert links_to(text, URLS)
    assert not judged(plan(text, Profile(opt_out_urls=URLS)), OWN)


@pytest.mark.parametrize(
    "text",
    [
        "Soldes https://salon-martin.fr/offres",
        "Soldes https://salon-martin.fr/stopper",
        "Soldes https://evil.example/salon-martin.fr/stop",
        "Soldes https://evil-salon-martin.fr/stop",
        "Soldes https://evil.example/?u=https://salon-martin.fr/stop",
        "Soldes https://mes-choix.example/u",
    ],
)
def test_another_address_does_not(text):
    assert not links_to(text, URLS)
    with pytest.raises(NoStopMentionError):
        judged(plan(text, Profile(opt_out_urls=URLS)), OWN)


def test_a_host_alone_is_no_beginning_of_a_longer_host():
    assert links_to("Voir salon.fr", ("salon.fr",))
    assert links_to("Voir salon.fr/x", ("salon.fr",))
    assert not links_to("Voir salon.fr.evil.example/x", ("salon.fr",))
    assert not links_to("Voir salon.fr:8080", ("salon.fr",))
    assert not links_to("Voir salon.fr", ("", " ", "https://"))


def test_a_button_satisfies_only_on_the_routes_that_carry_it():
    profile = Profile(rcs_button_routes=("rcs",))
    assert not judged(plan("Soldes", profile, route="rcs"), OWN)
    with pytest.raises(NoStopMentionError):
        judged(plan("Soldes", profile, route="agregateur"), OWN)


def test_reading_a_hostile_text_takes_no_time():
    for text in ("stop " * 800, "stop" + " a" * 2_000, "stop " + "1 " * 2_000, "stop36 " * 600):
        has_mention(text)
        codes_told(text)
        links_to(text, URLS)


def test_a_code_that_cannot_be_answered_where_people_live_warns():
    text = "Soldes STOP 36229"
    metropolitan = {"36229": ("FR",), "36789": ("GP", "MQ", "GF", "RE")}
    (warning,) = judged(plan(text, short_code="36229", territories={"FR", "RE", "GP"}), metropolitan)
    assert "GP, RE" in warning
    assert judged(plan(text, short_code="36229", territories={"FR"}), metropolitan) == []
    assert judged(plan(text, short_code="36229"), metropolitan) == []
    both = text + " (DOM : STOP 36789)"
    assert judged(plan(both, short_code="36229", territories={"FR", "RE", "GP"}), metropolitan) == []
    assert judged(plan(text, short_code="36229", territories={"RE"}), {"36229": ()}) == []
