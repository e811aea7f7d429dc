"""Which misspellings are still the word that was meant: bounded edit distance, with a list of words that are not.

"stop" has four letters, so only slips of the thumb count: two letters swapped, a letter doubled, a neighbouring
key. Longer words of the vocabulary may be one edit away, from ten letters on two.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from app.intent.lexicon import words_of

# Keys beside each other on AZERTY, QWERTY or QWERTZ telephones.
_NEIGHBOURS: Final = {
    "s": "qdzxaewc",
    "t": "ryfg56",
    "o": "ipkl09",
    "p": "olm0",
}

# Real words and names within reach of "stop" that mean something else.
NOT_STOP: Final = frozenset(
    words_of("""
        top tops tope topo shop shops step steps spot spots stock stocks post poste posts sop sops strop slop slops swop
        swap scop scoop snap stow stomp stoup stout story store stoa stor sot sots pot pots opt soto stp sto atop
        atom shot slot snob soap soup stap stamp strip strap stripe stoic stoke stole stone stood stool tsp sport
        sports sorti sort estop desktop laptop trop trot troc croc pto to st photo toto stylo stef stan stem stay
        star stat stab stub stud stun stew stops ston
    """)
)
# "shtop" is a joke on stop, "sto" half of it, "stp" most often please: nobody can tell.
_DOUBTFUL: Final = frozenset(("shtop", "sto", "strop", "stap", "schtop", "chtop", "estop"))

# Ordinary words one or two edits away from a word of the vocabulary.
NOT_MEANT: Final = frozenset(
    words_of("""
        massage massages decevoir concevoir percevoir renvoyer renvoyez renvoie renvoye contracter contracte casser
        cassez lesser laisser laissez laisse baisser caisse passage passages visage mesange menage manege
        shopper stepper stoppeur stoppeurs topper accepter excepter relever elever soulever enlevement eleve relance
        retarder retraite imprimer exprimer comprimer opprimer reprimer deprimer interprete arriver arrivez arrivee
        arriere arbitre abonnement abonnements abonner abonnez inscription inscriptions inscrire inscrivez
        reinscription reinscrire reabonner subscribe subscribed subscriber subscription describe prescribe description
        prescription desordonner abandonner abandonnez ordonner pardonner donner envier envoler devoyer convoyer
        nettoyer employer deployer louvoyer effectuer afficher tracer placer lancer commencer resilience residence
        reservation session cession publique publiques publicain publier publiez manger changer ranger demander
        commander detester contester souhaits numerous contacted contracted promotional
    """)
)

_LONG: Final = 7  # letters from which one edit is forgiven
_VERY_LONG: Final = 10  # letters from which two are
_LONGEST: Final = 24  # letters beyond which nothing is corrected


def _swapped(word: str) -> Iterator[str]:
    for place in range(len(word) - 1):
        yield word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _slips() -> frozenset[str]:
    """What a thumb makes of "stop": letters swapped or doubled, a neighbouring key instead of or beside one."""
    word = "stop"
    slips = {*_swapped(word), "sopt", "spto"}
    for place, letter in enumerate(word):
        before, after = word[:place], word[place + 1 :]
        for key in _NEIGHBOURS[letter]:
            slips |= {before + key + after, before + key + letter + after, before + letter + key + after}
    return frozenset(slips) - NOT_STOP - {word}


def _near() -> frozenset[str]:
    """Everything else one edit away from "stop": too little to act upon, too much to ignore."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    word = "stop"
    near = {word[:place] + word[place + 1 :] for place in range(len(word))}
    for place in range(len(word) + 1):
        near |= {word[:place] + letter + word[place:] for letter in letters}
        near |= {word[:place] + letter + word[place + 1 :] for letter in letters if place < len(word)}
    return (frozenset(near) - NOT_STOP - SLIPS - {word, "stops", "stope"}) | _DOUBTFUL


def scrambled(word: str) -> bool:
    """Whether a short word holds every letter of "stop" or begins with it: perhaps a worse slip."""
    beginning = word.startswith("stop") and len(word) <= _LONG
    letters = word[0] in "st" and set("stop") <= set(word) and len(word) < _LONG
    return (beginning or letters) and word not in NOT_STOP


def swaps(words: Iterable[str]) -> dict[str, str]:
    """The words with two neighbouring letters swapped, and what was meant."""
    return {slip: word for word in words for slip in _swapped(word) if slip != word}


SLIPS: Final = _slips()
NEAR: Final = _near()


def _deletes(word: str, depth: int) -> set[str]:
    """The word with up to `depth` letters left out: two words an edit apart share one of these."""
    found = {word}
    layer = {word}
    for _ in range(depth):
        layer = {w[:place] + w[place + 1 :] for w in layer for place in range(len(w))}
        found |= layer
    return found


def _edits(word: str) -> int:
    """How many edits a word of this length forgives."""
    return 0 if len(word) < _LONG else 1 if len(word) < _VERY_LONG else 2


def distance(one: str, other: str) -> int:
    """Edits between two words: letters put in, left out, replaced, or two neighbours swapped (optimal alignment)."""
    previous: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        older, previous, row = previous, row, [i]
        for j, right in enumerate(other, 1):
            best = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                best = min(best, older[j - 2] + 1)
            row.append(best)
    return row[-1]


class Spelling:
    """Finds the known word that an unknown long one was meant to be.

    `forgiving` are the words that may be misspelled, `known` words that must not be taken for one of them: where
    one of those, or a word of the guard list, is as near, nothing is corrected.
    """

    def __init__(self, forgiving: Iterable[str], known: Iterable[str]) -> None:
        self._forgiving = frozenset(forgiving)
        self._index: dict[str, set[str]] = {}
        for word in {*self._forgiving, *known, *NOT_MEANT}:
            for shorter in _deletes(word, _edits(word)):
                self._index.setdefault(shorter, set()).add(word)

    def meant(self, word: str) -> str | None:
        """The forgiving word nearest to `word` if it is near enough, else None."""
        if not _LONG - 1 <= len(word) <= _LONGEST or word in NOT_MEANT:
            return None
        parts = _deletes(word, 1 if len(word) < _VERY_LONG - 2 else 2)
        near = {candidate for part in parts for candidate in self._index.get(part, ())}
        # Between two as near, the one with the same first letter ("deinscrire" is no "reinscrire"), else the known one.
        ranked = sorted((distance(word, c), c[0] != word[0], c in self._forgiving, c) for c in near)
        nearest = [r for r in ranked if r[0] <= _edits(r[3])]
        return nearest[0][3] if nearest and nearest[0][2] else None
