"""The request is what `openssl ts` reads; an answer that is cut, damaged or of another question is refused."""

from pathlib import Path

import pytest

from app import timestamp
from tests.e2e.authority import authority, openssl

DATA = b"registre.example.fr/sender/marque\n1\nAAAA\n"
NONCE = 0xFF00_0000_0000_0001


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Of an authority whose certificates stand in no strict order."""
    with authority(tmp_path_factory.mktemp("tsa")) as tsa:
        return tsa.reply(timestamp.request(DATA, NONCE))


def test_openssl_reads_the_request(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "query").write_bytes(timestamp.request(DATA, NONCE))
    told = openssl("ts", "-query", "-in", tmp_path / "query", "-text").stdout

    assert "Hash Algorithm: sha256" in told
    assert f"Nonce: 0x{NONCE:X}" in told
    assert "Certificate required: yes" in told


def test_a_stamp_of_what_was_asked_is_taken(answer: bytes) -> None:
    timestamp.require_stamp_of(DATA, NONCE, answer)


@pytest.mark.parametrize(("data", "nonce"), [(DATA + b".", NONCE), (DATA, NONCE + 1), (DATA, 1)])
def test_a_stamp_of_another_question_is_refused(answer: bytes, data: bytes, nonce: int) -> None:
    with pytest.raises(timestamp.TimestampFaultError, match="something else"):
        timestamp.require_stamp_of(data, nonce, answer)


def test_a_cut_answer_is_refused_wherever_it_was_cut(answer: bytes) -> None:
    for end in range(0, len(answer), 7):
        with pytest.raises(timestamp.TimestampFaultError):
            timestamp.require_stamp_of(DATA, NONCE, answer[:end])


def test_a_damaged_answer_raises_nothing_else(answer: bytes) -> None:
    for place in range(len(answer)):
        damaged = answer[:place] + bytes([answer[place] ^ 0x81]) + answer[place + 1 :]
        try:
            timestamp.require_stamp_of(DATA, NONCE, damaged)
        except timestamp.TimestampFaultError:
            continue


def test_a_refusal_is_told_as_one() -> None:
    with pytest.raises(timestamp.TimestampFaultError, match="refused"):
        timestamp.require_stamp_of(DATA, NONCE, bytes.fromhex("30053003020102"))
