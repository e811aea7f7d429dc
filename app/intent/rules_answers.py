"""Rules for texts without a stop word: who is writing, what is this, and what only a person can weigh."""

from typing import Final

from app.intent.model import Intent
from app.intent.rule import Rule

CONTACT: Final = Intent.CONTACT
HELP: Final = Intent.HELP
OTHER: Final = Intent.OTHER
AMBIGUOUS: Final = Intent.AMBIGUOUS

ANSWERS: Final = (
    Rule("contact.keyword", CONTACT, "the mandatory keyword", """
        < COURTESY* CONTACT COURTESY* QMARK? COURTESY* >
        < CONTACT .? .? .? >
    """),
    Rule("contact.who", CONTACT, "asks who is writing", """
        qui/ki etes/est/es/ete vous/tu/ce COURTESY* ||
        qui/ki etes vous
        vous/tu etes/es qui/ki
        t es qui/ki
        c/cest est? qui/ki la? COURTESY* ||
        quel/quelle . etes vous
        c/cest est? qui ..1 DET DATA/MSG/CODE
        qui c est COURTESY* |
        qui c COURTESY* |
        ki c/ce COURTESY* ||
        cki
        qui m REACH
        < COURTESY* qui REACH COURTESY* QMARK
        qui me parle/ecrit/contacte/envoie/texte
        qui ..2 REACH ..2 MSG
        qui est derriere
        qui se cache
        part de qui
        vient de qui
        d ou vient ..2 MESSAGE/DATA
        quelle/quel ..1 societe/entreprise/boite/enseigne/marque/organisme/association/compagnie/agence
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
        who are/r you/u/they
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
        de l aide COURTESY* ||
        need ..1 help
        aidez moi
        help me
        m aider
        can you help
        c/ce est? quoi/koi ce/cet/ces/cette/votre/vos ..1 MSG/DATA/CODE
        c/ce est? quoi/koi COURTESY* ||
        ca veut dire quoi
        que/qu/quoi ..3 veut/signifie ..4 MSG/CODE
        what is/does ..2 MSG
        what is this COURTESY* |
        comment ca marche/fonctionne COURTESY* |
        comment ca marche/fonctionne ..3 MSG
        how does/do it/this work
        comprends/comprend pas ..3 MSG
        | COURTESY* plus/+ d/de QUERY
        WANT/ASK/SEND ..3 plus/+ d/de QUERY
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
        mauvais/faux/mauvaise DATA/personne/destinataire
        pas le/la bon/bonne DATA/personne/destinataire
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
        < COURTESY* oui? je veux bien COURTESY* >
        < COURTESY* d accord pour RECEIVE COURTESY* >
        fini DET* MSG COURTESY* QMARK
    """),
    Rule("ambiguous.refusal", AMBIGUOUS, "declines something, perhaps the messages", """
        < COURTESY* pas/plus/not/aucunement/no interesse/interessee/interested/longer/interesses interested?
        NE? suis/est/sommes pas/plus ..1 interesse/interessee/client/cliente/clients/concerne/concernee
        not interested
        m interesse pas/plus
        NE m interesse pas/plus
        NE? connais pas/plus COURTESY* |
        pas/not pour/for moi/me
        vous n avez pas le droit
        c est illegal
        n ai rien demande
        jamais ..2 inscrit/inscrite/abonne/abonnee/donne/client/cliente/demande
        never ..2 signed/subscribed/gave/asked
        souhaite/veux/voudrais annuler COURTESY* |
        annulez/annuler/annulation ..2 inscription COURTESY* |
        trop de MESSAGE
        RECEIVES ..2 trop
        < COURTESY* je ne veux pas COURTESY* >
        RELATIVE ..2 decede/decedee/mort/morte
        TITLE . ..2 decede/decedee
        < COURTESY* decede/decedee COURTESY* >
        y en a marre
        marre COURTESY* >
    """, unless="ABSENT"),
    Rule("ambiguous.insult", AMBIGUOUS, "an insult: perhaps a wish, perhaps not", """
        va/allez te/vous ..1 faire foutre/voir/enculer/cuire/mettre
        va/allez te/vous ..1 faire COURTESY* >
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
