"""Why nobody is cleared: in both languages, with the figures that a person compares."""

from app.errors import UnavailableError
from app.ledger import Frontier, root

WAY_OUT = "`stop-registry doctor` tells more, and the way out."
WAY_OUT_FR = "`stop-registry doctor` en dit plus, et comment en sortir."
ROOT_DIGITS = 16
RULE = "ledger-witness"


class WitnessError(UnavailableError):
    """The database is not the one that this node has cleared from, so nothing may be concluded from it."""


def shorter(slug: str, witnessed: Frontier, present: Frontier) -> WitnessError:
    """Tell of a ledger with fewer entries than were witnessed."""
    return _told(
        slug,
        witnessed,
        present,
        "It is an older backup, or a copy that lacks the latest entries: STOPs may be missing.",
        "C'est une sauvegarde plus ancienne ou une copie incomplète : des STOP peuvent manquer.",
    )


def forked(slug: str, witnessed: Frontier, present: Frontier) -> WitnessError:
    """Tell of a ledger whose first entries are not those that were witnessed."""
    return _told(
        slug,
        witnessed,
        present,
        "Its entries are not those that were witnessed: it is another history.",
        "Ses entrées ne sont pas celles qui ont été constatées : c'est une autre histoire.",
    )


def of_node(english: str, french: str) -> WitnessError:
    """Tell of what stands in the way of every sender on this node."""
    return WitnessError(f"{english} Nobody is cleared. {WAY_OUT}", french=f"{french} {WAY_OUT_FR}", rule=RULE)


def _told(slug: str, witnessed: Frontier, present: Frontier, english: str, french: str) -> WitnessError:
    seen, has = root(witnessed).hex(), root(present).hex()
    return WitnessError(
        f"The witness of this node saw the ledger of `{slug}` with {witnessed.size} entries and root "
        f"{seen[:ROOT_DIGITS]}…; the database has {present.size} and root {has[:ROOT_DIGITS]}…. {english} "
        f"Nobody is cleared for this sender. {WAY_OUT}",
        french=f"Le témoin de ce nœud a vu le registre de `{slug}` avec {witnessed.size} entrées et la racine "
        f"{seen[:ROOT_DIGITS]}… ; la base en a {present.size} et la racine {has[:ROOT_DIGITS]}…. {french} "
        f"Aucun envoi n'est autorisé pour cet émetteur. {WAY_OUT_FR}",
        rule=RULE,
        witnessed_size=str(witnessed.size),
        witnessed_root=seen,
        database_size=str(present.size),
        database_root=has,
    )
