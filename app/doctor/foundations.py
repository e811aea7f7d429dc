"""What must hold before a registry can be opened: a database that answers and is durable, its schema, the key."""

from collections.abc import AsyncIterator, Awaitable, Callable

from app.database import Connection, Pool, close_pool, open_pool, require_current, require_durable
from app.doctor.finding import Finding, fail, ok, warn
from app.errors import RegistryError
from app.queries import setup
from app.registry import open_root
from app.settings import Settings

FOUND = "run `stop-registry migrate --create-key` once"


async def findings(settings: Settings, database_url: str) -> AsyncIterator[Finding]:
    """Yield what is found, in the order in which it can be mended."""
    try:
        pool = await open_pool(database_url, min_size=1, max_size=1, application_name="stop-registry doctor")
    except Exception as error:  # noqa: BLE001 - a wrong password or name is as much a finding as a dead server
        yield fail("database", _sentence(error, "it cannot be opened; check DATABASE_URL, user and password"))
        return
    try:
        yield ok("database", "it answers")
        async for found in _of_database(pool, settings):
            yield found
    finally:
        await close_pool(pool)


async def _of_database(pool: Pool, settings: Settings) -> AsyncIterator[Finding]:
    async with pool.acquire() as db:
        yield await _durable(db, settings)
        schema = await _schema(db)
        yield schema
        if not schema.told.startswith("current"):
            return
        row = await setup.read_registry(db)
    if row is None:
        yield fail("registry", f"this database has none yet; {FOUND}")
        return
    yield ok("registry", row.origin)
    yield _key(settings, row.key_check)


async def _durable(db: Connection, settings: Settings) -> Finding:
    weak = await _refusal(require_durable, db)
    if weak is None:
        return ok("durability", "what is committed survives a crash")
    if settings.unsafe_not_durable:
        return warn("durability", f"{weak} STOP_REGISTRY_UNSAFE_NOT_DURABLE lets it pass, for tests only")
    return fail("durability", weak)


async def _schema(db: Connection) -> Finding:
    behind = await _refusal(require_current, db)
    return fail("schema", behind) if behind else ok("schema", "current")


async def _refusal(require: Callable[[Connection], Awaitable[None]], db: Connection) -> str | None:
    try:
        await require(db)
    except RegistryError as error:
        return str(error)
    return None


def _key(settings: Settings, check_value: bytes) -> Finding:
    try:
        root = open_root(settings)
    except RegistryError as error:
        return fail("key", str(error))
    if root.check_value() != check_value:
        return fail("key", f"{settings.root_key_path} is not this database's key; put the right file back")
    return ok("key", "it opens, and is this database's own; keep a copy of it and of its passphrase elsewhere")


def _sentence(error: Exception, otherwise: str) -> str:
    """Tell an error of ours as it is; the database's own may repeat the address, password included."""
    return str(error) if isinstance(error, RegistryError) else otherwise
