"""Validation of a training: by the loss on held-out pairs, or by a function of the encoder."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pyterrier_hybrid.parallel import ParallelPairs
from pyterrier_hybrid.retrieval import DenseEncoder
from pyterrier_hybrid.training.sampling import HybridSampler, MonoSampler
from pyterrier_hybrid.utils.checks import finite_number

Validator = Callable[[DenseEncoder], float | Mapping[str, float]]
"""Function that evaluates an encoder: returns a number, the larger the better, or several by name with a "mean"."""


def balanced_sampler(pairs: ParallelPairs, batch_size: int) -> HybridSampler:
    """Return a sampler of the batches that held-out pairs allow.

    These are monolingual batches of the languages that have enough pairs for one, and cross-lingual batches.

    Args:
        pairs: The held-out pairs.
        batch_size: Pairs per batch.

    Raises:
        ValueError: The pairs are too few for any batch.
    """
    same = pairs.has_query & pairs.has_passage & ~pairs.is_translation[:, None]
    languages = [
        language
        for language, mask in zip(pairs.languages, same.T, strict=True)
        if len(np.unique(pairs.groups[mask])) >= batch_size
    ]
    # With two languages on one side, or one on each, some query and some passage of the item differ in language.
    several = (pairs.has_query | pairs.has_passage).sum(axis=1) > 1
    cross = len(np.unique(pairs.groups[several])) >= batch_size
    if not languages and not cross:
        raise ValueError(
            f"validation: {len(pairs)} pairs are too few for one batch of batch_size={batch_size} in any language: "
            "hold out more"
        )
    alpha = 0.5 if languages and cross else float(not cross)
    return HybridSampler(alpha, mono=MonoSampler(languages=tuple(languages) or None))


def figures_of(scores: Any, source: str) -> dict[str, float]:
    """Check what an evaluation of an encoder returned.

    Args:
        scores: A number, which is the mean, or several by name.
        source: What returned them, for errors.

    Raises:
        TypeError: It is neither, or a figure is not a number.

    Example:
        >>> figures_of(0.5, "validation")
        {'mean': 0.5}
    """
    figures: dict[str, float] = {}
    for name, value in (scores if isinstance(scores, Mapping) else {"mean": scores}).items():
        try:
            figures[str(name)] = finite_number(str(name), value, least=-math.inf)
        except TypeError:
            raise TypeError(
                f"{source} gave {name}={value!r} ({type(value).__name__}): return a number, or numbers by name"
            ) from None
        except ValueError:
            # Only the figure that decides must be finite, see below.
            figures[str(name)] = float(value)
    return figures


def check_decisive(figures: Mapping[str, float], name: str, source: str) -> None:
    """Check the figure that decides what is best.

    Args:
        figures: The figures of an encoder.
        name: The one that decides.
        source: What returned them, for errors.

    Raises:
        ValueError: The figure is missing or not finite.

    Example:
        >>> check_decisive({"mean": float("nan")}, "mean", "validation")
        Traceback (most recent call last):
        ...
        ValueError: validation gave mean=nan: it must be a finite number
    """
    if name not in figures:
        raise ValueError(f"{source} gave {sorted(figures)} but no {name!r}, which decides what is best: add it")
    if not math.isfinite(figures[name]):
        raise ValueError(f"{source} gave {name}={figures[name]}: it must be a finite number")


def name_of(validation: ParallelPairs | Validator | None) -> str | None:
    """Return the name of a validation in records: the fingerprint of pairs, or the name of a function."""
    if validation is None:
        return None
    if isinstance(validation, ParallelPairs):
        return validation.fingerprint
    return getattr(validation, "__qualname__", None) or repr(validation)
