"""A registry with two senders, as most tests need it: one code shared by both, one of the salon's own."""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from hmac import digest
from pathlib import Path

import httpx
import msgspec
from litestar import Litestar

from app import administration, clock
from app.administration import ConnectionPlan
from app.auth import Role
from app.cli.administer import migrated
from app.directory import Declaration
from app.registry import Registry
from app.server import as_served, create_app
from app.settings import Settings

SALON, SPA = "salon-martin", "spa-des-lilas"
SHARED_CODE, OWN_CODE = "36200", "36111"
SIGNED_SECRET = "whsec_" + b64encode(b"a secret of thirty-two bytes ...").decode()
KANNEL_TOKEN = "jeton-de-kannel"
ACTOR = "tests"
FIRST_RUN_OVER = "SELECT 1 FROM retention_run WHERE succeeded_at IS NOT NULL"


@dataclass
class World:
    """An open registry and what its people hold."""

    registry: Registry
    keys: dict[str, str] = field(default_factory=dict)
    client: httpx.AsyncClient | None = None
    app: Litestar | None = None

    def bearer(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[name]}"}

    async def mo(self, *messages: dict, secret: str = SIGNED_SECRET, webhook_id: str = "wh-1") -> httpx.Response:
        body = msgspec.json.encode({"messages": list(messages)})
        return await self.client.post("/v1/mo/agregateur", content=body, headers=signed(body, secret, webhook_id))

    async def check(self, key: str, numbers: list[str], **fields: object) -> dict:
        answer = await self.client.post("/v1/checks", json={"numbers": numbers, **fields}, headers=self.bearer(key))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def opposed(self, key: str, *numbers: str) -> list[str]:
        return (await self.check(key, list(numbers)))["withheld"]["opted_out"]


def message(message_id: str, number: str, text: str, code: str = SHARED_CODE, **more: object) -> dict:
    """One MO as our published contract writes it."""
    return {"id": message_id, "from": number, "to": code, "text": text, **more}


def signed(body: bytes, secret: str = SIGNED_SECRET, webhook_id: str = "wh-1") -> dict[str, str]:
    """Headers of Standard Webhooks 1.0."""
    stamp = str(int(datetime.now(UTC).timestamp()))
    key = b64decode(secret.removeprefix("whsec_"))
    signature = b64encode(digest(key, f"{webhook_id}.{stamp}.".encode() + body, sha256)).decode()
    return {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signature}",
    }


def settings_in(folder: Path, **more: object) -> Settings:
    """Settings of a registry whose key lies in this folder."""
    return Settings(data_dir=folder, unsafe_not_durable=True, **more)


async def found(settings: Settings, database_url: str) -> None:
    """Found a registry in an empty database; twice is once."""
    if not settings.root_key_path.exists():
        await migrated(settings, database_url, "tests.stop-registry.local", create_key=True)


OPEN_AT_ALL_HOURS = {
    "days": ["00:00-24:00"] * 7,
    "sundays": "open",
    "holidays": "open",
    "source": "the tests, which run at all hours",
    "version": "2026-11",
}
SEND_MINUTES = 60
DIRECT_ROUTE = Declaration("direct", ("FR",), "contract-2026", stop_returns=True)


async def let_send(registry: Registry, slug: str, code: str, **more: object) -> None:
    """Give a sender a profile with which a check may name its numbers alone, and prove its code's channels."""
    profile = {
        "policy": "custom",
        "hours": OPEN_AT_ALL_HOURS,
        "short_code": code,
        "campaigns": ["soldes-hiver"],
        "routes": ["agregateur"],
        "sender_ids": ["MARQUE"],
        "templates": {"soldes": f"Soldes : -20 % chez nous. STOP {code}"},
        "send_minutes": SEND_MINUTES,
        "duplicate_hours": 0,  # most tests check the same people again and again
        **more,
    }
    async with registry.pool.acquire() as db:
        await db.execute("UPDATE sender SET profile = $1 WHERE slug = $2", msgspec.json.encode(profile).decode(), slug)
    snapshot = await registry.directory.current(max_age_seconds=0)
    for link in snapshot.links.values():
        if code in link.codes:
            registry.pulse.heard(link.connection_id, code, clock.now(), new=True)
    await registry.pulse.prove()


async def populate(registry: Registry) -> dict[str, str]:
    """Set up the senders, codes and connections; return one key of each kind."""
    await administration.add_sender(registry, ACTOR, SALON, "Salon Martin")
    await administration.add_sender(registry, ACTOR, SPA, "Spa des Lilas")
    await administration.add_code(registry, ACTOR, SHARED_CODE, [SALON], ["martin"], "non surtaxé")
    await administration.add_code(registry, ACTOR, SHARED_CODE, [SPA], ["lilas"], "non surtaxé")
    await administration.add_code(registry, ACTOR, OWN_CODE, [SALON], [], "non surtaxé")
    codes = (SHARED_CODE, OWN_CODE)
    plan = ConnectionPlan("agregateur", "standard_webhooks", secrets=(SIGNED_SECRET,), codes=codes, may_lift=True)
    await administration.add_connection(registry, ACTOR, plan)
    await administration.add_connection(
        registry, ACTOR, ConnectionPlan("kannel", "kannel", token=KANNEL_TOKEN, codes=codes)
    )
    await administration.declare(registry, ACTOR, "agregateur", DIRECT_ROUTE)
    await let_send(registry, SALON, OWN_CODE)
    await let_send(registry, SPA, SHARED_CODE)
    wanted = {
        "salon": (Role.SENDER, [SALON]),
        "spa": (Role.SENDER, [SPA]),
        "agency": (Role.DELEGATE, [SALON, SPA]),
        "vendor": (Role.DELEGATE, [SALON]),
        "auditor": (Role.AUDITOR, [SALON]),
        "admin": (Role.ADMIN, []),
    }
    return {
        name: await administration.issue_key(registry, ACTOR, role, name, senders)
        for name, (role, senders) in wanted.items()
    }


@asynccontextmanager
async def opened_world(database_url: str, folder: Path, **more: object) -> AsyncIterator[World]:
    """Found, open, populate and serve a registry in this process, over ASGI."""
    settings = settings_in(folder, **more)
    await found(settings, database_url)
    async with served_here(settings, database_url) as world:
        world.keys = await populate(world.registry)
        yield world


async def after_the_first_retention_run(world: World) -> World:
    """The same world, once the purge that its service begins with is over."""
    async with asyncio.timeout(10), world.registry.pool.acquire() as db:
        while not await db.fetchval(FIRST_RUN_OVER):  # noqa: ASYNC110 - the database is what tells
            await asyncio.sleep(0.01)
    return world


@asynccontextmanager
async def reopened_world(database_url: str, folder: Path, keys: dict[str, str]) -> AsyncIterator[World]:
    """Serve a registry that was populated before; the folder holds its key."""
    async with served_here(settings_in(folder), database_url) as world:
        world.keys = dict(keys)
        yield world


@asynccontextmanager
async def served_here(settings: Settings, database_url: str) -> AsyncIterator[World]:
    """Open a founded registry and serve it in this process, over ASGI, short ways included."""
    app = create_app(settings, database_url)
    async with app.lifespan():
        transport = httpx.ASGITransport(as_served(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://registry") as client:
            yield World(app.state.registry, client=client, app=app)
