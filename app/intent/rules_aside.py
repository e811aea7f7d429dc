"""Rules that set words aside: stopping that asks for nothing."""

from typing import Final

from app.intent.rule import Rule

# Compound words and fixed phrases: nothing is asked for, whatever stands around.
PHRASES: Final = (
    Rule("other.phrasal-verb", None, "English 'stop by', 'we will stop at'", """
        STOP by/over/off/in/at/next/near/outside
        STOP on the/my/your/a/monday/tuesday/friday/saturday/sunday
        STOP for a/some/lunch/dinner/coffee/gas/petrol/bread/milk/food
        STOP and think/smell/say/chat/ask/listen
        STOP FRIENDLY
        STOP the/his/her/him ..1 story/car/bus/music/war/show/fight/noise/clock/game/madness/world
        let s STOP
        nothing/might/should/did/does/lets/it/train/bus/rain/show/music/time/kids/we/they/he/she ..1 STOP
        i ll/will/had/should/might STOP
        SUBJECT stopped
        STOP sign/signs/light/lights/watch/loss/motion/press/gap/lamp/codon/words
        one STOP shop
    """),
    Rule("other.compound", None, "pit stop, bus stop, feu stop", """
        BEFORE_STOP STOP
        STOP and go
        STOP cuisson/covid/motion/vitre/autocollant/goutte/chute
    """, unless="CODE"),
    Rule("other.hitch-hiking", None, "faire du stop", """
        faire/fait/fais/font/faisait/faisant du STOP
        -mettez -mettre -passez -passer en STOP
    """),
    Rule("other.non-stop", None, "without a pause", """
        nonstop
        . -EXCLAIM -GREET -PAUSE -et non STOP
    """),
    Rule("other.sick-leave", None, "arrêt maladie, arrêt de travail", """
        ARRET/CEASE de/du? maladie/travail/cardiaque/respiratoire/medical
        ARRET/CEASE maladie/travail/cardiaque/respiratoire/medical
        en ARRET !DET
        prolongation/prolonger/prescrit/prescrire/prolonge/nouvel/second/deuxieme/renouvelle ..2 ARRET
        MINE/son/leur ARRET !DET
        ARRET/CEASE jusqu
        ARRET/CEASE de/du/des jeu/jeux/match/chantier/travaux/cours/production
    """),
    Rule("other.bus-stop", None, "where the bus or the train stops", """
        ARRET DET* PLACE
        PLACE ..2 ARRET
        avant/apres/jusqu/devant/depuis/vers/pres/premier/prochain/dernier/troisieme ..2 ARRET !DET
        meme/bon/mauvais/autre/quel/chaque/cote/ton ..2 ARRET !DET
        descend/descends/descendre/descendez/monte/monter/attends/attend/attendre/rater/rate/rdv/rendez ..4 ARRET
        pas d ARRET !DET
        ARRET numero/suivant/precedent/minute/pipi/buffet/technique/desservi/image/carre
        sans/temps/point/cran/coup/mandat/chien/maison/certificat/avis/attestation/papier d? ARRET
        marque/marquer/marquent ..2 ARRET
        sans CEASE
    """),
    Rule("other.decree", None, "arrêté préfectoral", """
        CEASE prefectoral/municipal/ministeriel/royal/interprefectoral/prefectoraux/municipaux/prefet/numero
        un/l/cet/par/nouvel/selon CEASE du/numero/NUMBER/portant/relatif/municipal/prefectoral/de
        un/nouvel/projet d? CEASE
        l CEASE BE/prefectoral/ne/n/a
        CEASE du NUMBER
    """),
    Rule("other.somebody-ceases", None, "'la boutique arrête …': a noun is what ceases", """
        le/la/l/un/une/mon/ma . -MSG CEASE_3
        le/la/l/un/une/mon/ma . -MSG a CEASE
        NE? compte/comptons pas/plus GLUE* UNSUB/CEASE
    """),
    Rule("other.advert-voice", None, "the first person of an advertisement", """
        j en profite
        je profite/decouvre/reserve/fonce/craque/participe/commande/clique/choisis
    """),
)  # fmt: skip

# Stopping, leaving or silence that is refused, impossible or about another thing.
NEGATIONS: Final = (
    Rule("other.negation", None, "what is asked is not to stop", """
        NE ..2 STOPPING/REMOVE/FORGET surtout? PAS/surtout/rien
        NE PAS/surtout surtout/PAS? GLUE* STOPPING/REMOVE/FORGET
        CEASE/UNSUB/REMOVE moi/nous surtout? PAS
        | COURTESY* surtout? CEASE/UNSUB surtout? PAS !de
        CEASE PAS de/d ..1 REACH
        NE? ..1 WANT PAS/PLUS/surtout/NOT GLUE* CEASE/UNSUB
        pas/plus/aucune/sans envie/question/besoin/intention/raison ..3 CEASE/UNSUB
        pas/jamais demande/demandee/voulu/souhaite a? ..2 UNSUB
        ai/as/a/ont PAS CEASE
        ai PAS SAID d/de/l/a STOPPING
        ai PAS SAID STOP
        j CEASE PAS
        surtout pas ..1 STOPPING
        pas/aucun/sans d/de STOP/UNSUB
        aucun STOP/UNSUB
        nicht STOPPING
        CEASE/UNSUB mich? nicht
        cant/wont/couldnt/never/doesnt/didnt STOP/CEASE
        dont/not/never ..1 STOP/CEASE
        dont/not want/wish/like/need to? ..1 STOPPING
        dont/not/never UNSUB/remove/delete/block
    """),
    Rule("other.another-matter", None, "an order, an appointment, a class; one's own doing", """
        -HAVE REMOVE/REACH ..1 PLUS/PAS? DET* MINE? FOREIGNOBJECT/CHILD
        RECEIVE DET/MINE? DET/MINE? FOREIGNOBJECT
        WANT NOMORE DET* FOREIGNOBJECT
        WANT NOMORE ..2 MISS
        WANT NOMORE LINK* vous/te/t/lui/leur/toi REACH
        WHY ..3 vous/tu NE? ..2 REACH PLUS/pas
        SUBJECT NE? ..1 CAN NOMORE ..2 REACH/RECEIVE
    """),
)  # fmt: skip

# Nouns and reflexive verbs, set aside only after the wishes have been looked for.
AFTER_WISHES: Final = (
    Rule("other.stopping-somewhere", None, "s'arrêter, avoir arrêté: somebody halts or has given something up", """
        m/s/t/se/me/te/nous CEASE
        vous CEASE a/au/chez/devant/ici/sur
        m/t/l/les a/ont CEASE
        vous vous CEASE
        CEASE toi/nous
        CEASE vous a/au/chez/devant/ici/sur/avant/apres/pres/dans
        ai/avons/ont/avez/avait/avais CEASE
        THIRD/CHILD a? CEASE
        BE CEASE
        j/je CEASE de/d/le/la/l/mon/ma/les/a/au
    """, unless="MSG"),
    Rule("other.road-sign", None, "a stop on the road, a stop of the tram", """
        ARTICLE STOP
        . STOP ..2 PLACE
        attention ..1 STOP
        l ARRET
    """, unless="CODE MSG"),
)  # fmt: skip
