"""LINK Mobility's PSWin gateway: POST XML, a batch; ID is a place in the request, so it identifies nothing.

The answer names every ID; those it leaves out come again, up to ten times. Source: wiki.pswin.com.
"""

from xml.sax.saxutils import escape

from app.operators import bodies
from app.operators.charsets import clean
from app.operators.flat import Flat, Shape
from app.operators.model import Answer, Connection, Outcome, Request

SHAPE = Shape(
    name="link",
    number=("snd",),
    text=("text",),
    code=("rcv",),
    label=("id",),
    each=("msg",),
)


class Pswin(Flat):
    """The answer is a list of statuses."""

    def acknowledge(self, request: Request, connection: Connection, outcomes: tuple[Outcome, ...]) -> Answer:
        """Return OK for every ID: what could not be read is in quarantine, and sending it again would not mend it."""
        del outcomes
        try:
            elements = [fields for fields, _ in self.elements(request, connection)]
        except bodies.UnreadableBodyError:
            elements = []
        listed = (escape(clean(fields["id"])) for fields in elements if fields.get("id"))
        statuses = "".join(f"<MSG><ID>{name}</ID><STATUS>OK</STATUS></MSG>" for name in listed)
        return Answer(200, "text/xml", f'<?xml version="1.0"?><MSGLST>{statuses}</MSGLST>'.encode())


PROVIDER = Pswin(SHAPE)
