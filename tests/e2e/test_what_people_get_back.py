"""The text that a person's phone shows after STOP, CONTACT and HELP."""

import pytest

from app import administration, replies, senders
from app.administration import ConnectionPlan
from app.errors import InvalidValueError
from tests.world import ACTOR, KANNEL_TOKEN, OWN_CODE, SALON, SHARED_CODE, SPA, World

pytestmark = pytest.mark.anyio
ANNE = "+33639980001"


async def said(
    world: World, text: str, code: str = OWN_CODE, number: str = ANNE, message_id: str = "k-1", link: str = "kannel"
) -> str:
    """What comes back for the phone."""
    query = {"from": number, "to": code, "text": text, "id": message_id, "coding": "0", "charset": "UTF-8"}
    answer = await world.client.get(f"/v1/mo/{link}/{KANNEL_TOKEN}", params=query)
    assert answer.status_code == 200
    return answer.text


async def test_a_confirmation_says_what_still_comes_and_what_it_costs(world: World):
    text = await said(world, "STOP")

    assert "Salon Martin" in text
    assert "messages de service" in text
    assert text.endswith("SMS non surtaxé.")


async def test_the_codes_tariff_is_told(world: World):
    await administration.add_code(world.registry, ACTOR, OWN_CODE, [SALON], [], "gratuit")

    assert (await said(world, "STOP")).endswith("SMS gratuit.")


async def test_one_stop_to_several_senders_is_answered_once_a_day(world: World):
    first = await said(world, "STOP", SHARED_CODE, message_id="k-1")
    second = await said(world, "STOP", SHARED_CODE, message_id="k-2")

    assert first.startswith("Demande enregistree.")
    assert "Martin" not in first
    assert second == ""


async def test_whoever_was_told_about_one_of_the_senders_is_not_told_again_about_all(world: World):
    assert "Salon Martin" in await said(world, "STOP MARTIN", SHARED_CODE, message_id="k-1")

    assert await said(world, "STOP", SHARED_CODE, message_id="k-2") == ""
    assert await world.opposed("spa", ANNE) == [ANNE]


async def test_a_doubtful_stop_does_not_use_up_the_days_confirmation(world: World):
    assert await said(world, "STOP ?", message_id="k-1") == ""

    assert await said(world, "STOP", message_id="k-2") != ""


async def test_a_word_that_only_english_has_is_answered_in_english(world: World):
    assert await said(world, "UNSUBSCRIBE", message_id="k-1") == (
        "Request registered. You will get no more ads from Salon Martin by SMS, except service messages."
        " SMS not surcharged."
    )
    assert (await said(world, "HELP", message_id="k-2")).startswith("Send STOP to 36111")
    assert (await said(world, "AIDE", message_id="k-3")).startswith("Envoyez STOP au 36111")


@pytest.mark.parametrize(("kind", "word"), [("confirmation", "STOP"), ("contact", "CONTACT"), ("help", "AIDE")])
async def test_a_senders_own_text_goes_out_and_ours_comes_back_when_it_is_emptied(world: World, kind: str, word: str):
    ours = await said(world, word, message_id="k-0", number="+33639980009")
    await senders.set_text(world.registry, ACTOR, SALON, kind, {"fr": "Salon Martin, 1 rue des Lilas."})
    assert await said(world, word, message_id="k-1") == "Salon Martin, 1 rue des Lilas."

    await senders.set_text(world.registry, ACTOR, SALON, kind, {"fr": ""})
    assert await said(world, word, message_id="k-2", number="+33639980008") == ours


async def test_a_senders_english_text_goes_to_people_who_write_english(world: World):
    await senders.set_text(world.registry, ACTOR, SALON, "help", {"fr": "Aide.", "en": "Help."})

    assert await said(world, "HELP", message_id="k-1") == "Help."
    assert await said(world, "AIDE", message_id="k-2") == "Aide."


async def test_setting_one_text_leaves_the_others_and_what_else_the_profile_holds(world: World):
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE sender SET profile = '{\"later\":1}' WHERE slug = $1", SALON)
    await senders.set_text(world.registry, ACTOR, SALON, "help", {"fr": "Aide."})
    await senders.set_text(world.registry, ACTOR, SALON, "help", {"en": "Help."})
    async with world.registry.pool.acquire() as db:
        profile = await db.fetchval("SELECT profile FROM sender WHERE slug = $1", SALON)

    assert profile == '{"later":1,"help":{"fr":"Aide.","en":"Help."}}'


@pytest.mark.parametrize(
    ("text", "named"), [("Arrêt", "character 4, 'ê'"), ("a" * 161, "161 characters"), ("Merci 👍", "U+1F44D")]
)
async def test_a_text_that_is_not_one_sms_is_refused_and_says_why(world: World, text: str, named: str):
    with pytest.raises(InvalidValueError) as refused:
        await senders.set_text(world.registry, ACTOR, SALON, "contact", {"en": text})

    assert named in str(refused.value)


@pytest.mark.parametrize(("how", "answered"), [("answer", True), ("operator", False), ("none", False)])
@pytest.mark.parametrize("word", ["STOP", "CONTACT", "AIDE"])
async def test_a_connection_answers_people_only_where_it_is_to(world: World, how: str, word: str, *, answered: bool):
    plan = ConnectionPlan("autre", "kannel", token=KANNEL_TOKEN, codes=(OWN_CODE,), replies=how)
    await administration.add_connection(world.registry, ACTOR, plan)

    assert (await said(world, word, link="autre") != "") == answered
    assert await world.opposed("salon", ANNE) == ([ANNE] if word == "STOP" else [])


@pytest.mark.parametrize("service", ["36180", "+36180", "118", "12345678", " 36180 "])
@pytest.mark.parametrize("word", ["STOP", "CONTACT", "AIDE"])
async def test_a_short_code_that_writes_is_kept_and_never_answered(world: World, service: str, word: str):
    assert await said(world, word, number=service) == ""
    async with world.registry.pool.acquire() as db:
        kept = await db.fetchval("SELECT count(*) FROM mo") + await db.fetchval("SELECT count(*) FROM quarantine")
    assert kept > 0


async def test_a_name_that_writes_is_never_answered(world: World):
    assert await said(world, "CONTACT", number="MARQUE") == ""


async def test_two_codes_that_answer_each_other_stop_at_once(world: World):
    text = replies.confirmation(replies.About(("Salon Martin",), OWN_CODE, "non surtaxé"))

    assert await said(world, text, number="36180") == ""


async def test_contact_on_a_shared_code_names_all_its_senders(world: World):
    assert await said(world, "CONTACT", SHARED_CODE) == "Edite par Salon Martin, Spa des Lilas"
    await senders.set_text(world.registry, ACTOR, SPA, "contact", {"fr": "Spa des Lilas, Lyon"})
    assert await said(world, "CONTACT", SHARED_CODE, message_id="k-2") == "Edite par Salon Martin, Spa des Lilas"
