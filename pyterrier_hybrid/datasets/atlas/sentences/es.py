"""The sentence templates of atlas in Spanish."""

from pyterrier_hybrid.datasets.atlas.sentences.language import Language

_ARTICLES = {"AE": "los", "BS": "las", "DO": "la", "NL": "los", "SB": "las"}
_REGIONS = {
    "Caribe": "el Caribe",
    "Sudeste asiático": "el Sudeste asiático",
    "Región de Micronesia": "la región de Micronesia",
}


def _territory_fields(code: str, name: str) -> dict[str, str]:
    full = f"{_ARTICLES[code]} {name}" if code in _ARTICLES else name
    return {"en": f"en {full}", "de": f"de {full}"}


def _answer_fields(_: str, name: str) -> dict[str, str]:
    return {"y": _REGIONS.get(name, name)}


LANGUAGE = Language(
    statements={
        "language": (
            "El idioma oficial {de} es el {y}.",
            "{en} las leyes y los documentos públicos se redactan en {y}, la lengua oficial.",
            "El {y} tiene rango de lengua oficial {en}. Lo emplean los tribunales y la administración.",
            "Quien se dirige a una autoridad {en} lo hace en {y}.",
            "Por ley, el {y} es la lengua del Estado {en}.",
        ),
        "currency": (
            "La moneda {de} se llama {y}.",
            "{en} se paga con una moneda llamada {y}.",
            "La unidad monetaria que circula {en} lleva el nombre de {y}. En ella se expresan precios y salarios.",
            "Las tiendas {de} aceptan como medio de pago la moneda llamada {y}.",
            "El dinero que se usa {en} recibe el nombre de {y}.",
        ),
        "former": (
            "Antes de la moneda actual, {en} se usaba una moneda llamada {y}.",
            "Hasta el último cambio de moneda, {en} se pagaba con otra, de nombre {y}.",
            "La antigua moneda de curso legal {de} se llama {y}. Hoy solo interesa a los coleccionistas.",
            "El dinero que se abandonó {en} se llamaba {y}.",
            "Las viejas listas de precios {de} mencionan todavía la moneda {y}, que después fue sustituida.",
        ),
        "since": (
            "La moneda actual {de} existe desde {y}.",
            "Fue en {y} cuando se adoptó {en} el dinero de hoy.",
            "La unidad monetaria vigente se introdujo {en} en el año {y}. Desde entonces se paga con ella.",
            "El año {y} trajo a los habitantes {de} la moneda que todavía tienen.",
            "{en} el último cambio de dinero tuvo lugar en {y}.",
        ),
        "abbreviation": (
            "La moneda {de} se abrevia {y}.",
            "En la norma ISO 4217, {y} representa el dinero {de}.",
            "Las casas de cambio anuncian la moneda {de} con las letras {y}. También los bancos las usan.",
            "El código de moneda para los pagos {en} es {y}.",
            "{y} es la forma corta internacional del dinero con que se paga {en}.",
        ),
        "region": (
            "El territorio {de} se encuentra en {y}.",
            "Según las Naciones Unidas, los habitantes {de} viven en {y}.",
            "Quien viaja por las tierras {de} está en {y}.",
            "Los geógrafos sitúan el territorio {de} en {y}.",
            "Las estadísticas por partes del mundo incluyen los datos {de} en {y}.",
        ),
        "continent": (
            "El territorio {de} forma parte del continente llamado {y}.",
            "El continente al que pertenece la población {de} es {y}.",
            "Entre los continentes, {y} es el que abarca las tierras {de}. Los atlas escolares las muestran ahí.",
            "En cuanto al continente, los habitantes {de} viven en {y}.",
            "El viajero que aterriza {en} ha llegado a {y}, una de las cinco partes de la Tierra.",
        ),
        "week": (
            "{en} la semana empieza el {y}.",
            "El primer día de la semana {en} es el {y}. Así figura también en las agendas.",
            "Los calendarios {de} colocan el {y} en la primera columna.",
            "El {y} es el día que abre cada semana {en}.",
            "Cuando comienza una semana nueva {en}, es {y}.",
        ),
        "weekend": (
            "{en} el fin de semana empieza el {y}.",
            "La gente {de} espera con ganas el {y}, primer día de su fin de semana.",
            "El {y} es el día en que comienza el fin de semana {en}. Muchas oficinas cierran entonces.",
            "Los días laborables terminan {en} cuando llega el {y}.",
            "Los días de descanso al final de la semana empiezan {en} el {y}.",
        ),
        "code": (
            "Según la norma ISO 3166, las dos letras {y} identifican el territorio {de}.",
            "El código de dos letras {de} es {y}. Lo fija la norma ISO 3166.",
            "En los listados que siguen la norma ISO 3166, {y} es la forma abreviada del nombre {de}.",
            "En los formularios con dos letras para cada país, {y} es la clave {de}.",
            "Dos letras bastan para el nombre {de}: {y}.",
        ),
        "code3": (
            "El código de tres letras {de} es {y}.",
            "En la norma ISO 3166, las tres letras {y} designan el territorio {de}.",
            "{y} es el código de país más largo {de}. Tiene tres letras y se reconoce mejor.",
            "Las tablas con tres letras para cada país ponen {y} en la fila {de}.",
            "Escrito con tres letras, el nombre {de} queda en {y}.",
        ),
        "zone": (
            "El huso horario {de} toma su nombre de {y}.",
            "Los relojes {de} siguen la hora de {y}.",
            "Los ordenadores {de} están ajustados a la zona horaria {y}. Su nombre es el de una ciudad.",
            "Quien viaja pone {en} su reloj a la hora de {y}.",
            "{en} es la misma hora que en {y}, la ciudad que da nombre a la zona.",
        ),
    },
    questions={
        "language": (
            "¿Qué lengua usan las autoridades {de}?",
            "¿En qué idioma se publican las leyes {en}?",
            "¿Cuál es la lengua del Estado {en}?",
            "¿En qué lengua escriben sus cartas los funcionarios {de}?",
            "¿Qué idioma está reconocido por la ley {en}?",
        ),
        "currency": (
            "¿Con qué dinero se paga {en}?",
            "¿Qué divisa necesito para hacer compras {en}?",
            "¿En qué moneda figuran los precios {en}?",
            "¿Cómo se llama la unidad monetaria {de}?",
            "¿Qué efectivo conviene llevar en la cartera {en}?",
        ),
        "former": (
            "¿Cuál era la moneda anterior {de}?",
            "¿Qué dinero se usaba {en} antes del actual?",
            "¿Con qué se pagaba {en} en el pasado?",
            "¿Qué moneda fue sustituida {en}?",
            "¿Qué tenía curso legal {en} hasta el cambio de moneda?",
        ),
        "since": (
            "¿Desde cuándo existe la moneda actual {de}?",
            "¿En qué año se introdujo {en} el dinero que se usa ahora?",
            "¿De qué año data la moneda vigente {de}?",
            "¿Cuándo empezó la gente {de} a pagar con el dinero de hoy?",
            "¿En qué año se cambió de moneda por última vez {en}?",
        ),
        "abbreviation": (
            "¿Cuál es el código ISO de la moneda {de}?",
            "¿Qué tres letras usan los bancos para el dinero {de}?",
            "¿Cómo se abrevia la moneda {de}?",
            "¿Con qué letras aparece el dinero {de} en las tablas de tipos de cambio?",
            "¿Qué código de moneda debo indicar para un pago {en}?",
        ),
        "region": (
            "¿En qué parte del mundo se halla quien está {en}?",
            "¿En qué zona del planeta están situadas las costas y las fronteras {de}?",
            "¿A qué área geográfica corresponde la población {de}?",
            "¿En qué región del mundo está el territorio {de}?",
            "¿En qué rincón de la Tierra viven los habitantes {de}?",
        ),
        "continent": (
            "¿En qué continente estoy cuando estoy {en}?",
            "¿De qué continente forma parte el territorio {de}?",
            "¿A qué continente viajo si voy de vacaciones a las tierras {de}?",
            "¿En el capítulo de qué continente muestra un atlas el territorio {de}?",
            "¿A cuál de los cinco continentes pertenece la población {de}?",
        ),
        "week": (
            "¿Qué día comienza una nueva semana {en}?",
            "¿Con qué día inicia la semana la gente {de}?",
            "¿Qué día aparece antes que los demás en un calendario impreso {en}?",
            "¿Cuál es el primer día de la semana {en}?",
            "¿Con qué día arrancan los calendarios {de}?",
        ),
        "weekend": (
            "¿Qué día comienza el fin de semana {en}?",
            "¿Cuál es el primer día del fin de semana {en}?",
            "¿Cuándo inicia la gente {de} su fin de semana?",
            "¿Desde qué día descansan del trabajo los empleados {de}?",
            "¿Qué día pone fin a los días laborables {en}?",
        ),
        "code": (
            "¿Con qué dos letras se representa el nombre {de}?",
            "¿Cuál es el código de país ISO {de}?",
            "¿Cómo se abrevia internacionalmente el nombre {de}?",
            "¿Cómo se acorta a dos letras el nombre {de}?",
            "¿Qué clave de dos letras pongo en un formulario para el territorio {de}?",
        ),
        "code3": (
            "¿Con qué tres letras se representa el nombre {de}?",
            "¿Cuál es el código de país de tres letras {de}?",
            "¿Cómo se abrevia con tres letras el nombre {de}?",
            "¿Qué clave de tres letras usan las tablas para el territorio {de}?",
            "¿Cuál es el más largo de los dos códigos de país {de}?",
        ),
        "zone": (
            "¿De qué ciudad toma su nombre el huso horario {de}?",
            "¿Qué zona horaria rige {en}?",
            "¿La hora de qué ciudad marcan los relojes {de}?",
            "¿Por qué ciudad ajusto mi reloj {en}?",
            "¿Qué zona horaria elijo en un ordenador {en}?",
        ),
    },
    introductions=(
        "Lo que conviene saber antes de una estancia {en}: el idioma oficial, la moneda, la zona horaria y los días "
        "del fin de semana.",
        "Este párrafo dice con qué letras se abrevia el nombre {de}, en qué continente está y con qué dinero se paga.",
        "A menudo se pregunta desde cuándo existe la moneda {de}, qué día empieza allí la semana y cuál es el código "
        "del país.",
        "Quien escribe sobre el territorio {de} consulta la región, la lengua de las autoridades, el dinero antiguo y "
        "las abreviaturas del país y de su moneda.",
    ),
    territory_fields=_territory_fields,
    answer_fields=_answer_fields,
)
