"""What makes two deliveries the same message (D13), as canonical bytes for a keyed digest: they hold a number."""

from app.operators.model import Connection, Message

_VERSION = b"mo-1"


def dedupe_parts(message: Message, connection: Connection) -> bytes:
    """Return number, short code and text (or STOP event) of a message, with its own id, else its time, if any.

    Number, code and text are always there: some ids are those of the MT or campaign and come back with another
    person's STOP, or with a STOP after a CONTACT. Every field carries its length, so that no two join to the same.
    """
    number = str(message.msisdn) if message.msisdn is not None else f"?{message.msisdn_text}"
    code = message.short_code if message.short_code is not None else f"?{message.destination}"
    wish = "stop-event" if message.text is None else f"text:{message.text}"
    part = ":".join(map(str, message.part or ()))
    time = message.received_at.isoformat() if message.received_at else ""
    own = f"id:{message.message_id}" if message.message_id else f"at:{time}"
    fields = [
        _VERSION,
        *(field.encode("utf-8", "replace") for field in (connection.slug, number, code, wish, part, own)),
    ]
    return b"".join([len(field).to_bytes(4, "big") + field for field in fields])
