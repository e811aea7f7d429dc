"""The page inside the zip, written anew in another language: it agrees with ours on every clean and damaged export."""

import random
import time
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import evidence, ledger
from tests.e2e.exports import ORIGIN, START, VERIFIER, Members, line, many_lines, members_of, replaced, zipped
from tests.e2e.node_verifier import script, verdicts

SIZE = 64
LARGE = 100_000
LARGE_SECONDS_MAX = 60
LINES = [line(index) for index in range(SIZE)]
CLEAN = members_of(LINES)
SAMPLES = {type(entry): entry for entry in map(ledger.decode, LINES)}


def refit(lines: list[bytes]) -> Members:
    """Entries changed by someone who also makes leaves.bin anew, but cannot sign."""
    leaves = b"".join(ledger.leaf_hash(entry) for entry in lines)
    return {**CLEAN, "ledger.jsonl": b"".join(entry + b"\n" for entry in lines), "leaves.bin": leaves}


def without(lines: list[bytes], index: int) -> list[bytes]:
    return lines[:index] + lines[index + 1 :]


def swapped(lines: list[bytes], index: int) -> list[bytes]:
    return [*lines[:index], lines[index + 1], lines[index], *lines[index + 2 :]]


def joined(lines: list[bytes]) -> bytes:
    return b"".join(entry + b"\n" for entry in lines)


def flipped(content: bytes, position: int, bit: int) -> bytes:
    return content[:position] + bytes([content[position] ^ (1 << bit)]) + content[position + 1 :]


def changed_members() -> dict[str, Members]:
    """Damage inside members, each in a rightful container: what both must find, and name alike."""
    picked, found = random.Random(7), {}
    for name, content in CLEAN.items():
        for position in picked.sample(range(len(content)), min(len(content), 24)):
            found[f"{name} bit at {position}"] = replaced(
                CLEAN, name, lambda c, p=position: flipped(c, p, picked.randrange(8))
            )
        if content:
            found[f"{name} cut"] = replaced(CLEAN, name, lambda c: c[:-1])
        found[f"{name} longer"] = replaced(CLEAN, name, lambda c: c + b"\n")
        found[f"{name} gone"] = {other: c for other, c in CLEAN.items() if other != name}
    for index in (0, 1, 31, SIZE - 2):
        found[f"line {index} dropped"] = {**CLEAN, "ledger.jsonl": joined(without(LINES, index))}
        found[f"line {index} dropped, refitted"] = refit(without(LINES, index))
        found[f"lines {index} swapped"] = {**CLEAN, "ledger.jsonl": joined(swapped(LINES, index))}
        found[f"lines {index} swapped, refitted"] = refit(swapped(LINES, index))
        found[f"line {index} twice"] = {**CLEAN, "ledger.jsonl": joined([*LINES[:index], LINES[index], *LINES[index:]])}
        found[f"cut after {index}"] = {**CLEAN, "ledger.jsonl": joined(LINES[:index])}
        found[f"cut after {index}, refitted"] = refit(LINES[:index])
        changed = [*LINES[:index], LINES[index].replace(b"2026", b"2025"), *LINES[index + 1 :]]
        found[f"line {index} edited, refitted"] = refit(changed)
    found["line added"] = {**CLEAN, "ledger.jsonl": joined([*LINES, line(SIZE)])}
    found["line added, refitted"] = refit([*LINES, line(SIZE)])
    found["an older checkpoint"] = {**CLEAN, "checkpoint.txt": members_of(LINES[:40])["checkpoint.txt"]}
    found["an older manifest"] = {
        **CLEAN, **{name: members_of(LINES[:40])[name] for name in ("manifest.json", "manifest.note")}
    }  # fmt: skip
    found["another's table"] = replaced(CLEAN, "oppositions.csv", lambda c: c.replace(b";opposition;", b";retour;", 1))
    found["a member more"] = {**CLEAN, "zz.txt": b"?"}
    found["all of it signed by another"] = members_of(LINES, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    return found


def damaged_files() -> dict[str, bytes]:
    """Damage anywhere in the file, the container included: what both must find."""
    clean, picked = zipped(CLEAN), random.Random(11)
    directory = clean.rindex(b"PK\x01\x02" + b"\x2d\x00\x2d\x00", 0, clean.index(b"PK\x01\x02") + 8)
    places = [*picked.sample(range(len(clean)), 250), *picked.sample(range(directory, len(clean)), 150)]
    found = {f"bit at {place}": flipped(clean, place, picked.randrange(8)) for place in places}
    for size in (0, 1, 21, 97, 98, 99, len(clean) // 2, len(clean) - 1):
        found[f"cut at {size}"] = clean[:size]
    return found | {"longer": clean + b"x", "shifted": b"x" + clean, "reordered": zipped(dict(reversed(CLEAN.items())))}


def compared(files: dict[str, bytes], key: str | None, folder: Path) -> list[tuple[str, evidence.Report, dict]]:
    paths = [folder / f"{number}.zip" for number in range(len(files))]
    for path, content in zip(paths, files.values(), strict=True):
        path.write_bytes(content)
    own = [evidence.verify_export(path, key) for path in paths]
    return list(zip(files, own, verdicts(paths, key, folder), strict=True))


def test_both_pass_clean_exports_of_every_small_size(tmp_path):
    files = {str(size): zipped(members_of(LINES[:size])) for size in range(40)}
    for name, own, other in compared(files, VERIFIER, tmp_path):
        assert (own.ok, other["ok"], other["findings"]) == (True, True, []), name
        assert (other["size"], other["root"]) == (own.size, own.root), name


def test_both_find_every_change_of_a_member_and_name_the_same_entry(tmp_path):
    files = {name: zipped(members) for name, members in changed_members().items()}
    assert len(files) > 250

    for name, own, other in compared(files, VERIFIER, tmp_path):
        assert (own.ok, other["ok"]) == (False, False), name
        assert other["firstWrongEntry"] == own.first_wrong_entry, (name, own.findings, other["findings"])


def test_both_find_every_damage_of_the_file(tmp_path):
    for name, own, other in compared(damaged_files(), VERIFIER, tmp_path):
        # Members in another order are authentic and in a rightful container: both take them.
        rightful = name == "reordered"
        assert (own.ok, other["ok"]) == (rightful, rightful), (name, own.findings, other["findings"])


@pytest.mark.parametrize("name", ["oppositions.csv", "consultations.csv", "actes.csv", "usages-urgence.csv"])
def test_a_table_that_leaves_an_entry_out_is_found_even_when_it_is_signed(tmp_path, name):
    short = members_of(LINES, change={name: lambda content: content[: content[:-2].rindex(b"\r\n") + 2]})
    [(_, own, other)] = compared({name: zipped(short)}, VERIFIER, tmp_path)

    assert [finding.partition(":")[0] for finding in own.findings] == [name]
    assert [(finding["problem"], finding["member"]) for finding in other["findings"]] == [("table-differs", name)]


@pytest.mark.parametrize(
    "wrong",
    [{"terms": None}, {"clearance": None}, {"clearance": "clr_12"}, {"cleared": 0}],
    ids=str,
)
def test_a_clearance_that_does_not_fit_its_check_is_found_even_when_it_is_signed(tmp_path, wrong):
    lines = [*LINES[:11], ledger.encode(msgspec.structs.replace(ledger.decode(LINES[11]), **wrong)), *LINES[12:]]
    [(_, own, other)] = compared({"wrong": zipped(members_of(lines))}, VERIFIER, tmp_path)

    assert (len(own.findings), own.first_wrong_entry) == (1, 11)
    assert [(finding["problem"], finding["entry"]) for finding in other["findings"]] == [("clearance-wrong", 11)]


@pytest.mark.parametrize(("start", "end"), [(10, 50), (0, 31), (31, None), (90, None)])
def test_the_tables_of_a_period_need_the_rows_of_that_period(tmp_path, start, end):
    period = {"from": "" if not start else instant(start), "to": "" if end is None else instant(end)}
    files = {
        "right": zipped(members_of(LINES, rows=LINES[start:end], period=period)),
        "one too many": zipped(members_of(LINES, rows=[*LINES[start:end], line(63)], period=period)),
    }
    [(_, right, also_right), (_, wrong, also_wrong)] = compared(files, VERIFIER, tmp_path)

    assert (right.findings, also_right["findings"]) == ((), [])
    assert (wrong.ok, also_wrong["ok"]) == (False, False)


def instant(index: int) -> str:
    return ledger.timestamp(START + timedelta(seconds=index))


def test_without_a_key_both_use_the_one_in_the_file_and_another_key_does_not_verify(tmp_path):
    other_key = ledger.verifier_key(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key())
    for key, passes in ((None, True), (VERIFIER, True), (other_key, False)):
        [(_, own, other)] = compared({"clean": zipped(CLEAN)}, key, tmp_path)
        assert (own.ok, other["ok"]) == (passes, passes)


@pytest.mark.parametrize(
    "key", ["", "no key", VERIFIER[:-1], VERIFIER + "=", VERIFIER.replace("+", " "), "x" + VERIFIER]
)
def test_a_key_that_was_copied_wrong_is_refused(tmp_path, key):
    file = tmp_path / "clean.zip"
    file.write_bytes(zipped(CLEAN))
    [report] = verdicts([file], key or "?", tmp_path)

    assert not report["ok"]
    assert report["findings"][0]["problem"] in {"key-malformed", "key-id"}


def test_a_hundred_thousand_entries_take_seconds(tmp_path):
    file = tmp_path / "large.zip"
    file.write_bytes(zipped(members_of(many_lines(LARGE))))
    started = time.perf_counter()
    [report] = verdicts([file], VERIFIER, tmp_path)

    assert report["ok"], report["findings"]
    assert report["size"] == LARGE
    assert time.perf_counter() - started < LARGE_SECONDS_MAX


def test_every_problem_has_words_in_both_languages():
    french, english = script().partition("\n  fr: {")[2].split("\n  en: {")
    problems = set(words(french))

    assert problems == set(words(english))
    assert {"zip-damaged", "entry-changed", "no-ed25519"} <= problems
    raised = {piece.split('"')[0] for piece in script().split('find("')[1:]}
    assert raised <= problems


def words(texts: str) -> list[str]:
    return [
        piece.split('"')[1] for piece in texts.partition("problems: {")[2].splitlines() if piece.startswith('      "')
    ]


@pytest.mark.parametrize(
    ("constant", "entry"),
    [
        ("OPPOSITION_FIELDS", ledger.OppositionEntry),
        ("CHECK_FIELDS", ledger.CheckEntry),
        ("NOTE_FIELDS", ledger.NoteEntry),
    ],
)
def test_the_page_knows_the_fields_of_every_kind_of_entry(constant, entry):
    written = list(msgspec.json.decode(msgspec.json.encode(SAMPLES[entry])))

    assert script().partition(f'const {constant} = "')[2].partition('"')[0] == ",".join(written)
