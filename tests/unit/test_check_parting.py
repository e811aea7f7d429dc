"""A long JSON body is read in pieces, and reads as it would in one."""

import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.check import asking, parting
from app.check.asking import asked, question
from app.check.parting import parted

ODD = st.sampled_from(
    [
        "+33639980001",
        "06 39 98 00 02",
        ",",
        '"',
        '","',
        "]",
        "[",
        "\\",
        '\\"',
        '","x',
        '"numbers":[',
        "é",
        "\n",
        "",
        "{",
    ]
)
VALUES = st.one_of(ODD, st.text(max_size=8), st.integers(), st.none(), st.lists(ODD, max_size=3))
LISTS = st.one_of(st.lists(ODD, max_size=30), st.lists(VALUES, max_size=10))
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")])
WHOLE = msgspec.json.Decoder(asking.CheckRequest)


@pytest.fixture(autouse=True, scope="module")
def _small_pieces():
    with pytest.MonkeyPatch.context() as small:
        small.setattr(parting, "PIECE_BYTES", 24)
        small.setattr(asking, "PARTED_BYTES", 0)
        yield


def read(decode, body: bytes) -> tuple[object, object] | None:
    """Fields and numbers, or None where it is refused."""
    try:
        found = decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    fields = found.fields if isinstance(found, asking.Question) else found
    raw = found.raw if isinstance(found, asking.Question) else bytes(found.numbers)
    return msgspec.structs.astuple(fields)[:-1], raw


def agree(body: bytes) -> None:
    assert read(lambda sent: question(asked({}, b"", sent)), body) == read(WHOLE.decode, body)


@given(numbers=LISTS, before=ODD, after=ODD, separators=SEPARATORS, ascii_only=st.booleans())
@example(numbers=["a", ",", "b"] * 20, before="x", after="[x]", separators=(",", ":"), ascii_only=True)
@example(numbers=['","'] * 20, before='"numbers":["', after="]", separators=(",", ":"), ascii_only=True)
@example(numbers=[["a", "b"], "c"] * 10, before="x", after="x", separators=(",", ":"), ascii_only=True)
def test_in_pieces_it_reads_as_in_one(numbers, before, after, separators, ascii_only):
    body = {"campaign": before, "numbers": numbers, "text": after}
    agree(json.dumps(body, separators=separators, ensure_ascii=ascii_only).encode())


@given(
    numbers=LISTS,
    place=st.integers(0, 10_000),
    change=st.sampled_from([b"", b'"', b",", b"]", b"\\", b"\x00", b"\xff"]),
)
def test_what_is_no_json_is_none_in_pieces_either(numbers, place, change):
    body = json.dumps({"campaign": "x", "numbers": numbers, "text": "y"}).encode()
    place %= len(body)
    agree(body[:place] + change + body[place + 1 :])


@pytest.mark.parametrize(
    "body",
    [
        b'{"numbers":["a"],"numbers":["b"]}',
        b'{"numbers":["a"],"numbers":[]}',
        b'{"numbers":["a"],"n\\u0075mbers":[0]}',
        b'{"numbers":["a"],"n\\u0075mbers":[0,0],"text":"[0]"}',
        b'{"x\\"numbers":["a"]}',
        b'{"text":"\\"numbers\\":[","numbers":["a"]}',
        b'{"numbers":{"numbers":["a"]}}',
        b'{"numbers":["a"',
        b'["numbers",["a"]]',
        b'{"numbers":["a",]}',
        b'{"numbers":["a"]]}',
        b"[" * 5_000 + b'"numbers":[]',
    ],
)
def test_unusual_bodies_read_as_in_one(body: bytes):
    try:
        agree(body)
    except RecursionError:
        with pytest.raises(RecursionError):
            WHOLE.decode(body)


def test_long_fields_beside_the_numbers_are_left_to_the_whole():
    """Else somebody could write every mark there is into one, and a free one would be looked for without end."""
    assert parted(b'{"numbers":["a"],"text":"' + b"x" * parting.FIELDS_BYTES + b'"}') is None
    assert parted(b'{"text":"' + b"x" * parting.FIELDS_BYTES + b'","numbers":["a"]}') is None


def test_an_ordinary_body_is_parted_indeed():
    numbers = [f"+3363998{n:04d}" for n in range(500)]
    parts = parted(json.dumps({"campaign": "x", "numbers": numbers, "text": "y"}).encode())

    assert parts is not None
    assert json.loads(parts.numbers) == numbers
    assert json.loads(parts.rest) == {"campaign": "x", "numbers": [0], "text": "y"}
