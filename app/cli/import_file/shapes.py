"""Which column says what in a list of oppositions: by the header of a known export, or by what columns are called."""

import csv
import io
import re
import unicodedata
from collections.abc import Sequence

import msgspec

from app.errors import InvalidValueError
from app.listfile import Layout

# What people call the column of the date, the surest first; compared without accents, signs and spaces.
_DATE_NAMES = (
    *("datestop", "datedustop", "datedesinscription", "datededesinscription", "dateopposition", "datedopposition"),
    *("datedelopposition", "desinscritle", "stople", "optedoutat", "optoutdate", "optoutat", "unsubscribedat"),
    *("datecreation", "createdat", "datedecreation", "datereception", "dateheure", "date", "timestamp"),
)
_TRUE = frozenset({"1", "true", "yes", "oui", "y", "o", "vrai", "x"})


class Shape(msgspec.Struct, frozen=True):
    """One provider's export, all names plain.

    header: columns that tell it. where: a column and the values that make a row an opposition. text: a column whose
    text must be a STOP.
    """

    name: str
    header: tuple[str, ...]
    number: str
    date: str | None = None
    where: tuple[tuple[str, frozenset[str]], ...] = ()
    text: str | None = None
    zone: str | None = None


# The names are those of each provider's interface; exports that people make of it use them as they are.
SHAPES = (
    # DescribeOptedOutNumbers of pinpoint-sms-voice-v2; the time is in Unix seconds.
    Shape("AWS", ("optedoutnumber",), "optedoutnumber", "optedouttimestamp", zone="UTC"),
    # Consent records: contact_id is the number, status is opt-in or opt-out.
    Shape(
        "Twilio consent", ("contactid", "dateofconsent", "status"), "contactid", "dateofconsent",
        where=(("status", frozenset({"optout"})),), zone="UTC",
    ),
    # The message log of the console: answers are the inbound ones, and only a STOP is an opposition.
    Shape(
        "Twilio messages", ("from", "body", "direction", "sentdate"), "from", "sentdate",
        where=(("direction", frozenset({"inbound"})),), text="body", zone="UTC",
    ),
    # sms.Blacklist of the OVHcloud API.
    Shape("OVHcloud", ("number", "datecreation"), "number", "datecreation"),
    # A contact of Brevo; without this mark a row is a customer and no opposition.
    Shape("Brevo", ("sms", "smsblacklisted"), "sms", "modifiedat", where=(("smsblacklisted", _TRUE),)),
    Shape("Brevo", ("sms", "smsblacklist"), "sms", "modifiedat", where=(("smsblacklist", _TRUE),)),
)  # fmt: skip


class Columns(msgspec.Struct, frozen=True):
    """Where things stand in a list: positions from 0."""

    date: int | None = None
    where: tuple[tuple[int, frozenset[str]], ...] = ()
    text: int | None = None
    zone: str | None = None
    shape: str | None = None


def plain(name: str) -> str:
    """A name without accents, signs, spaces and case."""
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]", "", bare)


def header_of(layout: Layout) -> list[str]:
    """The names of the columns; none where the list has no header."""
    if not layout.has_header:
        return []
    text = layout.encoding.text(layout.preamble)
    if not layout.delimiter:
        return [text.strip()]
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=layout.delimiter.decode("latin-1")) if any(row)]
    return rows[-1] if rows else []


def number_column(names: Sequence[str]) -> str | None:
    """The name of the number's column in a known export, as the header spells it."""
    shape = _shape(names)
    return next((name for name in names if shape and plain(name) == shape.number), None)


def columns(names: Sequence[str], date_column: str | None) -> Columns:
    """Where date and conditions stand; InvalidValueError when the date's column is not there."""
    places = {plain(name): at for at, name in reversed(list(enumerate(names)))}
    shape = _shape(names)
    wanted = [shape.date] if shape and shape.date else _DATE_NAMES
    found = next((places[name] for name in wanted if name in places), None)
    date = found if date_column is None else _said(places, names, date_column)
    if shape is None:
        return Columns(date=date)
    where = tuple((places[name], values) for name, values in shape.where)
    return Columns(date, where, places[shape.text] if shape.text else None, shape.zone, shape.name)


def _shape(names: Sequence[str]) -> Shape | None:
    known = {plain(name) for name in names}
    return next((shape for shape in SHAPES if known.issuperset(shape.header)), None)


def _said(places: dict[str, int], names: Sequence[str], column: str) -> int:
    if column.isdecimal() and int(column) >= 1 and (not names or int(column) <= len(names)):
        return int(column) - 1
    if plain(column) in places:
        return places[plain(column)]
    raise InvalidValueError("There is no such date column: name it as the header does, or by its position from 1.")
