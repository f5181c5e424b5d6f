"""Frames of the results, computed from the values of single queries: means, seeds, tests, confidence intervals."""

from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd

from pyterrier_hybrid.experiment.measures import lower_is_better
from pyterrier_hybrid.experiment.report.intervals import central, rank_among, rank_interval, resampled_means
from pyterrier_hybrid.experiment.report.significance import TESTS, holm
from pyterrier_hybrid.experiment.settings import KINDS
from pyterrier_hybrid.utils.checks import finite_number
from pyterrier_hybrid.utils.suggestions import unknown_name

Cell = tuple[str, int, str]
"""A system, the index of a setting, and a measure."""


def check_statistics(test: str, confidence: float | None) -> float | None:
    """Check the options of tests and confidence intervals.

    Args:
        test: The name of a test.
        confidence: The level of the confidence intervals, or None.

    Returns:
        The level as a Python number, or None.

    Raises:
        ValueError: An unknown test, or a level that is not between 0 and 1.
        TypeError: A level that is not a number.
    """
    if not isinstance(test, str) or test not in TESTS:
        raise ValueError(f"test: {unknown_name(test, TESTS)}")
    if confidence is None:
        return None
    level = finite_number("confidence", confidence, least=-np.inf)
    if not 0 < level < 1:
        raise ValueError(f"confidence: {confidence!r} must be between 0 and 1, such as 0.95, or None")
    return level


class _SettingLike(Protocol):
    """What the frames need to know of a :class:`~pyterrier_hybrid.experiment.settings.Setting`."""

    @property
    def kind(self) -> str: ...
    @property
    def doc_lang(self) -> str: ...
    @property
    def query_lang(self) -> str: ...
    @property
    def qids(self) -> tuple[str, ...]: ...
    @property
    def questions(self) -> tuple[str, ...]: ...


class Frames:
    """The frames of one experiment.

    Args:
        settings: The settings.
        values: The values of the queries, float64 ``[queries]``, by cell and then by seed of the system.
        systems: The names of the systems, in their order.
        measures: The measures, in their order.
    """

    def __init__(
        self,
        settings: Sequence[_SettingLike],
        values: dict[Cell, list[np.ndarray]],
        systems: Sequence[str],
        measures: Sequence[str],
    ) -> None:
        self._settings = settings
        self._seeds = values
        self._values = {cell: np.mean(seeds, axis=0) for cell, seeds in values.items()}
        self._cells = [
            (system, index, measure)
            for system in systems
            for index in range(len(settings))
            for measure in measures
            if (system, index, measure) in values
        ]

    def settings(self, baseline: str | None, test: str) -> pd.DataFrame:
        """Return one row per system, setting and measure.

        Args:
            baseline: The system that the others are tested against; None: no test.
            test: One of :data:`TESTS`.

        Returns:
            The columns of :attr:`LanguageResults.settings`.
        """
        frame = pd.DataFrame(
            {
                **self._names(cell),
                "value": float(self._values[cell].mean()),
                "queries": len(self._values[cell]),
            }
            for cell in self._cells
        )
        if any(len(seeds) > 1 for seeds in self._seeds.values()):
            means = [[seed.mean() for seed in self._seeds[cell]] for cell in self._cells]
            frame["std"] = [np.std(of_seeds, ddof=1) if len(of_seeds) > 1 else np.nan for of_seeds in means]
            frame["seeds"] = [len(of_seeds) for of_seeds in means]
        if baseline is not None:
            p_values = self._p_values(baseline, test)
            frame["p_value"] = [p_values.get(cell, np.nan) for cell in self._cells]
            families = frame.groupby(["system", "measure"], sort=False)["p_value"]
            frame["p_corrected"] = families.transform(lambda family: holm(family.to_numpy()))
        return frame

    def seeds(self) -> pd.DataFrame | None:
        """Return one row per system with several seeds, setting, measure and seed; None if no system has several."""
        rows = [
            {**self._names(cell), "seed": number, "value": float(seed.mean())}
            for cell in self._cells
            if len(self._seeds[cell]) > 1
            for number, seed in enumerate(self._seeds[cell])
        ]
        return pd.DataFrame(rows) if rows else None

    def intervals(self, confidence: float) -> pd.DataFrame:
        """Return bootstrap confidence intervals of the means: system, kind, measure, low, high.

        Args:
            confidence: The level of the intervals.
        """
        frames = []
        for kind, (columns, means) in self._resampled.items():
            low, high = central(means, confidence)
            frame = pd.DataFrame(columns, columns=["system", "measure"])
            frames.append(frame.assign(kind=kind, low=low, high=high))
        return pd.concat(frames, ignore_index=True)[["system", "kind", "measure", "low", "high"]]

    def ranks(self, confidence: float) -> pd.DataFrame | None:
        """Return the rank of each system by its mean, and an interval of ranks; None for a single system.

        Args:
            confidence: The share of the bootstrap samples of questions whose ranks are in the interval.

        Returns:
            The columns of :attr:`LanguageResults.ranks`.
        """
        if len({system for system, _, _ in self._cells}) < 2:
            return None
        frames = []
        for kind, (columns, means) in self._resampled.items():
            frame = pd.DataFrame(columns, columns=["system", "measure"]).assign(kind=kind)
            frame["mean"] = [np.mean([values.mean() for values in self._of_kind(kind, *column)]) for column in columns]
            for measure, rows in frame.groupby("measure", sort=False).groups.items():
                sign = 1 if lower_is_better(str(measure)) else -1
                frame.loc[rows, "rank"] = rank_among(sign * frame.loc[rows, "mean"].to_numpy()[None])[0]
                low, high = rank_interval(sign * means[:, rows], confidence=confidence)
                frame.loc[rows, "rank_low"], frame.loc[rows, "rank_high"] = low, high
            frames.append(frame)
        names = ["rank", "rank_low", "rank_high"]
        ranks = pd.concat(frames, ignore_index=True).astype(dict.fromkeys(names, "Int64"))
        return ranks[["system", "kind", "measure", *names]]

    def _of_kind(self, kind: str, system: str, measure: str) -> list[np.ndarray]:
        """Return the values of a system in each setting of a kind."""
        indices = [index for index, setting in enumerate(self._settings) if setting.kind == kind]
        return [self._values[system, index, measure] for index in indices]

    @cached_property
    def _resampled(self) -> dict[str, tuple[list[tuple[str, str]], np.ndarray]]:
        """By kind: the systems and measures, and their means in each bootstrap sample, ``[samples, columns]``."""
        resampled = {}
        for kind in KINDS:
            indices = [index for index, setting in enumerate(self._settings) if setting.kind == kind]
            # All settings of a kind have the same systems and measures.
            columns = [(system, measure) for system, index, measure in self._cells if index in indices[:1]]
            if columns:
                values = [
                    np.stack([self._values[system, index, measure] for system, measure in columns], axis=1)
                    for index in indices
                ]
                resampled[kind] = (
                    columns,
                    resampled_means([self._settings[index].questions for index in indices], values),
                )
        return resampled

    def queries(self) -> pd.DataFrame:
        """Return the value of every query: one row per system, setting, query and measure."""
        rows = pd.DataFrame(self._names(cell) for cell in self._cells)
        frame = rows.loc[rows.index.repeat([len(self._values[cell]) for cell in self._cells])].reset_index(drop=True)
        frame.insert(4, "qid", [qid for _, index, _ in self._cells for qid in self._settings[index].qids])
        return frame.assign(value=np.concatenate([self._values[cell] for cell in self._cells]))

    def _names(self, cell: Cell) -> dict[str, str]:
        system, index, measure = cell
        setting = self._settings[index]
        return {
            "system": system,
            "kind": setting.kind,
            "doc_lang": setting.doc_lang,
            "query_lang": setting.query_lang,
            "measure": measure,
        }

    def _p_values(self, baseline: str, test: str) -> dict[Cell, float]:
        """Test every system against the baseline; the tests of one setting are computed at once."""
        p_values: dict[Cell, float] = {}
        for index in range(len(self._settings)):
            cells = [
                cell
                for cell in self._cells
                if cell[1] == index and cell[0] != baseline and (baseline, index, cell[2]) in self._values
            ]
            if cells:
                differences = [
                    _difference(self._values[cell], self._values[baseline, index, cell[2]]) for cell in cells
                ]
                p_values.update(zip(cells, TESTS[test](np.stack(differences, axis=1)).tolist(), strict=True))
        return p_values


def _difference(values: np.ndarray, baseline: np.ndarray) -> np.ndarray:
    """Subtract the baseline's values; a difference as small as the rounding of a mean over seeds is set to 0."""
    difference = values - baseline
    difference[np.abs(difference) <= 1e-12 * np.maximum(np.abs(values), np.abs(baseline))] = 0
    return difference
