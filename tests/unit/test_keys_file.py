"""The root key rests in a readable file that opens with its passphrase, and says precisely why when it does not."""

import hashlib
import json

import pytest
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import RegistryError
from app.keys import DamagedKeyFileError, Root, WeakPassphraseError, WrongPassphraseError, seal_root, unseal_root

ROOT = bytes(range(32))
PASSPHRASE = b"trois petits chats"
SALT = bytes(range(50, 66))
NONCE = bytes(range(80, 92))


@pytest.fixture(scope="module")
def key_file() -> bytes:
    return seal_root(ROOT, PASSPHRASE, SALT, NONCE)


def altered(key_file: bytes, **changes: object) -> bytes:
    """Rewrite fields as someone would who knows the format but not the passphrase: the checksum fits again."""
    fields = json.loads(key_file) | changes
    unsummed = json.dumps(fields | {"checksum": ""}, separators=(",", ":")).encode()
    return json.dumps(fields | {"checksum": hashlib.sha256(unsummed).hexdigest()}).encode()


def test_the_passphrase_gives_the_root_key_back(key_file: bytes) -> None:
    assert unseal_root(key_file, PASSPHRASE) == ROOT


def test_the_file_can_be_read_and_opened_with_other_tools(key_file: bytes) -> None:
    fields = json.loads(key_file)
    header = json.dumps(fields | {"ciphertext": "", "checksum": ""}, separators=(",", ":")).encode()

    kek = hash_secret_raw(PASSPHRASE, SALT, time_cost=3, memory_cost=65536, parallelism=4, hash_len=32, type=Type.ID)

    assert fields["kdf"] == {"name": "argon2id", "memory_kib": 65536, "passes": 3, "lanes": 4}
    assert (fields["salt"], fields["nonce"]) == (SALT.hex(), NONCE.hex())
    assert AESGCM(kek).decrypt(NONCE, bytes.fromhex(fields["ciphertext"]), header) == ROOT
    assert key_file.count(b"\n") > 8


def test_the_file_names_its_key_without_showing_it(key_file: bytes) -> None:
    assert json.loads(key_file)["check_value"] == Root(ROOT).check_value().hex()
    assert ROOT.hex().encode() not in key_file


def test_a_wrong_passphrase_is_called_that(key_file: bytes) -> None:
    with pytest.raises(WrongPassphraseError):
        unseal_root(key_file, PASSPHRASE + b"\n")


def test_any_flipped_bit_is_called_damage_or_changes_nothing(key_file: bytes) -> None:
    fields = json.loads(key_file)
    for bit in range(8 * len(key_file)):
        damaged = bytearray(key_file)
        damaged[bit // 8] ^= 1 << bit % 8
        if _fields(damaged) == fields:
            continue  # a blank between fields became another blank
        with pytest.raises(DamagedKeyFileError):
            unseal_root(bytes(damaged), b"")


def _fields(damaged: bytearray) -> object:
    try:
        return json.loads(damaged)
    except ValueError:
        return None


@pytest.mark.parametrize(
    "change",
    [
        {"check_value": "00" * 16},
        {"kdf": {"name": "argon2id", "memory_kib": 19456, "passes": 1, "lanes": 1}},
        {"salt": "00" * 16},
        {"nonce": "00" * 12},
        {"ciphertext": "00" * 48},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_field_rewritten_on_purpose_never_opens(key_file: bytes, change: dict[str, object]) -> None:
    with pytest.raises(WrongPassphraseError):
        unseal_root(altered(key_file, **change), PASSPHRASE)


@pytest.mark.parametrize(
    "change",
    [
        {"kdf": {"name": "argon2id", "memory_kib": 2_097_153, "passes": 3, "lanes": 4}},
        {"kdf": {"name": "argon2id", "memory_kib": 19_455, "passes": 3, "lanes": 4}},
        {"kdf": {"name": "argon2id", "memory_kib": 65536, "passes": 11, "lanes": 4}},
        {"kdf": {"name": "argon2id", "memory_kib": 65536, "passes": 0, "lanes": 4}},
        {"kdf": {"name": "argon2id", "memory_kib": 65536, "passes": 3, "lanes": 17}},
        {"kdf": {"name": "scrypt", "memory_kib": 65536, "passes": 3, "lanes": 4}},
        {"format": "something else"},
        {"version": 2},
        {"salt": "00" * 15},
        {"salt": "00" * 16 + "\n"},
        {"nonce": "00" * 13},
        {"ciphertext": "00" * 47},
        {"extra": 1},
    ],
)
def test_absurd_parameters_are_refused_before_the_passphrase_is_tried(
    key_file: bytes, change: dict[str, object]
) -> None:
    with pytest.raises(DamagedKeyFileError):
        unseal_root(altered(key_file, **change), PASSPHRASE)


@pytest.mark.parametrize("blob", [b"", b"{}", b"\xff\xfe", b"[" * 4000, b"null", b" " * 4097, b'{"format":"\\ud800"}'])
def test_a_file_that_is_no_key_file_is_refused(blob: bytes) -> None:
    with pytest.raises(DamagedKeyFileError):
        unseal_root(blob, PASSPHRASE)


def test_a_key_file_longer_than_any_is_refused_even_when_it_parses(key_file: bytes) -> None:
    with pytest.raises(DamagedKeyFileError):
        unseal_root(key_file + b" " * 4096, PASSPHRASE)


def test_errors_say_what_to_do_and_show_nothing_of_the_file(key_file: bytes) -> None:
    with pytest.raises(RegistryError) as caught:
        unseal_root(altered(key_file, **{"secret-in-a-field-name": "secret value"}), PASSPHRASE)

    assert "Restore" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_passphrase_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(WeakPassphraseError):
        seal_root(ROOT, b"eleven char", SALT, NONCE)


@pytest.mark.parametrize("sizes", [(31, 16, 12), (32, 15, 12), (32, 16, 11)])
def test_parts_of_another_length_are_not_sealed(sizes: tuple[int, int, int]) -> None:
    root, salt, nonce = (bytes(size) for size in sizes)

    with pytest.raises(ValueError, match="bytes"):
        seal_root(root, PASSPHRASE, salt, nonce)
