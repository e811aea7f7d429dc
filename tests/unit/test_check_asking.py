"""What a call of POST /v1/checks says, in its headers, its query and its body."""

import json
import tracemalloc

import pytest

from app.check.asking import asked, prefers_text, question, read_batch
from app.errors import InvalidValueError, TooLargeError, UnsupportedTypeError

KEY = bytes(32)


@pytest.mark.parametrize(
    ("accept", "text"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("text/plain", True),
        ("Text/Plain; charset=utf-8", True),
        ("text/plain, application/json", False),
        ("text/plain, application/json;q=0.5", True),
        ("application/json;q=0.1, text/plain;q=0.05", False),
        ("text/plain;q=0", False),
        ("text/plain, */*;q=0.1", True),
        ("text/*", False),
        ("text/html, text/plain;q=0.9, */*;q=0.8", True),
        ("text/plain;q=zero", True),
        (",;q=,/", False),
    ],
)
def test_json_is_answered_unless_lines_are_liked_better(accept: str, *, text: bool) -> None:
    assert prefers_text(accept) is text


@pytest.mark.parametrize("kind", ["text/plain", "TEXT/PLAIN; charset=UTF-8", 'text/plain;charset="utf-8"'])
def test_lines_are_told_by_their_type(kind: str) -> None:
    assert asked({"content-type": kind}, b"", b"").lines


@pytest.mark.parametrize("kind", ["", "application/json", "application/x-www-form-urlencoded", "text/csv"])
def test_everything_else_is_read_as_json(kind: str) -> None:
    assert not asked({"content-type": kind}, b"", b"").lines


def test_lines_in_wide_characters_are_refused() -> None:
    with pytest.raises(UnsupportedTypeError):
        asked({"content-type": "text/plain; charset=utf-16"}, b"", b"")


def test_parameters_of_lines_come_in_the_query() -> None:
    query = (
        b"sender=salon&campaign=soldes%20d%27hiver&send_minutes=30&drill=true&template=t1&send_at=2026-11-23T09:00:00Z"
    )
    fields = question(asked({"content-type": "text/plain"}, query + b"&as=allowed&mode=screen", b"")).fields
    assert (fields.sender, fields.campaign, fields.send_minutes, fields.drill) == ("salon", "soldes d'hiver", 30, True)
    assert fields.send_at is not None


@pytest.mark.parametrize(
    "query",
    [b"as=alowed", b"mode=send", b"as=allowed&as=allowed", b"campaign=%ff", b"a&" * 40, b"text=STOP", b"\xff=1"],
)
def test_a_query_that_cannot_be_meant_is_refused(query: bytes) -> None:
    with pytest.raises(InvalidValueError):
        question(asked({"content-type": "text/plain"}, query, b""))


def test_a_parameter_beside_a_json_body_is_refused_rather_than_ignored() -> None:
    with pytest.raises(InvalidValueError):
        question(asked({}, b"campaign=x", b'{"numbers":[]}'))


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
def test_an_idempotency_key_is_some_plain_characters(key: str) -> None:
    with pytest.raises(InvalidValueError):
        asked({"idempotency-key": key}, b"", b"")


@pytest.mark.parametrize("lines", [True, False])
def test_numbers_are_counted_before_they_are_read(*, lines: bool) -> None:
    """Read first, 32 MB of empty lines would fill gigabytes."""
    body = b"\n" * 30_000_000 if lines else b'{"numbers":[' + b'"",' * 9_999_999 + b'""]}'
    call = asked({"content-type": "text/plain" if lines else ""}, b"", body)
    asked_about = question(call)
    tracemalloc.start()
    with pytest.raises(TooLargeError):
        read_batch(1_000_000, asked_about, KEY)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_escaped_quotes_are_not_counted_as_numbers() -> None:
    texts = ['"' * 40, '06"39', "\\", "0639980001"]
    call = asked({}, b"", json.dumps({"numbers": texts}).encode())
    assert len(read_batch(len(texts), question(call), KEY).numbers) == len(texts)


def test_a_last_line_counts_with_and_without_its_end() -> None:
    for body in (b"0639980001\n0639980002\n", b"0639980001\n0639980002"):
        call = asked({"content-type": "text/plain"}, b"", body)
        assert len(read_batch(2, question(call), KEY).numbers) == 2
        with pytest.raises(TooLargeError):
            read_batch(1, question(call), KEY)
