"""What stops itself when it goes wrong: a sender whose people say STOP in numbers, a connection that floods.

Both are judged beside the intake, from what is committed; no message ever waits for them.

bounds.py     how many STOPs are a storm, and of what: a campaign or the sender (pure)
storm.py      the STOPs of each sender against whom it was cleared for
flood.py      the STOPs and STARTs of each connection against its usual
watch.py      the task that looks every two seconds
"""

from app.breakers.flood import restore
from app.breakers.watch import watching

__all__ = ["restore", "watching"]
