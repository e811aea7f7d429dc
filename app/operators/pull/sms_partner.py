"""SMS Partner: the list of STOPs (research/operators.md 21, 22).

Documented at docpartner.dev: `GET https://api.smspartner.fr/v1/stop-sms/list?apiKey=…` answers {success, code, nbData,
data: [{id, phoneNumber, createdAt}]}, and {success: false, code, message} for a wrong key. `phoneNumber` is "+33…";
`createdAt` has no zone, taken for Paris as everywhere in this French interface (not documented). No paging is.
"""

from datetime import datetime
from urllib.parse import urlencode

import msgspec

from app.operators import values
from app.operators.charsets import clean
from app.operators.model import Connection, Message
from app.operators.pull.model import Item, PullError

PARIS = "Europe/Paris"


class Listed(msgspec.Struct):
    """One line."""

    phoneNumber: str  # noqa: N815 - the provider's name
    id: int | str | None = None
    createdAt: str | None = None  # noqa: N815 - the provider's name


class Answer(msgspec.Struct):
    """The whole list."""

    success: bool = False
    data: list[Listed] | None = None


class SmsPartner:
    """One account."""

    name = "sms_partner"
    hosts = ("api.smspartner.fr",)
    prefix = "/v1"

    def lists(self, connection: Connection, now: datetime) -> tuple[str, ...]:
        """Ask for the one list; the interface wants its key in the query, by https."""
        del now
        if not connection.secrets:
            raise PullError("SMS Partner needs its API key: --secret KEY.")
        return (f"/stop-sms/list?{urlencode({'apiKey': connection.secrets[0]})}",)

    def headers(self, connection: Connection, url: str, now: datetime) -> dict[str, str]:
        """Prove nothing here: the key is in the query."""
        del connection, url, now
        return {}

    def items(self, connection: Connection, path: str, body: bytes) -> list[Item]:
        """Read the lines."""
        del path
        try:
            answer = msgspec.json.decode(body, type=Answer)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise PullError("SMS Partner answered with something that is not its list of STOPs.") from None
        if not answer.success:
            raise PullError("SMS Partner refused: the API key is missing or wrong.")
        return [self._item(connection, line) for line in answer.data or ()]

    def message(self, connection: Connection, item: Item, body: bytes) -> Message | None:
        """Return what the list has said already."""
        del connection, body
        return item.message

    def _item(self, connection: Connection, line: Listed) -> Item:
        zone = str(connection.config.get("zone") or PARIS)
        stop = Message(
            msisdn=values.number(line.phoneNumber),
            msisdn_text=clean(line.phoneNumber),
            short_code=values.short_code("", "", connection.config),
            destination="",
            text=None,
            message_id=f"stop:{line.id}" if line.id is not None else None,
            received_at=values.instant(line.createdAt or "", zone),
            account=str(connection.config.get("account") or self.name),
        )
        return Item(f"{line.phoneNumber}:{line.id}:{line.createdAt}", stop)


SOURCE = SmsPartner()
