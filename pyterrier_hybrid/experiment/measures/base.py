"""The interface of this package's own measures."""

from typing import ClassVar

import numpy as np
from ir_measures import Measure

from pyterrier_hybrid.experiment.measures.ranks import Ranks


class RankMeasure(Measure):
    """An ir_measures measure that the grid computes from exact ranks.

    A new measure is a subclass in a file of its own and a line in ``supported.OWN_MEASURES``. It implements
    ``runtime_impl`` as well, by which ir_measures and ``pt.Experiment`` compute it from runs.

    Attributes:
        lower_is_better: Whether small values are good.
        kinds: The kinds of settings that it is reported for.
    """

    lower_is_better: ClassVar[bool] = False
    kinds: ClassVar[tuple[str, ...]] = ("mono", "cross", "multi")

    def from_ranks(self, ranks: Ranks) -> np.ndarray:
        """Compute the value of each query: float64 ``[queries]``.

        Args:
            ranks: The ranks of the relevant documents.
        """
        raise NotImplementedError
