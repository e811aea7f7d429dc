"""Who is opposed: a pure function of the set of a person's events, whatever their order of arrival (D16).

Per code and connection only the latest STOP and the latest START matter, so the set is kept as these marks. A START
lifts the STOPs of its code when it is later than every one of them: strictly on the same connection, by more than
five minutes across connections, whose clocks need not agree. Other channels use the code "*": an opposition through
one of them is lifted only through one of them, and a documented opt-in there lifts every earlier STOP.

A message that a person must read keeps a mark of its own, named by its review item: a doubtful STOP stands until
somebody decides, a doubtful START does not. The latest decision counts. "Oppose" makes the message a STOP of its own
time. "Lift" takes a doubtful STOP back, and nothing else, or makes any other message a START of its own time.
"""

from datetime import UTC, datetime

import msgspec

ACROSS_CONNECTIONS_MICROSECONDS = 5 * 60 * 1_000_000
ANY_CODE = "*"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """The latest STOP and START of one person and sender on one code and connection, in microseconds UTC.

    With an item other than 0 it is one message under review; the last two fields are the latest decisions about it.
    """

    code: str
    connection: int
    stop_at: int | None = None
    start_at: int | None = None
    item: int = 0
    opposed_at: int | None = None
    lifted_at: int | None = None


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


def with_doubtful_stop(history: History, code: str, connection: int, at: datetime, item: int) -> History:
    """Return the history with one more STOP that stands until a person decides."""
    return _merged(history, Mark(code, connection, stop_at=microseconds(at), item=item))


def with_decision(history: History, mark: Mark) -> History:
    """Return the history with one more decision about a message under review."""
    return _merged(history, mark)


def item_of(dedupe: bytes) -> int:
    """Name a message under review by its dedupe key: 63 bits, never 0."""
    return int.from_bytes(dedupe[:8], "big") >> 1 or 1


def opposed(history: History) -> bool:
    """Tell whether any STOP stands that no START lifts."""
    if len(history) == 1 and history[0].start_at is None and not history[0].item:
        return history[0].stop_at is not None  # nearly everybody: one STOP, and nothing since
    read = tuple(_as_decided(mark) for mark in history)
    return any(_stands(stop, read) for stop in read if stop.stop_at is not None)


def microseconds(at: datetime) -> int:
    """Return whole microseconds since 1970, exactly (a float would round)."""
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _as_decided(mark: Mark) -> Mark:
    """Return a message under review as what it counts for now; other marks as they are."""
    if not mark.item:
        return mark
    said, decided = _latest(mark.stop_at, mark.start_at), _latest(mark.opposed_at, mark.lifted_at)
    if decided is None or (said is not None and said > decided):
        return Mark(mark.code, mark.connection, stop_at=mark.stop_at, item=mark.item)
    if decided == mark.opposed_at:
        return Mark(mark.code, mark.connection, stop_at=said, item=mark.item)
    return Mark(mark.code, mark.connection, start_at=mark.start_at, item=mark.item)


def _stands(stop: Mark, history: History) -> bool:
    codes = {stop.code, ANY_CODE}
    rivals = [mark for mark in history if mark.stop_at is not None and mark.code == stop.code]
    starts = [mark for mark in history if mark.start_at is not None and mark.code in codes]
    return not any(all(_later(start, rival) for rival in rivals) for start in starts)


def _later(start: Mark, stop: Mark) -> bool:
    # A person who read the message has judged the clocks too; other channels have only ours.
    one_clock = start.connection == stop.connection or start.code == ANY_CODE or start.item != 0
    margin = 0 if one_clock else ACROSS_CONNECTIONS_MICROSECONDS
    return (start.start_at or 0) > (stop.stop_at or 0) + margin


def _merged(history: History, news: Mark) -> History:
    if not history:
        return (news,)
    old = next((mark for mark in history if _key(mark) == _key(news)), news)
    merged = Mark(
        news.code,
        news.connection,
        _latest(old.stop_at, news.stop_at),
        _latest(old.start_at, news.start_at),
        news.item,
        _latest(old.opposed_at, news.opposed_at),
        _latest(old.lifted_at, news.lifted_at),
    )
    others = [mark for mark in history if _key(mark) != _key(news)]
    # Sorted, so that the same set of events gives the same bytes.
    return tuple(sorted([*others, merged], key=_key))


def _key(mark: Mark) -> tuple[str, int, int]:
    return mark.code, mark.connection, mark.item


def _latest(first: int | None, second: int | None) -> int | None:
    return max((at for at in (first, second) if at is not None), default=None)
