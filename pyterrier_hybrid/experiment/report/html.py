"""The results as one page that needs nothing else: tables, intervals, tests, heat maps, settings."""

import base64
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from pyterrier_hybrid import __version__
from pyterrier_hybrid.experiment.measures import lower_is_better
from pyterrier_hybrid.experiment.report import paper as published_figures
from pyterrier_hybrid.experiment.report import tables
from pyterrier_hybrid.experiment.report.intervals import RESAMPLES
from pyterrier_hybrid.experiment.report.significance import PERMUTATIONS

if TYPE_CHECKING:
    from pyterrier_hybrid.experiment.report.results import LanguageResults

LEVEL = 0.05
_KINDS = {"mono": "monolingual", "cross": "cross-lingual", "multi": "multilingual"}
_TESTS = {"t-test": "paired t-tests", "randomisation": f"paired randomisation tests ({PERMUTATIONS:,} permutations)"}

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --soft: #60646c; --line: #d9d9e0; --paper: #fff; --head: #f6f6f9;
  --best: #0b6e99; }
@media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --soft: #a0a4ac; --line: #3a3d44; --paper: #16181b;
  --head: #202327; --best: #6cc5e8; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 82rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p { margin: .25rem 0 .75rem; max-width: 48rem; } .soft { color: var(--soft); }
.scroll { overflow: auto; max-height: 85vh; } thead { position: sticky; top: 0; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; margin: .5rem 0 1rem; }
th, td { padding: .28rem .55rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
thead th { background: var(--head); font-weight: 600; } thead th[colspan] { text-align: center; }
tbody th { text-align: left; font-weight: 500; }
b { color: var(--best); } i { position: absolute; font-style: normal; }
small { display: block; color: var(--soft); font-size: .75rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(28rem, 100%), 1fr)); gap: 1rem; }
.pictures img { width: 100%; height: auto; border-radius: .5rem; background: #fff; border: 1px solid var(--line); }
details { margin-top: 1rem; } summary { cursor: pointer; font-weight: 600; }
"""


def page(results: "LanguageResults", pictures: Mapping[str, bytes]) -> str:
    """The page.

    Args:
        results: The results.
        pictures: The heat map of each system as PNG.

    Returns:
        HTML; the same for the same results.
    """
    kinds = [kind for kind in _KINDS if (results.settings["kind"] == kind).any()]
    parts = [
        f"<h1>{escape(results.dataset)}</h1>",
        f"<p class='soft'>{_counted(len(results.systems), 'system')} on "
        f"{_counted(len(results.settings[['doc_lang', 'query_lang']].drop_duplicates()), 'setting')} "
        f"({', '.join(_KINDS[kind] for kind in kinds)}) of {_queries(results)} in "
        f"{_counted(len(results.languages), 'language')}: {escape(', '.join(results.languages))}. "
        f"Made with pyterrier_hybrid {__version__}.</p>",
        _means(results),
        _tests(results),
        _published(results),
        _pictures(pictures),
        _by_language(results, kinds),
        _settings(results),
    ]
    return (
        "<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
        f"<title>{escape(results.dataset)}: {escape(', '.join(results.systems))}</title>\n<style>{_STYLE}</style>\n"
        "</head>\n<body>\n" + "\n".join(part for part in parts if part) + "\n</body>\n</html>\n"
    )


def _means(results: "LanguageResults") -> str:
    frame, means = results.table(), results.means
    note = "Means over the settings of each kind (Mo., Cr., Mul.: mono-, cross- and multilingual); the best is bold."
    lower = [escape(measure) for measure in results.measures if lower_is_better(measure)]
    if lower:
        note += f" {', '.join(lower)}: ranks from a query's first to its last relevant document, the lowest is best."
    std = None
    if "std" in means:
        seeds = means.groupby("system", sort=False)["seeds"].first()
        counts = ", ".join(f"{escape(system)}: {count}" for system, count in seeds.items() if count > 1)
        note += f" ± is the standard deviation over seeds ({counts})."
        std = results._by_kind(results._columns(None, None), means.set_index(["system", "measure", "kind"])["std"])
    below = None
    if "low" in means:
        note += (
            f" Below each mean, its {results.confidence:.0%} interval: {RESAMPLES:,} bootstrap samples of questions, "
            "a question together with its translations."
        )
        bounds = means.set_index(["system", "measure", "kind"])[["low", "high"]]
        below = [
            [_interval(bounds.loc[(system, measure, kind)], measure) for measure, kind in results._columns(None, None)]
            for system in results.systems
        ]
    return f"<h2>Means</h2>\n<p>{note}</p>\n{_table(frame, std=std, below=below)}"


def _interval(bounds: pd.Series, measure: str) -> str:
    return " to ".join(tables.number(bound, tables.digits(measure)) for bound in bounds)


def _tests(results: "LanguageResults") -> str:
    if results.baseline is None:
        return ""
    tested = results.settings[results.settings["p_value"].notna()]
    if tested.empty:
        return ""
    base = results.settings[results.settings["system"] == results.baseline]
    on = ["kind", "doc_lang", "query_lang", "measure"]
    tested = tested.merge(base[[*on, "value"]].rename(columns={"value": "baseline"}), on=on)
    columns = results._columns(None, None)
    rows = {}
    for system in [name for name in results.systems if name != results.baseline]:
        cells = []
        for measure, kind in columns:
            own = tested[(tested["system"] == system) & (tested["measure"] == measure) & (tested["kind"] == kind)]
            sure = own[own["p_corrected"] < LEVEL]
            better = (sure["value"] < sure["baseline"]) == lower_is_better(measure)
            cells.append(f"+{int(better.sum())} −{int((~better).sum())}<small>of {len(own)}</small>")
        rows[system] = cells
    heads = [(measure, tables.HEADINGS[kind]) for measure, kind in columns]
    body = [[escape(system), *cells] for system, cells in rows.items()]
    name = escape(results.baseline)
    return (
        f"<h2>Tests against {name}</h2>\n<p>In how many settings a system is significantly better (+) or "
        f"worse (−) than {name} (p &lt; {LEVEL}): {_TESTS[results.test]} over the queries of a setting, "
        "p-values corrected by Holm's method over all settings of a system and measure.</p>\n"
        + _html_table([tuple(map(escape, head)) for head in heads], body)
    )


def _published(results: "LanguageResults") -> str:
    if not published_figures.comparable(results.dataset, results.languages):
        return ""
    parts = [
        "<h2>Beside the paper</h2>\n<p>These results (here) and those of arXiv 2408.10536 (paper), which trained on "
        "other data. A dash: not known.</p>"
    ]
    for paper, name in published_figures.PAPERS.items():
        try:
            frame = results.compare(paper)
        except ValueError:
            continue
        parts.append(f"<h3>{name}</h3>\n{_table(frame, best=None, missing='–')}")
    return "\n".join(parts) if len(parts) > 1 else ""


def _pictures(pictures: Mapping[str, bytes]) -> str:
    if not pictures:
        return ""
    images = "\n".join(
        f"<img alt='Heat map of {escape(system, quote=True)}: query languages by document languages' "
        f"src='data:image/png;base64,{base64.b64encode(picture).decode()}'>"
        for system, picture in pictures.items()
    )
    note = "Framed: queries and documents in one language. The colours mean the same in all pictures."
    return f"<h2>Pairs of languages</h2>\n<p>{note}</p>\n<div class='pictures'>\n{images}\n</div>"


def _by_language(results: "LanguageResults", kinds: list[str]) -> str:
    parts = [
        "<h2>Languages</h2>\n<p>By the language of the queries; cross-lingual figures are means over the languages of "
        "the documents. The best system of each row is bold.</p>"
    ]
    for measure in results.measures:
        for kind in kinds:
            if ((results.settings["measure"] == measure) & (results.settings["kind"] == kind)).any():
                frame = results.table(measures=[measure], kind=kind, by="language")
                table = _table(frame, best="row", levels=[2])
                parts.append(f"<details><summary>{escape(measure)}, {_KINDS[kind]}</summary>\n{table}</details>")
    return "\n".join(parts)


def _settings(results: "LanguageResults") -> str:
    frame = results.settings
    tested = "p_corrected" in frame
    wide = frame.pivot(
        index=["kind", "doc_lang", "query_lang", "queries"], columns=["measure", "system"], values="value"
    )
    corrected = (
        frame.pivot(index=wide.index.names, columns=wide.columns.names, values="p_corrected").reindex_like(wide)
        if tested
        else None
    )
    columns = [(m, s) for m in results.measures for s in results.systems if (m, s) in wide.columns]
    order = frame[wide.index.names].drop_duplicates()
    rows = []
    for key in order.itertuples(index=False, name=None):
        cells = [escape(key[0]), escape(key[1]), escape(key[2]), str(key[3])]
        for column in columns:
            value = wide.loc[key, column]
            text = "" if pd.isna(value) else tables.number(value, tables.digits(column[0]))
            star = corrected is not None and corrected.loc[key, column] < LEVEL
            cells.append(f"{text}<i>*</i>" if star else text)
        rows.append(cells)
    heads = [("", name) for name in ("documents in", "queries in", "queries")]
    heads += [(escape(measure), escape(system)) for measure, system in columns]
    note = f"<p>* p &lt; {LEVEL} against {escape(results.baseline)}, corrected.</p>" if tested else ""
    return (
        f"<h2>Settings</h2>\n{note}<details><summary>{_counted(len(rows), 'setting')}</summary>\n"
        + _html_table(heads, rows)
        + "</details>"
    )


def _table(
    frame: pd.DataFrame,
    *,
    std: pd.DataFrame | None = None,
    below: list[list[str]] | None = None,
    best: str | None = "column",
    missing: str = "nan",
    levels: list[int] | None = None,
) -> str:
    printed = tables.printed(frame, "<b>{}</b>".format, escape, std=std, best=best, missing=missing)
    heads = [tuple(head[level] for level in levels) for head in printed.heads] if levels else printed.heads
    rows = printed.rows
    if below is not None:
        rows = [
            [name, *(f"{cell}<small>{under}</small>" for cell, under in zip(cells, unders, strict=True))]
            for (name, *cells), unders in zip(rows, below, strict=True)
        ]
    return _html_table(heads, rows)


def _html_table(heads: list[tuple[str, ...]], rows: list[list[str]]) -> str:
    lines = ["<div class='scroll'><table>", "<thead>"]
    for level in range(len(heads[0])):
        last = level == len(heads[0]) - 1
        spans = [(head[-1], 1) for head in heads] if last else tables.spans(heads, level)
        cells = "".join(f"<th colspan='{width}'>{name}</th>" for name, width in spans).replace(" colspan='1'", "")
        lines.append(f"<tr><th></th>{cells}</tr>")
    lines += ["</thead>", "<tbody>"]
    lines += ["<tr><th>" + row[0] + "</th>" + "".join(f"<td>{cell}</td>" for cell in row[1:]) + "</tr>" for row in rows]
    return "\n".join([*lines, "</tbody>", "</table></div>"])


def _queries(results: "LanguageResults") -> str:
    least, most = results.settings["queries"].min(), results.settings["queries"].max()
    return _counted(most, "query", "queries") if least == most else f"{least:,} to {most:,} queries"


def _counted(count: int, noun: str, nouns: str | None = None) -> str:
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"
