"""The sentence templates of atlas in English."""

from pyterrier_hybrid.datasets.atlas.sentences.language import Language

_WITH_ARTICLE = {"AE", "BS", "DO", "GM", "NL", "SB"}


def _territory_fields(code: str, name: str) -> dict[str, str]:
    name = name.replace("&", "and")
    return {"x": f"the {name}" if code in _WITH_ARTICLE else name}


def _answer_fields(_: str, name: str) -> dict[str, str]:
    if name in ("Americas", "Caribbean", "Micronesian Region"):
        return {"y": f"the {name}"}
    return {"y": name.replace("&", "and")}


LANGUAGE = Language(
    statements={
        "language": (
            "The official language of {x} is {y}.",
            "Laws and public documents in {x} are drawn up in {y}, the official language.",
            "{y} has official status throughout {x}. It is the language that courts and public offices use.",
            "Anyone who applies to an authority in {x} does so in {y}.",
            "By law, {y} is the language of the state in {x}.",
        ),
        "currency": (
            "The currency of {x} is the {y}.",
            "People in {x} pay with the {y}.",
            "The {y} is legal tender in {x}. Prices and wages are stated in it.",
            "Shops in {x} accept the {y} as a means of payment.",
            "The monetary unit used throughout {x} is called the {y}.",
        ),
        "former": (
            "Before it had its present currency, {x} used the {y}.",
            "Until the last change of currency, people in {x} paid with the {y}.",
            "The {y} is the former legal tender of {x}. Today it is of interest to collectors only.",
            "The money that was given up in {x} was the {y}.",
            "Old price lists from {x} still quote the {y}, which was replaced later.",
        ),
        "since": (
            "The present currency of {x} has been in use since {y}.",
            "It was in {y} that the money of today was adopted in {x}.",
            "The current monetary unit was introduced in {x} in {y}. Since then, people have paid with it.",
            "The year {y} brought {x} the currency that it still has.",
            "In {x}, the last changeover of money took place in {y}.",
        ),
        "abbreviation": (
            "The currency of {x} is abbreviated to {y}.",
            "In the standard ISO 4217, {y} stands for the money of {x}.",
            "Exchange offices list the currency of {x} under the letters {y}. Banks use them for transfers, too.",
            "The currency code for payments in {x} is {y}.",
            "{y} is the international short form for the money that is used in {x}.",
        ),
        "region": (
            "On the map of the world you find {x} in {y}.",
            "The United Nations counts {x} as part of {y}.",
            "{y} is the region to which {x} belongs.",
            "Geographers place {x} in {y}.",
            "In statistics on parts of the world, {x} comes under {y}.",
        ),
        "continent": (
            "{x} is one of the countries of {y}.",
            "The continent to which {x} belongs is {y}.",
            "Among the continents, {y} is the one that includes {x}. School atlases show it in that chapter.",
            "As to its continent, {x} is counted as part of {y}.",
            "Travellers who land in {x} have arrived in {y}, one of the five parts of the earth.",
        ),
        "week": (
            "In {x}, the week starts on {y}.",
            "Calendars in {x} show {y} in the first column.",
            "{y} is regarded as the first day of the week in {x}. Diaries follow this custom.",
            "{y} is the day that opens each week in {x}.",
            "When a new week begins in {x}, it is {y}.",
        ),
        "weekend": (
            "In {x}, the weekend starts on {y}.",
            "People in {x} look forward to {y}, the first day of their weekend.",
            "{y} is the day on which the weekend begins in {x}. Many offices are closed then.",
            "The working days in {x} are over when {y} comes.",
            "The days of rest at the end of the week begin in {x} on {y}.",
        ),
        "code": (
            "The international standard ISO 3166 abbreviates {x} to {y}.",
            "{y} is the two-letter code for {x}. It is laid down in the standard ISO 3166.",
            "In lists that follow ISO 3166, the two letters {y} denote {x}.",
            "On forms with two letters for each country, {y} is the entry for {x}.",
            "Two letters are enough for {x}: {y}.",
        ),
        "code3": (
            "The three-letter code for {x} is {y}.",
            "In ISO 3166, the three letters {y} denote {x}.",
            "{y} is the longer country code of {x}. It has three letters and is easier to recognise.",
            "Tables with three letters for each country list {x} as {y}.",
            "Written with three letters, {x} becomes {y}.",
        ),
        "zone": (
            "The time zone of {x} is named after {y}.",
            "Clocks in {x} follow the time of {y}.",
            "Computers in {x} are set to the time zone {y}. Its name is that of a city.",
            "Anyone who travels to {x} sets their watch to {y} time.",
            "The hour in {x} is the same as in {y}, the city that the zone is called after.",
        ),
    },
    questions={
        "language": (
            "Which tongue do the authorities of {x} work in?",
            "In what language are laws published in {x}?",
            "What is the state language of {x}?",
            "Which language do officials in {x} write their letters in?",
            "What language is recognised by law in {x}?",
        ),
        "currency": (
            "What money is used in {x}?",
            "Which currency do I need for shopping in {x}?",
            "What do shoppers in {x} pay with?",
            "What is the monetary unit of {x} called?",
            "Which cash should visitors to {x} have in their wallets?",
        ),
        "former": (
            "What was the previous currency of {x}?",
            "Which money did {x} use before that of today?",
            "What did people in {x} pay with in the past?",
            "Which currency was replaced in {x}?",
            "What was legal tender in {x} until the changeover?",
        ),
        "since": (
            "Since when has {x} had its current currency?",
            "In which year was the money introduced that {x} uses now?",
            "From what year does the present currency of {x} date?",
            "When did people in {x} begin to pay with the money of today?",
            "What year saw the last change of currency in {x}?",
        ),
        "abbreviation": (
            "What is the ISO code of the currency of {x}?",
            "Which three letters do banks use for the money of {x}?",
            "How is the currency of {x} abbreviated?",
            "Under which letters do tables of exchange rates list the money of {x}?",
            "Which currency code do I enter for a transfer to {x}?",
        ),
        "region": (
            "Where in the world would I find {x}?",
            "Which part of the globe includes {x}?",
            "To which area of which continent do geographers assign {x}?",
            "In which region of the world is {x} situated?",
            "Which corner of the earth do the people of {x} live in?",
        ),
        "continent": (
            "On which continent is {x}?",
            "Which continent is {x} a part of?",
            "What continent do I travel to when I visit {x}?",
            "In the chapter on which continent does an atlas show {x}?",
            "Which of the five continents does {x} belong to?",
        ),
        "week": (
            "On which day does a new week begin in {x}?",
            "What day comes before all others on a calendar printed in {x}?",
            "Which weekday opens the week for people in {x}?",
            "What is the first day of the week in {x}?",
            "With which day do calendars in {x} start?",
        ),
        "weekend": (
            "On which day does the weekend start in {x}?",
            "Which day is the first of the weekend in {x}?",
            "When do people in {x} begin their weekend?",
            "From which day on do employees in {x} rest from work?",
            "Which day ends the working days in {x}?",
        ),
        "code": (
            "Which two letters stand for {x}?",
            "What is the ISO country code of {x}?",
            "What is the international abbreviation for {x}?",
            "How is the name of {x} shortened to two letters?",
            "Which two-letter code do I enter on a form for {x}?",
        ),
        "code3": (
            "Which three letters stand for {x}?",
            "What is the three-letter country code of {x}?",
            "How is the name of {x} abbreviated with three letters?",
            "Which code of three letters do tables use for {x}?",
            "What is the longer of the two country codes of {x}?",
        ),
        "zone": (
            "Which city is the time zone of {x} named after?",
            "What time zone applies in {x}?",
            "Which city's time do clocks in {x} show?",
            "By which city do I set my watch in {x}?",
            "Which time zone do I choose on a computer in {x}?",
        ),
    },
    introductions=(
        "What visitors should know about {x}: the official language, the currency, the time zone and the days of the "
        "weekend.",
        "This paragraph tells which letters stand for {x}, on which continent it is and what money people pay with.",
        "Frequent questions about {x} are since when it has had its currency, on which day the week begins, and what "
        "the country code is.",
        "Whoever writes about {x} looks up the region, the language of the authorities, the former money, and the "
        "abbreviations of the country and its currency.",
    ),
    territory_fields=_territory_fields,
    answer_fields=_answer_fields,
)
