"""Numbers become tags by AES-256-CMAC, cut to 64 bits: SP 800-38B, RFC 4493."""

import msgspec
import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given, settings
from hypothesis import strategies as st

from app import tags

KEY = bytes(range(32))
NUMBER = 33639980001
KEYS = st.binary(min_size=32, max_size=32)
NUMBERS = st.integers(min_value=1, max_value=2**63 - 1)


def library_tag(key: bytes, message: bytes) -> int:
    mac = CMAC(algorithms.AES256(key))
    mac.update(message)
    return int.from_bytes(mac.finalize()[:8], "big", signed=True)


def library_number_tag(key: bytes, number: int) -> int:
    return library_tag(key, number.to_bytes(8, "big"))


def test_the_published_examples_pass() -> None:
    tags.self_test()


@pytest.mark.parametrize("position", range(len(tags.KNOWN_ANSWERS)))
@pytest.mark.parametrize("bit", [0, 31, 63])
def test_one_wrong_bit_in_any_known_answer_stops_the_start(position: int, bit: int) -> None:
    answers = list(tags.KNOWN_ANSWERS)
    answers[position] = msgspec.structs.replace(answers[position], tag=answers[position].tag ^ 1 << bit)

    with pytest.raises(tags.TagSelfTestError):
        tags.self_test(answers)


def test_the_known_answer_of_an_eight_byte_message_is_the_librarys() -> None:
    key = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")

    assert tags.tag(key, 0x6BC1BEE22E409F96) == library_tag(key, bytes.fromhex("6bc1bee22e409f96"))
    assert tags.KNOWN_ANSWERS[-1].tag == tags.tag(key, 0x6BC1BEE22E409F96)


@given(key=KEYS, number=NUMBERS)
@settings(max_examples=200)
def test_a_tag_is_the_librarys_cmac_of_the_number_as_eight_bytes(key: bytes, number: int) -> None:
    assert tags.tag(key, number) == library_number_tag(key, number)


@given(key=KEYS, numbers=st.lists(NUMBERS, max_size=40))
@settings(max_examples=50)
def test_an_array_is_tagged_position_by_position(key: bytes, numbers: list[int]) -> None:
    computed = tags.tags(key, np.array(numbers, dtype=np.int64))

    assert computed.dtype == np.int64
    assert computed.tolist() == [library_number_tag(key, number) for number in numbers]


@pytest.mark.parametrize("size", [0, 1, tags.CHUNK_NUMBERS - 1, tags.CHUNK_NUMBERS, tags.CHUNK_NUMBERS + 1, 40_000])
def test_the_seams_between_chunks_do_not_show(size: int) -> None:
    numbers = np.arange(NUMBER, NUMBER + size, dtype=np.int64)

    computed = tags.tags(KEY, numbers)

    assert len(computed) == len(np.unique(computed)) == size
    for seam in range(0, size, tags.CHUNK_NUMBERS):
        for position in {max(seam - 1, 0), seam, min(seam + 1, size - 1), size - 1}:
            assert computed[position] == library_number_tag(KEY, NUMBER + position)


def test_an_array_with_gaps_in_memory_is_tagged_like_any_other() -> None:
    numbers = np.arange(NUMBER, NUMBER + 20, dtype=np.int64)

    assert tags.tags(KEY, numbers[::3]).tolist() == tags.tags(KEY, numbers)[::3].tolist()


def test_tagging_leaves_the_numbers_as_they_were() -> None:
    numbers = np.full(5, NUMBER, dtype=np.int64)

    tags.tags(KEY, numbers)

    assert numbers.tolist() == [NUMBER] * 5


@given(old=KEYS, new=KEYS, number=NUMBERS)
@settings(max_examples=50)
def test_a_rotated_tag_is_the_cmac_of_the_former_tag(old: bytes, new: bytes, number: int) -> None:
    former = tags.tags(old, np.array([number], dtype=np.int64))

    expected = library_tag(new, int(former[0]).to_bytes(8, "big", signed=True))

    assert tags.retag(new, former).tolist() == [expected]


def test_a_number_stored_before_a_rotation_and_one_tagged_after_it_meet() -> None:
    first, second = bytes(32), bytes([1]) * 32
    stored = tags.retag(second, tags.tags(first, np.array([NUMBER], dtype=np.int64)))

    asked = tags.retag(second, np.array([tags.tag(first, NUMBER)], dtype=np.int64))

    assert stored.tolist() == asked.tolist()


@pytest.mark.parametrize("size", [0, 16, 24, 31, 33])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        tags.tag(bytes(size), NUMBER)


@pytest.mark.parametrize("number", [0, -1, 2**63])
def test_what_is_no_number_gets_no_tag_of_its_own(number: int) -> None:
    with pytest.raises(ValueError, match=r"E\.164"):
        tags.tag(KEY, number)
