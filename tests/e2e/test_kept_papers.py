"""Receipts, clearances and older heads that somebody kept, held against an export offline."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from app import audit, clearance, evidence, ledger, receipts
from app.clearance import SIGNING_PURPOSE, Terms
from app.cli.evidence import verify
from app.evidence import Paper, PaperKind
from app.jws import read_keys
from app.jws import verify as opened
from app.keyset import key_set
from app.receipts import Receipt
from tests.e2e.exports import KEY, ORIGIN, VERIFIER, line, members_of, zipped
from tests.world import OWN_CODE, SALON, message

pytestmark = pytest.mark.anyio
ANNE, BRUNO = "+33639980001", "+33639980002"


async def exported(world, tmp_path: Path, name: str = "export.zip") -> Path:
    answer = await world.client.get("/v1/audit/export", params={"sender": SALON}, headers=world.bearer("auditor"))
    file = tmp_path / name
    file.write_bytes(answer.content)
    return file


async def findings(world, file: Path, *papers: Paper) -> tuple[tuple[str, ...], int | None]:
    key = audit.verifier_key(world.registry, await world.registry.directory.sender(SALON))
    report = evidence.verify_export(file, key, papers)
    return report.findings, report.first_wrong_entry


async def receipt_of(world, message_id: str, number: str, text: str = "STOP", code: str = OWN_CODE) -> Paper:
    answer = await world.mo(message(message_id, number, text, code), webhook_id=message_id)
    [token] = answer.json()["receipts"]
    return Paper(PaperKind.RECEIPT, f"{message_id}.jws", token + "\n")


async def payload_of(world, paper: Paper, kind: str) -> bytes:
    keys = read_keys(msgspec.json.encode({"keys": await key_set(world.registry)}))
    return opened(paper.text.strip(), kind, keys)


async def test_a_receipt_is_found_in_the_ledger(world, tmp_path):
    kept = await receipt_of(world, "mo-1", ANNE)

    assert await findings(world, await exported(world, tmp_path), kept) == ((), None)


async def test_a_receipt_for_several_senders_needs_one_of_its_entries_here(world, tmp_path):
    kept = await receipt_of(world, "mo-1", ANNE, "STOP TOUT", "36200")

    assert msgspec.json.decode(await payload_of(world, kept, receipts.TYPE), type=Receipt).senders == 2
    assert await findings(world, await exported(world, tmp_path), kept) == ((), None)


async def test_a_receipt_that_is_younger_than_the_export_asks_for_a_newer_one(world, tmp_path):
    await receipt_of(world, "mo-1", ANNE)
    file = await exported(world, tmp_path)
    [text] = (await findings(world, file, await receipt_of(world, "mo-2", BRUNO)))[0]

    assert text.startswith("mo-2.jws: The message came after the last entry")


async def test_a_promised_entry_that_is_missing_is_told(world, tmp_path):
    kept = await receipt_of(world, "mo-1", ANNE)
    said = msgspec.json.decode(await payload_of(world, kept, receipts.TYPE), type=Receipt)
    lost = msgspec.structs.replace(said, leaves=("00" * 32,))
    paper = Paper(PaperKind.RECEIPT, "lost.jws", receipts.sign(lost, world.registry.root.signing_key()))
    [text] = (await findings(world, await exported(world, tmp_path), paper))[0]

    assert text == "lost.jws: None of the 1 entries that were promised is in this ledger."


async def test_a_receipt_whose_entry_is_about_another_message_names_the_entry(world, tmp_path):
    kept = await receipt_of(world, "mo-1", ANNE)
    said = msgspec.json.decode(await payload_of(world, kept, receipts.TYPE), type=Receipt)
    other = msgspec.structs.replace(said, message="00" * 16)
    paper = Paper(PaperKind.RECEIPT, "other.jws", receipts.sign(other, world.registry.root.signing_key()))
    file = await exported(world, tmp_path)
    [[text], entry] = await findings(world, file, paper)

    assert text == f"other.jws: Entry {entry} is not about the message of this receipt."


async def test_an_altered_receipt_is_refused(world, tmp_path):
    kept = await receipt_of(world, "mo-1", ANNE)
    head, payload, signature = kept.text.split(".")
    altered = msgspec.structs.replace(kept, text=f"{head}.{payload[:-2]}AA.{signature}")
    found, _ = await findings(world, await exported(world, tmp_path), altered)

    assert len(found) == 1


async def clearance_of(world) -> tuple[Paper, bytes]:
    answer = await world.check("salon", [ANNE, BRUNO], campaign="soldes")
    paper = Paper(PaperKind.CLEARANCE, "clearance.jws", answer["clearance"]["token"])
    return paper, await payload_of(world, paper, clearance.TYPE)


async def test_a_clearance_agrees_with_its_check_and_with_the_list_at_its_size(world, tmp_path):
    await receipt_of(world, "mo-1", ANNE)
    kept, _ = await clearance_of(world)
    await receipt_of(world, "mo-2", BRUNO)

    assert await findings(world, await exported(world, tmp_path), kept) == ((), None)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("count", 7, "another terms"),
        ("count", 7, "another count"),
        ("ledger_size", 2, "another size of the list"),
        ("ledger_size", 2, "is not the one in this ledger"),
        ("ledger_root", "00" * 32, "is not the one in this ledger"),
        ("check", "chk_" + "0" * 32, "Its check is not in this ledger"),
        ("sender", "spa-des-lilas", "This is a clearance for the ledger"),
    ],
)
async def test_a_clearance_that_says_something_else_than_the_ledger_is_told(world, tmp_path, field, value, told):
    _, payload = await clearance_of(world)
    other = msgspec.structs.replace(msgspec.json.decode(payload, type=Terms), **{field: value})
    key = world.registry.root.signing_key(1, SIGNING_PURPOSE)
    paper = Paper(PaperKind.CLEARANCE, "other.jws", clearance.sign(clearance.encode(other), key))
    found, _ = await findings(world, await exported(world, tmp_path), paper)

    assert any(told in text for text in found), found


async def test_a_head_that_was_kept_must_still_be_the_beginning(world, tmp_path):
    await receipt_of(world, "mo-1", ANNE)
    answer = await world.client.get(f"/v1/ledgers/{SALON}/checkpoint", headers=world.bearer("auditor"))
    await receipt_of(world, "mo-2", BRUNO)
    kept = Paper(PaperKind.CHECKPOINT, "novembre.txt", answer.text)

    assert await findings(world, await exported(world, tmp_path), kept) == ((), None)


@pytest.mark.parametrize(("size", "told"), [(20, "the past was rewritten"), (31, "take a newer export")])
def test_a_head_of_another_past_is_told_whoever_signed_it(tmp_path, size, told):
    file = tmp_path / "export.zip"
    file.write_bytes(zipped(members_of([line(index) for index in range(30)])))
    leaves = [ledger.leaf_hash(line(index + 1)) for index in range(size)]
    other = ledger.sign_checkpoint(ORIGIN, size, ledger.root_of(leaves), KEY)
    report = evidence.verify_export(file, VERIFIER, [Paper(PaperKind.CHECKPOINT, "autre.txt", other)])

    assert [told in text for text in report.findings] == [True]


@pytest.mark.parametrize("size", [0, 1, 29, 30])
def test_a_head_of_any_size_is_compared(tmp_path, size):
    file, lines = tmp_path / "export.zip", [line(index) for index in range(30)]
    file.write_bytes(zipped(members_of(lines)))
    kept = members_of(lines[:size])["checkpoint.txt"].decode()

    assert evidence.verify_export(file, VERIFIER, [Paper(PaperKind.CHECKPOINT, "ancien.txt", kept)]).ok


async def test_the_command_takes_papers_and_says_what_it_found(world, tmp_path):
    kept = await receipt_of(world, "mo-1", ANNE)
    token, _ = await clearance_of(world)
    file = await exported(world, tmp_path)
    for paper in (kept, token):
        (tmp_path / paper.name).write_text(paper.text)
    arguments = [str(file), "--receipt", str(tmp_path / kept.name), "--clearance", str(tmp_path / token.name)]
    done = CliRunner().invoke(verify, arguments)
    refused = CliRunner().invoke(verify, [str(file), "--receipt", str(tmp_path / token.name)])

    assert (done.exit_code, refused.exit_code) == (0, 1), done.output
    assert "✓ receipt mo-1.jws" in done.output
    assert "another kind of token" in refused.output
