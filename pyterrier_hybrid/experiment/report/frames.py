"""From the values of single queries to the frames of the results: means, seeds, tests, intervals."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from pyterrier_hybrid.experiment.report.intervals import bootstrap
from pyterrier_hybrid.experiment.report.significance import TESTS, holm
from pyterrier_hybrid.experiment.settings import KINDS, Setting

Cell = tuple[str, int, str]
"""A system, the index of a setting, and a measure."""


def check_statistics(test: str, confidence: float | None) -> None:
    """Checks the options of tests and intervals.

    Raises:
        ValueError: An unknown test, or a level that is not between 0 and 1.
    """
    if test not in TESTS:
        raise ValueError(f"test: {test!r} is unknown; the valid ones are {', '.join(TESTS)}.")
    if confidence is not None and not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence!r} must be between 0 and 1, such as 0.95, or None.")


class Frames:
    """The frames of one experiment.

    Args:
        settings: The settings.
        values: For each cell float64 [queries], once for each seed of the system.
        systems: The names of the systems, in their order.
        measures: The measures, in their order.
    """

    def __init__(
        self,
        settings: Sequence[Setting],
        values: dict[Cell, list[np.ndarray]],
        systems: Sequence[str],
        measures: Sequence[str],
    ) -> None:
        """Takes the values."""
        self._settings = settings
        self._by_seed = values
        self._values = {cell: np.mean(seeds, axis=0) for cell, seeds in values.items()}
        self._cells = [
            (system, at, measure)
            for system in systems
            for at in range(len(settings))
            for measure in measures
            if (system, at, measure) in values
        ]

    def settings(self, baseline: str | None, test: str) -> pd.DataFrame:
        """One row per system, setting and measure.

        Args:
            baseline: The system that the others are tested against; None: no test.
            test: One of :data:`TESTS`.

        Returns:
            The columns of :attr:`LanguageResults.settings`.
        """
        frame = pd.DataFrame(
            {
                **self._setting(cell),
                "measure": cell[2],
                "value": float(self._values[cell].mean()),
                "queries": len(self._values[cell]),
            }
            for cell in self._cells
        )
        if any(len(seeds) > 1 for seeds in self._by_seed.values()):
            by_seed = [[seed.mean() for seed in self._by_seed[cell]] for cell in self._cells]
            frame["std"] = [np.std(means, ddof=1) if len(means) > 1 else np.nan for means in by_seed]
            frame["seeds"] = [len(means) for means in by_seed]
        if baseline is not None:
            p_values = self._p_values(baseline, test)
            frame["p_value"] = [p_values.get(cell, np.nan) for cell in self._cells]
            tests = frame.groupby(["system", "measure"], sort=False)["p_value"]
            frame["p_corrected"] = tests.transform(lambda group: holm(group.to_numpy()))
        return frame

    def seeds(self) -> pd.DataFrame | None:
        """The values of each seed of the systems with several: a row per system, setting, measure and seed."""
        rows = [
            {**self._setting(cell), "measure": cell[2], "seed": number, "value": float(seed.mean())}
            for cell in self._cells
            if len(self._by_seed[cell]) > 1
            for number, seed in enumerate(self._by_seed[cell])
        ]
        return pd.DataFrame(rows) if rows else None

    def intervals(self, confidence: float) -> pd.DataFrame:
        """Bootstrap intervals of the mean of each system, kind and measure: columns low and high."""
        frames = []
        for kind in KINDS:
            members = [at for at, setting in enumerate(self._settings) if setting.kind == kind]
            columns = [(system, measure) for system, at, measure in self._cells if members and at == members[0]]
            if not columns:
                continue
            values = [np.stack([self._values[system, at, measure] for system, measure in columns], 1) for at in members]
            low, high = bootstrap([self._settings[at].questions for at in members], values, confidence=confidence)
            frame = pd.DataFrame(columns, columns=["system", "measure"])
            frames.append(frame.assign(kind=kind, low=low, high=high))
        return pd.concat(frames, ignore_index=True)[["system", "kind", "measure", "low", "high"]]

    def queries(self) -> pd.DataFrame:
        """The value of every query: a row per system, setting, query and measure."""
        rows = pd.DataFrame({**self._setting(cell), "measure": cell[2]} for cell in self._cells)
        frame = rows.loc[rows.index.repeat([len(self._values[cell]) for cell in self._cells])].reset_index(drop=True)
        frame.insert(4, "qid", [qid for cell in self._cells for qid in self._settings[cell[1]].qids])
        return frame.assign(value=np.concatenate([self._values[cell] for cell in self._cells]))

    def _setting(self, cell: Cell) -> dict[str, str]:
        setting = self._settings[cell[1]]
        return {
            "system": cell[0],
            "kind": setting.kind,
            "doc_lang": setting.doc_lang,
            "query_lang": setting.query_lang,
        }

    def _p_values(self, baseline: str, test: str) -> dict[Cell, float]:
        """All tests of one setting at once: they share its queries."""
        p_values: dict[Cell, float] = {}
        for cells in self._tested(baseline):
            differences = [_difference(self._values[cell], self._values[baseline, cell[1], cell[2]]) for cell in cells]
            p_values.update(zip(cells, TESTS[test](np.stack(differences, axis=1)).tolist(), strict=True))
        return p_values

    def _tested(self, baseline: str) -> Iterator[list[Cell]]:
        for at in range(len(self._settings)):
            cells = [cell for cell in self._cells if cell[1] == at and cell[0] != baseline]
            if cells:
                yield cells


def _difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The difference of values, 0 where nothing but the rounding of a mean over seeds is between them."""
    difference = one - other
    difference[np.abs(difference) <= 1e-12 * np.maximum(np.abs(one), np.abs(other))] = 0
    return difference
