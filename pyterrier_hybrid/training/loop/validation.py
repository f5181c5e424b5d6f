"""Validation of a training: by the loss on held-out pairs, or by a function of the encoder."""

from collections.abc import Callable, Mapping

import numpy as np

from pyterrier_hybrid.parallel import ParallelPairs
from pyterrier_hybrid.retrieval import DenseEncoder
from pyterrier_hybrid.training.sampling import HybridSampler, MonoSampler

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


def name_of(validation: ParallelPairs | Validator | None) -> str | None:
    """Return the name of a validation in records: the fingerprint of pairs, or the name of a function."""
    if validation is None:
        return None
    if isinstance(validation, ParallelPairs):
        return validation.fingerprint
    return getattr(validation, "__qualname__", None) or repr(validation)
