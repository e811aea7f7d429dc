"""A gateway in front of Kannel's `sendsms`: it asks the registry at the moment of sending, then lets the message go.

It runs beside Kannel, not in the registry: a thin client that knows the public API, the published keys and no database.

settings.py    what a gateway is told when it starts
calls.py       a call of `sendsms` taken apart and put together again, byte for byte
tokens.py      the clearance a call shows, verified offline; the standing clearances that alerts go out under
desk.py        the registry, asked over one kept-alive connection: admitted, refused, or no answer
once.py        the same call again is the same question until it went out
uses.py        what went out under a standing clearance: on disk before it goes, told to the registry afterwards
flow.py        one call from its arrival to its answer
telling.py     beside the calls: uses are told, the list of those denied is kept
problems.py    what is answered instead of sending
application.py the ASGI application
"""

from app.gateway.application import Application, application
from app.gateway.settings import Settings

__all__ = ["Application", "Settings", "application"]
