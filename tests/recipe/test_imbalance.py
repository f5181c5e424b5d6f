"""Language imbalance: shares and Zipf's law by hand, tiny trainings, resuming, bad input."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from dataset_helpers import register_tatoeba
from hypothesis import given
from hypothesis import strategies as st

import pyterrier_hybrid as ph
from pyterrier_hybrid.experiment import ImbalanceResults
from pyterrier_hybrid.experiment.robustness.imbalance import summary
from pyterrier_hybrid.experiment.robustness.shares import (
    check_order,
    check_shares,
    largest_total,
    ratios_of_items,
    zipf_shares,
)
from pyterrier_hybrid.recipe.imbalance import count_items, reweighted, without_small_languages

LANGUAGES = ["de", "en", "th"]
TINY = {"max_steps": 2, "batch_size": 8, "verbose": False, "learning_rate": 5e-3}


@pytest.fixture(scope="module")
def pairs():
    return ph.ParallelPairs.from_irds("atlas/train").filter(languages=LANGUAGES)


@pytest.fixture(scope="module")
def encoder(pairs):
    return ph.DenseEncoder.from_scratch(pairs.texts(limit=300), dim=8, vocab_size=400, verbose=False)


@pytest.fixture(scope="module")
def experiment(pairs, encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("imbalance") / "out"
    options = {
        "zipf": [0, 2], "temperatures": [1, "uniform"], "encoder": encoder, "seeds": [1], "kinds": ["mono"],
        "languages": [*LANGUAGES, "el"], "order": LANGUAGES, "output": folder, **TINY,
    }  # fmt: skip
    return ph.ImbalanceExperiment(pairs, ["cross"], **options), options


# --- By hand ---------------------------------------------------------------------------------------------------------


def test_zipf_shares_by_hand():
    assert zipf_shares(["a", "b", "c", "d"], 0) == dict.fromkeys("abcd", 0.25)
    # 1 + 1/2 + 1/3 = 11/6; 1 + 1/4 + 1/9 = 49/36.
    assert list(zipf_shares(["a", "b", "c"], 1).values()) == pytest.approx([6 / 11, 3 / 11, 2 / 11])
    assert list(zipf_shares(["a", "b", "c"], 2).values()) == pytest.approx([36 / 49, 9 / 49, 4 / 49])


@given(st.integers(1, 30), st.floats(0, 4))
def test_zipf_shares_fall_and_sum_to_one(number, exponent):
    shares = list(zipf_shares([f"l{i}" for i in range(number)], exponent).values())
    assert math.isclose(sum(shares), 1) and shares == sorted(shares, reverse=True) and min(shares) > 0


def test_texts_to_keep_by_hand():
    counts = {"de": 80, "en": 100}
    # de limits the even condition to 160 texts, en the uneven one to 125.
    even, uneven = {"de": 0.5, "en": 0.5}, {"de": 0.2, "en": 0.8}
    assert largest_total([even], counts) == 160 and largest_total([even, uneven], counts) == 125
    assert ratios_of_items(uneven, counts, 125) == {"de": pytest.approx(25 / 80), "en": 1.0}
    with pytest.raises(ValueError, match="a share of 0.001 of 125 texts leaves none in 'de'"):
        ratios_of_items({"de": 0.001, "en": 0.999}, counts, 125)


def test_summary_by_hand():
    # Values rise by .1 for ten times the share; the fourth language was never trained on.
    found = summary(np.array([0.9, 0.09, 0.01, 0]), np.array([0.8, 0.7, 0.7 - 0.1 * math.log10(9), 0.1]))
    assert found["slope"] == pytest.approx(0.1) and found["pearson"] == pytest.approx(1) == found["spearman"]
    assert found["head"] == 0.8 and found["unseen"] == 0.1 == found["worst"]
    assert found["tail"] == pytest.approx((0.7 + 0.7 - 0.1 * math.log10(9)) / 2)
    even = summary(np.full(3, 1 / 3), np.array([0.5, 0.6, 0.7]))
    assert even["head"] == pytest.approx(0.6) == even["mean"]
    assert all(math.isnan(even[name]) for name in ("tail", "unseen", "slope", "pearson", "spearman"))
    two = summary(np.array([0.9, 0.1]), np.array([0.5, 0.7]))
    assert two["slope"] < 0 and math.isnan(two["pearson"]) and math.isnan(two["spearman"])
    # Two of four equal languages were evaluated: each has what an equal share is.
    some = summary(np.array([0.25, 0.25]), np.array([0.5, 0.7]), trained=4)
    assert some["head"] == pytest.approx(0.6) and math.isnan(some["tail"])


def test_table_and_means_over_seeds_by_hand():
    names = {"condition": "s=1", "sampler": "X-Y", "kind": "mono", "measure": "AP"}
    values = [(0, "en", 0.8, 0.75), (1, "en", 0.6, 0.75), (0, "th", 0.2, 0.25), (1, "th", 0.4, 0.25)]
    frame = pd.DataFrame([{**names, "seed": s, "lang": lang, "value": v, "share": p} for s, lang, v, p in values])
    results = ImbalanceResults(frame, pd.DataFrame(), dataset="toy")
    assert results.table(by="language").iloc[:, 0].to_dict() == pytest.approx({"en": 0.7, "th": 0.3, "mean": 0.5})
    row = results.table(summary=["mean", "head", "tail", "worst", "slope"]).iloc[0].tolist()
    assert row == pytest.approx([0.5, 0.7, 0.3, 0.3, 0.4 / math.log10(3)])
    with pytest.raises(ValueError, match="summary='slop' is unknown.*did you mean 'slope'"):
        results.table(summary=["slop"])


# --- Samplers --------------------------------------------------------------------------------------------------------


def test_weights_reach_the_samplers_inside():
    both = ph.HybridSampler(mono=ph.MonoSampler(), cross=ph.CrossSampler())
    changed = reweighted(both, 2.0)
    assert changed.mono.language_weights == changed.cross.language_weights == 2.0
    assert changed.language_weights == "uniform"
    assert (
        reweighted(ph.LengthGroupedSampler(ph.MonoSampler()), "proportional").sampler.language_weights == "proportional"
    )


def test_languages_too_small_for_a_monolingual_batch(pairs):
    thinned = pairs.imbalance({"th": 0.03})
    assert count_items(thinned) == {"de": 540, "en": 548, "th": 16}
    mono, left_out = without_small_languages(ph.MonoSampler(), thinned, 20)
    assert (mono.languages, left_out) == (("de", "en"), ["th"])
    hybrid, left_out = without_small_languages(ph.HybridSampler(0.4, language_weights=5), thinned, 20)
    assert hybrid.mono.languages == ("de", "en") and hybrid.mono.language_weights == 5 == hybrid.language_weights
    assert left_out == ["th"] and hybrid.cross is None
    hybrid.plan(thinned, batch_size=20).batch(0)
    for sampler in (ph.MonoSampler(), ph.CrossSampler(), ph.HybridSampler(0)):
        assert without_small_languages(sampler, thinned, 16) == (sampler, [])
    weighted = ph.MonoSampler(language_weights={"de": 2, "th": 3})
    assert without_small_languages(weighted, thinned, 20)[0].language_weights == {"de": 2}


# --- Trainings -------------------------------------------------------------------------------------------------------


def test_conditions_have_their_shares(experiment):
    results, _ = experiment
    assert results.conditions == ["s=0", "s=2"] and results.samplers == ["X-Y T=1", "X-Y uniform"]
    assert len(results.values) == 2 * 2 * 4 and results.values["value"].between(0, 1).all()
    data = results.data[results.data["sampler"] == "X-Y T=1"]
    # 540 items in German: s=2 limits the total to 540 / (36/49).
    total = 540 * 49 / 36
    for condition, shares in {"s=0": [1 / 3] * 3, "s=2": [36 / 49, 9 / 49, 4 / 49]}.items():
        rows = data[data["condition"] == condition]
        assert rows["lang"].tolist() == LANGUAGES and rows["share"].tolist() == pytest.approx(shares)
        assert rows["items"].tolist() == [round(share * total) for share in shares]
    unseen = results.values[results.values["lang"] == "el"]
    assert (unseen["share"] == 0).all() and results.slopes["unseen"].notna().all()


def test_a_run_is_an_ordinary_training_and_evaluation(experiment, pairs, encoder):
    results, options = experiment
    trained = ph.DenseEncoder(options["output"] / "models" / "s-2-X-Y-T-1-seed1")
    rows = results.values.query("condition == 's=2' and sampler == 'X-Y T=1' and seed == 1").set_index("lang")
    both = ph.LanguageExperiment(
        {"x": trained}, "atlas", measures="AP", kinds=["mono"], languages=[*LANGUAGES, "el"]
    ).per_language()
    assert rows.loc[both["lang"], "value"].tolist() == both["value"].tolist()


def test_finished_runs_are_not_repeated(experiment, pairs, monkeypatch):
    results, options = experiment

    def refused(*_, **__):
        raise AssertionError("trained again")

    runs = options["output"] / "runs"
    # Evaluated again from its model, since the result of one run is missing.
    run, model = runs / "s-0-X-Y-uniform-seed1.json", options["output"] / "models" / "s-0-X-Y-uniform-seed1"
    record = json.loads(run.read_text())
    run.unlink()
    (runs / f"{model.name}.started").write_text(json.dumps(record["run"]))
    monkeypatch.setattr("pyterrier_hybrid.recipe.imbalance.train", refused)
    again = ph.ImbalanceExperiment(pairs, ["cross"], **options)
    pd.testing.assert_frame_equal(again.values, results.values)
    pd.testing.assert_frame_equal(again.data, results.data)
    with pytest.raises(ValueError, match="holds an experiment with other settings: max_steps was 2 and is now 3"):
        ph.ImbalanceExperiment(pairs, ["cross"], **options | {"max_steps": 3})
    with pytest.raises(ValueError, match="is of a run with sampler"):
        ph.ImbalanceExperiment(pairs, {"X-Y": ph.CrossSampler(languages=["de", "en"])}, **options)
    run.write_text(run.read_text().replace("0.", "1.", 1))
    with pytest.raises(ValueError, match="is damaged .*: remove it to do this run again"):
        ph.ImbalanceExperiment(pairs, ["cross"], **options)
    run.unlink()


def test_files(experiment, tmp_path):
    results, options = experiment
    names = {"values.csv", "data.csv", "classes.csv", "slopes.csv", "table.csv", "table.md", "table.tex", "report.html",
             "imbalance-mono.png"}  # fmt: skip
    assert {path.name for path in results.save(tmp_path)} == names
    assert names <= {path.name for path in options["output"].iterdir()}
    assert "Language imbalance, atlas" in (tmp_path / "report.html").read_text()
    assert [panel.get_title(loc="left") for panel in results.plot().axes] == ["s=0", "s=2"]
    assert "s=2: X-Y uniform" in repr(results)


def test_means_by_class_of_resources():
    names = {"condition": "s=1", "sampler": "X-Y", "seed": 0, "kind": "mono", "measure": "AP"}
    rows = [("en", 0.8, 0.7), ("de", 0.6, 0.2), ("th", 0.3, 0.0), ("xx", 0.1, 0.1)]
    values = pd.DataFrame([{**names, "lang": lang, "value": value, "share": share} for lang, value, share in rows])
    classes = ImbalanceResults(values, pd.DataFrame(), dataset="toy").per_resource_class()
    found = {row.langs: (row.resource_class, round(row.value, 9), round(row.share, 9)) for row in classes.itertuples()}
    assert found.keys() == {"en de", "th", "xx"}
    assert found["en de"] == (5, 0.7, 0.45) and found["th"] == (3, 0.3, 0.0) and pd.isna(found["xx"][0])


def test_given_shares_and_a_language_left_out_of_mono_batches(pairs, encoder):
    with pytest.warns(UserWarning, match="few: th has fewer groups than a batch has pairs, so X-X-mono draws no"):
        results = ph.ImbalanceExperiment(
            pairs, "mono", shares={"even": {"de": 0.5, "en": 0.5}, "few": {"de": 0.6, "en": 0.395, "th": 0.005}},
            total=800, encoder=encoder, kinds=["mono"], languages=["th"], **TINY,
        )  # fmt: skip
    assert results.data.query("condition == 'few'").set_index("lang")["monolingual"].to_dict() == {
        "de": True, "en": True, "th": False,
    }  # fmt: skip
    assert results.data.query("condition == 'even'")["items"].tolist()[:2] == pytest.approx([400, 400], abs=1)
    assert results.values.query("condition == 'even'")["share"].tolist() == [0]


def test_evaluation_on_tatoeba_as_in_xtreme(pairs, encoder, registry, monkeypatch, tmp_path):
    register_tatoeba(monkeypatch)
    results = ph.ImbalanceExperiment(
        pairs, "cross", zipf=1, dataset="tatoeba", languages=["de", "en", "fr"], measures=["P@1"], encoder=encoder,
        output=tmp_path, **TINY,
    )  # fmt: skip
    (model,) = (tmp_path / "models").iterdir()
    grid = ph.LanguageExperiment(
        {"x": ph.DenseEncoder(model)}, "tatoeba", measures=["P@1"], languages=["de", "en", "fr"]
    ).settings.set_index(["doc_lang", "query_lang"])["value"]
    # XTREME searches the English sentences. The row of English is the mean of the other direction.
    expected = {"de": grid["en", "de"], "en": (grid["de", "en"] + grid["fr", "en"]) / 2, "fr": grid["en", "fr"]}
    assert results.values["kind"].eq("cross").all()
    assert results.values.set_index("lang")["value"].to_dict() == pytest.approx(expected)
    xtreme = ImbalanceResults(results.values.query("lang != 'en'"), results.data, dataset="tatoeba")
    table = xtreme.table(summary=["mean", "unseen"]).iloc[0].tolist()
    assert table == pytest.approx([(expected["de"] + expected["fr"]) / 2, expected["fr"]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "neither shares= nor zipf= was given"),
        ({"zipf": 1, "shares": {"de": 1}}, "shares= and zipf= exclude each other"),
        ({"shares": {"de": 0.5, "en": 0.4}}, "shares: the shares sum to 0.9"),
        ({"shares": {"a": {"de": 1.5, "en": -0.5}}}, r"shares\['a'\]\['en'\]=-0.5"),
        ({"shares": {"fr": 1}}, "shares names 'fr', but the pairs have only de, en, th"),
        ({"zipf": -1}, "zipf=-1"),
        ({"zipf": []}, "zipf is empty"),
        ({"zipf": 1, "order": ["de", "en"]}, "name each of the languages of the pairs once: de, en, th"),
        ({"shares": {"de": 1}, "order": LANGUAGES}, "leave it out with shares="),
        ({"zipf": 9}, "leaves none in 'de'"),
        ({"zipf": 1, "total": 5000}, "total=5000: with these shares, the pairs have at most 1,004 texts"),
        ({"zipf": 1, "temperatures": [0]}, "temperatures=0: a temperature must be positive"),
        ({"zipf": 1, "temperatures": []}, "temperatures is empty"),
        ({"zipf": 1, "seeds": []}, "seeds is empty"),
        ({"zipf": 1, "samplers": []}, "samplers is empty"),
        ({"zipf": 1, "samplers": ["hybrit"]}, "hybrit"),
        ({"zipf": 1, "samplers": [ph.HybridSampler(0.1), ph.HybridSampler(0.2)]}, "two are called Hybrid"),
        ({"zipf": 1, "dataset": "atlass"}, "no family 'atlass'"),
        ({"zipf": 1, "languages": ["xx"]}, "languages: 'xx' is unknown"),
        ({"zipf": 1, "measures": ["RankDistance"]}, "lower values of RankDistance are better"),
    ],
)
def test_bad_values(options, message, pairs, encoder):
    with pytest.raises(ValueError, match=message):
        ph.ImbalanceExperiment(pairs, options.pop("samplers", "cross"), encoder=encoder, **options, **TINY)


def test_bad_types(pairs, encoder):
    with pytest.raises(TypeError, match="each training has its own seed: leave seed=3 out"):
        ph.ImbalanceExperiment(pairs, "cross", zipf=1, encoder=encoder, seed=3)
    with pytest.raises(TypeError, match="shares=3: pass a mapping"):
        ph.ImbalanceExperiment(pairs, "cross", shares=3, encoder=encoder)
    with pytest.raises(TypeError, match="max_step"):
        ph.ImbalanceExperiment(pairs, "cross", zipf=1, encoder=encoder, max_step=3)


def test_checks_by_hand():
    assert check_shares("shares", {"de": 1}, LANGUAGES) == {"de": 1, "en": 0, "th": 0}
    assert check_order(["th", "de", "en"], dict.fromkeys(LANGUAGES, 1)) == ["th", "de", "en"]
