"""Rules for people who have asked before: the intent is clear, and the failure matters to whoever keeps the list."""

from typing import Final

from app.intent.model import Intent
from app.intent.rule import Rule

STOP: Final = Intent.STOP

COMPLAINTS: Final = (
    Rule("stop.or-else", STOP, "a condition: unless you stop", """
        si/tant/if ..3 NE ..1 CEASE/UNSUB/STOP/REMOVE PAS
        if ..2 dont/not ..1 STOP/CEASE
    """),
    Rule("stop.counted", STOP, "says how often it was asked", """
        et mon STOP
        encore un STOP
        comprenez/comprendre/understand ..3 STOP
        combien de fois ..10 STOPPING/REMOVE/REACH
        how many times ..8 STOPPING/REACH
        NUMBER/plusieurs/deux/trois/quatre/enieme eme/ieme/e/x/rd/nd? AGAIN_AND_AGAIN ..6 STOPPING
        fois/times ..8 SAID ..4 STOPPING
        SAID ..3 STOPPING ..3 fois/times/reprises
        STOPPING NUMBER/plusieurs/deux/trois/quatre/cinq/dix fois
        deuxieme/troisieme/quatrieme/enieme/second STOP COURTESY* >
        NUMBER eme/ieme/e/nd/rd/th STOP
    """, repeat=True, unless="START"),
    Rule("stop.asked-before", STOP, "an earlier STOP is reported", """
        EARLIER ..3 SAID ..5 STOPPING
        SAID ..2 EARLIER ..5 STOPPING
        SAID ..3 STOPPING ..8 EARLIER/RECEIVES
        SAID ..3 STOPPING ***0 EARLIER ..3 RECEIVES/MSG
        SAID ..3 STOPPING ***0 RECEIVES ..3 EARLIER
        ai SAID ..3 STOPPING ..2 hier/avant/matin/semaine/jours/mois
        STOPPING EARLIER SAID
        EARLIER SAID ..8 PLUS/REMOVE
        EARLIER ..1 UNSUB
        EARLIER ..2 BE UNSUB
        suis/am/etais/avais/ai ..3 UNSUB ..8 EARLIER/RECEIVES
        UNSUB ***0 EARLIER ..2 RECEIVES
        UNSUB ***0 RECEIVES ..2 EARLIER
        malgre/despite ..5 STOPPING/REMOVE/refus/opposition
    """, repeat=True, unless="START"),
    Rule("stop.not-honoured", STOP, "an earlier STOP had no effect", """
        STOPPING ..6 NOMORE/not ..4 WORKS
        STOPPING ..6 WORKS NOMORE/toujours
        STOPPING ..2 doesnt/didnt/not WORKS
        STOPPING ..2 sert a rien
        WORKS pas/plus ..4 STOPPING
        NE ..1 WORKS pas/aucun ..4 STOPPING
        ignore/ignorez/ignorent/ignoring ..4 STOPPING
        toujours/still/tjrs/tjr pas/not ..2 STOPPING
        avez/as PAS/toujours ..3 WORKS
        avez/as PAS/toujours ..2 CEASE/UNSUB
    """, repeat=True, unless="START"),
    Rule("stop.goes-on", STOP, "the messages go on", """
        continuez/continues/continuer/continue a/de/d? ..2 REACH ..6 STOPPING
        STOPPING ***0 vous continuez/persistez/insistez
        vous continuez ..1 de/a/d ..2 REACH
        vous/tu/vs/ca NE? CEASE PAS/PLUS de/d ..2 REACH
        keep/keeps/kept sending/texting/messaging/contacting/getting/receiving/spamming
        je continue ..1 RECEIVE ..4 MESSAGE
        WHY ..4 RECEIVES ..3 EARLIER ..4 MESSAGE
        WHY ..4 EARLIER ..2 RECEIVES ..4 MESSAGE
        WHY ..3 EARLIER ..3 texting/messaging/sending/getting/contacting/receiving
        WHY ..3 wont/dont ..1 STOP
        WHY ..1 vous/tu NE? CEASE pas
    """, repeat=True, unless="START"),
)  # fmt: skip
