"""One running registry: everything that is opened at start and closed at the end, in one place.

Opening checks what must hold before a single message is taken: a current schema, a durable database, the root key
that belongs to it, and a tag function that gives the standard's answers.
"""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from app import ledger, tags
from app.alarms import Alarms
from app.appends import Addition
from app.contacts import Contacts
from app.database import Pool, Writers, close_pool, open_pool, require_current, require_durable
from app.directory import Directory
from app.errors import RegistryError
from app.index import Index
from app.keys import Root, unseal_root
from app.pulse import Pulse
from app.queries import setup
from app.queries import witness as restores
from app.roster import Rosters
from app.sequencer import Sequencer
from app.settings import Settings
from app.signer import Signer
from app.spool import Spool
from app.tally import Tally
from app.witness import Era, Witness, WitnessFile

ADMISSIONS_AT_ONCE = 4
WRITER_CONNECTIONS = 1 + ADMISSIONS_AT_ONCE
"""One for the sequencer, and those that admissions are committed by."""


class NotReadyError(RegistryError):
    """The registry cannot start; the message says what to do first."""

    slug = "not-ready"


class WrongRootKeyError(NotReadyError):
    """This root key is not the one that the database was founded with."""

    slug = "wrong-root-key"


class Registry(msgspec.Struct, frozen=True):
    """The parts that requests are served with."""

    settings: Settings
    origin: str
    root: Root
    pool: Pool
    """For everything but what must never wait for a connection held by a check: the sequencer, and admissions."""
    writers: Writers
    """For admissions."""
    directory: Directory
    sequencer: Sequencer
    index: Index
    spool: Spool
    alarms: Alarms
    rosters: Rosters
    contacts: Contacts
    pulse: Pulse
    tally: Tally
    signer: Signer
    """Of receipts."""
    witness: Witness


@asynccontextmanager
async def open_registry(settings: Settings, database_url: str, root: Root | None = None) -> AsyncIterator[Registry]:
    """Open a registry on a migrated database; NotReadyError says what is missing.

    `root`: a root key that is not in its file, or not yet.
    """
    tags.self_test()
    async with (
        opened(database_url, settings.pool_connections_max, "stop-registry") as pool,
        opened(database_url, WRITER_CONNECTIONS, "stop-registry writers") as writer,
    ):
        era, root = await _identity(pool, settings, root)
        alarms = Alarms(pool)
        file = WitnessFile(settings.witness_path, root)
        witness = Witness(pool, alarms, file, era, synced=settings.witness_synced)
        index = Index(pool, settings.index_bytes_max)

        def saw(added: Addition) -> None:
            witness.saw(added)
            index.saw(added)

        sequencer, writers = Sequencer(writer, root, saw), Writers(writer, ADMISSIONS_AT_ONCE)
        pulse = Pulse(pool, alarms)
        spool = Spool(settings.data_dir / "spool", root, settings.spool_bytes_max)
        signer = Signer(root.signing_key())
        sequencer.start()
        try:
            await witness.start()
            directory = Directory(pool, root)
            gc.freeze()  # what is here now stays, so no collection during a request need look at it again
            rosters, contacts, tally = Rosters(pool), Contacts(pool), Tally()
            parts = (pool, writers, directory, sequencer, index, spool, alarms, rosters, contacts, pulse, tally, signer)
            yield Registry(settings, era.origin, root, *parts, witness)
        finally:
            await sequencer.stop()
            await writers.close()
            await witness.stop()
            await signer.close()
            await spool.close()
            await pulse.prove()
            await alarms.flush()


@asynccontextmanager
async def opened(database_url: str, connections_max: int, name: str) -> AsyncIterator[Pool]:
    """Open a pool and close it at the end."""
    pool = await open_pool(database_url, min_size=1, max_size=connections_max, application_name=name)
    try:
        yield pool
    finally:
        await close_pool(pool)


async def _identity(pool: Pool, settings: Settings, root: Root | None) -> tuple[Era, Root]:
    """Return the era, with the installation's name, and the root key, proven to be the one this database is under."""
    async with pool.acquire() as db:
        await require_current(db)
        if not settings.unsafe_not_durable:
            await require_durable(db)
        row = await setup.read_registry(db)
        restored = await restores.last_restore(db)
    if row is None:
        raise NotReadyError("This database has no registry yet. Run `stop-registry migrate --create-key` once.")
    place = settings.root_key_path if root is None else "these shares"
    root = root or open_root(settings)
    if root.check_value() != row.key_check:
        raise WrongRootKeyError(
            f"The key in {place} is not the one this database was founded with. With it every "
            "number would look unknown, so nothing was started. Put the right key file back (or restore it)."
        )
    if restored:
        return Era(restored.era, restored.origin, ledger.timestamp(restored.accepted_at)), root
    return Era(1, row.origin, ledger.timestamp(row.created_at)), root


def open_root(settings: Settings) -> Root:
    """Unseal the root key; NotReadyError when a file is missing."""
    return Root(unsealed_root(settings))


def unsealed_root(settings: Settings) -> bytes:
    """Return the bytes of the root key, for whoever has to keep them; NotReadyError when a file is missing."""
    sealed = _read(settings.root_key_path, "root key", "Run `stop-registry migrate --create-key` once.")
    passphrase = _read(settings.passphrase_path, "passphrase", "Set STOP_REGISTRY_PASSPHRASE_FILE.")
    return unseal_root(sealed, passphrase.strip())


def _read(path: Path, what: str, remedy: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotReadyError(f"There is no {what} at {path}. {remedy}") from None
    except OSError as error:
        raise NotReadyError(f"The {what} at {path} cannot be read: {error.strerror}.") from error
