"""What the answer says to the person, in French: it goes into a letter."""

from collections.abc import Mapping, Sequence

EXPLANATIONS: Mapping[str, str] = {
    "number": (
        "Votre numéro n'est pas conservé. Le registre n'en garde qu'une empreinte à clé (« étiquette »), "
        "différente pour chaque marque. Elle a été recalculée pour vous répondre, à partir du numéro que vous avez"
        " indiqué."
    ),
    "state": (
        "Opposé : la marque ne doit plus vous envoyer de message commercial, et chacune de ses consultations du "
        "registre vous écarte. Cette opposition sert à cela et à rien d'autre (RGPD, art. 21)."
    ),
    "events": (
        "Chaque STOP, START ou autre demande reçue, avec la date donnée par l'opérateur, la date d'enregistrement,"
        " le numéro court auquel vous avez répondu, la connexion de l'opérateur, la raison pour laquelle la marque"
        " était concernée, et ce que la demande a changé."
    ),
    "contacts": (
        "Les consultations du registre qui ont permis à la marque de vous écrire. Elles ne prouvent pas à elles "
        "seules qu'un message est parti : « remis à l'envoi » quand la passerelle l'a demandé, « rendu » quand "
        "elle l'a rendu sans l'envoyer, « non connu » quand elle ne dit rien. Cette trace s'efface d'elle-même."
    ),
    "reviews": (
        "Les messages qu'une personne a dû lire, parce que leur sens n'était pas clair. Le texte est conservé "
        "quelques jours, chiffré ; ensuite il ne reste que la décision."
    ),
    "lookups": "Les dates auxquelles une personne habilitée a recherché votre numéro, comme pour cette réponse.",
    "sampled": (
        "Une personne sur 1 024, toujours la même, compte dans un échantillon qui empêche une marque d'essayer des "
        "numéros au hasard. Il n'en reste que l'étiquette et le jour, aussi longtemps que la trace des consultations."
    ),
    "requests": "Les demandes que vous avez faites, et le délai légal d'un mois pour y répondre (RGPD, art. 12).",
    "verification": (
        "Vous pouvez vérifier que rien n'a été changé : SHA-256(sel puis étiquette, octets bruts) donne le champ «"
        " person » de l'entrée ; l'empreinte de l'entrée (SHA-256 de l'octet 0 puis de la ligne) et le chemin "
        "donnent la racine de la tête signée (RFC 9162), que signe la clé publique indiquée."
    ),
    "source": (
        "Les données viennent de votre propre message, transmis par votre opérateur, ou d'une demande que vous "
        "avez faite par un autre moyen (formulaire, courrier, téléphone) et que la marque ou son prestataire a "
        "inscrite."
    ),
    "recipients": (
        "Destinataires : la marque et les prestataires qui envoient pour elle, qui apprennent seulement, pour une "
        "liste qu'ils possèdent déjà, quels numéros écarter ; ses auditeurs habilités."
    ),
    "kept": (
        "L'opposition est conservée tant que la marque est active, et au moins trois ans ; la trace des "
        "consultations {contact_days} jours. Un incident ou un contrôle en cours suspend les effacements."
    ),
    "rights": (
        "Vous pouvez demander l'effacement de la trace des consultations et, si vous n'êtes pas opposé, de tout le"
        " reste. L'opposition elle-même est conservée : sans elle, rien n'empêcherait un nouvel envoi (RGPD, art. "
        "17(3) et 21(3)). Vous pouvez faire rectifier une erreur et saisir la CNIL (www.cnil.fr)."
    ),
}

NOT_SEARCHED: Sequence[str] = (
    (
        "La quarantaine : ce qui n'a pu être ni lu ni authentifié est chiffré et conservé quelques jours ; le "
        "registre ne peut pas y chercher un numéro."
    ),
    "Ce qui attend, chiffré, sur le disque d'un serveur pendant une panne : quelques secondes en général.",
    "Les sauvegardes de la base : elles contiennent les mêmes données, aux mêmes conditions.",
)

BASES: Mapping[str, str] = {
    "account": "l'opérateur a nommé la marque",
    "reply": "l'opérateur a nommé le message auquel vous répondiez",
    "dedicated": "ce numéro court n'appartient qu'à cette marque",
    "keyword": "votre message nommait la marque",
    "all": "votre message demandait l'arrêt pour toutes les marques de ce numéro court",
    "cleared": "seule cette marque avait pu vous écrire récemment par ce numéro court",
    "widened": "dans le doute, toutes les marques qui ont pu vous écrire par ce numéro court",
    "shared": "dans le doute, toutes les marques de ce numéro court partagé",
    "reachable": "dans le doute, toutes les marques joignables par cet opérateur",
    "named": "la demande, faite par un autre moyen, nommait la marque",
    "sender": "la marque a présenté un consentement de votre part",
    "review": "décision d'une personne",
}

SENT: Mapping[str, str] = {
    "admitted": "remis à l'envoi",
    "released": "rendu sans être envoyé",
    "unknown": "non connu",
}

EFFECTS: Mapping[str, str] = {
    "opposed": "opposition enregistrée",
    "lifted": "opposition levée",
    "unchanged": "sans changement",
}

DECISIONS: Mapping[str, str] = {
    "oppose": "opposition",
    "lift": "levée",
    "leave": "laissé en l'état",
}

ERASED: Mapping[str, str] = {
    "contacts": (
        "Trace des consultations : {count} place(s) effacée(s). Votre étiquette y est remplacée par une valeur au "
        "hasard : le nombre de personnes reste exact, aucune n'est plus vous."
    ),
    "recent": (
        "Trace des consultations des {days} derniers jours : {count} place(s) conservée(s), parce qu'un STOP que "
        "vous enverriez maintenant doit encore trouver la marque à laquelle il répond. Elles s'effacent d'elles-"
        "mêmes après {contact_days} jours ; vous pouvez aussi refaire la demande."
    ),
    "opposed": (
        "Opposition : conservée. Le droit à l'effacement n'oblige pas à la détruire : c'est elle qui empêche tout "
        "nouvel envoi (RGPD, art. 21(3) et 17(3)(b) et (e)). Elle ne sert à rien d'autre, reste sous forme "
        "d'empreinte, au moins trois ans et tant que la marque est active ; ses preuves sont conservées avec elle."
    ),
    "forgotten": (
        "Vous n'étiez pas opposé : {count} preuve(s) qui vous reliaient à des entrées du journal sont détruites, "
        "et votre état avec elles. Les entrées restent, et ne désignent plus personne."
    ),
    "nothing": "Ni opposition ni demande passée n'était conservée.",
    "pending": "Un de vos messages attend encore la décision d'une personne : il est conservé jusque-là.",
    "texts": "Textes de vos messages déjà traités : effacés.",
}
