"""Plans whose batches are drawn from strata: the items that have a query and a passage in a pair of languages."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from pyterrier_hybrid.training.sampling.plans import LanguagePairs, PairArrays, Plan, Row
from pyterrier_hybrid.training.sampling.strata import Strata
from pyterrier_hybrid.training.sampling.weights import (
    ROUND_ROBIN,
    WeightedSampler,
    check_known_languages,
    probabilities,
    size_exponent,
    weights_of_datasets,
)
from pyterrier_hybrid.utils.checks import whole_number


class TooFewGroupsError(ValueError):
    """There are fewer groups than a batch has pairs."""


class StrataSpec(NamedTuple):
    """Which strata a sampler draws from.

    Attributes:
        language_pairs: The pairs (query language, passage language) to draw; each is a stratum.
        named_languages: Languages that the user named; each must be in a language pair of some item.
        one_stratum_per_batch: Whether all pairs of a batch are of one stratum.
        pair_name: What a pair of texts is called in errors, such as ``"monolingual pair"``.
        no_pairs: The error if no item has such a pair.
        weigh_passages: Whether the weight of a pair of languages is the product of both languages' weights, instead of
            the query language's weight.
    """

    language_pairs: LanguagePairs
    named_languages: Sequence[str]
    one_stratum_per_batch: bool
    pair_name: str
    no_pairs: str
    weigh_passages: bool = False


class BatchSource(NamedTuple):
    """The strata that the slots of a batch are drawn from.

    Attributes:
        language_pairs: The languages of each stratum.
        strata: The strata.
        probabilities: The probability of each stratum, float64 [strata].
    """

    language_pairs: LanguagePairs
    strata: Strata
    probabilities: np.ndarray


class StrataPlan(Plan):
    """Batches drawn from strata, each in three steps.

    1. Choose a source: the whole store, or a dataset if every batch is drawn from one dataset.
    2. Choose a stratum, that is a pair of languages: one for the whole batch, or one for each slot.
    3. Draw an item for each slot from its stratum, at most one item of each group (:class:`Strata`).

    Args:
        sources: One source, or one for each dataset if every batch is drawn from one dataset.
        source_probabilities: The probability of each source, float64 [sources]; ``None``: batch t is drawn from source
            t modulo their number.
        one_stratum_per_batch: Whether all slots of a batch are in one stratum.
        batch_size: Number of pairs in every batch.
        seed: Seed of the random draws.
    """

    def __init__(
        self,
        sources: Sequence[BatchSource],
        source_probabilities: np.ndarray | None,
        *,
        one_stratum_per_batch: bool,
        batch_size: int,
        seed: int,
    ) -> None:
        super().__init__(batch_size, seed)
        self._sources, self._one_stratum_per_batch = sources, one_stratum_per_batch
        self._cumulative_of_sources = None if source_probabilities is None else np.cumsum(source_probabilities)
        self._cumulative_of_strata = [np.cumsum(source.probabilities) for source in sources]
        self._languages = tuple(dict.fromkeys(chain.from_iterable(source.language_pairs for source in sources)))
        monolingual = {query == passage for query, passage in self._languages}
        if monolingual == {False}:
            self._kind = "cross"
        elif monolingual == {True} and (one_stratum_per_batch or len(self._languages) == 1):
            self._kind = "mono"
        else:
            self._kind = "mixed"

    @property
    def languages(self) -> LanguagePairs:
        """All pairs (query language, passage language) that batches may contain."""
        return self._languages

    def kind(self, t: int) -> str:
        """Return the kind of the batch of step ``t``, which is the same at every step."""
        whole_number("t", t, least=0)
        return self._kind

    def rows(self, t: int) -> list[Row]:
        """Return the rows of the batch of step ``t``."""
        rng = self._rng(t)
        if len(self._sources) == 1:
            number = 0
        elif self._cumulative_of_sources is None:
            number = t % len(self._sources)
        else:
            number = int(_draw(self._cumulative_of_sources, 1, rng)[0])
        source = self._sources[number]
        drawn = _draw(self._cumulative_of_strata[number], 1 if self._one_stratum_per_batch else self.batch_size, rng)
        items, strata, blocks = source.strata.draw(np.broadcast_to(drawn, self.batch_size), source.probabilities, rng)
        return [
            Row(item, *source.language_pairs[stratum], block)
            for item, stratum, block in zip(items, strata, blocks, strict=True)
        ]


def plan_strata(sampler: WeightedSampler, pairs: PairArrays, spec: StrataSpec, *, batch_size: int, seed: int) -> Plan:
    """Plan batches from the strata that a sampler asks for.

    Args:
        sampler: The weights of languages and datasets.
        pairs: The pair store.
        spec: The strata.
        batch_size: Number of pairs in every batch.
        seed: Seed of the random draws.

    Raises:
        TooFewGroupsError: If a batch needs more groups than there are: in the whole store; in a language if batches
            are monolingual; in a dataset if batches are of one dataset.
        ValueError: If no item has a wanted pair of languages, or a named language or pattern is unknown.
    """
    dataset_weights = weights_of_datasets(pairs.datasets, sampler.dataset_weights)
    strata = _find_strata(pairs, dataset_weights > 0, spec)
    weights = _weights_of_language_pairs(sampler.language_weights, pairs, strata, spec)
    strata = [stratum for stratum in strata if weights[stratum.language_pair] > 0]
    if not strata:
        raise ValueError(f"language_weights={sampler.language_weights!r} leaves no language with a {spec.pair_name}")
    in_turn = sampler.dataset_mixing == ROUND_ROBIN
    dataset_exponent = 1.0 if in_turn else size_exponent(sampler.dataset_mixing)
    language_exponent = (
        0.0 if isinstance(sampler.language_weights, Mapping) else size_exponent(sampler.language_weights)
    )
    block_datasets = np.asarray(pairs.blocks.dataset_ids)
    block_sizes = np.diff(np.asarray(pairs.blocks.starts))
    weighted_block_sizes = block_sizes * dataset_weights[block_datasets]

    def source_of(strata: Sequence[_Stratum]) -> BatchSource:
        return BatchSource(
            tuple(stratum.language_pair for stratum in strata),
            Strata(pairs, [stratum.blocks for stratum in strata], dataset_weights, dataset_exponent),
            probabilities(
                np.array([weighted_block_sizes[stratum.blocks].sum() for stratum in strata]),
                language_exponent,
                np.array([weights[stratum.language_pair] for stratum in strata]),
            ),
        )

    source_probabilities = None
    if sampler.one_dataset_per_batch or in_turn:
        by_dataset = _split_by_dataset(strata, pairs, source_of, spec, batch_size)
        sources = [source_of(strata) for strata in by_dataset.values()]
        if not in_turn:
            blocks = [np.unique(np.concatenate([part.blocks for part in strata])) for strata in by_dataset.values()]
            sizes = np.array([block_sizes[members].sum() for members in blocks])
            source_probabilities = probabilities(sizes, dataset_exponent, dataset_weights[list(by_dataset)])
    else:
        sources = [source_of(strata)]
        _check_groups(sources[0], spec, batch_size)
    return StrataPlan(
        sources,
        source_probabilities,
        one_stratum_per_batch=spec.one_stratum_per_batch,
        batch_size=batch_size,
        seed=seed,
    )


class _Stratum(NamedTuple):
    """The blocks whose items have a query and a passage in a pair of languages."""

    language_pair: tuple[str, str]
    blocks: np.ndarray


def _find_strata(pairs: PairArrays, is_used_dataset: np.ndarray, spec: StrataSpec) -> list[_Stratum]:
    """Find the blocks of every wanted pair of languages that has any."""
    blocks, codes = pairs.blocks, list(pairs.languages)
    is_used = is_used_dataset[np.asarray(blocks.dataset_ids)]
    # The query and the passage of a translation group are the same text where they are in one language.
    is_used_monolingually = is_used & ~np.asarray(blocks.is_translation)
    has_query, has_passage = np.ascontiguousarray(blocks.has_query.T), np.ascontiguousarray(blocks.has_passage.T)
    strata = []
    for query, passage in spec.language_pairs:
        has_pair = has_query[codes.index(query)] & has_passage[codes.index(passage)]
        members = np.flatnonzero(has_pair & (is_used_monolingually if query == passage else is_used))
        if len(members):
            strata.append(_Stratum((query, passage), members))
    if not strata:
        raise ValueError(spec.no_pairs)
    present = sorted({code for stratum in strata for code in stratum.language_pair})
    for language in spec.named_languages:
        if language not in present:
            raise ValueError(
                f"language {language!r} has no {spec.pair_name}; the languages with one are {', '.join(present)}"
            )
    return strata


def _weights_of_language_pairs(
    weights: str | float | Mapping[str, float], pairs: PairArrays, strata: Sequence[_Stratum], spec: StrataSpec
) -> dict[tuple[str, str], float]:
    """Return the weight of every pair of languages, before its size counts."""
    if not isinstance(weights, Mapping):
        return {stratum.language_pair: 1.0 for stratum in strata}
    check_known_languages("language_weights", weights, pairs.languages)
    return {
        (query, passage): float(weights.get(query, 1.0) * (weights.get(passage, 1.0) if spec.weigh_passages else 1.0))
        for (query, passage), _ in strata
    }


def _split_by_dataset(
    strata: Sequence[_Stratum],
    pairs: PairArrays,
    source_of: Callable[[Sequence[_Stratum]], BatchSource],
    spec: StrataSpec,
    batch_size: int,
) -> dict[int, list[_Stratum]]:
    """Return the strata of each dataset from which batches can be drawn, by the number of the dataset."""
    block_datasets = np.asarray(pairs.blocks.dataset_ids)
    by_dataset, too_small = {}, []
    for number, name in enumerate(pairs.datasets):
        in_dataset = [_Stratum(pair, blocks[block_datasets[blocks] == number]) for pair, blocks in strata]
        in_dataset = [stratum for stratum in in_dataset if len(stratum.blocks)]
        if not in_dataset:
            continue
        large_enough = _large_strata(source_of(in_dataset), spec, batch_size)
        if large_enough:
            by_dataset[number] = [in_dataset[stratum] for stratum in large_enough]
        else:
            too_small.append(name)
    if too_small:
        raise TooFewGroupsError(
            f"fewer than batch_size={batch_size} groups{' of one language' if spec.one_stratum_per_batch else ''} with "
            f"a {spec.pair_name} are in the datasets {', '.join(too_small)}, and every batch is of one dataset: pass a "
            "smaller batch_size, or dataset_weights= with a weight of 0 for these"
        )
    remaining = {stratum.language_pair for strata in by_dataset.values() for stratum in strata}
    lost = [stratum.language_pair for stratum in strata if stratum.language_pair not in remaining]
    if lost:
        languages = ", ".join(repr(query) for query, _ in lost)
        raise TooFewGroupsError(
            f"language {languages} has in no dataset batch_size={batch_size} groups with a {spec.pair_name}: pass a "
            f"smaller batch_size, one_dataset_per_batch=False, or {_languages_option(query for query, _ in remaining)}"
        )
    return by_dataset


def _check_groups(source: BatchSource, spec: StrataSpec, batch_size: int) -> None:
    """Check that every batch finds enough groups."""
    numbers = range(len(source.language_pairs))
    if not spec.one_stratum_per_batch:
        total = source.strata.count_groups(numbers, batch_size)
        if total < batch_size:
            raise TooFewGroupsError(
                f"{total:,} groups have a {spec.pair_name}, fewer than batch_size={batch_size}: pass a smaller "
                "batch_size or more pairs"
            )
        return
    counts = {
        language: source.strata.count_groups([number], batch_size)
        for number, (language, _) in enumerate(source.language_pairs)
    }
    too_few = {language: count for language, count in counts.items() if count < batch_size}
    if too_few:
        listed = ", ".join(f"{language!r} ({count:,})" for language, count in too_few.items())
        others = [language for language in counts if language not in too_few]
        raise TooFewGroupsError(
            f"the groups with a {spec.pair_name} are fewer than batch_size={batch_size} in {listed}: pass a smaller "
            f"batch_size, or {_languages_option(others) if others else 'more pairs'}"
        )


def _large_strata(source: BatchSource, spec: StrataSpec, batch_size: int) -> Sequence[int]:
    """Return the strata of a dataset that batches can be drawn from."""
    numbers = range(len(source.language_pairs))
    if spec.one_stratum_per_batch:
        return [number for number in numbers if source.strata.count_groups([number], batch_size) == batch_size]
    return numbers if source.strata.count_groups(numbers, batch_size) == batch_size else []


def _languages_option(languages: Iterable[str]) -> str:
    codes = sorted(set(languages))
    return f"languages={codes!r} (in a recipe, languages: [{', '.join(codes)}] of the sampler)"


def _draw(cumulative: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw ``count`` numbers by the cumulative sums of their probabilities."""
    return np.minimum(
        np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right"), len(cumulative) - 1
    )
