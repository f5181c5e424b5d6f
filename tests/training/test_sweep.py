"""The sweep over alpha: its grid, what it keeps and skips, its best value; and the validation of encoders."""

import functools
import json

import numpy as np
import pandas as pd
import pytest

import pyterrier_hybrid as ph
from pyterrier_hybrid.training import SweepResults

FRAME = pd.DataFrame(
    [
        {"alpha": alpha, "seed": seed, "measure": measure, "value": value + (0.01 if seed else -0.01)}
        for alpha, values in {0.0: (0.7, 0.5), 0.5: (0.75, 0.625), 1.0: (0.8, 0.4)}.items()
        for seed in (0, 1)
        for measure, value in zip(("mono", "mean"), values, strict=True)
    ]
)


class Metric:
    """Counts its calls; the larger the first dimension, the better."""

    def __init__(self):
        self.calls = 0

    def __call__(self, encoder):
        self.calls += 1
        vectors = encoder.encode_queries(["Wo liegt Rom?", "Where is Rome?"])
        return {"first": float(vectors[:, 0].mean()), "mean": float(vectors.mean())}


def constant(encoder, *, name):
    return {"mean": float(len(name))}


@pytest.fixture(scope="module")
def pairs():
    return ph.ParallelPairs.from_irds("atlas/train").filter(languages=["de", "en"])


@pytest.fixture(scope="module")
def start(pairs):
    return ph.DenseEncoder.from_scratch(pairs.texts(limit=500), dim=8, vocab_size=300)


@pytest.fixture
def sweep(start, pairs, tmp_path):
    def run(metric, **options):
        options = {"max_steps": 2, "batch_size": 8, "learning_rate": 5e-3, "verbose": False, **options}
        return ph.sweep(start, pairs, evaluate=metric, output=tmp_path / "sweep", **options)

    return run


def test_each_run_is_that_of_train(sweep, start, pairs, tmp_path):
    metric = Metric()
    results = sweep(metric, alpha=[1, 0], seeds=[3, 4])
    assert metric.calls == 4
    assert list(results.frame.columns) == ["alpha", "seed", "measure", "value"]
    assert results.frame[["alpha", "seed", "measure"]].values.tolist() == [
        [alpha, seed, measure] for alpha in (0.0, 1.0) for seed in (3, 4) for measure in ("first", "mean")
    ]
    options = {"max_steps": 2, "batch_size": 8, "learning_rate": 5e-3, "verbose": False}
    alone = Metric()(ph.train(start, pairs, ph.HybridSampler(1.0), seed=4, **options))
    assert dict(zip(results.frame["measure"][-2:], results.frame["value"][-2:], strict=True)) == alone
    names = {path.name for path in (tmp_path / "sweep").iterdir()}
    assert names == {"sweep.json", "sweep.csv", "table.csv", "table.md", "alpha.png", "runs"}
    assert pd.read_csv(tmp_path / "sweep" / "sweep.csv")["value"].tolist() == results.frame["value"].tolist()
    assert (tmp_path / "sweep" / "alpha.png").read_bytes()[1:4] == b"PNG"


def test_finished_runs_are_not_repeated(sweep, tmp_path):
    first = sweep(Metric(), alpha=[0, 1])
    metric = Metric()
    more = sweep(metric, alpha=[0, 0.5, 1], seeds=[0, 1])
    assert metric.calls == 4
    known = more.frame[(more.frame.seed == 0) & (more.frame.alpha != 0.5)]
    assert known["value"].tolist() == first.frame["value"].tolist()
    # A grid that was refined stays whole.
    pd.testing.assert_frame_equal(sweep(metric, alpha=[0.5]).frame, more.frame)
    assert len(pd.read_csv(tmp_path / "sweep" / "table.csv")) == 3
    assert metric.calls == 4
    assert len(list((tmp_path / "sweep" / "runs").iterdir())) == 6


def test_an_interrupted_sweep_resumes(sweep, tmp_path):
    class Interrupted(Metric):
        def __call__(self, encoder):
            if self.calls == 2:
                raise KeyboardInterrupt
            return super().__call__(encoder)

    with pytest.raises(KeyboardInterrupt):
        sweep(Interrupted(), alpha=[0, 0.5, 1], keep_models=True)
    models = tmp_path / "sweep" / "models"
    assert len(list(models.iterdir())) == 3 and len(list((tmp_path / "sweep" / "runs").iterdir())) == 2
    # The settings name the metric by its class, which is another class here.
    path = tmp_path / "sweep" / "sweep.json"
    settings = json.loads(path.read_text())
    settings["evaluate"] = f"{Metric.__module__}.Metric"
    path.write_text(json.dumps(settings))
    before = (models / "alpha-1-seed-0" / "training.json").stat().st_mtime_ns
    metric = Metric()
    results = sweep(metric, alpha=[0, 0.5, 1], keep_models=True)
    assert metric.calls == 1 and len(results.frame) == 6
    assert (models / "alpha-1-seed-0" / "training.json").stat().st_mtime_ns == before


def test_kept_models_are_what_was_evaluated(sweep, tmp_path):
    results = sweep(Metric(), alpha=[0.5], keep_models=True)
    kept = ph.DenseEncoder(tmp_path / "sweep" / "models" / "alpha-0.5-seed-0")
    assert Metric()(kept)["first"] == pytest.approx(results.frame["value"][0], abs=1e-6)


def test_models_are_kept_of_a_finished_sweep(sweep, tmp_path):
    first = sweep(Metric(), alpha=[0.5], seeds=np.arange(1))
    metric = Metric()
    again = sweep(metric, alpha=[0.5], keep_models=True)
    assert metric.calls == 1 and (tmp_path / "sweep" / "models" / "alpha-0.5-seed-0").exists()
    pd.testing.assert_frame_equal(first.frame, again.frame)


def test_settings_are_told_apart_by_value(sweep):
    metrics = [functools.partial(constant, name=name) for name in ("a", "b")]
    sweep(metrics[0], alpha=[0], batch_size=np.int64(8))
    sweep(metrics[0], alpha=[0], batch_size=8)
    with pytest.raises(ValueError, match="batch_size was 8 and is now 16"):
        sweep(metrics[0], alpha=[0], batch_size=np.int64(16))
    with pytest.raises(ValueError, match="evaluate was"):
        sweep(metrics[1], alpha=[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rate": 1e-3}, "learning_rate was 0.005 and is now 0.001"),
        ({"dropout": 0.1}, "dropout was not given and is now 0.1"),
        ({"sampler": ph.HybridSampler(languages=["de", "en"])}, "sampler was"),
    ],
)
def test_other_settings_in_the_same_folder(sweep, change, message):
    sweep(Metric(), alpha=[0])
    with pytest.raises(ValueError, match="holds a sweep with other settings") as error:
        sweep(Metric(), alpha=[1], **change)
    assert message in str(error.value)


def test_other_pairs_or_another_start_in_the_same_folder(sweep, start, pairs, tmp_path):
    sweep(Metric(), alpha=[0])
    options = {"evaluate": Metric(), "output": tmp_path / "sweep", "alpha": [0], "verbose": False}
    options |= {"max_steps": 2, "batch_size": 8, "learning_rate": 5e-3}
    with pytest.raises(ValueError, match="pairs was"):
        ph.sweep(start, pairs.split(0.5)[0], **options)
    other = ph.DenseEncoder.from_scratch(pairs.texts(limit=500), dim=8, vocab_size=300, seed=1)
    with pytest.raises(ValueError, match="encoder was"):
        ph.sweep(other, pairs, **options)


def test_the_samplers_other_settings_stay(start, pairs, tmp_path, monkeypatch):
    seen = []

    def trained(encoder, pairs, sampler, **options):
        seen.append(sampler)
        return encoder

    monkeypatch.setattr("pyterrier_hybrid.training.tuning.search._trained", trained)
    base = ph.HybridSampler(0.9, languages=["de", "en"])
    ph.sweep(start, pairs, evaluate=Metric(), output=tmp_path / "s", alpha=[0.1, 0.2, 0.3], sampler=base, verbose=False)
    assert seen == [ph.HybridSampler(alpha, languages=["de", "en"]) for alpha in (0.1, 0.2, 0.3)]


def test_bad_grids(sweep, tmp_path):
    for options, error in (({"alpha": [2]}, "alpha=2"), ({"alpha": []}, "alpha is empty"), ({"seeds": []}, "seeds")):
        with pytest.raises(ValueError, match=error):
            sweep(Metric(), **options)
    with pytest.raises(TypeError, match="seed=1"):
        sweep(Metric(), seed=1)
    assert not (tmp_path / "sweep").exists()
    with pytest.raises(ValueError, match="measure='AP' was not evaluated; there is first, mean"):
        sweep(Metric(), alpha=[0], measure="AP")


def test_results_by_hand():
    results = SweepResults(FRAME)
    assert results.best() == 0.5
    assert SweepResults(FRAME, measure="mono").best() == 1.0
    table = results.table()
    assert table["mono"].tolist() == pytest.approx([0.7, 0.75, 0.8])
    assert table["mean sd"].tolist() == pytest.approx([np.sqrt(0.0002)] * 3)
    assert results.table("markdown").splitlines() == [
        "| alpha | mono | mean |",
        "|--:|--:|--:|",
        "| 0 | .700 ± .014 | .500 ± .014 |",
        "| 0.5 | .750 ± .014 | **.625** ± .014 |",
        "| 1 | **.800** ± .014 | .400 ± .014 |",
    ]
    assert results.table("csv").startswith("alpha,mono,mono sd,mean,mean sd\n0.0,0.7,")
    assert "best alpha 0.5 by mean" in repr(results) and "<table" in results._repr_html_()
    with pytest.raises(ValueError, match="latex"):
        results.table("latex")


def test_the_curve(tmp_path):
    figure = SweepResults(FRAME, label="AP").plot(tmp_path / "alpha.png")
    (axes,) = figure.axes
    assert axes.get_ylabel() == "AP" and axes.get_title(loc="left") == "Best alpha 0.5: mean 0.625"
    lines = {line.get_label(): line for line in axes.get_lines()}
    assert lines["mean"].get_ydata().tolist() == pytest.approx([0.5, 0.625, 0.4])
    assert len(axes.collections) == 2  # a band for each measure
    assert (tmp_path / "alpha.png").stat().st_size > 10_000
    single = SweepResults(FRAME[FRAME.seed == 0]).plot()
    assert len(single.axes[0].collections) == 0
    assert single.axes[0].get_title(loc="left") == "Alpha 0.5 highest (1 seed): mean 0.615"


def test_the_legend_has_one_order():
    means = pd.DataFrame({name: [0.1, 0.2] for name in ("other", "multi", "cross", "mono", "mean")}, index=[0.0, 1.0])
    frame = means.rename_axis("alpha").melt(var_name="measure", ignore_index=False).reset_index().assign(seed=0)
    (axes,) = SweepResults(frame, judged_on="test data of atlas").plot().axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["mean", "mono", "cross", "multi", "other"]
    assert "judged on test data of atlas" in [text.get_text() for text in axes.texts]


def test_language_validation_is_the_mean_of_the_experiment(start):
    validation = ph.LanguageValidation("atlas", measure="RR", languages=["de", "en"])
    means = ph.LanguageExperiment({"x": start}, "atlas", measures=["RR"], languages=["de", "en"]).means
    values = dict(zip(means["kind"], means["value"], strict=True))
    assert validation(start) == pytest.approx({**values, "mean": np.mean(list(values.values()))})
    assert list(ph.LanguageValidation(kinds=["cross"], languages=["de", "en"])(start)) == ["cross", "mean"]
    assert start.verbose


def test_language_validation_is_a_value():
    assert ph.LanguageValidation("atlas", kinds=["mono"]) == ph.LanguageValidation(kinds=("mono",))
    assert repr(ph.LanguageValidation("mlqa-r", languages=["zh", "ar"])) == (
        "LanguageValidation(dataset='mlqa-r', measure='AP', kinds=('mono', 'cross', 'multi'), languages=('ar', 'zh'))"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dataset": "squad"}, "squad"),
        ({"measure": "RankDistance"}, "less is better"),
        ({"measure": "BLEU"}, "BLEU"),
        ({"kinds": ["bi"]}, "bi"),
        ({"languages": ["xx"]}, "xx"),
    ],
)
def test_bad_language_validations(options, message):
    with pytest.raises(ValueError, match=message):
        ph.LanguageValidation(**options)


def test_training_is_validated_by_it(start, pairs):
    validation = ph.LanguageValidation(kinds=["mono"], languages=["de", "en"])
    trained = ph.train(
        start, pairs, ph.HybridSampler(), batch_size=16, max_steps=4, learning_rate=5e-3, validation=validation,
        eval_steps=2, verbose=False,
    )  # fmt: skip
    values = [entry["eval_mean"] for entry in trained.training["log"] if "eval_mean" in entry]
    assert len(values) == 3 and validation(trained)["mean"] == pytest.approx(max(values))
