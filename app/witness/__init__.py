"""What this node has cleared from, kept outside the database, so that a rolled-back or forked one cannot clear (T23).

line.py     one line: a head, or the era it belongs to
file.py     the file: append-only, compare-and-swap between the processes of a node
guard.py    held against the database: before a clearance leaves, and every few seconds
refusal.py  what is said when the two do not agree

The witness knows more than a backup does. A database whose ledger is shorter than what was witnessed, or has another
beginning, gives no clearance and no signature on this node until a person has accepted the loss.
"""

from app.witness.file import DamagedError, MissingError, WitnessFile
from app.witness.guard import Witness
from app.witness.line import Era, Head
from app.witness.refusal import RULE, WitnessError

__all__ = ["RULE", "DamagedError", "Era", "Head", "MissingError", "Witness", "WitnessError", "WitnessFile"]
