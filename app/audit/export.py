"""Exports: a zip that proves by itself what a sender's ledger holds, streamed in constant memory.

The ledger size is fixed first, then entries are paged by index in short transactions and written as they are stored.
The whole ledger up to that size always goes out, since only all of it has a root to compare; a period narrows the CSV
files that people read. Pages are hashed and tabulated in a thread, while the next one is read.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec

from app import archive, clock, dossier, ledger
from app.appends import Record
from app.audit.accounts import Account, account_of
from app.audit.heads import head_of, origin_of, root_of, signed, verifier_key
from app.audit.members import Spools
from app.audit.paging import pages
from app.audit.papers import register_of, report_of
from app.audit.printing import printed
from app.audit.scope import Scope
from app.directory import Sender
from app.dossier import register
from app.keyset import key_set
from app.queries import ledgers, setup, timestamps
from app.registry import Registry

CHUNK_BYTES = 131_072
STAMPS_MAX = 4_000  # ten years of days
PRINTED = "rapport.pdf"
REGISTER = "registre-article-30"


async def export(registry: Registry, sender: Sender, scope: Scope, by: str) -> AsyncIterator[bytes]:
    """Fix the size, write down who exports, and return the zip's bytes as a stream.

    The journal row and the ledger's entry are durable before the first byte leaves, so an export that is cut off or
    thrown away is on record too. The entry stands right after what was exported: the next export shows it.
    """
    head = await head_of(registry, sender)
    await _log(registry, sender, head.size, scope, by)
    return _zip(registry, sender, head, scope)


async def _log(registry: Registry, sender: Sender, size: int, scope: Scope, by: str) -> None:
    now = clock.now()
    detail = {"by": by, "size": str(size), **scope.spelled()}

    def build(index: int) -> ledger.Entry:
        recorded = ledger.timestamp(now)
        return ledger.NoteEntry(index=index, recorded=recorded, kind="export", subject=sender.slug, detail=detail)

    async with registry.pool.acquire() as db:
        said = msgspec.json.encode(detail).decode()
        await setup.journal_admin(db, now, by, "export", sender.slug, said, [sender.sender_id])
    await registry.sequencer.record(Record(sender.sender_id, build), registry.settings.commit_seconds_max)


async def _zip(registry: Registry, sender: Sender, head: ledgers.HeadRow, scope: Scope) -> AsyncIterator[bytes]:
    writer, loop = archive.Writer(), asyncio.get_running_loop()
    # One thread of its own: each thread of a shared pool would keep memory of its own for pages.
    with Spools(scope) as spools, ThreadPoolExecutor(1, "export") as thread:
        yield writer.begin("ledger.jsonl")
        async with contextlib.aclosing(pages(registry, sender, head.size)) as coming:
            async for page in coming:
                yield await loop.run_in_executor(thread, _taken, writer, spools, page)
        yield writer.end()
        account = await account_of(registry, sender, scope, clock.now(), spools)
        about = {"sender": sender.slug, "name": sender.name, "made_at": ledger.timestamp(account.made_at)}
        about |= scope.spelled() | await _papers(registry, sender, head, account, spools)
        await _stamps(registry, sender, head, spools)
        spools.put("jwks.json", msgspec.json.encode({"keys": await key_set(registry)}))
        spools.put(archive.KEY_MEMBER, verifier_key(registry, sender).encode() + b"\n")
        for name, spool in spools.members():
            digest = hashlib.sha256()
            yield writer.begin(name)
            while chunk := spool.read(CHUNK_BYTES):
                digest.update(chunk)
                yield writer.data(chunk)
            yield writer.end()
            spools.digests[name] = digest.hexdigest()
        for name, content in _signatures(registry, sender, head, spools, about):
            yield writer.begin(name) + writer.data(content) + writer.end()
        yield writer.finish()


async def _stamps(registry: Registry, sender: Sender, head: ledgers.HeadRow, spools: Spools) -> None:
    """Put in what a time-stamping authority said of the period's heads, as `openssl ts -verify` takes it."""
    scope = spools.scope
    async with registry.pool.acquire() as db:
        rows = await timestamps.of_sender(db, sender.sender_id, scope.start, scope.end, head.size, STAMPS_MAX)
    for row in reversed(rows):
        spools.put(f"timestamps/{row.day}.checkpoint", row.checkpoint.encode())
        spools.put(f"timestamps/{row.day}.tsr", row.token)


def _taken(writer: archive.Writer, spools: Spools, page: bytes) -> bytes:
    """Write a page of lines, each with its end, into the archive and into what goes beside it."""
    spools.add(page)
    return writer.data(page)


async def _papers(
    registry: Registry, sender: Sender, head: ledgers.HeadRow, account: Account, spools: Spools
) -> dict[str, str]:
    """Put in the pages that people read; return why one of them is missing, for the manifest's `about`."""
    html, job = report_of(sender, account, spools.figures, head.size, root_of(head).hex())
    known = register_of(registry, sender, account)
    spools.put("rapport.html", html)
    spools.put(f"{REGISTER}.html", register.html(known))
    content, spools.rows[f"{REGISTER}.csv"] = register.csv(known)
    spools.put(f"{REGISTER}.csv", content)
    for name in dossier.ASSETS:
        spools.put(name, dossier.asset(name))
    pdf = await printed(job)
    if isinstance(pdf, bytes):
        spools.put(PRINTED, pdf)
        return {}
    return {PRINTED: pdf}


def _signatures(
    registry: Registry, sender: Sender, head: ledgers.HeadRow, spools: Spools, about: dict[str, str]
) -> Iterator[tuple[str, bytes]]:
    """Yield the members that sign: the ledger's head, and a manifest over everything else."""
    origin, key, root = origin_of(registry, sender), registry.root.signing_key(), root_of(head)
    manifest = ledger.encode_manifest(
        ledger.Manifest(
            origin=origin,
            size=head.size,
            root=root.hex(),
            counts=dict(sorted(spools.counts.items())),
            rows=spools.rows,
            members={name: digest for name, digest in spools.digests.items() if name not in ledger.PROVEN_MEMBERS},
            about=about,
        )
    )
    yield "checkpoint.txt", signed(registry, sender, head.size, root).encode()
    yield "manifest.json", manifest
    yield "manifest.note", ledger.sign_manifest(manifest, origin, key).encode()
