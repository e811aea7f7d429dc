"""registre-article-30: the record of processing (GDPR article 30) as far as the registry's configuration knows it.

Two processings with two clocks (D15): the list of oppositions, and the record of contacts. What no configuration can
know is left for the controller to fill in, and says so.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape

import msgspec

from app.dossier import report, tables
from app.dossier.charts import Table
from app.dossier.words import typographic

TO_FILL_IN = "à compléter par le responsable du traitement"
HEAD = ("traitement", "rubrique", "contenu")
_COUNTRIES = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK GP GF MQ RE YT MF"
)
EUROPE = frozenset(_COUNTRIES.split())
"""ISO 3166 codes of the European Economic Area: data that live there are not transferred (GDPR chapter V)."""


class Vendor(msgspec.Struct, frozen=True):
    """A key of role delegate: a vendor or agency that acts for the sender."""

    key: str
    label: str
    since: datetime
    until: datetime | None


class Route(msgspec.Struct, frozen=True):
    """An operator connection: where answers come from, and what was declared of it as a way out."""

    slug: str
    provider: str
    codes: tuple[str, ...]
    route_class: str = "unknown"
    contract: str = ""
    countries: tuple[str, ...] = ()


class Configuration(msgspec.Struct, frozen=True):
    """What the record is made from. Empty texts are what nobody has told the registry."""

    sender: str
    controller: str
    dpo: str
    registry: str
    processor: str
    made_at: datetime
    vendors: Sequence[Vendor]
    routes: Sequence[Route]
    review_days: int
    quarantine_days: int
    journal_days: int
    contact_days: int
    lookback_hours: int


class Processing(msgspec.Struct, frozen=True):
    """One processing: its name, and its lines of (heading, content)."""

    name: str
    lines: tuple[tuple[str, str], ...]


def processings(known: Configuration) -> Sequence[Processing]:
    """Return the record's processings, in French, with the spaces French typography asks for."""
    made = [
        Processing("Liste des oppositions", tuple(_oppositions(known))),
        Processing("Relevé des consultations et des contacts autorisés", tuple(_contacts(known))),
    ]
    return msgspec.convert(typographic(msgspec.to_builtins(made)), list[Processing])


def html(known: Configuration) -> bytes:
    """Return the page."""
    title = "Registre des activités de traitement"
    return report.page(f"{title}, {known.sender}", f'<article lang="fr">{"".join(_page(known, title))}</article>')


def csv(known: Configuration) -> tuple[bytes, int]:
    """Return the same as a table, and its number of rows."""
    rows = [(made.name, *line) for made in processings(known) for line in made.lines]
    text = tables.BYTE_ORDER_MARK + tables.line(HEAD) + "".join(tables.line(row) for row in rows)
    return text.encode(), len(rows)


def _page(known: Configuration, title: str) -> Iterator[str]:
    yield f"<h1>{title}</h1><p>Article 30 du règlement (UE) 2016/679. Établi le {known.made_at:%d/%m/%Y} d'après la "
    yield "configuration du registre des oppositions ; ce qu'elle ne dit pas est à compléter.</p>"
    for made in processings(known):
        yield f"<section><h2>{escape(made.name)}</h2>{report.facts(made.lines)}</section>"
    yield "<section><h2>Prestataires et connexions</h2>"
    yield report.table(Table(("clé", "prestataire", "depuis", "jusqu'au"), tuple(map(_vendor, known.vendors)), left=4))
    head = ("connexion", "fournisseur", "numéros courts", "voie", "contrat", "pays des données", "transfert")
    yield report.table(Table(head, tuple(map(_route, known.routes)), left=7)) + "</section>"


def _vendor(vendor: Vendor) -> tuple[str, ...]:
    until = f"{vendor.until:%d/%m/%Y}" if vendor.until else ""
    return vendor.key, vendor.label, f"{vendor.since:%d/%m/%Y}", until


def _route(route: Route) -> tuple[str, ...]:
    countries = ", ".join(route.countries) or "non déclaré"
    return (
        *(route.slug, route.provider, ", ".join(route.codes), _CLASSES.get(route.route_class, route.route_class)),
        *(route.contract or "non déclaré", countries, _transfer(route)),
    )


_CLASSES = {"direct": "directe", "partner": "partenaire", "unknown": "non déclarée"}


def _transfer(route: Route) -> str:
    """Say whether data leave the European Economic Area, as far as it was declared."""
    if not route.countries:
        return "pays non déclarés : à vérifier"
    outside = [country for country in route.countries if country not in EUROPE]
    if not outside:
        return "aucun (EEE)"
    return f"vers {', '.join(outside)} : base du transfert (art. 45, 46 ou 49) {TO_FILL_IN}"


def _parties(known: Configuration) -> Iterator[tuple[str, str]]:
    yield "Responsable du traitement", f"{known.sender} ; coordonnées : {known.controller or TO_FILL_IN}"
    yield "Délégué à la protection des données", known.dpo or TO_FILL_IN
    yield "Sous-traitant qui exploite le registre", f"{known.processor or TO_FILL_IN} (registre {known.registry})"


def _transfers(known: Configuration) -> str:
    """Say what leaves the European Economic Area, connection by connection."""
    said = [f"{route.slug} : {_transfer(route)}" for route in known.routes]
    return " ; ".join(said) or "aucune connexion d'opérateur n'est configurée"


def _oppositions(known: Configuration) -> Iterator[tuple[str, str]]:
    operators = ", ".join(f"{route.slug} ({route.provider})" for route in known.routes) or "aucun"
    yield from _parties(known)
    yield "Finalité", "Enregistrer et faire respecter les oppositions à la prospection (STOP), et pouvoir le prouver."
    yield "Base légale", _OPPOSITIONS_LAW
    yield "Personnes concernées", "Les personnes qui ont répondu à un message de l'expéditeur ou s'y sont opposées."
    yield "Catégories de données", _OPPOSITIONS_DATA
    yield "Origine", f"Opérateurs : {operators} ; autres canaux déclarés par l'expéditeur."
    yield (
        "Destinataires",
        (
            f"L'expéditeur et ses prestataires habilités ({_named(known.vendors)}), qui n'apprennent que le sort des "
            "numéros qu'ils présentent ; sur demande, les autorités de contrôle."
        ),
    )
    yield "Transferts hors de l'EEE", _transfers(known)
    yield (
        "Durée de conservation",
        (
            "Tant que l'expéditeur est actif, jamais moins de 3 ans ; la fin n'est décidée que par le délégué à la "
            f"protection des données. Texte d'un message à relire : {known.review_days} jours ; quarantaine : "
            f"{known.quarantine_days} jours ; journal des accès : {known.journal_days} jours."
        ),
    )
    yield "Mesures de sécurité", _SECURITY


def _contacts(known: Configuration) -> Iterator[tuple[str, str]]:
    yield from _parties(known)
    yield "Finalité", _CONTACTS_PURPOSE
    yield "Base légale", _CONTACTS_LAW
    yield "Personnes concernées", "Les personnes auxquelles l'expéditeur se propose d'écrire."
    yield "Catégories de données", _CONTACTS_DATA
    yield "Origine", "Les listes que l'expéditeur ou ses prestataires présentent ; elles ne sont pas conservées."
    yield "Destinataires", f"L'expéditeur et ses prestataires habilités ({_named(known.vendors)})."
    yield "Transferts hors de l'EEE", "aucun : rien de ce relevé n'est remis aux opérateurs"
    yield (
        "Durée de conservation",
        (
            f"Pseudonymes autorisés : {known.contact_days} jours, prolongés par un incident ou un contrôle ouvert ; "
            f"recherche de l'expéditeur d'un STOP sur {known.lookback_hours} heures. Décomptes : avec le journal."
        ),
    )
    yield "Mesures de sécurité", _SECURITY


def _named(vendors: Sequence[Vendor]) -> str:
    return ", ".join(vendor.label for vendor in vendors) or "aucun"


_SECURITY = (
    "Aucun numéro de téléphone ni texte de message n'est conservé en clair : les personnes sont des pseudonymes de "
    "64 bits (AES-256-CMAC sous une clé propre à l'expéditeur, dérivée d'une clé racine conservée hors de la base et "
    "scellée par Argon2id). Journal en ajout seul, signé (arbre de Merkle, Ed25519), vérifiable hors ligne. Secrets, "
    "textes à relire, quarantaine et file d'attente chiffrés (AES-256-GCM). Clés d'accès de 256 bits, par rôle et par "
    "expéditeur, révocables. Tout export, toute consultation et tout acte d'administration sont inscrits. Journaux "
    "techniques sans numéro ni texte."
)
_OPPOSITIONS_LAW = (
    "Obligation légale et droit d'opposition (RGPD art. 6(1)(c) et 21 ; code des postes et des communications "
    "électroniques art. L. 34-5)."
)
_OPPOSITIONS_DATA = (
    "Pseudonyme de 64 bits du numéro, date et nature de la demande, numéro court, connexion d'opérateur, règle de "
    "lecture. Textes à relire : chiffrés."
)
_CONTACTS_PURPOSE = (
    "Dire, avant chaque envoi, à qui il ne faut pas écrire ; savoir à quel envoi un STOP répond, éviter les doublons, "
    "établir qui a été touché en cas d'incident."
)
_CONTACTS_LAW = (
    "Intérêt légitime à prouver le respect des oppositions (RGPD art. 6(1)(f)) et responsabilité (art. 5(2))."
)
_CONTACTS_DATA = "Pseudonymes de 64 bits des numéros autorisés, date, campagne, finalité, clé de l'appelant, décomptes."
