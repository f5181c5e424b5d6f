"""The sentence templates of atlas in Spanish."""

from pyterrier_hybrid.datasets.atlas.sentences.language import Language

_ARTICLES = {
    "AE": "los",
    "BQ": "el",
    "BS": "las",
    "BM": "las",
    "CF": "la",
    "DO": "la",
    "GB": "el",
    "GF": "la",
    "KM": "las",
    "MV": "las",
    "NL": "los",
    "PF": "la",
    "PH": "las",
    "VA": "la",
}
_REGIONS = {
    "Caribe": "el Caribe",
    "Sudeste asiático": "el Sudeste asiático",
    "Región de Micronesia": "la región de Micronesia",
}


def _territory_fields(code: str, name: str) -> dict[str, str]:
    first = name.split()[0]
    article = _ARTICLES.get(code) or {"Islas": "las", "Isla": "la"}.get(first)
    full = f"{article} {name}" if article else name
    return {"en": f"en {full}", "de": f"del {name}" if article == "el" else f"de {full}"}


def _answer_fields(relation: str, name: str) -> dict[str, str]:
    return {"y": _REGIONS.get(name, name) if relation == "region" else name}


LANGUAGE = Language(
    statements={
        "language": (
            "El idioma oficial {de} es el {y}.",
            "{en} las leyes y los documentos públicos se redactan en {y}, la lengua oficial.",
            "El {y} tiene rango de lengua oficial {en}. Lo emplean los tribunales y la administración.",
        ),
        "currency": (
            "La moneda {de} se llama {y}.",
            "{en} se paga con una moneda llamada {y}.",
            "La unidad monetaria que circula {en} lleva el nombre de {y}. En ella se expresan precios y salarios.",
        ),
        "region": (
            "El territorio {de} se encuentra en {y}.",
            "Según las Naciones Unidas, los habitantes {de} viven en {y}.",
            "Quien viaja por las tierras {de} está en {y}.",
        ),
        "week": (
            "{en} la semana empieza el {y}.",
            "El primer día de la semana {en} es el {y}. Así figura también en las agendas.",
            "Los calendarios {de} colocan el {y} en la primera columna.",
        ),
        "code": (
            "Según la norma ISO 3166, las letras {y} identifican el territorio {de}.",
            "El código de dos letras {de} es {y}. Lo fija la norma ISO 3166.",
            "En los listados que siguen la norma ISO 3166, {y} es la forma abreviada del nombre {de}.",
        ),
    },
    questions={
        "language": (
            "¿Qué lengua usan las autoridades {de}?",
            "¿En qué idioma se publican las leyes {en}?",
            "¿Cuál es la lengua del Estado {en}?",
        ),
        "currency": (
            "¿Con qué dinero se paga {en}?",
            "¿Qué divisa necesito para hacer compras {en}?",
            "¿En qué moneda figuran los precios {en}?",
        ),
        "region": (
            "¿En qué parte del mundo se halla quien está {en}?",
            "¿En qué zona del planeta están situadas las costas y las fronteras {de}?",
            "¿A qué área geográfica corresponde la población {de}?",
        ),
        "week": (
            "¿Qué día comienza una nueva semana {en}?",
            "¿Con qué día inicia la semana la gente {de}?",
            "¿Qué día aparece antes que los demás en un calendario impreso {en}?",
        ),
        "code": (
            "¿Con qué dos letras se representa el nombre {de}?",
            "¿Cuál es el código de país ISO {de}?",
            "¿Cómo se abrevia internacionalmente el nombre {de}?",
        ),
    },
    territory_fields=_territory_fields,
    answer_fields=_answer_fields,
)
