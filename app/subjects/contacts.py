"""In which checks a person was cleared, and where in their lists: exactly, from a slice of each."""

import msgspec

from app.lookback import REACHES
from app.queries import subjects
from app.queries.rows import Db
from app.queries.subjects import ContactRow
from app.subjects.persons import CONTACT_TAG_BYTES, place, stored


class Contact(msgspec.Struct, frozen=True):
    """A check that cleared a person; place counts from 0 in its sorted list."""

    row: ContactRow
    tag: int
    place: int
    sent: str
    """admitted, released (given back unsent), or unknown: no gateway asked before it sent."""


async def contacts_of(db: Db, sender_id: int, tag: int) -> list[Contact]:
    """Return the checks that cleared a tag, oldest first."""
    found: list[ContactRow] = []
    checks: list[str] | None = None
    for reach in REACHES:
        rows = await subjects.contacts_of(db, sender_id, stored(tag), place(tag), checks, reach)
        found += [row for row in rows if _whole(row)]
        checks = [row.check_id for row in rows if not _whole(row) and not _covers(row, tag)]
        if not checks:
            break
    places = [(row.check_id, (row.at_byte or 0) // CONTACT_TAG_BYTES) for row in found]
    admitted = await subjects.admitted_places(db, sender_id, places)
    contacts = [
        Contact(row, tag, at, _sent(admitted.get(row.check_id))) for row, (_, at) in zip(found, places, strict=True)
    ]
    return sorted(contacts, key=lambda contact: contact.row.stored_at)


def _whole(row: ContactRow) -> bool:
    """Tell whether the tag itself was found, not the end of one and the beginning of the next."""
    return row.at_byte is not None and row.at_byte % CONTACT_TAG_BYTES == 0


def _covers(row: ContactRow, tag: int) -> bool:
    above = row.lowest is None or int.from_bytes(row.lowest, "little", signed=True) <= tag
    return above and (row.highest is None or tag <= int.from_bytes(row.highest, "little", signed=True))


def _sent(released: bool | None) -> str:  # noqa: FBT001 - what the table says, or nothing
    if released is None:
        return "unknown"
    return "released" if released else "admitted"
