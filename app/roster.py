"""Whom a clearance covers, in memory while its gateway asks: the sorted tags of its check.

They never change, and a rotation of the sender's key leaves them as they are: who asks has the number, and so its tag
under the keys of their time.
"""

from collections import OrderedDict
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from app import tags
from app.database import Pool
from app.queries import admissions, clearances
from app.queries.admissions import Pages, StateRow
from app.queries.clearances import ClearanceRow
from app.tags import Chain
from app.tagset import Mask, Tags
from app.verdict import RECORD

BYTES_MAX = 256_000_000  # thirty clearances of a million


class Roster(msgspec.Struct, frozen=True, eq=False):
    """A clearance as it was given, and the tags it covers, ascending."""

    row: ClearanceRow
    tags: Tags
    generation: int
    epoch: int = 0
    """Of the key that made the tags."""

    def places_of(self, key: Chain, numbers: NDArray[np.int64]) -> tuple[NDArray[np.intp], Mask]:
        """Return the place of each number among those covered, and whether it is one of them; `key`: the sender's."""
        return self.places(tags.tags(key[: self.epoch + 1], numbers))

    def places(self, asked: Tags) -> tuple[NDArray[np.intp], Mask]:
        """Return the place of each tag among those covered, and whether it is one of them."""
        if not self.tags.size:
            return np.zeros(asked.size, np.intp), np.zeros(asked.size, np.bool_)
        places = self.tags.searchsorted(asked).clip(max=self.tags.size - 1)
        covered: Mask = self.tags[places] == asked
        return places, covered


class Rosters:
    """The rosters asked for last; the one used longest ago goes first."""

    def __init__(self, pool: Pool, bytes_max: int = BYTES_MAX) -> None:
        self._pool = pool
        self._bytes_max = bytes_max
        self._known: OrderedDict[str, Roster] = OrderedDict()
        self._states: dict[str, StateRow] = {}

    def believed(self, check_id: str) -> tuple[Roster, StateRow] | None:
        """Return what is remembered of a clearance, without asking: whom it covers, and whom it has admitted so far."""
        roster, state = self._known.get(check_id), self._states.get(check_id)
        return (roster, state) if roster and state else None

    def left(self, check_id: str, state: StateRow, added: Pages) -> None:
        """Remember how an admission of this process left a clearance."""
        known = self._states.get(check_id)
        # Pages that were looked at before are as they were, if nobody else was admitted in between.
        before = known if known is not None and known.admissions == state.admissions else state
        pages, released = {**before.pages, **state.pages, **added}, {**before.released, **state.released}
        self._states[check_id] = StateRow(state.admissions + 1, None, None, None, pages, released)

    def doubt(self, check_id: str) -> None:
        """Forget how a clearance was left."""
        self._states.pop(check_id, None)

    async def find(self, sender_ids: Sequence[int], check_id: str, generation: int | None = None) -> Roster | None:
        """Return the roster of a clearance of one of these senders, of this generation of the ledger if one is named.

        None when there is no such clearance, or when whom it covered is purged.
        """
        known = self._known.get(check_id)
        if known is None or (generation is not None and known.generation != generation):
            known = await self._read(sender_ids, check_id, generation or 0)
        if known is None or known.row.sender_id not in sender_ids:
            return None
        self._keep(check_id, known)
        return known

    async def _read(self, sender_ids: Sequence[int], check_id: str, generation: int) -> Roster | None:
        async with self._pool.acquire() as db:
            row = await clearances.find_clearance(db, sender_ids, check_id)
            cleared = await admissions.cleared_of(db, row.sender_id, check_id) if row else None
        if row is None or cleared is None:
            return None
        return Roster(row, np.frombuffer(cleared.tags, RECORD), generation, cleared.epoch)

    def _keep(self, check_id: str, roster: Roster) -> None:
        self._known[check_id] = roster
        self._known.move_to_end(check_id)
        while len(self._known) > 1 and sum(kept.tags.nbytes for kept in self._known.values()) > self._bytes_max:
            self.doubt(self._known.popitem(last=False)[0])
