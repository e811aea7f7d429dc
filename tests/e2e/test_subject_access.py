"""What is held about a person: found for every sender, proven, explained, and on record."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec
import numpy as np
import pytest

from app import administration, audit, clock, journal, ledger, review, rotation, senders, tags
from app.alarms import Kind
from app.auth import Role
from tests.e2e.served import clean_environment
from tests.world import ACTOR, OWN_CODE, SALON, SPA, World, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO = "+33639980001", "+33639980002"
PATH = "/v1/audit/subjects"


@pytest.fixture
async def officer(world: World) -> str:
    """A data protection officer of both senders."""
    world.keys["dpo"] = await administration.issue_key(world.registry, ACTOR, Role.DPO, "dpo", [SALON, SPA])
    world.keys["support"] = await administration.issue_key(world.registry, ACTOR, Role.SUPPORT, "desk", [SALON])
    return "dpo"


async def look(world: World, *numbers: str, key: str = "dpo", **fields: object):
    answer = await world.client.post(PATH, json={"numbers": list(numbers), **fields}, headers=world.bearer(key))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def held(world: World, number: str = ANNE, key: str = "dpo") -> dict[str, dict]:
    [subject] = (await look(world, number, key=key))["subjects"]
    return {one["sender"]: one for one in subject["senders"]}


@pytest.mark.usefixtures("officer")
async def test_every_event_is_found_for_every_sender_and_proven(world: World):
    await world.mo(message("mo-1", ANNE, "STOP"))
    await world.mo(message("mo-1", ANNE, "STOP"))
    await world.mo(message("mo-2", ANNE, "START", OWN_CODE))
    found = await held(world)

    assert set(found) == {SALON, SPA}
    salon, spa = found[SALON], found[SPA]
    [only] = spa["events"]
    told = [only[name] for name in ("kind", "code", "basis", "candidates", "deliveries")]
    assert told == ["stop", "36200", "shared", 2, 2]
    assert [one["kind"] for one in salon["events"]] == ["stop", "start"]
    for one in found.values():
        sender = await world.registry.directory.sender(one["sender"])
        assert one["verifier"] == audit.verifier_key(world.registry, sender)
        head = ledger.read_checkpoint(one["checkpoint"], one["verifier"])
        for event in one["events"]:
            opening = event["opening"]
            line, leaf = event["entry"].encode(), bytes.fromhex(opening["leaf"])
            person = sha256(bytes.fromhex(opening["salt"]) + bytes.fromhex(opening["tag"])).hexdigest()
            path = [bytes.fromhex(node) for node in opening["proof"]]
            assert ledger.leaf_hash(line) == leaf
            assert msgspec.json.decode(line)["person"] == person
            assert ledger.verify_inclusion(leaf, event["index"], head.size, path, head.root)


@pytest.mark.usefixtures("officer")
async def test_every_spelling_of_a_number_is_the_same_person(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    answer = await look(world, "06 39 98 00 01", "0033639980001", "not a number", BRUNO)

    first, second, third, fourth = answer["subjects"]
    assert first["number"] == second["number"] == ANNE
    assert first["senders"][0]["opposed"] is second["senders"][0]["opposed"] is True
    assert (third["number"], third["senders"]) == (None, [])
    assert (fourth["senders"], fourth["nothing_held_by"]) == ([], ["Salon Martin", "Spa des Lilas"])


@pytest.mark.usefixtures("officer")
async def test_the_checks_that_cleared_a_person_are_found_in_small_and_large_lists(world: World):
    small = await world.check("salon", [ANNE, BRUNO], campaign="soldes")
    await world.check("salon", [BRUNO])
    sender = await world.registry.directory.sender(SALON)
    own = tags.tag(sender.key, 33639980001)
    many = np.unique(np.append(np.random.default_rng(7).integers(-(2**63), 2**63 - 1, 200_000), own)).astype("<i8")
    await stored_like(world, small["check_id"], "large", many.tobytes())
    # Lists that are anything but evenly spread are searched too, by reading wider.
    await stored_like(world, small["check_id"], "uneven", uneven(own))
    contacts = (await held(world))[SALON]["contacts"]

    assert sorted(one["campaign"] for one in contacts) == ["large", "soldes", "uneven"]
    assert (await held(world, BRUNO))[SALON]["contacts"][0]["campaign"] == "soldes"


async def stored_like(world: World, check_id: str, campaign: str, cleared: bytes) -> None:
    """One more check like that one, of another campaign and with another list."""
    async with world.registry.pool.acquire() as db:
        await db.execute("INSERT INTO cleared VALUES (1, $1, now(), $2)", f"chk_{campaign}", cleared)
        await db.execute(
            "INSERT INTO check_record SELECT sender_id, 'chk_' || $2, entry_index, key_id, purpose, $2, checked_at, "
            "evaluated_at, counts FROM check_record WHERE check_id = $1",
            check_id,
            campaign,
        )


def uneven(tag: int) -> bytes:
    """A list whose other tags all lie above or below, as no real one does."""
    side = range(2**63 - 60_000, 2**63 - 1) if tag < 0 else range(-(2**63), -(2**63) + 59_999)
    return np.array(sorted([*side, tag]), "<i8").tobytes()


@pytest.mark.usefixtures("officer")
async def test_what_a_gateway_was_admitted_to_send_is_told_apart(world: World):
    numbers = [f"+3363998{last:04}" for last in range(40)]
    made = await world.check("salon", numbers)
    clearance = made["clearance"]["id"]
    sent = {"numbers": numbers[:7], "request_id": "one"}
    path = f"/v1/clearances/{clearance}"
    assert (await world.client.post(f"{path}/admissions", json=sent, headers=world.bearer("salon"))).is_success

    known = {number: (await held(world, number))[SALON]["contacts"][0]["sent"] for number in numbers}
    assert known == {number: "admitted" if number in numbers[:7] else "unknown" for number in numbers}


@pytest.mark.usefixtures("officer")
async def test_a_list_that_was_inherited_withholds_and_is_told(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    await senders.inherit(world.registry, ACTOR, SPA, SALON, "merger")
    spa = (await held(world))[SPA]

    assert (spa["opposed"], spa["withheld"], spa["events"]) == (False, True, [])


@pytest.mark.usefixtures("officer")
async def test_a_person_is_found_once_and_as_they_stand_while_a_key_is_rotated_and_after(world: World):
    at = (clock.now() - timedelta(hours=1)).isoformat()
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE, received_at=at))
    await world.check("salon", [BRUNO])
    rotating = asyncio.create_task(rotation.rotate(world.registry, ACTOR, SALON, "annual", sweep_after_seconds=60))
    async with world.registry.pool.acquire() as db, asyncio.timeout(20):
        while not await db.fetchval("SELECT epoch FROM ledger_head WHERE sender_id = 1"):
            await db.execute("SELECT pg_sleep(0.02)")
        assert await db.fetchval("SELECT count(*) FROM opt_out WHERE sender_id = 1") == 2
    await world.mo(message("mo-2", ANNE, "START", OWN_CODE, received_at=clock.now().isoformat()))
    during = (await held(world))[SALON]
    rotating.cancel()
    await asyncio.wait([rotating])
    await rotation.rotate(world.registry, ACTOR, SALON, "annual", sweep_after_seconds=0)
    after = (await held(world))[SALON]

    for one in (during, after):
        assert (one["opposed"], [event["kind"] for event in one["events"]]) == (False, ["stop", "start"])
        for event in one["events"]:
            opening = event["opening"]
            person = sha256(bytes.fromhex(opening["salt"]) + bytes.fromhex(opening["tag"])).hexdigest()
            assert msgspec.json.decode(event["entry"])["person"] == person
    assert len((await held(world, BRUNO))[SALON]["contacts"]) == 1


@pytest.mark.usefixtures("officer")
async def test_messages_in_review_come_with_their_text_until_it_is_forgotten(world: World):
    await world.mo(message("mo-1", ANNE, "STOP ?", OWN_CODE))
    [item] = (await held(world))[SALON]["reviews"]
    assert (item["text"], item["decision"]) == ("STOP ?", None)
    await review.decide(world.registry, ACTOR, item["item_id"], "leave", "read")
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE review_item SET box = NULL")

    [item] = (await held(world))[SALON]["reviews"]
    assert (item["text"], item["decision"]) == (None, "leave")


@pytest.mark.usefixtures("officer")
async def test_a_reader_sees_its_senders_and_the_support_desk_neither_texts_nor_openings(world: World):
    await world.mo(message("mo-1", ANNE, "STOP"), message("mo-2", ANNE, "STOP ?", OWN_CODE))
    assert set(await held(world, key="auditor")) == {SALON}
    desk = (await held(world, key="support"))[SALON]
    assert desk["opposed"] is True
    assert {one["opening"] for one in desk["events"]} == {one["text"] for one in desk["reviews"]} == {None}
    assert desk["checkpoint"] is None
    stranger = await world.client.post(PATH, json={"numbers": [ANNE], "sender": SPA}, headers=world.bearer("auditor"))
    assert stranger.status_code == 404


@pytest.mark.parametrize("key", ["salon", "agency", "admin"])
async def test_other_roles_look_nobody_up(world: World, key: str):
    answer = await world.client.post(PATH, json={"numbers": [ANNE]}, headers=world.bearer(key))

    assert answer.status_code == 403
    assert (await world.client.post(PATH, json={"numbers": [ANNE]})).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"numbers": []}, 422),
        ({"numbers": [ANNE] * 101}, 413),
        ({"numbers": [1]}, 400),
        ({"numbers": [ANNE], "unknown": 1}, 400),
        ({}, 400),
        ({"numbers": [ANNE], "reference": "appel du 06 39 98 00 01"}, 422),
        ({"numbers": [ANNE], "reference": ""}, 422),
        ({"numbers": [ANNE], "received_at": "2026-11-20T09:00:00"}, 422),
        ({"numbers": [ANNE], "reference": "r", "received_at": "2999-11-20T09:00:00Z"}, 422),
        ({"numbers": ["\x00", "9" * 2000, "", "😀"]}, 200),
    ],
)
@pytest.mark.usefixtures("officer")
async def test_bad_input_is_told_what_to_do(world: World, body: dict, status: int):
    answer = await world.client.post(PATH, content=msgspec.json.encode(body), headers=world.bearer("dpo"))

    assert answer.status_code == status, answer.text
    assert "39980001" not in answer.text.replace(" ", "")


@pytest.mark.usefixtures("officer")
async def test_a_look_up_is_on_record_before_it_is_made_and_the_next_one_tells_of_it(world: World):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE))
    await look(world, ANNE, BRUNO, reference="courrier 26-14")
    rows = [row for row in await journal.entries(world.registry, clock.now().date()) if row.action == "subject.read"]

    [row] = rows
    assert (row.subject, row.sender_ids) == ("courrier 26-14", [1, 2])
    assert row.actor == world.keys["dpo"].split("_")[1]
    assert "9980001" not in row.detail
    assert len((await held(world))[SALON]["lookups"]) == 2


@pytest.mark.usefixtures("officer")
async def test_the_page_is_a_letter_without_anything_to_fetch_or_run(world: World):
    await world.mo(message("mo-1", ANNE, "Pourquoi STOP <script> ?", OWN_CODE))
    headers = world.bearer("dpo") | {"Accept": "text/html"}
    answer = await world.client.post(PATH, json={"numbers": [ANNE], "reference": "A & B"}, headers=headers)
    page = answer.text

    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"
    for said in (
        "Salon Martin",
        ANNE,
        "A &amp; B",
        "Pourquoi STOP &lt;script&gt; ?",
        "quarantaine",
        "trois ans",
        "91 jours",
        "CNIL",
    ):
        assert said in page
    assert "<script" not in page
    assert "src=" not in page
    assert "Spa des Lilas" in page  # of whom nothing is held


async def test_an_audit_ends_and_a_grant_is_told(world: World, officer: str):
    async with world.registry.pool.acquire() as db:
        rows = {row["role"]: row for row in await db.fetch("SELECT role, key_id, created_at, expires_at FROM api_key")}

    auditor, dpo = rows["auditor"], rows[officer]
    assert (auditor["expires_at"] - auditor["created_at"]).days in {89, 90}
    assert dpo["expires_at"] is None
    await world.registry.alarms.flush()
    async with world.registry.pool.acquire() as db:
        told = await db.fetch("SELECT subject FROM alarm WHERE kind = $1 AND closed_at IS NULL", Kind.RIGHTS_GRANTED)
    assert {auditor["key_id"], dpo["key_id"]} <= {row["subject"] for row in told}
    assert not world.registry.alarms.is_open(Kind.RIGHTS_GRANTED, rows["support"]["key_id"])
    await administration.revoke_key(world.registry, ACTOR, dpo["key_id"])
    assert not world.registry.alarms.is_open(Kind.RIGHTS_GRANTED, dpo["key_id"])


@pytest.mark.usefixtures("officer")
async def test_an_officer_exports_and_the_support_desk_does_not(world: World):
    statuses = {}
    for key in ("dpo", "support"):
        answer = await world.client.get("/v1/audit/export", params={"sender": SALON}, headers=world.bearer(key))
        statuses[key] = answer.status_code

    assert statuses == {"dpo": 200, "support": 403}


@pytest.fixture
def command(world: World, database_url: str):
    environment = {
        **clean_environment(),
        "DATABASE_URL": database_url,
        "STOP_REGISTRY_DATA_DIR": str(world.registry.settings.data_dir),
        "STOP_REGISTRY_UNSAFE_NOT_DURABLE": "true",
    }

    async def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "app", *arguments]
        return await asyncio.to_thread(
            subprocess.run, line, env=environment, capture_output=True, text=True, input=stdin
        )

    return run


async def test_the_command_answers_a_complaint_and_its_clock_runs(world: World, command):
    await world.mo(message("mo-1", ANNE, "STOP"))
    complaint = f"# plainte\n{ANNE}\n\n06 39 98 00 02\n"
    done = await command(
        "subject", "-", "--reference", "CNIL 26-14", "--received", "2026-01-31", "--format", "json", stdin=complaint
    )
    assert done.returncode == 0, done.stderr
    answer = msgspec.json.decode(done.stdout)
    assert [len(one["senders"]) for one in answer["subjects"]] == [2, 0]
    assert (answer["received_at"][:10], answer["due_at"][:10]) == ("2026-01-31", "2026-02-28")
    listed = (await command("subject", "list")).stdout
    assert listed == "CNIL 26-14\t2\t2026-01-31\t2026-02-28\topen\t\n"
    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM alarm WHERE kind = 'answer-due' AND closed_at IS NULL") == 1

    closed = await command("subject", "close", "CNIL 26-14", "--outcome", "réponse envoyée")
    assert (closed.returncode, closed.stdout) == (0, "closed CNIL 26-14\n"), closed.stderr
    async with world.registry.pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM alarm WHERE kind = 'answer-due' AND closed_at IS NULL") == 0
    assert (await command("subject", "list")).stdout == ""
    assert "réponse envoyée" in (await command("subject", "list", "--all")).stdout
    assert (await command("subject", "close", "CNIL 26-14", "--outcome", "again")).returncode == 2
    assert (await command("subject", ANNE, "--reference", "CNIL 26-14")).returncode == 1
    text = (await command("subject", "06 39 98 00 01", "--sender", SALON)).stdout
    assert "Vous êtes opposé aux messages de Salon Martin" in text
    assert "Spa" not in text
    assert "Demande CNIL 26-14" in text
    assert "<html" in (await command("subject", ANNE, "--format", "html")).stdout
    assert (await command("subject", "-", stdin="\n")).returncode == 2


async def test_a_request_is_noted_before_it_is_looked_up(command):
    opened = await command("subject", "open", "courrier 7", "--received", "2026-11-01", stdin=ANNE)
    assert (opened.returncode, opened.stdout) == (0, "due\t2026-12-01\n"), opened.stderr
    assert (await command("subject", "open", "courrier 8", "nonsense")).returncode == 2
    assert "courrier 7\t1\t" in (await command("subject", "list")).stdout


@pytest.mark.parametrize(
    ("arrived", "due"),
    [
        (datetime(2026, 11, 22, 10, tzinfo=UTC), "2026-12-22"),
        (datetime(2026, 12, 31, tzinfo=UTC), "2027-01-31"),
        (datetime(2027, 1, 31, tzinfo=UTC), "2027-02-28"),
        (datetime(2028, 1, 30, tzinfo=UTC), "2028-02-29"),
    ],
)
def test_an_answer_is_due_after_one_month(arrived: datetime, due: str):
    from app.subjects.cases import month_after

    assert f"{month_after(arrived):%Y-%m-%d}" == due
