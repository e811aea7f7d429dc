"""Rules that find a wish to receive no more, in whatever words a reasonable reader would understand."""

from typing import Final

from app.intent.model import Intent
from app.intent.rule import Rule

STOP: Final = Intent.STOP

FRENCH_WISHES: Final = (
    Rule("stop.no-return", STOP, "asks not to be put back", """
        NE ..2 RETURN surtout? PAS/PLUS/jamais
        NE PAS/PLUS/surtout ..3 RETURN
        WANT PAS/PLUS GLUE* RETURN
    """),
    Rule("stop.unsubscribe", STOP, "the word itself: unsubscribe, se désabonner, opt out", """
        UNSUB
    """),
    Rule("stop.no-more-sending", STOP, "send, write, call no more", """
        -SUBJECT NE ..2 -HAVE REACH surtout? ..1 PLUS/rien/AUCUN/jamais
        -SUBJECT -vous NE ..2 -HAVE REACH surtout? pas ..3 -par MESSAGE
        -SUBJECT -vous NE ..2 -HAVE REACH surtout? pas COURTESY* |
        -SUBJECT me/m/nous/mon REACH PLUS/rien/jamais rien/jamais? COURTESY* END
        -SUBJECT me/m/nous REACH PLUS/pas/AUCUN/jamais ..3 -par MSG
        REACH moi/nous PLUS/rien/jamais rien/jamais? COURTESY* END
        REACH moi/nous PLUS/pas/AUCUN/jamais ..3 -par MSG
        -CAN -HAVE REACH PLUS de/d/vos/AUCUN DET* MSG
        -pour -afin NE PLUS/jamais ..4 -HAVE REACH/RECEIVE
        -pour NE PAS ..1 me/m/nous/moi ..1 REACH
        -pour NE PAS/rien ..2 REACH/RECEIVE ..4 -par MESSAGE
        -pour NE PAS/rien RECEIVE COURTESY* END
        -pour NE rien ..2 REACH COURTESY* END
        NE? utilisez/exploitez/utiliser/exploiter PLUS/PAS ..3 DATA
        NE PLUS/PAS utiliser/exploiter/conserver/garder ..3 DATA
        NE PLUS/PAS ..6 LIST
        NE ..2 PLUS ..4 LIST
        HOW/que/quoi/faut/faire/fais ..6 pour/afin de? NE? PLUS/PAS ..3 REACH/RECEIVE
        SPEAKER ..8 pour/afin de? NE? PLUS/PAS ..1 RECEIVE
        SPEAKER ..8 pour/afin de? NE? PLUS/PAS etre REACH
        < COURTESY* pour/afin de? NE PLUS/PAS ..2 RECEIVE DET* MESSAGE AROUND* >
        | COURTESY* PLUS/PAS/rien ..1 RECEIVE
        -CAN -HAVE PLUS RECEIVE ..4 MESSAGE
        faut/doit/devez/dois PLUS/pas ..1 REACH
        ORDER de? PLUS ..2 REACH/RECEIVE
        plus jamais ..2 REACH/MSG
        NE ..2 etre/suis PLUS ..2 REACH
    """),
    Rule("stop.want-no-more", STOP, "wants no more messages", """
        WANT ..1 NOMORE LINK* RECEIVE
        WANT ..1 NOMORE LINK* MSG/OFFER
        NE ..1 WANT NOMORE LINK* MESSAGE/harcelement
        WANT ..1 NOMORE LINK* me/m/nous REACH
        WANT ..1 NOMORE LINK* etre/be ..1 REACH
        WANT ..1 NOMORE LINK* UNKNOWN? PASSIVE
        WANT ..1 NE NOMORE UNKNOWN? PASSIVE
        NE NOMORE LINK* entendre parler
        NE NOMORE LINK* parler de vous
        WANT ..1 NOMORE que LINK* REACH/RECEIVES/DATA
        WANT ..1 NOMORE que ..5 MINE DATA
        WANT NOMORE LINK* ..4 LIST
        WANT NOMORE LINK* entendre? parler/affaire ..1 de/a vous/votre/vos/tes
        WANT NOMORE LINK* entendre parler
        WANT NOMORE LINK* nouvelles/nouvelle
        WANT RECEIVE NOMORE
        WANT NE PLUS/PAS ..4 REACH/RECEIVE
        WANT CEASE de/d/les/vos ..2 RECEIVE/REACH
        WANT CEASE COURTESY* END
        NE ..1 WANT PLUS/rien rien? COURTESY* END
        n en WANT PLUS/pas/AUCUN COURTESY* END
        j en WANT PLUS/pas POLITE* >
        WANT PLUS rien
        WANT sortir/out ..3 LIST
        HOW/ASK ..3 sortir ..3 LIST
        WANT que ..2 CEASE
        que ca s? CEASE
        ca doit/faut/va/vas s? CEASE
    """),
    Rule("stop.no-messages", STOP, "no messages: a noun and a no", """
        | COURTESY* PLUS/AUCUN/fini/finis/termine/terminer/assez NOMORE? DET* MSG !STATE ..6 >
        | COURTESY* PLUS/AUCUN/fini/finis/termine/terminer/assez NOMORE? DET* MSG COURTESY* END
        < COURTESY* PAS/NOMORE DET* MSG AROUND* >
        | COURTESY* PAS DET* PLURAL_MSG AROUND* |
        | COURTESY* PAS DET* PLURAL_MSG COURTESY* END
        | COURTESY* PLUS DET* MSG de votre/ta part COURTESY* END
        POLITE NOMORE DET* MSG AROUND* |
        | COURTESY* PLUS/AUCUN/PAS DET* OFFER POLITE COURTESY* |
        non/contre a/au/aux/les/la/l/vos/ces DET* MSG
        PLUS rien RECEIVE/MSG
        fin/refus/retrait/cessation/interruption/suppression/revocation/halte DET* ..1 MSG/OFFER/sollicitations
        | COURTESY* PLUS rien COURTESY* END
        | COURTESY* plus jamais ca? COURTESY* >
    """),
    Rule("stop.cease", STOP, "cease sending, cease the messages", """
        CEASE ~6 -par MSG/OFFER
        CEASE_YOU ~4 REACH
        CEASE ~3 ME ..1 REACH
        CEASE DET* MESSAGE
        CEASE_YOU de/d ME
        CEASE avec vos/votre/ces/tes/cette
        ARRET ~3 -par MSG/OFFER
        ARRET de/d/des/du REACH
        MSG/OFFER ARRET
        WANT/ASK ..4 ARRET
        mettre/mettez/mette/met/mettent un? fin/terme ..4 MESSAGE/REACH/SUBSCRIPTION/a
    """),
    Rule("stop.removal", STOP, "take this number off the list", """
        -HAVE REMOVE ..6 LIST
        -HAVE REMOVE ..4 DATA
        -HAVE -SUBJECT REMOVE ..2 MINE infos/informations/contact/contacts
        -HAVE REMOVE ce/cet/le/mon contact
        -HAVE REMOVE ..1 NUMBER ..4 LIST
        -HAVE REMOVE le/ce/mon NUMBER
        quitter/quitte/quit ..3 LIST
        DATA/LIST ..6 REMOVE
        REMOVE moi/nous COURTESY* END
        REMOVE moi/nous de/d/des/du
        REMOVE mwa
        -NE m/me/nous REMOVE COURTESY* END
        -NE m/me/nous REMOVE ..1 de/d/des/du/vos/votre
        WANT ..2 etre REMOVE
        REMOVE me/us
        sortez/sortir/sors/sort/virez/virer/vire ..2 moi/me/m/nous ..1 de/d/des/du
        me/m/nous sortir/virer ..1 de/d/des/du
        sortez/sortir/sors/virez/virer ..3 DATA ..3 LIST
        FORGET moi/nous
        -HAVE FORGET_ME MINE/ce DATA
        de m/nous oublier
        NE BE? PLUS ..4 LIST
        faire? PLUS partie ..4 LIST
        desactiver/desactivez/desactivation ..4 MESSAGE/service/LIST
        retire/retirer/retrait/annule/revoque/revoquer/revocation/withdraw/revoke ..2 CONSENT
    """),
    Rule("stop.removal-of-it", STOP, "'supprimez-le', where a number or a list was spoken of", """
        -HAVE REMOVE le/la/les/it COURTESY* END
    """, needs="DATA/LIST"),
    Rule("stop.opposition", STOP, "objects, refuses, forbids", """
        < COURTESY* opposition COURTESY* >
        droit d opposition
        m/s/me/nous OPPOSE COURTESY* END
        OPPOSE ..6 MESSAGE/REACH/RECEIVE/DATA/prospection/traitement/utilisation/reception/cela
        opposition ..5 MESSAGE/prospection/donnees/REACH
        refuse/refusons/refus/interdis/interdisons/interdit ..5 MESSAGE/RECEIVE/REACH/prospection
        NE ..1 autorise/autorisons/accepte/acceptons/consens/consent NOMORE ..6 MESSAGE/REACH/RECEIVE/DATA
        NOMORE autorise/autorises/autorisee ..5 MESSAGE/REACH/DATA
        NE ..1 donne NOMORE ..3 CONSENT
        NOMORE donne ..3 CONSENT
        REMOVE ..2 CONSENT
        sans ..2 CONSENT
    """, unless="BANK"),
    Rule("stop.leave-alone", STOP, "leave me alone", """
        laissez/laisse/laisser/lesser moi/nous/les? tranquille/tranquil/tranquile/tranquilles/paix/respirer
        moi/nous/me tranquille/tranquile/tranquil
        -te -NE laissez/laisse ..3 tranquille/tranquile
        foutez/fichez/fous/fiche/foutre/laissez/laisse/laisser/foute moi/nous/me? ..1 la/en? paix
        lachez/lache/lacher moi/nous/me COURTESY* END
        lachez/lache/lacher moi/nous un/les/la/POLITE
        m/me lacher COURTESY* END
        allez ..2 voir ailleurs
        degagez de/d ..3
    """),
    Rule("stop.fed-up", STOP, "fed up with the messages", """
        marre/assez/bol/claque ..2 de/d/des ..4 MESSAGE
        marre/assez/bol ..1 MSG
        HARASS ..3 avec ..3 MESSAGE
        me/nous/m HARASS ..4 MSG
        < COURTESY* harcelement COURTESY* >
        peux/peut plus de DET* MSG
        c/ca est/devient? du/un/de? ..1 harcelement
        MSG/OFFER ..4 harcelement
        ca/sa suffit ..3 MSG
        < COURTESY* ca/sa suffit COURTESY* >
        < ca/sa suffit AROUND* >
        MSG ..2 ca/sa suffit
        jamais ..2 demande/sollicite/souhaite/accepte/autorise/consenti/voulu ..5 MESSAGE/RECEIVE/REACH
        MESSAGE NE ..2 interesse/interessent ..1 NOMORE
        NOMORE interesse/interessee/interesses ..3 -par MESSAGE
        NOMORE interesse/interessee ..3 RECEIVE/REACH
    """, unless="FOREIGNOBJECT CHILD"),
    Rule("stop.unwanted", STOP, "a bad word about 'your messages', or 'no use writing to me'", """
        YOURS MSG/OFFER ..8 NEGATIVE
        NEGATIVE ..8 YOURS MSG/OFFER
        BANNING ..3 m/me/nous/te/t REACH
        BANNING ..3 REACH ..3 MSG
        MSG/OFFER non? desires/desire/sollicites/voulus/indesirables/indesirable
        bien faire ..2 MSG
        NOMORE besoin/envie/utilite/interet ..3 MSG/OFFER/RECEIVE
        foutez/fichez/degagez ..1 le camp
    """, unless="TECHNICAL CAN MISS FOREIGNOBJECT CHILD"),
    Rule("stop.end-subscription", STOP, "end the subscription", """
        ANNUL ..3 abonnement/abonnements/adhesion/newsletter/newsletters
        ANNUL/cancel ..3 SUBSCRIPTION ..3 LIST/MSG/OFFER
        ANNUL/cancel/end/quit/terminate/revoke DET* MSG
        ANNUL ..2 envoi/envois
        cancel/end my/all/the MSG
        cancel/end/terminate/revoke my/the/this ..1 subscription
        < COURTESY* cancel subscription COURTESY* >
        < COURTESY* fin/cancel DET* abonnement/subscription COURTESY* >
    """, unless="FOREIGNOBJECT CHILD"),
)  # fmt: skip

FOREIGN_WISHES: Final = (
    Rule("stop.english", STOP, "English sentences", """
        STOP/quit/cease ..2 REACHING
        STOP with DET* MESSAGE
        STOP all? the/these/your/those/this/all/any MESSAGE
        STOP/quit it/this/now/them/please/everything/immediately COURTESY* END
        cease and desist
        -SUBJECT dont/never ENGLISH_REACH ..1 me/us/my/this/anymore/again/any/please/here/to
        | COURTESY* dont/never ENGLISH_REACH COURTESY* END
        -you dont/not/never/longer want/wish/need/like/wanna/care ..4 RECEIVE/MESSAGE
        -you dont/not/never/longer want/wish/wanna ..4 REACHING/contacted/texted/called/emailed/messaged
        -you dont want these/them/it/this COURTESY* END
        no longer want/wish ..4 RECEIVE/MESSAGE
        no more MESSAGE
        < COURTESY* no more COURTESY* >
        | COURTESY* no/zero PLURAL_MSG AROUND* |
        not/never ..2 consent/consented
        i want out
        let me out
        opt me out
        off ..2 LIST
        take/get me/us/my off
        take/get my number off
        lose/forget/erase/delete my/this number
        dont ever ENGLISH_REACH
        leave me/us alone/be
        | COURTESY* go away COURTESY* END
        | COURTESY* get lost COURTESY* END
        sick/tired/fed ..4 MSG
        not/longer interested ..3 MSG
        | COURTESY* enough ..3 MSG
        never ..2 asked/agreed/consented/wanted/signed ..5 MESSAGE/RECEIVE/REACH
        opposed/object ..3 to ..3 MESSAGE/REACHING/RECEIVE
        dont ..2 RETURN me
    """),
    Rule("stop.other-language", STOP, "German, Dutch, Spanish, Italian, Portuguese, where nothing else is meant", """
        keine/kein ..2 MSG mehr/bitte
        bitte ..1 keine/kein ..2 MSG
        < COURTESY* keine/kein ..2 MSG COURTESY* >
        WANT keine/kein ..3 MSG
        nicht mehr ..2 REACH
        nicht ..2 kontaktieren/anschreiben/belastigen
        losche/loschen/loescht/entfernen/streichen ..2 DATA
        nehmen/nehmt/streichen/streicht ..2 mich ..4 LIST/aus
        lasst/lassen ..2 ruhe
        horen/hort ..1 auf ..3 REACH
        cancellate/cancella ..2 DATA
        CEASE met
        geen ..3 MSG meer/aub/alsjeblieft/alstublieft
        WANT geen
        laat/laten me/mij ..2 rust
        verwijder/verwijderen mijn/me/mij
        no/non/nao mas/mais/piu ..2 MSG
        no/non/nao ..1 quiero/voglio/quero/deseo/desejo/queremos/desidero ..3 RECEIVE/MSG/mas/piu/mais
        no/non/nao me/mi? REACH mas/piu/mais
        no/non/nao ..1 REACH ..2 mas/piu/mais
        no me envien/manden/molesten/escriban/contacten/llamen/envie/mande
        < COURTESY* baja COURTESY* >
        de baja COURTESY* END
        de baja ..3 LIST/SUBSCRIPTION/MSG
        CEASE_FOREIGN de/di ..2 REACH
        annulla/cancelar/cancela ..1 iscrizione/inscricao/suscripcion
        basta DET* MSG
        < COURTESY* basta COURTESY* >
        dejame/dejenme/dejadme ..1 paz
        lasciatemi/lasciami ..1 pace/stare
        < COURTESY* sair COURTESY* >
        nie chce ..4 MSG
    """),
)  # fmt: skip
