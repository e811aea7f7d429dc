"""The root key in shares: any so many of its holders rebuild it together, fewer learn nothing (Shamir 1979). Pure.

Each byte of the secret is the value at 0 of a random polynomial over GF(2^8) (the field of AES: FIPS 197 §4.2), and a
share is its values at 1, 2, …, as in draft-mcgrew-tss-03 §3. The number of shares that is needed is one more than the
degree. A share goes into a file sealed under its holder's own passphrase, as the root key itself is; every file also
has a digest of every share, so that a share that somebody has replaced is named and not just missed.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Annotated, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from msgspec import Meta, Struct

from app.errors import ConflictError, InvalidValueError
from app.keys import (
    CHECK_VALUE_BYTES,
    FILE_SALT_BYTES,
    GCM_TAG_BYTES,
    KEY_BYTES,
    KEY_FILE_MAX_BYTES,
    NONCE_BYTES,
    Kdf,
    Root,
    hexadecimal,
    passphrase_cipher,
    require_passphrase,
)

NEEDED_MIN, HOLDERS_MAX = 2, 16
SET_BYTES = 16
STRETCHED = Kdf()
DIGEST_BYTES = 32
_FIELD = 0x11B  # x^8 + x^4 + x^3 + x + 1

Chance = Callable[[int], bytes]
"""Returns so many unpredictable bytes."""


class SharesError(ConflictError):
    """These shares do not rebuild the key; the message names each that is bad."""

    slug = "key-shares"
    title = "The shares do not rebuild the key"
    title_fr = "Les parts ne reconstituent pas la clé"


class _Share(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A share's file, in the order of its lines; everything above `ciphertext` is its associated data.

    set: of which splitting it is. check_value: of the root key. number: this share's, from 1. digests: SHA-256 of
    every share in the order of their numbers.
    """

    format: Literal["stop-registry key share"] = "stop-registry key share"
    version: Literal[1] = 1
    origin: Annotated[str, Meta(max_length=256)]
    set: Annotated[str, hexadecimal(SET_BYTES)]
    check_value: Annotated[str, hexadecimal(CHECK_VALUE_BYTES)]
    needed: Annotated[int, Meta(ge=NEEDED_MIN, le=HOLDERS_MAX)]
    number: Annotated[int, Meta(ge=1, le=HOLDERS_MAX)]
    digests: Annotated[
        tuple[Annotated[str, hexadecimal(DIGEST_BYTES)], ...], Meta(min_length=2, max_length=HOLDERS_MAX)
    ]
    kdf: Kdf = Kdf()
    salt: Annotated[str, hexadecimal(FILE_SALT_BYTES)]
    nonce: Annotated[str, hexadecimal(NONCE_BYTES)]
    ciphertext: Annotated[str, hexadecimal(KEY_BYTES + GCM_TAG_BYTES)]
    checksum: Annotated[str, hexadecimal(32)]

    def of_one_set(self) -> tuple[object, ...]:
        """Return what is the same in all files of a set."""
        return self.set, self.origin, self.check_value, self.needed, self.digests


class Given(Struct, frozen=True):
    """A share's file as it was handed in, and its holder's passphrase."""

    name: str
    content: bytes
    passphrase: bytes


class Rebuilt(Struct, frozen=True):
    """The root key, what its shares say about it, and what is wrong with those that were not needed."""

    root: bytes
    origin: str
    faults: tuple[str, ...]


def split(secret: bytes, holders: int, needed: int, chance: Chance) -> list[bytes]:
    """Return one share for each holder, in the order of their numbers; any `needed` of them give the secret back."""
    coefficients = [chance(len(secret)) for _ in range(needed - 1)]
    return [_value_at(number, [secret, *coefficients]) for number in range(1, holders + 1)]


def join(shares: Mapping[int, bytes]) -> bytes:
    """Return the secret of which these are all the shares that are needed, by number; other shares give nonsense."""
    weights = {number: _weight(number, list(shares)) for number in shares}
    size = len(next(iter(shares.values())))
    return bytes(
        reduce(lambda total, number: total ^ _times(weights[number], shares[number][at]), shares, 0)
        for at in range(size)
    )


def seal(
    root: bytes, origin: str, passphrases: Sequence[bytes], needed: int, chance: Chance, kdf: Kdf = STRETCHED
) -> list[bytes]:
    """Return the files of one set, one for each passphrase; `kdf`: how dear it is to try one.

    InvalidValueError unless 2 ≤ needed ≤ holders ≤ 16 and no two holders have the same passphrase.
    """
    if not NEEDED_MIN <= needed <= len(passphrases) <= HOLDERS_MAX:
        raise InvalidValueError(f"Take 2 to {HOLDERS_MAX} holders, and let at least 2 of them be needed.")
    if len(set(passphrases)) < len(passphrases):
        raise InvalidValueError("Two holders have the same passphrase: each needs one that no other knows.")
    for passphrase in passphrases:
        require_passphrase(passphrase)
    shares = split(root, len(passphrases), needed, chance)
    blank = _Share(
        origin=origin,
        set=chance(SET_BYTES).hex(),
        check_value=Root(root).check_value().hex(),
        needed=needed,
        number=1,
        digests=tuple(hashlib.sha256(share).hexdigest() for share in shares),
        salt="",
        nonce="",
        ciphertext="",
        checksum="",
        kdf=kdf,
    )
    return [
        _sealed(blank, number, share, passphrase, chance)
        for number, (share, passphrase) in enumerate(zip(shares, passphrases, strict=True), start=1)
    ]


def rebuild(given: Sequence[Given]) -> Rebuilt:
    """Return the root key of at least as many good shares as are needed; SharesError names every bad one."""
    faults: list[str] = []
    files: dict[str, _Share] = {}
    for one in given:
        file = _read(one.content)
        if file is None:
            faults.append(f"{one.name}: damaged, or no share of a key")
        else:
            files[one.name] = file
    if not files:
        raise SharesError(f"There is no share among these files.{_told(faults)}")
    wanted = Counter(file.of_one_set() for file in files.values()).most_common(1)[0][0]
    shares: dict[int, bytes] = {}
    for one in given:
        fault = _take(shares, files[one.name], wanted, one.passphrase) if one.name in files else None
        faults += [f"{one.name}: {fault}"] if fault else []
    return _joined(shares, next(file for file in files.values() if file.of_one_set() == wanted), faults)


def _take(shares: dict[int, bytes], file: _Share, wanted: tuple[object, ...], passphrase: bytes) -> str | None:
    """Open a share and put it with the others; return what is wrong with it."""
    if file.of_one_set() != wanted:
        return "belongs to another set of shares than most of the others"
    if file.number in shares:
        return f"is share {file.number} once more"
    share = _opened(file, passphrase)
    if share is None:
        return "its passphrase does not open it"
    if hashlib.sha256(share).hexdigest() != file.digests[file.number - 1]:
        return "is not the share that was handed out: whoever knows its passphrase has replaced it"
    shares[file.number] = share
    return None


def _joined(shares: Mapping[int, bytes], file: _Share, faults: Sequence[str]) -> Rebuilt:
    if len(shares) < file.needed:
        raise SharesError(f"{len(shares)} good shares, but {file.needed} are needed.{_told(faults)}")
    root = join(dict(list(shares.items())[: file.needed]))
    if Root(root).check_value().hex() != file.check_value:
        raise SharesError(f"The shares agree with each other but give another key than they say.{_told(faults)}")
    return Rebuilt(root, file.origin, tuple(faults))


def _told(faults: Sequence[str]) -> str:
    return "".join(f"\n  {fault}" for fault in faults)


def _sealed(blank: _Share, number: int, share: bytes, passphrase: bytes, chance: Chance) -> bytes:
    nonce = chance(NONCE_BYTES)
    mine = msgspec.structs.replace(blank, number=number, salt=chance(FILE_SALT_BYTES).hex(), nonce=nonce.hex())
    cipher = passphrase_cipher(mine.kdf, bytes.fromhex(mine.salt), passphrase)
    sealed = msgspec.structs.replace(mine, ciphertext=cipher.encrypt(nonce, share, _header(mine)).hex())
    complete = msgspec.structs.replace(sealed, checksum=_checksum(sealed))
    return msgspec.json.format(msgspec.json.encode(complete), indent=2) + b"\n"


def _opened(file: _Share, passphrase: bytes) -> bytes | None:
    cipher = passphrase_cipher(file.kdf, bytes.fromhex(file.salt), passphrase)
    try:
        return cipher.decrypt(bytes.fromhex(file.nonce), bytes.fromhex(file.ciphertext), _header(file))
    except InvalidTag:
        return None


def _read(content: bytes) -> _Share | None:
    """Read a file, checked against accidents; None where it is none, or not as it was written."""
    if len(content) > KEY_FILE_MAX_BYTES:
        return None
    try:
        file = msgspec.json.decode(content, type=_Share)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    whole = file.number <= len(file.digests) and file.needed <= len(file.digests)
    return file if whole and hmac.compare_digest(file.checksum, _checksum(file)) else None


def _header(file: _Share) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(file, ciphertext="", checksum=""))


def _checksum(file: _Share) -> str:
    return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(file, checksum=""))).hexdigest()


def _value_at(place: int, coefficients: Sequence[bytes]) -> bytes:
    """Return the polynomials' values (Horner), one byte a polynomial; coefficients from the constant ones up."""
    values = bytes(len(coefficients[0]))
    for coefficient in reversed(coefficients):
        values = bytes(_times(value, place) ^ byte for value, byte in zip(values, coefficient, strict=True))
    return values


def _weight(number: int, numbers: Sequence[int]) -> int:
    """Return what a share counts for at 0 (Lagrange): the product of other / (other - number); minus is XOR here."""
    others = [other for other in numbers if other != number]
    return reduce(_times, (_times(other, _inverse(other ^ number)) for other in others), 1)


def _inverse(value: int) -> int:
    """Return value^254, which is 1/value in a field of 256 elements."""
    return reduce(_times, [value] * 254, 1)


def _times(one: int, other: int) -> int:
    """Multiply in GF(2^8), without a table and without a branch on what is secret."""
    product = 0
    for _ in range(8):
        product ^= one & -(other & 1)
        one = (one << 1) ^ (_FIELD & -(one >> 7))
        other >>= 1
    return product
