"""Rules that set words aside: stopping that asks for nothing."""

from typing import Final

from app.intent.rule import Rule

# Compound words and fixed phrases: nothing is asked for, whatever stands around.
PHRASES: Final = (
    Rule("other.phrasal-verb", None, "English 'stop by', 'we will stop at'", """
        STOP by/over/off/in/at/next/near/outside
        STOP on the/my/your/a
        STOP for a/some/lunch/dinner/coffee/gas/petrol/bread/milk/food
        STOP and think/smell/say/chat/ask/listen
        STOP working/worrying/crying/laughing/talking/raining/snowing/smoking/drinking/lying/thinking/playing/eating/wasting/believing/singing/dreaming/running/whining/complaining/pretending/being
        nothing/might/should/did/does/lets/it/train/bus/rain/show/music/time/kids/we/they/he/she ..1 STOP
        i ll/will/had/should/might STOP
        STOP sign/signs/light/lights/watch/loss/motion/press/gap/lamp/codon/words
        one STOP shop
    """),
    Rule("other.compound", None, "pit stop, bus stop, feu stop", """
        pit/bus/tram/next/last/rest/truck/coach/taxi/full/short/door/metro/tube/lunch/fuel/emergency/quick/brief/toilet/whistle/ski STOP
        feu/feux/panneau/panneaux/radar/bouton/ampoule/mini/auto STOP
        STOP and go
        STOP cuisson/covid/motion/vitre/autocollant/goutte/chute
    """, unless="CODE"),
    Rule("other.hitch-hiking", None, "faire du stop", """
        faire/fait/fais/font/faisait/faisant du STOP
        prendre/pris/prend/prends/venu/venus/venue/venir/viens/rentre/rentrer/rentres/parti/partir/voyage/voyager en STOP
    """),
    Rule("other.non-stop", None, "without a pause", """
        nonstop
        . -EXCLAIM -GREET -EDGE non STOP
    """),
    Rule("other.sick-leave", None, "arrêt maladie, arrêt de travail", """
        ARRET/CEASE de/du? maladie/travail/cardiaque/respiratoire/medical
        ARRET/CEASE maladie/travail/cardiaque/respiratoire/medical
        en ARRET !DET
        prolongation/prolonger/prescrit/prescrire/prolonge/nouvel/second/deuxieme/renouvelle ..2 ARRET
        MINE/son/leur/cong ARRET !DET
        ARRET/CEASE jusqu
    """),
    Rule("other.bus-stop", None, "where the bus or the train stops", """
        ARRET DET* PLACE
        PLACE ..2 ARRET
        a l ARRET !DET
        avant/apres/jusqu/devant/depuis/vers/pres/premier/prochain/dernier/troisieme/meme/bon/mauvais/autre/quel/chaque/cote/ton ..2 ARRET !DET
        descend/descends/descendre/descendez/monte/monter/attends/attend/attendre/rater/rate/rdv/rendez ..4 ARRET
        ARRET numero/suivant/precedent/minute/pipi/buffet/technique/desservi/image/carre
        sans/temps/point/cran/coup/mandat/chien/maison d? ARRET
        sans CEASE
    """),
    Rule("other.decree", None, "arrêté préfectoral", """
        CEASE prefectoral/municipal/ministeriel/royal/interprefectoral/prefectoraux/municipaux/prefet/numero
        un/l/cet/par/nouvel/selon CEASE du/numero/NUMBER/portant/relatif/municipal/prefectoral/de
        un/nouvel/projet d? CEASE
    """),
    Rule("other.advert-voice", None, "the first person of an advertisement", """
        j en profite
        je profite/decouvre/reserve/fonce/craque/participe/commande/clique/choisis
    """),
)  # fmt: skip

# Stopping, leaving or silence that is refused, impossible or about another thing.
NEGATIONS: Final = (
    Rule("other.negation", None, "what is asked is not to stop", """
        NE ..2 STOPPING/REMOVE surtout? PAS/surtout
        NE PAS/surtout surtout/PAS? GLUE* STOPPING/REMOVE
        CEASE/UNSUB/REMOVE moi/nous surtout? PAS
        | COURTESY* surtout? CEASE/UNSUB surtout? PAS !de
        CEASE PAS de/d ..1 REACH
        NE? ..1 WANT PAS/PLUS/surtout/NOT GLUE* CEASE/UNSUB
        pas/plus/aucune/sans envie/question/besoin/intention/raison ..3 CEASE/UNSUB
        pas/jamais demande/demandee/voulu/souhaite a? ..2 UNSUB
        surtout pas ..1 STOPPING
        pas de STOP
        pas SAID STOP
        nicht STOPPING
        CEASE/UNSUB mich? nicht
        cant/wont/couldnt/never/doesnt/didnt STOP/CEASE
        dont/not/never ..1 STOP/CEASE
        dont/not want/wish/like/need to? ..1 STOPPING
        dont/not/never UNSUB/remove/delete/block
    """),
    Rule("other.another-matter", None, "an order, an appointment, a class", """
        REMOVE/REACH/SEND ..1 PLUS/PAS? DET* MINE? FOREIGNOBJECT
        RECEIVE DET/MINE? FOREIGNOBJECT
        WANT PLUS/PAS DET* FOREIGNOBJECT
        NE m oubliez/oublie/oublies/oublier
        WHY ..3 vous/tu NE? ..2 REACH PLUS/pas
        SUBJECT NE? ..1 CAN PLUS/PAS ..2 REACH/RECEIVE
    """),
)  # fmt: skip

# Nouns and reflexive verbs, set aside only after the wishes have been looked for.
AFTER_WISHES: Final = (
    Rule("other.stopping-somewhere", None, "s'arrêter, avoir arrêté: somebody halts or has given something up", """
        m/s/t/se/me/te/nous CEASE
        vous vous CEASE
        CEASE toi/nous
        CEASE vous a/au/chez/devant/ici/sur/avant/apres/pres/dans
        ai/avons/ont/avez/avait/avais CEASE
        THIRD/CHILD a? CEASE
        BE CEASE
        j/je CEASE de/d/le/la/l/mon/ma/les/a/au
    """, unless="MSG"),
    Rule("other.road-sign", None, "a stop on the road", """
        ARTICLE STOP
        STOP ..2 PLACE
        attention ..1 STOP
    """, unless="CODE MSG"),
)  # fmt: skip
