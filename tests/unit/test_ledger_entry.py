"""A ledger line has one spelling, is read back before it is stored, and holds nothing of a person but a commitment."""

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ledger import (
    ENTRY_MAX_BYTES,
    CheckEntry,
    Counts,
    Entry,
    LedgerEntryError,
    NoteEntry,
    OppositionEntry,
    decode,
    encode,
    encode_opposition,
    person_commitment,
    place,
    timestamp,
)
from app.ledger.entry import _OPPOSITION_LINE

NOW = "2026-11-23T09:00:00.000000Z"

STOP = OppositionEntry(
    index=41,
    kind="stop",
    recorded="2026-11-23T09:00:00.250000Z",
    at=NOW,
    connection="agregateur-a",
    message="0123456789abcdef" * 2,
    person="fedcba9876543210" * 4,
    code="36200",
    basis="dedicated",
    candidates=1,
    intent="STOP",
    rule="stop.keyword",
    classifier="2026.11",
    effect="opposed",
    flags=("late", "provisional"),
)
STOP_LINE = (
    b'{"v":1,"index":41,"kind":"stop","recorded":"2026-11-23T09:00:00.250000Z","at":"2026-11-23T09:00:00.000000Z",'
    b'"connection":"agregateur-a","message":"0123456789abcdef0123456789abcdef",'
    b'"person":"fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210","code":"36200","basis":"dedicated",'
    b'"candidates":1,"intent":"STOP","rule":"stop.keyword","classifier":"2026.11","effect":"opposed",'
    b'"flags":["late","provisional"]}'
)
CHECK = CheckEntry(
    index=42,
    recorded=NOW,
    check="c_1",
    caller="k_1",
    purpose="marketing",
    campaign="soldes d'été",
    evaluated_at=42,
    counts=Counts(submitted=10, allowed=4, invalid=1, repeated=1, opted_out=2, duplicate=1, quiet_hours=1),
    cleared=4,
    batch="00ff" * 8,
    clearance="cl_1",
    policy="prudent/2026-03",
)
CHECK_LINE = (
    b'{"v":1,"index":42,"kind":"check","recorded":"2026-11-23T09:00:00.000000Z","check":"c_1","caller":"k_1",'
    b'"purpose":"marketing","campaign":"soldes d\'\\u00e9t\\u00e9","evaluated_at":42,'
    b'"counts":{"submitted":10,"allowed":4,"invalid":1,"repeated":1,"opted_out":2,"duplicate":1,"quiet_hours":1},"cleared":4,'
    b'"batch":"00ff00ff00ff00ff00ff00ff00ff00ff","clearance":"cl_1","policy":"prudent/2026-03",'
    b'"terms":null,"drill":false}'
)
NOTE = NoteEntry(index=0, kind="sender", recorded=NOW, subject="marque", detail={"nom": "Éclair\n😀", "code": "36200"})
NOTE_LINE = (
    b'{"v":1,"index":0,"kind":"sender","recorded":"2026-11-23T09:00:00.000000Z","subject":"marque",'
    b'"detail":{"code":"36200","nom":"\\u00c9clair\\n\\ud83d\\ude00"}}'
)


@pytest.mark.parametrize(("entry", "line"), [(STOP, STOP_LINE), (CHECK, CHECK_LINE), (NOTE, NOTE_LINE)])
def test_a_line_is_spelled_as_documented_and_read_back(entry: Entry, line: bytes) -> None:
    assert encode(entry) == line
    assert decode(line) == entry
    assert place(line) == (entry.index, entry.kind)


def test_what_is_unknown_is_null() -> None:
    stop = msgspec.structs.replace(STOP, code=None, flags=())
    check = msgspec.structs.replace(CHECK, campaign=None, clearance=None, policy=None)

    assert b'"code":null' in encode(stop)
    assert encode(stop).endswith(b'"flags":[]}')
    assert decode(encode(stop)) == stop
    assert b'"campaign":null' in encode(check)
    assert encode(check).endswith(b'"clearance":null,"policy":null,"terms":null,"drill":false}')
    assert decode(encode(check)) == check


@given(detail=st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=5), subject=st.text(max_size=40))
@settings(max_examples=60)
def test_any_text_of_a_note_is_one_ascii_line_that_comes_back(detail: dict[str, str], subject: str) -> None:
    note = NoteEntry(index=7, kind="review", recorded=NOW, subject=subject, detail=detail)

    line = encode(note)

    assert line.isascii()
    assert b"\n" not in line
    assert decode(line) == note
    assert json.loads(line)["detail"] == detail


def test_the_order_in_which_details_were_given_does_not_show() -> None:
    backwards = msgspec.structs.replace(NOTE, detail=dict(reversed(NOTE.detail.items())))

    assert encode(backwards) == NOTE_LINE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"v":1', b'"v":2'),
        (b'"v":1', b'"v":1.0'),
        (b'"index":41', b'"index":041'),
        (b'"index":41', b'"index":-1'),
        (b'"index":41', b'"index":9223372036854775808'),
        (b'"index":41', b'"index":"41"'),
        (b'"stop"', b'"stopped"'),
        (b'"stop"', b'"check"'),
        (b'"stop"', b'"STOP"'),
        (b'{"v":1,', b'{"v":1,"v":1,'),
        (b'{"v":1,', b'{ "v":1,'),
        (b'{"v":1,"index":41,', b'{"index":41,"v":1,'),
        (b'"flags"', b'"extra":1,"flags"'),
        (b'"basis":"dedicated",', b""),
        (b'"basis":"dedicated"', b'"basis":"shared","basis":"dedicated"'),
        (b'"basis":"dedicated"', b'"basis":""'),
        (b'"basis":"dedicated"', b'"basis":"' + b"x" * 65 + b'"'),
        (b'"basis":"dedicated"', b'"basis":"dedicat\\u0065d"'),
        (b'"basis":"dedicated"', b'"basis":"d\xc3\xa9di\xc3\xa9"'),
        (b'"basis":"dedicated"', b'"basis":"dedi\xff"'),
        (b'"basis":"dedicated"', b'"basis":"dedi\x00"'),
        (b'"basis":"dedicated"', b'"basis":"\\ud800"'),
        (b'"code":"36200"', b'"code":36200'),
        (b'"code":"36200"', b'"code":"' + b"3" * 17 + b'"'),
        (b'"candidates":1', b'"candidates":1.5'),
        (b'"candidates":1', b'"candidates":-1'),
        (b'"candidates":1', b'"candidates":true'),
        (b'"effect":"opposed"', b'"effect":"forgotten"'),
        (b'"flags":["late","provisional"]', b'"flags":"late"'),
        (b'"flags":["late",', b'"flags":["late", '),
        (b"0123456789abcdef0123456789abcdef", b"0123456789ABCDEF0123456789ABCDEF"),
        (b"0123456789abcdef0123456789abcdef", b"0123456789abcdef0123456789abcde"),
        (b"0123456789abcdef0123456789abcdef", b"0123456789abcdef 123456789abcdef"),
        (b"fedcba98", b"gedcba98"),
        (b"fedcba98", b"edcba98"),
        (b"09:00:00.250000Z", b"09:00:00.25Z"),
        (b"09:00:00.250000Z", b"09:00:00.250000+00:00"),
        (b"09:00:00.250000Z", b"09:00:00.2500000"),
        (b"09:00:00.250000Z", b"24:00:00.250000Z"),
        (b"2026-11-23T09:00:00.250000Z", b"2026-11-31T09:00:00.250000Z"),
        (b"2026-11-23T09:00:00.250000Z", b"2026-02-29T09:00:00.250000Z"),
        (b"2026-11-23T09:00:00.250000Z", b"2026-13-23T09:00:00.250000Z"),
        (b"2026-11-23T09:00:00.250000Z", b"0000-11-23T09:00:00.250000Z"),
        (b"2026-11-23T09:00:00.250000Z", b"2026-11-23 09:00:00.250000Z"),
        (b"2026-11-23T09:00:00.250000Z", b"2026-W47-1T09:00:00.250000Z"),
        (b"]}", b"]}\n"),
        (b"]}", b"]} "),
        (b"]}", b"]}{}"),
        (b"]}", b"]"),
    ],
)
def test_a_line_that_was_never_written_like_that_is_refused(old: bytes, new: bytes) -> None:
    line = STOP_LINE.replace(old, new, 1)
    assert line != STOP_LINE

    with pytest.raises(LedgerEntryError):
        decode(line)
    with pytest.raises(LedgerEntryError):
        place(line)


@pytest.mark.parametrize("line", [b"", b"{}", b"null", b"[]", b'"', b"[" * 60_000, b'{"v":1,"index":0,"kind":"stop"}'])
def test_what_is_no_entry_at_all_is_refused(line: bytes) -> None:
    with pytest.raises(LedgerEntryError):
        decode(line)


@given(data=st.data())
@settings(max_examples=150)
def test_the_quick_look_at_an_opposition_accepts_nothing_that_a_full_reading_refuses(data: st.DataObject) -> None:
    line = bytearray(STOP_LINE)
    for _ in range(data.draw(st.integers(min_value=0, max_value=3))):
        position = data.draw(st.integers(min_value=0, max_value=len(line) - 1))
        line[position : position + data.draw(st.integers(0, 1))] = data.draw(st.sampled_from(_BITS))
    quick = _OPPOSITION_LINE.fullmatch(bytes(line))

    if quick is not None:
        entry = decode(bytes(line))
        assert (int(quick[1]), quick[2].decode()) == (entry.index, entry.kind)


_BITS = [b"", *(bytes([byte]) for byte in b'0123456789aAzZ",:.-\\{}[] \n\x00\x7f\xff')]


@pytest.mark.parametrize("month", range(1, 13))
def test_the_quick_look_knows_how_long_a_month_is(month: int) -> None:
    for day in range(33):
        line = STOP_LINE.replace(b"2026-11-23", b"2026-%02d-%02d" % (month, day))
        try:
            datetime(2026, month, day, tzinfo=UTC)
        except ValueError:
            with pytest.raises(LedgerEntryError):
                place(line)
        else:
            assert place(line) == (41, "stop")
            assert _OPPOSITION_LINE.fullmatch(line)


def test_a_leap_day_is_a_day() -> None:
    assert place(STOP_LINE.replace(b"2026-11-23", b"2028-02-29")) == (41, "stop")


def test_a_line_longer_than_a_16_bit_length_is_neither_written_nor_read() -> None:
    room = ENTRY_MAX_BYTES - len(encode(msgspec.structs.replace(NOTE, detail={"a": ""})))
    fits = msgspec.structs.replace(NOTE, detail={"a": "x" * room})

    assert len(encode(fits)) == ENTRY_MAX_BYTES
    with pytest.raises(LedgerEntryError):
        encode(msgspec.structs.replace(NOTE, detail={"a": "x" * (room + 1)}))


@pytest.mark.parametrize(
    "entry",
    [
        msgspec.structs.replace(STOP, index=-1),
        msgspec.structs.replace(STOP, index=2**63),
        msgspec.structs.replace(STOP, index=2**64),
        msgspec.structs.replace(STOP, connection=""),
        msgspec.structs.replace(STOP, connection="\ud800"),
        msgspec.structs.replace(STOP, message="00" * 15),
        msgspec.structs.replace(STOP, person="00" * 31),
        msgspec.structs.replace(STOP, flags=["late"]),
        msgspec.structs.replace(NOTE, kind="stop"),
        msgspec.structs.replace(NOTE, kind="Not a slug"),
        msgspec.structs.replace(NOTE, detail={"a": 1}),
    ],
)
def test_an_entry_that_could_not_be_read_back_is_not_written(entry: Entry) -> None:
    with pytest.raises(LedgerEntryError):
        encode(entry)


@pytest.mark.parametrize(
    ("field", "value"), [("at", "no day"), ("recorded", NOW[:-1]), ("person", "x"), ("message", "A0")]
)
def test_an_opposition_with_a_malformed_instant_or_digest_cannot_be_made(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        msgspec.structs.replace(STOP, **{field: value})


@pytest.mark.parametrize("changes", [{"evaluated_at": 43}, {"cleared": 5}, {"batch": "zz" * 16}])
def test_a_check_that_contradicts_itself_cannot_be_made(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        msgspec.structs.replace(CHECK, **changes)


def test_counts_that_do_not_add_up_cannot_be_made_or_read() -> None:
    with pytest.raises(ValueError, match="add up"):
        Counts(submitted=10, allowed=9)
    with pytest.raises(LedgerEntryError):
        decode(CHECK_LINE.replace(b'"submitted":10', b'"submitted":11'))


def test_errors_repeat_nothing_of_the_line() -> None:
    with pytest.raises(LedgerEntryError) as caught:
        decode(STOP_LINE.replace(b'"flags"', b'"33639980001":1,"flags"').replace(b"opposed", b"33639980002"))

    assert not re.search(r"\d{5}", str(caught.value))
    assert caught.value.__suppress_context__


def test_instants_are_spelled_in_utc_with_six_decimals() -> None:
    paris = timezone(timedelta(hours=1))

    assert timestamp(datetime(2026, 11, 23, 10, 0, tzinfo=paris)) == NOW
    assert timestamp(datetime(2026, 11, 23, 9, 0, 0, 7, tzinfo=UTC)) == "2026-11-23T09:00:00.000007Z"
    with pytest.raises(ValueError, match="time zone"):
        timestamp(datetime(2026, 11, 23, 9, 0))  # noqa: DTZ001 - a naive instant is the point


def test_a_person_is_the_salted_hash_of_the_tag() -> None:
    salt = bytes(range(16))

    assert person_commitment(salt, -2) == hashlib.sha256(salt + b"\xff" * 7 + b"\xfe").hexdigest()
    assert person_commitment(salt, 5) == hashlib.sha256(salt + b"\x00" * 7 + b"\x05").hexdigest()
    assert person_commitment(bytes(16), 5) != person_commitment(salt, 5)
    with pytest.raises(ValueError, match="16 bytes"):
        person_commitment(b"", 5)


WORDS = st.one_of(
    st.sampled_from(["mo", "", "a,b", "x" * 65]), st.text(max_size=8), st.text('"\\{}[]:,%s \n', max_size=8)
)


@settings(max_examples=400, deadline=None)
@given(
    words=st.tuples(*[WORDS] * 6),
    code=st.one_of(st.none(), WORDS),
    flags=st.lists(WORDS, max_size=3),
    index=st.integers(-1, 2**63),
)
def test_a_line_put_together_is_the_line_that_is_encoded(words, code, flags, index):
    """Whatever the values hold: quotes, escapes, another field's name, nothing at all."""
    connection, basis, intent, rule, classifier, _ = words
    values = {
        "index": index, "kind": "stop", "recorded": NOW, "at": NOW, "connection": connection, "message": "0a" * 16,
        "person": "fe" * 32, "code": code, "basis": basis, "candidates": 1, "intent": intent, "rule": rule,
        "classifier": classifier, "effect": "opposed", "flags": tuple(flags),
    }  # fmt: skip

    assert outcome(encode_opposition, values) == outcome(lambda **given: encode(OppositionEntry(**given)), values)


def test_a_value_cannot_pass_for_several_fields():
    smuggled = (
        'a","basis":"b","candidates":1,"intent":"STOP","rule":"r","classifier":"c","effect":"opposed","flags":["f'
    )
    values = {name: getattr(STOP, name) for name in STOP.__struct_fields__ if name != "v"} | {"rule": smuggled}

    assert outcome(encode_opposition, values) == outcome(lambda **given: encode(OppositionEntry(**given)), values)


def outcome(write, values: dict) -> bytes | type[Exception]:
    try:
        return write(**values)
    except (LedgerEntryError, ValueError) as error:
        return type(error)
