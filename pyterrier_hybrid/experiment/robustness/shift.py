"""Domain shift: the same systems on the data that they were made for, and on other data."""

import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from ir_measures import Measure

from pyterrier_hybrid.experiment.grid import LanguageExperiment
from pyterrier_hybrid.experiment.held_out import find_family
from pyterrier_hybrid.experiment.measures import lower_is_better, parse_measures
from pyterrier_hybrid.experiment.report import LanguageResults
from pyterrier_hybrid.experiment.report.significance import holm
from pyterrier_hybrid.experiment.robustness.shift_results import ShiftResults
from pyterrier_hybrid.experiment.settings import FamilyLike, choose, choose_kinds
from pyterrier_hybrid.utils.checks import true_or_false

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs

DEFAULT_MEASURES = ("AP", "R@1", "R@10")

_SETTING = ["system", "kind", "doc_lang", "query_lang", "measure"]


class _Comparison(NamedTuple):
    """A target, and what it is compared with the source by."""

    name: str
    family: FamilyLike
    kinds: tuple[str, ...]
    languages: tuple[str, ...]


def ShiftExperiment(  # noqa: N802 - named like LanguageExperiment
    systems: dict[str, Any],
    source: "str | FamilyLike | ParallelPairs",
    targets: "Mapping[str, str | FamilyLike | ParallelPairs] | Iterable[str | FamilyLike | ParallelPairs] | str",
    *,
    measures: Iterable[Measure | str] | None = None,
    kinds: Iterable[str] | None = None,
    languages: Iterable[str] | None = None,
    baseline: str | None = None,
    every_question: bool = True,
    cache: str | os.PathLike | None = None,
    verbose: bool = False,
) -> ShiftResults:
    """Evaluate systems in their domain and in others, and report how much they lose.

    Both datasets are evaluated by :func:`~pyterrier_hybrid.LanguageExperiment`, on the settings that both have: the
    same kind, language of the documents and language of the queries; the pools have the documents of the common
    languages only. For each of these settings, the drop is the value on the source minus the value on the target.

    Values on two datasets also differ because one has more documents or harder questions. What can be compared is the
    drop of one system with that of another, such as BM25, which is trained on neither, and whether the systems have the
    same order on both (Kendall's tau).

    Args:
        systems: Systems by name, as for :func:`~pyterrier_hybrid.LanguageExperiment`.
        source: The in-domain dataset: the name of a family or an ID, a family, or held-out pairs.
        targets: The other datasets by name; or a list of them, which are named by their families; or one.
        measures: ir_measures objects or their names; all are computed on the source and on the targets. A measure whose
            lower values are better, such as RankDistance, depends on the size of the pool and cannot be compared.
            Default: AP, R@1, R@10.
        kinds: Some of mono, cross, multi; a target is compared by those of them that it has. Default: those of the
            source.
        languages: Languages of the source. Default: those that it is evaluated in by default. A target is compared in
            those of them that it has; by default, that it is evaluated in by default.
        baseline: The name of a system: adds p-values of the difference between the drop of each other system and that
            of the baseline. The difference of the two systems on the queries of the source is compared with that on the
            queries of the target (Welch's t-test, since these are different queries).
        every_question: Search with every question of held-out pairs, each distinct passage being one document. If
            False, one item of each group is used; see :func:`~pyterrier_hybrid.experiment.held_out.family_of`.
        cache: A folder for vectors and ranks, as for :func:`~pyterrier_hybrid.LanguageExperiment`, from which an
            interrupted experiment resumes. Default: a temporary one, so that the source is encoded once.
        verbose: Show a progress bar for each dataset.

    Returns:
        The results: ``.drops``, ``.means``, ``.order``, ``.table()``, ``.plot()``, ``.heatmap()``, ``.to_html()``,
        ``.save()``.

    Raises:
        ValueError: No target, a target twice, a target without a language or kind of the source, a measure whose lower
            values are better, or as for :func:`~pyterrier_hybrid.LanguageExperiment`.
        TypeError: As for :func:`~pyterrier_hybrid.LanguageExperiment`.

    Example:
        >>> class Letters:
        ...     def encode_queries(self, texts):
        ...         return np.array([[text.count(letter) for letter in "aeiouy"] for text in texts], np.float32)
        ...     encode_documents = encode_queries
        >>> results = ShiftExperiment({"letters": Letters()}, "atlas", ["atlas/train"], languages=["de"], measures="AP")
        >>> results.drops[["target", "kind", "doc_lang", "query_lang"]].values.tolist()
        [['atlas/train', 'mono', 'de', 'de']]
    """
    every_question = true_or_false("every_question", every_question)
    home = find_family(source, every_question=every_question)
    parsed = parse_measures(DEFAULT_MEASURES if measures is None else measures)
    for measure in parsed:
        if lower_is_better(measure):
            raise ValueError(
                f"measures: {measure} depends on the number of documents, so it cannot be compared between datasets; "
                "choose one for which more is better, such as AP"
            )
    kinds = choose_kinds(home, kinds)
    chosen = home.default_languages if languages is None else choose("languages", languages, home.languages)
    comparisons = [
        _comparison(name, find_family(target, every_question=every_question), home, kinds, chosen, languages is None)
        for name, target in named_targets(targets, every_question=every_question).items()
    ]
    at_home: dict[tuple[tuple[str, ...], tuple[str, ...]], LanguageResults] = {}
    frames, seeds = [], []
    with tempfile.TemporaryDirectory() if cache is None else nullcontext(cache) as folder:

        def evaluate(family: FamilyLike, kinds: tuple[str, ...], languages: tuple[str, ...]) -> LanguageResults:
            return LanguageExperiment(
                systems, family, measures=parsed, kinds=kinds, languages=languages, baseline=baseline,
                perquery=baseline is not None, cache=folder, verbose=verbose,
            )  # fmt: skip

        for comparison in comparisons:
            key = comparison.kinds, comparison.languages
            if key not in at_home:
                at_home[key] = evaluate(home, *key)
            away = evaluate(comparison.family, *key)
            frame = _drops(at_home[key], away, baseline)
            if frame.empty:
                raise ValueError(
                    f"targets[{comparison.name!r}]: {comparison.family.label} and {home.label} have no setting with "
                    f"queries in common, over {', '.join(comparison.languages)}; choose another target"
                )
            frame.insert(0, "target", comparison.name)
            frames.append(frame)
            seeds_at_home = at_home[key].seeds
            if seeds_at_home is not None and away.seeds is not None:
                merged = _merged(seeds_at_home, away.seeds, [*_SETTING, "seed"])
                seeds.append(merged.assign(target=comparison.name))
    return ShiftResults(
        pd.concat(frames, ignore_index=True),
        source=home.label,
        baseline=baseline,
        seeds=pd.concat(seeds, ignore_index=True) if seeds else None,
    )


def named_targets(targets: Any, *, every_question: bool = True) -> dict[str, Any]:
    """Return targets by name.

    Args:
        targets: As for :func:`ShiftExperiment`.
        every_question: As for :func:`ShiftExperiment`.

    Raises:
        ValueError: There is none, a name is empty, or two have one name.
        TypeError: A name is not a string.

    Example:
        >>> named_targets(["mlqa-r", "miracl/dev"])
        {'mlqa-r': 'mlqa-r', 'miracl': 'miracl/dev'}
    """
    from pyterrier_hybrid.parallel import ParallelPairs

    if isinstance(targets, Mapping):
        for name in targets:
            if not isinstance(name, str) or not name.strip():
                raise TypeError(f"targets: the name {name!r} must be a string that is not empty")
        named = dict(targets)
    else:
        single = isinstance(targets, str | ParallelPairs) or hasattr(targets, "settings")
        named = {}
        for target in [targets] if single else list(targets):
            label = find_family(target, every_question=every_question).label
            if label in named:
                raise ValueError(f"targets: {label} is given twice; give each target once, or names: {{name: target}}")
            named[label] = target
    if not named:
        raise ValueError("targets: no target was given; give at least one dataset, such as 'mlqa-r'")
    return named


def _comparison(
    name: str,
    family: FamilyLike,
    home: FamilyLike,
    kinds: tuple[str, ...],
    chosen: tuple[str, ...],
    by_default: bool,
) -> _Comparison:
    """Choose the kinds and languages that a target shares with the source."""
    known = family.default_languages if by_default else family.languages
    languages = tuple(lang for lang in chosen if lang in known)
    if not languages:
        both = [lang for lang in home.languages if lang in family.languages]
        hint = f"languages= may be {', '.join(both)}" if both else "choose another target"
        raise ValueError(
            f"targets[{name!r}]: {family.label} has none of the languages {', '.join(chosen)} of {home.label}, only "
            f"{_listed(known)}; {hint}"
        )
    available = choose_kinds(family, None)
    # A pool of one language is that language's monolingual setting.
    common = tuple(kind for kind in kinds if kind in available and (kind == "mono" or len(languages) > 1))
    if not common:
        raise ValueError(
            f"targets[{name!r}]: {family.label} has settings of kind {', '.join(available)} and shares "
            f"{', '.join(languages)} with {home.label}, so it has none of kind {', '.join(kinds)}; choose other "
            "kinds or another target"
        )
    return _Comparison(name, family, common, languages)


def _listed(languages: tuple[str, ...]) -> str:
    return ", ".join(languages) if len(languages) <= 20 else f"{', '.join(languages[:20])}, ..."


def _merged(at_home: pd.DataFrame, away: pd.DataFrame, on: list[str]) -> pd.DataFrame:
    """Join the values of the settings that both have, as in_domain and shifted."""
    names = {"value": "in_domain", "queries": "in_domain_queries"}
    kept = [*on, *(name for name in names if name in at_home)]
    merged = at_home[kept].rename(columns=names).merge(away[kept].rename(columns={"value": "shifted"}), on=on)
    return merged.assign(drop=merged["in_domain"] - merged["shifted"])


def _drops(at_home: LanguageResults, away: LanguageResults, baseline: str | None) -> pd.DataFrame:
    frame = _merged(at_home.settings, away.settings, _SETTING)
    # No value can be lost where there was none.
    frame["relative"] = frame["drop"] / frame["in_domain"].where(frame["in_domain"] > 0)
    if baseline is None or frame.empty:
        return frame
    differences = [_differences(results, baseline) for results in (at_home, away)]
    cells = frame[_SETTING].itertuples(index=False, name=None)
    frame["p_value"] = [
        np.nan if cell[0] == baseline else welch(*(values[cell] for values in differences)) for cell in cells
    ]
    families = frame.groupby(["system", "measure"], sort=False)["p_value"]
    frame["p_corrected"] = families.transform(lambda family: holm(family.to_numpy()))
    return frame


def _differences(results: LanguageResults, baseline: str) -> dict[tuple[str, ...], np.ndarray]:
    """Return the differences of each system to the baseline, query by query, for each setting and measure."""
    assert results.queries is not None
    values = {
        tuple(map(str, key)): group.to_numpy() for key, group in results.queries.groupby(_SETTING, sort=False)["value"]
    }
    differences = {key: found - values[baseline, key[1], key[2], key[3], key[4]] for key, found in values.items()}
    # The rounding of a mean over seeds is no difference.
    return {key: np.where(np.abs(found) <= 1e-12, 0.0, found) for key, found in differences.items()}


def welch(one: np.ndarray, other: np.ndarray) -> float:
    """Compute the two-sided p-value of Welch's t-test of two independent samples.

    Args:
        one: float64 ``[n]``.
        other: float64 ``[m]``.

    Returns:
        The p-value; NaN for fewer than two values; 1 or 0 if no value differs within each sample.

    Example:
        >>> round(welch(np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 7.0])), 4), welch(np.zeros(3), np.zeros(4))
        (0.0419, 1.0)
    """
    from scipy import stats

    if min(len(one), len(other)) < 2:
        return float("nan")
    if np.ptp(one) == 0 and np.ptp(other) == 0:
        return float(one[0] == other[0])
    return float(stats.ttest_ind(one, other, equal_var=False).pvalue)
