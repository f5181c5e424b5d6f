"""Further tables of LanguageResults: by language, over seeds, beside the paper, on a page."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from pyterrier_hybrid.experiment import LanguageResults
from pyterrier_hybrid.experiment.report.paper import published_languages, published_means, published_results

XQUAD = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")


def frame(systems, languages, measures=("AP", "RankDistance"), **columns):
    pairs = [("mono", lang, lang) for lang in languages]
    pairs += [("cross", doc, query) for doc in languages for query in languages if doc != query]
    pairs += [("multi", "multi", lang) for lang in languages]
    rows = [
        {"system": system, "kind": kind, "doc_lang": doc, "query_lang": query, "measure": measure}
        for system in systems
        for kind, doc, query in pairs
        for measure in measures
        if kind == "multi" or measure != "RankDistance"
    ]
    values = np.random.default_rng(0).uniform(0.1, 0.9, len(rows))
    table = pd.DataFrame(rows).assign(value=values, queries=10, **columns)
    table.loc[table["measure"] == "RankDistance", "value"] *= 1000
    return table


@pytest.fixture
def results():
    return LanguageResults(frame(["BM25", "Hybrid"], ["de", "en"]), dataset="tiny", languages=["de", "en"])


@pytest.fixture
def xquad():
    systems = ["BM25", "X-Y", "Hybrid"]
    return LanguageResults(frame(systems, XQUAD), dataset="xquad-r", languages=XQUAD)


def test_by_language(results):
    table = results.table(by="language")
    assert table.index.tolist() == ["de", "en", "mean"]
    assert table.columns.names == ["measure", "kind", "system"]
    assert table.columns.tolist() == [
        *(("AP", kind, system) for kind in ("Mo.", "Cr.", "Mul.") for system in ("BM25", "Hybrid")),
        ("RankDistance", "Mul.", "BM25"),
        ("RankDistance", "Mul.", "Hybrid"),
    ]
    assert table.loc["mean"].to_numpy() == pytest.approx(table.loc[["de", "en"]].mean().to_numpy())
    row = results.settings.query("system == 'Hybrid' and doc_lang == 'en' and query_lang == 'de' and measure == 'AP'")
    assert table.loc["de", ("AP", "Cr.", "Hybrid")] == row["value"].item()


def test_by_language_printed(results):
    results.settings["value"] = [0.5, 0.25, 0.1, 0.2, 0.3, 7.0, 0.4, 9.0, 0.125, 0.75, 0.3, 0.1, 0.3, 5.0, 0.6, 9.0]
    assert results.table("markdown", by="language", kind=["multi"], measures="RankDistance").splitlines() == [
        "| | RankDistance Mul. BM25 | RankDistance Mul. Hybrid |",
        "|:--|--:|--:|",
        "| de | 7 | **5** |",
        "| en | **9** | **9** |",
        "| mean | 8 | **7** |",
    ]
    assert results.table("latex", by="language", kind="mono", measures="AP").splitlines() == [
        r"\begin{tabular}{lrr}",
        r"\toprule",
        r" & \multicolumn{2}{c}{AP} \\",
        r"\cmidrule(lr){2-3}",
        r" & \multicolumn{2}{c}{Mo.} \\",
        r"\cmidrule(lr){2-3}",
        r" & BM25 & Hybrid \\",
        r"\midrule",
        r"de & \textbf{.500} & .125 \\",
        r"en & .250 & \textbf{.750} \\",
        r"mean & .375 & \textbf{.438} \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]
    csv = results.table("csv", by="language", kind="mono").splitlines()
    assert csv == ["lang,AP Mo. BM25,AP Mo. Hybrid", "de,0.5,0.125", "en,0.25,0.75", "mean,0.375,0.4375"]


def test_one_kind(results):
    assert results.table(kind="multi").columns.tolist() == [("AP", "Mul."), ("RankDistance", "Mul.")]


def test_several_seeds():
    settings = frame(["BM25", "Hybrid"], ["de"], ["AP"])
    settings = settings[settings["kind"] == "mono"].assign(value=[0.5, 0.25], std=[np.nan, 0.1], seeds=[1, 2])
    row = settings.iloc[1][["system", "kind", "doc_lang", "query_lang", "measure"]].to_dict()
    seeds = pd.DataFrame([{**row, "seed": 0, "value": 0.3}, {**row, "seed": 1, "value": 0.2}])
    results = LanguageResults(settings, dataset="tiny", languages=["de"], seeds=seeds)
    assert results.means["std"].to_numpy() == pytest.approx([np.nan, 0.1 / np.sqrt(2)], nan_ok=True)
    assert results.means["seeds"].tolist() == [1, 2]
    assert results.table("markdown").splitlines()[2:] == ["| BM25 | **.500** |", "| Hybrid | .250 ± .071 |"]
    assert r"Hybrid & .250 $\pm$ .071 \\" in results.table("latex")
    assert results.table("csv").splitlines()[2] == "Hybrid,0.25"


@pytest.mark.parametrize(("deviation", "printed"), [(117.42, "117"), (9.951, "10"), (3.25, "3.2"), (0.04, ".0")])
def test_deviations_of_ranks(deviation, printed):
    settings = frame(["BM25", "Hybrid"], ["de"], ["RankDistance"]).assign(value=[500, 250], std=deviation, seeds=2)
    seeds = settings.drop(columns="seeds")
    both = [seeds.assign(seed=at, value=250 + sign * deviation / np.sqrt(2)) for at, sign in enumerate((-1, 1))]
    results = LanguageResults(settings, dataset="tiny", languages=["de"], seeds=pd.concat(both))
    assert results.table("markdown").splitlines()[-1] == f"| Hybrid | **250** ± {printed} |"


@pytest.mark.parametrize("dataset", ["xquad-r", "mlqa-r"])
@pytest.mark.parametrize("paper", ["xlmr", "labse"])
def test_published_means_are_those_of_the_languages(paper, dataset):
    languages = XQUAD if dataset == "xquad-r" else ("ar", "de", "en", "es", "hi", "vi", "zh")
    by_language = published_languages(paper, dataset, languages)
    for (sampler, measure, kind), value in published_means(paper, dataset, languages).items():
        mean = np.mean([by_language[sampler, measure, kind, lang] for lang in languages])
        assert value == pytest.approx(mean, abs=0.6 if measure == "RankDistance" else 0.0016)


def test_beside_the_paper(xquad):
    table = xquad.compare("labse")
    assert table.index.tolist() == ["BM25", "X-Y", "Hybrid", "X-X-mono"]
    assert table.columns.names == ["measure", "kind", "place"]
    assert table.columns.tolist() == [
        (measure, kind, place)
        for measure, kind in (("AP", "Mo."), ("AP", "Cr."), ("AP", "Mul."), ("RankDistance", "Mul."))
        for place in ("here", "paper")
    ]
    assert table.loc["Hybrid", ("AP", "Cr.", "paper")] == 0.767
    assert table.loc["X-X-mono", ("RankDistance", "Mul.", "paper")] == 262
    assert table.loc["X-Y", ("AP", "Mo.", "here")] == pytest.approx(xquad.table().loc["X-Y", ("AP", "Mo.")])
    assert np.isnan(table.loc["X-X-mono", ("AP", "Mo.", "here")])
    line = xquad.compare("labse", "markdown", kind="mono").splitlines()[-1]
    assert line == "| X-X-mono | – | .808 |"
    assert r"X-X-mono & -- & .808 \\" in xquad.compare("labse", "latex", kind="mono")
    by_language = xquad.compare("xlmr", by="language", measures="AP", kind="multi")
    assert by_language.loc["zh", ("AP", "Mul.", "X-Y", "paper")] == 0.6023
    assert by_language.columns.get_level_values("system").unique().tolist() == ["X-Y", "Hybrid"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r["xquad"].compare("mbert"), "paper: 'mbert' is unknown; the valid ones are xlmr, labse"),
        (lambda r: r["tiny"].compare(), "the paper has no results on tiny, only on xquad-r, mlqa-r"),
        (lambda r: r["part"].compare(), "are over 11 languages of xquad-r; evaluate ar, de, el"),
        (lambda r: r["part"].table(by="system"), "by: 'system' is unknown; the valid ones are kind, language"),
        (lambda r: r["part"].table(kind="poly"), "kind: 'poly' is unknown; the valid ones are mono, cross, multi"),
        (lambda r: r["part"].table(kind="mono", measures="RankDistance"), "no RankDistance of kind mono"),
        (lambda r: r["xquad"].compare(measures="RankDistance", kind="mono"), "no RankDistance of kind mono"),
        (lambda r: r["other"].compare(by="language"), "has X-X-mono, X-Y, Hybrid; none of BM25 is among them"),
        (lambda r: r["other"].compare(), "the paper has none of these measures and kinds; it has AP cross, AP mono"),
    ],
)
def test_wrong_tables(results, xquad, call, message):
    named = {
        "tiny": results,
        "xquad": xquad,
        "part": LanguageResults(frame(["Hybrid"], XQUAD[:3]), dataset="xquad-r", languages=XQUAD[:3]),
        "other": LanguageResults(frame(["BM25"], XQUAD, ["R@10"]), dataset="xquad-r", languages=XQUAD),
    }
    with pytest.raises(ValueError, match=message):
        call(named)


class Page(HTMLParser):
    """Check that tags are closed in order, and collect texts, addresses, alternative texts and row widths."""

    VOID = ("meta",)

    def __init__(self, text):
        super().__init__()
        self.open, self.texts, self.sources, self.alternatives, self.rows = [], [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.open.append(tag)
        self.sources += [value for name, value in attributes if name in ("src", "href")]
        self.alternatives += [dict(attributes)["aria-label"]] if tag == "svg" else []
        if tag == "tr":
            self.rows.append(0)
        if tag in ("td", "th"):
            self.rows[-1] += int(dict(attributes).get("colspan", 1))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data.strip())


def test_page(tmp_path):
    systems = ["BM25", "X-Y <b>", "Hybrid"]
    settings = frame(systems, XQUAD, p_value=0.001, p_corrected=0.01, std=0.1, seeds=2)
    settings.loc[settings["system"] == "BM25", ["p_value", "p_corrected", "std"]] = np.nan
    seeds = settings.drop(columns="seeds").assign(seed=0)
    intervals = settings[["system", "kind", "measure"]].drop_duplicates().assign(low=0.11, high=0.22)
    results = LanguageResults(
        settings, dataset="xquad-r", languages=XQUAD, baseline="BM25", seeds=seeds, intervals=intervals, confidence=0.9
    )
    path = results.to_html(tmp_path / "new" / "page.html")
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    heads = [word for word in page.texts if word]
    for expected in ("Means", "Tests against BM25", "Beside the paper", "Pairs of languages", "Languages", "Settings"):
        assert expected in heads
    assert ".110 to .220" in heads and "X-Y <b>" in heads
    assert page.sources == [] and len(page.alternatives) == 3
    assert "prefers-color-scheme: dark" in text and "://" not in text.replace("xmlns='http://www.w3.org/2000/svg'", "")
    assert "143 settings" not in heads and "132 settings" in heads
    assert "over seeds (BM25: 2, X-Y &lt;b&gt;: 2, Hybrid: 2)" in text and text.count("<i>*</i>") == 2 * (132 * 1 + 11)
    better = settings.query("system == 'Hybrid' and kind == 'multi' and measure == 'RankDistance'")["value"].to_numpy()
    base = settings.query("system == 'BM25' and kind == 'multi' and measure == 'RankDistance'")["value"].to_numpy()
    assert f"+{(better < base).sum()} −{(better > base).sum()}" in heads
    tables = re.findall(r"<table.*?</table>", text, flags=re.DOTALL)
    assert len(tables) > 10
    assert all(len(set(Page(table).rows)) == 1 for table in tables), "all rows of a table are as wide"
    assert path.read_text() == results.to_html(path).read_text()


def test_page_without_anything_special(tmp_path):
    settings = frame(["a"], ["de"], ["RankDistance"])
    page = Page(LanguageResults(settings, dataset="t", languages=["de"]).to_html(tmp_path / "p.html").read_text())
    texts = " ".join(page.texts)
    assert page.sources == [] and "1 system on 1 setting (multilingual) of 10 queries in 1 language: de." in texts
    assert "RankDistance: ranks from a query's first to its last relevant document, the lowest is best." in texts
    assert "1 setting" in page.texts


def test_intervals_are_saved(tmp_path):
    settings = frame(["a"], ["de", "en"])
    intervals = settings[["system", "kind", "measure"]].drop_duplicates().assign(low=0.1, high=0.2)
    results = LanguageResults(settings, dataset="t", languages=["de"], intervals=intervals, confidence=0.95)
    results.save(tmp_path)
    saved = pd.read_csv(tmp_path / "means.csv")
    assert saved.columns.tolist() == ["system", "kind", "measure", "value", "low", "high"]
    assert saved["low"].eq(0.1).all()


def test_the_figures_name_their_source():
    assert "arXiv 2408.10536" in published_results()["source"]
    assert json.dumps(published_results())


def test_page_without_measures_of_the_paper(tmp_path):
    results = LanguageResults(frame(["BM25"], XQUAD, ["R@10"]), dataset="xquad-r", languages=XQUAD)
    assert "Beside the paper" not in results.to_html(tmp_path / "page.html").read_text(encoding="utf-8")


def test_page_escapes_names(tmp_path):
    name = 'it\'s "a" <b> & c'
    text = LanguageResults(frame([name], ["de"]), dataset="<x>", languages=["de"]).to_html(tmp_path / "p").read_text()
    page = Page(text)
    assert name in page.texts and "<x>" in page.texts
    assert page.alternatives == [f"Heat map of {name}: query languages by document languages"]
