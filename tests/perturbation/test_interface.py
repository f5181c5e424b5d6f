"""What every perturbation promises; see tests of single perturbations for golden values."""

import copy
import os
import subprocess
import sys
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest
from grid_helpers import Letters
from hypothesis import given, settings
from hypothesis import strategies as st

from pyterrier_hybrid.parallel import Item, Lexicon, ParallelPairs
from pyterrier_hybrid.perturbation import (
    PERTURBATIONS,
    Case,
    CodeSwitch,
    Perturbation,
    WorstCase,
    perturb_pairs,
    perturbation_from,
)
from pyterrier_hybrid.text.normalisation import is_blank

LANGUAGES = ["ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"]
QUERIES = {
    "ar": "ما هي عاصمة ألمانيا في سنة 1990؟",
    "de": "Welche Stadt ist seit 1990 die Hauptstadt von Österreich und groß?",
    "el": "Ποια είναι η πρωτεύουσα της Ελλάδας;",
    "en": "Which city is the capital of the United Kingdom?",
    "es": "¿Qué ciudad es la capital de España?",
    "hi": "जर्मनी की राजधानी कौन सी है?",
    "ru": "Какой город является столицей Германии?",
    "th": "เมืองหลวงของเยอรมนีคือเมืองใด",
    "tr": "Türkiye'nin başkenti hangi şehirdir?",
    "vi": "Thủ đô của nước Đức là thành phố nào?",
    "zh": "德国的首都是哪个城市？",
}
LEXICON = Lexicon([
    {"ar": ["عاصمة"], "de": ["Hauptstadt"], "en": ["capital"], "es": ["capital"], "tr": ["başkent"], "zh": ["首都"]},
    {"el": ["Ελλάδα", "Ελλάδας"], "en": ["Greece"], "hi": ["ग्रीस"]},
    {"hi": ["जर्मनी"], "ru": ["Германия", "Германии"], "th": ["เยอรมนี"], "vi": ["nước Đức"], "en": ["Germany"]},
])  # fmt: skip
WORST_CASE = partial(WorstCase, Letters(), ["case", {"name": "case", "to": "upper", "severity": 0.3}], budget=6)
KINDS = [*PERTURBATIONS, partial(CodeSwitch, LEXICON), WORST_CASE]
CASES = [pytest.param(kind, id=kind(severity=0).name) for kind in KINDS]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
queries = st.one_of(texts, st.sampled_from(list(QUERIES.values())))


def frame() -> pd.DataFrame:
    return pd.DataFrame({"qid": LANGUAGES, "query": list(QUERIES.values()), "lang": LANGUAGES})


def quietly(perturbation: pt.Transformer, inp: pd.DataFrame) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return perturbation(inp)


@pytest.mark.parametrize("kind", CASES)
def test_severity_0_changes_nothing(kind: type[Perturbation]):
    out = kind(severity=0)(frame())
    assert out["query"].tolist() == out["query_0"].tolist() == frame()["query"].tolist()
    assert not out["changed"].any() and out["changed"].dtype == bool


@pytest.mark.parametrize("kind", CASES)
@settings(max_examples=40, deadline=None)
@given(text=queries, lang=st.sampled_from(LANGUAGES), severity=st.floats(0, 1), draw=st.integers(0, 3))
def test_any_text_gives_a_text(kind: type[Perturbation], text: str, lang: str, severity: float, draw: int):
    perturbation = kind(severity=severity, draw=draw)
    perturbed = perturbation.perturb(text, lang)
    perturbed.encode()
    assert is_blank(text) or not is_blank(perturbed)
    assert perturbed == kind(severity=severity, draw=draw).perturb(text, lang)
    if not perturbation.supports(lang) or severity == 0:
        assert perturbed == text


@pytest.mark.parametrize("kind", CASES)
def test_changes_queries_of_the_languages_that_it_supports(kind: type[Perturbation]):
    perturbation = kind(severity=1)
    for lang, text in QUERIES.items():
        changed = any(perturbation.at(draw=draw).perturb(text, lang) != text for draw in range(10))
        assert changed <= perturbation.supports(lang), lang
    assert any(perturbation.supports(lang) for lang in LANGUAGES)


@pytest.mark.parametrize("kind", CASES)
def test_order_and_company_of_queries_do_not_matter(kind: type[Perturbation]):
    perturbation = kind(severity=0.5)
    whole = quietly(perturbation, frame())
    backwards = quietly(perturbation, frame().iloc[::-1])
    pd.testing.assert_frame_equal(backwards.iloc[::-1], whole)
    for row, lang in enumerate(LANGUAGES):
        assert perturbation.perturb(QUERIES[lang], lang) == whole["query"].iloc[row]


def test_another_process_with_another_hash_seed_gives_the_same():
    code = (
        "from test_interface import KINDS, QUERIES\n"
        "for kind in KINDS:\n"
        "    for lang, text in QUERIES.items(): print(ascii(kind(severity=.5, seed=3).perturb(text, lang)))"
    )
    expected = [ascii(kind(severity=0.5, seed=3).perturb(text, lang)) for kind in KINDS
                for lang, text in QUERIES.items()]  # fmt: skip
    folder = str(Path(__file__).parent)
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join([folder, *sys.path])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split("\n")[:-1] == expected


@pytest.mark.parametrize("kind", CASES)
def test_frames(kind: type[Perturbation]):
    perturbation = kind()
    empty = perturbation(frame().iloc[:0])
    assert list(empty.columns) == list(quietly(perturbation, frame()).columns) and len(empty) == 0
    assert len(quietly(perturbation, frame().iloc[:1])) == 1
    with pytest.raises(pt.validate.InputValidationError, match="query"):
        perturbation(pd.DataFrame({"qid": ["1"], "text": ["a"], "lang": ["de"]}))
    with pytest.raises(pt.validate.InputValidationError, match="lang"):
        perturbation(frame().drop(columns="lang"))
    with pytest.raises(ValueError, match="query 'ar' has no language"):
        perturbation(frame().assign(lang=None))
    with pytest.raises(TypeError, match="row 0: 3 is a int"):
        perturbation(frame().iloc[:1].assign(query=3))


@pytest.mark.parametrize("kind", CASES)
def test_equal_options_are_equal(kind: type[Perturbation]):
    assert kind() == kind() and hash(kind()) == hash(kind())
    assert kind() != kind(seed=1) and kind(draw=1) != kind() and kind(severity=0.7) != kind()
    assert kind(severity=0.3).at(severity=0.7, draw=2) == kind(severity=0.7, draw=2)


@pytest.mark.parametrize(
    "options", [{"severity": 1.5}, {"severity": -1}, {"seed": -1}, {"draw": -1}, {"lang": "xx"}, {"lang": "English"}]
)
def test_impossible_options_are_refused(options: dict):
    with pytest.raises(ValueError, match=next(iter(options)) + "|language"):
        PERTURBATIONS[0](**options)


@pytest.mark.parametrize("kind", CASES)
def test_parameters_that_are_set_later_are_checked(kind: type[Perturbation]):
    perturbation = kind(seed=3, lang="de")
    before = repr(perturbation)
    for name, value in (("severity", 7), ("severity", "x"), ("draw", -1), ("lang", "xx"), ("dataset", "atlas/de/test")):
        with pytest.raises((ValueError, TypeError), match=name + "|language"):
            perturbation.set_parameter(name, value)
    assert repr(perturbation) == before
    perturbation.set_parameter("severity", np.float64(0.25))
    assert perturbation.get_parameter("severity") == 0.25
    assert repr(perturbation) == repr(kind(severity=0.25, seed=3, lang="de"))
    for attribute in pt.inspect.transformer_attributes(perturbation):
        perturbation.set_parameter(attribute.name, attribute.value)
    assert repr(perturbation) == repr(kind(severity=0.25, seed=3, lang="de"))


def test_options_of_classes_are_set_later():
    case = perturbation_from("case:severity=.5")
    for name, value in (("to", "title"), ("too", "upper")):
        with pytest.raises(ValueError, match=name):
            case.set_parameter(name, value)
    case.set_parameter("to", "upper")
    assert case == perturbation_from("case:to=upper,severity=.5")
    worst = WorstCase(Letters(), "case", passages={"Rom?": "Am Tiber."})
    before = copy.copy(worst)
    for name, value in (("operators", []), ("budget", 0), ("passages", {"Rom?": 3}), ("encoder", 3)):
        with pytest.raises((ValueError, TypeError), match=name):
            worst.set_parameter(name, value)
    worst.set_parameter("passages", {"Rom?": "Am Fluss."})
    assert worst != before
    switch = CodeSwitch(LEXICON)
    with pytest.raises(ValueError, match="the lexicon has only"):
        switch.set_parameter("to", "fr")


def test_language_of_a_dataset():
    for dataset in ("atlas/de/tr/test", "irds:atlas/de/tr/test", pt.get_dataset("irds:atlas/de/tr/test")):
        assert PERTURBATIONS[0](dataset=dataset).lang == "tr"
    for dataset, problem in (
        ("atlas/de/trr/test", "no such ID"),
        ("atlas", "has no queries"),
        ("beir/fiqaa", "did you"),
    ):
        with pytest.raises(ValueError, match=f"dataset='{dataset}'.*{problem}"):
            PERTURBATIONS[0](dataset=dataset)
    with pytest.raises(TypeError, match="dataset=3 is int; give the ID"):
        PERTURBATIONS[0](dataset=3)
    with pytest.raises(ValueError, match="atlas/multi/test.*several languages"):
        PERTURBATIONS[0](dataset="atlas/multi/test")
    with pytest.raises(ValueError, match="give one of them"):
        PERTURBATIONS[0](dataset="atlas/de/test", lang="de")


def test_chains_keep_the_first_query():
    first, second = perturbation_from({"name": "case", "to": "upper"}), perturbation_from("case")
    out = (first >> second)(pd.DataFrame({"qid": ["1", "2"], "query": ["Rom", "rom"], "lang": "de"}))
    assert out[["query_1", "query_0", "query"]].values.tolist() == [["Rom", "ROM", "rom"], ["rom", "ROM", "rom"]]
    assert out["changed"].tolist() == [True, False]


def test_a_chain_begins_after_what_other_transformers_did():
    upper = pt.apply.query(lambda row: row["query"].upper())
    same, lower = perturbation_from("case:severity=0"), perturbation_from("case")
    topics = pd.DataFrame({"qid": ["1", "2"], "query": ["Rom", "rom"], "lang": "de"})
    for chain, expected in (
        (upper >> same >> same, [False, False]),
        (upper >> lower >> same, [True, True]),
        (lower >> upper >> same, [True, False]),
        (same >> upper >> same, [False, False]),
        (lower >> pt.rewrite.reset() >> same, [False, False]),
    ):
        assert chain(topics)["changed"].tolist() == expected, chain
    earlier = topics.assign(query_0="Where is Rome?", changed="a column of the user")
    assert not (same >> same)(earlier.drop(columns="changed"))["changed"].any()
    assert not same(earlier)["changed"].any() and lower(earlier)["changed"].tolist() == [True, False]


def test_what_other_transformers_push_is_not_changed():
    tokenised = pt.apply.query(lambda row: row["query"].replace(",", ""))
    out = (tokenised >> perturbation_from("case:severity=0"))(
        pd.DataFrame({"qid": ["1"], "query": ["Guten, Morgen"], "lang": "de"})
    )
    assert out[["query_1", "query_0", "query", "changed"]].values.tolist() == [
        ["Guten, Morgen", "Guten Morgen", "Guten Morgen", False]
    ]


def test_options_behind_a_name(tmp_path):
    assert perturbation_from("case:to=upper,severity=.5") == perturbation_from(
        {"name": "case", "to": "upper", "severity": 0.5}
    )
    words = tmp_path / "a,b:c.jsonl"
    words.write_text('{"terms": {"de": ["Stadt"], "en": ["city"]}}\n')
    switch = perturbation_from(f"codeswitch:lexicon={words},to=en,severity=1")
    assert switch.perturb("Welche Stadt?", "de") == "Welche city?"
    for text in ("case:upper", "case:", "case:to=", "case:=upper"):
        with pytest.raises(ValueError, match="write options as in case:to=upper,severity=.5"):
            perturbation_from(text)
    with pytest.raises(ValueError, match="CodeSwitch: it needs lexicon, as in codeswitch:lexicon=FILE"):
        perturbation_from("codeswitch")


def test_which_queries_are_changed():
    queries = {"de": "Wo liegt Rom?", "el": "πού;", "ru": "Где Рим?", "tr": "IŞIK", "zh": "Rom在哪？"}
    inp = pd.DataFrame(
        {"qid": list(queries), "query": list(queries.values()), "lang": list(queries)}, index=[7, 5, 3, 1, 0]
    )
    with pytest.warns(UserWarning, match="Case means nothing in zh"):
        changed = Case().changed(inp)
    # The Greek query is in lower case already.
    pd.testing.assert_series_equal(
        changed, pd.Series([True, False, True, True, False], index=inp.index, name="changed")
    )
    assert "changed" not in inp.columns and inp["query"].tolist() == list(queries.values())
    assert Case(lang="de").changed(inp[["query"]]).tolist() == [True, False, True, True, True]
    assert not Case(severity=0).changed(inp).any() and Case().changed(inp.iloc[:0]).dtype == bool
    # Since the first perturbation of a chain.
    with pytest.warns(UserWarning, match="means nothing in zh"):
        upper = Case(to="upper")(inp)
    assert Case(severity=0).changed(upper).tolist() == [True, True, True, False, False]


def test_unsupported_language_warns():
    with pytest.warns(UserWarning, match="Case means nothing in zh: 1 query stays as it is"):
        perturbation_from("case")(frame())


def test_unknown_names_and_options():
    with pytest.raises(ValueError, match="did you mean 'case'"):
        perturbation_from("csae")
    with pytest.raises(ValueError, match="too"):
        perturbation_from({"name": "case", "too": "upper"})
    with pytest.raises(TypeError, match="3 is a int.*give a name"):
        perturbation_from(3)


def test_pipelines_functions_and_classes_are_no_perturbations():
    chain = perturbation_from("case") >> perturbation_from("spaces")
    for operators, problem in (
        (chain, "operators is a pipeline.*give .A, B. to use each"),
        (["case", chain], r"operators\[1\] is a pipeline"),
        (pt.rewrite.reset(), "operators is .*not a perturbation of ph.perturbation"),
        (str.upper, "operators is .*not a perturbation: for one of your own, write a subclass of ph.perturbation.Pert"),
        (Case, r"operators is the class Case: write Case\(\)"),
        (["case", Case], r"operators\[1\] is the class Case"),
    ):
        with pytest.raises(TypeError, match=problem):
            WorstCase(Letters(), operators)
        with pytest.raises(TypeError, match=problem):
            perturb_pairs(ParallelPairs([Item("1", None, "toy", {"de": "Wo?"}, {"de": "Hier."})]), operators)
