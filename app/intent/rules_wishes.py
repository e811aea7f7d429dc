"""Rules that find a wish to receive no more, in whatever words a reasonable reader would understand."""

from typing import Final

from app.intent.model import Intent
from app.intent.rule import Rule

STOP: Final = Intent.STOP

# An earlier STOP was not honoured: the intent is clear, and the failure matters to whoever answers for the list.
COMPLAINTS: Final = (
    Rule("stop.or-else", STOP, "a condition: unless you stop", """
        si/tant/if ..3 NE ..1 CEASE/UNSUB/STOP/REMOVE PAS
        if ..2 dont/not ..1 STOP/CEASE
    """),
    Rule("stop.complaint", STOP, "an earlier STOP was not honoured", """
        combien de fois ..10 STOPPING
        how many times ..8 STOPPING/REACH
        NUMBER/plusieurs/deux/trois/quatre eme/ieme/e/x/rd? fois/times/reprises/demande/time ..6 STOPPING
        fois/times ..8 SAID ..4 STOPPING
        SAID ..3 STOPPING ..3 fois/times/reprises
        STOPPING NUMBER/plusieurs/deux/trois/quatre/cinq/dix fois
        EARLIER ..3 SAID ..5 STOPPING
        SAID ..2 EARLIER ..5 STOPPING
        SAID ..3 STOPPING ..8 EARLIER/RECEIVES
        SAID ..3 STOPPING ***0 EARLIER ..3 RECEIVES/MSG
        SAID ..3 STOPPING ***0 RECEIVES ..3 EARLIER
        ai SAID ..3 STOPPING ..2 hier/avant/matin/semaine/jours/mois
        malgre/despite ..5 STOPPING/REMOVE
        STOPPING ..6 PAS/PLUS/jamais/not ..4 WORKS
        STOPPING ..6 WORKS PAS/PLUS/jamais/toujours
        STOPPING ..2 doesnt/didnt/not WORKS
        WORKS pas/plus ..4 STOPPING
        ignore/ignorez/ignorent/ignoring ..4 STOPPING
        toujours/still/tjrs/tjr pas/not ..2 STOPPING
        avez/as PAS/toujours ..3 CEASE/UNSUB/REMOVE/WORKS
        EARLIER UNSUB
        EARLIER ..2 BE UNSUB
        suis/am/etais/avais/ai ..3 UNSUB ..8 EARLIER/RECEIVES
        UNSUB ***0 EARLIER ..2 RECEIVES
        UNSUB ***0 RECEIVES ..2 EARLIER
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
        EARLIER demande/dit/signale/said/told/asked ..8 PLUS/REMOVE
    """, repeat=True, unless="START"),
)  # fmt: skip

WISHES: Final = (
    Rule("stop.no-return", STOP, "asks not to be put back", """
        NE ..2 RETURN surtout? PAS/PLUS/jamais
        NE PAS/PLUS/surtout ..3 RETURN
        WANT PAS/PLUS GLUE* RETURN
        dont ..2 RETURN
    """),
    Rule("stop.unsubscribe", STOP, "the word itself: unsubscribe, se désabonner, opt out", """
        UNSUB
    """),
    Rule("stop.no-more-sending", STOP, "send, write, call no more", """
        -SUBJECT NE ..2 REACH surtout? PLUS/rien/AUCUN/jamais
        -SUBJECT NE ..2 REACH surtout? pas ..3 -par MESSAGE
        -SUBJECT NE ..2 REACH surtout? pas COURTESY* |
        -SUBJECT me/m/nous/mon REACH PLUS/rien/jamais rien/jamais? COURTESY* |
        -SUBJECT me/m/nous REACH PLUS/pas/AUCUN/jamais ..3 -par MSG
        REACH moi/nous PLUS/rien/jamais rien/jamais? COURTESY* |
        REACH moi/nous PLUS/pas/AUCUN/jamais ..3 -par MSG
        -CAN REACH PLUS de/d/vos/AUCUN DET* MSG
        -pour -afin NE PLUS/jamais ..3 REACH/RECEIVE
        -pour -afin NE PLUS/jamais ..1 etre ..1 REACH
        -pour -afin NE PAS ..1 me/m/nous/moi ..1 REACH
        -pour -afin NE PAS/rien ..2 REACH/RECEIVE ..4 -par MESSAGE
        -pour -afin NE PAS/rien RECEIVE COURTESY* |
        NE PLUS/PAS ..6 LIST
        -pour NE rien ..2 REACH COURTESY* |
        NE? utilisez/exploitez/utiliser/exploiter PLUS/PAS ..3 DATA
        NE PLUS/PAS utiliser/exploiter/conserver/garder ..3 DATA
        HOW/que/quoi/faut/faire ..6 pour/afin NE PLUS/PAS ..3 REACH/RECEIVE
        SPEAKER ..8 pour/afin de? NE PLUS/PAS ..3 REACH/RECEIVE
        | COURTESY* pour NE PLUS/PAS ..2 RECEIVE DET* MESSAGE AROUND* >
        | COURTESY* PLUS/PAS/rien ..1 RECEIVE
        -CAN -HAVE PLUS RECEIVE ..4 MESSAGE
        faut/doit/devez/dois PLUS/pas ..1 REACH
        ASK de? PLUS ..2 REACH
        plus jamais ..2 REACH/MSG
    """),
    Rule("stop.want-no-more", STOP, "wants no more messages", """
        WANT PLUS/PAS/rien/AUCUN/jamais GLUE* RECEIVE
        WANT ..1 PLUS/PAS/rien/AUCUN GLUE* RECEIVE/BE? REACH
        WANT RECEIVE PLUS/rien/AUCUN
        WANT PLUS/PAS/AUCUN/jamais DET* MSG/OFFER
        NE ..1 WANT PLUS/PAS/AUCUN/jamais DET* MESSAGE
        WANT PLUS/PAS/AUCUN/jamais que ..4 REACH/RECEIVES
        WANT PLUS/PAS/jamais GLUE* REACH/RECEIVES
        WANT PLUS/PAS/jamais ..5 LIST
        WANT PLUS/PAS/jamais ..4 entendre/parler/nouvelles/nouvelle/affaire
        WANT que ..2 CEASE
        NE ..1 WANT PLUS/rien COURTESY* |
        n en WANT PLUS/pas/AUCUN
        j en WANT PLUS/pas COURTESY* |
        WANT PLUS rien
        WANT NE PLUS/PAS ..3 REACH/RECEIVE
        WANT ..1 CEASE de/d/les/vos ..2 RECEIVE/REACH
        WANT sortir/out
        WANT ..2 BE ..1 REMOVE
        WANT to? CEASE ..2 RECEIVE/MESSAGE
        WANT CEASE COURTESY* |
    """),
    Rule("stop.no-messages", STOP, "no messages: a noun and a no", """
        | COURTESY* PLUS/AUCUN/PAS/fini/finis/terminer/termine PLUS/PAS/AUCUN? DET* MSG AROUND* |
        | COURTESY* PLUS/AUCUN/PAS/fini/finis PLUS/PAS/AUCUN? DET* MSG ..2 |
        svp/merci/stp/please PLUS/PAS/AUCUN DET* MSG AROUND* |
        no more MESSAGE
        | COURTESY* no/zero MSG AROUND* |
        PLUS rien RECEIVE/MSG
        fin DET* MSG
        plus jamais DET* MSG
        | COURTESY* PLUS rien COURTESY* |
    """),
    Rule("stop.cease", STOP, "cease sending, cease the messages", """
        CEASE ~4 -par MSG/OFFER
        CEASE ~4 REACH
        CEASE DET* MESSAGE
        CEASE de/d ME
        CEASE avec
        ARRET ~3 -par MSG/OFFER
        ARRET DET* REACH
        MSG/OFFER ARRET
        WANT/ASK ..4 ARRET
        mettre/mettez/mette/met/mettent fin ..4 MESSAGE/REACH/SUBSCRIPTION/a
    """),
    Rule("stop.removal", STOP, "take this number off the list", """
        REMOVE ..5 LIST
        REMOVE ..4 DATA
        DATA ..5 REMOVE
        REMOVE moi/nous
        -NE m/me/nous REMOVE
        REMOVE me/us
        desactiver/desactivez/desactivation ..4 MESSAGE/service/LIST
        take/get/have/strike/put me/my/us/number ..3 off
        take ..2 off ..3 LIST
        lose/forget/erase my number
        NE BE? PLUS ..4 LIST
        faire? PLUS partie ..4 LIST
        retire/retirer/annule/revoque/revoquer/withdraw/revoke ..2 consentement/accord/autorisation/consent/permission
        effacez/oubliez/perdez ..2 numero
    """, unless="FOREIGNOBJECT"),
    Rule("stop.opposition", STOP, "objects, refuses, forbids", """
        < COURTESY* opposition COURTESY* >
        droit d opposition
        m oppose/opposons
        s oppose/opposer ..5 MESSAGE/REACH/RECEIVE/prospection/donnees
        opposition ..5 MESSAGE/prospection/donnees/REACH
        refuse/refusons/interdis/interdisons/interdit ..5 MESSAGE/RECEIVE/REACH
        NE ..1 autorise/autorisons/accepte/acceptons/consens PAS/PLUS ..6 MESSAGE/REACH/RECEIVE/DATA
        pas/plus autorise/autorises/autorisee ..5 MESSAGE/REACH/DATA
        opposed/object ..3 to
        article 21
    """, unless="FOREIGNOBJECT"),
    Rule("stop.leave-alone", STOP, "leave me alone", """
        laissez/laisse/laisser/laissez-moi moi/nous/les? tranquille/tranquil/tranquilles/paix/respirer
        moi/nous/me tranquille
        foutez/fichez/fous/fiche/foutre/laissez/laisse/laisser moi/nous/me? ..1 la/en? paix
        la paix COURTESY* |
        lachez/lache/lacher/lacheee moi/nous/me COURTESY* |
        lachez/lache/lacher moi/nous un/les/la
        me lacher/oublier/laisser
        oubliez/oublie moi/nous
        leave me/us alone
        leave me/us be
        go away
        get lost
        lasst/lassen ..2 ruhe
        laat/laten me/mij ..2 rust
        dejame/dejenme/dejadme ..1 paz
        lasciatemi/lasciami ..1 pace/stare
        deixem/deixa ..2 paz
    """),
    Rule("stop.fed-up", STOP, "fed up with the messages", """
        marre/assez/bol/claque/plein ..2 de/d ..4 MESSAGE
        marre/assez/bol ..1 MSG
        HARASS ..3 avec ..3 MESSAGE
        BE ..2 HARASS ..3 MSG
        me/nous/m HARASS ..4 MSG
        < COURTESY* harcelement COURTESY* >
        c/ca est/devient du/un/de? ..1 harcelement
        MSG/OFFER ..4 harcelement
        ca suffit ..3 MSG
        < COURTESY* ca suffit COURTESY* >
        < ca suffit AROUND* >
        MSG ..2 ca suffit
        sick/tired/fed ..3 MSG
        enough ..3 MSG
        jamais ..2 demande/sollicite/souhaite/accepte/autorise/consenti/voulu ..5 MESSAGE/RECEIVE/REACH
        never ..2 asked/agreed/consented/wanted/signed ..5 MESSAGE/RECEIVE/REACH
        MESSAGE NE/ne/n ..2 interesse/interessent ..1 PAS/PLUS
        pas/plus/aucun/aucunement interesse/interessee/interesses ..3 -par MESSAGE
        pas/plus interesse/interessee ..3 RECEIVE/REACH
        basta/genug/stop MESSAGE
    """, unless="FOREIGNOBJECT CHILD"),
    Rule("stop.end-subscription", STOP, "end the subscription", """
        annulez/annuler/annule/annulation/annulons/terminer/terminez/stopper/fin/cloturer/cloture/suspendre/suspendez ..3 abonnement/abonnements/adhesion/newsletter/newsletters
        annulez/annuler/annule/annulation/cancel ..3 SUBSCRIPTION ..3 LIST/MSG/OFFER
        annulez/annuler/annule/cancel/end/quit/terminate/revoke DET* MSG
        annulez/annuler ..2 envoi/envois
        cancel/end/terminate/revoke my/the/this ..1 subscription
        < COURTESY* cancel subscription COURTESY* >
        < COURTESY* fin/cancel DET* abonnement/subscription COURTESY* >
    """, unless="FOREIGNOBJECT CHILD"),
    Rule("stop.english", STOP, "English sentences", """
        STOP ..2 texting/sending/messaging/contacting/calling/spamming/emailing/harassing/bothering/pestering/annoying/disturbing/mailing/advertising
        STOP with DET* MESSAGE
        STOP all? DET* MESSAGE
        STOP it/this/now/that/them/please/everything/immediately
        cease and desist
        quit/cease ..1 texting/sending/messaging/contacting/calling/spamming/bothering
        -SUBJECT dont/never ..1 text/texts/message/contact/call/send/email/bother/spam/mail/write/disturb ..1 me/us/my/this/anymore/again/any/please/here
        | COURTESY* dont/never text/message/contact/call/send/email/bother/spam/mail/write/txt COURTESY* |
        -you dont/not/never/longer want/wish/need/like/wanna/care ..4 RECEIVE/MESSAGE/REACH
        -you dont want/wish/need/like it/this/these/any/to
        no longer want/wish ..4
        not ..2 subscribed/consent
        i want out
        let me out
        opt me out
        want/like/wish ..2 optout
        NOT ..2 subscribe ..4 REMOVE
        please remove
    """),
    Rule("stop.other-language", STOP, "German, Spanish, Italian, Dutch, Portuguese, where nothing else can be meant", """
        keine/kein ..2 MSG/nachrichten/werbung/mehr
        nicht mehr ..2 REACH
        nicht ..2 kontaktieren/anschreiben/belastigen
        STOP/CEASE bitte
        CEASE met
        geen ..3 MSG
        geen ..2 meer
        NE? WANT geen
        no/non/nao mas/mais/piu ..2 MSG
        no/non/nao ..1 quiero/voglio/quero ..3 RECEIVE/MSG/mas/piu/mais
        no/non/nao me? REACH mas/piu/mais
        no/non/nao ..1 REACH ..2 mas/piu/mais
        no me envien/manden/molesten/escriban/contacten/llamen/envie/mande
        non mi? REACH piu
        < COURTESY* baja COURTESY* >
        dar/darme/darse/denme/deme/dame/darnos de baja
        baja ..2 lista/suscripcion
        dejen/deje/paren/pare/parem/smettete/smettetela/fermate/pararem de/di ..2 REACH
        NE? annulla/cancelar/cancela iscrizione/inscricao/suscripcion
        basta DET* MSG
        < COURTESY* sair COURTESY* >
        nie chce ..4
        verwijder mijn/me ..2
        losche/loschen/loescht/entfernen ..2 DATA
    """),
)  # fmt: skip
