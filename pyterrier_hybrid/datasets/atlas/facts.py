"""Facts of CLDR that babel lacks, and facts that are left out because they are disputed or changing.

The regions are the subregions of UN M49, from CLDR's territory containment; the first days of the week are from CLDR's
week data.
"""

REGIONS = {
    "005": "AR BO BR CL CO EC GF GY PE PY SR UY VE",
    "011": "BF BJ CI CV GH GM GN GW LR ML MR NE NG SH SL SN TG",
    "013": "BZ CR GT HN MX NI PA SV",
    "014": "BI DJ ER ET KE KM MG MU MW MZ RE RW SC SO SS TZ UG YT ZM ZW",
    "015": "DZ EG LY MA SD TN",
    "017": "AO CD CF CG CM GA GQ ST TD",
    "018": "BW LS NA SZ ZA",
    "021": "BM CA GL PM US",
    "029": "AG AI AW BB BL BQ BS CU CW DM DO GD GP HT JM KN KY LC MF MQ MS PR SX TC TT VC VG VI",
    "030": "CN JP KP KR MN",
    "034": "AF BD BT IN IR LK MV NP PK",
    "035": "BN ID KH LA MM MY PH SG TH TL VN",
    "039": "AD AL BA ES GI GR HR IT ME MK MT PT RS SI SM VA",
    "053": "AU CC CX NF NZ",
    "054": "FJ NC PG SB VU",
    "057": "FM GU KI MH MP NR PW",
    "061": "AS CK NU PF PN TK TO TV WF WS",
    "143": "KG KZ TJ TM UZ",
    "145": "AE AM AZ BH CY GE IL IQ JO KW LB OM QA SA SY TR YE",
    "151": "BG BY CZ HU MD PL RO RU SK UA",
    "154": "AX DK EE FI FO GB GG IE IM IS JE LT LV NO SE SJ",
    "155": "AT BE CH DE FR LI LU MC NL",
}
"""Subregion -> its territories, without uninhabited or disputed ones and special administrative regions."""

DEPENDENT = frozenset(
    "AI AS AW AX BL BM BQ CC CK CW CX FO GF GG GI GL GP GU IM JE KY MF MP MQ MS NC NF NU PF PM PN PR RE SH SJ SX TC TK "
    "VG VI WF YT".split()
)
"""Territories that are not sovereign states."""

FIRST_DAYS = {
    4: "MV",
    5: "AF BH DJ DZ EG IQ IR JO KW LY OM QA SD SY",
    6: "AG AS BD BR BS BT BW BZ CA CO DM DO ET GT GU HN ID IL IN JM JP KE KH KR LA MH MM MT MX MZ NI NP PA PE PH PK PR "
    "PT PY SA SG SV TH TT US VE VI WS YE ZA ZW",
}
"""Weekday (Monday is 0) -> the territories whose week starts on it; all others start on Monday."""

UNSETTLED = {
    # The official languages changed recently, are official only by custom, or are more than CLDR lists.
    "language": "BF BQ CK CX ET FO GB GG GN IQ JE ME MK ML NE NF PN ZA",
    # Bulgaria joined the euro in 2026; the names of the other two have the country's former name in some languages.
    "currency": "BG MK SZ",
}
"""Relation -> territories that are left out of it, separated by spaces."""
