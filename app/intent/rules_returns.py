"""Rules for coming back. A START lifts an opt-out, so each needs a request without negation, question or doubt."""

from typing import Final

from app.intent.model import Intent
from app.intent.rule import Rule

START: Final = Intent.START
HELP: Final = Intent.HELP
AMBIGUOUS: Final = Intent.AMBIGUOUS

# The only way back in a text that speaks of stopping.
RETURNS_AFTER_STOP: Final = (
    Rule("start.stop-by-mistake", START, "a STOP is reported and a return clearly asked for", """
        REJOIN moi/nous
        RETURN moi/nous COURTESY* END
        RETURN moi/nous ..4 LIST
        -NEGATION me/nous RETURN COURTESY* END
        -NEGATION me/nous RETURN ..4 LIST/MESSAGE
        -NEGATION me/nous REJOIN !NEGATION
        RETURN ..1 MINE DATA
        WANT ~3 AGAIN ~2 RECEIVE/MESSAGE
        WANT ~2 RECEIVE ~4 AGAIN
        WANT ~1 continuer ~1 RECEIVE
        WANT ~2 revenir ..3 LIST/MESSAGE
        put/add/sign me ~1 back
        subscribe/resubscribe me
        resubscribe
    """, needs="STOPPING ERR/HAVE/BE", unless="HOW DOUBT"),
    Rule("start.undo-stop", START, "the person's own STOP is to be undone", """
        UNDO mon/ma STOP/UNSUB
        UNDO my STOP/UNSUB/optout
    """, unless="NEGATION QUESTION DOUBT"),
    Rule("ambiguous.stop-by-mistake", AMBIGUOUS, "a STOP was a mistake, but no return is asked for", """
        STOPPING ..4 ERR
        ERR ..6 STOPPING
    """, unless="MSG LIST", stop_word=True),
)  # fmt: skip

# Tried when no stop word is left.
RETURNS: Final = (
    Rule("ambiguous.start-question", AMBIGUOUS, "START is asked about, not asked for", """
        < COURTESY* START COURTESY* QMARK
        | non/no/pas START
    """),
    Rule("help.how-to-return", HELP, "asks how to come back", """
        HOW ..5 REJOIN/START
    """),
    Rule("start.keyword", START, "the keyword, alone", """
        < COURTESY* START COURTESY* >
        < COURTESY* START DET* MSG COURTESY* >
        < COURTESY* START again COURTESY* >
    """, unless="NEGATION YESNO DOUBT"),
    Rule("start.sentence", START, "asks to receive the messages, or to be put back", """
        WANT ~3 AGAIN ~3 RECEIVE/MSG/OFFER
        WANT ~2 RECEIVE ~1 AGAIN
        WANT ~1 etre REJOIN
        WANT ~2 RECEIVE vos/votre/your/les/the/tes/des/de MSG/OFFER
        WANT ~2 RECEIVE vos/votre/your INFO
        REJOIN moi/nous COURTESY* |
        REJOIN moi/nous ..3 LIST/MESSAGE
        | COURTESY* REJOIN DET* MSG
        me REJOIN COURTESY* |
        me REJOIN ..3 LIST/MESSAGE
        RETURN moi/nous ..3 LIST
        me RETURN ..3 LIST
        RETURN ..1 MINE DATA ..3 LIST
        reprendre/reprenez/reprise DET* MSG/envois/envoi
        abonnez/inscrivez/abonne/inscris moi ..3 LIST/MESSAGE
        m abonner/inscrire ..3 LIST/MSG/OFFER/newsletter
        abonnez moi COURTESY* |
        sign me ..1 back/up
        put/add me ..1 back
        opt me ..1 in
        optin
        resubscribe me
        subscribe me
        i want to subscribe COURTESY* |
    """, unless="NEGATION QUESTION DOUBT CONTINUE FOREIGNOBJECT CHILD"),
    Rule("ambiguous.start-word", AMBIGUOUS, "START among words that may take it back", """
        < COURTESY* START COURTESY* >
        NOMORE/no/non ..3 START
    """),
    Rule("ambiguous.return", AMBIGUOUS, "may ask to come back; doubt never lifts an opt-out", """
        < COURTESY* RETURN COURTESY* >
        REJOIN moi/nous
        me REJOIN
        START ..3 MSG
        WANT ..3 AGAIN ..2 RECEIVE/MESSAGE
        WANT ..2 RECEIVE ..2 MSG/OFFER
        < START . >
    """, unless="FOREIGNOBJECT CHILD"),
)  # fmt: skip
