"""After a merger the heir's checks consult both lists; what people say to the heir concerns the heir."""

import numpy as np
import pytest

from app import administration, inheritance, ledger, senders, tags
from app.auth import Role
from app.errors import ConflictError, InvalidValueError
from tests.world import ACTOR, OWN_CODE, SALON, SHARED_CODE, SPA, World, let_send, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO, CLARA = "+33639980001", "+33639980002", "+33639980003"
HEIR_CODE = "36333"


async def inherit(world: World, heir: str = SPA, former: str = SALON) -> None:
    await senders.inherit(world.registry, ACTOR, heir, former, "Fusion du 1er janvier")


async def add(world: World, *slugs: str) -> None:
    for slug in slugs:
        await administration.add_sender(world.registry, ACTOR, slug, slug)
        world.keys[slug] = await administration.issue_key(world.registry, ACTOR, Role.SENDER, slug, [slug])


async def test_the_heirs_checks_withhold_who_is_opposed_to_either(world: World):
    await administration.add_code(world.registry, ACTOR, HEIR_CODE, [SPA], [], "non surtaxé")
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE), message("mo-2", BRUNO, "STOP", HEIR_CODE))
    assert await world.opposed("spa", ANNE, BRUNO, CLARA) == [BRUNO]

    await inherit(world)
    check = await world.check("spa", [ANNE, BRUNO, CLARA])
    assert check["withheld"]["opted_out"] == [ANNE, BRUNO]
    assert (check["counts"]["opted_out"], check["counts"]["allowed"]) == (2, 1)


async def test_a_stop_to_the_former_sender_after_the_merger_holds_for_the_heir_too(world: World):
    await inherit(world)
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))

    assert await world.opposed("spa", ANNE) == [ANNE]


async def test_a_stop_to_the_heir_concerns_the_heir_only(world: World):
    await administration.add_code(world.registry, ACTOR, HEIR_CODE, [SPA], [], "non surtaxé")
    await inherit(world)
    await world.mo(message("mo-1", ANNE, "STOP", HEIR_CODE))

    assert await world.opposed("spa", ANNE) == [ANNE]
    assert await world.opposed("salon", ANNE) == []


async def test_the_former_sender_does_not_consult_the_heirs_list(world: World):
    await administration.add_code(world.registry, ACTOR, HEIR_CODE, [SPA], [], "non surtaxé")
    await world.mo(message("mo-1", ANNE, "STOP", HEIR_CODE))
    await inherit(world)

    assert await world.opposed("salon", ANNE) == []


async def test_a_list_comes_down_through_several_mergers(world: World):
    await add(world, "groupe")
    await administration.add_code(world.registry, ACTOR, SHARED_CODE, ["groupe"], ["groupe"], "non surtaxé")
    await let_send(world.registry, "groupe", SHARED_CODE)
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    await inherit(world, SPA, SALON)
    await inherit(world, "groupe", SPA)

    assert await world.opposed("groupe", ANNE, BRUNO) == [ANNE]


async def test_a_warm_index_learns_of_the_decision_at_the_next_check(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    await world.registry.index.at_present((await world.registry.directory.sender(SPA)).sender_id)
    assert await world.opposed("spa", ANNE) == []

    await inherit(world)
    assert await world.opposed("spa", ANNE) == [ANNE]


async def test_a_large_batch_consults_both_lists(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    await inherit(world)
    batch = [f"+336399{number:05}" for number in range(80_000, 83_000)]

    assert (await world.check("spa", batch))["withheld"]["opted_out"] == [ANNE]


async def test_without_an_inheritance_only_the_own_list_is_asked(world: World):
    spa = await world.registry.directory.sender(SPA)
    numbers = np.array([33639980001], dtype=np.int64)
    version, opposed = await inheritance.opposed(world.registry, spa, numbers, tags.tags(spa.key, numbers))

    assert (version.inherits, opposed.tolist()) == ((), [False])


async def test_the_decision_stands_in_both_ledgers_and_in_the_journal(world: World):
    await inherit(world)
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch("SELECT sender_id, entry FROM ledger_entry ORDER BY sender_id, entry_index")
        journal = await db.fetch("SELECT actor, subject FROM admin_journal WHERE action = 'sender.inherit'")
    notes = [(row["sender_id"], ledger.decode(row["entry"])) for row in rows]
    found = [(sender_id, note.detail) for sender_id, note in notes if note.kind == "inheritance"]

    detail = {"heir": SPA, "from": SALON, "reason": "Fusion du 1er janvier", "by": ACTOR}
    assert [said for _, said in found] == [detail, detail]
    assert len({sender_id for sender_id, _ in found}) == 2
    assert [(row["actor"], row["subject"]) for row in journal] == [(ACTOR, SPA)]


async def test_a_list_is_not_inherited_twice_from_itself_or_in_a_circle(world: World):
    await inherit(world)

    for heir, former in ((SPA, SALON), (SALON, SPA), (SPA, SPA)):
        with pytest.raises(ConflictError):
            await inherit(world, heir, former)


async def test_a_decision_needs_a_reason(world: World):
    with pytest.raises(InvalidValueError):
        await senders.inherit(world.registry, ACTOR, SPA, SALON, "  ")


async def test_one_check_consults_a_bounded_number_of_lists(world: World):
    chain = [f"marque-{number}" for number in range(senders.LISTS_MAX)]
    await add(world, *chain)
    for heir, former in zip(chain[1:], chain[:-1], strict=True):
        await inherit(world, heir, former)

    with pytest.raises(ConflictError, match="at most 8"):
        await inherit(world, SALON, chain[-1])
    with pytest.raises(ConflictError, match="at most 8"):
        await inherit(world, chain[0], SALON)
