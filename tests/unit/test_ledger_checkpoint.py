"""Checkpoints are C2SP checkpoints in C2SP signed notes: published notes verify, and nothing altered does."""

import base64
import hashlib
import string

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.ledger import (
    Checkpoint,
    NoteError,
    open_note,
    read_checkpoint,
    sign_checkpoint,
    sign_note,
    verifier_key,
)
from app.ledger.note import SIGNATURES_MAX, read_verifier

# The example of c2sp.org/signed-note.
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_TEXT = "This is an example message.\n"
EXAMPLE_LINE = (
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)

# The note of two signers in the tests of Go's golang.org/x/mod/sumdb/note, and the seed of the first.
PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
ENOCH_KEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)

# A head that Go's checksum database signed, and the key that every Go installation carries.
GO_SUM_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
GO_SUM_CHECKPOINT = (
    "go.sum database tree\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— sum.golang.org "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)

ORIGIN = "stop.example.fr/sender/12"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
VERIFIER = verifier_key(ORIGIN, KEY.public_key())
ROOT = hashlib.sha256(b"root").digest()


def test_the_published_example_verifies() -> None:
    assert open_note(f"{EXAMPLE_TEXT}\n{EXAMPLE_LINE}", read_verifier(EXAMPLE_KEY)) == EXAMPLE_TEXT


@pytest.mark.parametrize("key", [PETER_KEY, ENOCH_KEY])
@pytest.mark.parametrize("lines", [PETER_LINE + ENOCH_LINE, ENOCH_LINE + PETER_LINE])
def test_each_of_two_signers_verifies_and_the_other_is_ignored(key: str, lines: str) -> None:
    assert open_note(f"{GO_TEXT}\n{lines}", read_verifier(key)) == GO_TEXT


def test_signing_gives_the_published_note_byte_for_byte() -> None:
    key = Ed25519PrivateKey.from_private_bytes(PETER_SEED)

    assert sign_note(GO_TEXT, "PeterNeumann", key) == f"{GO_TEXT}\n{PETER_LINE}"
    assert verifier_key("PeterNeumann", key.public_key()) == PETER_KEY


def test_the_checkpoint_of_a_public_log_verifies() -> None:
    checkpoint = read_checkpoint(GO_SUM_CHECKPOINT, GO_SUM_KEY, origin="go.sum database tree")

    assert checkpoint.size == 20_852_163
    assert base64.b64encode(checkpoint.root) == b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


def test_a_checkpoint_comes_back_as_it_was_signed() -> None:
    text = sign_checkpoint(ORIGIN, 1234, ROOT, KEY)

    assert text.startswith(f"{ORIGIN}\n1234\n{base64.b64encode(ROOT).decode()}\n\n— {ORIGIN} ")
    assert read_checkpoint(text, VERIFIER) == Checkpoint(origin=ORIGIN, size=1234, root=ROOT)


def test_a_note_may_have_empty_lines_and_accents() -> None:
    text = "Ognuno sta solo\n\ned è subito sera.\n\n"

    assert open_note(sign_note(text, ORIGIN, KEY), read_verifier(VERIFIER)) == text


def test_any_byte_of_a_checkpoint_changed_is_noticed() -> None:
    signed = sign_checkpoint(ORIGIN, 1234, ROOT, KEY).encode()

    for position in range(len(signed)):
        for bit in range(8):
            altered = bytearray(signed)
            altered[position] ^= 1 << bit
            with pytest.raises(NoteError):
                read_checkpoint(altered.decode("utf-8", "surrogateescape"), VERIFIER)


def test_another_spelling_of_the_same_signature_is_refused() -> None:
    signed = sign_checkpoint(ORIGIN, 1234, ROOT, KEY)
    spellings = [signed[:-3] + letter + signed[-2:] for letter in string.ascii_letters + string.digits]

    assert signed.endswith("=\n")
    for spelling in spellings:
        if spelling != signed:
            with pytest.raises(NoteError):
                read_checkpoint(spelling, VERIFIER)


def test_any_character_of_a_verifier_key_changed_is_noticed() -> None:
    for position in range(len(VERIFIER)):
        with pytest.raises(NoteError):
            read_verifier(VERIFIER[:position] + "_" + VERIFIER[position + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a+b",
        "a+b+c",
        EXAMPLE_KEY + "\n",
        EXAMPLE_KEY.removeprefix("example.com/foo"),
        EXAMPLE_KEY.replace("530d903a", "530D903A"),
        EXAMPLE_KEY.replace("+Aek", "+Auk"),
        EXAMPLE_KEY.replace("example", "\udcff"),
    ],
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        read_verifier(text)


def test_a_verifier_key_of_another_signature_type_is_refused() -> None:
    material = b"\x04" + KEY.public_key().public_bytes_raw()
    key_id = hashlib.sha256(ORIGIN.encode() + b"\n" + material).digest()[:4]

    with pytest.raises(NoteError):
        read_verifier(f"{ORIGIN}+{key_id.hex()}+{base64.b64encode(material).decode()}")


def test_a_checkpoint_under_another_key_of_the_same_name_is_refused() -> None:
    with pytest.raises(NoteError, match="expected key"):
        read_checkpoint(sign_checkpoint(ORIGIN, 1234, ROOT, OTHER_KEY), VERIFIER)


def test_a_checkpoint_of_another_ledger_under_the_same_key_is_refused() -> None:
    text = sign_note(f"stop.example.fr/sender/13\n1\n{base64.b64encode(ROOT).decode()}\n", ORIGIN, KEY)

    with pytest.raises(NoteError, match="another ledger"):
        read_checkpoint(text, VERIFIER)


def test_signatures_of_others_are_ignored_even_under_our_name_or_our_id() -> None:
    signed = sign_checkpoint(ORIGIN, 1234, ROOT, KEY)
    our_name = sign_checkpoint(ORIGIN, 1234, ROOT, OTHER_KEY).rpartition("\n\n")[2]
    our_id = signed.rpartition("\n\n")[2].replace(ORIGIN, "witness.example")

    assert read_checkpoint(signed + our_name + our_id + PETER_LINE, VERIFIER).size == 1234


def test_a_second_signature_of_ours_that_is_wrong_spoils_the_note() -> None:
    signed = sign_checkpoint(ORIGIN, 1234, ROOT, KEY)
    wrong = sign_checkpoint(ORIGIN, 1235, ROOT, KEY).rpartition("\n\n")[2]

    for text in (signed + wrong, signed.replace("\n\n", "\n\n" + wrong)):
        with pytest.raises(NoteError, match="does not fit"):
            read_checkpoint(text, VERIFIER)


@pytest.mark.parametrize("count", [16, SIGNATURES_MAX])
def test_as_many_signatures_as_the_specification_asks_for_are_read(count: int) -> None:
    signed = sign_checkpoint(ORIGIN, 1234, ROOT, KEY)

    assert read_checkpoint(signed + PETER_LINE * (count - 1), VERIFIER).size == 1234


def test_more_signatures_than_anyone_would_verify_are_refused() -> None:
    with pytest.raises(NoteError, match="more signature lines"):
        read_checkpoint(sign_checkpoint(ORIGIN, 1, ROOT, KEY) + PETER_LINE * SIGNATURES_MAX, VERIFIER)


SPOILT = {
    "no line end": lambda note: note[:-1],
    "a line too many": lambda note: note + "\n",
    "no empty line": lambda note: note.replace("\n\n", "\n"),
    "carriage returns": lambda note: note.replace("\n", "\r\n"),
    "a hyphen for the dash": lambda note: note.replace("— ", "- "),
    "no space after the dash": lambda note: note.replace("— ", "—"),
    "two spaces after the dash": lambda note: note.replace("— ", "—  "),
    "base64 cut": lambda note: note[:-2] + "\n",
    "base64 lengthened": lambda note: note[:-1] + "=\n",
    "a key id without signature": lambda note: note + "— witness.example AAAAAA==\n",
    "a plus in a name": lambda note: note + "— wit+ness AAAAAAAA\n",
    "a foreign space in a name": lambda note: note + "— wit\N{NO-BREAK SPACE}ness AAAAAAAA\n",
    "no base64": lambda note: note + "— witness AAAA!AAA\n",
    "no signature": lambda note: note + "— witness\n",
    "nonsense": lambda note: note + "nonsense\n",
    "a control character": lambda note: "\x00" + note,
    "a surrogate": lambda note: "\udcff" + note,
    "too long": lambda note: f"{note}— witness {base64.b64encode(bytes(300_000)).decode()}\n",
    "something after the last line": lambda note: note + "x",
    "empty": lambda _: "",
    "only line ends": lambda _: "\n\n",
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_malformed_note_is_refused(what: str) -> None:
    with pytest.raises(NoteError):
        open_note(SPOILT[what](sign_note(EXAMPLE_TEXT, ORIGIN, KEY)), read_verifier(VERIFIER))


@pytest.mark.parametrize(
    "body",
    [
        f"{ORIGIN}\n",
        f"{ORIGIN}\n12\n",
        f"{ORIGIN}\n012\nROOT\n",
        f"{ORIGIN}\n-1\nROOT\n",
        f"{ORIGIN}\n+1\nROOT\n",
        f"{ORIGIN}\n1_000\nROOT\n",
        f"{ORIGIN}\n²\nROOT\n",
        f"{ORIGIN}\n\N{ARABIC-INDIC DIGIT THREE}\nROOT\n",
        f"{ORIGIN}\n{10**19}\nROOT\n",
        f"\n{ORIGIN}\n1\nROOT\n",
        f"{ORIGIN}\n1\nROOT\n\nextension\n",
        f"{ORIGIN}\n1\n{base64.b64encode(ROOT[:31]).decode()}\n",
        f"{ORIGIN}\n1\n{base64.urlsafe_b64encode(bytes([255]) * 32).decode()}\n",
        f"{ORIGIN}\n1\n{ROOT.hex()}\n",
        f"{ORIGIN} \n1\nROOT\n",
    ],
)
def test_a_well_signed_note_that_is_no_checkpoint_of_ours_is_refused(body: str) -> None:
    text = sign_note(body.replace("ROOT", base64.b64encode(ROOT).decode()), ORIGIN, KEY)

    with pytest.raises(NoteError):
        read_checkpoint(text, VERIFIER)


def test_extension_lines_are_opaque() -> None:
    text = sign_note(f"{ORIGIN}\n7\n{base64.b64encode(ROOT).decode()}\nextension\n", ORIGIN, KEY)

    assert read_checkpoint(text, VERIFIER) == Checkpoint(origin=ORIGIN, size=7, root=ROOT)


@pytest.mark.parametrize("origin", ["", "two words", "plus+sign", "line\nend", "nbsp\N{NO-BREAK SPACE}", "\x01"])
def test_an_origin_that_no_verifier_could_name_is_not_signed(origin: str) -> None:
    with pytest.raises(ValueError, match="key name"):
        sign_checkpoint(origin, 1, ROOT, KEY)


@pytest.mark.parametrize("text", ["no line end", "a tab\t\n", "\udcff\n", ""])
def test_a_text_that_could_not_be_read_back_is_not_signed(text: str) -> None:
    with pytest.raises(ValueError, match="lines"):
        sign_note(text, ORIGIN, KEY)


@pytest.mark.parametrize(("size", "root"), [(-1, ROOT), (1, ROOT[:31]), (1, b"")])
def test_no_checkpoint_is_signed_for_what_is_no_tree(size: int, root: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        sign_checkpoint(ORIGIN, size, root, KEY)
