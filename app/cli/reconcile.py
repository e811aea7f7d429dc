"""`operator reconcile`: an operator's file, read as the messages it tells of."""

from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

import msgspec

from app import dates, listfile
from app.cli.check_file.words import Words
from app.cli.common import DONE, REFUSED, actor
from app.cli.import_file.shapes import columns as date_columns
from app.cli.import_file.shapes import header_of, plain
from app.directory import Link
from app.errors import InvalidValueError, NotFoundError
from app.operators import Message, values
from app.operators.charsets import clean
from app.reconciliation import BLACK_LIST, MO, Comparison, Gap, Report, Told
from app.registry import Registry

ROWS_IN_PART = 5_000
NAMED_GAPS_MAX = 50
_HEAD_BYTES = 256 << 10
_BLOCK_BYTES = 1 << 20
_NAMES = {
    "text": ("text", "texte", "message", "body", "content", "contenu", "messagetext"),
    "id": ("messageid", "msgid", "moid", "idmessage", "idmo", "identifiant", "id", "sid"),
    "code": ("shortcode", "code", "numerocourt", "to", "destination", "destinataire", "longcode"),
}


class Options(msgspec.Struct, frozen=True):
    """The command line of ``operator reconcile``."""

    file: Path
    connection: str
    kind: str | None = None
    column: str | None = None
    date_column: str | None = None
    text_column: str | None = None
    id_column: str | None = None
    code_column: str | None = None
    zone: str | None = None


class Places(msgspec.Struct, frozen=True):
    """Where things stand in the file: positions from 0."""

    date: int | None
    text: int | None
    id: int | None
    code: int | None


async def reconcile(registry: Registry, options: Options, tell: Callable[[str], object]) -> int:
    """Compare a file; return the exit status."""
    link = await registry.directory.link(options.connection)
    if link is None:
        raise NotFoundError(
            f"There is no operator connection `{options.connection}`; see `stop-registry operator list`."
        )
    try:
        report = await _compared(registry, link, options)
    except listfile.ListFileError as error:
        raise InvalidValueError(Words(french=False)(error.slug, **error.values)) from None
    for line in _said(report):
        tell(line)
    return REFUSED if report.gaps or report.ours_not_theirs or report.counts.get("unreadable") else DONE


async def _compared(registry: Registry, link: Link, options: Options) -> Report:
    with options.file.open("rb") as source:
        head = source.read(_HEAD_BYTES)
        layout = listfile.detect(head, options.column, whole=len(head) < _HEAD_BYTES)
        places = _places(header_of(layout), options)
        kind = options.kind or (MO if places.text is not None else BLACK_LIST)
        work = Comparison(registry, link, kind, actor())
        zone = options.zone or str(link.connection.config.get("zone") or dates.PARIS)
        blocks = chain([head], iter(lambda: source.read(_BLOCK_BYTES), b""))
        for chunk in listfile.chunks(blocks, layout, ROWS_IN_PART):
            await work.add(rows_of(chunk, layout, places, link, zone, texts=kind == MO))
    return await work.close()


def rows_of(
    chunk: listfile.Chunk,
    layout: listfile.Layout,
    places: Places,
    link: Link,
    zone: str,
    *,
    texts: bool,
) -> list[Told]:
    """Read the rows of a part; empty ones are left out."""

    def cells(at: int | None) -> list[str]:
        return listfile.column(chunk, layout, at) if at is not None else [""] * len(chunk)

    numbers, days = chunk.cells.decode("utf-8", "replace").split("\n")[: len(chunk)], cells(places.date)
    words, ids, codes = cells(places.text if texts else None), cells(places.id), cells(places.code)
    account = next(iter(link.accounts)) if len(link.accounts) == 1 else None
    has_text = texts and places.text is not None
    found = []
    for at, number in enumerate(numbers):
        if not any((number.strip(), days[at].strip(), words[at].strip(), ids[at].strip())):
            continue
        msisdn = values.number(number)
        message = Message(
            msisdn=msisdn,
            msisdn_text="",
            short_code=values.short_code(codes[at], "", link.connection.config),
            destination=clean(codes[at]),
            text=clean(words[at]) if has_text else None,
            message_id=clean(ids[at].strip()) or None,
            received_at=dates.read(days[at], zone) if days[at] else None,
            account=account,
        )
        found.append(Told(chunk.first_row + at, message if msisdn is not None else None))
    return found


def _places(names: Sequence[str], options: Options) -> Places:
    return Places(
        date=date_columns(names, options.date_column).date,
        text=_place(names, "text", options.text_column),
        id=_place(names, "id", options.id_column),
        code=_place(names, "code", options.code_column),
    )


def _place(names: Sequence[str], kind: str, said: str | None) -> int | None:
    places = {plain(name): at for at, name in reversed(list(enumerate(names)))}
    if said is None:
        return next((places[name] for name in _NAMES[kind] if name in places), None)
    if said.isdecimal() and int(said) >= 1 and (not names or int(said) <= len(names)):
        return int(said) - 1
    if plain(said) not in places:
        raise InvalidValueError(f"There is no such {kind} column: name it as the header does, or by its position.")
    return places[plain(said)]


def _said(report: Report) -> list[str]:
    """Say in lines what came of it; no number is in a report."""
    lines = [f"{count:>12,}  {name.replace('_', ' ')}" for name, count in sorted(report.counts.items())]
    lines += [f"not here: {_named(gap)}" for gap in report.gaps[:NAMED_GAPS_MAX]]
    lines += [f"not there: {_named(gap)}" for gap in report.ours_not_theirs[:NAMED_GAPS_MAX]]
    return [*lines, f"kept as {report.reconciliation}"]


def _named(gap: Gap) -> str:
    shown = {name: value for name, value in msgspec.to_builtins(gap).items() if value is not None}
    return ", ".join(f"{name} {value}" for name, value in shown.items())
