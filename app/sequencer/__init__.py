"""The only writer of ledgers: many appends, one transaction, then the answers (D1).

running.py  works queue up and are committed together
writing.py  the statements of one transaction, under the heads it has locked
waits.py    who waits for a commit, and until when
"""

from app.sequencer.running import FAN_OUT_HEADS, HEADS_PER_TRANSACTION_MAX, Poisoned, Sequencer, Settled
from app.sequencer.writing import Believed, ContactsMovedError, HeadMovedError, NotAsBelievedError, Work

__all__ = [
    "FAN_OUT_HEADS",
    "HEADS_PER_TRANSACTION_MAX",
    "Believed",
    "ContactsMovedError",
    "HeadMovedError",
    "NotAsBelievedError",
    "Poisoned",
    "Sequencer",
    "Settled",
    "Work",
]
