"""A language experiment as an evaluation metric of encoders: for early stopping and for sweeps."""

import copy
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, ClassVar

from pyterrier_hybrid.experiment.grid import LanguageExperiment
from pyterrier_hybrid.experiment.held_out import find_family
from pyterrier_hybrid.experiment.measures import lower_is_better, parse_measures
from pyterrier_hybrid.experiment.settings import FamilyLike, choose, choose_kinds

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs
    from pyterrier_hybrid.retrieval import DenseEncoder


@dataclass(frozen=True)
class LanguageValidation:
    """An evaluation metric of encoders: their quality at monolingual, cross-lingual and multilingual search.

    A validation is called with an encoder and returns the mean of one measure over the settings of each kind, and the
    mean over the kinds, by which arXiv 2408.10536 chooses alpha. Pass it as ``validation=`` to
    :func:`pyterrier_hybrid.train` and as ``evaluate=`` to :func:`pyterrier_hybrid.sweep`.

    A dataset is evaluated on the split that results are reported on: the test split of ``atlas``; LAReQA's datasets
    have no other. A model that was chosen by it was chosen on test data, which must be reported. Held-out pairs are not
    test data.

    Args:
        dataset: The name of a dataset family: ``"atlas"``, ``"xquad-r"``, ``"mlqa-r"``. Or pairs that are not used for
            training: their queries search their passages and hard negatives; one item of each group is used, and
            translations are passages that are relevant to no query. The attribute is then a name with the pairs'
            fingerprint.
        measure: The ir_measures name of a measure whose higher values are better.
        kinds: Some of mono, cross, multi; default: those that the dataset has.
        languages: Some of the dataset's languages; default: all.

    Raises:
        ValueError: An unknown dataset, measure, kind or language, a measure whose lower values are better, or pairs
            without a query that has a passage.

    Example:
        >>> import numpy as np
        >>> class Letters:
        ...     def encode_queries(self, texts):
        ...         return np.array([[text.count(letter) for letter in "aeiouy"] for text in texts], np.float32)
        ...     encode_documents = encode_queries
        >>> values = LanguageValidation("atlas", languages=["de", "en"])(Letters())
        >>> list(values)
        ['mono', 'cross', 'multi', 'mean']
    """

    dataset: "str | ParallelPairs" = "atlas"
    _: KW_ONLY
    measure: str = "AP"
    kinds: Iterable[str] | None = None
    languages: Iterable[str] | None = None
    # Set by __post_init__; a field would be an option too.
    _family: ClassVar[FamilyLike]

    def __post_init__(self) -> None:
        (measure,) = parse_measures([self.measure])
        if lower_is_better(measure):
            raise ValueError(f"measure: for {measure}, less is better; choose one for which more is better, such as AP")
        family = find_family(self.dataset)
        languages = None if self.languages is None else choose("languages", self.languages, family.languages)
        for name, value in (
            ("measure", str(measure)),
            ("kinds", choose_kinds(family, self.kinds)),
            ("dataset", family.label),
            ("languages", languages),
            ("_family", family),
        ):
            object.__setattr__(self, name, value)

    def __call__(self, encoder: "DenseEncoder") -> dict[str, float]:
        """Evaluate an encoder.

        Args:
            encoder: A :class:`~pyterrier_hybrid.DenseEncoder`, or anything with its ``encode_queries`` and
                ``encode_documents``.

        Returns:
            The measure's mean for each kind, and ``"mean"``, the mean of these.
        """
        # The progress bars of evaluations would hide that of the training.
        quiet = copy.copy(encoder)
        quiet.verbose = False
        results = LanguageExperiment(
            {"encoder": quiet}, self._family, measures=[self.measure], kinds=self.kinds, languages=self.languages
        )
        values = dict(zip(results.means["kind"], results.means["value"].tolist(), strict=True))
        return {**values, "mean": sum(values.values()) / len(values)}
