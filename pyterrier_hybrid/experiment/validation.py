"""A language experiment as the judge of encoders: for early stopping and for sweeps."""

import copy
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from pyterrier_hybrid.experiment.grid import LanguageExperiment
from pyterrier_hybrid.experiment.held_out import family_of
from pyterrier_hybrid.experiment.measures import lower_is_better, parse_measures
from pyterrier_hybrid.experiment.settings import choose, choose_kinds

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import ParallelPairs
    from pyterrier_hybrid.retrieval import DenseEncoder


@dataclass(frozen=True)
class LanguageValidation:
    """How good an encoder is at monolingual, cross-lingual and multilingual search, as a few numbers.

    A validation is called with an encoder and returns the mean of one measure over the settings of each kind, and the
    mean of the kinds, by which arXiv 2408.10536 chooses alpha. It goes with ``validation=`` of
    :func:`pyterrier_hybrid.train` and ``evaluate=`` of :func:`pyterrier_hybrid.sweep`.

    Of a dataset it reads the split that is reported: of ``atlas``, the test split; the sets of LAReQA have no other.
    What is chosen by it was chosen on test data, and must be called so. Held-out pairs are not test data.

    Args:
        dataset: The name of a dataset family: ``"atlas"``, ``"xquad-r"``, ``"mlqa-r"``. Or pairs that are not trained
            on: their queries search their passages and hard negatives, of which one item of each group is taken;
            translations are passages that answer nothing. It then becomes a name made of the pairs' fingerprint.
        measure: An ir_measures name of which more is better.
        kinds: Some of mono, cross, multi; default: those that the dataset has.
        languages: Some of the dataset's languages; default: all.

    Raises:
        ValueError: An unknown dataset, measure, kind or language, a measure of which less is better, or pairs that ask
            nothing.

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

    def __post_init__(self) -> None:
        from pyterrier_hybrid import datasets

        (measure,) = parse_measures([self.measure])
        if lower_is_better(measure):
            raise ValueError(f"measure: of {measure}, less is better; choose one of which more is, such as AP.")
        object.__setattr__(self, "measure", str(measure))
        family = datasets.family(self.dataset) if isinstance(self.dataset, str) else family_of(self.dataset)
        object.__setattr__(self, "kinds", choose_kinds(family, self.kinds))
        object.__setattr__(self, "dataset", family.label)
        object.__setattr__(self, "_family", family)
        if self.languages is not None:
            object.__setattr__(self, "languages", choose("languages", self.languages, family.languages))

    def __call__(self, encoder: "DenseEncoder") -> dict[str, float]:
        """Evaluate an encoder.

        Args:
            encoder: A :class:`~pyterrier_hybrid.DenseEncoder`, or anything with its ``encode_queries`` and
                ``encode_documents``.

        Returns:
            The measure's mean for each kind, and ``"mean"``, the mean of these.
        """
        # The bars of every evaluation would bury the training's own.
        quiet = copy.copy(encoder)
        quiet.verbose = False
        results = LanguageExperiment(
            {"encoder": quiet}, self._family, measures=[self.measure], kinds=self.kinds, languages=self.languages
        )
        values = dict(zip(results.means["kind"], results.means["value"].tolist(), strict=True))
        return {**values, "mean": sum(values.values()) / len(values)}
