"""The witness file: added to by compare-and-swap, read whole after a crash, never trusted where it is damaged."""

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.keys import Root
from app.ledger import EMPTY, Frontier, append, leaf_hash
from app.witness import DamagedError, Era, Head, MissingError, WitnessFile
from app.witness.file import Step

KEY = Root(bytes(range(32)))
AT, LATER = "2026-11-23T09:00:00.000000Z", "2026-11-24T09:00:00.000000Z"
FOUNDED = Era(1, "registre.example.fr", AT)
Opened = Callable[[], WitnessFile]


def tree(size: int, said: str = "") -> Frontier:
    return append(EMPTY, [leaf_hash(f"{said}{index}".encode()) for index in range(size)])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "witness.log"


@pytest.fixture
def opened(path: Path) -> Opened:
    """Open the file as one more process does."""

    def open_it() -> WitnessFile:
        file = WitnessFile(path, KEY)
        file.create(FOUNDED)
        return file

    return open_it


def test_what_one_process_adds_the_others_have(opened: Opened):
    one, other = opened(), opened()
    assert one.add(7, Step(EMPTY, tree(3)), AT)
    other.read()

    assert other.tree(7) == tree(3)
    assert other.era == FOUNDED


def test_a_head_that_does_not_extend_the_last_one_is_not_added(opened: Opened):
    one, other = opened(), opened()
    one.add(7, Step(EMPTY, tree(3)), AT)
    one.add(8, Step(EMPTY, tree(1)), AT)

    assert not other.add(7, Step(EMPTY, tree(2)), AT)
    assert other.add(8, Step(tree(1), tree(2)), AT)
    assert (other.tree(7), other.tree(8)) == (tree(3), tree(2))
    assert other.add(7, Step(tree(3), tree(4)), AT)


def test_the_same_head_from_two_processes_is_one_line(opened: Opened, path: Path):
    for file in (opened(), opened()):
        assert file.add(7, Step(EMPTY, tree(3)), AT)

    assert len(path.read_text().splitlines()) == 2


def test_a_line_torn_by_a_crash_is_cut_off_and_the_rest_stands(opened: Opened, path: Path):
    one = opened()
    one.add(7, Step(EMPTY, tree(3)), AT)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[-40:-1])
    after = opened()
    after.add(7, Step(tree(3), tree(4)), AT)

    assert opened().tree(7) == after.tree(7) == tree(4)
    assert path.read_bytes().startswith(whole)


@pytest.mark.parametrize("change", [b"7", b"x", b" "])
def test_one_changed_byte_anywhere_makes_it_unusable(opened: Opened, path: Path, change: bytes):
    opened().add(7, Step(EMPTY, tree(3)), AT)
    whole = path.read_bytes()
    for place in range(len(whole) - 1):
        damaged = whole[:place] + change + whole[place + 1 :]
        path.write_bytes(damaged)
        if damaged != whole:
            with pytest.raises(DamagedError):
                WitnessFile(path, KEY).read()


def test_another_registrys_file_is_refused(opened: Opened, path: Path):
    opened()
    with pytest.raises(DamagedError):
        WitnessFile(path, Root(bytes(32))).read()


def test_a_file_that_is_gone_is_missed(opened: Opened, path: Path):
    file = opened()
    path.unlink()
    with pytest.raises(MissingError):
        file.add(7, Step(EMPTY, tree(3)), AT)


def test_a_head_that_was_expected_is_the_same_line_and_no_other_is(opened: Opened):
    file = opened()
    file.expect(Head(7, tree(3), AT))
    assert opened().tree(7) == EMPTY
    assert file.add(7, Step(EMPTY, tree(2)), LATER)
    assert file.add(8, Step(EMPTY, tree(3)), LATER)
    assert file.add(7, Step(tree(2), tree(3)), LATER)

    heads = [line for line in opened().history() if isinstance(line, Head)]
    assert heads == [Head(7, tree(2), LATER), Head(8, tree(3), LATER), Head(7, tree(3), AT)]


def test_adding_asks_nobody_for_the_times_of_the_file(opened: Opened, monkeypatch: pytest.MonkeyPatch):
    """Were it asked for, the next line would cost the disk's journal a write, and PostgreSQL's commits a wait."""
    file = opened()
    file.add(7, Step(EMPTY, tree(1)), AT)

    def never(*_: object) -> None:
        pytest.fail("the times were asked for")

    with monkeypatch.context() as watched:
        for name in ("stat", "lstat", "fstat"):
            watched.setattr(os, name, never)
        assert file.add(7, Step(tree(1), tree(2)), AT)


def test_a_file_that_took_its_place_is_read_instead(opened: Opened, path: Path):
    file, other = opened(), opened()
    before = path.read_bytes()
    file.add(7, Step(EMPTY, tree(3)), AT)
    path.with_suffix(".copy").write_bytes(before)
    path.with_suffix(".copy").rename(path)

    assert other.add(7, Step(EMPTY, tree(2)), AT)
    assert not file.add(7, Step(tree(3), tree(4)), AT)
    assert file.tree(7) == tree(2)


def test_whoever_must_not_wait_is_told_so(opened: Opened, path: Path):
    file = opened()
    with path.with_name("witness.log.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            file.add(7, Step(EMPTY, tree(3)), AT, wait=False)
    assert file.add(7, Step(EMPTY, tree(3)), AT, wait=False)


def test_written_anew_it_keeps_the_last_head_of_each_day(opened: Opened, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.witness.file.COMPACT_BYTES_MIN", 1)
    monkeypatch.setattr("app.witness.file.COMPACT_AT_TIMES", 1)
    file, beside = opened(), opened()
    for at, sizes in ((AT, range(1, 10)), (LATER, range(10, 20))):
        for size in sizes:
            file.add(7, Step(tree(size - 1), tree(size)), at)
    file.compact()

    assert [line.tree.size for line in file.history() if isinstance(line, Head)] == [9, 19]
    assert beside.add(7, Step(tree(19), tree(20)), LATER)  # it has noticed
    assert file.add(7, Step(tree(20), tree(21)), LATER)


def test_a_new_era_begins_from_its_own_heads(opened: Opened):
    file, beside = opened(), opened()
    file.add(7, Step(EMPTY, tree(9)), AT)
    file.add(8, Step(EMPTY, tree(1)), AT)
    file.begin_again(Era(2, "registre.example.fr#2", LATER), [Head(7, tree(4), LATER)])
    beside.read()

    assert (beside.era.number, beside.tree(7), beside.tree(8)) == (2, tree(4), EMPTY)
    assert [line.tree.size for line in beside.history() if isinstance(line, Head)] == [9, 1, 4]


def test_an_era_that_began_elsewhere_keeps_the_heads(opened: Opened):
    file = opened()
    file.add(7, Step(EMPTY, tree(9)), AT)
    file.add_era(Era(2, "registre.example.fr#2", LATER))

    assert (opened().era.number, opened().tree(7)) == (2, tree(9))


def test_after_a_failed_sync_only_a_file_written_anew_is_trusted(opened: Opened, monkeypatch: pytest.MonkeyPatch):
    file = opened()
    file.add(7, Step(EMPTY, tree(1)), AT)

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "the disk failed")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", fail)
        with pytest.raises(OSError, match="disk failed"):
            file.sync()
    with pytest.raises(OSError, match="written anew"):
        file.add(7, Step(tree(1), tree(2)), AT)
    file.compact()
    assert file.add(7, Step(tree(1), tree(2)), AT)
    assert opened().tree(7) == tree(2)
