"""Contrastive losses on embeddings; they know nothing of models."""

from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy


@dataclass(frozen=True)
class InfoNCE:
    """Each query against the passages of its batch: cross-entropy of its own among all (arXiv 1807.03748).

    Scores are inner products divided by the temperature; an encoder whose vectors have length 1 so compares by cosine.
    Passages of another item of the same group (the same passage, or one known to answer as well) are no negatives: they
    are left out of the sum.

    Args:
        temperature: smaller is sharper. The paper of hybrid batches (arXiv 2408.10536) prints none; E5 uses 0.01.
        symmetric: also each passage against the queries; the loss is the mean of both directions.

    Raises:
        ValueError: the temperature is not positive.

    >>> import torch
    >>> vectors = torch.eye(2)
    >>> round(InfoNCE(temperature=1.0)(vectors, vectors, torch.tensor([0, 1])).item(), 4)
    0.3133
    """

    temperature: float = 0.02
    symmetric: bool = False

    def __post_init__(self) -> None:
        """Check the temperature."""
        if not self.temperature > 0:
            raise ValueError(f"temperature={self.temperature}: it must be positive")

    def __call__(self, queries: torch.Tensor, passages: torch.Tensor, groups: torch.Tensor) -> torch.Tensor:
        """The mean loss of a batch.

        Args:
            queries: ``[n, dim]``.
            passages: ``[n, dim]``; row i answers query i.
            groups: integers ``[n]``; rows with equal ones are never each other's negatives.

        Returns:
            A scalar.
        """
        scores = queries @ passages.T / self.temperature
        same = groups[:, None] == groups[None, :]
        same.fill_diagonal_(False)
        scores = scores.masked_fill(same, float("-inf"))
        target = torch.arange(len(scores), device=scores.device)
        loss = cross_entropy(scores, target)
        return (loss + cross_entropy(scores.T, target)) / 2 if self.symmetric else loss
