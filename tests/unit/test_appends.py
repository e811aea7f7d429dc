"""What one sequencer transaction writes, planned without a database."""

from datetime import UTC, datetime, timedelta
from itertools import count

import msgspec

from app import appends, fanout, ledger, standing
from app.appends import Effect, Head, Message, Record, State, Wish

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SALON, SPA, ANNE, BRUNO = 1, 2, 111, 222


def salts():
    return (number.to_bytes(16, "big") for number in count(1))


def message(dedupe=b"\x01" * 16, *wishes, has_id=True, at=NOON):
    return Message(
        connection_id=1, connection="op", dedupe=dedupe, has_id=has_id, received_at=at, event_at=at, intent="STOP",
        rule="stop.keyword", classifier="1", code="36200", basis="shared", candidates=2, flags=(), wishes=wishes,
    )  # fmt: skip


def stop(sender=SALON, tag=ANNE):
    return Wish(sender, tag, opposes=True, lifts=False)


def start(sender=SALON, tag=ANNE, *, lifts=True):
    return Wish(sender, tag, opposes=False, lifts=lifts)


def heads():
    return {SALON: Head(0, b"", []), SPA: Head(0, b"", [])}


def planned(*works, fresh=None, states=None):
    keys = frozenset(work.key for work in works if isinstance(work, Message)) if fresh is None else frozenset(fresh)
    used = heads()
    return appends.plan(works, keys, used, states or {}, salts()), used


def opposed_state(at=NOON):
    history = standing.encode(standing.with_stop((), "36200", 1, at))
    return State(opposed=True, since=at, source="mo", changed_at_index=0, confirmed_at=at, history=history)


def test_a_stop_to_two_senders_is_an_entry_in_each_ledger():
    rows, used = planned(message(b"\x01" * 16, stop(SALON), stop(SPA, 333)))

    assert [(sender, index) for sender, index, _ in rows.entries] == [(SALON, 0), (SPA, 0)]
    assert rows.states[SALON, ANNE].opposed
    assert [appends.advanced(used[sender])[0] for sender in (SALON, SPA)] == [1, 1]


def test_an_entry_commits_to_the_person_and_holds_neither_tag_nor_number():
    rows, _ = planned(message(b"\x01" * 16, stop()))
    [(_, _, line)] = rows.entries
    [(_, tag, _, salt)] = rows.openings

    assert ledger.decode(line).person == ledger.person_commitment(salt, tag)


def test_entries_of_one_sender_follow_each_other_without_a_gap():
    works = [message(bytes([n]) * 16, stop(tag=n)) for n in range(1, 6)]
    rows, used = planned(*works)

    assert [index for _, index, _ in rows.entries] == [0, 1, 2, 3, 4]
    size, peaks = appends.advanced(used[SALON])
    leaves = [ledger.leaf_hash(line) for _, _, line in rows.entries]
    assert ledger.root(ledger.Frontier(size, peaks)) == ledger.root_of(leaves)


def test_a_message_that_is_not_new_does_nothing():
    rows, _ = planned(message(b"\x01" * 16, stop()), fresh=[])

    assert rows.entries == []


def test_the_same_message_twice_in_one_batch_is_one_entry():
    same = message(b"\x01" * 16, stop())
    rows, _ = planned(same, same)

    assert len(rows.entries) == 1


def test_without_an_id_a_repeat_whose_effect_still_holds_is_dropped():
    rows, _ = planned(message(b"\x01" * 16, stop(), has_id=False), fresh=[], states={(SALON, ANNE): opposed_state()})

    assert rows.entries == []


def test_without_an_id_a_repeat_that_would_change_the_state_is_taken():
    lifted = msgspec.structs.replace(opposed_state(), opposed=False)
    rows, _ = planned(message(b"\x01" * 16, stop(), has_id=False), fresh=[], states={(SALON, ANNE): lifted})

    assert len(rows.entries) == 1


def test_a_start_that_may_not_lift_is_written_down_and_changes_nothing():
    later = NOON + timedelta(hours=1)
    rows, _ = planned(message(b"\x02" * 16, start(lifts=False), at=later), states={(SALON, ANNE): opposed_state()})

    assert ledger.decode(rows.entries[0][2]).effect == "unchanged"
    assert rows.states[SALON, ANNE].opposed


def test_a_start_that_may_lift_lifts_and_the_index_learns_where():
    later = NOON + timedelta(hours=1)
    rows, _ = planned(message(b"\x02" * 16, start(), at=later), states={(SALON, ANNE): opposed_state()})

    state = rows.states[SALON, ANNE]
    assert ledger.decode(rows.entries[0][2]).effect == "lifted"
    assert (state.opposed, state.changed_at_index, state.since) == (False, 0, later)


def test_two_wishes_of_one_person_in_one_batch_see_each_other():
    works = [message(b"\x01" * 16, stop()), message(b"\x02" * 16, start(), at=NOON + timedelta(minutes=1))]
    rows, _ = planned(*works)

    assert [ledger.decode(line).effect for _, _, line in rows.entries] == ["opposed", "lifted"]
    assert not rows.states[SALON, ANNE].opposed


def test_a_confirmation_is_due_once_a_day():
    first, _ = planned(message(b"\x01" * 16, stop()))
    soon, _ = planned(
        message(b"\x02" * 16, stop(), at=NOON + timedelta(hours=23)), states={(SALON, ANNE): opposed_state()}
    )
    next_day, _ = planned(
        message(b"\x03" * 16, stop(), at=NOON + timedelta(hours=24)), states={(SALON, ANNE): opposed_state()}
    )

    confirms = [next(iter(rows.effects.values()))[0].confirm for rows in (first, soon, next_day)]
    assert confirms == [True, False, True]


def test_a_stop_to_several_senders_is_confirmed_only_if_none_of_them_was_within_a_day():
    told = {(SALON, ANNE): opposed_state(NOON - timedelta(hours=1))}
    rows, _ = planned(message(b"\x02" * 16, stop(SALON), stop(SPA, 333)), states=told)

    assert [effect.confirm for effect in rows.effects[1, b"\x02" * 16]] == [False, False]
    assert rows.states[SPA, 333].confirmed_at is None


def test_a_doubtful_stop_is_not_confirmed_so_that_a_clear_one_still_can_be():
    doubtful = msgspec.structs.replace(message(b"\x01" * 16, stop()), intent="AMBIGUOUS")
    rows, _ = planned(doubtful, message(b"\x02" * 16, stop()))

    assert [group[0].confirm for group in rows.effects.values()] == [False, True]


def test_a_message_to_many_senders_is_written_in_parts_that_hold_everybody_once():
    whole = message(b"\x01" * 16, *(stop(sender, sender) for sender in (5, 1, 4, 2, 3)))
    parts = fanout.parts_of(whole, 2)

    assert [part.part for part in parts] == ["first", "more", "last"]
    assert [[wish.sender_id for wish in part.wishes] for part in parts] == [[1, 2], [3, 4], [5]]
    assert {part.key for part in parts} == {whole.key}
    assert fanout.parts_of(whole, 5) == [whole]


def test_what_an_interrupted_delivery_did_is_not_done_again():
    whole = message(b"\x01" * 16, stop(SALON), stop(SPA, 333))
    left = fanout.left_of(whole, [Effect(SALON, 0, b"", confirm=True)])

    assert [wish.sender_id for wish in left.wishes] == [SPA]


def test_a_record_gets_its_index_among_the_messages():
    def build(index):
        return ledger.NoteEntry(index=index, recorded=ledger.timestamp(NOON), kind="key", subject="k", detail={})

    rows, _ = planned(message(b"\x01" * 16, stop()), Record(SALON, build), message(b"\x02" * 16, stop(tag=BRUNO)))

    assert rows.record_indexes == {1: 1}
    assert [index for _, index, _ in rows.entries] == [0, 1, 2]
