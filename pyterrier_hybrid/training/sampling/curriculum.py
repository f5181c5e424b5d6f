"""A curriculum: the probability of a monolingual batch as a function of the step."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, pi
from numbers import Integral
from typing import Any, ClassVar

from pyterrier_hybrid.training.sampling.config import Configurable, from_config, is_number
from pyterrier_hybrid.utils.formatting import short_repr


@dataclass(frozen=True, repr=False)
class LinearAlpha(Configurable):
    """An alpha that changes linearly from ``start`` to ``end`` over ``steps`` steps and then stays there.

    Which languages are hard changes during training, so no single alpha may be best for all steps (curriculum learning,
    Bengio et al., ICML 2009). The paper of hybrid batches (arXiv 2408.10536) has one alpha for all steps.

    Args:
        start: Alpha at step 0, from 0 to 1.
        end: Alpha from step ``steps`` on, from 0 to 1.
        steps: Number of batches until ``end`` is reached, at least 1. With ``gradient_accumulation_steps``, an
            optimiser step takes that many batches.

    Raises:
        TypeError: If ``start`` or ``end`` is not a number.
        ValueError: If one is outside 0 to 1, or ``steps`` is below 1.

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
        super().__post_init__()
        check_alpha("start", self.start)
        check_alpha("end", self.end)
        if isinstance(self.steps, bool) or not isinstance(self.steps, Integral) or self.steps < 1:
            raise ValueError(f"steps={self.steps!r}: it must be a whole number of at least 1")

    def __call__(self, t: int) -> float:
        """Return alpha at step ``t``.

        Args:
            t: The step, from 0.
        """
        return self.start + (self.end - self.start) * self._progress(min(t / self.steps, 1.0))

    def _progress(self, fraction: float) -> float:
        return fraction


@dataclass(frozen=True, repr=False)
class CosineAlpha(LinearAlpha):
    """An alpha that changes from ``start`` to ``end`` on half a cosine wave: slowly at both ends.

    Args:
        start: Alpha at step 0, from 0 to 1.
        end: Alpha from step ``steps`` on, from 0 to 1.
        steps: Number of batches until ``end`` is reached, at least 1, as in :class:`LinearAlpha`.

    Raises:
        TypeError: If ``start`` or ``end`` is not a number.
        ValueError: If one is outside 0 to 1, or ``steps`` is below 1.

    Example:
        >>> alpha = CosineAlpha(1.0, 0.0, steps=100)
        >>> alpha(0), round(alpha(50), 6), alpha(100)
        (1.0, 0.5, 0.0)
    """

    config_name: ClassVar[str] = "cosine"

    def _progress(self, fraction: float) -> float:
        return (1 - cos(pi * fraction)) / 2


def check_alpha(field: str, alpha: Any) -> None:
    """Check a constant alpha.

    Args:
        field: Name of the setting, for errors.
        alpha: Its value.

    Raises:
        TypeError: If it is not a number.
        ValueError: If it is outside 0 to 1.
    """
    if not is_number(alpha):
        raise TypeError(
            f"{field}={short_repr(alpha)} is {type(alpha).__name__}: pass the probability of a monolingual batch"
        )
    if not 0 <= alpha <= 1:
        raise ValueError(f"{field}={alpha!r} is outside 0 to 1: pass the probability of a monolingual batch")


def alpha_from(config: Mapping[str, Any]) -> LinearAlpha:
    """Make a curriculum from its config.

    Args:
        config: Its ``name``, ``start``, ``end`` and ``steps``.

    Raises:
        TypeError: If a setting has a wrong type.
        ValueError: If a name is unknown, or a setting is missing or not possible.

    Example:
        >>> alpha_from({"name": "cosine", "start": 1, "end": 0.5, "steps": 1000})
        CosineAlpha(start=1, end=0.5, steps=1000)
    """
    classes: dict[str, type[LinearAlpha]] = {kind.config_name: kind for kind in (LinearAlpha, CosineAlpha)}
    return from_config(classes, config, "alpha", "alpha: ")
