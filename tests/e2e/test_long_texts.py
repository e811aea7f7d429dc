"""Long messages whose parts arrive singly: read part by part at once, and whole as soon as the whole is there."""

from datetime import timedelta

import pytest

from app import review
from app.administration import ConnectionPlan, add_connection
from tests.world import OWN_CODE, SHARED_CODE, World

pytestmark = pytest.mark.anyio
ANNE, BRUNO = "+33639980001", "+33639980002"
TOKEN = "jeton"


@pytest.fixture(params=["mtarget", "vonage"])
async def send(world: World, request: pytest.FixtureRequest):
    """Send one part as the provider does; the connection may lift."""
    plan = ConnectionPlan(
        request.param, request.param, token=TOKEN, codes=(OWN_CODE, SHARED_CODE), may_lift=True, replies="none"
    )
    await add_connection(world.registry, "tests", plan)

    async def part(text: str, place: str, *, number: str = ANNE, code: str = OWN_CODE, long: str = "7") -> None:
        this, total = place.split("/")
        if request.param == "mtarget":
            form = {"Msisdn": number, "Content": text, "Shortcode": code, "MsgId": f"m-{this}"}
            form |= {"msglong.id": long, "msglong.msgref": this, "msglong.msgcount": total}
            answer = await world.client.post(f"/v1/mo/mtarget/{TOKEN}", data=form)
        else:
            query = {"msisdn": number.removeprefix("+"), "to": code, "text": text, "messageId": f"v-{this}"}
            query |= {"concat": "true", "concat-ref": long, "concat-part": this, "concat-total": total}
            answer = await world.client.get(f"/v1/mo/vonage/{TOKEN}", params=query)
        assert answer.is_success, answer.text

    return part


async def test_a_part_that_says_stop_counts_before_the_others_come(world: World, send):
    await send("STOP", "2/3")

    assert await world.opposed("salon", ANNE) == [ANNE]


@pytest.mark.parametrize("order", [("1/2", "2/2"), ("2/2", "1/2")])
async def test_a_stop_that_only_the_whole_says_is_read(world: World, send, order):
    texts = {"1/2": "Ok merci bonne journee et ST", "2/2": "OP PUB"}
    await send(texts[order[0]], order[0])
    assert await world.opposed("salon", ANNE) == []
    await send(texts[order[1]], order[1])

    assert await world.opposed("salon", ANNE) == [ANNE]
    assert b'"joined"' in await last_line(world)


async def test_parts_of_two_people_or_two_messages_are_never_joined(world: World, send):
    await send("ST", "1/2")
    await send("OP", "2/2", number=BRUNO)
    await send("OP", "2/2", long="8")

    assert await world.opposed("salon", ANNE, BRUNO) == []


async def test_a_part_that_comes_again_joins_once(world: World, send):
    for place in ("1/2", "2/2", "2/2", "1/2"):
        await send({"1/2": "ST", "2/2": "OP"}[place], place)

    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM ledger_entry WHERE entry LIKE '%joined%'::bytea") == 1


async def test_a_whole_that_says_no_more_than_its_parts_adds_no_entry(world: World, send):
    await send("STOP", "1/2")
    before = (await world.check("salon", [BRUNO]))["ledger"]["size"]
    await send(" merci bien", "2/2")

    assert (await world.check("salon", [BRUNO]))["ledger"]["size"] == before + 1  # the first check's own entry


async def test_a_whole_that_reaches_more_senders_than_its_parts_is_applied(world: World, send):
    await send("STOP MARTIN", "1/2", code=SHARED_CODE)
    assert await world.opposed("spa", ANNE) == []
    await send(" STOP TOUT", "2/2", code=SHARED_CODE)

    assert await world.opposed("spa", ANNE) == [ANNE]


async def test_neither_a_part_nor_the_whole_lifts(world: World, send):
    await send("STOP", "1/2")
    await send("START", "1/2", long="8")
    await send("Je veux a nou", "1/2", long="9")
    await send("veau recevoir vos offres", "2/2", long="9")

    assert await world.opposed("salon", ANNE) == [ANNE]
    reasons = {reason for item in await review.items(world.registry) for reason in item.reasons}
    assert reasons == {"part-of-a-message"}
    assert {item.text for item in await review.items(world.registry)} >= {
        "START",
        "Je veux a nouveau recevoir vos offres",
    }


async def test_an_unclear_whole_asks_once(world: World, send):
    await send("ANNU", "1/2")
    for _ in range(2):
        await send("LER", "2/2")

    [item] = await review.items(world.registry)
    assert (item.text, item.reasons) == ("ANNULER", ("unclear",))


async def test_parts_are_sealed_and_forgotten_after_two_days(world: World, send):
    await send("rue des Lilas", "1/2")
    async with world.registry.pool.acquire() as db:
        [box] = [row["box"] for row in await db.fetch("SELECT box FROM mo_part")]
        assert b"Lilas" not in box
        assert (await review.purge(world.registry)).parts == 0
        await db.execute("UPDATE mo_part SET received_at = received_at - $1::interval", timedelta(days=2))

    assert (await review.purge(world.registry)).parts == 1


async def last_line(world: World) -> bytes:
    async with world.registry.pool.acquire() as db:
        return await db.fetchval("SELECT entry FROM ledger_entry WHERE entry LIKE '%\"stop\"%' ORDER BY 1 DESC LIMIT 1")
