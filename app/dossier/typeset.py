"""rapport.pdf as its typesetter takes it: one source, always the same, and the words and figures as its inputs."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from app.dossier.pages import Document


class Job(msgspec.Struct, frozen=True):
    """What the typesetter is given; `made_at` (UTC) becomes the document's date, whatever the clock says then."""

    source: str
    inputs: dict[str, str]
    made_at: datetime


def job(source: bytes, documents: Sequence[Document], name: str, made_at: datetime) -> Job:
    """Describe the report of these documents."""
    made = (made_at.year, made_at.month, made_at.day)
    inputs = {"documents": _json(documents), "made": _json(made), "name": name}
    return Job(source.decode(), inputs, made_at.replace(microsecond=0))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
