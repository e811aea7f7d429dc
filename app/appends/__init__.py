"""What one sequencer transaction writes: from messages and records, heads and standings to rows. Pure.

works.py      what waits to be committed, and the rows it becomes
planning.py   the rows of many works together
additions.py  what is new in each ledger, ready for one statement
"""

from app.appends.additions import Addition, addition_alone, additions, advanced
from app.appends.planning import plan
from app.appends.works import (
    CheckRow,
    Effect,
    Head,
    Key,
    Message,
    Permit,
    Record,
    Replay,
    Rows,
    Ruled,
    State,
    Wish,
    Work,
    lifting_senders,
    people_of,
    senders_of,
)

__all__ = [
    "Addition",
    "CheckRow",
    "Effect",
    "Head",
    "Key",
    "Message",
    "Permit",
    "Record",
    "Replay",
    "Rows",
    "Ruled",
    "State",
    "Wish",
    "Work",
    "addition_alone",
    "additions",
    "advanced",
    "lifting_senders",
    "people_of",
    "plan",
    "senders_of",
]
