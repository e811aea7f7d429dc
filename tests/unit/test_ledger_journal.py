"""The signed note of a day of the journal."""

from datetime import UTC, date, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from app import ledger

ORIGIN = "registre.example.fr"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VERIFIER = ledger.journal_verifier(ORIGIN, KEY.public_key())
DAY = date(2026, 11, 23)
LINE = ledger.JournalLine(datetime(2026, 11, 23, 9, tzinfo=UTC), "cli:anne", "export", "salon", "{}", [1])
FIRST = ledger.JournalDay(DAY, 1, ledger.leaf_hash(b"x"))
NEXT = ledger.JournalDay(date(2026, 11, 25), 2, ledger.leaf_hash(b"y"), (DAY, FIRST.root))


@pytest.mark.parametrize("day", [FIRST, NEXT])
def test_a_day_is_read_as_it_was_signed(day: ledger.JournalDay):
    assert ledger.read_day(ledger.sign_day(ORIGIN, day, KEY), VERIFIER) == day


@pytest.mark.parametrize("changed", [("2026-11-25", "2026-11-26"), ("\n2\n", "\n3\n"), ("previous", "previOus")])
def test_a_note_that_was_changed_is_refused(changed: tuple[str, str]):
    note = ledger.sign_day(ORIGIN, NEXT, KEY)
    assert changed[0] in note

    with pytest.raises(ledger.NoteError):
        ledger.read_day(note.replace(*changed), VERIFIER)


@pytest.mark.parametrize(
    "text",
    [
        "other.example.fr/access/2026-11-23\n1\n{root}\n",
        "registre.example.fr/access/yesterday\n1\n{root}\n",
        "registre.example.fr/access/2026-11-23\n1\n{root}\nprevious 2026-11-22\n",
        "registre.example.fr/access/2026-11-23\n1\n{root}\nprevious 2026-13-22 {root}\n",
        "registre.example.fr/access/2026-11-23\n1\n{root}\nprevious 2026-11-22 AAAA\n",
        "registre.example.fr/access/2026-11-23\n1\n{root}\nprevious 2026-11-22 {root}\nmore\n",
    ],
)
def test_what_is_signed_and_no_day_is_refused(text: str):
    root = ledger.sign_day(ORIGIN, FIRST, KEY).split("\n")[2]
    note = ledger.sign_note(text.replace("{root}", root), f"{ORIGIN}/access", KEY)

    with pytest.raises(ledger.NoteError):
        ledger.read_day(note, VERIFIER)


def test_a_leaf_covers_everything_that_is_stored_and_its_place():
    other = [
        replace(LINE, at=datetime(2026, 11, 23, 9, 0, 0, 1, tzinfo=UTC)),
        replace(LINE, actor="cli:bruno"),
        replace(LINE, action="import"),
        replace(LINE, subject="spa"),
        replace(LINE, detail='{"a":1}'),
        replace(LINE, sender_ids=[]),
        replace(LINE, actor="cli:anneexport", action=""),
    ]
    leaves = {ledger.journal_leaf(DAY, 0, line) for line in [LINE, *other]}
    leaves |= {ledger.journal_leaf(DAY, 1, LINE), ledger.journal_leaf(date(2026, 11, 24), 0, LINE)}

    assert len(leaves) == len(other) + 3
