"""An operator's own account of its messages, or its black list, against what arrived here."""

import json
from pathlib import Path

import httpx
import pytest

from app.cli.reconcile import Options, reconcile
from tests.world import KANNEL_TOKEN, OWN_CODE, SHARED_CODE, World, message, signed

pytestmark = pytest.mark.anyio
ANNE, BRUNO, CHLOE = "+33639980001", "+33639980002", "+33639980003"
AT = "2026-11-20T09:00:00Z"


async def manifest(world: World, **body: object) -> dict:
    answer = await sent(world, {"from": "2026-11-20T00:00:00Z", "to": "2026-11-21T00:00:00Z", **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def sent(world: World, body: object, slug: str = "agregateur") -> httpx.Response:
    content = json.dumps(body).encode()
    return await world.client.post(f"/v1/manifests/{slug}", content=content, headers=signed(content))


async def compared(world: World, path: Path, **options: object) -> tuple[int, list[str]]:
    told: list[str] = []
    return await reconcile(world.registry, Options(path, "agregateur", **options), told.append), told


async def counts_of(world: World, path: Path, **options: object) -> dict[str, int]:
    await compared(world, path, **options)
    async with world.registry.pool.acquire() as db:
        report = await db.fetchval("SELECT report FROM reconciliation ORDER BY at DESC LIMIT 1")
    return json.loads(report)["counts"]


def a_file(folder: Path, *rows: str, header: str = "id;expediteur;destination;message;date") -> Path:
    path = folder / "mo.csv"
    path.write_text("\n".join((header, *rows)) + "\n")
    return path


async def lines(world: World) -> list[str]:
    async with world.registry.pool.acquire() as db:
        rows = await db.fetch("SELECT entry FROM ledger_entry ORDER BY sender_id, entry_index")
    return [line for row in rows if '"kind":"stop"' in (line := row["entry"].decode())]


async def test_a_manifest_of_what_arrived_has_no_gap(world: World):
    one = message("mo-1", ANNE, "STOP", OWN_CODE, received_at=AT)
    await world.mo(one)
    report = await manifest(world, count=1, messages=[one])

    assert report["counts"] == {
        "told": 1, "matched": 1, "gaps": 0, "applied": 0, "ours": 1, "count_told": 1, "ours_not_theirs": 0,
    }  # fmt: skip


async def test_a_stop_that_never_arrived_is_named_and_applied_with_its_time(world: World):
    missing = message("mo-2", BRUNO, "STOP", OWN_CODE, received_at=AT)
    report = await manifest(world, messages=[missing])

    assert report["gaps"] == [{"row": 0, "at": AT, "intent": "STOP", "done": "applied"}]
    assert await world.opposed("salon", ANNE, BRUNO) == [BRUNO]
    (line,) = await lines(world)
    assert '"at":"2026-11-20T09:00:00.000000Z","connection":"agregateur"' in line
    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT source FROM opt_out") == "reconciliation"


async def test_the_same_manifest_again_finds_everything_there(world: World):
    missing = message("mo-2", BRUNO, "STOP", OWN_CODE, received_at=AT)
    await manifest(world, messages=[missing])
    report = await manifest(world, messages=[missing])

    assert (report["counts"]["matched"], report["counts"]["gaps"]) == (1, 0)
    assert len(await lines(world)) == 1


async def test_the_message_itself_arriving_late_after_all_adds_nothing(world: World):
    missing = message("mo-2", BRUNO, "STOP", OWN_CODE, received_at=AT)
    await manifest(world, messages=[missing])
    await world.mo(missing)

    assert len(await lines(world)) == 1


@pytest.mark.parametrize("text", ["START", "CONTACT", "Merci"])
async def test_what_is_no_stop_is_named_and_not_applied(world: World, text: str):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE, received_at="2026-11-20T08:00:00Z"))
    report = await manifest(world, messages=[message("mo-2", ANNE, text, OWN_CODE, received_at=AT)])

    assert report["gaps"][0]["done"] == "not-applied"
    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_what_arrived_here_and_is_not_in_the_manifest_is_reported(world: World):
    one = message("mo-1", ANNE, "STOP", OWN_CODE, received_at=AT)
    await world.mo(one, message("mo-2", BRUNO, "STOP", OWN_CODE, received_at="2026-11-20T10:00:00Z"))
    report = await manifest(world, messages=[one])

    assert report["counts"]["ours_not_theirs"] == 1
    assert report["ours_not_theirs"][0]["at"] == "2026-11-20T10:00:00Z"


async def test_keys_of_receipts_are_enough_to_find_a_gap(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE, received_at=AT))
    async with world.registry.pool.acquire() as db:
        key = (await db.fetchval("SELECT dedupe FROM mo")).hex()
    report = await manifest(world, keys=[key, "0" * 32])

    assert (report["counts"]["matched"], report["counts"]["gaps"]) == (1, 1)
    assert report["gaps"] == [{"key": "0" * 32, "done": "not-applied"}]


async def test_counts_alone_are_compared(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE, received_at=AT))
    report = await manifest(world, count=3)

    assert (report["counts"]["ours"], report["counts"]["count_told"]) == (1, 3)
    assert report["ours_not_theirs"] == []


async def test_a_manifest_proves_itself_as_a_webhook_does(world: World):
    body = {"from": "2026-11-20T00:00:00Z", "to": "2026-11-21T00:00:00Z", "count": 0}
    content = json.dumps(body).encode()
    unsigned = await world.client.post("/v1/manifests/agregateur", content=content)
    another = await world.client.post("/v1/manifests/agregateur", content=content + b" ", headers=signed(content))
    token = await world.client.post(f"/v1/manifests/kannel/{KANNEL_TOKEN}", content=content)
    nobody = await sent(world, body, "nobody")

    assert [one.status_code for one in (unsigned, another, token, nobody)] == [401, 401, 200, 404]


async def test_a_period_that_is_none_is_refused(world: World):
    answer = await sent(world, {"from": "2026-11-21T00:00:00Z", "to": "2026-11-20T00:00:00Z"})

    assert answer.status_code == 422


async def test_an_operators_file_names_its_gaps_by_row(world: World, tmp_path: Path):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE, received_at=AT))
    path = a_file(
        tmp_path,
        f"mo-1;{ANNE};{OWN_CODE};STOP;20/11/2026 10:00",
        f"mo-2;{BRUNO};{OWN_CODE};Stop svp;20/11/2026 10:05",
        f"mo-3;{CHLOE};{SHARED_CODE};Merci;20/11/2026 10:06",
    )
    status, told = await compared(world, path)
    again, _ = await compared(world, path)

    assert (status, again) == (1, 1)  # the answer that asked for nothing stays a gap
    assert "not here: row 3, at 2026-11-20T09:05:00Z, intent STOP, done applied" in told
    assert "not here: row 4, at 2026-11-20T09:06:00Z, intent OTHER, done not-applied" in told
    assert not any("3998" in line for line in told)
    assert await world.opposed("salon", ANNE, BRUNO, CHLOE) == [ANNE, BRUNO]
    assert len(await lines(world)) == 2


async def test_a_file_without_ids_is_compared_by_what_is_known_of_the_person(world: World, tmp_path: Path):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE, received_at=AT))
    path = a_file(
        tmp_path,
        f"{ANNE};{OWN_CODE};STOP;20/11/2026 10:00:02",
        f"{BRUNO};{OWN_CODE};STOP;20/11/2026 10:00:02",
        header="expediteur;destination;message;date",
    )
    first, again = await counts_of(world, path), await counts_of(world, path)

    assert (first["matched_by_state"], first["gaps"], first["applied"]) == (1, 1, 1)
    assert (again["matched"], again["gaps"]) == (2, 0)
    assert len(await lines(world)) == 2


async def test_a_stop_missing_after_a_start_suppresses_again(world: World, tmp_path: Path):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE, received_at="2026-11-20T09:00:00Z"))
    await world.mo(message("mo-2", ANNE, "START", OWN_CODE, received_at="2026-11-20T09:30:00Z"))
    assert await world.opposed("salon", ANNE) == []
    path = a_file(tmp_path, f"{ANNE};{OWN_CODE};STOP;20/11/2026 11:00", header="expediteur;destination;message;date")
    await compared(world, path)

    assert await world.opposed("salon", ANNE) == [ANNE]


async def test_a_missing_stop_older_than_a_start_lifts_nothing_and_stays_lifted(world: World, tmp_path: Path):
    await world.mo(message("mo-2", ANNE, "STOP", OWN_CODE, received_at="2026-11-20T09:20:00Z"))
    await world.mo(message("mo-3", ANNE, "START", OWN_CODE, received_at="2026-11-20T09:30:00Z"))
    path = a_file(tmp_path, f"mo-1;{ANNE};{OWN_CODE};STOP;20/11/2026 09:00")
    counts = await counts_of(world, path)

    assert counts["applied"] == 1
    assert await world.opposed("salon", ANNE) == []


async def test_a_black_list_is_compared_both_ways(world: World, tmp_path: Path):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE, received_at=AT))
    await world.mo(message("mo-2", CHLOE, "STOP", OWN_CODE, received_at=AT))
    path = a_file(tmp_path, f"{ANNE};{OWN_CODE}", f"{BRUNO};{OWN_CODE}", header="numero;code")
    status, told = await compared(world, path)
    counts = await counts_of(world, path)

    assert status == 1
    assert any(line.startswith("not here: row 3, intent STOP, done applied") for line in told)
    assert any(line.startswith("not there: sender salon-martin, entry ") for line in told)
    assert await world.opposed("salon", ANNE, BRUNO, CHLOE) == [ANNE, BRUNO, CHLOE]
    assert (counts["matched"], counts["gaps"], counts["ours_not_theirs"]) == (2, 0, 1)
    assert len(await lines(world)) == 3


async def test_an_unreadable_row_is_counted(world: World, tmp_path: Path):
    path = a_file(tmp_path, f"{ANNE};{OWN_CODE}", f"n/a;{OWN_CODE}", header="numero;code")

    assert (await counts_of(world, path))["unreadable"] == 1


async def test_a_kept_report_holds_no_number(world: World, tmp_path: Path):
    path = a_file(tmp_path, f"mo-{ANNE};{ANNE};{OWN_CODE};STOP {BRUNO};20/11/2026 10:00", f"x;{BRUNO};;Merci;n/a")
    await compared(world, path)
    async with world.registry.pool.acquire() as db:
        report = await db.fetchval("SELECT report FROM reconciliation")

    assert "3998" not in report
