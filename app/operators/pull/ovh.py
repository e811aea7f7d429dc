"""OVHcloud SMS: the black list and the answers of one SMS service (research/operators.md 7).

Documented in the console of the API (api.ovh.com/console, section /sms): `GET /sms/{serviceName}/blacklists` is a list
of numbers, `…/blacklists/{number}` is {number, dateCreation}; `GET /sms/{serviceName}/incoming` is a list of ids,
`…/incoming/{id}` is {id, sender, message, creationDatetime, credits, tag}. Times carry an offset. How numbers are
spelled is not documented; answers were seen with "+33…". An answer does not name the code it was sent to.

The signature is in OVHcloud's "First steps with the API": "$1$" and the hexadecimal SHA-1 of application secret,
consumer key, method, URL, body and Unix time, joined by "+". The time must be OVHcloud's within some seconds.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from app.operators import values
from app.operators.charsets import clean
from app.operators.model import Connection, Message
from app.operators.pull.model import Item, PullError

_SECRETS = 2  # application secret, consumer key
_LOOK_BACK = timedelta(days=30)
_BLACKLISTS, _INCOMING = "blacklists", "incoming"


def signature(secret: str, consumer: str, method: str, url: str, body: str, stamp: str) -> str:
    """Return the signature of one request; `stamp` is its Unix time in seconds."""
    signed = f"{secret}+{consumer}+{method}+{url}+{body}+{stamp}"
    return "$1$" + hashlib.sha1(signed.encode()).hexdigest()  # noqa: S324 - the provider's scheme


class Ovh:
    """One SMS service."""

    name = "ovh"
    hosts = ("eu.api.ovh.com", "ca.api.ovh.com", "api.us.ovhcloud.com")
    prefix = "/1.0"

    def lists(self, connection: Connection, now: datetime) -> tuple[str, ...]:
        """Ask for the black list, and for the answers of the last 30 days."""
        service = self._service(connection)
        if len(connection.secrets) != _SECRETS or not connection.config.get("application_key"):
            raise PullError("OVHcloud needs --secret APPLICATION_SECRET --secret CONSUMER_KEY and an application_key.")
        since = urlencode({"creationDatetime.from": (now - _LOOK_BACK).strftime("%Y-%m-%dT%H:%M:%S+00:00")})
        return f"/sms/{service}/{_BLACKLISTS}", f"/sms/{service}/{_INCOMING}?{since}"

    def headers(self, connection: Connection, url: str, now: datetime) -> dict[str, str]:
        """Sign a GET, whose body is empty."""
        secret, consumer = connection.secrets
        stamp = str(int(now.timestamp()))
        return {
            "x-ovh-application": str(connection.config["application_key"]),
            "x-ovh-consumer": consumer,
            "x-ovh-timestamp": stamp,
            "x-ovh-signature": signature(secret, consumer, "GET", url, "", stamp),
        }

    def items(self, connection: Connection, path: str, body: bytes) -> list[Item]:
        """Read the numbers of the black list, or the ids of the answers."""
        listed = _decoded(body, list[str | int])
        bare = path.partition("?")[0]
        if bare.endswith(_INCOMING):
            return [Item(f"{_INCOMING}:{one}", None, f"{bare}/{one}") for one in map(int, listed)]
        return [
            Item(f"{_BLACKLISTS}:{one}", self._stop(connection, str(one)), f"{bare}/{quote(str(one), safe='')}")
            for one in listed
        ]

    def message(self, connection: Connection, item: Item, body: bytes) -> Message | None:
        """Read since when a number is on the black list, or what an answer says."""
        found = _decoded(body, dict[str, Any])
        if item.message is not None:
            at = values.instant(str(found.get("dateCreation") or ""))
            return msgspec.structs.replace(item.message, received_at=at)
        sender = str(found.get("sender") or "")
        if not sender:
            return None
        return Message(
            msisdn=values.number(sender),
            msisdn_text=clean(sender),
            short_code=values.short_code("", "", connection.config),
            destination="",
            text=clean(str(found.get("message") or "")),
            message_id=item.key,
            received_at=values.instant(str(found.get("creationDatetime") or "")),
            account=self._service(connection),
        )

    def _stop(self, connection: Connection, text: str) -> Message:
        return Message(
            msisdn=values.number(text),
            msisdn_text=clean(text),
            short_code=values.short_code("", "", connection.config),
            destination="",
            text=None,
            account=self._service(connection),
        )

    def _service(self, connection: Connection) -> str:
        service = str(connection.config.get("service_name") or "")
        if not service or quote(service, safe="") != service:
            raise PullError("OVHcloud needs a service_name, such as sms-ab12345-1, in --config.")
        return service


def _decoded(body: bytes, kind: Any) -> Any:  # noqa: ANN401 - a type and a value of it
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise PullError("OVHcloud answered with something that is not the list that its interface documents.") from None


SOURCE = Ovh()
