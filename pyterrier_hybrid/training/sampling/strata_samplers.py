"""The samplers whose batches are drawn from strata: X-X-mono, X-Y, X-X and translate-train."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from itertools import product
from typing import ClassVar

from pyterrier_hybrid.training.sampling.binding import (
    Wanted,
    bind,
    checked_numbers,
    freeze_languages,
    freeze_mixing,
    known_languages,
)
from pyterrier_hybrid.training.sampling.config import Configured
from pyterrier_hybrid.training.sampling.plans import Plan
from pyterrier_hybrid.training.sampling.strata import PairArrays

LanguageWeights = str | float | Mapping[str, float]


@dataclass(frozen=True, kw_only=True, repr=False)
class MonoSampler(Configured):
    """X-X-mono: each batch is in one language, queries and passages alike.

    This is the X-X-mono of LAReQA (arXiv 2004.05484, section 4), the monolingual batches of arXiv 2408.10536 ("X-X" in
    its Table 1). With one language it is ordinary dense retrieval training: ``languages=["en"]`` is LAReQA's En-En.
    Translation groups, whose query and passage would be the same text, are never drawn.

    Args:
        languages: The languages to draw from; by default all that have a monolingual pair.
        language_weights: How often a language is drawn. ``"uniform"`` (default): all alike. ``"proportional"``: by
            size, the number of its items, each counted by its dataset's weight. A temperature T > 0: ∝ size^(1/T),
            between the two (T = 5 in arXiv 1907.05019; an exponent of 0.3, T = 1/0.3, in XLM-R, arXiv 1911.02116). A
            mapping ``{language: weight}``: as given, whatever the sizes; others weigh 1, and 0 leaves a language out.
        dataset_weights: Relative weight of an item by its dataset, as ``{pattern: weight}``: the first matching
            :mod:`fnmatch` pattern counts, other datasets weigh 1, and 0 leaves a dataset out.
        dataset_mixing: How often a dataset is drawn, among those that have the drawn language: ∝ weight · size^(1/T)
            with a temperature T > 0; ``"proportional"`` (default, T = 1) draws all items of one weight alike,
            ``"uniform"`` (T = ∞) all datasets of one weight. ``"round-robin"``: batch t is of dataset t modulo their
            number, in the order of ``pairs.datasets``; weights other than 0 and 1 are an error.
        one_dataset_per_batch: Draw each batch from one dataset, as round-robin does always. Sizes of languages are then
            those in the dataset, and a language for which the dataset has fewer groups than a batch needs is left out
            of its batches.

    Raises:
        TypeError: If a setting is of a wrong type.
        ValueError: If a weight is negative, a temperature not positive, or a language there twice.

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
    language_weights: LanguageWeights = field(default="uniform", hash=False)
    dataset_weights: Mapping[str, float] | None = field(default=None, hash=False)
    dataset_mixing: str | float = "proportional"
    one_dataset_per_batch: bool = False

    def __post_init__(self) -> None:
        freeze_languages(self, "languages")
        freeze_mixing(self)

    def plan(self, pairs: PairArrays, *, batch_size: int = 100, seed: int = 0) -> Plan:
        """Bind the sampler to a pair store.

        Args:
            pairs: A :class:`~pyterrier_hybrid.parallel.ParallelPairs`.
            batch_size: Pairs in every batch.
            seed: Not negative.

        Returns:
            The plan; every batch is of kind ``"mono"``.

        Raises:
            ValueError: If a language is unknown or has fewer groups with a monolingual pair than a batch needs, if a
                pattern of ``dataset_weights`` matches no dataset, or if batches are of one dataset and one has in no
                language enough groups, or a language in no dataset.
        """
        numbers = checked_numbers(batch_size, seed)
        return bind(self, pairs, _monolingual(self, pairs, together=True), **numbers)


@dataclass(frozen=True, kw_only=True, repr=False)
class MixedSampler(Configured):
    """X-X: every pair is in one language, and the languages are mixed inside a batch.

    This is LAReQA's X-X (arXiv 2004.05484, section 4). It is the worst choice there: most negatives of a query are in
    another language than its passage, so that telling languages apart lowers the loss, and the model learns to rank its
    query's language first. It is here to compare with; :class:`MonoSampler` keeps the languages apart.

    Args:
        languages: The languages to draw from; by default all that have a monolingual pair.
        language_weights: How often a pair is in a language, as in :class:`MonoSampler`.
        dataset_weights: Relative weight of an item by its dataset, as in :class:`MonoSampler`.
        dataset_mixing: How often a dataset is drawn, as in :class:`MonoSampler`.
        one_dataset_per_batch: Draw each batch from one dataset, as in :class:`MonoSampler`.

    Raises:
        TypeError: If a setting is of a wrong type.
        ValueError: If a weight is negative, a temperature not positive, or a language there twice.

    Example:
        >>> from pyterrier_hybrid.parallel import ParallelPairs
        >>> plan = MixedSampler(languages=["de", "en"]).plan(ParallelPairs.from_irds("atlas/train"), batch_size=50)
        >>> sorted({(query, passage) for _, query, passage in plan.batch(0)})
        [('de', 'de'), ('en', 'en')]
    """

    name: ClassVar[str] = "X-X"
    config_name: ClassVar[str] = "mixed"

    languages: tuple[str, ...] | None = None
    language_weights: LanguageWeights = field(default="uniform", hash=False)
    dataset_weights: Mapping[str, float] | None = field(default=None, hash=False)
    dataset_mixing: str | float = "proportional"
    one_dataset_per_batch: bool = False

    def __post_init__(self) -> None:
        freeze_languages(self, "languages")
        freeze_mixing(self)

    def plan(self, pairs: PairArrays, *, batch_size: int = 100, seed: int = 0) -> Plan:
        """Bind the sampler to a pair store.

        Args:
            pairs: A :class:`~pyterrier_hybrid.parallel.ParallelPairs`.
            batch_size: Pairs in every batch.
            seed: Not negative.

        Returns:
            The plan; every batch is of kind ``"mixed"``, or ``"mono"`` if there is only one language.

        Raises:
            ValueError: If a language is unknown or has no monolingual pair, if there are fewer groups with one than a
                batch needs (in all datasets, or in one where a batch is of one), or if a pattern of ``dataset_weights``
                matches no dataset.
        """
        numbers = checked_numbers(batch_size, seed)
        return bind(self, pairs, _monolingual(self, pairs, together=False), **numbers)


@dataclass(frozen=True, kw_only=True, repr=False)
class CrossSampler(Configured):
    """X-Y: in every pair the query's language differs from the passage's, and both vary inside the batch.

    Each pair's languages are drawn from the ordered pairs of languages for which there are items, uniformly by default,
    and its item is then uniform (or by weight) among those that have both texts (LAReQA, arXiv 2004.05484; arXiv
    2408.10536). A language pair whose groups are all in the batch already makes room for the others.

    Args:
        languages: The languages to draw from; by default all that have a cross-lingual pair.
        language_weights: How often an ordered pair of languages is drawn, as in :class:`MonoSampler`: its size is the
            number of items that have both texts, and of a mapping its weight is the product of both languages'.
        dataset_weights: Relative weight of an item by its dataset, as in :class:`MonoSampler`.
        dataset_mixing: How often a dataset is drawn, as in :class:`MonoSampler`.
        one_dataset_per_batch: Draw each batch from one dataset, as in :class:`MonoSampler`.

    Raises:
        TypeError: If a setting is of a wrong type.
        ValueError: If a weight is negative, a temperature not positive, or a language there twice.

    Example:
        >>> CrossSampler(languages=["de", "en"], dataset_weights={"tatoeba*": 0.5})
        CrossSampler(languages=('de', 'en'), dataset_weights={'tatoeba*': 0.5})
    """

    name: ClassVar[str] = "X-Y"
    config_name: ClassVar[str] = "cross"

    languages: tuple[str, ...] | None = None
    language_weights: LanguageWeights = field(default="uniform", hash=False)
    dataset_weights: Mapping[str, float] | None = field(default=None, hash=False)
    dataset_mixing: str | float = "proportional"
    one_dataset_per_batch: bool = False

    def __post_init__(self) -> None:
        freeze_languages(self, "languages")
        freeze_mixing(self)

    def plan(self, pairs: PairArrays, *, batch_size: int = 100, seed: int = 0) -> Plan:
        """Bind the sampler to a pair store.

        Args:
            pairs: A :class:`~pyterrier_hybrid.parallel.ParallelPairs`.
            batch_size: Pairs in every batch.
            seed: Not negative.

        Returns:
            The plan; every batch is of kind ``"cross"``.

        Raises:
            ValueError: If a language is unknown or has no cross-lingual pair, if there are fewer groups with one than a
                batch needs (in all datasets, or in one where a batch is of one), or if a pattern of ``dataset_weights``
                matches no dataset.
        """
        numbers = checked_numbers(batch_size, seed)
        codes = self.languages or tuple(pairs.languages)
        known_languages("languages", codes, pairs.languages)
        wanted = Wanted(
            languages=tuple((query, passage) for query, passage in product(codes, codes) if query != passage),
            named=self.languages or (),
            together=False,
            weighed=(0, 1),
            what="cross-lingual pair",
            missing="no item of non-zero weight has a query and a passage in two different languages "
            f"({', '.join(codes) or 'there is none'}): add parallel rows, or use MonoSampler, which needs none",
        )
        return bind(self, pairs, wanted, **numbers)


@dataclass(frozen=True, repr=False)
class TranslateTrainSampler(Configured):
    """Translate-train: all passages in the one language that will be searched, queries in that of the users.

    As in ColBERT-X (Nair et al. 2022, arXiv 2201.08471): an English training collection whose passages were
    machine-translated, with its queries as they are, trains a model that searches documents of that language with
    English queries. With ``query_languages`` of the same language it is translate-train as in mMARCO (arXiv
    2108.13897) and XNLI (arXiv 1809.05053), where both sides are translated, and batches are monolingual.

    Args:
        language: The language of all passages.
        query_languages: The languages of the queries, mixed inside a batch; by default English. Where a query is in the
            passages' language, translation groups are not drawn: their two texts would be the same.
        language_weights: How often a query is in a language, as in :class:`MonoSampler`.
        dataset_weights: Relative weight of an item by its dataset, as in :class:`MonoSampler`.
        dataset_mixing: How often a dataset is drawn, as in :class:`MonoSampler`.
        one_dataset_per_batch: Draw each batch from one dataset, as in :class:`MonoSampler`.

    Raises:
        TypeError: If a setting is of a wrong type.
        ValueError: If a weight is negative, a temperature not positive, or a language there twice.

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
    language_weights: LanguageWeights = field(default="uniform", hash=False)
    dataset_weights: Mapping[str, float] | None = field(default=None, hash=False)
    dataset_mixing: str | float = "proportional"
    one_dataset_per_batch: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.language, str):
            raise TypeError(f"language={self.language!r} must be one code, such as 'de'")
        if self.query_languages is None:
            raise TypeError("query_languages=None: name the queries' languages, such as ['en']")
        freeze_languages(self, "query_languages")
        freeze_mixing(self)

    def plan(self, pairs: PairArrays, *, batch_size: int = 100, seed: int = 0) -> Plan:
        """Bind the sampler to a pair store.

        Args:
            pairs: A :class:`~pyterrier_hybrid.parallel.ParallelPairs`.
            batch_size: Pairs in every batch.
            seed: Not negative.

        Returns:
            The plan; batches are of kind ``"cross"``, but ``"mono"`` if the queries are in the passages' language
            alone, and ``"mixed"`` if they are in others too.

        Raises:
            ValueError: If a language is unknown, a query language has no query whose passage is in ``language``, if
                there are fewer groups of such pairs than a batch needs (in all datasets, or in one where a batch is of
                one), or if a pattern of ``dataset_weights`` matches no dataset.
        """
        numbers = checked_numbers(batch_size, seed)
        known_languages("language", [self.language], pairs.languages)
        known_languages("query_languages", self.query_languages, pairs.languages)
        queries = ", ".join(self.query_languages)
        wanted = Wanted(
            languages=tuple((query, self.language) for query in self.query_languages),
            named=self.query_languages,
            together=False,
            weighed=(0,),
            what=f"passage in {self.language!r} and a query in {queries}",
            missing=f"no item of non-zero weight has a passage in {self.language!r} and a query in {queries}: "
            "pass another language or other query_languages",
        )
        return bind(self, pairs, wanted, **numbers)


def _monolingual(sampler: MonoSampler | MixedSampler, pairs: PairArrays, *, together: bool) -> Wanted:
    known_languages("languages", sampler.languages or (), pairs.languages)
    return Wanted(
        languages=tuple((code, code) for code in sampler.languages or pairs.languages),
        named=sampler.languages or (),
        together=together,
        weighed=(0,),
        what="monolingual pair",
        missing="no item of non-zero weight has a query and a passage in one language: "
        "add question-passage rows, or use CrossSampler, which needs none",
    )
