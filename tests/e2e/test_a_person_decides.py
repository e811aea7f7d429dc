"""What is doubtful waits for a person, and the decision counts although the number is gone."""

from datetime import timedelta

import pytest

from app import audit, review
from app.administration import ConnectionPlan, add_connection
from app.errors import InvalidValueError, NotFoundError
from app.lifting import LiftBudgetError
from tests.world import KANNEL_TOKEN, OWN_CODE, SALON, SPA, World, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO = "+33639980001", "+33639980002"
BY = "cli:tests"


async def decide(world: World, decision: str, *senders: str, dpo: bool = False):
    [item] = await review.items(world.registry, decided=True)
    return await review.decide(world.registry, BY, item.item_id, decision, "read by a person", senders, by_dpo=dpo)


async def lines(world: World, sender: str = SALON) -> list[bytes]:
    found = await world.registry.directory.sender(sender)
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch(
            "SELECT entry FROM ledger_entry WHERE sender_id = $1 ORDER BY entry_index", found.sender_id
        )
    return [row["entry"] for row in rows]


async def test_doubt_with_a_stop_word_suppresses_and_asks(world: World):
    await world.mo(message("mo-1", ANNE, "STOP ?", OWN_CODE))

    [item] = await review.items(world.registry)
    assert (item.senders, item.reasons, item.suppresses, item.text) == ((SALON,), ("unclear",), True, "STOP ?")
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_doubt_without_a_stop_word_only_asks(world: World):
    await world.mo(message("mo-1", ANNE, "Annuler", OWN_CODE))

    [item] = await review.items(world.registry)
    assert (item.intent, item.suppresses) == ("AMBIGUOUS", False)
    assert await world.opposed("salon", ANNE) == []


async def test_what_is_clear_asks_nobody(world: World):
    await world.mo(message("mo-1", ANNE, "STOP"), message("mo-2", BRUNO, "Merci beaucoup"))

    assert await review.items(world.registry) == []


async def test_an_item_is_written_by_the_transaction_that_is_acknowledged(world: World):
    await world.mo(message("mo-1", ANNE, "STOP ?", OWN_CODE))
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch(
            "SELECT xmin::text FROM mo UNION ALL SELECT xmin::text FROM review_item "
            "UNION ALL SELECT xmin::text FROM review_person UNION ALL SELECT xmin::text FROM mo_effect"
        )

    assert (len(rows), len({row["xmin"] for row in rows})) == (4, 1)


async def test_the_same_message_never_opens_a_second_item(world: World):
    for _ in range(3):
        await world.mo(message("mo-1", ANNE, "STOP ?", OWN_CODE))

    assert len(await review.items(world.registry)) == 1


async def test_a_decided_message_that_comes_again_stays_decided(world: World):
    await world.mo(message("mo-1", ANNE, "STOP ?", OWN_CODE))
    await decide(world, "lift")
    await world.mo(message("mo-1", ANNE, "STOP ?", OWN_CODE))

    assert await review.items(world.registry) == []
    assert await world.opposed("salon", ANNE) == []


async def test_a_message_without_an_id_that_is_said_again_after_the_decision_is_asked_again(world: World):
    for _ in range(2):
        await kannel(world, "STOP ?")
        await decide(world, "lift")
    await kannel(world, "STOP ?")

    assert len(await review.items(world.registry)) == 1
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_lifting_takes_the_doubtful_message_back_and_no_clear_stop(world: World):
    await world.mo(message("mo-1", ANNE, "STOP ?", OWN_CODE), message("mo-2", BRUNO, "STOP", OWN_CODE))
    await world.mo(message("mo-3", BRUNO, "STOP ?", OWN_CODE))
    for item in await review.items(world.registry):
        await review.decide(world.registry, BY, item.item_id, "lift", "asks for the bus stop")

    assert await world.opposed("salon", ANNE, BRUNO) == [BRUNO]


async def test_a_stop_after_the_decision_counts_and_so_does_the_next_decision(world: World):
    await world.mo(message("mo-1", ANNE, "STOP ?", OWN_CODE))
    await decide(world, "lift")
    assert await world.opposed("salon", ANNE) == []
    await decide(world, "oppose")
    assert await world.opposed("salon", ANNE) == [ANNE]
    await decide(world, "lift")
    assert await world.opposed("salon", ANNE) == []
    await world.mo(message("mo-2", ANNE, "STOP", OWN_CODE))
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_opposing_an_unclear_message_dates_from_the_message(world: World):
    await world.mo(message("mo-1", ANNE, "Annuler", OWN_CODE, received_at="2026-11-20T09:00:00Z"))
    await world.mo(message("mo-2", ANNE, "START", OWN_CODE, received_at="2026-11-20T09:10:00Z"))
    await world.mo(message("mo-3", BRUNO, "Annuler", OWN_CODE, received_at="2026-11-20T09:00:00Z"))
    for item in await review.items(world.registry):
        await review.decide(world.registry, BY, item.item_id, "oppose", "wants no more")

    assert await world.opposed("salon", ANNE, BRUNO) == [BRUNO]


async def test_leaving_keeps_what_is(world: World):
    await world.mo(message("mo-1", ANNE, "STOP ?", OWN_CODE))
    await decide(world, "leave")

    assert await review.items(world.registry) == []
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_a_decision_is_an_entry_of_every_sender_concerned_and_the_export_still_proves(world: World):
    await world.mo(message("mo-1", ANNE, "STOP ?"))
    ruled = await decide(world, "lift")

    assert {one.effect for one in ruled} == {"lifted"}
    for sender in (SALON, SPA):
        note, entry = (await lines(world, sender))[-2:]
        assert b'"kind":"review"' in note
        assert b'"by":"cli:tests"' in note
        assert b'"rule":"review.lift"' in entry
    found = await world.registry.directory.sender(SALON)
    assert "sender/salon-martin" in await audit.checkpoint(world.registry, found)


async def test_a_decision_can_be_for_one_sender_of_several(world: World):
    await world.mo(message("mo-1", ANNE, "STOP ?"))
    await decide(world, "lift", SPA)

    assert await world.opposed("salon", ANNE) == [ANNE]
    assert await world.opposed("spa", ANNE) == []


async def test_a_decision_names_only_senders_of_the_item_and_says_why(world: World):
    await world.mo(message("mo-1", ANNE, "STOP ?", OWN_CODE))
    [item] = await review.items(world.registry)

    with pytest.raises(NotFoundError):
        await decide(world, "lift", SPA)
    with pytest.raises(NotFoundError):
        await review.decide(world.registry, BY, "ff" * 16, "lift", "read")
    for reason in ("", "called 06 39 98 00 01", "x" * 201):
        with pytest.raises(InvalidValueError):
            await review.decide(world.registry, BY, item.item_id, "lift", reason)
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_a_start_on_a_shared_code_is_decided_by_a_person(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", received_at="2026-11-20T09:00:00Z"))
    await world.mo(message("mo-2", ANNE, "START", received_at="2026-11-20T09:01:00Z"))

    [item] = await review.items(world.registry)
    assert item.reasons == ("uncertain-attribution",)
    await decide(world, "lift")
    assert await world.opposed("salon", ANNE) == []
    await decide(world, "oppose")
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_a_lift_does_not_reach_a_stop_said_after_the_message(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", received_at="2026-11-20T09:00:00Z"))
    await world.mo(message("mo-2", ANNE, "START", received_at="2026-11-20T09:01:00Z"))
    await world.mo(message("mo-3", ANNE, "STOP", received_at="2026-11-20T09:02:00Z"))
    ruled = await decide(world, "lift")

    assert {one.effect for one in ruled} == {"unchanged"}
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_a_provider_that_contradicts_us_adds_a_stop_and_a_question(world: World):
    await mtarget(world)
    await part(world, "m-1", "Bonjour tout va bien", keyword="Stop")

    [item] = await review.items(world.registry)
    assert item.reasons == ("flag-conflict",)
    assert await world.opposed("salon", ANNE) == [ANNE]
    await decide(world, "lift")
    assert await world.opposed("salon", ANNE) == []


async def test_a_start_that_the_provider_reads_otherwise_lifts_nothing(world: World):
    await mtarget(world)
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE, received_at="2026-11-20T09:00:00Z"))
    await part(world, "m-1", "START", keyword="Help", date="2026-11-20 12:00:00")

    [item] = await review.items(world.registry)
    assert item.reasons == ("flag-conflict",)
    assert await world.opposed("salon", ANNE) == [ANNE]
    await decide(world, "lift")
    assert await world.opposed("salon", ANNE) == []


async def test_texts_are_sealed_and_forgotten_and_the_item_can_still_be_decided(world: World):
    await world.mo(message("mo-1", ANNE, "Pourquoi STOP lilas ?", OWN_CODE))
    async with world.registry.pool.acquire() as db:
        [box] = [row["box"] for row in await db.fetch("SELECT box FROM review_item")]
        assert b"lilas" not in box
        assert (await review.purge(world.registry)).texts == 0
        await db.execute("UPDATE review_item SET opened_at = opened_at - $1::interval", timedelta(days=30))

    assert (await review.purge(world.registry)).texts == 1
    [item] = await review.items(world.registry)
    assert item.text is None
    await decide(world, "lift")
    assert await world.opposed("salon", ANNE) == []


async def test_a_text_moved_to_another_item_does_not_open(world: World):
    await world.mo(message("mo-1", ANNE, "STOP ?", OWN_CODE), message("mo-2", BRUNO, "STOP ?", OWN_CODE))
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE review_item SET box = (SELECT max(box) FROM review_item)")

    with pytest.raises(Exception, match="sealed value"):
        await review.items(world.registry)


async def test_beyond_the_budget_a_data_protection_officer_decides(world: World):
    await spend(world, SALON, 20)
    await world.mo(message("mo-1", ANNE, "STOP ?", OWN_CODE))

    with pytest.raises(LiftBudgetError):
        await decide(world, "lift")
    assert await world.opposed("salon", ANNE) == [ANNE]
    assert len(await review.items(world.registry)) == 1
    await decide(world, "lift", dpo=True)
    assert await world.opposed("salon", ANNE) == []


async def spend(world: World, sender: str, lifted: int) -> None:
    """Pretend that so many oppositions were lifted today."""
    found = await world.registry.directory.sender(sender)
    async with world.registry.pool.acquire() as db:
        await db.execute(
            "INSERT INTO lift_budget VALUES ($1, (now() AT TIME ZONE 'UTC')::date, $2, 20)", found.sender_id, lifted
        )


async def kannel(world: World, text: str) -> None:
    """A message without id and time."""
    query = {"from": ANNE, "to": OWN_CODE, "text": text, "coding": "0", "charset": "UTF-8"}
    assert (await world.client.get(f"/v1/mo/kannel/{KANNEL_TOKEN}", params=query)).is_success


async def mtarget(world: World) -> None:
    plan = ConnectionPlan("mtarget", "mtarget", token="jeton", codes=(OWN_CODE,), may_lift=True)
    await add_connection(world.registry, "tests", plan)


async def part(world: World, message_id: str, text: str, **fields: str) -> None:
    form = {"msisdn": ANNE, "content": text, "shortcode": OWN_CODE, "msgid": message_id, **fields}
    answer = await world.client.post("/v1/mo/mtarget/jeton", data=form)
    assert answer.is_success, answer.text
