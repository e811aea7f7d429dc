"""One-way pseudonyms of phone numbers: what is stored and compared in place of a number (D3, D4).

tag = the first 8 bytes of AES-256-CMAC(key, the E.164 number as 8 big-endian bytes), read as a signed integer,
that is, a PostgreSQL `bigint`. CMAC: NIST SP 800-38B, RFC 4493; 64 bits are the shortest tag that SP 800-38B allows.
The key is one sender's (`app.keys.Root.sender_key`), so that equal numbers of two senders have unrelated tags.
After a rotation a tag is the CMAC of the former tag: old ones can be brought up to date although the number is gone.
"""

import hmac
from collections.abc import Sequence
from typing import TypeAlias

import msgspec
import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from numpy.typing import NDArray

from app.errors import RegistryError

KEY_BYTES = 32
BLOCK_BYTES = 16
CHUNK_NUMBERS = 16_384
"""Numbers encrypted at a time: 256 KiB of blocks each way stay in the processor's cache, which is several times
faster than one array of a million, and the memory used besides the result does not grow with the batch."""

FEW_NUMBERS = 8
"""So many are tagged sooner one by one than as an array."""
Chain: TypeAlias = tuple[bytes, ...]
"""A sender's keys, the first one first; a rotation adds one. The tag of a number is CMAC(last, … CMAC(first, it))."""

_BLOCK_MASK = (1 << 128) - 1
_WORD_MASK = (1 << 64) - 1
_PADDING = 1 << 63
"""The second word of a padded 8-byte message: the bit 1, then zeros (SP 800-38B §6.2, step 4)."""


class TagSelfTestError(RegistryError):
    """The cipher of this machine does not compute CMAC; nothing may be tagged or checked."""

    slug = "tag-self-test"
    title = "The pseudonyms cannot be computed"
    title_fr = "Les pseudonymes ne peuvent pas être calculés"


class KnownAnswer(msgspec.Struct, frozen=True):
    """One message of at most one block and the first half of its MAC; words are 64-bit and big-endian."""

    head: int
    tail: int
    padded: bool
    tag: int


_KNOWN_KEY = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
KNOWN_ANSWERS = (
    # SP 800-38B, examples for AES-256: the empty message (only padding), then one whole block.
    KnownAnswer(head=1 << 63, tail=0, padded=True, tag=0x028962F61B7BF89E),
    KnownAnswer(head=0x6BC1BEE22E409F96, tail=0xE93D7E117393172A, padded=False, tag=0x28A7023F452E8F82),
    # The first 8 bytes of the same block, which is how numbers are tagged; the standard has no example of this length.
    KnownAnswer(head=0x6BC1BEE22E409F96, tail=_PADDING, padded=True, tag=0x2D894A19364FFC35),
)


def tag(chain: bytes | Chain, number: int) -> int:
    """Return the tag of one E.164 number (digits without "+"); ValueError when it is not a positive 64-bit integer."""
    return Tagger(chain).tag(number)


class Tagger:
    """The tags of one sender, one number at a time; the ciphers are set up once. Not for several threads."""

    __slots__ = ("_steps",)

    def __init__(self, chain: bytes | Chain) -> None:
        ciphers = [_block_cipher(key) for key in _whole(chain)]
        self._steps = [(cipher, _PADDING ^ _subkeys(cipher)[True]) for cipher in ciphers]

    def tag(self, number: int) -> int:
        """Return the tag of one E.164 number (digits without "+"); ValueError when it is no positive 64-bit integer."""
        if not 0 < number < _PADDING:
            raise ValueError("only a positive 64-bit integer is an E.164 number")
        return _signed(self.of(number))

    def of(self, word: int) -> int:
        """Return the tag of any unsigned 64-bit integer, unsigned."""
        for cipher, mask in self._steps:
            block = (word << 64) ^ mask
            word = int.from_bytes(cipher.update(block.to_bytes(BLOCK_BYTES, "big"))[:8], "big")
        return word


def tags(chain: bytes | Chain, numbers: NDArray[np.int64], one_by_one: Tagger | None = None) -> NDArray[np.int64]:
    """Return the tags of an array of E.164 numbers, position by position.

    A 0 (not a number) gets a tag like any other value: leave those positions out before or after. `one_by_one`: the
    sender's own, whose ciphers are set up already, for a few numbers on the event loop.
    """
    if len(numbers) <= FEW_NUMBERS:
        one_by_one = one_by_one or Tagger(chain)
        found = [one_by_one.of(word) for word in numbers.view(np.uint64).tolist()]
        return np.array(found, dtype=np.uint64).view(np.int64)
    return retag(_whole(chain), numbers)


def retag(later: bytes | Chain, former: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the tags after one rotation or several: CMAC(key, former tag as 8 bytes), without any number (D4)."""
    for key in _chain(later):
        former = _first_halves(key, former.view(np.uint64), _PADDING, padded=True)
    return former


def masked(key: bytes, salts: NDArray[np.uint8], indexes: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return salts of openings (16 bytes a row) XOR AES-256-CMAC(key of its own, entry index); twice is back again.

    What opens an old entry must not be readable with the old key, or a rotation would protect nothing that is older.
    Each entry has one salt, so no part of the key stream is used twice. `key`: the one that the rotation brought.
    """
    cipher = _block_cipher(hmac.digest(key, b"stop-registry/1/opening", "sha256"))
    mask = _subkeys(cipher)[True]
    blocks = np.empty((len(indexes), 2), dtype=">u8")
    blocks[:, 0] = indexes.view(np.uint64) ^ np.uint64(mask >> 64)
    blocks[:, 1] = _PADDING ^ (mask & _WORD_MASK)
    stream = np.frombuffer(cipher.update(blocks.tobytes()), dtype=np.uint8)
    return salts ^ stream.reshape(-1, BLOCK_BYTES)


def self_test(answers: Sequence[KnownAnswer] = KNOWN_ANSWERS) -> None:
    """Compare the tagging code with published CMAC values; raise TagSelfTestError when it differs from any of them."""
    for answer in answers:
        head = np.array([answer.head], dtype=np.uint64)
        computed = int(_first_halves(_KNOWN_KEY, head, answer.tail, padded=answer.padded)[0])
        if computed & _WORD_MASK != answer.tag:
            raise TagSelfTestError(
                "AES-256-CMAC gives a wrong answer on this machine: reinstall the `cryptography` package, "
                "and do not start the registry before this test passes."
            )
    _compare_both_ways()


def _signed(word: int) -> int:
    return word - ((word & _PADDING) << 1)


def _chain(keys: bytes | Chain) -> Chain:
    return (keys,) if isinstance(keys, bytes) else keys


def _whole(keys: bytes | Chain) -> Chain:
    """Return a chain that makes tags of numbers; an empty one would hand out the numbers themselves."""
    if keys == ():
        raise ValueError("a sender without a key has no tags")
    return _chain(keys)


def _compare_both_ways() -> None:
    """Compare one number's tag with an array's: a STOP is tagged the one way and a check the other."""
    number = KNOWN_ANSWERS[-1].head
    if tag(_KNOWN_KEY, number) not in _first_halves(
        _KNOWN_KEY, np.array([number], dtype=np.uint64), _PADDING, padded=True
    ):
        raise TagSelfTestError("One number and an array of it get different tags: reinstall `cryptography` and numpy.")


def _first_halves(key: bytes, heads: NDArray[np.uint64], tail: int, *, padded: bool) -> NDArray[np.int64]:
    """Return the first 8 bytes of the MAC of each one-block message `head || tail`.

    The last block of a CMAC is masked with the first subkey when the message fills it and with the second when it is
    padded. A message of one block has no other block, so nothing is chained and the masked blocks are independent.
    """
    cipher = _block_cipher(key)
    mask = _subkeys(cipher)[padded]
    mask_head = np.uint64(mask >> 64)
    blocks = np.empty((min(len(heads), CHUNK_NUMBERS), 2), dtype=">u8")
    blocks[:, 1] = tail ^ (mask & _WORD_MASK)
    # update_into asks for one block more than it writes, less a byte.
    encrypted = np.empty(blocks.nbytes + BLOCK_BYTES - 1, dtype=np.uint8)
    halves = encrypted[: blocks.nbytes].view(">u8")[::2]
    result = np.empty(len(heads), dtype=np.uint64)
    for start in range(0, len(heads), CHUNK_NUMBERS):
        part = heads[start : start + CHUNK_NUMBERS]
        blocks[: len(part), 0] = part ^ mask_head
        cipher.update_into(blocks[: len(part)].view(np.uint8).reshape(-1).data, encrypted.data)
        result[start : start + len(part)] = halves[: len(part)]
    return result.view(np.int64)


def _block_cipher(key: bytes) -> CipherContext:
    """Return raw AES-256, the building block from which SP 800-38B defines CMAC.

    ECB is unsafe for hiding data, since equal blocks look equal. Here nothing is hidden and nothing ever decrypted:
    a message of one block has a CMAC of one block operation, on the block masked with a subkey, and half of the
    output is thrown away. `cryptography`'s own CMAC gives the same bytes, one number at a time, at hundreds of times
    the cost; a test compares the two.
    """
    if len(key) != KEY_BYTES:
        raise ValueError("a tag key has 32 bytes")  # a shorter one would silently be AES-128
    return Cipher(algorithms.AES256(key), modes.ECB()).encryptor()  # noqa: S305 - the single block call inside CMAC


def _subkeys(cipher: CipherContext) -> tuple[int, int]:
    """Return the two subkeys (SP 800-38B §6.1): zeros encrypted, then doubled once and twice."""
    first = _double(int.from_bytes(cipher.update(bytes(BLOCK_BYTES)), "big"))
    return first, _double(first)


def _double(block: int) -> int:
    """Multiply by x in the field of 2^128 elements with the polynomial of SP 800-38B (0x87)."""
    return ((block << 1) & _BLOCK_MASK) ^ (0x87 if block >> 127 else 0)
