"""A curriculum: the share of monolingual batches as a function of the step."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, pi
from numbers import Integral, Real
from typing import Any, ClassVar

from pyterrier_hybrid.training.sampling.config import Configured, made_from


@dataclass(frozen=True, repr=False)
class LinearAlpha(Configured):
    """An alpha that goes from ``start`` to ``end`` on a straight line in ``steps`` steps, and stays there.

    Which languages are hard changes while a model learns, so that one share of monolingual batches need not be best
    throughout (curriculum learning, Bengio et al., ICML 2009). Hybrid batches from the paper (arXiv 2408.10536) have
    one alpha for all steps.

    Args:
        start: Alpha at step 0, 0 to 1.
        end: Alpha from step ``steps`` on, 0 to 1.
        steps: How many batches it takes, at least 1. With ``gradient_accumulation_steps``, a step of the optimiser
            is as many of them.

    Raises:
        ValueError: If alpha would be outside 0 to 1, or steps below 1.

    Example:
        >>> alpha = LinearAlpha(1.0, 0.5, steps=100)
        >>> alpha(0), alpha(50), alpha(1000)
        (1.0, 0.75, 0.5)
    """

    config_name: ClassVar[str] = "linear"

    start: float
    end: float
    steps: int

    def __post_init__(self) -> None:
        for field in ("start", "end"):
            check_alpha(field, getattr(self, field))
        if isinstance(self.steps, bool) or not isinstance(self.steps, Integral) or self.steps < 1:
            raise ValueError(f"steps={self.steps!r} must be a whole number of at least 1")

    def __call__(self, t: int) -> float:
        """Return alpha at step ``t``."""
        return self.start + (self.end - self.start) * self._progress(min(t / self.steps, 1.0))

    def _progress(self, done: float) -> float:
        return done


@dataclass(frozen=True, repr=False)
class CosineAlpha(LinearAlpha):
    """An alpha that goes from ``start`` to ``end`` on half a cosine wave: slowly at first and at last.

    Args:
        start: Alpha at step 0, 0 to 1.
        end: Alpha from step ``steps`` on, 0 to 1.
        steps: How many batches it takes, at least 1. With ``gradient_accumulation_steps``, a step of the optimiser
            is as many of them.

    Raises:
        ValueError: If alpha would be outside 0 to 1, or steps below 1.

    Example:
        >>> alpha = CosineAlpha(1.0, 0.0, steps=100)
        >>> alpha(0), round(alpha(50), 6), alpha(100)
        (1.0, 0.5, 0.0)
    """

    config_name: ClassVar[str] = "cosine"

    def _progress(self, done: float) -> float:
        return (1 - cos(pi * done)) / 2


def check_alpha(field: str, alpha: Any) -> None:
    """Refuse what is not a probability."""
    if isinstance(alpha, bool) or not isinstance(alpha, Real):
        raise TypeError(f"{field}={alpha!r} is {type(alpha).__name__}: it is the share of monolingual batches, 0 to 1")
    if not 0 <= alpha <= 1:
        raise ValueError(f"{field}={alpha!r} is outside 0 to 1: it is the share of monolingual batches")


def alpha_from(config: Mapping[str, Any]) -> LinearAlpha:
    """Make an alpha from its configuration."""
    kinds = {kind.config_name: kind for kind in (LinearAlpha, CosineAlpha)}
    return made_from(kinds, config, "alpha", "alpha: ")
