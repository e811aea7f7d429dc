"""A message to more senders than one transaction may lock: in parts, each carried out once. Pure."""

from collections.abc import Sequence

import msgspec

from app.appends import Effect, Message


def parts_of(message: Message, wishes_max: int) -> list[Message]:
    """Return the message in parts of so many wishes, in sender order; one that is small enough stays whole."""
    wishes = sorted(message.wishes, key=lambda wish: wish.sender_id)
    if len(wishes) <= wishes_max:
        return [message]
    starts = range(0, len(wishes), wishes_max)
    return [
        msgspec.structs.replace(
            message,
            wishes=tuple(wishes[start : start + wishes_max]),
            part="first" if start == 0 else "last" if start == starts[-1] else "more",
        )
        for start in starts
    ]


def left_of(message: Message, effects: Sequence[Effect]) -> Message:
    """Return the message without the wishes that an earlier, interrupted delivery has carried out."""
    done = {effect.sender_id for effect in effects}
    return msgspec.structs.replace(message, wishes=tuple(w for w in message.wishes if w.sender_id not in done))
