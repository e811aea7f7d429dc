"""Connections, transactions whose end is known or said to be unknown, and what a database error means."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Coroutine
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from app.errors import UnavailableError

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    LentConnection: TypeAlias = PoolConnectionProxy[asyncpg.Record]
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | LentConnection
else:  # the classes themselves take no parameter
    Pool = asyncpg.Pool
    LentConnection = PoolConnectionProxy
    Connection = asyncpg.Connection | PoolConnectionProxy

CONNECT_SECONDS = 10.0
LEND_SECONDS = 10.0  # for a free connection, and again for cleaning it up afterwards
ROLLBACK_SECONDS = 5.0
CLOSE_SECONDS = 5.0
STATEMENTS_CACHED = 500  # more than there are named statements, so that each is prepared once a connection

# A peer that vanished without a word is noticed after about 20 seconds; a commit that waits for a live one is not cut.
_KEEPALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 20_000}

_REPLICATION_WAIT_CANCELLED = "01000"  # "canceling wait for synchronous replication …" comes with this SQLSTATE
_DURABLE_COMMITS = frozenset({"on", "remote_apply"})

_RETRYABLE = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_UNAVAILABLE = (
    UnavailableError,
    OSError,  # TimeoutError is one of them
    asyncpg.InterfaceError,  # the connection is closed; the same class also means that a call of ours is wrong
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,  # class 08
    asyncpg.InsufficientResourcesError,  # class 53: disk full, out of memory, too many connections
    asyncpg.OperatorInterventionError,  # class 57: shut down, crashed, starting up, query cancelled
    asyncpg.PostgresSystemError,  # class 58: input and output
    asyncpg.ReadOnlySQLTransactionError,  # a standby, or a primary that was deposed
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.DataCorruptedError,
    asyncpg.IndexCorruptedError,
)
T = TypeVar("T")


class IndeterminateCommitError(UnavailableError):
    """A commit may or may not have happened, or may be undone by a failover: nothing may be acknowledged."""


class PooledConnection(asyncpg.Connection):
    """A connection that is handed back as it is.

    asyncpg would spend a round trip on `RESET ALL` and its kin at every release, which costs more than most of our
    statements. Nothing here leaves session state behind: settings come with the connection or as SET LOCAL, locks
    are transaction-level, and there are no LISTEN, temporary tables or session cursors. An open transaction is
    still rolled back at release, by asyncpg itself.
    """

    __slots__ = ()

    def get_reset_query(self) -> str:
        """Return nothing to run."""
        return ""


async def open_pool(dsn: str, *, min_size: int, max_size: int, application_name: str) -> Pool:
    """Open `min_size` connections now and up to `max_size` later; raises UnavailableError when that fails.

    There is no command timeout: it would cancel a commit that waits for its standby, and PostgreSQL calls that
    a success. Bound the HTTP answer instead.
    """
    try:
        return await asyncpg.create_pool(
            dsn,
            init_size=min_size,
            min_size=0,  # a floor would be restored in the background, ever more slowly; we connect when we need to
            max_size=max_size,
            connection_class=PooledConnection,
            init=_watch_peer,
            timeout=CONNECT_SECONDS,
            statement_cache_size=STATEMENTS_CACHED,
            max_cached_statement_lifetime=0,
            max_inactive_connection_lifetime=0.0,
            server_settings={
                "application_name": application_name,
                "timezone": "UTC",
                "jit": "off",
                "idle_in_transaction_session_timeout": "60s",
            },
        )
    except Exception as error:
        if is_unavailable(error):
            raise UnavailableError(
                "The database does not answer. Check that it runs and that DATABASE_URL is right."
            ) from error
        raise


async def close_pool(pool: Pool) -> None:
    """Close the pool; a connection that does not end politely in CLOSE_SECONDS is cut."""
    try:
        await asyncio.wait_for(pool.close(), CLOSE_SECONDS)
    except TimeoutError:
        pool.terminate()


@contextlib.asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """Lend a connection inside a transaction; for reads, and for writes that nobody is told about."""
    async with _lent(pool) as connection:
        async with _begun(connection) as work:
            yield connection
        await work.commit()


@contextlib.asynccontextmanager
async def write_transaction(pool: Pool) -> AsyncIterator[Connection]:
    """Lend a connection inside a transaction that is durable when the context ends without an error.

    IndeterminateCommitError (an UnavailableError) means that the commit was sent and its outcome is unknown; any
    other error means that nothing was committed. A cancelled task still waits for a commit that was sent, because
    a cancelled commit is one that PostgreSQL reports as done without its standby.
    """
    async with _lent(pool) as connection:
        async with _begun(connection) as work:
            yield connection
        await _committing(connection, work.commit())


class OwnConnection:
    """A connection that one task keeps, for statements that each commit by themselves and for transactions.

    Lending a connection anew takes a tenth of a millisecond, a third of what such a statement takes on a good disk. The
    task must be one that nobody cancels, since a cancelled commit is one that PostgreSQL reports as done without its
    standby.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._connection: LentConnection | None = None
        self._doubt = IndeterminateCommit()

    async def write(self, statement: str, *args: object) -> list[asyncpg.Record]:
        """Run one statement; what it returned is durable. Errors as of `write_transaction`."""
        connection = await self._present()
        return await self._committing(connection, connection.fetch(statement, *args))

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend it inside a transaction; as `write_transaction`."""
        connection = await self._present()
        try:
            async with _begun(connection) as work:
                yield connection
        except Exception as error:
            if is_unavailable(error) and not isinstance(error, UnavailableError):
                _cut(connection)
            raise
        await self._committing(connection, work.commit())

    async def _committing(self, connection: Connection, work: Awaitable[T]) -> T:
        try:
            # A notice that came before the answer is delivered before it: both by the loop, in their order.
            outcome = await work
        except Exception as error:
            if not is_unavailable(error):
                raise
            _cut(connection)
            raise IndeterminateCommitError("The database went away during a commit. Try again.") from error
        if self._doubt.seen:
            _cut(connection)
            raise IndeterminateCommitError("A commit was not confirmed by its standby. Try again.")
        return outcome

    async def close(self) -> None:
        """Give the connection back; one that was cut or lost goes."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(asyncpg.InterfaceError):  # a lost connection has forgotten it by itself
                connection.remove_log_listener(self._doubt.listen)
            await self._pool.release(connection, timeout=LEND_SECONDS)

    async def _present(self) -> LentConnection:
        if self._connection is not None and _is_alive(self._connection):
            return self._connection
        await self.close()
        async with asyncio.timeout(LEND_SECONDS):
            connection = self._connection = await self._pool.acquire()
        self._doubt = IndeterminateCommit()
        connection.add_log_listener(self._doubt.listen)
        return connection


class Writers:
    """Connections kept for statements that each commit by themselves, so many at a time; others wait for their turn."""

    def __init__(self, pool: Pool, at_once: int) -> None:
        self._own = [OwnConnection(pool) for _ in range(at_once)]
        self._free = asyncio.Semaphore(at_once)

    async def write(self, statement: str, *args: object) -> list[asyncpg.Record]:
        """Run one statement; what it returned is durable. Errors as of `write_transaction`."""
        async with self._free:
            own = self._own.pop()
            try:
                return await _to_the_end(own.write(statement, *args))
            finally:
                self._own.append(own)

    async def close(self) -> None:
        """Give the connections back."""
        for own in self._own:
            await own.close()


async def require_durable(connection: Connection, *, testing: bool = False) -> None:
    """Refuse a database that could lose what it has acknowledged; `testing` lets a throw-away one pass."""
    if testing:
        return
    rows = await connection.fetch("SELECT name, setting FROM pg_settings WHERE name = ANY ($1::text[])", _GUARDED)
    weak = [f"{row['name']}={row['setting']}" for row in rows if not _is_durable(row["name"], row["setting"])]
    if weak:
        raise UnavailableError(
            f"PostgreSQL runs with {', '.join(sorted(weak))} and could forget an acknowledged STOP. "
            "Set fsync, full_page_writes and synchronous_commit to on (the last also for this role and database)."
        )


def is_retryable(error: BaseException) -> bool:
    """Tell whether the same transaction may pass when it is simply run again (40P01, 40001)."""
    return isinstance(error, _RETRYABLE)


def is_unavailable(error: BaseException) -> bool:
    """Tell whether the database, not the request, is at fault: the answer is 503 and nothing is concluded."""
    return isinstance(error, _UNAVAILABLE)


class IndeterminateCommit:
    """Listens for the notice that a commit was reported as done although its standby never confirmed it."""

    def __init__(self) -> None:
        self.seen = False

    def listen(self, _connection: object, notice: asyncpg.PostgresLogMessage) -> None:
        """Take one notice of the server; asyncpg calls this from the event loop, after the answer."""
        self.seen = self.seen or notice.sqlstate == _REPLICATION_WAIT_CANCELLED


_GUARDED = ("fsync", "full_page_writes", "synchronous_commit")


def _is_durable(name: str, setting: str) -> bool:
    return setting in _DURABLE_COMMITS if name == "synchronous_commit" else setting == "on"


@contextlib.asynccontextmanager
async def lent(pool: Pool, seconds: float) -> AsyncIterator[LentConnection]:
    """Lend a connection for a read, with a deadline on the loan and on the return.

    The second matters as much: a connection whose query was cut off is not back before the server has answered the
    cancellation, and a server that hangs never does.
    """
    async with asyncio.timeout(seconds):  # the pool's own way to a deadline is a task for each loan
        connection = await pool.acquire()
    try:
        yield connection
    finally:
        await pool.release(connection, timeout=seconds)


@contextlib.asynccontextmanager
async def _lent(pool: Pool) -> AsyncIterator[LentConnection]:
    """Lend a connection, and cut it rather than hand it back when trouble leaves its state unknown."""
    async with asyncio.timeout(LEND_SECONDS):  # the pool's own way to a deadline is a task for each loan
        connection = await pool.acquire()
    try:
        yield connection
    except Exception as error:
        if is_unavailable(error) and not isinstance(error, UnavailableError):
            _cut(connection)
        raise
    finally:
        await pool.release(connection, timeout=LEND_SECONDS)


@contextlib.asynccontextmanager
async def _begun(connection: Connection) -> AsyncIterator[asyncpg.transaction.Transaction]:
    """Begin a transaction, and undo it when the body fails; the end of a good one is the caller's."""
    work = connection.transaction()
    await work.start()
    try:
        yield work
    except BaseException:
        await _roll_back(connection, work)
        raise


async def _roll_back(connection: Connection, work: asyncpg.transaction.Transaction) -> None:
    """Roll back, or cut the connection so that the server does; the first error is the one that is told."""
    try:
        async with asyncio.timeout(ROLLBACK_SECONDS):  # a frozen server never answers
            await work.rollback()
    except Exception:  # noqa: BLE001  whatever it was, the connection goes and the caller's own error is raised
        _cut(connection)


def _is_alive(connection: LentConnection) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:  # one that was lost or cut has left the pool by itself
        return False


def _cut(connection: Connection) -> None:
    """Close the socket at once: a polite close would wait, perhaps for ever, on a server that does not answer."""
    with contextlib.suppress(asyncpg.InterfaceError):  # a lost connection has left the pool by itself
        connection.terminate()


async def _committing(connection: Connection, work: Coroutine[Any, Any, T]) -> T:
    """Await what commits; IndeterminateCommitError when nobody can tell whether it did."""
    doubt = IndeterminateCommit()
    connection.add_log_listener(doubt.listen)
    try:
        outcome = await _to_the_end(work)
        await asyncio.sleep(0)  # notices are delivered by the loop, one turn after the answer they came with
    except Exception as error:
        if not is_unavailable(error):
            raise
        _cut(connection)
        raise IndeterminateCommitError("The database went away during a commit. Try again.") from error
    finally:
        with contextlib.suppress(asyncpg.InterfaceError):  # a lost connection has forgotten it by itself
            connection.remove_log_listener(doubt.listen)
    if doubt.seen:
        raise IndeterminateCommitError("A commit was not confirmed by its standby. Try again.")
    return outcome


async def _to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Await something that must not be cancelled half-way; a cancellation is passed on once it is done."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
        except Exception:  # noqa: BLE001, S110  read from the task below
            pass
    if cancelled is not None and task.exception() is None:
        raise cancelled
    return task.result()


async def _watch_peer(connection: Connection) -> None:
    """Let the kernel notice a dead peer; asyncpg has no option for it and would wait for ever."""
    transport = connection._transport  # type: ignore[union-attr]  # noqa: SLF001  no public way to the socket
    sock = transport.get_extra_info("socket")
    if sock.family == socket.AF_UNIX:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
