"""The same call is the same question until it went out; then, or in another run, it is a new one."""

import asyncio

import pytest

from app.gateway.calls import Call, read
from app.gateway.once import Once

pytestmark = pytest.mark.anyio
CALL = read(b"to=%2B33639980001&text=a&clearance=t", None)


async def name_of(once: Once, call: Call = CALL) -> bytes:
    async with once.alone(call) as name:
        return name


async def test_a_call_has_one_id_until_it_went_out():
    once = Once()
    name = await name_of(once)
    first = once.request_id(name)
    assert once.request_id(await name_of(once)) == first

    once.went_out(name)
    second = once.request_id(name)
    once.went_out(name)
    assert len({first, second, once.request_id(name)}) == 3


@pytest.mark.parametrize(
    "query", [b"to=%2B33639980002&text=a", b"to=%2B33639980001&text=b", b"to=%2B33639980001&text=a"]
)
async def test_another_call_has_another_id(query: bytes):
    once = Once()
    other = read(query, "u")
    assert once.request_id(await name_of(once)) != once.request_id(await name_of(once, other))


async def test_another_run_asks_anew():
    one, two = Once(), Once()
    assert one.request_id(await name_of(one)) != two.request_id(await name_of(two))


async def test_what_is_forgotten_is_asked_anew_and_not_told_again():
    once = Once(remembered_max=2)
    calls = [read(f"to=%2B3363998000{number}&text=a".encode(), "t") for number in range(3)]
    asked = set()
    for call in calls:
        name = await name_of(once, call)
        asked.add(once.request_id(name))
        once.went_out(name)
    assert not asked & {once.request_id(await name_of(once, call)) for call in calls}


async def test_equal_calls_wait_for_each_other_and_others_do_not():
    once, inside = Once(), []

    async def go(call: Call, entered: asyncio.Event, leave: asyncio.Event) -> None:
        async with once.alone(call):
            entered.set()
            inside.append(call)
            await leave.wait()

    other = read(b"to=%2B33639980002&text=a", "t")
    entered, entered_too, entered_other, leave = (asyncio.Event() for _ in range(4))
    tasks = [asyncio.create_task(go(CALL, entered, leave)), asyncio.create_task(go(CALL, entered_too, leave))]
    tasks.append(asyncio.create_task(go(other, entered_other, leave)))
    await asyncio.wait_for(asyncio.gather(entered.wait(), entered_other.wait()), 5)
    assert inside.count(CALL) == 1
    leave.set()
    await asyncio.gather(*tasks)
    assert inside.count(CALL) == 2
