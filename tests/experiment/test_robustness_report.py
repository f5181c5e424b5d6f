"""RobustnessResults: tables, figures and files from made-up rows."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from pyterrier_hybrid.experiment import RobustnessResults
from pyterrier_hybrid.experiment.robustness.risk import trisk, urisk

COUNTS = {"win": 1, "tie": 2, "loss": 3, "urisk": -0.1, "trisk": -2.5, "queries": 6, "low": 0.1, "high": 0.6}


def row(system, perturbation, severity, lang, clean, perturbed, **more):
    return {
        "system": system, "perturbation": perturbation, "severity": severity, "kind": "mono", "doc_lang": lang,
        "query_lang": lang, "measure": "AP", "clean": clean, "perturbed": perturbed, "drop": clean - perturbed,
        "worst": perturbed, "changed": 1.0, "relative": (clean - perturbed) / clean, **COUNTS, **more,
    }  # fmt: skip


@pytest.fixture
def results():
    drops = pd.DataFrame(
        row(system, perturbation, severity, lang, 0.8, np.nan if (perturbation, lang) == ("Case", "zh") else 0.8 - loss)
        for system, factor in (("a_$", 1), ("b", 2))
        for perturbation, severity, loss in (
            ("Typing", 0.1, 0.1 * factor), ("Typing", 0.2, 0.2 * factor), ("Case", 1.0, 0.05),
        )
        for lang in ("de", "zh")
    )  # fmt: skip
    means = drops[drops["drop"].notna()].drop_duplicates(["system", "perturbation", "severity"])
    means = means.drop(columns=["doc_lang", "query_lang"]).assign(settings=2)
    return RobustnessResults(drops, means, dataset="toy", languages=("de", "zh"), draws=2, confidence=0.95)


def test_tables(results):
    assert results.table("markdown").splitlines() == [
        r"| | AP Mo. a\_$ | AP Mo. b |",
        "|:--|--:|--:|",
        "| Typing .1 | **.125** | .250 |",
        "| Typing .2 | **.250** | .500 |",
        "| Case | **.063** | **.063** |",
    ]
    frame = results.table(value="perturbed", by="system", severity=0.2)
    assert frame.columns.tolist() == [("AP", "Mo.", "Typing .2"), ("AP", "Mo.", "Case")]
    assert frame.loc["b"].round(3).tolist() == [0.4, 0.75]
    languages = results.table(by="language", value="drop", perturbation="Case")
    assert languages.loc["de"].round(3).tolist() == [0.05, 0.05] and languages.loc["zh"].isna().all()
    assert results.table("csv", perturbation="Typing").splitlines()[0] == "perturbation,AP Mo. a_$,AP Mo. b"
    assert r"a\_\$" in results.table("latex")
    assert results.undefined.values.tolist() == [["Case", "zh"]]


def test_groups_of_languages(results):
    # German and Chinese have most resources, and Chinese has no case.
    classes = results.per_resource_class().set_index(["system", "perturbation", "severity"])
    assert classes["resource_class"].tolist() == [5] * 6
    assert classes.loc[("b", "Typing", 0.2), ["langs", "drop", "relative"]].tolist() == ["de zh", 0.4, 0.5]
    assert classes.loc[("b", "Case", 1.0), ["langs", "relative"]].tolist() == ["de", pytest.approx(0.05 / 0.8)]
    groups = results.per_training_group({"de": 9, "en": 1})
    typing = groups[(groups["system"] == "b") & (groups["severity"] == 0.1)]
    assert typing[["group", "langs", "relative"]].values.tolist() == [
        ["head", "de", pytest.approx(0.25)], ["unseen", "zh", pytest.approx(0.25)],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "html"}, "format='html'"),
        ({"value": "AP"}, "value='AP'"),
        ({"by": "kind"}, "by='kind'"),
        ({"kind": "multi"}, "kind: 'multi'"),
        ({"perturbation": "Cas"}, "did you mean 'Case'"),
        ({"severity": 0.3}, "severity: 0.3 is unknown"),
        ({"measures": "R@1"}, "measures: 'R@1'"),
        ({"value": "trisk", "by": "language"}, "value: 'trisk'"),
    ],
)
def test_errors(results, options, message):
    with pytest.raises(ValueError, match=message):
        results.table(**options)


def test_figures(results):
    figure = results.plot()
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in panels] == ["Typing", "Case"]
    # From the clean value over the severities.
    assert panels[0].lines[1].get_xydata().round(3).tolist() == [[0, 0.8], [0.1, 0.6], [0.2, 0.4]]
    heatmap = results.heatmap("b")
    assert [text.get_text() for text in heatmap.axes[0].texts][:3] == [".50", ".06", ".50"]
    with pytest.raises(ValueError, match="system='c'"):
        results.heatmap("c")


def test_files(results, tmp_path):
    paths = results.save(tmp_path)
    assert all(path.stat().st_size for path in paths)
    page = (tmp_path / "report.html").read_text()
    assert "Typing 0.1" in page and ".125 (.100 to .600)" in page and "Case (zh)" in page
    assert results.to_html(tmp_path / "again.html").read_text() == page
    assert "Losses count 2 times" in page and "paired test" not in page and "look-alike" not in page
    results.alpha = 0
    assert "paired test" in results.to_html(tmp_path / "again.html").read_text()
    assert "Typing .1" in repr(results)


def test_risk_by_hand():
    # Gains .2 and 0, losses .1 and .3, which count twice: (.2 - .2 - .6) / 4.
    difference = np.array([[0.2], [0.0], [-0.1], [-0.3]])
    assert urisk(difference) == pytest.approx([-0.15])
    assert urisk(difference, alpha=0) == pytest.approx([-0.05])
    terms = np.array([0.2, 0.0, -0.2, -0.6])
    assert trisk(difference) == pytest.approx([-0.15 / (terms.std(ddof=1) / 2)])


@pytest.mark.parametrize("alpha", [0.5, 1, 5])
def test_losses_that_cancel_the_gains_are_a_risk(alpha):
    difference = np.repeat([[0.3], [-0.3]], 100, axis=0)
    assert urisk(difference, alpha) == pytest.approx([-alpha * 0.15])
    assert trisk(difference, alpha) < -2
    assert trisk(difference, alpha=0) == urisk(difference, alpha=0) == [0]


def test_without_weight_trisk_is_the_paired_t_statistic():
    rng = np.random.default_rng(0)
    clean, perturbed = rng.random((2, 30, 1))
    expected = scipy.stats.ttest_rel(perturbed, clean).statistic
    assert trisk(perturbed - clean, alpha=0) == pytest.approx(expected)
