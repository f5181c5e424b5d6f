"""Which texts meet in a batch: the batch samplers of hybrid batch training, as pure plans without text.

A sampler is a description; ``sampler.plan(pairs, batch_size=100, seed=0)`` binds it to the items of a pair store, and
``plan.batch(t)`` is then a function of its arguments alone: any batch can be made at any time, in any order, in any
process. Exact resume at any step and equal global batches in one or several processes follow from that.

The batches are those of hybrid batch training (arXiv 2408.10536, section 3), whose two ingredients come from LAReQA
(arXiv 2004.05484, section 4): X-X-mono, all pairs of a batch in one language, and X-Y, every pair in two languages.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from fnmatch import fnmatchcase
from operator import index
from typing import ClassVar, Protocol

import numpy as np

from pyterrier_hybrid.training._plans import HybridPlan, Plan, StrataPlan
from pyterrier_hybrid.training._strata import Blocks, PairArrays, Strata

__all__ = ["CrossSampler", "HybridSampler", "MonoSampler", "PairArrays", "Plan", "Sampler"]


class Sampler(Protocol):
    """Anything with a name and a plan: what the trainer takes."""

    name: ClassVar[str]

    def plan(self, pairs: PairArrays, *, batch_size: int = 100, seed: int = 0) -> Plan:
        """Bind the sampler to a pair store."""
        ...


@dataclass(frozen=True, kw_only=True)
class MonoSampler:
    """X-X-mono: each batch is in one language, drawn uniformly; queries and passages alike.

    This is the X-X-mono of LAReQA (arXiv 2004.05484), the monolingual batches of arXiv 2408.10536 ("X-X" in its
    Table 1). Translation groups, whose query and passage would be the same text, are never drawn.

    Args:
        languages: The languages to draw from; by default all that have a monolingual pair.
        dataset_weights: Relative weight of an item by its dataset, as ``{pattern: weight}``: the first matching
            :mod:`fnmatch` pattern counts, other datasets weigh 1, and 0 leaves a dataset out.

    Example:
        >>> from pyterrier_hybrid.parallel import Item, ParallelPairs
        >>> pairs = ParallelPairs(Item(n, None, "toy", {"en": f"question {n}"}, {"en": f"answer {n}"}) for n in "abc")
        >>> plan = MonoSampler().plan(pairs, batch_size=3)
        >>> sorted(plan.batch(0))
        [(0, 'en', 'en'), (1, 'en', 'en'), (2, 'en', 'en')]
    """

    name: ClassVar[str] = "X-X-mono"

    languages: tuple[str, ...] | None = None
    dataset_weights: Mapping[str, float] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        _freeze(self)

    def plan(self, pairs: PairArrays, *, batch_size: int = 100, seed: int = 0) -> Plan:
        """Bind the sampler to a pair store.

        Args:
            pairs: A :class:`~pyterrier_hybrid.parallel.ParallelPairs`.
            batch_size: Pairs in every batch.
            seed: Not negative.

        Returns:
            The plan; every batch is of kind ``"mono"``.

        Raises:
            ValueError: If a language is unknown or has fewer groups with a monolingual pair than a batch needs, or if a
                pattern of ``dataset_weights`` matches no dataset.
        """
        batch_size, seed = _checked(batch_size, seed)
        blocks = Blocks(pairs, _item_weights(pairs, self.dataset_weights))
        eligible = (blocks.has_query & blocks.has_passage & ~blocks.is_translation[:, None]).T
        present = [language for language, row in zip(pairs.languages, eligible, strict=True) if row.any()]
        if not present:
            raise ValueError(
                "no item of non-zero weight has a query and a passage in one language: "
                "add question-passage rows, or use CrossSampler, which needs none"
            )
        chosen = _chosen_languages(self.languages, present, "monolingual pair")
        rows = [list(pairs.languages).index(language) for language in chosen]
        strata = Strata(blocks, eligible[rows])
        for row, language in enumerate(chosen):
            groups = strata.count_groups([row])
            if groups < batch_size:
                raise ValueError(
                    f"language {language!r} has {groups:,} groups with a monolingual pair, fewer than "
                    f"batch_size={batch_size}: pass a smaller batch_size, or languages= without it"
                )
        return StrataPlan("mono", [(language, language) for language in chosen], strata, batch_size, seed)


@dataclass(frozen=True, kw_only=True)
class CrossSampler:
    """X-Y: in every pair the query's language differs from the passage's, and both vary inside the batch.

    Each pair's languages are uniform over the ordered pairs of languages for which there are items, and its item is
    then uniform (or by weight) among those that have both texts (LAReQA, arXiv 2004.05484; arXiv 2408.10536). A
    language pair whose groups are all in the batch already makes room for the others.

    Args:
        languages: The languages to draw from; by default all that have a cross-lingual pair.
        dataset_weights: Relative weight of an item by its dataset, as ``{pattern: weight}``: the first matching
            :mod:`fnmatch` pattern counts, other datasets weigh 1, and 0 leaves a dataset out.

    Example:
        >>> CrossSampler(languages=["de", "en"], dataset_weights={"tatoeba*": 0.5})
        CrossSampler(languages=('de', 'en'), dataset_weights={'tatoeba*': 0.5})
    """

    name: ClassVar[str] = "X-Y"

    languages: tuple[str, ...] | None = None
    dataset_weights: Mapping[str, float] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        _freeze(self)

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
                batch needs, or if a pattern of ``dataset_weights`` matches no dataset.
        """
        batch_size, seed = _checked(batch_size, seed)
        blocks = Blocks(pairs, _item_weights(pairs, self.dataset_weights))
        codes = list(pairs.languages)
        wanted = codes if self.languages is None else _known_languages(self.languages, codes)
        columns = [codes.index(language) for language in wanted]
        ordered, rows = [], []
        for x in columns:
            for y in columns:
                row = blocks.has_query[:, x] & blocks.has_passage[:, y]
                if x != y and row.any():
                    ordered.append((codes[x], codes[y]))
                    rows.append(row)
        if not ordered:
            raise ValueError(
                "no item of non-zero weight has a query and a passage in two different languages "
                f"({', '.join(wanted) or 'there is none'}): add parallel rows, or use MonoSampler, which needs none"
            )
        if self.languages is not None:
            _chosen_languages(self.languages, sorted({x for pair in ordered for x in pair}), "cross-lingual pair")
        strata = Strata(blocks, np.array(rows))
        groups = strata.count_groups(range(len(rows)))
        if groups < batch_size:
            raise ValueError(
                f"{groups:,} groups have a cross-lingual pair, fewer than batch_size={batch_size}: "
                "pass a smaller batch_size or more pairs"
            )
        return StrataPlan("cross", ordered, strata, batch_size, seed)


@dataclass(frozen=True)
class HybridSampler:
    """Hybrid(alpha): each batch is X-X-mono with probability ``alpha``, else X-Y (arXiv 2408.10536, section 3).

    The choice has its own random numbers: a monolingual batch of step t is the one that the monolingual sampler itself
    would give at that step, a cross-lingual one likewise.

    Args:
        alpha: Share of monolingual batches, 0 to 1. The paper found 0.5 best, and 0.4 to 0.6 alike.
        mono: The sampler of the monolingual batches; by default a :class:`MonoSampler`. With alpha 0 it is not used.
        cross: The sampler of the other batches; by default a :class:`CrossSampler`. With alpha 1 it is not used.
        languages: Languages of those samplers that are not given.
        dataset_weights: Weights of those samplers that are not given.

    Raises:
        ValueError: If alpha is outside 0 to 1, or if both samplers are given and also ``languages`` or
            ``dataset_weights``.

    Example:
        >>> HybridSampler(0.4, cross=CrossSampler(dataset_weights={"xnli": 0})).alpha
        0.4
    """

    name: ClassVar[str] = "Hybrid"

    alpha: float = 0.5
    _: KW_ONLY
    mono: Sampler | None = None
    cross: Sampler | None = None
    languages: tuple[str, ...] | None = None
    dataset_weights: Mapping[str, float] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        if not 0 <= self.alpha <= 1:
            raise ValueError(f"alpha={self.alpha!r} is outside 0 to 1: it is the share of monolingual batches")
        if self.mono is not None and self.cross is not None:
            for parameter in ("languages", "dataset_weights"):
                if getattr(self, parameter) is not None:
                    raise ValueError(
                        f"{parameter}={getattr(self, parameter)!r} has no effect as both mono= and cross= are given: "
                        f"pass {parameter} to these samplers"
                    )
        _freeze(self)

    def plan(self, pairs: PairArrays, *, batch_size: int = 100, seed: int = 0) -> Plan:
        """Bind the sampler to a pair store.

        Args:
            pairs: A :class:`~pyterrier_hybrid.parallel.ParallelPairs`.
            batch_size: Pairs in every batch.
            seed: Not negative.

        Returns:
            The plan; ``kind(t)`` tells which batches are monolingual.

        Raises:
            ValueError: As the plans of the two samplers do; one that alpha leaves out is not planned.
        """
        batch_size, seed = _checked(batch_size, seed)
        rest = {"languages": self.languages, "dataset_weights": self.dataset_weights}
        mono, cross = self.mono or MonoSampler(**rest), self.cross or CrossSampler(**rest)
        return HybridPlan(
            self.alpha,
            mono.plan(pairs, batch_size=batch_size, seed=seed) if self.alpha > 0 else None,
            cross.plan(pairs, batch_size=batch_size, seed=seed) if self.alpha < 1 else None,
            batch_size,
            seed,
        )


def _freeze(sampler: MonoSampler | CrossSampler | HybridSampler) -> None:
    """Check the common parameters and store them as values that the caller cannot change later."""
    languages, weights = sampler.languages, sampler.dataset_weights
    if isinstance(languages, str):
        raise TypeError(f"languages={languages!r} is a string: pass a list of codes, such as [{languages!r}]")
    if languages is not None:
        languages = tuple(languages)
        if not languages or len(set(languages)) < len(languages):
            raise ValueError(f"languages={list(languages)} is empty or names a language twice")
        object.__setattr__(sampler, "languages", languages)
    if weights is not None:
        for pattern, weight in weights.items():
            if not 0 <= weight < float("inf"):
                raise ValueError(f"dataset_weights[{pattern!r}]={weight!r} must be 0 or a positive finite number")
        object.__setattr__(sampler, "dataset_weights", dict(weights))


def _checked(batch_size: int, seed: int) -> tuple[int, int]:
    batch_size, seed = index(batch_size), index(seed)
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size} must be at least 1")
    if seed < 0:
        raise ValueError(f"seed={seed} must not be negative")
    return batch_size, seed


def _known_languages(languages: Iterable[str], codes: Sequence[str]) -> list[str]:
    for language in languages:
        if language not in codes:
            raise ValueError(f"languages= names {language!r}, but the pairs have only {', '.join(codes)}")
    return list(languages)


def _chosen_languages(languages: Sequence[str] | None, present: list[str], what: str) -> list[str]:
    for language in languages or ():
        if language not in present:
            raise ValueError(f"language {language!r} has no {what}; those with one are {', '.join(present)}")
    return list(languages or present)


def _item_weights(pairs: PairArrays, dataset_weights: Mapping[str, float] | None) -> np.ndarray:
    """Return the relative weight of every item, float64 [n]."""
    weights = np.ones(len(pairs.datasets))
    patterns = dataset_weights or {}
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in pairs.datasets):
            raise ValueError(f"dataset_weights has {pattern!r}, which matches none of {', '.join(pairs.datasets)}")
    for number, name in enumerate(pairs.datasets):
        weights[number] = next((patterns[pattern] for pattern in patterns if fnmatchcase(name, pattern)), 1.0)
    return weights[pairs.dataset_ids]
