"""The samplers whose batches are drawn from strata: X-X-mono, X-X, X-Y and translate-train.

A new one is a subclass of :class:`StrataSampler` and a line in ``registry.py``.
"""

from abc import abstractmethod
from dataclasses import KW_ONLY, dataclass
from itertools import product
from typing import ClassVar

from pyterrier_hybrid.text.languages import canonical_language
from pyterrier_hybrid.training.sampling.plans import PairArrays, Plan, check_plan_options
from pyterrier_hybrid.training.sampling.strata_plan import StrataSpec, plan_strata
from pyterrier_hybrid.training.sampling.weights import WeightedSampler, check_known_languages


@dataclass(frozen=True, kw_only=True, repr=False)
class StrataSampler(WeightedSampler):
    """Base of the samplers that name the pairs of languages to draw from; a strata plan draws their batches."""

    @abstractmethod
    def strata_spec(self, pairs: PairArrays) -> StrataSpec:
        """Return the strata to draw from.

        Args:
            pairs: The pair store.

        Raises:
            ValueError: If the store does not have a language.
        """

    def plan(self, pairs: PairArrays, *, batch_size: int = 100, seed: int = 0) -> Plan:
        """Plan the batches over a pair store.

        Args:
            pairs: A :class:`~pyterrier_hybrid.parallel.ParallelPairs`.
            batch_size: Number of pairs in every batch.
            seed: Seed of the random draws, at least 0.

        Returns:
            The plan: its ``batch(t)`` is the batch of step t.

        Raises:
            TypeError: If ``batch_size`` or ``seed`` is not a whole number.
            ValueError: If a language is unknown or has no such pair, if a pattern of ``dataset_weights`` matches no
                dataset, or if there are too few groups for a batch: in the store, in a language (monolingual batches),
                or in a dataset (batches of one dataset).
        """
        batch_size, seed = check_plan_options(batch_size, seed)
        return plan_strata(self, pairs, self.strata_spec(pairs), batch_size=batch_size, seed=seed)


@dataclass(frozen=True, kw_only=True, repr=False)
class MonoSampler(StrataSampler):
    """X-X-mono: each batch is in one language, queries and passages alike.

    This is the X-X-mono of LAReQA (arXiv 2004.05484, section 4), the monolingual batches of arXiv 2408.10536 ("X-X" in
    its Table 1). With one language it is ordinary dense retrieval training: ``languages=["en"]`` is LAReQA's En-En.
    Translation groups, whose query and passage would be the same text, are never drawn. A plan needs as many groups in
    every language as a batch has pairs; all its batches are of kind ``"mono"``.

    Args:
        languages: The languages to draw from; by default all that have a monolingual pair.

    Raises:
        TypeError: If a setting has a wrong type.
        ValueError: If a weight is negative, a temperature not positive, or a language named twice.

    Example:
        >>> from pyterrier_hybrid.parallel import Item, ParallelPairs
        >>> both = [{"de": f"Frage {n}", "en": f"question {n}"} for n in "abc"]
        >>> pairs = ParallelPairs(Item(text["en"], None, "toy", text, {"en": text["en"][-1]}) for text in both)
        >>> plan = MonoSampler(languages=["en"]).plan(pairs, batch_size=3)
        >>> sorted(plan.batch(0))
        [(0, 'en', 'en'), (1, 'en', 'en'), (2, 'en', 'en')]
    """

    name: ClassVar[str] = "X-X-mono"
    config_name: ClassVar[str] = "mono"

    languages: tuple[str, ...] | None = None

    def strata_spec(self, pairs: PairArrays) -> StrataSpec:
        """Return a stratum for each language; a batch is of one."""
        return _monolingual(self.languages, pairs, one_stratum_per_batch=True)


@dataclass(frozen=True, kw_only=True, repr=False)
class MixedSampler(StrataSampler):
    """X-X: every pair is in one language, and the languages are mixed inside a batch.

    This is LAReQA's X-X (arXiv 2004.05484, section 4). It is the worst choice there: most negatives of a query are in
    another language than its positive, so telling languages apart lowers the loss, and the model learns to rank
    documents in the query's language first. It is here for comparison; :class:`MonoSampler` keeps the languages apart.
    Batches are of kind ``"mixed"``, or ``"mono"`` if there is only one language.

    Args:
        languages: The languages to draw from; by default all that have a monolingual pair.

    Raises:
        TypeError: If a setting has a wrong type.
        ValueError: If a weight is negative, a temperature not positive, or a language named twice.

    Example:
        >>> from pyterrier_hybrid.parallel import ParallelPairs
        >>> plan = MixedSampler(languages=["de", "en"]).plan(ParallelPairs.from_irds("atlas/train"), batch_size=50)
        >>> sorted({(query, passage) for _, query, passage in plan.batch(0)})
        [('de', 'de'), ('en', 'en')]
    """

    name: ClassVar[str] = "X-X"
    config_name: ClassVar[str] = "mixed"

    languages: tuple[str, ...] | None = None

    def strata_spec(self, pairs: PairArrays) -> StrataSpec:
        """Return a stratum for each language; every pair of a batch draws its own."""
        return _monolingual(self.languages, pairs, one_stratum_per_batch=False)


@dataclass(frozen=True, kw_only=True, repr=False)
class CrossSampler(StrataSampler):
    """X-Y: in every pair the query's language differs from the passage's, and both vary inside the batch.

    The languages of each pair are drawn from the ordered pairs of languages for which there are items, uniformly by
    default. The item is then drawn uniformly, or by weight, from those that have both texts (LAReQA, arXiv 2004.05484;
    arXiv 2408.10536). Once all groups of a language pair are in the batch, other language pairs take its place. All
    batches are of kind ``"cross"``.

    Args:
        languages: The languages to draw from; by default all that have a cross-lingual pair.
        language_weights: How often an ordered pair of languages is drawn, as in :class:`MonoSampler`: its size is the
            number of items that have both texts; with a mapping, its weight is the product of both languages' weights.

    Raises:
        TypeError: If a setting has a wrong type.
        ValueError: If a weight is negative, a temperature not positive, or a language named twice.

    Example:
        >>> CrossSampler(languages=["de", "en"], dataset_weights={"tatoeba*": 0.5})
        CrossSampler(languages=('de', 'en'), dataset_weights={'tatoeba*': 0.5})
    """

    name: ClassVar[str] = "X-Y"
    config_name: ClassVar[str] = "cross"

    languages: tuple[str, ...] | None = None

    def strata_spec(self, pairs: PairArrays) -> StrataSpec:
        """Return a stratum for each ordered pair of different languages."""
        codes = self.languages or tuple(pairs.languages)
        check_known_languages("languages", codes, pairs.languages)
        return StrataSpec(
            language_pairs=tuple((query, passage) for query, passage in product(codes, codes) if query != passage),
            named_languages=self.languages or (),
            one_stratum_per_batch=False,
            weigh_passages=True,
            pair_name="cross-lingual pair",
            no_pairs="no item of non-zero weight has a query and a passage in two different languages "
            f"({', '.join(codes) or 'there is none'}): add parallel rows, or use MonoSampler, which needs none",
        )


@dataclass(frozen=True, repr=False)
class TranslateTrainSampler(StrataSampler):
    """Translate-train: all passages in the one language that will be searched, queries in the users' languages.

    As in ColBERT-X (Nair et al. 2022, arXiv 2201.08471): an English training collection whose passages were
    machine-translated, with its queries as they are, trains a model that searches documents of that language with
    English queries. With ``query_languages`` of the same language it is translate-train as in mMARCO (arXiv
    2108.13897) and XNLI (arXiv 1809.05053), where both sides are translated, and batches are monolingual. Batches are
    of kind ``"mono"`` if all queries are in the passages' language, ``"cross"`` if none is, and ``"mixed"`` otherwise.

    Args:
        language: The language of all passages.
        query_languages: The languages of the queries, mixed inside a batch; by default English. Where a query is in the
            passages' language, translation groups are not drawn: their two texts would be the same.
        language_weights: How often a query is in a language, as in :class:`MonoSampler`.

    Raises:
        TypeError: If a setting has a wrong type.
        ValueError: If a weight is negative, a temperature not positive, or a language named twice.

    Example:
        >>> from pyterrier_hybrid.parallel import ParallelPairs
        >>> plan = TranslateTrainSampler("de").plan(ParallelPairs.from_irds("atlas/train"), batch_size=50)
        >>> {(query, passage) for _, query, passage in plan.batch(0)}
        {('en', 'de')}
    """

    name: ClassVar[str] = "Translate-train"
    config_name: ClassVar[str] = "translate-train"

    language: str
    _: KW_ONLY
    query_languages: tuple[str, ...] = ("en",)

    def __post_init__(self) -> None:
        """Check the settings."""
        if not isinstance(self.language, str):
            raise TypeError(f"language={self.language!r}: it must be one code, such as 'de'")
        if self.query_languages is None:
            raise TypeError("query_languages=None: name the languages of the queries, such as ['en']")
        object.__setattr__(self, "language", canonical_language(self.language))
        super().__post_init__()

    def strata_spec(self, pairs: PairArrays) -> StrataSpec:
        """Return a stratum for each query language."""
        check_known_languages("language", [self.language], pairs.languages)
        check_known_languages("query_languages", self.query_languages, pairs.languages)
        pair_name = f"passage in {self.language!r} and a query in {', '.join(self.query_languages)}"
        return StrataSpec(
            language_pairs=tuple((query, self.language) for query in self.query_languages),
            named_languages=self.query_languages,
            one_stratum_per_batch=False,
            pair_name=pair_name,
            no_pairs=f"no item of non-zero weight has a {pair_name}: pass another language or other query_languages",
        )


def _monolingual(languages: tuple[str, ...] | None, pairs: PairArrays, *, one_stratum_per_batch: bool) -> StrataSpec:
    check_known_languages("languages", languages or (), pairs.languages)
    return StrataSpec(
        language_pairs=tuple((code, code) for code in languages or pairs.languages),
        named_languages=languages or (),
        one_stratum_per_batch=one_stratum_per_batch,
        pair_name="monolingual pair",
        no_pairs="no item of non-zero weight has a query and a passage in one language: add question-passage rows, or "
        "use CrossSampler, which needs none",
    )
