"""The sentence templates of atlas in Greek."""

from pyterrier_hybrid.datasets.atlas.sentences.language import Language, lower_first

_ACCUSATIVE = {
    "AE": "τα Ηνωμένα Αραβικά Εμιράτα",
    "BB": "τα Μπαρμπέιντος",
    "BF": "την Μπουρκίνα Φάσο",
    "BL": "τον Άγιο Βαρθολομαίο",
    "BQ": "την Ολλανδία Καραϊβικής",
    "CA": "τον Καναδά",
    "CI": "την Ακτή Ελεφαντοστού",
    "CY": "την Κύπρο",
    "EC": "τον Ισημερινό",
    "EG": "την Αίγυπτο",
    "GA": "την Γκαμπόν",
    "GW": "τη Γουινέα Μπισάου",
    "LB": "τον Λίβανο",
    "MM": "τη Μιανμάρ",
    "MU": "τον Μαυρίκιο",
    "NE": "τον Νίγηρα",
    "PA": "τον Παναμά",
    "RE": "τη Ρεϊνιόν",
    "SL": "τη Σιέρα Λεόνε",
    "SM": "τον Άγιο Μαρίνο",
    "VC": "τον Άγιο Βικέντιο και τις Γρεναδίνες",
    "WF": "το Γουάλις και Φουτούνα",
    "YT": "τη Μαγιότ",
    "ZW": "τη Ζιμπάμπουε",
}
_REGIONS = {
    "Βόρειος Αμερική": "Βόρεια Αμερική",
    "Νότιος Αφρική": "Νότια Αφρική",
    "Περιοχή Μικρονησίας": "περιοχή της Μικρονησίας",
}


def _feminine(name: str) -> str:
    """Return a name with the feminine article in the accusative, which keeps its final nu before vowels and stops."""
    keeps_nu = name[0].lower() in "αάεέηήιίοόυύωώϊκπτξψ" or name[:2].lower() in ("μπ", "ντ", "γκ")
    return f"{'την' if keeps_nu else 'τη'} {name}"


def _accusative(code: str, name: str) -> str:
    if code in _ACCUSATIVE:
        return _ACCUSATIVE[code]
    if name.startswith("Νήσοι "):
        return name.replace("Νήσοι", "τις Νήσους", 1).replace("Βόρειες Μαριάνες", "των Βορείων Μαριανών")
    if name.startswith("Νήσος "):
        return name.replace("Νήσος", "τη Νήσο", 1)
    if name.endswith("ες"):
        return f"τις {name}"
    return _feminine(name) if name[-1] in "αάηή" else f"το {name}"


def _territory_fields(code: str, name: str) -> dict[str, str]:
    accusative = _accusative(code, name)
    return {"ton": accusative, "se": f"σ{accusative}"}


def _answer_fields(relation: str, name: str) -> dict[str, str]:
    if relation == "week":
        neuter = {"y": f"το {name}", "day": f"το {name}"}
        return neuter if name == "Σάββατο" else {"y": f"η {name}", "day": _feminine(name)}
    if relation == "region":
        return {"y": f"σ{_feminine(_REGIONS.get(name, name))}"}
    return {"y": name if relation == "code" else lower_first(name)}


LANGUAGE = Language(
    statements={
        "language": (
            "Επίσημη γλώσσα {se} είναι τα {y}.",
            "{se} οι νόμοι και τα δημόσια έγγραφα συντάσσονται στα {y}, την επίσημη γλώσσα.",
            "Τα {y} έχουν καθεστώς επίσημης γλώσσας {se}. Τα χρησιμοποιούν οι αρχές και τα δικαστήρια.",
        ),
        "currency": (
            "Το νόμισμα που ισχύει {se} ονομάζεται {y}.",
            "{se} οι πληρωμές γίνονται με το νόμισμα που λέγεται {y}.",
            "Νόμιμο χρήμα {se} είναι το νόμισμα με την ονομασία {y}. Σε αυτό αναγράφονται οι τιμές και οι μισθοί.",
        ),
        "region": (
            "Στον παγκόσμιο χάρτη θα βρείτε {ton} {y}.",
            "Τα Ηνωμένα Έθνη κατατάσσουν {ton} {y}.",
            "Όσοι ζουν {se} κατοικούν {y}.",
        ),
        "week": (
            "{se} η εβδομάδα αρχίζει {day}.",
            "Πρώτη ημέρα της εβδομάδας {se} θεωρείται {y}. Αυτή τη σειρά ακολουθούν και οι ατζέντες.",
            "Τα ημερολόγια που πωλούνται {se} έχουν στην πρώτη στήλη {day}.",
        ),
        "code": (
            "Το πρότυπο ISO 3166 συντομεύει {ton} ως {y}.",
            "Ο κωδικός δύο γραμμάτων για {ton} είναι {y}. Τον ορίζει το πρότυπο ISO 3166.",
            "Στους καταλόγους κατά ISO 3166 τα γράμματα {y} δηλώνουν {ton}.",
        ),
    },
    questions={
        "language": (
            "Ποια γλώσσα χρησιμοποιεί η διοίκηση {se};",
            "Σε ποια γλώσσα δημοσιεύονται οι νόμοι {se};",
            "Ποια γλώσσα αναγνωρίζει το κράτος {se};",
        ),
        "currency": (
            "Με τι χρήματα πληρώνει κανείς {se};",
            "Ποιο συνάλλαγμα χρειάζομαι για αγορές {se};",
            "Ποια νομισματική μονάδα κυκλοφορεί {se};",
        ),
        "region": (
            "Σε ποιο μέρος του κόσμου βρίσκεται όποιος επισκέπτεται {ton};",
            "Πού στον πλανήτη πρέπει να ψάξω για να βρω {ton};",
            "Σε ποια γεωγραφική περιφέρεια εντάσσεται ο πληθυσμός που μένει {se};",
        ),
        "week": (
            "Ποια μέρα ξεκινά μια καινούργια εβδομάδα {se};",
            "Με ποια μέρα ανοίγει η εβδομάδα για τους ανθρώπους {se};",
            "Ποια μέρα γράφεται πριν από τις άλλες στα ημερολόγια που τυπώνονται {se};",
        ),
        "code": (
            "Ποια δύο γράμματα αντιστοιχούν {se};",
            "Ποιος είναι ο κωδικός χώρας ISO για {ton};",
            "Ποια διεθνής συντομογραφία χρησιμοποιείται για {ton};",
        ),
    },
    territory_fields=_territory_fields,
    answer_fields=_answer_fields,
)
