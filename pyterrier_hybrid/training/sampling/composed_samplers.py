"""The samplers that are made of others: Hybrid, batches grouped by length, several right passages."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field, fields
from typing import ClassVar, Protocol

from pyterrier_hybrid.training.sampling.binding import (
    TooFewGroupsError,
    checked_numbers,
    freeze_languages,
    freeze_mixing,
)
from pyterrier_hybrid.training.sampling.config import Configured
from pyterrier_hybrid.training.sampling.curriculum import alpha_from, check_alpha
from pyterrier_hybrid.training.sampling.plans import HybridPlan, LengthGroupedPlan, MultiPositivePlan, Plan
from pyterrier_hybrid.training.sampling.strata import PairArrays
from pyterrier_hybrid.training.sampling.strata_samplers import CrossSampler, LanguageWeights, MonoSampler
from pyterrier_hybrid.utils.checks import whole_number


class Sampler(Protocol):
    """Anything with a name and a plan: what the trainer takes."""

    name: ClassVar[str]

    def plan(self, pairs: PairArrays, *, batch_size: int = 100, seed: int = 0) -> Plan:
        """Bind the sampler to a pair store."""
        ...


@dataclass(frozen=True, repr=False)
class HybridSampler(Configured):
    """Hybrid(alpha): each batch is X-X-mono with probability ``alpha``, else X-Y (arXiv 2408.10536, section 3).

    The choice has its own random numbers: a monolingual batch of step t is the one that the monolingual sampler itself
    would give at that step, a cross-lingual one likewise. Any two samplers can take their places.

    Args:
        alpha: Share of monolingual batches, 0 to 1; or a function of the step that gives it, such as
            :class:`LinearAlpha`: a curriculum. The paper found 0.5 best, and 0.4 to 0.6 alike.
        mono: The sampler of the monolingual batches; by default a :class:`MonoSampler`. With alpha 0 it is not used.
        cross: The sampler of the other batches; by default a :class:`CrossSampler`. With alpha 1 it is not used.
        languages: Languages of those samplers that are not given.
        language_weights: Weights of languages of those samplers that are not given, as in :class:`MonoSampler`.
        dataset_weights: Weights of datasets of those samplers that are not given.
        dataset_mixing: How those samplers that are not given draw datasets, as in :class:`MonoSampler`.
        one_dataset_per_batch: Whether those samplers that are not given draw a batch from one dataset.

    Raises:
        TypeError: If a setting is of a wrong type.
        ValueError: If alpha is outside 0 to 1, or if both samplers are given and also settings for samplers that are
            not.

    Example:
        >>> HybridSampler(0.4, cross=CrossSampler(dataset_weights={"xnli": 0})).alpha
        0.4
        >>> from pyterrier_hybrid.training import LinearAlpha
        >>> HybridSampler(LinearAlpha(1.0, 0.5, steps=1000)).alpha(500)
        0.75
    """

    name: ClassVar[str] = "Hybrid"
    config_name: ClassVar[str] = "hybrid"

    alpha: float | Callable[[int], float] = 0.5
    _: KW_ONLY
    mono: Sampler | None = None
    cross: Sampler | None = None
    languages: tuple[str, ...] | None = None
    language_weights: LanguageWeights = field(default="uniform", hash=False)
    dataset_weights: Mapping[str, float] | None = field(default=None, hash=False)
    dataset_mixing: str | float = "proportional"
    one_dataset_per_batch: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.alpha, Mapping):
            object.__setattr__(self, "alpha", alpha_from(self.alpha))
        if not callable(self.alpha):
            check_alpha("alpha", self.alpha)
        for place in ("mono", "cross"):
            if getattr(self, place) is not None:
                check_sampler(place, getattr(self, place))
        freeze_languages(self, "languages")
        freeze_mixing(self)
        if self.mono is not None and self.cross is not None:
            for parameter in fields(MonoSampler):
                if (value := getattr(self, parameter.name)) != parameter.default:
                    raise ValueError(
                        f"{parameter.name}={value!r} has no effect as both mono= and cross= are given: "
                        f"pass {parameter.name} to these samplers"
                    )

    def plan(self, pairs: PairArrays, *, batch_size: int = 100, seed: int = 0) -> Plan:
        """Bind the sampler to a pair store.

        Args:
            pairs: A :class:`~pyterrier_hybrid.parallel.ParallelPairs`.
            batch_size: Pairs in every batch.
            seed: Not negative.

        Returns:
            The plan; ``kind(t)`` is that of the sampler that step t has.

        Raises:
            ValueError: As the plans of the two samplers do; one that a constant alpha leaves out is not planned. If
                alpha is a function, ``batch(t)`` raises it where alpha is outside 0 to 1.
        """
        numbers = checked_numbers(batch_size, seed)
        rest = {parameter.name: getattr(self, parameter.name) for parameter in fields(MonoSampler)}
        mono, cross = self.mono or MonoSampler(**rest), self.cross or CrossSampler(**rest)
        varies = callable(self.alpha)
        return HybridPlan(
            self.alpha,
            mono.plan(pairs, **numbers) if varies or self.alpha > 0 else None,
            cross.plan(pairs, **numbers) if varies or self.alpha < 1 else None,
            **numbers,
        )


@dataclass(frozen=True, repr=False)
class LengthGroupedSampler(Configured):
    """Batches of texts of similar length, so that little is computed on padding.

    At every step ``pool`` times as many pairs as a batch has are drawn by another sampler, sorted by the characters of
    query and passage, and cut into ``pool`` parts of a batch each, one of which is taken at random. Every pair is so as
    likely as with that sampler, and the languages of a batch are of its kind. (Sorting inside one pool, as the
    ``group_by_length`` of transformers does over mega-batches, but without a state.)

    The negatives of a batch get harder to tell apart by length, which is a change of the training, not only of its
    speed. The texts of ``pool`` batches are looked up for each.

    Args:
        sampler: The sampler that draws; by default a :class:`HybridSampler`.
        pool: How many batches are drawn to make one, at least 2.

    Raises:
        TypeError: If ``sampler`` is none.
        ValueError: If ``pool`` is below 2.

    Example:
        >>> from pyterrier_hybrid.parallel import ParallelPairs
        >>> pairs = ParallelPairs.from_irds("atlas/train")
        >>> plan = LengthGroupedSampler(MonoSampler(languages=["en"]), pool=4).plan(pairs, batch_size=8)
        >>> lengths = [len(pairs.query(n, "en")) + len(pairs.passage(n, "en")) for n, _, _ in plan.batch(0)]
        >>> max(lengths) - min(lengths) < 30
        True
    """

    name: ClassVar[str] = "Length-grouped"
    config_name: ClassVar[str] = "length-grouped"

    sampler: Sampler = HybridSampler()
    _: KW_ONLY
    pool: int = 8

    def __post_init__(self) -> None:
        check_sampler("sampler", self.sampler)
        whole_number("pool", self.pool, least=2)

    def plan(self, pairs: PairArrays, *, batch_size: int = 100, seed: int = 0) -> Plan:
        """Bind the sampler to a pair store.

        Args:
            pairs: A :class:`~pyterrier_hybrid.parallel.ParallelPairs`.
            batch_size: Pairs in every batch.
            seed: Not negative.

        Returns:
            The plan; ``kind(t)`` is that of the other sampler.

        Raises:
            ValueError: As the plan of the other sampler does for ``pool * batch_size`` pairs; or if that sampler gives
                items several rows, which would be torn apart: put this one inside :class:`MultiPositiveSampler`.
        """
        numbers = checked_numbers(batch_size, seed)
        size = self.pool * numbers["batch_size"]
        try:
            inner = self.sampler.plan(pairs, batch_size=size, seed=numbers["seed"])
        except TooFewGroupsError as error:
            raise TooFewGroupsError(
                f"{error} (LengthGroupedSampler draws pool={self.pool} batches of batch_size={batch_size} at once: "
                "a smaller pool needs fewer)"
            ) from None
        _check_single(self, inner)
        return LengthGroupedPlan(inner, pairs, self.pool, **numbers)


@dataclass(frozen=True, repr=False)
class MultiPositiveSampler(Configured):
    """Every query with several right passages: translations of one passage in the same batch.

    Another sampler draws the pairs. Each is followed by rows of the same query with its passage in other languages, in
    random order, until the item has ``positives`` rows or no more translations; the next pair follows, and so on until
    the batch has its rows. Items with few languages simply leave room for more items, and the last one may be cut
    short. So no two different items are of one group, and the loss asks that no language comes first: it is the mean
    over the right passages, each against all that are wrong (multi-positive contrastive learning, arXiv 2004.11362;
    there the other right ones stay in the denominator, here they are left out).

    Passages come in the languages in which the other sampler draws passages, the query's own among them. Those of
    translation groups never are in the query's language, where they would be the query itself.

    Args:
        sampler: The sampler that draws; by default a :class:`CrossSampler`.
        positives: The most rows of an item, at least 1; by default as many as its passage has languages.

    Raises:
        TypeError: If ``sampler`` is none.
        ValueError: If ``positives`` is below 1.

    Example:
        >>> from pyterrier_hybrid.parallel import ParallelPairs
        >>> pairs = ParallelPairs.from_irds("atlas/train")
        >>> plan = MultiPositiveSampler(CrossSampler(languages=["de", "el", "en"])).plan(pairs, batch_size=7)
        >>> batch = plan.batch(0)
        >>> len(batch), len({item for item, _, _ in batch})
        (7, 3)
        >>> len({query for _, query, _ in batch[:3]}), sorted(passage for _, _, passage in batch[:3])
        (1, ['de', 'el', 'en'])
    """

    name: ClassVar[str] = "Multi-positive"
    config_name: ClassVar[str] = "multi-positive"

    sampler: Sampler = CrossSampler()
    _: KW_ONLY
    positives: int | None = None

    def __post_init__(self) -> None:
        check_sampler("sampler", self.sampler)
        if self.positives is not None:
            whole_number("positives", self.positives)

    def plan(self, pairs: PairArrays, *, batch_size: int = 100, seed: int = 0) -> Plan:
        """Bind the sampler to a pair store.

        Args:
            pairs: A :class:`~pyterrier_hybrid.parallel.ParallelPairs`.
            batch_size: Rows in every batch, of fewer items.
            seed: Not negative.

        Returns:
            The plan; its batches are of kind ``"mixed"``, unless every item has one row.

        Raises:
            ValueError: As the plan of the other sampler does; or if that one gives items several rows already.
        """
        numbers = checked_numbers(batch_size, seed)
        inner = self.sampler.plan(pairs, **numbers)
        _check_single(self, inner)
        return MultiPositivePlan(inner, pairs, self.positives, **numbers)


def check_sampler(field: str, sampler: object) -> None:
    """Refuse what is not a sampler."""
    if isinstance(sampler, type) or not callable(getattr(sampler, "plan", None)):
        raise TypeError(f"{field}={sampler!r} is no sampler: pass one, such as MonoSampler()")


def _check_single(sampler: LengthGroupedSampler | MultiPositiveSampler, inner: Plan) -> None:
    if inner.repeats_items:
        raise ValueError(
            f"{sampler!r} takes a sampler that draws an item once per batch: put MultiPositiveSampler outermost"
        )
