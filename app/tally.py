"""What this process has committed of late, counted as it goes by; counting never waits and never fails.

The breakers look at it every few seconds. What a crash forgets here they find in the database at their next sweep.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec

from app.appends import Message
from app.attribution import FANNED_OUT

COUNTED = ("STOP", "START")
BY_WEBHOOK = "mo"
MINUTE = timedelta(minutes=1)


class Taken(msgspec.Struct, frozen=True):
    """Senders that a STOP concerned, and (connection, minute, intent) -> how many messages."""

    senders: frozenset[int]
    messages: dict[tuple[int, datetime, str], int]


class Tally:
    """Counts since they were last taken; bounded by what there is of senders, connections and minutes."""

    def __init__(self) -> None:
        self._senders: set[int] = set()
        self._messages: Counter[tuple[int, datetime, str]] = Counter()
        self._minute = datetime.min.replace(tzinfo=UTC)
        self._end = self._minute

    def count(self, message: Message) -> None:
        """Count a message that was committed for the first time."""
        if message.source == BY_WEBHOOK and message.intent in COUNTED:
            self._messages[message.connection_id, self._minute_of(message.received_at), message.intent] += 1
        if message.basis not in FANNED_OUT:
            self._senders.update([wish.sender_id for wish in message.wishes if wish.opposes])

    def _minute_of(self, moment: datetime) -> datetime:
        """Return the minute of a moment; nearly always it is that of the moment before."""
        if not self._minute <= moment < self._end:
            self._minute = moment.replace(second=0, microsecond=0)
            self._end = self._minute + MINUTE
        return self._minute

    def take(self) -> Taken:
        """Return what was counted, and begin anew."""
        taken = Taken(frozenset(self._senders), dict(self._messages))
        self._senders.clear()
        self._messages.clear()
        return taken

    def put_back(self, taken: Taken) -> None:
        """Count again what could not be used."""
        self._senders |= taken.senders
        self._messages.update(taken.messages)
