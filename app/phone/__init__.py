"""Phone numbers: every spelling of a French or foreign number to one integer, one at a time or a million at once.

In reading order: `plan` and `countries` are the tables, `one` reads one spelling, `many` reads a body (`tokens` finds
the numbers in it, `digits` turns them into integers, `rows` does both at once for lines of one width, `rules` applies
the plan to whole arrays).
"""

from app.phone.many import Numbers, read_json, read_lines
from app.phone.one import Reading, e164, read, read_lenient, territory
from app.phone.plan import TERRITORIES
from app.phone.rules import territories

__all__ = [
    "TERRITORIES",
    "Numbers",
    "Reading",
    "e164",
    "read",
    "read_json",
    "read_lenient",
    "read_lines",
    "territories",
    "territory",
]
