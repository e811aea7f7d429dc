"""Who is opposed: a pure function of the set of a person's events, whatever their order of arrival (D16).

Per code and connection only the latest STOP and the latest START matter, so the set is kept as these marks. A START
lifts the STOPs of its code when it is later than every one of them: strictly on the same connection, by more than
five minutes across connections, whose clocks need not agree. Other channels use the code "*": an opposition through
one of them is lifted only through one of them, and a documented opt-in there lifts every earlier STOP.
"""

from datetime import UTC, datetime

import msgspec

ACROSS_CONNECTIONS_MICROSECONDS = 5 * 60 * 1_000_000
ANY_CODE = "*"


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """The latest STOP and START of one person and sender on one code and connection, in microseconds UTC."""

    code: str
    connection: int
    stop_at: int | None = None
    start_at: int | None = None


History = tuple[Mark, ...]
_DECODER = msgspec.msgpack.Decoder(tuple[Mark, ...])
_ENCODER = msgspec.msgpack.Encoder()


def decode(history: bytes) -> History:
    """Read a stored history."""
    return _DECODER.decode(history)


def encode(history: History) -> bytes:
    """Write a history to be stored."""
    return _ENCODER.encode(history)


def with_stop(history: History, code: str, connection: int, at: datetime) -> History:
    """Return the history with one more STOP."""
    return _merged(history, Mark(code, connection, stop_at=microseconds(at)))


def with_start(history: History, code: str, connection: int, at: datetime) -> History:
    """Return the history with one more START that is entitled to lift."""
    return _merged(history, Mark(code, connection, start_at=microseconds(at)))


def opposed(history: History) -> bool:
    """Tell whether any STOP stands that no START lifts."""
    return any(_stands(stop, history) for stop in history if stop.stop_at is not None)


def microseconds(at: datetime) -> int:
    """Return whole microseconds since 1970, exactly (a float would round)."""
    since = at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _stands(stop: Mark, history: History) -> bool:
    codes = {stop.code, ANY_CODE}
    rivals = [mark for mark in history if mark.stop_at is not None and mark.code == stop.code]
    starts = [mark for mark in history if mark.start_at is not None and mark.code in codes]
    return not any(all(_later(start, rival) for rival in rivals) for start in starts)


def _later(start: Mark, stop: Mark) -> bool:
    same_source = start.connection == stop.connection or start.code == ANY_CODE
    margin = 0 if same_source else ACROSS_CONNECTIONS_MICROSECONDS
    return (start.start_at or 0) > (stop.stop_at or 0) + margin


def _merged(history: History, news: Mark) -> History:
    key = (news.code, news.connection)
    old = next((mark for mark in history if (mark.code, mark.connection) == key), Mark(*key))
    merged = Mark(*key, _latest(old.stop_at, news.stop_at), _latest(old.start_at, news.start_at))
    others = [mark for mark in history if (mark.code, mark.connection) != key]
    # Sorted, so that the same set of events gives the same bytes.
    return tuple(sorted([*others, merged], key=lambda mark: (mark.code, mark.connection)))


def _latest(first: int | None, second: int | None) -> int | None:
    return max((at for at in (first, second) if at is not None), default=None)
