"""The sentence templates of atlas in Russian.

Names stay in the nominative: a noun before the name ("country", "territory") is inflected instead.
"""

from pyterrier_hybrid.datasets.atlas.facts import DEPENDENT
from pyterrier_hybrid.datasets.atlas.sentences.language import Language, upper_first


def _territory_fields(code: str, name: str) -> dict[str, str]:
    if code in DEPENDENT:
        nouns = {"land": "территория", "gen": "территории", "acc": "территорию", "prep": "на территории"}
    else:
        nouns = {"land": "страна", "gen": "страны", "acc": "страну", "prep": "в стране"}
    return {"x": upper_first(name), **nouns}


LANGUAGE = Language(
    statements={
        "language": (
            "{x} — {land}, где официальным языком является {y}.",
            "{x} — {land}, власти и суды которой пользуются одним языком: это {y}.",
            "Статус официального языка {prep} {x} имеет {y}. На нём пишут законы.",
        ),
        "currency": (
            "{x} — {land}, где расплачиваются валютой под названием {y}.",
            "Валюта {gen} {x} называется {y}.",
            "Законное платёжное средство {prep} {x} — {y}. В этой валюте указывают цены и зарплаты.",
        ),
        "region": (
            "{x} — {land}, которая находится в регионе {y}.",
            "По классификации ООН {land} {x} относится к региону {y}.",
            "{y} — регион мира, в который входит {land} {x}.",
        ),
        "week": (
            "{x} — {land}, где первым днём недели считается {y}.",
            "Неделю {prep} {x} открывает {y}. Так же устроены и ежедневники.",
            "В календарях {gen} {x} первым столбцом идёт {y}.",
        ),
        "code": (
            "По стандарту ISO 3166 {land} {x} обозначается как {y}.",
            "Двухбуквенный код {gen} {x} — {y}. Он закреплён в стандарте ISO 3166.",
            "Буквы {y} в списках ISO 3166 означают {acc} {x}.",
        ),
    },
    questions={
        "language": (
            "На каком языке работают органы власти {prep} {x}?",
            "Какой язык для {gen} {x} является государственным?",
            "На каком языке издаются законы {gen} {x}?",
        ),
        "currency": (
            "Какими деньгами платят {prep} {x}?",
            "Какая валюта понадобится для покупок {prep} {x}?",
            "Какие деньги имеют хождение {prep} {x}?",
        ),
        "region": (
            "В какой части мира расположена {land} {x}?",
            "Где на карте мира искать {acc} {x}?",
            "К какой области земного шара принадлежит {land} {x}?",
        ),
        "week": (
            "С какого дня начинается новая неделя {prep} {x}?",
            "Какой день стоит в самом начале календаря, напечатанного {prep} {x}?",
            "В какой день стартует неделя у жителей {gen} {x}?",
        ),
        "code": (
            "Какие две буквы соответствуют названию {gen} {x}?",
            "Каков код ISO для {gen} {x}?",
            "Как сокращают название {gen} {x} в международных документах?",
        ),
    },
    territory_fields=_territory_fields,
)
