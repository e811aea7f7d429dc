"""Bulk suppression check: which numbers of a batch must be withheld, and the record that it was asked (D6, D7).

asking.py       what a call says, whether its numbers come as JSON or as lines
parting.py      the numbers of a long body, cut out and parsed piece by piece
flow.py         read, evaluate, record, answer
belief.py       a small check by what is believed, committed only if that is so
planning.py     what is to be sent, completed and judged by every safeguard
clearing.py     the clearance: its terms before the record, its token after
screening.py    who is opposed since when, for a customer file
recording.py    the cleared tags and the record, committed before an answer leaves
replaying.py    a call repeated under its Idempotency-Key is the same check
answering.py    the answer, as JSON or as the allowed lines
spelling.py     numbers given back exactly as they came, a million at a time
records.py      a check looked up again
gate.py         how many heavy checks at once; alerts in a lane of their own
"""

from app.check.answering import Answer
from app.check.asking import Asked, asked
from app.check.belief import Believed, believed
from app.check.flow import check
from app.check.gate import Gate, Lanes
from app.check.records import record_of

__all__ = ["Answer", "Asked", "Believed", "Gate", "Lanes", "asked", "believed", "check", "record_of"]
