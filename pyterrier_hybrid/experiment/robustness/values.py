"""The values of single queries of a study, in temporary files."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from ir_measures import Measure

from pyterrier_hybrid.experiment.measures import lower_is_better
from pyterrier_hybrid.experiment.settings import Setting

MEAN, WORST = 0, 1


@dataclass(frozen=True)
class SettingValues:
    """The values of the queries of one setting, with every condition.

    Attributes:
        setting: The setting.
        measures: The measures that are reported for it, and the name of the overlap of rankings if it is computed.
        defined: bool ``[conditions]``: whether a perturbation means something in the language of the queries.
        changed: float64 ``[conditions]``: share of the queries and draws that the perturbation changed.
        clean: float64 ``[rankers, measures, queries]``: without perturbation.
        perturbed: float64 ``[conditions, rankers, measures, 2, queries]``: the mean over the draws and the worst draw;
            mapped into memory from a temporary file.
    """

    setting: Setting
    measures: Sequence[Measure | str]
    defined: np.ndarray
    changed: np.ndarray
    clean: np.ndarray
    perturbed: np.ndarray

    def store(self, ranker: int, table: np.ndarray, values: np.ndarray) -> None:
        """Store the values of one ranker.

        Args:
            ranker: The number of the ranker.
            table: int32 ``[conditions, draws, queries]``: the number of each variant; -1 where a query is unchanged.
            values: float64 ``[measures, variants]``: the value of each variant.
        """
        for condition, variants in enumerate(table):
            for number, measure in enumerate(self.measures):
                clean = self.clean[ranker, number]
                # Differences, since the mean of ten equal numbers may differ from them in its last digit.
                gain = np.where(variants >= 0, values[number][variants] - clean, 0.0) if values.size else 0.0 * variants
                worst = gain.max(axis=0) if lower_is_better(measure) else gain.min(axis=0)
                self.perturbed[condition, ranker, number, MEAN] = clean + gain.mean(axis=0)
                self.perturbed[condition, ranker, number, WORST] = clean + worst


def allocate(
    settings: Sequence[Setting],
    measures: Sequence[Sequence[Measure | str]],
    clean: Sequence[np.ndarray],
    tables: Sequence[np.ndarray],
    defined: np.ndarray,
) -> Iterator[SettingValues]:
    """Make room for the values of some settings, in one temporary file that the system deletes with its last use.

    Args:
        settings: The settings.
        measures: For each setting, the measures that are reported.
        clean: For each setting, float64 ``[rankers, measures, queries]``.
        tables: For each setting, int32 ``[conditions, draws, queries]``.
        defined: bool ``[conditions]``.

    Yields:
        One for each setting.
    """
    shapes = [(len(defined), *values.shape[:2], 2, values.shape[2]) for values in clean]
    sizes = [int(np.prod(shape)) for shape in shapes]
    mapped = scratch_array(sum(sizes))
    start = 0
    for setting, of_setting, values, table, shape, size in zip(
        settings, measures, clean, tables, shapes, sizes, strict=True
    ):
        changed = (table >= 0).mean(axis=(1, 2))
        perturbed = mapped[start : start + size].reshape(shape)
        yield SettingValues(setting, of_setting, defined, changed, values, perturbed)
        start += size


def scratch_array(*shape: int) -> np.ndarray:
    """Return an array of zeros, float64, in a temporary file that goes with it: the system may move it out of memory.

    Args:
        *shape: Its shape.

    Example:
        >>> scratch_array(2, 0).shape, scratch_array(3).tolist()
        ((2, 0), [0.0, 0.0, 0.0])
    """
    size = int(np.prod(shape))
    with tempfile.TemporaryFile() as file:
        # A file cannot be mapped if it is empty.
        mapped = np.memmap(file, np.float64, "w+", shape=(max(1, size),))
    return mapped[:size].reshape(shape)
