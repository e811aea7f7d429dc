"""Rules about the keyword itself: what asks about it, what doubts it, and where it stands alone or beside its like."""

from typing import Final

from app.intent.model import Intent
from app.intent.rule import Rule

STOP: Final = Intent.STOP
HELP: Final = Intent.HELP
OTHER: Final = Intent.OTHER
AMBIGUOUS: Final = Intent.AMBIGUOUS

# Tried before everything else.
FIRST: Final = (
    Rule("ambiguous.non-stop", AMBIGUOUS, "'no, stop' or 'non-stop'", """
        < non STOP EDGE? >
        < nonstop EDGE? >
    """, stop_word=True),
    Rule("help.about-stop", HELP, "asks what the mention means", """
        c/ca/ce/s est/es quoi ..1 ASKGLUE* STOP/CODE
        c/ce quoi/koi ASKGLUE* STOP/CODE
        kesako/koi/quesaco ASKGLUE* STOP
        STOP CODE? ..1 c/ca/ce est? quoi
        ca veut dire quoi ..2 STOP
        STOP CODE? ..2 veut dire
        que/qu/quoi ..2 veut/signifie ..1 dire? ASKGLUE* STOP
        STOP CODE? ~1 signifie/sert/means
        a quoi ..3 sert/correspond ..1 ASKGLUE* STOP
        sert a quoi ..1 ASKGLUE* STOP
        qu est ce que ..2 ASKGLUE* STOP
        comment ..2 marche/fonctionne/utiliser ..1 ASKGLUE* STOP
        ASKGLUE STOP CODE? ..1 marche/fonctionne comment
        STOP CODE? ..5 PAYING ..3 QMARK
        PAYING ..4 STOP CODE? QMARK
        combien ..2 coute/coutent/facture ..4 STOP
        coute combien ..4 STOP
        what is ..1 ASKGLUE* STOP
        what does ..2 STOP ..2 mean
        what s STOP
        < pourquoi ASKGLUE* STOP CODE? QMARK
        que se passe ..5 STOP
        si j envoie/reponds/fais/tape STOP ..5 QMARK
        pourquoi/why ..4 marque/ecrit/mentionne/indique/mis ..3 STOP
        PAYING ..2 STOP ..3 QMARK
    """, unless="UNSUB CEASE REMOVE"),
)  # fmt: skip

ADVERT: Final = (
    Rule("ambiguous.advert", AMBIGUOUS, "the whole advertisement was sent back: perhaps a clumsy STOP", """
        < ***5 STOP DET* MSG? DET? .? CODE ***0 >
        < ***5 CODE STOP >
        < ***5 STOP .? URL >
        < ***6 STOP >
        < ***3 repondez/envoyez/reply/text/tapez/repondre/envoyer/txt ..2 STOP ***0 >
        < ***1 pour/to/afin ..4 repondez/envoyez/reply/text/tapez/repondre/envoyer/txt ..1 STOP ***0 >
        < ***5 URL ***0 vous/se/to UNSUB ***0 >
    """, needs="AD", unless="SPEAKER CEASE REMOVE REQUEST", stop_word=True),
)  # fmt: skip

DOUBTS: Final = (
    Rule("ambiguous.other-subscription", AMBIGUOUS, "leaving something that may not be these messages", """
        UNSUB ..6 CHILD/FOREIGNOBJECT
        CHILD/FOREIGNOBJECT ..6 UNSUB
    """, unless="MSG LIST OFFER"),
    Rule("ambiguous.state-question", AMBIGUOUS, "asks whether the opt-out is in force", """
        suis bien UNSUB
        suis ..1 UNSUB QMARK
        suis je ..2 UNSUB
        am i ..2 UNSUB
    """, stop_word=True),
)  # fmt: skip

# Tried when no wish was found in other words.
KEYWORDS: Final = (
    Rule("other.auto-reply", OTHER, "a machine or a mode of the telephone answered", """
        reponse/message/reply/response/antwort/respuesta automatique/auto/automated/automatisch/automatica
        automatic/auto/automated reply/response/message
        | COURTESY* autoreply/autoreponse
        out of office
        absent/absente ..1 du/de bureau
        je conduis
        i m driving
        actuellement ..2 absent/absente/indisponible/conges/conge/reunion/deplacement
        ne pas deranger
        dont disturb
    """),
    Rule("ambiguous.start-and-stop", AMBIGUOUS, "both keywords", """
        START ***0 STOPPING
        STOPPING ***0 START
    """),
    Rule("ambiguous.without-pause", AMBIGUOUS, "messages without a pause: no wish is spoken", """
        RECEIVES ..4 MESSAGE ..3 MASKED
        MESSAGE non STOP
    """),
    Rule("stop.requested", STOP, "asks when or whether the messages will cease", """
        allez vous? CEASE
        quand ..3 CEASE COURTESY* END
    """, unless="FOREIGNOBJECT PLACE CHILD"),
    Rule("ambiguous.stop-question", AMBIGUOUS, "a question, a request or a play on words", """
        STOP ou/or pas/non/encore/continue/continuer/continuez/start/go/not/oui
        continue/continuer/continuez/go/encore/oui/start ou/or STOP
        ou/or STOP QMARK
        STOP ou/or ..4 QMARK
        STOP QMARK ou/or
        < AROUND* STOPPING AROUND* QMARK >
        pourquoi/why ..1 STOP QMARK
    """, unless="REQUEST ASK"),
    Rule("ambiguous.whether-to-stop", AMBIGUOUS, "asks whether STOP has to be sent", """
        dois/doit/faut/should/must ..4 STOP CODE? QMARK
    """),
    Rule("stop.keyword", STOP, "the keyword, with nothing but courtesy, digits and messages around it", """
        < AROUND* STOPPING AROUND* QMARK? AROUND* >
        < SIGN* STOP SIGN* >
        | COURTESY* STOPPING COURTESY* END
        < COURTESY* halte/stops COURTESY* >
        halte a/aux DET* MESSAGE
    """),
    Rule("ambiguous.stop-elsewhere", AMBIGUOUS, "'stop à …': a place or a slogan as much as a sender", """
        | COURTESY* STOP GERUND
        | COURTESY* STOP the/his/her UNKNOWN
        STOP ..4 ROAD
        ROAD ..6 STOP
    """, unless="MESSAGE CODE"),
    Rule("stop.keyword-beside", STOP, "the keyword beside a message, a short code, a request or 'I say'", """
        STOP a? DET* MESSAGE
        MESSAGE STOP
        STOP CODE
        CODE STOP
        STOP REQUEST
        REQUEST STOP
        SAID/ORDER/je/j/faites/faire ..1 STOP
        STOP a? ALL COURTESY* END
        STOP a? ALL ..4 MESSAGE
        NEARSTOP CODE
        stp/sop CODE
        sop MSG COURTESY* >
        | COURTESY* ARRET DET* UNKNOWN UNKNOWN? REQUEST
        NEARSTOP a? DET* MSG
        CODE NEARSTOP
    """),
    Rule("stop.keyword-first", STOP, "the text or a sentence of it begins with the keyword", """
        < COURTESY* STOP
        || COURTESY* STOP DET* UNKNOWN? UNKNOWN? UNKNOWN? COURTESY* ||
        < COURTESY* ARRET DET* MESSAGE
    """),
    Rule("stop.keyword-last", STOP, "the text ends with the keyword", """
        | ..8 -ARTICLE -NOT_BEFORE_LAST -NUMBER STOP COURTESY* >
    """),
    Rule("stop.cease-it", STOP, "'arrêtez ça', 'il faut arrêter'", """
        CEASE ca/sa/cela/tout/immediatement/maintenant/vite/svp/stp/merci/definitivement
        | COURTESY* CEASE COURTESY* END
        ASK ~3 CEASE COURTESY* END
        ASK ..2 CEASE ca/sa/cela/tout
        temps/moment d/de/que CEASE
        CEASE_ER COURTESY* END
        quand ..3 CEASE COURTESY* END
        < AROUND* CEASE AROUND* >
    """),
    Rule("stop.imperative", STOP, "'arrêtez', said to whoever wrote", """
        CEASE_EZ
    """, unless="FOREIGNOBJECT PLACE CHILD"),
    Rule("stop.end-word", STOP, "the words of the FCC and provider lists, alone", """
        < COURTESY* ENDWORD COURTESY* >
        < COURTESY* ENDWORD DET* MESSAGE COURTESY* >
        < COURTESY* ENDWORD it/this/all/everything COURTESY* >
    """),
    Rule("ambiguous.nearly-stop", AMBIGUOUS, "one letter away from STOP, and no word of its own", """
        < COURTESY* NEARSTOP COURTESY* QMARK? >
    """, stop_word=True),
    Rule("ambiguous.sign", AMBIGUOUS, "a sign that forbids something", """
        SIGN DET* MSG
        MSG SIGN
        < COURTESY* SIGN SIGN* COURTESY* >
    """, stop_word=True),
    Rule("ambiguous.stop-word", AMBIGUOUS, "a stop word, but what is to stop is not clear", """
        STOPPING
    """),
)  # fmt: skip
