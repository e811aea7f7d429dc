"""What is forgotten when (D15): periods per class of data, a daily purge that proves itself, and what freezes it.

The opposition list and the contact record are two processings with two clocks. The contact record ends by itself; the
opposition list never does: `oppositions` ends it by a data protection officer's decision, after a preview.
"""

from app.retention.classes import CLASSES, DataClass
from app.retention.freezing import Freeze, freeze, freezes, require_thawed, thaw
from app.retention.oppositions import Ending, end_oppositions, preview_oppositions
from app.retention.purging import Line, preview, run, running

__all__ = [
    "CLASSES",
    "DataClass",
    "Ending",
    "Freeze",
    "Line",
    "end_oppositions",
    "freeze",
    "freezes",
    "preview",
    "preview_oppositions",
    "require_thawed",
    "run",
    "running",
    "thaw",
]
