"""The rules, in the order in which they are tried; the first that matches decides.

A rule without an intent sets words aside: what it matches means something else ("arrêt de bus"), and the rules
below it no longer see those words. The language of the patterns is described in patterns.py, the concepts (in
capitals) stand in lexicon.py. Ids are stable: they are written into the ledger beside the version.

The policy has three sources: French practice (an MO "containing" STOP obliges, SMS+ charter 2015), the FCC list with
its reasonable-person test (47 CFR 64.1200(a)(10), in force April 2025), and the keyword lists of the providers.
"""

from typing import Final

from app.intent.model import Intent
from app.intent.rule import Rule
from app.intent.rules_aside import AFTER_WISHES, NEGATIONS, PHRASES
from app.intent.rules_wishes import COMPLAINTS, WISHES

STOP, START, CONTACT, HELP, OTHER, AMBIGUOUS = (
    Intent.STOP,
    Intent.START,
    Intent.CONTACT,
    Intent.HELP,
    Intent.OTHER,
    Intent.AMBIGUOUS,
)

# The only way back in a text that speaks of stopping, and the questions about the word itself.
_ABOUT_STOP: Final = (
    Rule("start.stop-by-mistake", START, "a STOP is reported and a return clearly asked for", """
        RETURN moi/nous
        -NEGATION me/nous RETURN !NEGATION
        RETURN ..1 MINE DATA
        WANT ~3 AGAIN ~2 RECEIVE/MESSAGE
        WANT ~2 RECEIVE ~4 AGAIN
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

_WHAT_IS_STOP: Final = (
    Rule("help.about-stop", HELP, "asks what the mention means", """
        c/ca/ce/s est/es quoi ..1 ASKGLUE* STOP/CODE
        c/ce quoi/koi ASKGLUE* STOP/CODE
        kesako/koi/quesaco ASKGLUE* STOP
        STOP CODE? ..1 c/ca/ce est? quoi
        ca veut dire quoi ..2 STOP
        STOP CODE? ..2 veut dire
        que/qu/quoi ..2 veut/signifie ..1 dire? ASKGLUE* STOP
        STOP CODE? ..1 signifie/sert/means
        a quoi ..3 sert/correspond ..1 ASKGLUE* STOP
        sert a quoi ..1 ASKGLUE* STOP
        qu est ce que ..2 ASKGLUE* STOP
        comment ..2 marche/fonctionne/utiliser ..1 ASKGLUE* STOP
        ASKGLUE STOP CODE? ..1 marche/fonctionne comment
        STOP CODE? ..5 PAYING ..3 QMARK
        PAYING ..4 STOP CODE? QMARK
        combien ..4 STOP
        what is ..1 ASKGLUE* STOP
        what does ..2 STOP ..2 mean
        what s STOP
        < pourquoi ASKGLUE* STOP CODE? QMARK
    """, unless="UNSUB CEASE REMOVE"),
)  # fmt: skip

_ADVERT: Final = (
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

_DOUBTS: Final = (
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

_KEYWORDS: Final = (
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
    Rule("ambiguous.non-stop", AMBIGUOUS, "'no, stop' or 'non-stop'", """
        < non STOP EDGE? >
        < nonstop EDGE? >
        RECEIVES ..4 MESSAGE ..3 MASKED
        MESSAGE non STOP
    """),
    Rule("ambiguous.stop-question", AMBIGUOUS, "a question, a request or a play on words", """
        STOP ou/or pas/non/encore/continue/continuer/continuez/start/go/not/oui
        continue/continuer/continuez/go/encore/oui/start ou/or STOP
        ou/or STOP QMARK
        STOP ou/or ..4 QMARK
        < AROUND* STOPPING AROUND* QMARK >
        pourquoi/why ..1 STOP QMARK
    """, unless="REQUEST ASK"),
    Rule("stop.keyword", STOP, "the keyword, with nothing but courtesy, digits and messages around it", """
        < AROUND* STOPPING AROUND* QMARK? AROUND* >
        < SIGN* STOP SIGN* >
        | COURTESY* STOPPING COURTESY* |
    """),
    Rule("ambiguous.stop-elsewhere", AMBIGUOUS, "'stop à …': a place or a slogan as much as a sender", """
        STOP a/au/aux/chez/devant/sur/apres/avant/dans/vers/pres ..2 PLACE
        STOP ..4 PLACE
        PLACE ..6 STOP
    """, unless="MESSAGE CODE"),
    Rule("stop.keyword-beside", STOP, "the keyword beside a message, a short code, a request or 'I say'", """
        STOP a? DET* MESSAGE
        MESSAGE STOP
        STOP CODE
        CODE STOP
        STOP REQUEST
        REQUEST STOP
        SAID/ASK ..1 STOP
        STOP a? ALL
        NEARSTOP CODE
        stp CODE
        | COURTESY* ARRET DET* UNKNOWN UNKNOWN? REQUEST
        NEARSTOP a? DET* MSG
        CODE NEARSTOP
    """),
    Rule("stop.keyword-first", STOP, "the text or a sentence of it begins with the keyword", """
        | COURTESY* STOP
        < COURTESY* ARRET DET* MESSAGE
    """),
    Rule("stop.keyword-last", STOP, "the text ends with the keyword", """
        -ARTICLE STOP COURTESY* >
        -ARTICLE STOP COURTESY* |
    """),
    Rule("stop.cease-it", STOP, "'arrêtez ça', 'il faut arrêter'", """
        CEASE ca/sa/cela/tout/immediatement/maintenant/vite/svp/stp/merci/definitivement
        | COURTESY* CEASE COURTESY* |
        ASK ~3 CEASE COURTESY* |
        ASK ..2 CEASE ca/sa/cela/tout
        allez vous ..1 CEASE
        quand ..3 CEASE COURTESY* |
        < AROUND* CEASE AROUND* >
    """),
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

_WITHOUT_STOP: Final = (
    Rule("ambiguous.start-question", AMBIGUOUS, "START is asked about, not asked for", """
        < COURTESY* START COURTESY* QMARK
        | non/no/pas START
    """),
    Rule("start.keyword", START, "the keyword, alone", """
        < COURTESY* START COURTESY* >
        < COURTESY* START DET* MSG COURTESY* >
    """, unless="NEGATION YESNO DOUBT"),
    Rule("start.sentence", START, "asks to receive the messages, or to be put back", """
        WANT ~3 AGAIN ~3 RECEIVE/MSG/OFFER
        WANT ~2 RECEIVE ~1 AGAIN
        WANT ~2 RECEIVE vos/votre/your/les/the/tes/des/de MSG/OFFER
        WANT ~2 RECEIVE vos/votre/your INFO
        REJOIN moi/nous COURTESY* |
        REJOIN moi/nous ..3 LIST/MESSAGE
        me REJOIN COURTESY* |
        me REJOIN ..3 LIST/MESSAGE
        RETURN moi/nous ..3 LIST
        me RETURN ..3 LIST
        RETURN ..1 MINE DATA ..3 LIST
        reprendre/reprenez/reprise DET* MSG/envois/envoi
        abonnez/inscrivez/abonne/inscris moi ..3 LIST/MESSAGE
        m abonner/inscrire ..3 LIST/MSG/OFFER/newsletter
        abonnez moi COURTESY* |
        sign/put/add/opt me ..1 back/in/up
        optin
        resubscribe me
        subscribe me
        i want to subscribe COURTESY* |
    """, unless="NEGATION QUESTION DOUBT FOREIGNOBJECT CHILD"),
    Rule("ambiguous.return", AMBIGUOUS, "may ask to come back; doubt never lifts an opt-out", """
        < COURTESY* RETURN COURTESY* >
        REJOIN moi/nous
        me REJOIN
        START ..3 MSG
        WANT ..3 AGAIN ..2 RECEIVE/MESSAGE
        WANT ..2 RECEIVE ..2 MSG/OFFER
        < START . >
    """, unless="FOREIGNOBJECT CHILD"),
    Rule("contact.keyword", CONTACT, "the mandatory keyword", """
        < COURTESY* CONTACT COURTESY* QMARK? COURTESY* >
        < CONTACT .? .? .? >
    """),
    Rule("contact.who", CONTACT, "asks who is writing", """
        qui/ki etes/est/es/ete vous/tu/ce COURTESY* |
        qui/ki etes vous
        vous/tu etes/es qui/ki
        t es qui/ki
        c/ce/cest est? qui/ki COURTESY* |
        c/cest est? qui ..1 DET DATA/MSG/CODE
        qui c est COURTESY* |
        qui c COURTESY* |
        ki c/ce
        cki
        qui m REACH
        qui ..2 REACH ..2 MSG
        qui est derriere
        qui se cache
        part de qui
        vient de qui
        d ou vient ..2 MESSAGE/DATA
        quelle/quel ..1 societe/entreprise/boite/enseigne/marque/magasin/organisme/association/compagnie/agence
        quelle est votre societe/entreprise/identite
        identifiez vous
        presentez vous
        votre identite/nom
        expediteur
        a qui appartient
        a qui ..2 DATA
        comment avez vous eu
        comment ..3 eu ..2 DATA
        ou avez ..2 DATA
        on se connait
        je vous connais QMARK
        who is this/it/that/texting/sending
        who s this/it/that
        who are you/u/they
        who this
        whos this
        who sent
        whose number
        which company
        wer sind/ist/bist
        quien es/eres/son
        chi sei/siete/e
        wie is dit/bent
        quem e/fala
    """, unless="ABSENT CHILD"),
    Rule("help.keyword", HELP, "a word of help, alone", """
        < COURTESY* HELP COURTESY* QMARK? COURTESY* >
        < COURTESY* HELP CODE >
        < QMARK >
        < COURTESY* HELP HELP* COURTESY* >
    """),
    Rule("help.sentence", HELP, "asks for help or for an explanation", """
        besoin d aide
        need ..1 help
        aidez moi
        help me
        m aider
        can you help
        c/ce est? quoi/koi ..2 MSG/DATA/CODE
        c/ce est? quoi/koi COURTESY* |
        ca veut dire quoi
        que/qu/quoi ..3 veut/signifie ..4 MSG/CODE
        what is/does ..2 MSG
        what is this COURTESY* |
        comment ca marche/fonctionne COURTESY* |
        comment ca marche/fonctionne ..3 MSG
        how does/do it/this work
        comprends/comprend pas ..3 MSG
        plus/+ d info/infos/informations
        plus/+ de renseignements/details
        mode d emploi
        pourquoi ..4 RECEIVES ..3 MSG
        why ..4 RECEIVES/receiving/getting ..3 MSG
        est ce PAYING
        c/ce est PAYING QMARK
    """),
    Rule("other.courtesy", OTHER, "thanks, good wishes", """
        < ok/okay COURTESY* >
        < merci COURTESY* >
    """),
    Rule("ambiguous.wrong-number", AMBIGUOUS, "says that this is somebody else's number", """
        trompez/trompes/tromper/trompe ..3 DATA/personne/destinataire
        vous vous/etes? trompez/trompe
        vous faites erreur
        mauvais/faux/mauvaise/pas ..2 bon? DATA/personne/destinataire COURTESY* |
        n est pas ..3 bon/bonne ..1 DATA/personne
        ERR ..2 DATA/destinataire/personne
        wrong number/person
        not the right/correct number/person
        nouveau proprietaire
        je ne suis pas/plus ..1 cette/la/le personne/bonne/proprietaire/TITLE
        connais pas ..3 personne/TITLE
        est plus/pas MINE DATA
        c est plus ..2 DATA
        falsche nummer
        numero equivocado
        numero sbagliato
        verkeerd nummer
    """, stop_word=True),
    Rule("ambiguous.threat", AMBIGUOUS, "a threat or a report, but no wish is spoken", """
        porte/porter/deposer/depose/porterai plainte
        cnil/rgpd/bloctel/signalspam/33700/dgccrf/arnaque/arnaqueurs/arnaqueur/escroc/escrocs/escroquerie/phishing/scam/scammers/spammeur/spammeurs/plainte/gdpr
        signal spam
        signale/signaler/signalement ..4 spam/plateforme/operateur/DATA
        < COURTESY* THREAT COURTESY* >
        c/ce est du? spam
        this is spam
        mise en demeure
        mon avocat
        report you
        lawyer
        je vous bloque
        harcelement ..3 telephonique/moral/publicitaire
    """),
    Rule("ambiguous.word", AMBIGUOUS, "one word that may answer another question", """
        < COURTESY* YESNO COURTESY* QMARK? >
        < COURTESY* DOUBTWORD COURTESY* QMARK? >
        < COURTESY* CODE COURTESY* QMARK? >
        < COURTESY* stp >
        no/non thank/thanks/you/merci
    """),
    Rule("ambiguous.refusal", AMBIGUOUS, "declines something, perhaps the messages", """
        < COURTESY* pas/plus/not/aucunement/no interesse/interessee/interested/longer/interesses interested?
        NE? suis/est/sommes pas/plus ..1 interesse/interessee/client/cliente/clients/concerne/concernee
        not interested
        m interesse pas/plus
        NE m interesse pas/plus
        NE? connais pas/plus COURTESY* |
        n ai rien demande
        jamais ..2 inscrit/inscrite/abonne/abonnee/donne/client/cliente/demande
        never ..2 signed/subscribed/gave/asked
        souhaite/veux/voudrais annuler COURTESY* |
        annulez/annuler/annulation ..2 inscription COURTESY* |
        trop de MESSAGE
        RECEIVES ..2 trop
        < COURTESY* je ne veux pas COURTESY* >
        decede/decedee/mort/morte
        y en a marre
        marre COURTESY* >
    """, unless="ABSENT"),
    Rule("ambiguous.insult", AMBIGUOUS, "an insult: perhaps a wish, perhaps not", """
        va/allez te/vous ..2 faire
        < COURTESY* INSULT COURTESY* INSULT* COURTESY* >
        fuck/screw you/off
        fuck COURTESY* >
        nique/niquez ..2
        ferme/fermez la/ta
        ta gueule
        fdp/ntm
        casse/cassez toi/vous
    """),
)  # fmt: skip

RULES: Final = (
    *_WHAT_IS_STOP,
    *PHRASES,
    *_ABOUT_STOP,
    *_ADVERT,
    *COMPLAINTS,
    *NEGATIONS,
    *_DOUBTS,
    *WISHES,
    *AFTER_WISHES,
    *_KEYWORDS,
    *_WITHOUT_STOP,
)

# Nothing matched: nothing is asked for.
SILENT: Final = Rule("other.nothing-asked", OTHER, "no rule found a request", "")
EMPTY: Final = Rule("other.empty", OTHER, "no letter, digit or sign", "")
REACTION: Final = Rule("other.reaction", OTHER, "a telephone's reaction to a message, quoting it", "")
QUOTED: Final = Rule("ambiguous.quoted-stop", AMBIGUOUS, "only the quoted words speak of stopping", "", stop_word=True)
