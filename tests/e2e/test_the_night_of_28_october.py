"""The night of 28 October, told again: two vendors, one brand, a dead 36200, series of duplicates, and nobody harmed.

The clock of the registry is set to that evening; everything else is as it is.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest

from app import administration, clock, senders
from app.administration import ConnectionPlan
from app.auth import Role
from app.directory import Declaration
from app.registry import Registry
from app.server import create_app
from tests.world import ACTOR, SIGNED_SECRET, World, found, let_send, message, settings_in, signed

pytestmark = pytest.mark.anyio
CHAIN, SCHOOL, SHOP = "chaine-de-coiffure", "college-jean-moulin", "boutique"
CODE, SHOP_CODE = "36200", "36111"
TEXT = f"Jusqu'à -50 % dans votre salon ! STOP {CODE}"
CUSTOMERS = [f"+3363998{n:04}" for n in range(40)]
# Numbers of La Réunion and Guadeloupe, as research/regulation.md writes them.
REUNION, GUADELOUPE = "+262692123456", "+590690123456"
PARENTS = [f"+3363998{n:04}" for n in range(1_200)]
SENDING = {
    "campaign": "anniversaire",
    "short_code": CODE,
    "route": "operateur",
    "sender_id": "COIFFURE",
    "send_minutes": 30,
    "text": TEXT,
}
PARIS = ZoneInfo("Europe/Paris")


class Watch:
    """What time it is for the registry: it goes on from wherever it is set."""

    def __init__(self) -> None:
        self._set_at, self._shown = time.monotonic(), datetime.now(UTC)

    def set(self, *local: int) -> None:
        self._set_at, self._shown = time.monotonic(), datetime(*local, tzinfo=PARIS).astimezone(UTC)

    def now(self) -> datetime:
        return self._shown + timedelta(seconds=time.monotonic() - self._set_at)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    shown = Watch()
    monkeypatch.setattr(clock, "now", shown.now)
    return shown


async def set_up(registry: Registry) -> dict[str, str]:
    for slug, code in ((CHAIN, CODE), (SCHOOL, None), (SHOP, SHOP_CODE)):
        await administration.add_sender(registry, ACTOR, slug, slug)
        if code:
            await administration.add_code(registry, ACTOR, code, [slug], [], "non surtaxé")
    for slug, kind, returns in (("operateur", "direct", True), ("route-grise", "unknown", False)):
        plan = ConnectionPlan(slug, "standard_webhooks", secrets=(SIGNED_SECRET,), codes=(CODE, SHOP_CODE))
        await administration.add_connection(registry, ACTOR, plan)
        declared = Declaration(kind, ("FR",) if returns else (), "", stop_returns=returns)
        await administration.declare(registry, ACTOR, slug, declared)
    await let_send(registry, SHOP, SHOP_CODE, routes=["operateur"])
    await senders.set_value(registry, ACTOR, SCHOOL, "grants", '["emergency"]')
    await senders.set_value(registry, ACTOR, SCHOOL, "marketing", "false")
    wanted = {"vendor-a": CHAIN, "vendor-b": CHAIN, "school": SCHOOL, "shop": SHOP}
    return {
        name: await administration.issue_key(registry, ACTOR, Role.DELEGATE, name, [slug])
        for name, slug in wanted.items()
    }


@pytest.fixture
async def world(database_url: str, tmp_path: Path, watch: Watch) -> AsyncIterator[World]:
    watch.set(2026, 10, 28, 20, 30)
    settings = settings_in(tmp_path)
    await found(settings, database_url)
    app = create_app(settings, database_url)
    async with app.lifespan():
        registry = app.state.registry
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://registry", timeout=60) as client:
            yield World(registry, await set_up(registry), client, app)


async def post(world: World, key: str, path: str, **body: object) -> httpx.Response:
    return await world.client.post(path, json=body, headers=world.bearer(key))


async def refused(world: World, status: int, key: str = "vendor-a", **fields: object) -> dict:
    answer = await post(world, key, "/v1/checks", **({"numbers": CUSTOMERS} | fields))
    assert answer.status_code == status, answer.text
    return answer.json() | {"type": answer.json()["type"].rpartition("/")[2]}


async def checked(world: World, key: str, numbers: list[str], **fields: object) -> dict:
    answer = await post(world, key, "/v1/checks", **({"numbers": numbers, **SENDING} | fields))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def texted(world: World, number: str, text: str) -> None:
    body = msgspec.json.encode({"messages": [message(f"mo-{number}-{text}", number, text, CODE)]})
    answer = await world.client.post("/v1/mo/operateur", content=body, headers=signed(body, webhook_id=number + text))
    assert answer.status_code == 200, answer.text


async def test_that_night_every_safeguard_stops_it_and_in_the_morning_it_is_sent_once(world: World, watch: Watch):
    # 20:30. A client that sends nothing but numbers.
    assert (await refused(world, 422))["type"] == "incomplete-check"
    # A text that does not say how to stop; a mobile number as the sender; a grey route.
    assert (await refused(world, 409, **SENDING | {"text": "Jusqu'à -50 % !"}))["type"] == "no-stop-mention"
    assert (await refused(world, 409, **SENDING | {"sender_id": "0639980000"}))["type"] == "route-refused"
    assert (await refused(world, 409, **SENDING | {"route": "route-grise"}))["type"] == "route-refused"
    # The 36200 is dead: nothing ever came through it. The way out takes a minute.
    down = await refused(world, 409, **SENDING)
    assert down["type"] == "stop-channel-down"
    await texted(world, CUSTOMERS[-1], down["canary"])
    # It lives. But it is 20:30, and three hours later in La Réunion.
    quiet = await refused(world, 409, numbers=[*CUSTOMERS, REUNION], **SENDING)
    assert quiet["type"] == "quiet-hours"
    assert quiet["opens_at"] == "2026-10-29T04:00:00Z"  # 08:00 in La Réunion, the first to open

    # 10:00 next morning. Two vendors at the same moment, one of them five times: cleared once.
    watch.set(2026, 10, 29, 10, 0)
    checks = await asyncio.gather(*(checked(world, key, CUSTOMERS) for key in ("vendor-a",) * 5 + ("vendor-b",)))
    [cleared] = [check for check in checks if check["counts"]["allowed"]]
    assert cleared["counts"]["allowed"] == len(CUSTOMERS)
    assert sum(check["counts"]["duplicate"] for check in checks) == 5 * len(CUSTOMERS)

    # The list for Guadeloupe has to wait: it is five o'clock there.
    assert (await refused(world, 409, **SENDING | {"numbers": [GUADELOUPE]}))["opens_at"] == "2026-10-29T12:00:00Z"

    # Five people say STOP; the gateway refuses exactly those five, and the looping platform sends nobody twice.
    owner = "vendor-a" if checks.index(cleared) < 5 else "vendor-b"
    for number in CUSTOMERS[:5]:
        await texted(world, number, "STOP")
    sent: list[str] = []
    for turn in range(5):
        path = f"/v1/clearances/{cleared['clearance']['id']}/admissions"
        answer = (await post(world, owner, path, numbers=CUSTOMERS)).json()
        sent += answer["send"]
        recalled = [one["number"] for one in answer["refused"] if one["reason"] == "recalled"]
        assert recalled == CUSTOMERS[:5], turn
    assert sorted(sent) == CUSTOMERS[5:]


async def test_three_alerts_at_three_in_the_morning_pass_beside_the_heaviest_load(world: World, watch: Watch):
    watch.set(2026, 10, 29, 3, 0)
    await texted(world, PARENTS[0], "STOP")
    million = [f"+3363998{n:04}" for n in range(10_000)] * 100
    heavy = [
        asyncio.create_task(post(world, "shop", "/v1/checks", numbers=million, campaign=f"nuit-{n}")) for n in range(2)
    ]
    alert = {"purpose": "emergency", "text": "Crue : l'école est fermée ce matin.", "campaign": "crue"}
    for minutes in (0, 20, 45):
        watch.set(2026, 10, 29, 3, minutes)
        answer = await post(world, "school", "/v1/checks", numbers=PARENTS, **alert)
        assert answer.status_code == 200, answer.text
        assert answer.json()["counts"]["allowed"] == len(PARENTS)
        assert answer.json()["clearance"]["token"]
    assert [answer.status_code for answer in await asyncio.gather(*heavy)] == [200, 200]
