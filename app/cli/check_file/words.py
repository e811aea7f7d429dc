"""What the command tells the person, in French where the environment is French, else in English. Never a number."""

from collections.abc import Mapping

# slug -> French, English
_WORDS = {
    # The list
    "workbook": (
        "C'est un classeur, pas un fichier texte : dans le tableur, enregistrez-le au format CSV UTF-8 et relancez.",
        "This is a workbook, not a text file: save it as CSV UTF-8 in the spreadsheet and run the command again.",
    ),
    "compressed": (
        "Le fichier est compressé : décompressez-le d'abord.",
        "The file is compressed: unpack it first.",
    ),
    "not-text": (
        "Ce n'est pas un fichier texte : enregistrez la liste au format CSV UTF-8.",
        "This is not a text file: save the list as CSV UTF-8.",
    ),
    "cut-short": (
        "Le fichier s'arrête au milieu d'un caractère : exportez-le ou transférez-le à nouveau.",
        "The file ends in the middle of a character: export or transfer it again.",
    ),
    "broken-quotes": (
        "Ligne {row} : un guillemet n'est pas fermé, ou est suivi d'autre chose ; corrigez-la ou exportez à nouveau.",
        "Row {row}: a quote is never closed, or something follows it; mend the row or export the list again.",
    ),
    "row-too-long": (
        "Ligne {row} : plus d'un mégaoctet sans fin de ligne ; ce n'est pas une liste de numéros.",
        "Row {row}: more than a megabyte without a line end; this is no list of numbers.",
    ),
    "no-number-column": (
        "Aucune colonne ne contient surtout des numéros : désignez-la avec --column NOM ou --column 2.",
        "No column holds mostly numbers: say which it is with --column NAME or --column 2.",
    ),
    "several-number-columns": (
        "Plusieurs colonnes peuvent être celle des numéros ({columns}) : choisissez avec --column.",
        "Several columns may be the one with the numbers ({columns}): choose with --column.",
    ),
    "no-such-position": (
        "Il n'y a pas de colonne {column} : la liste en compte {width}.",
        "There is no column {column}: the list has {width}.",
    ),
    "no-such-name": (
        "Aucune colonne n'a ce nom. La première ligne contient : {names}. Une position convient aussi : --column 2.",
        "No column has that name. The first row holds: {names}. A position will do as well: --column 2.",
    ),
    "damaged": (
        "Le tableur a remplacé les numéros par des nombres arrondis (6,12E+08). {remedy} Rien n'a été envoyé.",
        "The spreadsheet has replaced the numbers by rounded ones (6,12E+08). {remedy} Nothing was sent.",
    ),
    "damaged-rows": (
        "{rows} : le tableur a remplacé le numéro par un nombre arrondi (6,12E+08) ; la ligne est retenue. {remedy}",
        "{rows}: the spreadsheet has replaced the number by a rounded one (6,12E+08); the row is withheld. {remedy}",
    ),
    "remedy": (
        "Mettez la colonne au format Texte dans le tableur, rechargez les numéros et exportez à nouveau.",
        "Format the column as text in the spreadsheet, load the numbers again and export once more.",
    ),
    # The command
    "no-key": (
        "Il faut une clé : --key sr_… ou la variable STOP_REGISTRY_KEY (stop-registry key issue en crée une).",
        "A key is needed: --key sr_… or the variable STOP_REGISTRY_KEY (stop-registry key issue makes one).",
    ),
    "chunk": (
        "--chunk va de 1 à {most}.",
        "--chunk goes from 1 to {most}.",
    ),
    "same-file": (
        "Deux fichiers sont le même : la liste, --out, --withheld, --clearances et --text-file doivent différer.",
        "Two of the files are the same: the list, --out, --withheld, --clearances and --text-file must differ.",
    ),
    "text-empty": (
        "{path} est vide : écrivez-y le message, avec sa mention STOP.",
        "{path} is empty: write the message into it, with its STOP mention.",
    ),
    "file": ("{path} : {reason}.", "{path}: {reason}."),
    "input-changed": (
        "La liste a changé depuis le début de ce contrôle : rétablissez-la, ou supprimez {journal} pour recommencer.",
        "The list has changed since this check began: put it back, or delete {journal} to begin again.",
    ),
    "options-changed": (
        "Un contrôle interrompu de cette liste avait d'autres options : reprenez-les, ou supprimez {journal}.",
        "An interrupted check of this list had other options: use those again, or delete {journal} to begin again.",
    ),
    "output-changed": (
        "{path} est plus court qu'à l'interruption : rétablissez-le, ou supprimez le fichier .stop-registry-progress.",
        "{path} is shorter than when the check was cut: put it back, or delete the .stop-registry-progress file.",
    ),
    "journal-unreadable": (
        "{journal} est illisible : supprimez-le pour recommencer.",
        "{journal} cannot be read: delete it to begin again.",
    ),
    # The course of things
    "checking": ("Contrôle", "Checking"),
    "plain-http": (
        "Attention : les numéros et la clé circulent en clair jusqu'à {host} ; préférez https.",
        "Note: the numbers and the key travel in clear to {host}; prefer https.",
    ),
    "taken-up": ("Reprise après {rows} lignes déjà contrôlées.", "Taken up again: {rows} rows were done already."),
    "to-be-continued": (
        "{rows} lignes sont faites ; la même commande continuera à partir de là.",
        "{rows} rows are done; the same command will go on from there.",
    ),
    "interrupted": ("Interrompu.", "Interrupted."),
    "warning": ("Le registre signale : {text}", "The registry warns: {text}"),
    # The summary
    "summary": (
        "Lignes contrôlées : {rows} ; autorisées : {allowed} ; retenues : {withheld}.",
        "Rows checked: {rows}; allowed: {allowed}; withheld: {withheld}.",
    ),
    "opted_out": ("opposition (STOP)", "said STOP"),
    "quiet_hours": ("hors des heures d'envoi", "outside sending hours"),
    "duplicate": (
        "campagne ou texte déjà reçu, ou plafond de messages atteint",
        "already had this campaign or text, or as many messages as the sender allows",
    ),
    "opens": ("première ouverture : {at}", "first opening: {at}"),
    "nobody": (
        "Personne dans cette liste ne peut être sollicité maintenant ; relancez la même commande après {at}.",
        "Nobody on this list may be reached now; run the same command again after {at}.",
    ),
    "repeated": ("déjà dans la liste", "already in the list"),
    "invalid": ("numéro inutilisable", "no usable number"),
    "rounded": ("numéro arrondi par un tableur", "number rounded by a spreadsheet"),
    "blank": ("ligne vide, laissée de côté", "empty row, left aside"),
    "row": ("ligne {rows}", "row {rows}"),
    "rows": ("lignes {rows}", "rows {rows}"),
    "clearance": (
        "Autorisation d'envoi {id}, valable jusqu'à {until}.",
        "Clearance {id}, valid until {until}.",
    ),
    "clearances": (
        "{count} autorisations d'envoi ; --clearances FICHIER les garde toutes.",
        "{count} clearances; --clearances FILE keeps them all.",
    ),
}


class Words:
    """The sentences of one language."""

    def __init__(self, *, french: bool) -> None:
        self.french = french
        self._language = 0 if french else 1

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Words":
        """The language of the first locale variable that is set, as every Unix program reads them."""
        locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
        return cls(french=locale.lower().startswith("fr"))

    def __call__(self, slug: str, **values: int | str) -> str:
        """One sentence; whole numbers are written as the language groups them."""
        written = {name: self._written(value) for name, value in values.items()}
        return _WORDS[slug][self._language].format(**written)

    def reason(self, reason: str) -> str:
        """Plain words for a reason; one that is new here speaks for itself."""
        return self(reason) if reason in _WORDS else reason

    def _written(self, value: int | str) -> str:
        return value if isinstance(value, str) else self.count(value)

    def count(self, value: int) -> str:
        """A whole number as the language groups its digits."""
        return f"{value:,}".replace(",", " ") if self.french else f"{value:,}"
