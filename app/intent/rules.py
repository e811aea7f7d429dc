"""The rules, in the order in which they are tried; the first that matches decides.

A rule without an intent sets words aside: the stop words inside its match mean something else ("arrêt de bus"),
and the rules below it no longer see them. The language of the patterns is described in patterns.py, the concepts
(in capitals) stand in lexicon.py. Ids are stable: they are written into the ledger beside the version.

Sources of the policy: research of French practice (an MO "containing" STOP obliges, SMS+ charter 2015), the FCC list
and its reasonable-person test (47 CFR 64.1200(a)(10), in force April 2025), the keyword lists of the providers.
"""

from typing import Final, NamedTuple

from app.intent.model import Intent


class Rule(NamedTuple):
    """One row: `patterns` holds one pattern a line; `needs` and `unless` name concepts anywhere in the text.

    Each name in `needs` must occur ("ERR/HAVE": one of the two); no word of `unless` may. `stop_word` overrules
    the finding whether a stop word is present.
    """

    id: str
    intent: Intent | None
    because: str
    patterns: str
    needs: str = ""
    unless: str = ""
    repeat: bool = False
    stop_word: bool | None = None


STOP, START, CONTACT, HELP, OTHER, AMBIGUOUS = (
    Intent.STOP,
    Intent.START,
    Intent.CONTACT,
    Intent.HELP,
    Intent.OTHER,
    Intent.AMBIGUOUS,
)
SET_ASIDE: Final = None

# Compound words and fixed phrases: here the word never asks for anything, whatever stands around.
_PHRASES: Final = (
    Rule("other.phrasal-verb", SET_ASIDE, "English 'stop by', 'can't stop': another verb", """
        STOP by/over/off/in/at/here/there/next/near/outside
        STOP on the/my/your/a
        STOP for a/some/lunch/dinner/coffee/gas/petrol/bread/milk/food
        STOP and think/go/smell/say/chat
        STOP working/worrying/crying/laughing/talking/raining/snowing/smoking/drinking/lying/being/thinking/playing/eating/wasting
        cant/wont/couldnt/never/doesnt/didnt/cannot STOP
        dont/not/never ..1 STOP/CEASE
        nothing/will/can/could/might/to/should/did/does/ill/lets/well/must he/she/we/they/it/train/bus ..1 STOP
        ill/we/well/they/he/she/train/bus/lets will? STOP
        i/we will STOP
        STOP sign/signs/light/lights/watch/loss/motion/press/gap/over/lamp/codon/words
        one STOP shop
    """),
    Rule("other.compound", SET_ASIDE, "pit stop, bus stop, feu stop, auto-stop", """
        pit/bus/tram/train/next/last/first/rest/truck/coach/taxi/full/short/door/auto/start/back/metro/tube/lunch/fuel/emergency/quick/brief/photo/toilet/whistle STOP
        feu/feux/panneau/panneaux/ligne/radar/pause/bouton/lampe/ampoule/marche/gros/mini/petit STOP
        start and STOP
        STOP and go/start
        STOP start
        STOP cuisson/covid/motion/chute/ampoule/vitre/pub-collant/autocollant
    """),
    Rule("other.hitch-hiking", SET_ASIDE, "faire du stop", """
        faire/fait/fais/font/faisait/faisant/fesait/pris/prendre/prend/prends/venu/venir/viens/rentre/rentrer/rentres/parti/partir/voyage/voyager du/en/mon STOP
        auto STOP
        en STOP
        du STOP
    """),
    Rule("other.non-stop", SET_ASIDE, "without a pause", """
        nonstop
        . -EDGE -EXCLAIM -GREET non STOP
    """),
    Rule("other.sick-leave", SET_ASIDE, "arrêt maladie, arrêt de travail", """
        ARRET/CEASE de? maladie/travail/cardiaque/respiratoire/vaisseau/saison/jeu/jeux/temporaire/definitif-non
        ARRET/CEASE MINE/le/la/du? medecin/docteur/kine
        DET/MINE/en/sans ARRET maladie/travail/medical
        en ARRET !DET
        en/prolongation/prolonger/prescrit/prescrire/prolonge/nouvel/second/deuxieme ..2 ARRET
        MINE ARRET !EDGE
    """),
    Rule("other.bus-stop", SET_ASIDE, "where the bus or the train stops", """
        ARRET de? DET? PLACE
        ARRET DET? PLACE
        PLACE ..2 ARRET
        a l ARRET -EDGE
        a/avant/apres/jusqu/devant/depuis/vers/pres/premier/prochain/dernier/deuxieme/troisieme/meme/bon/mauvais/autre/mon/ton/son/cet/quel/chaque/cote ..2 ARRET !STOPTAIL
        descend/descends/descendre/descendez/monte/monter/attends/attend/attendre/rater/rate/rdv/rendez ..4 ARRET
        ARRET numero/NUMBER/suivant/precedent/minute/pipi/buffet/technique/supprime/desservi/deplace/image/carre/buvette
        sans/lors/temps/point/cran/coup/mandat/chien d? ARRET
        sans CEASE
    """),
    Rule("other.decree", SET_ASIDE, "arrêté préfectoral", """
        CEASE prefectoral/municipal/ministeriel/royal/interprefectoral/prefectoraux/municipaux/prefet/prefecture/mairie/numero
        un/l/cet/par/nouvel/selon/d/les/ces/des CEASE du/numero/NUMBER/portant/relatif/municipal/prefectoral
        un/nouvel/projet ..1 CEASE !de
    """),
)
