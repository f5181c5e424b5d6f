"""The sentence templates of atlas in German."""

from pyterrier_hybrid.datasets.atlas.sentences.language import Language

_DATIVE = {
    "AE": "den Vereinigten Arabischen Emiraten",
    "BS": "den Bahamas",
    "DO": "der Dominikanischen Republik",
    "IQ": "dem Irak",
    "IR": "dem Iran",
    "LB": "dem Libanon",
    "MD": "der Republik Moldau",
    "NL": "den Niederlanden",
    "SB": "den Salomonen",
    "SD": "dem Sudan",
    "SK": "der Slowakei",
    "SS": "dem Südsudan",
    "TR": "der Türkei",
    "YE": "dem Jemen",
}
_GENITIVE = {"AE": "der Vereinigten Arabischen Emirate", "NL": "der Niederlande"}
_ARTICLES = {"dem": "des", "den": "der", "der": "der"}
_ON_ISLANDS = {"BS", "SB"}


def _territory_fields(code: str, name: str) -> dict[str, str]:
    dative = _DATIVE.get(code, name)
    inside = f"{'auf' if code in _ON_ISLANDS else 'in'} {dative}"
    return {"in": inside.replace("in dem ", "im "), "von": _of(code, dative)}


def _of(code: str, dative: str) -> str:
    """Return the genitive of a name with an article; a name without one after "von"."""
    article, _, noun = dative.partition(" ")
    if article not in _ARTICLES:
        return f"von {dative}"
    return _GENITIVE.get(code, f"{_ARTICLES[article]} {noun}")


LANGUAGE = Language(
    statements={
        "language": (
            "Die Amtssprache {von} ist {y}.",
            "{in} werden Gesetze und amtliche Schreiben auf {y} verfasst.",
            "{y} hat {in} den Rang einer Amtssprache. Behörden und Gerichte verwenden sie.",
            "Wer sich {in} an eine Behörde wendet, tut das auf {y}.",
            "Laut Gesetz ist {y} die Sprache des Staates {in}.",
        ),
        "currency": (
            "Die Währung {von} heißt {y}.",
            "{in} bezahlt man mit einer Währung namens {y}.",
            "Als gesetzliches Zahlungsmittel gilt {in} die Währung {y}. Preise und Löhne werden in ihr angegeben.",
            "Geschäfte nehmen {in} die Währung {y} an.",
            "Die Geldeinheit, die {in} überall verwendet wird, trägt den Namen {y}.",
        ),
        "former": (
            "Vor der heutigen Währung galt {in} die Währung {y}.",
            "Bis zur Umstellung bezahlte man {in} mit einer Währung namens {y}.",
            "Das frühere gesetzliche Zahlungsmittel {von} heißt {y}. Heute ist es nur noch für Sammler von Interesse.",
            "Das Geld, das {in} abgeschafft wurde, hieß {y}.",
            "Alte Preislisten nennen {in} noch die Währung {y}, die später ersetzt wurde.",
        ),
        "since": (
            "Die heutige Währung {von} gibt es seit {y}.",
            "Im Jahr {y} wurde {in} das Geld eingeführt, das jetzt gilt.",
            "{in} ist die gegenwärtige Währungseinheit seit dem Jahr {y} im Umlauf. Seither bezahlt man mit ihr.",
            "Das Jahr {y} brachte {in} die Währung, die man noch heute hat.",
            "Zuletzt wurde {in} das Geld im Jahr {y} umgestellt.",
        ),
        "abbreviation": (
            "Die Währung {von} wird mit {y} abgekürzt.",
            "In der Norm ISO 4217 steht {y} für das Geld {von}.",
            "Wechselstuben führen die Währung {von} unter den Buchstaben {y}. Auch Banken verwenden sie.",
            "Der Währungscode für Zahlungen {in} ist {y}.",
            "{y} ist die internationale Kurzform für das Geld, mit dem man {in} bezahlt.",
        ),
        "region": (
            "Wer sich {in} aufhält, befindet sich in der Region {y}.",
            "Die Vereinten Nationen rechnen das Gebiet {von} zur Region {y}.",
            "Auf der Weltkarte liegt die Fläche {von} in der Region {y}.",
            "Die Geographie ordnet das Gebiet {von} der Region {y} zu.",
            "Statistiken über Teile der Welt führen das Gebiet {von} unter {y}.",
        ),
        "continent": (
            "Das Gebiet {von} gehört zum Kontinent {y}.",
            "Der Kontinent, auf dem man {in} ist, heißt {y}.",
            "Unter den Erdteilen ist {y} derjenige, zu dem man das Gebiet {von} zählt. Im Schulatlas steht es dort.",
            "Was den Kontinent betrifft, so lebt man {in} auf dem Erdteil {y}.",
            "Wer {in} landet, ist in {y} angekommen, einem der fünf Erdteile.",
        ),
        "week": (
            "{in} beginnt die Woche am {y}.",
            "Als erster Tag der Woche gilt {in} der {y}. Danach richten sich auch Terminkalender.",
            "Kalender, die man {in} kauft, haben den {y} in der ersten Spalte.",
            "Der {y} eröffnet {in} jede Woche.",
            "Wenn {in} eine neue Woche anbricht, ist es {y}.",
        ),
        "weekend": (
            "{in} beginnt das Wochenende am {y}.",
            "Auf den {y} freut man sich {in}: Er ist der erste Tag des Wochenendes.",
            "Der {y} ist der Tag, mit dem {in} das Wochenende anfängt. Viele Büros sind dann geschlossen.",
            "Die Arbeitstage sind {in} vorbei, wenn der {y} kommt.",
            "Die Ruhetage am Ende der Woche beginnen {in} am {y}.",
        ),
        "code": (
            "Die Norm ISO 3166 führt {y} als Kürzel {von}.",
            "Der Ländercode {von} mit zwei Buchstaben lautet {y}. Er ist in der Norm ISO 3166 festgelegt.",
            "Mit den beiden Buchstaben {y} bezeichnet ISO 3166 das Gebiet {von}.",
            "In Formularen mit zwei Buchstaben für jedes Land ist {y} das Kürzel {von}.",
            "Zwei Buchstaben genügen für den Namen {von}: {y}.",
        ),
        "code3": (
            "Der Ländercode {von} mit drei Buchstaben lautet {y}.",
            "In ISO 3166 bezeichnen die drei Buchstaben {y} das Gebiet {von}.",
            "{y} ist der längere Ländercode {von}. Er hat drei Buchstaben und ist leichter zu erkennen.",
            "Tabellen mit drei Buchstaben für jedes Land führen {y} als Eintrag {von}.",
            "Mit drei Buchstaben geschrieben, wird aus dem Namen {von} das Kürzel {y}.",
        ),
        "zone": (
            "Die Zeitzone {von} ist nach {y} benannt.",
            "Die Uhren gehen {in} nach der Zeit von {y}.",
            "Computer sind {in} auf die Zeitzone {y} eingestellt. Ihr Name ist der einer Stadt.",
            "Auf Reisen stellt man seine Armbanduhr {in} auf die Zeit von {y}.",
            "Es ist {in} so spät wie in {y}, der Stadt, nach der die Zone heißt.",
        ),
    },
    questions={
        "language": (
            "In welcher Sprache arbeiten {in} die Ämter?",
            "Wie heißt die Staatssprache {von}?",
            "Welche Sprache ist {in} die offizielle?",
            "In welcher Sprache schreiben Beamte {in} ihre Briefe?",
            "Welche Sprache erkennt das Gesetz {in} an?",
        ),
        "currency": (
            "Mit welchem Geld zahlt man {in}?",
            "Welche Währung brauche ich für Einkäufe {in}?",
            "Welches Geld ist {in} im Umlauf?",
            "Wie heißt die Geldeinheit {von}?",
            "Welches Bargeld sollten Besucher {in} im Portemonnaie haben?",
        ),
        "former": (
            "Welche Währung galt {in} vor der heutigen?",
            "Wie hieß das alte Geld {von}?",
            "Womit hat man {in} früher bezahlt?",
            "Welche Währung wurde {in} ersetzt?",
            "Was war {in} bis zum Währungswechsel das gesetzliche Zahlungsmittel?",
        ),
        "since": (
            "Seit wann hat man {in} die heutige Währung?",
            "In welchem Jahr wurde {in} das jetzige Geld eingeführt?",
            "Aus welchem Jahr stammt die gegenwärtige Währung {von}?",
            "Wann begann man {in}, mit dem Geld von heute zu bezahlen?",
            "In welchem Jahr wurde {in} zuletzt die Währung gewechselt?",
        ),
        "abbreviation": (
            "Welchen ISO-Code hat die Währung {von}?",
            "Welche drei Buchstaben verwenden Banken für das Geld {von}?",
            "Wie kürzt man die Währung {von} ab?",
            "Unter welchen Buchstaben steht das Geld {von} in einer Tabelle der Wechselkurse?",
            "Welchen Währungscode muss ich für eine Überweisung angeben, mit der ich {in} etwas bezahle?",
        ),
        "region": (
            "In welchem Teil der Welt bin ich {in}?",
            "Wohin auf der Erde reist man, wenn man {in} Urlaub macht?",
            "Welcher Weltgegend ordnet man die Bevölkerung {von} zu?",
            "In welcher Region der Welt liegt das Gebiet {von}?",
            "In welcher Ecke der Erde leben die Menschen {in}?",
        ),
        "continent": (
            "Auf welchem Kontinent bin ich {in}?",
            "Zu welchem Erdteil gehört das Gebiet {von}?",
            "Auf welchen Kontinent reise ich, wenn ich {in} Urlaub mache?",
            "Im Kapitel über welchen Kontinent zeigt ein Atlas das Gebiet {von}?",
            "Welcher der fünf Erdteile schließt das Gebiet {von} ein?",
        ),
        "week": (
            "An welchem Tag fängt {in} eine neue Woche an?",
            "Mit welchem Tag startet man {in} in die Woche?",
            "Welcher Wochentag steht {in} im Kalender ganz vorn?",
            "Was ist {in} der erste Tag der Woche?",
            "Mit welchem Tag fangen {in} die Kalender an?",
        ),
        "weekend": (
            "An welchem Tag fängt {in} das Wochenende an?",
            "Welcher Tag ist {in} der erste des Wochenendes?",
            "Wann startet man {in} ins Wochenende?",
            "Von welchem Tag an ruhen sich Angestellte {in} von der Arbeit aus?",
            "Welcher Tag beendet {in} die Arbeitstage?",
        ),
        "code": (
            "Welche zwei Buchstaben stehen für den Namen {von}?",
            "Wie lautet die zweistellige Länderkennung {von}?",
            "Wie wird der Name {von} international abgekürzt?",
            "Wie verkürzt man den Namen {von} auf zwei Buchstaben?",
            "Welches Kürzel aus zwei Buchstaben trage ich in ein Formular für das Gebiet {von} ein?",
        ),
        "code3": (
            "Welche drei Buchstaben stehen für den Namen {von}?",
            "Wie lautet die dreistellige Länderkennung {von}?",
            "Wie wird der Name {von} mit drei Buchstaben abgekürzt?",
            "Welches Kürzel aus drei Buchstaben haben Tabellen für das Gebiet {von}?",
            "Welcher ist der längere der beiden Ländercodes {von}?",
        ),
        "zone": (
            "Nach welcher Stadt ist die Zeitzone {von} benannt?",
            "Welche Zeitzone gilt {in}?",
            "Die Zeit welcher Stadt zeigen die Uhren {in}?",
            "Nach welcher Stadt stelle ich {in} meine Armbanduhr?",
            "Welche Zeitzone wähle ich {in} am Computer?",
        ),
    },
    introductions=(
        "Was Besucher {in} wissen sollten: die Amtssprache, die Währung, die Zeitzone und die Tage des Wochenendes.",
        "In diesem Absatz steht, welche Buchstaben den Namen {von} abkürzen, auf welchem Kontinent man dort ist und "
        "mit welchem Geld man bezahlt.",
        "Oft wird gefragt, seit wann man {in} die heutige Währung hat, an welchem Tag die Woche beginnt und wie der "
        "Ländercode lautet.",
        "Wer über das Gebiet {von} schreibt, schlägt die Region, die Sprache der Ämter, das frühere Geld und die "
        "Kürzel von Land und Währung nach.",
    ),
    territory_fields=_territory_fields,
)
