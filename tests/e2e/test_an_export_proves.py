"""Export and verify: what an auditor can hold against us."""

import csv
import io
import random
import zipfile

import pytest

from app import audit, dossier, evidence, ledger
from tests.e2e.node_verifier import verdicts
from tests.world import OWN_CODE, SALON, World, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO = "+33639980001", "+33639980002"


@pytest.fixture
async def export(world: World, tmp_path):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE), message("mo-2", BRUNO, "STOP", OWN_CODE))
    await world.check("salon", [ANNE, BRUNO], campaign="=SOMME(A1)")
    answer = await world.client.get("/v1/audit/export", params={"sender": SALON}, headers=world.bearer("auditor"))
    assert answer.status_code == 200
    file = tmp_path / "export.zip"
    file.write_bytes(answer.content)
    return file


@pytest.fixture
async def key(world: World):
    return audit.verifier_key(world.registry, await world.registry.directory.sender(SALON))


async def test_a_clean_export_verifies_with_the_right_key_and_with_its_own(export, key):
    assert evidence.verify_export(export, key).findings == ()
    assert evidence.verify_export(export, None).ok


async def test_any_zip_reader_finds_every_member_whole(export):
    with zipfile.ZipFile(export) as zipped:
        assert zipped.testzip() is None
        names = set(zipped.namelist())

    assert {"manifest.json", "ledger.jsonl", "checkpoint.txt", "oppositions.csv", "consultations.csv"} <= names
    assert {"verifier.html", "VERIFY.md", "rapport.html"} <= names


async def test_one_changed_byte_anywhere_is_found(export, key, tmp_path):
    clean, picked = export.read_bytes(), random.Random(3)
    damaged = tmp_path / "damaged.zip"
    for position in {0, 10, len(clean) - 1, *picked.sample(range(len(clean)), 300)}:
        damaged.write_bytes(
            clean[:position] + bytes([clean[position] ^ (1 << picked.randrange(8))]) + clean[position + 1 :]
        )
        assert not evidence.verify_export(damaged, key).ok, position


async def test_the_entry_of_a_changed_byte_is_named(export, key, tmp_path):
    clean = export.read_bytes()
    lines = zipfile.ZipFile(export).read("ledger.jsonl").splitlines()
    damaged = tmp_path / "damaged.zip"
    for index, line in enumerate(lines):
        position = clean.index(line) + len(line) // 2
        damaged.write_bytes(clean[:position] + bytes([clean[position] ^ 1]) + clean[position + 1 :])

        assert evidence.verify_export(damaged, key).first_wrong_entry == index


async def test_a_cut_file_and_a_longer_file_are_found(export, key, tmp_path):
    clean, other = export.read_bytes(), tmp_path / "other.zip"
    for content in (clean[:-1], clean[: len(clean) // 2], b"", clean + b"x"):
        other.write_bytes(content)
        assert not evidence.verify_export(other, key).ok


async def test_another_key_does_not_verify(export, world):
    spa = audit.verifier_key(world.registry, await world.registry.directory.sender("spa-des-lilas"))

    assert not evidence.verify_export(export, spa).ok


async def test_the_tables_open_in_a_french_spreadsheet(export):
    with zipfile.ZipFile(export) as zipped:
        raw = zipped.read("oppositions.csv")
        checks = zipped.read("consultations.csv").decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))

    assert raw.startswith("\ufeff".encode())
    assert len(rows) == 3
    assert rows[1][4] == "opposition"
    assert "'=SOMME(A1)" in checks  # never run by a spreadsheet


async def test_the_checkpoint_is_signed_and_is_the_one_the_ledger_had(world, key):
    before = await world.client.get(f"/v1/ledgers/{SALON}/checkpoint", headers=world.bearer("auditor"))
    answer = await world.client.get("/v1/audit/export", params={"sender": SALON}, headers=world.bearer("auditor"))
    head = ledger.read_checkpoint(before.text, key)

    with zipfile.ZipFile(io.BytesIO(answer.content)) as zipped:
        assert zipped.read("checkpoint.txt").decode() == before.text
        assert head.size == len(zipped.read("ledger.jsonl").splitlines())


async def test_an_export_is_on_record_before_its_first_byte(world, export):
    auditor = world.keys["auditor"].split("_")[1]
    size = len(zipfile.ZipFile(export).read("ledger.jsonl").splitlines())
    async with world.registry.pool.acquire() as db:
        stored = await db.fetchval("SELECT entry FROM ledger_entry WHERE sender_id = 1 AND entry_index = $1", size)
        rows = await db.fetch("SELECT actor, subject, detail FROM admin_journal WHERE action = 'export'")
    entry = ledger.decode(stored)

    assert (entry.kind, entry.subject) == ("export", SALON)
    assert entry.detail == {"by": auditor, "from": "", "size": str(size), "to": ""}
    assert [(row["actor"], row["subject"]) for row in rows] == [(auditor, SALON)]


async def test_nothing_is_exported_that_cannot_be_put_on_record(world):
    await world.registry.sequencer.stop()
    answer = await world.client.get("/v1/audit/export", params={"sender": SALON}, headers=world.bearer("auditor"))

    assert answer.status_code == 503


async def test_a_period_narrows_the_tables_and_never_the_ledger(world, export):
    query = {"sender": SALON, "from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"}
    answer = await world.client.get("/v1/audit/export", params=query, headers=world.bearer("auditor"))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as narrow, zipfile.ZipFile(export) as whole:
        assert narrow.read("ledger.jsonl").startswith(whole.read("ledger.jsonl"))
        assert len(narrow.read("oppositions.csv").splitlines()) == 1
        assert "Rien dans cette période." in narrow.read("rapport.html").decode()


async def test_the_report_counts_what_the_ledger_holds(export):
    with zipfile.ZipFile(export) as zipped:
        page = zipped.read("rapport.html").decode()

    assert "STOP reçus<b>2</b>" in page
    assert "Numéros retenus<b>2</b>" in page
    assert "=SOMME(A1)" in page


async def test_the_page_inside_the_zip_takes_the_zip_it_came_in(export, key, tmp_path):
    with zipfile.ZipFile(export) as zipped:
        assert zipped.read("verifier.html") == dossier.asset("verifier.html")
    own = evidence.verify_export(export, key)
    [other] = verdicts([export], key, tmp_path)

    assert (other["ok"], other["findings"]) == (True, [])
    assert (other["size"], other["root"]) == (own.size, own.root)


async def test_an_export_holds_no_number(export):
    content = export.read_bytes()

    assert b"639980001" not in content
    assert b"639980002" not in content


async def test_a_ledger_of_many_pages_goes_out_as_it_is_stored(world, key, tmp_path, monkeypatch):
    monkeypatch.setattr("app.audit.paging.PAGE_ENTRIES_FIRST", 1)
    monkeypatch.setattr("app.audit.paging.PAGE_BYTES", 1_500)
    await world.mo(*(message(f"mo-{number}", f"+336399800{number}", "STOP", OWN_CODE) for number in range(10, 40)))
    answer = await world.client.get("/v1/audit/export", params={"sender": SALON}, headers=world.bearer("auditor"))
    file = tmp_path / "export.zip"
    file.write_bytes(answer.content)
    async with world.registry.pool.acquire() as db:
        stored = await db.fetch("SELECT entry FROM ledger_entry WHERE sender_id = 1 ORDER BY entry_index")
    lines = zipfile.ZipFile(file).read("ledger.jsonl").splitlines()

    assert len(lines) >= 30
    assert [row["entry"] for row in stored[: len(lines)]] == lines
    assert evidence.verify_export(file, key).findings == ()


async def test_an_export_that_nobody_reads_to_its_end_keeps_nothing(world, monkeypatch):
    monkeypatch.setattr("app.audit.paging.PAGE_ENTRIES_FIRST", 1)
    sender = await world.registry.directory.sender(SALON)
    for _ in range(2 * world.registry.settings.pool_connections_max):
        pieces = await audit.export(world.registry, sender, audit.Scope(), "tests")
        [await anext(pieces) for _ in range(2)]
        await pieces.aclose()

    assert await world.opposed("salon", BRUNO) == []  # a connection is left for everybody else


async def test_an_entry_that_was_damaged_in_the_database_leaves_and_is_named(world, key, tmp_path):
    await world.mo(message("mo-1", ANNE, "STOP", OWN_CODE), message("mo-2", BRUNO, "STOP", OWN_CODE))
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE ledger_entry SET entry = 'nothing' WHERE sender_id = 1 AND entry_index = 3")
    answer = await world.client.get("/v1/audit/export", params={"sender": SALON}, headers=world.bearer("auditor"))
    file = tmp_path / "export.zip"
    file.write_bytes(answer.content)
    [other] = verdicts([file], key, tmp_path)

    assert evidence.verify_export(file, key).first_wrong_entry == other["firstWrongEntry"] == 3
