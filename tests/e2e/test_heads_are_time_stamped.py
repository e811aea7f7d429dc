"""Each day's head is stamped by an authority, and anybody can verify that without us (RFC 3161)."""

import asyncio
import io
import zipfile
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from app import anchors, audit, evidence
from app.alarms import Kind
from tests.e2e.authority import Authority, authority, openssl
from tests.e2e.node_verifier import verdicts
from tests.world import OWN_CODE, SALON, World, message, opened_world

pytestmark = pytest.mark.anyio
ANNE, BRUNO = "+33639980001", "+33639980002"


@pytest.fixture
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with authority(tmp_path_factory.mktemp("tsa")) as running:
        yield running


@pytest.fixture
async def stamped(database_url: str, tmp_path: Path, tsa: Authority) -> AsyncIterator[World]:
    """A registry whose heads, the salon's with a STOP, were stamped today."""
    async with opened_world(database_url, tmp_path) as world:
        await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
        settings = replace(world.registry.settings, tsa_url=tsa.url)
        world.registry = replace(world.registry, settings=settings)
        assert await anchors.stamp_due(world.registry) == 2
        yield world


async def listed(world: World, **query: str) -> list[dict]:
    answer = await world.client.get(f"/v1/ledgers/{SALON}/anchors", params=query, headers=world.bearer("auditor"))
    assert answer.status_code == 200, answer.text
    return answer.json()["anchors"]


def verified(tsa: Authority, folder: Path, checkpoint: bytes, token: bytes) -> str:
    (folder / "head").write_bytes(checkpoint)
    (folder / "head.tsr").write_bytes(token)
    arguments = ("-data", folder / "head", "-in", folder / "head.tsr", "-CAfile", tsa.certificate)
    return openssl("ts", "-verify", *arguments).stdout


async def test_openssl_verifies_the_stamp_of_a_signed_head(stamped: World, tsa: Authority, tmp_path: Path):
    [stamp] = [anchor for anchor in await listed(stamped) if anchor["by"] == "tsa"]
    told = verified(tsa, tmp_path, stamp["checkpoint"].encode(), b64decode(stamp["token"]))

    assert "Verification: OK" in told
    assert stamp["checkpoint"].split("\n")[1] == str(stamp["size"])


async def test_an_export_carries_the_stamps_and_both_verifiers_pass_it(stamped: World, tsa: Authority, tmp_path: Path):
    await stamped.check("salon", [BRUNO])
    answer = await stamped.client.get("/v1/audit/export", params={"sender": SALON}, headers=stamped.bearer("auditor"))
    key = audit.verifier_key(stamped.registry, await stamped.registry.directory.sender(SALON))
    file = tmp_path / "export.zip"
    file.write_bytes(answer.content)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as zipped:
        head, token = sorted(name for name in zipped.namelist() if name.startswith("timestamps/"))
        told = verified(tsa, tmp_path, zipped.read(head), zipped.read(token))
        kept = evidence.Paper(evidence.PaperKind.CHECKPOINT, head, zipped.read(head).decode())
    [other] = verdicts([file], key, tmp_path)

    assert "Verification: OK" in told
    assert evidence.verify_export(file, key, [kept]).findings == ()
    assert (other["ok"], other["findings"]) == (True, [])


async def test_a_head_is_stamped_once_a_day_whoever_asks(stamped: World, tsa: Authority):
    await stamped.check("salon", [BRUNO])

    assert await asyncio.gather(*(anchors.stamp_due(stamped.registry) for _ in range(3))) == [0, 0, 0]
    assert len(tsa.asked) == 2


async def test_the_next_day_only_what_has_grown_is_stamped(stamped: World, tsa: Authority):
    async with stamped.registry.pool.acquire() as db:
        await db.execute("UPDATE head_timestamp SET day = day - 1")
    await stamped.check("salon", [BRUNO])

    assert await anchors.stamp_due(stamped.registry) == 1
    assert len(tsa.asked) == 3


async def test_two_processes_do_not_stamp_side_by_side(stamped: World, tsa: Authority):
    async with stamped.registry.pool.acquire() as db:
        await db.execute("DELETE FROM head_timestamp")

    assert sorted(await asyncio.gather(*(anchors.stamp_due(stamped.registry) for _ in range(2)))) == [0, 2]
    assert len(tsa.asked) == 4


@pytest.mark.parametrize("told", [b"", b"not a stamp", b"0\x05" * 10])
async def test_an_answer_that_is_no_stamp_is_not_kept(stamped: World, tsa: Authority, told: bytes):
    tsa.says = told
    async with stamped.registry.pool.acquire() as db:
        await db.execute("DELETE FROM head_timestamp")

    assert await anchors.stamp_due(stamped.registry) == 0
    assert stamped.registry.alarms.is_open(Kind.TIMESTAMP_FAILED, "tsa")
    tsa.says = None
    assert await anchors.stamp_due(stamped.registry) == 2
    assert not stamped.registry.alarms.is_open(Kind.TIMESTAMP_FAILED, "tsa")


async def test_a_stamp_of_something_else_is_not_kept(stamped: World, tsa: Authority):
    [stamp] = [anchor for anchor in await listed(stamped) if anchor["by"] == "tsa"]
    tsa.says = b64decode(stamp["token"])
    async with stamped.registry.pool.acquire() as db:
        await db.execute("DELETE FROM head_timestamp")

    assert await anchors.stamp_due(stamped.registry) == 0


async def test_the_anchors_are_the_heads_that_the_witness_saw(world: World):
    answer = await world.check("salon", [BRUNO])
    seen = await listed(world)
    ledger = await world.client.get(f"/v1/ledgers/{SALON}/checkpoint", headers=world.bearer("auditor"))

    assert {anchor["by"] for anchor in seen} == {"witness"}
    assert seen[-1]["size"] == answer["ledger"]["size"] + 1 == int(ledger.text.split("\n")[1])
    assert await listed(world, to="2020-01-01T00:00:00Z") == []
    assert await anchors.stamp_due(world.registry) == 0  # without an address nothing is stamped


async def test_nobody_sees_the_anchors_of_another_sender(world: World):
    answer = await world.client.get("/v1/ledgers/spa-des-lilas/anchors", headers=world.bearer("auditor"))

    assert answer.status_code == 404
