"""The tables of an export as a French spreadsheet opens them: `;`, UTF-8 with a byte-order mark, Windows line ends.

One row is one line: what would end a line inside a cell becomes a space, so that rows can be counted. A cell that a
spreadsheet would run begins with an apostrophe (OWASP ASVS 1.2.10). Dates are written as such a spreadsheet reads them,
in UTC, as the heading says.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from app.dossier.rows import EMERGENCY, KNOWN, OPPOSITIONS, Row
from app.ledger import CHECKS_TABLE, EMERGENCIES_TABLE, NOTES_TABLE, OPPOSITIONS_TABLE

BYTE_ORDER_MARK = "\ufeff"
LINE_END = "\r\n"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")
REMEMBERED_MAX = 10_000

GRANTS_TABLE = "habilitations.csv"
ACCESS_TABLE = "acces.csv"
INCIDENTS_TABLE = "incidents.csv"
QUARANTINE_TABLE = "quarantaine.csv"

_CHECKS_HEAD = (
    "numéro d'entrée", "enregistré le (UTC)", "consultation", "clé", "finalité", "campagne", "taille du registre",
    "soumis", "autorisés", "invalides", "répétés", "opposés", "doublons", "hors horaires", "exercice",
)  # fmt: skip
HEADS = {
    OPPOSITIONS_TABLE: (
        "numéro d'entrée", "enregistré le (UTC)", "date de la demande (UTC)", "personne (engagement)", "nature",
        "effet", "numéro court", "fondement", "candidats", "connexion", "règle", "version du classifieur", "mentions",
    ),
    CHECKS_TABLE: _CHECKS_HEAD,
    EMERGENCIES_TABLE: _CHECKS_HEAD,
    NOTES_TABLE: ("numéro d'entrée", "enregistré le (UTC)", "acte", "objet", "précisions"),
    GRANTS_TABLE: (
        "clé", "rôle", "libellé", "délivrée le (UTC)", "délivrée par", "expire le (UTC)", "révoquée le (UTC)",
        "révoquée par",
    ),
    ACCESS_TABLE: ("numéro", "date (UTC)", "par", "action", "objet", "précisions"),
    INCIDENTS_TABLE: ("numéro", "nature", "objet", "ouvert le (UTC)", "clos le (UTC)", "durée (s)", "précisions"),
    QUARANTINE_TABLE: ("jour (UTC)", "connexion", "motif", "requêtes", "réceptions"),
}  # fmt: skip
"""The columns of each table, by its name in the zip."""


class _Cells(dict[str, str]):
    """Cells by what they hold: most columns repeat a few words."""

    def __missing__(self, text: str) -> str:
        if len(self) >= REMEMBERED_MAX:
            self.clear()
        made = self[text] = cell(text)
        return made


_CELLS = _Cells()


def cell(value: object) -> str:
    """Write one cell: harmless to a spreadsheet, on one line, quoted where it must be."""
    text = _instant(value) if isinstance(value, datetime) else "" if value is None else str(value)
    if text.startswith(FORMULA_STARTS):
        text = "'" + text
    if not text.isprintable():
        text = "".join([character if character.isprintable() else " " for character in text])
    return '"' + text.replace('"', '""') + '"' if '"' in text or ";" in text else text


def line(cells: Iterable[object]) -> str:
    """Write one row."""
    return ";".join(map(cell, cells)) + LINE_END


def head(name: str) -> str:
    """Begin the table of this name."""
    return BYTE_ORDER_MARK + line(HEADS[name])


def oppositions(rows: Sequence[Row]) -> str:
    """Write the STOPs and STARTs among the rows."""
    cells = _CELLS
    return "".join(
        [
            f"{row.index};{(at := moment(row.recorded))};{at if row.at == row.recorded else moment(row.at)};"
            f"{_digest(row.person)};"
            f"{'opposition' if row.kind == 'stop' else 'retour'};{cells[row.effect]};{cells[row.code or '']};"
            f"{cells[row.basis]};{row.candidates};{cells[row.connection]};{cells[row.rule]};{cells[row.classifier]};"
            f"{cells[' '.join(row.flags)] if row.flags else ''}\r\n"
            for row in rows
            if row.kind in OPPOSITIONS
        ]
    )


def checks(rows: Sequence[Row]) -> str:
    """Write the checks among the rows."""
    return "".join([_check(row) for row in rows if row.kind == "check"])


def emergencies(rows: Sequence[Row]) -> str:
    """Write the checks among the rows that were made for an emergency, or as an exercise."""
    return "".join([_check(row) for row in rows if row.kind == "check" and (row.purpose == EMERGENCY or row.drill)])


def notes(rows: Sequence[Row]) -> str:
    """Write what is neither an opposition nor a check: acts of administration."""
    return "".join(
        [
            f"{row.index};{moment(row.recorded)};{cell(row.kind)};{cell(row.subject)};{cell(told(row.detail))}{LINE_END}"
            for row in rows
            if row.kind not in KNOWN
        ]
    )


def told(detail: Mapping[str, str]) -> str:
    """Write details in one cell."""
    return ", ".join(f"{name} : {value}" for name, value in sorted(detail.items()) if value)


def _check(row: Row) -> str:
    counts = row.counts
    names = (row.check, row.caller, row.purpose, row.campaign or "")
    sums = (
        row.evaluated_at, counts.submitted, counts.allowed, counts.invalid, counts.repeated, counts.opted_out,
        counts.duplicate, counts.quiet_hours,
    )  # fmt: skip
    words = ";".join(map(cell, names))
    return (
        f"{row.index};{moment(row.recorded)};{words};{';'.join(map(str, sums))};{'oui' if row.drill else ''}{LINE_END}"
    )


def _digest(text: str) -> str:
    return text if text.isalnum() else cell(text)


def moment(at: str) -> str:
    """Write a ledger's instant so that a French spreadsheet takes it for a date."""
    return f"{at[8:10]}/{at[5:7]}/{at[:4]} {at[11:19]}"


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d/%m/%Y %H:%M:%S}"
