"""The declarative adapter: one provider is a Shape (data), read by one reader and, where it signs, a scheme (code)."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import msgspec

from app.intent import Intent
from app.operators import bodies, credentials, values
from app.operators.bodies import UnreadableBodyError
from app.operators.charsets import clean, part
from app.operators.model import Answer, Authentic, Connection, Decoded, Message, Outcome, Request, Unreadable

Scheme = Callable[[Request, Connection, datetime], Authentic]
Names = tuple[str, ...]

PARIS = "Europe/Paris"
UTC_ZONE = "UTC"
# Kinds of events that may be a person's message although the provider's page does not name them.
_INBOUND = re.compile(r"\bmo|inbound|incoming|received|stop|opt.?out", re.IGNORECASE)
EMPTY_OK = Answer(200, "text/plain")


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """One provider in data.

    Names are lower case and the first that is present is taken; a dot descends, a number counts elements of a list,
    and ``^`` looks at the envelope around the elements of ``each``.

    To add a flat provider, write its name, ``number``, ``text`` and ``code`` in table.py, then whatever of the rest
    its page documents, and put one of its requests into tests/vectors/mo.
    """

    name: str
    number: Names  # the person's number
    text: Names = ()
    code: Names = ()  # the destination; of several, the first that looks like a short code
    channel: Names = ()  # looked up in the connection's `codes`
    id: Names = ()  # an id that belongs to this message alone
    mt_id: Names = ()  # the id of the MT or campaign, which two answers may share
    label: Names = ()  # an id of neither kind, such as a position in the request
    time: Names = ()
    zone: str = PARIS  # of times without offset, unless the connection says otherwise
    month_first: bool = False  # 03/21/2026
    charset: str = "utf-8"  # of form and query values that declare none and are not UTF-8
    source: str = (
        "any"  # "any": body, or query when there is none; "body": never the query, which a signature leaves out
    )
    kind: str = "message"  # "stop": events without text; "either": an event when the text is not there at all
    each: Names = ()  # where the list of messages stands
    only: dict[str, Names] = {}  # another value here means that it is no message, such as a delivery report
    flag: Names = ()  # the provider's own reading
    stop_if: Names = ()  # the presence of this field means that the provider took it for a STOP
    account: Names = ()
    reply_to: Names = ()  # id of the MT that it answers
    part: Names = ()  # reference, number from 1, total
    either_way: bool = False  # number and code may be swapped: told apart by their form
    answer: Answer = EMPTY_OK


class Flat:
    """A provider made of a shape; subclasses add a signature, a pre-treatment of fields or an answer of their own."""

    can_reply = False
    gives_receipts = False

    def __init__(self, shape: Shape, scheme: Scheme | None = None) -> None:
        self.shape = shape
        self._scheme = scheme

    @property
    def name(self) -> str:
        """The provider's name in connections."""
        return self.shape.name

    def authenticate(self, request: Request, connection: Connection, now: datetime) -> Authentic:
        """Check the provider's signature where the connection holds its secret, else the shared credentials."""
        scheme = self._scheme
        if scheme is None or not self.signs(connection):
            return credentials.authenticate(request, connection)
        credentials.check_address(request, connection)
        return scheme(request, connection, now)

    def signs(self, connection: Connection) -> bool:
        """Tell whether this connection's account signs its calls."""
        chosen = connection.config.get("scheme")
        return chosen not in credentials.GENERIC_SCHEMES and bool(connection.secrets)

    def decode(self, request: Request, connection: Connection) -> Decoded:
        """Read every message of the request; what cannot be read is handed back."""
        try:
            return self.read(request, connection)
        except UnreadableBodyError as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001  a fault of ours must put the request in quarantine, not lose it
            reason = f"internal: {type(error).__name__}"
        return Decoded(unreadable=(Unreadable(0, reason, request.body or request.query),))

    def read(self, request: Request, connection: Connection) -> Decoded:
        """Read every message; UnreadableBodyError when the body has no readable form."""
        return self.decoded(
            (self.message(fields, connection, position), raw)
            for position, (fields, raw) in enumerate(self.elements(request, connection))
        )

    def decoded(self, found: Iterable[tuple[Message | str | None, object]]) -> Decoded:
        """Sort what was read into messages, unreadable elements by their reason, and events that are neither."""
        messages, unreadable = [], []
        for position, (one, source) in enumerate(found):
            if isinstance(one, Message):
                messages.append(one)
            elif one is not None:
                unreadable.append(Unreadable(position, one, _raw(source)))
        return Decoded(tuple(messages), tuple(unreadable))

    def elements(self, request: Request, connection: Connection) -> Iterator[tuple[dict[str, str], object]]:
        """Yield the fields of each message and what they came from: bytes, or an element of a batch."""
        declared = str(connection.config.get("charset") or bodies.declared_charset(request))
        in_query = self.shape.source == "any" and bodies.is_query(request)
        tree = None if in_query else bodies.tree(request, declared)
        if tree is None:
            found = bodies.pairs(request.query if in_query else bodies.form_body(request))
            fields = self.prepare(bodies.text_fields(found, declared, self.shape.charset))
            yield fields, request.query if in_query else request.body
            return
        listed, envelope = self._listed(tree)
        if len(listed) == 1 and listed[0] is tree:
            yield self.prepare(bodies.flatten(tree)), request.body
            return
        for element in listed:
            yield self.prepare({**envelope, **bodies.flatten(element)}), element

    def _listed(self, tree: object) -> tuple[list[object], dict[str, str]]:
        """Return the messages of a tree and the fields around them, under their names with ^ before."""
        for path in self.shape.each:
            found = bodies.child(tree, path)
            if found is not None:
                listed = found if isinstance(found, list) else [found]
                return listed, _around(tree)
        return (tree if isinstance(tree, list) else [tree]), {}

    def prepare(self, fields: dict[str, str]) -> dict[str, str]:
        """Return the fields as the shape expects them; for providers that pack one into another."""
        return fields

    def message(self, fields: dict[str, str], connection: Connection, position: int) -> Message | str | None:
        """Return the message of these fields, the reason why there is none, or None when it is another event."""
        shape, config = self.shape, connection.config
        others = [fields[name] for name, one_of in shape.only.items() if fields.get(name, one_of[0]) not in one_of]
        if others:
            return "an inbound event of an unknown kind" if any(map(_INBOUND.search, others)) else None
        person, destination = self._addresses(fields)
        kind = str(config.get("kind") or shape.kind)
        text = None if kind == "stop" else _first(fields, shape.text)
        if not person.strip():
            return "no number of a person"
        if text is None and kind == "message":
            return "no text"
        given, mt = _first(fields, shape.id), _first(fields, shape.mt_id)
        return Message(
            msisdn=values.number(person),
            msisdn_text=clean(person),
            short_code=values.short_code(destination, _first(fields, shape.channel) or "", config),
            destination=clean(destination),
            text=None if text is None else clean(text),
            message_id=_named(given),
            received_at=_time(fields, shape, config.get("zone")),
            flag=_flag(fields, shape, config, is_event=text is None),
            account=_named(_first(fields, shape.account)),
            in_reply_to=_named(_first(fields, shape.reply_to) or mt),
            part=_part(fields, shape.part),
            given_id=_named(given or mt or _first(fields, shape.label)),
            position=position,
        )

    def _addresses(self, fields: dict[str, str]) -> tuple[str, str]:
        person = _first(fields, self.shape.number) or ""
        named = [fields[name] for name in self.shape.code if fields.get(name)]
        destination = next((name for name in named if values.is_code(name)), named[0] if named else "")
        if self.shape.either_way and values.is_person(destination) and not values.is_person(person):
            return destination, person
        return person, destination

    def acknowledge(self, request: Request, connection: Connection, outcomes: tuple[Outcome, ...]) -> Answer:
        """Return the provider's success form."""
        del request, connection, outcomes
        return self.shape.answer


def _around(tree: object) -> dict[str, str]:
    """Return the scalars beside the list of messages."""
    if not isinstance(tree, dict) or len(tree) == 1:
        return {}
    scalars = {key: value for key, value in tree.items() if not isinstance(value, dict | list)}
    return {f"^{name}": value for name, value in bodies.flatten(scalars).items()}


def _raw(source: object) -> bytes:
    """Return what an unreadable element came from, as JSON if it was not bytes; empty when it cannot be written."""
    try:
        return source if isinstance(source, bytes) else json.dumps(source).encode()
    except (ValueError, RecursionError):
        return b""


def first_reply(outcomes: tuple[Outcome, ...]) -> str:
    """Return the text that goes back to the person, "" when there is none."""
    return next((outcome.reply for outcome in outcomes if outcome.reply), "")


def _first(fields: dict[str, str], names: Names) -> str | None:
    """Return the first of the named fields that says something, else the first that is there at all."""
    first = None
    for name in names:
        value = fields.get(name)
        if value:
            return value
        if first is None:
            first = value
    return first


def _named(value: str | None) -> str | None:
    return clean(value) if value else None


def _time(fields: dict[str, str], shape: Shape, zone: object) -> datetime | None:
    for name in shape.time:
        time = values.instant(fields.get(name, ""), str(zone or shape.zone), month_first=shape.month_first)
        if time:
            return time
    return None


def _flag(fields: dict[str, str], shape: Shape, config: dict[str, object], *, is_event: bool) -> Intent | None:
    if is_event or any(fields.get(name) for name in shape.stop_if):
        return Intent.STOP
    return values.flag(str(config.get("flag") or _first(fields, shape.flag) or ""))


def _part(fields: dict[str, str], names: Names) -> tuple[str, int, int] | None:
    if not names:
        return None
    reference, number, total = (fields.get(name, "") for name in names)
    return part(clean(reference), number, total)
