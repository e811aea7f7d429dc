"""The words the rules speak of, grouped in concepts.

Everything is lower case without accents. "arret~" stands for every ending of a regular -er verb, "@STOP" for the
words of another concept. French first, with the spellings people really send; other languages only where a word
cannot be mistaken for a French or English one.
"""

from typing import Final


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text; a table of words is easier to read as running text."""
    return tuple(text.split())


# Stand-ins for what is not a word. The first two come from characters that no plain text can hold.
URL: Final = "\ue0ff"
QUOTE: Final = "\ue0fe"
CODE: Final = "<code>"
NUMBER: Final = "<number>"
NEARLY_STOP: Final = "<nearly-stop>"
GERUND: Final = "<gerund>"  # an unknown English verb in -ing: "stop knowing me"

# Words of stopping. UNSUB asks for nothing else wherever it stands; the others have everyday meanings as well.
_STOPPING: Final = {
    "STOP": "stop stopp stope stopall stoptout stopsms stoppub \U0001f6d1 stopo zastavit stanna @STOP_ELSEWHERE",
    "STOP_ELSEWHERE": "停止 退订 退訂 停 停止して 取消订阅 توقف قف ايقاف",
    "NEARSTOP": NEARLY_STOP,
    "ARRET": "arret arrets aret arett arrett arre arrt",
    "CEASE": """
        arret~ arrett~ aret~ aretter arretz arretr arrett stopp~ stop~ stopping stopped cess~ cessation
        interromp~ interrompre interruption cease desist basta aufhoren aufhoert aufhort aufhoeren parar paren
        parem dejen dejad fermate fermatevi smettete smettetela smettila ophouden houd stoppen stoppt prekratite
        perestante przestancie
    """,
    "UNSUB": """
        desabonn~ desabon~ dessabonn~ dezabonn~ dezabon~ desabonnement desabonnements desabonement dezabonement
        desabo desabos dezabo desab desabonn desabonne desinscrire desinscrivez desinscris desinscrit
        desinscrite desinscrits desinscrites desinscrive desinscrivent desinscriviez desinscrivais desinscriver
        desinscriv~ desinscription desinscriptions desincription desincrire desincrivez desincrit dezinscrire
        dezinscription desinscrivons desinscri desinscrir desengag~ desengagement desadher~ resili~ resiliation
        resilliation resilier resiller unsub unsubscribe unsubscribed unsubscribing unsubscription unsuscribe
        unsubcribe unsubscribes optout optingout abmelden abmeldung abbestellen abbestellung austragen afmelden
        afmelding uitschrijven uitschrijving disiscrivi disiscrivimi disiscrivermi disiscrivetemi disiscrizione
        disiscrivere cancellami cancellatemi cancellarmi desuscribir desuscribirme desuscribanme descadastrar
        descadastre descadastrem dezabonare dezabonati wypisz wypisac wyrejestruj otpisatsya otpisat otpishite
        otpiska stopalles abonelikten avregistrera avmeld avmelde leiratkozas odhlasit
    """,
    "REMOVE": """
        supprim~ suprim~ suprimm~ supprimm~ supress~ suppression retir~ retrait enlev~ effac~ effacement ray~
        radi~ radiation ot~ exclu exclure excluez exclus elimin~ degag~ desactiv~ desactivation bloqu~ blok~
        blacklist~ purg~ debarrass~ detrui~ detruire detruisez desindex~ dereferenc~ remove removed removing
        removal delete deleted deleting erase scrub block blacklist losche loschen loscht loeschen entfernen
        verwijder verwijderen borrar borrenme borren eliminar eliminen eliminenme quitenme saquenme rimuovi
        rimuovetemi rimuovere rimuovimi eliminate eliminatemi eliminadme eliminame togliete toglietemi remover
        removam removem apaguem excluam usun udalite
    """,
    "ENDWORD": """
        end quit cancel revoke td remove quitter supprimer supprimez suppression supprime desactiver desactivez
    """,
}

# What is sent, how it is sent, and where one's number stands.
_MESSAGES: Final = {
    "SEND": """
        envoy~ envoie envoies envoient envoi envois envoyiez envoier renvoyiez expedi~ adressez adresser
        transmettre transmettez spamm~ spam~ inond~ bombard~ pollu~ text~ texto~ textot~ smsez send sending
        sends sent mandar manden mandeis envien enviar enviarme envieis inviate inviatemi inviare inviarmi
        mandate mandatemi stuur sturen senden schicken schickt schick enviem mandem posylat prisylat
    """,
    "ADDRESS": """
        contact~ recontact~ recontacter ecrire ecrivez ecris ecrit ecrivent ecriviez ecriv~ appel~ appell~
        rappel~ rappell~ telephon~ sollicit~ solicit~ relanc~ demarch~ prospect~ inform~ notifi~ communiqu~
        texting text messaging message contacting contact calling call calls phoning emailing email mailing
        spamming kontaktieren kontaktiert anrufen schreiben schreibt contactar contactarme contattare
        contattatemi contattarmi escribir escribirme bellen scrivere scrivetemi contatar
    """,
    "HARASS": """
        harcel~ harass~ deranj~ derang~ embet~ emmerd~ ennuy~ importun~ saoul~ soul~ gonfl~ agac~ enerv~
        persecut~ envahi~ envahir pourrir pourrissez pourri fatigu~ casser cassez chier bother bothering disturb
        disturbing pester pestering harass harassing annoy annoying belastigen molestar molestarme molesten
        molesteis incomodar perturbar disturbare
    """,
    "REACH": "@SEND @ADDRESS @HARASS",
    "RECEIVE": """
        recevoir resevoir recevoire ressevoir recevoirs recevoi receive receiving getting erhalten empfangen
        bekommen recibir recibirlos ricevere riceverli riceverne ontvangen krijgen receber
    """,
    "RECEIVES": """
        recois recoi recoit recoits recevez recevons recevais recu recus recue recues ressoi ressois resois
        resoi receives received get gets getting recoive
    """,
    "MSG": """
        sms smss texto textos txto txtos txt txts message messages mesage mesages messsage msg msgs mess mms pub
        pubs publicite publicites publicitaire publicitaires publicitee reclame reclames spam spams mail mails
        email emails mailing mailings courriel courriels newsletter newsletters notification notifications notif
        notifs sollicitation sollicitations demarchage prospection relance relances envoi envois harcelement
        harcellement spaming spamming pourriel pourriels text texts texting textes ads adverts advert nachricht
        nachrichten werbung mensaje mensajes messaggio messaggi bericht berichten berichtjes mensagem mensagens
        publicidad pubblicita publicidade reclameberichten rassylka soobshcheniya soobsheniya wiadomosci smsy
        esemes
    """,
    "OFFER": """
        promo promos promotion promotions promotionnel promotionnels promotionnelle promotionnelles offre offres
        commercial commerciaux commerciale commerciales marketing campagne campagnes communication
        communications offers offer deals
    """,
    "INFO": """
        info infos information informations actu actus actualite actualites news alerte alertes alerts
        communication communications invitation invitations catalogue catalogues avantages bons coupons ventes
        soldes conneries connerie betises salades merde merdes cochonneries arnaques courrier courriers updates
        notices reminders rappels stuff crap shit trucs contenu appels calls appel
    """,
    "MESSAGE": "@MSG @OFFER @INFO",
    "PLURAL_MSG": "sms messages msgs textos pubs pub publicites publicite spam spams mails emails texts ads",
    "REACHING": """
        texting sending messaging contacting calling spamming emailing harassing bothering pestering annoying
        disturbing mailing advertising txting phoning smsing writing
    """,
    "PASSIVE": """
        contacte contactee contactes sollicite sollicitee demarche demarchee derange derangee harcele harcelee
        relance relancee importune importunee embete embetee spamme spammee recontacte recontactee prospecte
        notifie informe informee appele appelee contacted disturbed
    """,
    "ENGLISH_REACH": "text texts message contact call send email bother spam mail write disturb txt ring phone",
    "LIST": """
        liste listes list lists fichier fichiers base bases repertoire repertoires annuaire diffusion mailing
        database databases bdd lista listas lijst verteiler registre registres listing listings carnet systeme
        contacts
    """,
    "DATA": """
        numero numeros num nums numer numerro number numbers nummer tel telephone portable coordonnees
        coordonnee donnees donnee data nom phone mobile details fiche telefon telefono rufnummer profil
    """,
    "SUBSCRIPTION": """
        abonnement abonnements inscription inscriptions adhesion subscription subscriptions suscripcion
        abbonamento iscrizione abonament abo inscricao compte account service
    """,
}

# Grammar: what turns, binds or points at the words above.
_GRAMMAR: Final = {
    "NE": "ne n",
    "PAS": "pas pa jamais point guere nullement aucunement",
    "AUCUN": "aucun aucune aucuns aucunes zero nul",
    "PLUS": "plus plu pu pluss + pus",
    "NOMORE": "@PAS @AUCUN @PLUS rien",
    "NOT": "not dont never cant cannot wont doesnt didnt shouldnt nicht kein keine keinen nao nunca",
    "DONT": "dont never",
    "NEGATION": "@NE @NOMORE @NOT sans surtout ni",
    "ME": "me m moi nous us mich mir ons mij",
    "MINE": "mon ma mes my notre nos meine meinen mijn mi mio mia meu minha",
    "SELF": "je j moi me m mon ma mes i my im ive",
    "THIRD": "il elle on ils elles qui he she they who bus train tram car maman papa",
    "DET": """
        le la l les un une du des de d au aux a ce cet cette ces votre vos ton ta tes vs tous toutes tout toute
        autre autres ca cela ceci your these those this that the any all further avec en par sur leur leurs ihre
        ihrer su sus vostri vostro tutti tutte os seus as mas piu mais more anymore mehr van met genre type
        sorte
    """,
    "WANT": """
        veux veut voudrais voudrait voudrai voulons veu vx voulais voulait vouloir souhaite souhaiterais
        souhaiterai souhaitons souhaiterait souhaites souhait souhaiter desire desirons desirerais aimerais
        aimerai aimerions prefere prefererais jveux jve ve jveu jvoudrais jsouhaite jaimerais chouhaite souhete
        envie accepte consens want wanna wish like need would wana wanted mochte moechte will wunsche quiero
        queremos deseo desejo voglio vorrei desidero wil wens quero queria gostaria khochu chce
    """,
    "ASK": """
        merci veuillez veuiller veullez pouvez pouvais peux peut pourriez pouvons pourrais pourrait faut
        faudrait faites fais prie demande demandons demander exige exigeons dois devez doit vouloir voulez
        ordonne somme please kindly pls plz can could would bitte favor alsjeblieft merki mrc mercie request
        demand ask
    """,
    "CAN": """
        peux peut pouvez pouvons puis pouvoir pouvais pourrai pourra pourrais arrive arrives arrivez arrivons
        arrivais parviens reussis reussi sais sait savoir savais can cant cannot could couldnt able
    """,
    "HAVE": "ai as a avons avez ont avait avais avaient aurais aurait auriez have has had ive jai",
    "BE": "suis est es sont etes etais etait etaient sera sommes ete etre soit soyez is was are be been",
    "SAID": """
        envoie envois ecris envoye envoyer envoyee repondu repond reponds repondre fait fais faire mis mettre
        met tape taper dit dis dire dites demande demander demandee demandait ecrit ecrire signale texte sent
        replied said told asked texted typed wrote tried tente essaye essaie essayer clique prie tell ask say
    """,
    "EARLIER": "deja encore toujours tjrs tjs tjr hier malgre pourtant again already still despite yet",
    "FORGET": "oubliez oublie oublies oublier oublions",
    "FORGET_ME": "effacez efface effacer oubliez oublie oublier perdez perds jetez",
    "MISS": "manquer rater louper perdre oublier passer zapper attendre",
    "ORDER": "merci veuillez priere svp prie demande svpl plz please stp bien",
    "CEASE_YOU": """
        arretez arreter arretter arrettez aretez areter arretz arretr arret cessez cesser stoppez stopper stopez
        stoper interrompre interrompez cessation
    """,
    "CEASE_3": "arrete arretent stoppe stoppent cesse cessent arreta cessa arretera",
    "CONTINUE": "continuer continuez continue rester reste",
    "CEASE_EZ": "arretez arrettez aretez arretiez cessez cessiez stoppez stopez stoppiez interrompez",
    "CEASE_ER": "arreter arretter areter cesser stopper stoper interrompre",
    "CEASE_FOREIGN": "dejen deje dejad paren pare parem smettete smettetela smetti smettila fermate",
    "OPPOSE": "oppose opposons opposer",
    "NEGATIVE": """
        @PAS @AUCUN @PLUS rien inutile penible penibles lourd lourds lourdingues insupportable insupportables
        inadmissible scandaleux honteux honte relou relous chiant chiants chiante gave gavent gaves marre assez
        ras saoulent soulent saoule soule gonflent gonfle enervent enerve agacent agace fatiguent fatigue
        polluent pollue derangent ennuient emmerdent harcelent envahissent suffit claque insistez interdis
        interdit desagreable fous fout foutre foutent refus indesirable indesirables stop intrusif intrusifs
        invasif abusif abusifs abus tired sick hate annoying fed
    """,
    "YOURS": "vos votre tes ton ces cette your these those this",
    "BANNING": "inutile peine interdis interdit interdiction evitez eviter defense cesse",
    "TECHNICAL": """
        recu recue recus recues recois recoit recoivent recevais arrive arrivent arrivait comprends comprend
        compris trouve retrouve trouver retrouver lire lis lit lu vu vue vois voir vus ouvrir ouvre marche
        marchent fonctionne fonctionnent passe passent lien lisible affiche affichent encore suite tarde tardif
        received get getting see seen read open understand find missed
    """,
    "CONSENT": "consentement accord autorisation consent permission",
    "BANK": "carte cb cheque cheques banque virement",
    "ANNUL": """
        annulez annuler annule annulation annulons terminer terminez stopper fin cloturer cloture clotures
        suspendre suspendez suspension
    """,
    "QUERY": "info infos information informations renseignements renseignement details detail precisions",
    "RELATIVE": """
        mari femme mere pere epoux epouse maman papa fils fille frere soeur monsieur madame personne titulaire
    """,
    "GERUND": GERUND,
    "STATE": "recu recus recue recues dans arrive arrivent disponible dispo lu lus en a ont est sont pour",
    "LINK": """
        que qu vous tu m me nous a d de du des tout toute etre s te la le les l en y plus pas jamais rien aucun
        aucune aucuns moindre seul seule un une quelconque autre autres surtout forcement vraiment absolument
        encore votre vos ces ce cette cet mon ma mes to be any more further your these the from you avoir faire
        objet voir lire par nouveaux nouvelles type genre sorte sortes
    """,
    "FRIENDLY": """
        working worrying crying laughing talking raining snowing smoking drinking lying thinking playing eating
        wasting believing singing dreaming running whining complaining pretending being stressing moaning
    """,
    "BEFORE_STOP": """
        pit bus tram next last rest truck coach taxi full short door metro tube lunch fuel emergency quick brief
        toilet whistle ski feu feux panneau panneaux radar bouton ampoule mini auto train
    """,
    "WORKS": """
        marche marchent fonctionne fonctionnent pris prise compte respecte respectez respecter respectee effet
        enregistre applique ignore ignorez tenez tenu work works working worked honoured honored
    """,
    "HOW": "comment commen how",
    "WHY": "pourquoi pk pkoi prk why prq",
    "QUESTION": "@HOW @WHY qui quoi quel quelle quels quelles combien quand ou what when where which",
    "DOUBT": "si ptet peutetre maybe perhaps if hesite sinon moins eventuellement sauf uniquement seulement",
    "STOPALL": "stopall stoptout stopalles",
    "SCOPE_LIMIT": "de vos votre your tes ton notre",
    "ELIDED": "@REACH @STOPPING @REMOVE @WANT @REJOIN @HAVE @RECEIVE @OPPOSE",
    "LEAVE": "lachez lache lacher laissez laisse laisser foutez fichez",
    "SIGN": "\u26d4 \u270b \U0001f6ab \u274c \U0001f590 \U0001f515 \U0001f4f5 \u2716 \U0001f91a \u26a0",
    "NOT_BEFORE_LAST": "will to can should must bus cup then it would half",
    "ALL": "tout tous toute toutes all everything partout todo tutto alles",
    "BREAK": ".",
    "QMARK": "?",
    "EDGE": ". ?",
    "END": """
        . ? , sinon ou car parce puisque c ca je j on nous et mais mme mr m mlle monsieur madame cordialement
        bonne toujours est for or else because thanks im i
    """,
    "PAUSE": ". ? ,",
    "SUBJECT": "je j il elle on ils elles qui tu i he she they we",
    "SPEAKER": "je j moi me m mon ma mes i my im ive jveux jve jveu jai jvoudrais",
    "ARTICLE": "le un du au ce cet prochain dernier premier deuxieme chaque quel the next last meme",
    "CODE": CODE,
    "NUMBER": NUMBER,
    "URL": URL,
    "QUOTE": QUOTE,
}

# What may surround a keyword without changing it.
_COURTESY: Final = {
    "REQUEST": """
        svp stp sil plait plais please pls plz plse silvouplait silvousplait svpl bitte por favor prego
        alsjeblieft alstublieft aub pitie
    """,
    "POLITE": """
        @REQUEST s il vous te merci mercii mercie merciii mrc mci merki thanks thank thx you ty danke dank
        bedankt gracias grazie obrigado obrigada cordialement cdlt cdt bien salutations remercie avance par
        gentil beaucoup desole desolee sorry vs davance gentils sincerement distinguees amicalement
        respectueusement je j d
    """,
    "GREET": """
        bonjour bjr bjour bonsoir bsr salut slt hello hi hey hallo hola ciao coucou cc madame monsieur messieurs
        mesdames mr mme mlle bonne journee soiree dear sir team equipe l
    """,
    "NOW": """
        maintenant mtn immediatement immediat immediate vite rapidement now immediately urgent urgence
        definitivement definitif definitive enfin desormais today asap sofort subito tout de suite totalement
        completement absolument forever ever jour aujourd hui dorenavant anymore ya ahora agora
    """,
    "EXCLAIM": """
        ok okay oui ah ha oh eh he bon ben bah alors donc hein allez allo voila mais euh pf pff pfff pffff ras
        bol marre assez suffit trop merde putain ptn bordel zut punaise fuck fucking damn wtf mince lol mdr ptdr
        grr grrr non no nan tg franchement serieusement vraiment simplement just really ffs omg connard connards
        cons debiles salope enfoires batards encules abrutis bande hop xd
    """,
    "COURTESY": "@POLITE @GREET @NOW @EXCLAIM . , <code> <number>",
    "GLUE": """
        que qu vous tu m me nous a d de du tout etre s te forcement vraiment surtout to be l la le en pour
        encore jamais plus pas absolument
    """,
    "AROUND": """
        @COURTESY @STOP @CEASE @ARRET @UNSUB @MESSAGE @DET @ME @MINE @SEND @DATA @ASK @WANT @REACH @SIGN
        @SUBSCRIPTION me to for pour contact aide je j moi dis dit vs right away la ca c est et ou it this that
        the car parce as so si saoule soule pls dire demander demande envoie reponse repond bonne
    """,
}

# Coming back, asking who or how, and what only a person can weigh.
_OTHERS: Final = {
    "START": """
        start unstop restart resubscribe subscribe optin reabo reprendre reabonnement reabonner reabonnez
        reactiver rejoin
    """,
    "RETURN": """
        reabonn~ reabon~ reinscrire reinscrivez reinscris reinscrit reinscrite reinscription reinscriv~ remettez
        remettre remets remet remis remise rajout~ reajout~ reintegr~ reactiv~ resubscribe readd
    """,
    "REJOIN": """
        reabonn~ reabon~ reinscrire reinscrivez reinscris reinscriv~ reactiv~ resubscribe reintegr~ reajout~
        readd
    """,
    "AGAIN_AND_AGAIN": "fois times reprises demande time message",
    "AGAIN": "nouveau again",
    "ERR": "erreur erreurs megarde inadvertance trompe trompee tromper mistake accidentally erronee expres error",
    "UNDO": "annul~ annulation lev~ cancel undo retir~ enlev~",
    "PAYING": """
        payant payante payants gratuit gratuite surtaxe surtaxee coute cout coutent facture free cost costs
        charged prix
    """,
    "ASKGLUE": "ce le la l cette mot mention numero code un au de du ces d terme exactement donc sms",
    "HELP": "aide aides help info infos information informations sos hilfe ayuda aiuto ajuda aidez assistance",
    "CONTACT": "contact contacts contacter kontakt contacto contatto",
    "YESNO": "non no nan nope nein nee oui yes ja si ouais yep yeah y o na negatif daccord",
    "DOUBTWORD": """
        fin annuler annule annulez annulation annulee out off pause refus refuse fini finito termine terminer
        terminez ende fine enough assez marre jamais ciao adieu rien iptal anular annulla cancelar kuendigen
        kundigung arriere suspendre suspendez suspension retirer retirez enlever enlevez effacer effacez delete
        resign bloquer bloque bloquez bloked blocked
    """,
    "THREAT": """
        cnil rgpd gdpr bloctel plainte plaintes plaindre signalspam arnaque arnaqueur arnaqueurs escroc escrocs
        escroquerie spam spammeur spammeurs phishing hameconnage illegal illegale dgccrf ufc harcelement
        harassment scam scammers fraude frauduleux signalement signale signaler 33700 poursuites demeure
    """,
    "INSULT": """
        foutre faire cul connard connards connasse pute salope gueule encule encules enculer fdp ntm degage
        degagez casse cassez tg fuck off fucking \U0001f595 chier niquer nique batard
    """,
    "FOREIGNOBJECT": """
        rdv rendez commande commandes colis livraison reservation reservations article articles facture factures
        panier rdvs seance cours cour cantine garderie periscolaire piscine sortie voyage judo danse foot
        activite activites centre ecole college lycee eleve etudes examen concours tournoi contrat contrats bail
        assurance mutuelle electricite gaz box forfait location loyer appartement bouteille chauffage tableau
        badge photo photos appointment order booking parcel delivery meeting item paiement virement prelevement
        carte cheque cb clotur alarme robinet moteur traitement medicament medicaments pilule tabac cigarette
        alcool billet train vol hotel table chambre visite atelier formation stage session transport
    """,
    "CHILD": "fils fille enfant enfants eleve petit petite garcon daughter child kids kid",
    "ABSENT": "absent absente absents malade malades retard hopital medecin fievre maitresse professeur prof",
    "ROAD": """
        bus tram tramway metro train gare rue avenue boulevard route feu feux intersection croisement droite gauche
        station essence panneau rond km kilometres pont autoroute peage aire minibus navette ligne
        terminus quai taxi trottoir parking
    """,
    "PLACE": """
        @ROAD place mairie eglise car cars supermarche pharmacie boulangerie magasin pause cafe pipi voiture scooter
        velo moto police gendarmes
    """,
    "NAME": "free but action auto point carte photo club box casino centre leader station magasin pharmacie",
    "AD": """
        profitez profite decouvrez offre offres promo promos soldes remise reduction reductions gratuit gratuite
        offert offerte offerts offertes cadeau cadeaux exclusif exclusive exclusivite privee ventes vente
        livraison salon boutique magasin magasins valable jusqu jusque % eur euro euros \u20ac $ collection
        chance gagnez venez week weekend prix code avantage fidelite points client cliente clients chere cher
        destockage achat achats bon deal sale save shop visit discount today only click cliquez rdv reservez
        commandez repondez repondre reply text desinscrire desabonner unsubscribe www http catalogue nouveau
        nouvelle nouveautes black friday noel anniversaire jours dernier derniers derniere dernieres
    """,
}

# Ordinary words, listed so that they are never taken for a brand.
_COMMON: Final = {
    "COMMON": """
        a ai as avec aller alors apres arriver aussi autre avant avoir beaucoup bien car ce ceci cela celle
        celui chaque chez chose comme comment contre dans de depuis deux dire donc dont du elle en encore entre
        est et etaient etais etait etre eu faire fait faut fois font gens grand ici il ils je jour jours jusque
        la le les leur lui ma mais mal me meme mes moi moins mon ne ni nos notre nous nul on ont ou par parce
        pas peu peut plus pour pourquoi quand que quel quelle quelqu qui quoi rien sa sans se sera ses si son
        sont sous sur ta te tel tes toi ton tous tout tres trop tu un une va vais vers veux voir vois vont vos
        votre vous vraiment y qu t s m l d n j c hier demain matin midi soir nuit semaine mois an ans heure
        heures minute minutes lundi mardi mercredi jeudi vendredi samedi dimanche bientot toujours jamais
        souvent presque autres personne personnes svp ete aurais serait serai auriez comprends compris compte
        and are at be been but by can did do for from had has have he her him his how i if in is it its my no
        nor not of one or our she so some than that the their them then there they this to too up was we were
        what when which who will with you your der die das und ist ich sie wir nicht ein eine mit von zu el los
        las una por con lo gli di che e o os uma com een het ik wij
    """,
    "TITLE": "mme mr m madame monsieur mlle docteur dr",
}

CONCEPTS: Final = {**_STOPPING, **_MESSAGES, **_GRAMMAR, **_COURTESY, **_OTHERS, **_COMMON} | {
    "STOPPING": "@STOP @ARRET @CEASE @UNSUB",
    "MASKED": "<masked>",
}

# Short words of which only two swapped letters are forgiven.
SWAPPABLE: Final = words_of("""
    plus marre liste listes pubs cesser cessez fini retire retirer enleve envoie envoyer arret arrete message desabo
    numero svp merci moi recevoir oubliez lachez paix fichier veux pas rien
""")

# Short words that get run together with a verb or keyword before or after them: "stopsms", "desabonnezmoi".
TAILS: Final = words_of("""
    moi nous sms pubs pub svp stp merci tout all mail spam please message messages texting now me it
""")

# Long words that may be misspelled (spelling.py says how far); the forms of verbs above cover the endings.
FORGIVING: Final = words_of("""
    desabonner desabonnez desabonne desabonnement desabonnements desinscrire desinscrivez desinscription desinscrit
    unsubscribe unsubscribed resilier resiliation arreter arretez arretes stoppez stopper supprimer supprimez
    suppression enlever enlevez envoyer envoyez recevoir message messages publicite publicites contacter contactez
    ecrivez harceler harcelement harceles numeros abonnement sollicitation sollicitations notification notifications
    retirez retirer effacez effacer oubliez harceles harcelee deranger derangee solliciter sollicitee demarcher
    souhaitons desirons envoyes fichier fichiers telephone donnees contactee contactes publicitaires stopper
    newsletter promotion promotions souhaite souhaiterais voudrais immediatement definitivement maintenant tranquille
    repertoire coordonnees
""")
