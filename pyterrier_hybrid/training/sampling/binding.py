"""From the settings of a sampler and the blocks of a pair store to a plan."""

from collections.abc import Iterable, Mapping, Sequence
from operator import index
from typing import NamedTuple, Protocol

import numpy as np

from pyterrier_hybrid.training.sampling.plans import Languages, Part, StrataPlan
from pyterrier_hybrid.training.sampling.strata import PairArrays, Strata
from pyterrier_hybrid.training.sampling.weights import (
    checked_weighting,
    checked_weights,
    exponent,
    item_weights,
    shares,
)

ROUND_ROBIN = "round-robin"


class TooFewGroupsError(ValueError):
    """There are fewer groups than a batch has pairs."""


class Mixed(Protocol):
    """The settings that all samplers over strata have."""

    language_weights: str | float | Mapping[str, float]
    dataset_weights: Mapping[str, float] | None
    dataset_mixing: str | float
    one_dataset_per_batch: bool


class Wanted(NamedTuple):
    """What a sampler asks of the store.

    Attributes:
        languages: The pairs (query language, passage language) to draw.
        named: Languages that the user named: each must be in some pair that exists.
        together: Whether all pairs of a batch have the same languages.
        weighed: The positions in a pair whose languages' weights make its share: its query's, or both.
        what: What such a pair of texts is called.
        missing: The message if there is none.
    """

    languages: Languages
    named: Sequence[str]
    together: bool
    weighed: tuple[int, ...]
    what: str
    missing: str


class _Stratum(NamedTuple):
    languages: tuple[str, str]
    members: np.ndarray


def bind(sampler: Mixed, pairs: PairArrays, wanted: Wanted, *, batch_size: int, seed: int) -> StrataPlan:
    """Plan batches of the wanted pairs of languages."""
    weights = item_weights(pairs.datasets, sampler.dataset_weights)
    strata = _strata(pairs, weights > 0, wanted)
    factors = _factors(sampler.language_weights, pairs, strata, wanted)
    strata = [stratum for stratum in strata if factors[stratum.languages] > 0]
    if not strata:
        raise ValueError(f"language_weights={sampler.language_weights!r} leaves no language with a {wanted.what}")
    datasets = np.asarray(pairs.blocks.dataset_ids)
    sizes = np.diff(np.asarray(pairs.blocks.starts))
    masses = sizes * weights[datasets]
    in_turn = sampler.dataset_mixing == ROUND_ROBIN
    mixing = 1.0 if in_turn else exponent(sampler.dataset_mixing)
    power = 0.0 if isinstance(sampler.language_weights, Mapping) else exponent(sampler.language_weights)

    def part(strata: Sequence[_Stratum]) -> Part:
        return Part(
            tuple(stratum.languages for stratum in strata),
            Strata(pairs, [stratum.members for stratum in strata], weights, mixing),
            shares(
                np.array([masses[stratum.members].sum() for stratum in strata]),
                power,
                np.array([factors[stratum.languages] for stratum in strata]),
            ),
        )

    plan = {"together": wanted.together, "batch_size": batch_size, "seed": seed}
    if not sampler.one_dataset_per_batch and not in_turn:
        whole = part(strata)
        _check_groups(whole, wanted, batch_size)
        return StrataPlan([whole], np.ones(1), **plan)
    parts, totals, numbers, small = [], [], [], []
    for number, name in enumerate(pairs.datasets):
        own = [_Stratum(languages, members[datasets[members] == number]) for languages, members in strata]
        own = [stratum for stratum in own if len(stratum.members)]
        if not own:
            continue
        own = [own[place] for place in _large_enough(part(own), wanted, batch_size)]
        if not own:
            small.append(name)
            continue
        parts.append(part(own))
        totals.append(sizes[np.unique(np.concatenate([stratum.members for stratum in own]))].sum())
        numbers.append(number)
    if small:
        raise TooFewGroupsError(
            f"fewer than batch_size={batch_size} groups{' of one language' if wanted.together else ''} with a "
            f"{wanted.what} are in the datasets {', '.join(small)}, and a batch is of one dataset: pass a smaller "
            "batch_size, or dataset_weights= with a weight of 0 for these"
        )
    kept = {languages for part in parts for languages in part.languages}
    left = [languages for languages, _ in strata if languages not in kept]
    if left:
        few = ", ".join(repr(language) for language, _ in left)
        raise TooFewGroupsError(
            f"language {few} has in no dataset batch_size={batch_size} groups with a {wanted.what}: pass a smaller "
            f"batch_size, one_dataset_per_batch=False, or {_only(dict(kept))}"
        )
    return StrataPlan(parts, None if in_turn else shares(np.array(totals), mixing, weights[numbers]), **plan)


def _strata(pairs: PairArrays, wanted_datasets: np.ndarray, wanted: Wanted) -> list[_Stratum]:
    """The blocks of every wanted pair of languages that has one."""
    blocks, codes = pairs.blocks, list(pairs.languages)
    usable = wanted_datasets[np.asarray(blocks.dataset_ids)]
    # A translation group's query and passage in one language are the same text.
    monolingual = usable & ~np.asarray(blocks.is_translation)
    queries, passages = np.ascontiguousarray(blocks.has_query.T), np.ascontiguousarray(blocks.has_passage.T)
    strata = []
    for query, passage in wanted.languages:
        able = monolingual if query == passage else usable
        members = np.flatnonzero(able & queries[codes.index(query)] & passages[codes.index(passage)])
        if len(members):
            strata.append(_Stratum((query, passage), members))
    if not strata:
        raise ValueError(wanted.missing)
    present = sorted({code for stratum in strata for code in stratum.languages})
    for language in wanted.named:
        if language not in present:
            raise ValueError(f"language {language!r} has no {wanted.what}; those with one are {', '.join(present)}")
    return strata


def _factors(
    weights: str | float | Mapping[str, float], pairs: PairArrays, strata: Sequence[_Stratum], wanted: Wanted
) -> dict[tuple[str, str], float]:
    """What the share of every pair of languages is multiplied by."""
    if not isinstance(weights, Mapping):
        return {stratum.languages: 1.0 for stratum in strata}
    known_languages("language_weights", weights, pairs.languages)
    return {
        stratum.languages: float(np.prod([weights.get(stratum.languages[place], 1.0) for place in wanted.weighed]))
        for stratum in strata
    }


def _check_groups(part: Part, wanted: Wanted, batch_size: int) -> None:
    if not wanted.together:
        groups = part.strata.count_groups(range(len(part.languages)), batch_size)
        if groups < batch_size:
            raise TooFewGroupsError(
                f"{groups:,} groups have a {wanted.what}, fewer than batch_size={batch_size}: "
                "pass a smaller batch_size or more pairs"
            )
        return
    groups = [part.strata.count_groups([number], batch_size) for number in range(len(part.languages))]
    few = {language: count for (language, _), count in zip(part.languages, groups, strict=True) if count < batch_size}
    if few:
        counts = ", ".join(f"{language!r} ({count:,})" for language, count in few.items())
        others = [language for language, _ in part.languages if language not in few]
        raise TooFewGroupsError(
            f"the groups with a {wanted.what} are fewer than batch_size={batch_size} in {counts}: pass a smaller "
            f"batch_size{', or ' + _only(others) if others else ' or more pairs'}"
        )


def _only(languages: Iterable[str]) -> str:
    codes = sorted(languages)
    return f"languages={codes!r} (in a recipe, languages: [{', '.join(codes)}] of the sampler)"


def _large_enough(part: Part, wanted: Wanted, batch_size: int) -> Sequence[int]:
    """The numbers of the strata of a dataset that can fill a batch."""
    numbers = range(len(part.languages))
    if wanted.together:
        return [number for number in numbers if part.strata.count_groups([number], batch_size) == batch_size]
    return numbers if part.strata.count_groups(numbers, batch_size) == batch_size else []


def known_languages(field: str, languages: Iterable[str], codes: Sequence[str]) -> None:
    """Refuse languages that the store does not have."""
    for language in languages:
        if language not in codes:
            raise ValueError(f"{field}= names {language!r}, but the pairs have only {', '.join(codes)}")


def checked_numbers(batch_size: int, seed: int) -> dict[str, int]:
    """Return the batch size and the seed as ints, or refuse them."""
    batch_size, seed = index(batch_size), index(seed)
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size} must be at least 1")
    if seed < 0:
        raise ValueError(f"seed={seed} must not be negative")
    return {"batch_size": batch_size, "seed": seed}


def freeze_languages(sampler: object, field: str) -> None:
    """Check a list of languages and store it as a tuple."""
    languages = getattr(sampler, field)
    if isinstance(languages, str):
        raise TypeError(f"{field}={languages!r} is a string: pass a list of codes, such as [{languages!r}]")
    if languages is not None:
        languages = tuple(languages)
        if not languages or len(set(languages)) < len(languages):
            raise ValueError(f"{field}={list(languages)} is empty or names a language twice")
        object.__setattr__(sampler, field, languages)


def freeze_mixing(sampler: Mixed) -> None:
    """Check the settings of languages and datasets and store them as values that the caller cannot change later."""
    languages, datasets, mixing = sampler.language_weights, sampler.dataset_weights, sampler.dataset_mixing
    if isinstance(languages, Mapping):
        languages = checked_weights("language_weights", languages)
    else:
        languages = checked_weighting("language_weights", languages)
    mixing = checked_weighting("dataset_mixing", mixing, ROUND_ROBIN)
    if datasets is not None:
        datasets = checked_weights("dataset_weights", datasets)
        uneven = {pattern: weight for pattern, weight in datasets.items() if weight not in (0, 1)}
        if mixing == ROUND_ROBIN and uneven:
            raise ValueError(
                f"dataset_weights={uneven} has no effect as datasets take turns (dataset_mixing={ROUND_ROBIN!r}): "
                "use weights of 0 to leave datasets out"
            )
    if not isinstance(sampler.one_dataset_per_batch, bool):
        raise TypeError(f"one_dataset_per_batch={sampler.one_dataset_per_batch!r} must be True or False")
    for field, value in [("language_weights", languages), ("dataset_weights", datasets), ("dataset_mixing", mixing)]:
        object.__setattr__(sampler, field, value)
