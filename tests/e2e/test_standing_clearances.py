"""A standing clearance: issued, listed, ended and published; what was sent under one is told once and never refused."""

import asyncio
from pathlib import Path

import httpx
import msgspec
import pytest

from app import clock, jws, ledger, standing_clearance, standing_clearances
from app.alarms import Kind
from app.errors import ConflictError, ForbiddenError, InvalidValueError, NotFoundError
from app.standing_clearances import Issued
from tests.e2e.typed import Typed
from tests.world import ACTOR, OWN_CODE, SALON, World, let_send

pytestmark = pytest.mark.anyio
CAP = 5


@pytest.fixture(autouse=True)
async def granted(world: World) -> None:
    await let_send(world.registry, SALON, OWN_CODE, grants=["emergency"])


async def issued(world: World) -> Issued:
    return await standing_clearances.issue(world.registry, ACTOR, SALON, ["LYCEE"], ["kannel-a"], CAP)


async def told(world: World, standing_id: str, key: str = "salon", **more: object) -> httpx.Response:
    at = clock.now().isoformat()
    use = {"gateway": "kannel-a", "at": at, "count": 1, "campaign": "intrusion", "drill": False, "use_id": "u-1"}
    url = f"/v1/clearances/{standing_id}/uses"
    return await world.client.post(url, json={**use, **more}, headers=world.bearer(key))


async def notes(world: World, kind: str) -> list[ledger.NoteEntry]:
    async with world.registry.pool.acquire() as db:
        lines = await db.fetch("SELECT entry FROM ledger_entry ORDER BY sender_id, entry_index")
    entries = [ledger.decode(line["entry"]) for line in lines]
    return [entry for entry in entries if entry.kind == kind]


async def keys(world: World) -> jws.Keys:
    return jws.read_keys((await world.client.get("/.well-known/jwks.json")).content)


async def test_it_verifies_under_the_published_keys_and_is_on_record(world: World):
    given = await issued(world)
    terms = standing_clearance.read(given.token, await keys(world))

    assert (terms.sender, terms.sender_ids, terms.gateways, terms.daily_cap) == (SALON, ("LYCEE",), ("kannel-a",), CAP)
    assert terms.exp - terms.nbf == 90 * 86_400
    (note,) = await notes(world, "standing-issue")
    assert (note.subject, note.detail["daily_cap"]) == (terms.jti, str(CAP))
    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT subject FROM admin_journal WHERE action = 'standing.issue'") == terms.jti


async def test_without_the_grant_there_is_none(world: World):
    await let_send(world.registry, SALON, OWN_CODE)
    with pytest.raises(ForbiddenError):
        await issued(world)


@pytest.mark.parametrize(
    ("sender_ids", "gateways", "cap"),
    [([], ["a"], 1), (["A"], [], 1), (["A"], ["Kannel A"], 1), (["A\x00"], ["a"], 1), (["A"], ["a"], 0)],
)
async def test_it_must_say_who_may_send_what(world: World, sender_ids: list[str], gateways: list[str], cap: int):
    with pytest.raises(InvalidValueError):
        await standing_clearances.issue(world.registry, ACTOR, SALON, sender_ids, gateways, cap)


async def test_an_ended_one_is_on_the_published_list(world: World):
    first, second = await issued(world), await issued(world)
    await standing_clearances.revoke(world.registry, ACTOR, first.terms.jti, "Gateway replaced")

    answer = await world.client.get("/.well-known/denied-standing.jws")
    assert answer.headers["content-type"].startswith("application/jose")
    denied = standing_clearance.read_denied(answer.text, await keys(world))
    assert denied.revoked == (first.terms.jti,)
    assert denied.exp - denied.iat == 7 * 86_400
    (note,) = await notes(world, "standing-revoke")
    assert (note.subject, note.detail["reason"]) == (first.terms.jti, "Gateway replaced")
    assert [one.revoked_reason for one in await standing_clearances.listed(world.registry)] == [
        None,
        "Gateway replaced",
    ]

    with pytest.raises(ConflictError):
        await standing_clearances.revoke(world.registry, ACTOR, first.terms.jti, "Again")
    with pytest.raises(NotFoundError):
        await standing_clearances.revoke(world.registry, ACTOR, "std_" + "0" * 32, "Unknown")
    assert second.terms.jti not in denied.revoked


async def test_a_use_is_told_once_whoever_repeats_it(world: World):
    given = (await issued(world)).terms.jti
    at = clock.now().isoformat()
    answers = await asyncio.gather(*(told(world, given, at=at, drill=True, count=3) for _ in range(5)))

    assert [answer.json() for answer in answers] == [{"use_id": "u-1", "remarks": []}] * 5
    (note,) = await notes(world, "emergency-use")
    said = note.detail
    assert (note.subject, said["count"], said["campaign"], said["drill"]) == (given, "3", "intrusion", "yes")
    other = await told(world, given, at=at, count=4, drill=True)
    assert (other.status_code, other.json()["type"].rpartition("/")[2]) == (422, "idempotency-key-reused")


async def test_beyond_the_daily_cap_it_passes_is_noted_and_alarms(world: World):
    given = (await issued(world)).terms.jti
    assert (await told(world, given, count=CAP, use_id="u-0")).json()["remarks"] == []
    async with world.registry.pool.acquire() as db:  # a day later
        await db.execute("UPDATE standing_use SET at = at - interval '1 day'")
    assert (await told(world, given, count=CAP)).json()["remarks"] == []
    assert not world.registry.alarms.is_open(Kind.STANDING_EXCEEDED, f"{SALON}: {given}")

    answer = await told(world, given, use_id="u-2")
    assert (answer.status_code, answer.json()["remarks"]) == (200, ["over-cap"])
    assert world.registry.alarms.is_open(Kind.STANDING_EXCEEDED, f"{SALON}: {given}")
    assert [note.detail["remarks"] for note in await notes(world, "emergency-use")][-1] == "over-cap"


async def test_a_use_beyond_its_terms_is_taken_and_told(world: World):
    given = (await issued(world)).terms.jti
    assert (await told(world, given, gateway="kannel-z")).json()["remarks"] == ["gateway"]
    before = clock.now().isoformat()
    await standing_clearances.revoke(world.registry, ACTOR, given, "Gateway replaced")
    assert (await told(world, given, use_id="u-2", at=before)).json()["remarks"] == []
    assert (await told(world, given, use_id="u-3")).json()["remarks"] == ["revoked"]


async def test_another_senders_standing_clearance_does_not_exist(world: World):
    given = (await issued(world)).terms.jti
    assert (await told(world, given, "spa")).status_code == 404
    assert (await told(world, given, "admin")).status_code == 403
    for wrong in ("std_1", "std_" + "0" * 32, "clr_" + "0" * 32, "std_%00"):
        assert (await told(world, wrong)).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": 0},
        {"count": "1"},
        {"gateway": "a b"},
        {"use_id": ""},
        {"campaign": "a\x00"},
        {"at": "2026-11-23T09:00:00"},
        {"at": "2099-01-01T00:00:00Z"},
        {"more": 1},
    ],
)
async def test_what_is_no_use_is_refused(world: World, wrong: dict):
    assert 400 <= (await told(world, (await issued(world)).terms.jti, **wrong)).status_code < 500
    assert await notes(world, "emergency-use") == []


async def test_the_command_line_issues_verifies_lists_and_ends(world: World, typed: Typed, tmp_path: Path):
    jwks, list_file = tmp_path / "jwks.json", tmp_path / "denied.jws"
    jwks.write_bytes((await world.client.get("/.well-known/jwks.json")).content)
    done = await typed(
        "clearance", "standing", "issue", SALON, "--sender-id", "LYCEE", "--gateway", "kannel-a", "--daily-cap", "5"
    )
    assert done.returncode == 0, done.stderr
    token, given = done.stdout.strip(), done.stderr.split()[0]

    good = await typed("clearance", "verify", token, "--jwks", str(jwks), "--audience", "kannel-a")
    assert (good.returncode, good.stdout.split(" until ")[0]) == (
        0,
        f"valid: {SALON}, emergency, 5 a day, sender ids LYCEE, gateways kannel-a,",
    ), good.stderr
    other = await typed("clearance", "verify", token, "--jwks", str(jwks), "--audience", "kannel-b", "--sender-id", "X")
    assert (other.returncode, [line.split(":")[0] for line in other.stdout.splitlines()]) == (
        1,
        ["gateway", "sender-id"],
    )
    clearance = (await world.check("salon", ["+33639980001"]))["clearance"]["token"]
    assert (await typed("clearance", "verify", clearance, "--jwks", str(jwks))).returncode == 0

    assert (await typed("clearance", "standing", "revoke", given, "--reason", "Replaced")).returncode == 0
    assert "\tended " in (await typed("clearance", "standing", "list")).stdout
    list_file.write_bytes((await world.client.get("/.well-known/denied-standing.jws")).content)
    ended = await typed("clearance", "verify", token, "--jwks", str(jwks), "--denied", str(list_file))
    assert (ended.returncode, ended.stdout.split(":")[0]) == (1, "revoked")


async def test_an_answer_that_was_lost_before_the_commit_is_noted_all_the_same(world: World):
    given = (await issued(world)).terms.jti
    at = clock.now().isoformat()
    await told(world, given, at=at)
    async with world.registry.pool.acquire() as db:  # as if the server had died between the note and the row
        await db.execute("DELETE FROM standing_use")
    assert (await told(world, given, at=at)).is_success
    assert {note.detail["use"] for note in await notes(world, "emergency-use")} == {"u-1"}
    assert msgspec.json.decode((await told(world, given, at=at)).content)["use_id"] == "u-1"
