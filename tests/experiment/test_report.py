"""LanguageResults: tables as the paper prints them, heat maps, files that are whole or not there."""

import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from ir_measures import AP, R

from pyterrier_hybrid import RankDistance
from pyterrier_hybrid.experiment import LanguageResults, plots
from pyterrier_hybrid.experiment.heatmap_svg import heatmap_svg
from pyterrier_hybrid.experiment.robustness.charts import slopes

LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
FILES = ["means.csv", "settings.csv", "classes.csv", "table.csv", "table.md", "table.tex", "report.html"]
FACTS = ["results.json"]


def make(values, *, languages=("de", "en"), **options):
    """Results in which a system has the same value in every setting of a kind: {system: {(measure, kind): value}}."""
    pairs = {
        "mono": [(lang, lang) for lang in languages],
        "cross": [(doc, query) for doc in languages for query in languages if doc != query],
        "multi": [("multi", lang) for lang in languages],
    }
    rows = [
        {"system": system, "kind": kind, "doc_lang": doc, "query_lang": query, "measure": str(measure), "value": value}
        for system, cells in values.items()
        for (measure, kind), value in cells.items()
        for doc, query in pairs[kind]
    ]
    return LanguageResults(pd.DataFrame(rows).assign(queries=10), dataset="tiny", languages=languages, **options)


@pytest.fixture
def results():
    kinds = ("mono", "cross", "multi")
    paper = {
        "X-X-mono": (0.792, 0.674, 0.547, 410.2, 0.12),
        "X-Y_100%": (0.755, 0.700, 0.593, 295.4, 1.0),
        "Hybrid": (0.798, 0.705, 0.5931, 287.0, 0.25),
    }
    columns = [*((AP, kind) for kind in kinds), (RankDistance(), "multi"), (RankDistance(normalized=True), "multi")]
    return make({name: dict(zip(columns, row, strict=True)) for name, row in paper.items()})


def test_frame(results):
    table = results.table()
    assert table.index.tolist() == ["X-X-mono", "X-Y_100%", "Hybrid"]
    assert table["AP"].columns.tolist() == ["Mo.", "Cr.", "Mul."]
    assert table.loc["Hybrid", ("RankDistance", "Mul.")] == 287.0
    assert table.loc["X-X-mono", ("AP", "Cr.")] == pytest.approx(0.674)


def test_markdown(results):
    assert results.table("markdown").splitlines() == [
        "| | AP Mo. | AP Cr. | AP Mul. | RankDistance Mul. | RankDistance(normalized=True) Mul. |",
        "|:--|--:|--:|--:|--:|--:|",
        "| X-X-mono | .792 | .674 | .547 | 410 | **.120** |",
        r"| X-Y\_100% | .755 | .700 | **.593** | 295 | 1.000 |",
        "| Hybrid | **.798** | **.705** | **.593** | **287** | .250 |",
    ]


def test_latex(results):
    assert results.table(format="latex", measures=["RankDistance", "AP"]).splitlines() == [
        r"\begin{tabular}{lrrrr}",
        r"\toprule",
        r" & \multicolumn{1}{c}{RankDistance} & \multicolumn{3}{c}{AP} \\",
        r"\cmidrule(lr){2-2} \cmidrule(lr){3-5}",
        r" & Mul. & Mo. & Cr. & Mul. \\",
        r"\midrule",
        r"X-X-mono & 410 & .792 & .674 & .547 \\",
        r"X-Y\_100\% & 295 & .755 & .700 & \textbf{.593} \\",
        r"Hybrid & \textbf{287} & \textbf{.798} & \textbf{.705} & \textbf{.593} \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


def test_csv(results):
    assert results.table("csv", measures=AP).splitlines() == [
        "system,AP Mo.,AP Cr.,AP Mul.",
        "X-X-mono,0.792,0.674,0.547",
        "X-Y_100%,0.755,0.7,0.593",
        "Hybrid,0.798,0.705,0.5931",
    ]


def test_special_characters_of_names():
    name = "a|b_*c*\n<d> $5 {x} \\ ~ ^ #"
    results = make({name: {(AP, "mono"): 0.5}})
    assert results.table("markdown").splitlines()[2] == r"| a\|b\_\*c\* \<d\> $5 {x} \\ ~ ^ # | .500 |"
    escaped = r"a|b\_*c* <d> \$5 \{x\} \textbackslash{} \textasciitilde{} \textasciicircum{} \# & .500 \\"
    assert escaped in results.table("latex")
    rows = make({"[ours] X": {(AP, "mono"): 0.5}, "*x": {(AP, "mono"): 0.25}}).table("latex").splitlines()
    assert rows[6:8] == [r"{[}ours] X & \textbf{.500} \\", r"{*}x & .250 \\"]


def test_file_names_are_counted_in_bytes(tmp_path):
    results = make({"αβγ" * 40: {(AP, "mono"): 0.5}, "αβγ" * 41: {(AP, "mono"): 0.25}})
    names = [path.name for path in results.save(tmp_path / "out") if path.suffix == ".png"]
    assert len(set(names)) == 2 and all(len(name.encode()) < 120 for name in names)


def test_missing_kind_and_missing_value():
    ap, distance = (AP, "multi"), (RankDistance(), "multi")
    results = make({"a": {ap: 0.5, distance: np.nan}, "b": {ap: 0.25, distance: 7.0}})
    assert results.table("markdown").splitlines()[2:] == ["| a | **.500** | nan |", "| b | .250 | **7** |"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda results: results.table("html"), "'html' is unknown; the valid ones are frame, markdown, latex, csv"),
        (lambda results: results.table(measures="R@1"), "'R@1' was not computed; the computed ones are AP, Rank"),
        (lambda results: results.table(measures=[]), "nothing was chosen"),
        (lambda results: results.heatmap("BM25"), "'BM25' is unknown; the systems are X-X-mono, X-Y_100%, Hybrid"),
        (lambda results: results.heatmap("Hybrid", R @ 1), "'R@1' was not computed"),
        (lambda results: results.heatmap("Hybrid", "RankDistance"), "no RankDistance of single language pairs"),
        (lambda results: results.heatmap("Hybrid", vmin=2.0), "vmin=2 is above vmax"),
    ],
)
def test_unknown_names(results, call, message):
    with pytest.raises(ValueError, match=message):
        call(results)


@pytest.fixture
def eleven():
    random = np.random.default_rng(0)
    columns = [(AP, "mono"), (AP, "cross"), (R @ 1, "mono"), (R @ 1, "cross")]
    results = make({name: dict.fromkeys(columns, 0.5) for name in ("X-Y", "x-y", "a/b: $c")}, languages=LANGUAGES)
    results.settings["value"] = random.random(len(results.settings))
    return results


def test_heatmap_prints_every_value_in_its_place(eleven):
    figure = eleven.heatmap("X-Y")
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == list(LANGUAGES)
    assert [label.get_text() for label in axes.get_yticklabels()] == list(LANGUAGES)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("document language", "query language")
    printed = {text.get_position(): text.get_text() for text in axes.texts}
    own = eleven.settings.query("system == 'X-Y' and measure == 'AP'")
    for doc, query, value in own[["doc_lang", "query_lang", "value"]].itertuples(index=False):
        assert printed[LANGUAGES.index(doc), LANGUAGES.index(query)] == plots.short(value)
    assert axes.images[0].get_array().shape == (11, 11)


def test_heatmaps_of_one_experiment_share_their_colours(eleven):
    of_measure = eleven.settings.query("measure == 'R@1'")["value"]
    for system in eleven.systems:
        assert eleven.heatmap(system, "R@1").axes[0].images[0].get_clim() == (of_measure.min(), of_measure.max())
    assert eleven.heatmap("X-Y", R @ 1, vmin=0, vmax=1).axes[0].images[0].get_clim() == (0, 1)


def test_drawings_for_pages(eleven):
    figure = eleven.heatmap("a/b: $c")
    root = ElementTree.fromstring(figure.svg())
    printed = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    own = eleven.settings.query("system == 'a/b: $c' and measure == 'AP'")
    ends = [plots.short(value) for value in figure.axes[0].images[0].get_clim()]
    cells = [text.get_text() for text in figure.axes[0].texts]
    labels = ["a/b: $c", "AP", "query language", "document language", *LANGUAGES, *LANGUAGES]
    assert sorted(printed) == sorted([*labels, *cells, *ends])
    titles = {title.text for title in root.iter("{http://www.w3.org/2000/svg}title")}
    assert titles == {f"{row.query_lang}, {row.doc_lang}: {plots.short(row.value)}" for row in own.itertuples()}
    long = heatmap_svg(pd.DataFrame([[np.nan, 1.0]], ["de"], ["a very long name", "b <"]), title="t")
    assert long.count("rotate(-45)") == 2 and ">b &lt;</text>" in long and long.count("<title>") == 1
    chart = slopes({"<a> & b": pd.DataFrame([[0.5, 0.25]], ["x"])}, labels=("p", "q"), ylabel="AP").svg()
    texts = [text.text for text in ElementTree.fromstring(chart).iter("{http://www.w3.org/2000/svg}text")]
    assert {"<a> & b", "x", "p", "q", "AP"} <= set(texts)
    assert "<image" not in chart and "#000000" not in chart and ' id="figure' not in chart


def test_heatmap_of_mono_only_leaves_the_other_cells_empty():
    figure = make({"a": {(AP, "mono"): 0.5}}).heatmap("a")
    assert [text.get_text() for text in figure.axes[0].texts] == [".50", ".50", "tiny, AP · mono (framed) .500"]


def test_heatmap_leaves_pyplot_alone_and_notebooks_show_it():
    code = (
        "import sys, pandas as pd\n"
        "import pyterrier_hybrid.experiment\n"
        "assert 'matplotlib' not in sys.modules and 'torch' not in sys.modules\n"
        "from pyterrier_hybrid.experiment.plots import heatmap\n"
        "picture = heatmap(pd.DataFrame([[1.0]]), title='$x')\n"
        "assert picture._repr_png_().startswith(b'\\x89PNG')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_save(eleven, tmp_path):
    folder = tmp_path / "new" / "results"
    written = eleven.save(folder)
    pictures = ["heatmap-X-Y.png", "heatmap-x-y-2.png", "heatmap-a-b-c.png"]
    drawings = [name.replace("png", "svg") for name in pictures]
    assert {path.name for path in written} == {*FILES, *FACTS, *pictures, *drawings}
    assert written[-1].name == "results.json" and sorted(folder.iterdir()) == sorted(written)
    for name in drawings:
        root = ElementTree.fromstring((folder / name).read_bytes())
        printed = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
        assert len(printed) > 121 and set(LANGUAGES) <= set(printed) and "atlas" not in printed
    pd.testing.assert_frame_equal(pd.read_csv(folder / "settings.csv"), eleven.settings, check_dtype=False)
    pd.testing.assert_frame_equal(pd.read_csv(folder / "means.csv"), eleven.means, check_dtype=False)
    classes = pd.read_csv(folder / "classes.csv")
    pd.testing.assert_frame_equal(classes, eleven.per_resource_class(), check_dtype=False)
    assert (folder / "table.md").read_text(encoding="utf-8") == eleven.table("markdown") + "\n"
    assert (folder / "table.tex").read_text(encoding="utf-8") == eleven.table("latex") + "\n"
    assert (folder / "table.csv").read_text(encoding="utf-8") == eleven.table("csv")
    for name in pictures:
        picture = (folder / name).read_bytes()
        width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
        assert picture.startswith(b"\x89PNG")
        assert 900 < height < 1500 and 900 < width < 1500
        assert len(picture) < 300_000


def test_save_replaces_and_keeps_other_files(results, tmp_path):
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "table.md").write_text("old")
    results.save(tmp_path)
    assert (tmp_path / "run.json").exists()
    assert (tmp_path / "table.md").read_text().startswith("| | AP Mo.")


def test_save_removes_what_earlier_results_had_and_these_lack(tmp_path):
    from grid_helpers import Letters

    import pyterrier_hybrid as ph

    systems = {"a": Letters(), "b": "bm25"}
    two = ph.LanguageExperiment(
        systems, "atlas", languages=["de", "en"], kinds=["mono"], measures=["AP"], perquery=True
    )
    one = ph.LanguageExperiment({"x": Letters()}, "atlas", languages=["de"], kinds=["mono"], measures=["AP"])
    two.save(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    kept = {path.name for path in one.save(tmp_path)}
    assert {path.name for path in tmp_path.iterdir()} == kept | {"notes.txt"}
    loaded = LanguageResults.load(tmp_path)
    assert loaded.systems == ["x"] and loaded.queries is None


def test_save_without_single_pairs_has_no_picture(tmp_path):
    make({"a": {(AP, "multi"): 0.5}}).save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*FILES, *FACTS])


def test_save_is_whole_or_not_at_all(results, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(plots.Picture, "png", broken)
        with pytest.raises(OSError, match="no space left"):
            results.save(tmp_path)
    assert not list(tmp_path.iterdir())

    (tmp_path / "table.csv").mkdir()  # writing fails on the way: what is there is whole, nothing unfinished stays
    with pytest.raises(OSError):
        results.save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["classes.csv", "means.csv", "settings.csv", "table.csv"]


def test_shown_in_notebooks_and_terminals(results):
    assert "X-Y_100%" in repr(results)
    assert repr(results).startswith("LanguageResults: tiny, de en\n")
    assert "<table" in results._repr_html_()
