"""Tags of former keys are brought up to the key in force, rows are written in the next form, salts are masked."""

import hmac
from datetime import UTC, datetime

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.cmac import CMAC

from app import epochs, tags
from app.appends import Head, Message, Rows, State, Wish
from app.bulk import Bulk, Opposition
from app.epochs import EpochError
from app.errors import KeyRotatedError
from app.lifting import Ruling

SALON = 1
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NUMBER = 33639980001
CHAIN = (bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96)))
TAGS = [tags.tag(CHAIN[: epoch + 1], NUMBER) for epoch in range(3)]
SALT = bytes(range(16))
STATE = State(opposed=True, since=NOON, source="mo", changed_at_index=3, confirmed_at=None, history=b"")


def cmac(key: bytes, message: bytes) -> bytes:
    """The library's own CMAC, one message at a time."""
    mac = CMAC(algorithms.AES256(key))
    mac.update(message)
    return mac.finalize()


def head(epoch: int, *, retagging: bool = False) -> dict[int, Head]:
    return {SALON: Head(0, b"", [], epoch, retagging)}


def message(epoch: int | None) -> Message:
    told = {} if epoch is None else {SALON: epoch}
    return Message(
        connection_id=1, connection="op", dedupe=b"\x01" * 16, has_id=True, received_at=NOON, event_at=NOON,
        intent="STOP", rule="stop.keyword", classifier="1", code="36200", basis="dedicated", candidates=1, flags=(),
        wishes=(Wish(SALON, TAGS[epoch or 0], opposes=True, lifts=False),), epochs=told,
    )  # fmt: skip


def test_a_tag_is_the_cmac_under_the_last_key_of_the_former_tag():
    number = NUMBER.to_bytes(8, "big")
    first = cmac(CHAIN[0], number)[:8]
    second = cmac(CHAIN[1], first)[:8]

    assert [tag.to_bytes(8, "big", signed=True) for tag in TAGS] == [first, second, cmac(CHAIN[2], second)[:8]]


@pytest.mark.parametrize("count", [1, 8, 9, 50_000])
def test_one_number_and_many_get_the_same_tags_under_a_chain(count: int):
    numbers = np.arange(NUMBER, NUMBER + count, dtype=np.int64)
    found = tags.tags(CHAIN, numbers)

    assert found[0] == TAGS[2]
    assert found[-1] == tags.tag(CHAIN, NUMBER + count - 1)
    assert np.array_equal(tags.retag(CHAIN[1:], tags.tags(CHAIN[:1], numbers)), found)


def test_no_key_gives_no_tag():
    """An empty chain would hand out the number itself."""
    for tagging in (lambda: tags.tag((), NUMBER), lambda: tags.tags((), np.array([NUMBER]))):
        with pytest.raises(ValueError, match="without a key"):
            tagging()


@pytest.mark.parametrize("planned_in", [0, 1, 2])
def test_what_was_planned_with_a_former_key_gets_the_tag_in_force(planned_in: int):
    heads, chains = head(2), {SALON: CHAIN}
    work = message(planned_in)
    ruling = Ruling(
        1, b"", None, NOON, NOON, False, "oppose", NOON, "a", "b", ((SALON, TAGS[planned_in]),),  # noqa: FBT003
        epochs={SALON: planned_in},
    )  # fmt: skip
    told = [Opposition(TAGS[planned_in], None, b"", named=False)]
    bulk = Bulk(SALON, "crm", "channel:crm", NOON, (), told, {SALON: planned_in})

    assert epochs.outdated([work, ruling, bulk], heads) == ({SALON} if planned_in < 2 else set())
    assert epochs.brought_up(work, heads, chains).wishes[0].tag == TAGS[2]
    assert epochs.brought_up(ruling, heads, chains).people == ((SALON, TAGS[2]),)
    assert epochs.bulk_brought_up(bulk, heads, chains).oppositions[0].tag == TAGS[2]


@pytest.mark.parametrize(("told", "in_force"), [(None, 1), (2, 1)])
def test_tags_of_an_unknown_key_are_not_written_down(told: int | None, in_force: int):
    with pytest.raises(EpochError):
        epochs.outdated([message(told)], head(in_force))


def test_a_work_for_a_sender_erased_meanwhile_is_refused():
    with pytest.raises(KeyRotatedError):
        epochs.brought_up(message(0), head(1), {SALON: ()})


def test_what_is_written_while_a_key_is_prepared_has_the_next_form_too():
    rows = Rows(states={(SALON, TAGS[0]): STATE}, openings=[(SALON, TAGS[0], 3, SALT)])
    states, openings = epochs.next_form(rows, head(0, retagging=True), {SALON: CHAIN[:2]})

    assert states == {(SALON, TAGS[1]): STATE}
    [(sender_id, tag, index, salt, epoch, made_in)] = openings
    assert (sender_id, tag, index, epoch, made_in) == (SALON, TAGS[1], 3, 1, 0)
    assert salt != SALT


def test_a_salt_is_masked_by_the_cmac_of_its_entrys_index_under_a_key_of_its_own():
    own = hmac.digest(CHAIN[1], b"stop-registry/1/opening", "sha256")
    expected = bytes(one ^ other for one, other in zip(SALT, cmac(own, (3).to_bytes(8, "big")), strict=True))

    assert epochs.masked(CHAIN[1], [SALT, SALT], [3, 4])[0] == expected
    assert epochs.masked(CHAIN[1], epochs.masked(CHAIN[1], [SALT], [3]), [3]) == [SALT]


@pytest.mark.parametrize("made_in", [0, 1, 2])
def test_an_entry_opens_with_the_tag_and_the_salt_of_its_own_time(made_in: int):
    salt = SALT
    for key in CHAIN[made_in + 1 :]:
        [salt] = epochs.masked(key, [salt], [3])

    assert epochs.opened(CHAIN, (SALON, TAGS[2], 3, salt, 2, made_in), NUMBER) == (TAGS[made_in], SALT)
