"""What every provider speaks: a request as it came in, a connection as it is set up, and what was made of the two."""

from datetime import datetime
from typing import Any, Protocol

import msgspec

from app.intent import Intent


class Request(msgspec.Struct, frozen=True):
    """One HTTP request, untouched: signatures are checked against these bytes before anything is parsed."""

    method: str
    path: str  # as sent, percent-encoded
    query: bytes = b""  # raw, without "?"
    headers: dict[str, str] = {}  # names in lower case
    body: bytes = b""
    peer: str = ""  # address of the caller, "" when unknown


class Connection(msgspec.Struct, frozen=True):
    """One configured source of messages: its provider, what proves a call, and what its calls leave unsaid.

    ``secrets`` are the active ones, two at most while they are being changed: signing secrets, Basic passwords
    or further tokens. ``config`` knows, all optional:

    ========================  =====================================================================================
    ``default_code``          short code when the request names none ("36200")
    ``codes``                 channel id, or destination as sent, to short code
    ``zone``                  IANA zone of times without offset, instead of the provider's
    ``charset``               charset of form and query values, instead of the declared one
    ``kind``                  "message" or "stop" (a STOP event: number and time, no text)
    ``flag``                  "STOP" where the provider calls this address for opt-outs only
    ``public_url``            what the provider calls, or its origin; the only base of URL signatures
    ``scheme``                "token", "basic" or "addresses" for an account whose provider does not sign; else its own
    ``username``              Basic; ``token_header``, ``token_param``: where a token stands if not in the path
    ``addresses``             networks that may call ("51.159.7.123", "2001:db8::/32")
    ``method``                Vonage: md5hash, md5, sha1, sha256 or sha512
    ``public_key``            Telnyx: one key or a list, base64
    ``certificates``          Amazon SNS: SigningCertURL to PEM, each fetched and judged beforehand
    ``topic_arn``             Amazon SNS: the topic, or a list
    ``get_url``               Kannel: the get-url of the sms-service, if its parameter names are not ours
    ========================  =====================================================================================
    """

    slug: str
    provider: str
    secrets: tuple[str, ...] = ()
    token: str | None = None
    config: dict[str, Any] = {}


class Authentic(msgspec.Struct, frozen=True):
    """The request carries its connection's proof. ``stale``: signed outside the provider's window, still applied."""

    scheme: str
    stale: bool = False


class Message(msgspec.Struct, frozen=True):
    """One message of one person; ``text`` is None for a STOP event, which has none."""

    msisdn: int | None  # None: no number can be made out of msisdn_text
    msisdn_text: str
    short_code: str | None
    destination: str  # as sent
    text: str | None
    message_id: str | None = None  # only an id that no other message can have
    received_at: datetime | None = None  # the provider's time, UTC
    flag: Intent | None = None  # the provider's own reading, beside ours and never against it
    account: str | None = None
    in_reply_to: str | None = None  # id of the MT or campaign
    part: tuple[str, int, int] | None = None  # reference, number from 1, total
    given_id: str | None = None  # what the provider calls the id, unique or not: for people, never for deduplication
    position: int = 0  # in the request, from 0; shares its count with Unreadable.position


class Unreadable(msgspec.Struct, frozen=True):
    """What could not be read: the whole body, or one element of a batch, written as JSON (empty if it cannot be)."""

    position: int
    reason: str
    raw: bytes


class Decoded(msgspec.Struct, frozen=True):
    """Everything one request holds; ``control`` is a URL that a person may decide to open once (Amazon SNS)."""

    messages: tuple[Message, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    control: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """The provider's own success form; an empty ``content_type`` means that the header is left out."""

    status: int
    content_type: str
    body: bytes = b""


class Outcome(msgspec.Struct, frozen=True):
    """What became of one position of a request: a signed receipt, and the text that goes back to the person."""

    position: int
    receipt: str | None = None
    reply: str | None = None


class Provider(Protocol):
    """One provider's way of proving, saying and being answered. Pure: no I/O, and the clock comes in."""

    @property
    def name(self) -> str:
        """The provider's name in connections."""

    @property
    def can_reply(self) -> bool:
        """Whether the answer's body can carry a text back to the person."""

    @property
    def gives_receipts(self) -> bool:
        """Whether the answer holds the receipts; for the others none is signed."""

    def authenticate(self, request: Request, connection: Connection, now: datetime) -> Authentic:
        """Check the raw bytes; BadSignatureError when the proof is missing or wrong, never for age."""

    def decode(self, request: Request, connection: Connection) -> Decoded:
        """Read every message; never raises, what cannot be read is handed back as such."""

    def acknowledge(self, request: Request, connection: Connection, outcomes: tuple[Outcome, ...]) -> Answer:
        """Return the success form, once everything that was decoded is committed or in quarantine."""
