"""A robustness study as one HTML page. ``report/robustness.html.j2`` is the page."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from pyterrier_hybrid.experiment.measures import lower_is_better
from pyterrier_hybrid.experiment.report.formats import format_measure, header_levels, print_table
from pyterrier_hybrid.experiment.report.html import KIND_NAMES, LEVEL, TEST_NAMES, Table, render
from pyterrier_hybrid.experiment.report.intervals import RESAMPLES
from pyterrier_hybrid.experiment.report.tables import HEADINGS
from pyterrier_hybrid.utils.formatting import format_number

if TYPE_CHECKING:
    from pyterrier_hybrid.utils.figures import Picture


class _Results(Protocol):
    """What the page shows of :class:`~pyterrier_hybrid.experiment.RobustnessResults`."""

    dataset: str
    languages: tuple[str, ...]
    draws: int
    questions: int | None
    seed: int
    alpha: float
    confidence: float | None
    baseline: str | None
    test: str
    look_alikes: Mapping[str, float]
    drops: pd.DataFrame
    means: pd.DataFrame

    @property
    def systems(self) -> Sequence[str]: ...
    @property
    def perturbations(self) -> Sequence[str]: ...
    @property
    def measures(self) -> Sequence[str]: ...
    @property
    def kinds(self) -> Sequence[str]: ...
    @property
    def undefined(self) -> pd.DataFrame: ...
    @property
    def table(self) -> Any: ...


def page(results: _Results, pictures: "Mapping[str, Picture]") -> str:
    """Return the page as HTML, which is the same for the same results.

    Args:
        results: The results.
        pictures: The figures by name.
    """
    undefined = results.undefined.groupby("perturbation", sort=False)["lang"].agg(list).to_dict()
    return render(
        "robustness.html.j2",
        dataset=results.dataset,
        systems=results.systems,
        perturbations=results.perturbations,
        languages=results.languages,
        kinds=[KIND_NAMES[kind] for kind in results.kinds],
        draws=results.draws,
        questions=results.questions,
        seed=results.seed,
        alpha=results.alpha,
        lower_is_better=[measure for measure in results.measures if lower_is_better(measure)],
        relative=_table(results, "relative"),
        undefined=undefined,
        look_alikes={lang: _number(share, 2) for lang, share in results.look_alikes.items()},
        pictures=pictures,
        confidence=results.confidence,
        resamples=RESAMPLES,
        means=_means(results),
        baseline=results.baseline,
        test=TEST_NAMES.get(results.test, results.test),
        level=LEVEL,
        tests=_tests(results),
        by_language=[
            (measure, KIND_NAMES[kind], _table(results, "relative", by="language", measures=measure, kind=kind))
            for measure in results.measures
            for kind in results.kinds
            if ((results.drops["measure"] == measure) & (results.drops["kind"] == kind)).any()
        ],
    )


def _table(results: _Results, value: str, **options: str) -> Table:
    frame = results.table(value=value, **options)
    printed = print_table(frame, best="row", missing="–", losses=True)
    return Table(header_levels(printed.columns), printed.rows, "language" if "by" in options else "perturbation")


def _means(results: _Results) -> Table:
    """Prepare the table of all means: one row per perturbation, severity, kind, measure and system."""
    names = ["system", "kind", "measure", "clean", "perturbed", "worst", "relative drop", "changed"]
    names += ["+/=/−", "URisk", "TRisk", *(["difference", "p"] if results.baseline is not None else [])]
    rows = []
    row: Any
    for row in results.means.itertuples():
        relative = _number(row.relative)
        if results.confidence is not None and relative != "–":
            relative += f" ({_number(row.low)} to {_number(row.high)})"
        cells = [
            str(row.system), HEADINGS[str(row.kind)], str(row.measure),
            *(format_measure(value, str(row.measure)) for value in (row.clean, row.perturbed, row.worst)),
            relative, _number(row.changed), f"{row.win:.0f}/{row.tie:.0f}/{row.loss:.0f}",
            _number(row.urisk), _number(row.trisk, 2),
        ]  # fmt: skip
        if results.baseline is not None:
            cells += [_number(row.difference), _number(row.p_corrected)]
        rows.append((f"{row.perturbation} {row.severity:g}", cells))
    return Table(header_levels([(name,) for name in names]), rows, "perturbation")


def _tests(results: _Results) -> Table | None:
    """Count the settings in which a system's drop is significantly smaller and larger than the baseline's."""
    if results.baseline is None or results.drops["p_value"].isna().all():
        return None
    tested = results.drops[results.drops["p_value"].notna()]
    others = [system for system in results.systems if system != results.baseline]
    columns = [(measure, system) for measure in results.measures for system in others]
    rows = []
    for perturbation in results.perturbations:
        cells = []
        for measure, system in columns:
            tests = tested[
                (tested["perturbation"] == perturbation) & (tested["measure"] == measure) & (tested["system"] == system)
            ]
            significant = tests[tests["p_corrected"] < LEVEL]
            smaller = int((significant["difference"] < 0).sum())
            cells.append((smaller, len(significant) - smaller, len(tests)))
        rows.append((perturbation, cells))
    return Table(header_levels(columns), rows, "perturbation")


def _number(value: float, digits: int = 3) -> str:
    return "–" if pd.isna(value) else format_number(value, digits)
