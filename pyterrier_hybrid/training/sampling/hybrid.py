"""Hybrid batch sampling: each batch is drawn by one of two samplers, monolingual or cross-lingual."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, fields
from itertools import chain
from typing import Any, ClassVar

from pyterrier_hybrid.training.sampling.config import is_number
from pyterrier_hybrid.training.sampling.curriculum import alpha_from, check_alpha
from pyterrier_hybrid.training.sampling.plans import (
    LanguagePairs,
    PairArrays,
    Plan,
    Row,
    Sampler,
    check_plan_options,
    check_sampler,
)
from pyterrier_hybrid.training.sampling.samplers import CrossSampler, MonoSampler
from pyterrier_hybrid.training.sampling.weights import WeightedSampler
from pyterrier_hybrid.utils.checks import whole_number


@dataclass(frozen=True, repr=False)
class HybridSampler(WeightedSampler):
    """Hybrid(alpha): each batch is X-X-mono with probability ``alpha``, else X-Y (arXiv 2408.10536, section 3).

    The choice uses separate random numbers: if the batch of step t is monolingual, it is the one that the monolingual
    sampler alone would draw at that step, and likewise if it is cross-lingual. Any two samplers can be used instead of
    these two. Languages and weights apply to the default samplers only; set those of a sampler that you pass on it.

    Args:
        alpha: Probability of a monolingual batch, from 0 to 1; or a function from the step to this probability, such as
            :class:`LinearAlpha`: a curriculum. The paper found 0.5 best, and 0.4 to 0.6 about as good.
        mono: The sampler of the monolingual batches; by default a :class:`MonoSampler`. Not used if alpha is 0.
        cross: The sampler of the other batches; by default a :class:`CrossSampler`. Not used if alpha is 1.
        languages: The languages to draw from; by default all that have such a pair.

    Raises:
        TypeError: If a setting has a wrong type.
        ValueError: If alpha is outside 0 to 1, or if both samplers are passed together with settings of the default
            samplers.

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

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        if isinstance(self.alpha, Mapping):
            object.__setattr__(self, "alpha", alpha_from(self.alpha))
        if not callable(self.alpha):
            check_alpha("alpha", self.alpha)
        if self.mono is not None:
            check_sampler("mono", self.mono)
        if self.cross is not None:
            check_sampler("cross", self.cross)
        if self.mono is not None and self.cross is not None:
            for setting in fields(MonoSampler):
                if (value := getattr(self, setting.name)) != setting.default:
                    raise ValueError(
                        f"{setting.name}={value!r} has no effect as both mono= and cross= are passed: "
                        f"pass {setting.name} to these samplers"
                    )

    def plan(self, pairs: PairArrays, *, batch_size: int = 100, seed: int = 0) -> Plan:
        """Plan the batches over a pair store.

        Args:
            pairs: A :class:`~pyterrier_hybrid.parallel.ParallelPairs`.
            batch_size: Number of pairs in every batch.
            seed: Seed of the random draws, at least 0.

        Returns:
            The plan; ``kind(t)`` is the kind of the sampler that draws the batch of step t.

        Raises:
            TypeError: If ``batch_size`` or ``seed`` is not a whole number.
            ValueError: If one of the two samplers cannot be planned; one that a constant alpha never chooses is not
                planned. If alpha is a function, ``batch(t)`` raises it where alpha is outside 0 to 1.
        """
        batch_size, seed = check_plan_options(batch_size, seed)
        settings: dict[str, Any] = {setting.name: getattr(self, setting.name) for setting in fields(MonoSampler)}
        mono, cross = self.mono or MonoSampler(**settings), self.cross or CrossSampler(**settings)
        mono_plan = None if self.alpha == 0 else mono.plan(pairs, batch_size=batch_size, seed=seed)
        cross_plan = None if self.alpha == 1 else cross.plan(pairs, batch_size=batch_size, seed=seed)
        return HybridPlan(self.alpha, mono_plan, cross_plan, batch_size=batch_size, seed=seed)


class HybridPlan(Plan):
    """Batches of one of two plans, chosen anew at every step.

    Args:
        alpha: Probability of a batch of the first plan, or a function from the step to it.
        mono: The first plan; None if it is never chosen.
        cross: The second plan; None if it is never chosen.
        batch_size: Number of pairs in every batch.
        seed: Seed of the random draws.
    """

    def __init__(
        self,
        alpha: float | Callable[[int], float],
        mono: Plan | None,
        cross: Plan | None,
        *,
        batch_size: int,
        seed: int,
    ) -> None:
        self._plans = [plan for plan in (mono, cross) if plan is not None]
        super().__init__(batch_size, seed, inner=self._plans)
        self._alpha = alpha

    @property
    def languages(self) -> LanguagePairs:
        """All pairs (query language, passage language) that batches may contain."""
        return tuple(dict.fromkeys(chain.from_iterable(plan.languages for plan in self._plans)))

    def alpha(self, t: int) -> float:
        """Return the probability of a monolingual batch at step ``t``.

        Args:
            t: The step, from 0.

        Raises:
            ValueError: If alpha is a function and does not return a number from 0 to 1.
        """
        alpha: Any = self._alpha(whole_number("t", t, least=0)) if callable(self._alpha) else self._alpha
        if not (is_number(alpha) and 0 <= alpha <= 1):
            raise ValueError(f"alpha is {alpha!r} at step {t}: it must be a number from 0 to 1 at every step")
        return float(alpha)

    def kind(self, t: int) -> str:
        """Return the kind of the batch of step ``t``: that of the chosen plan."""
        return self._chosen(t).kind(t)

    def rows(self, t: int) -> list[Row]:
        """Return the rows of the batch of step ``t``: those of the chosen plan."""
        return self._chosen(t).rows(t)

    def _chosen(self, t: int) -> Plan:
        return self._plans[0] if self._rng(t).random() < self.alpha(t) else self._plans[-1]
