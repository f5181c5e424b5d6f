"""Contrastive losses on embeddings; they know nothing of models."""

import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.functional import cross_entropy

# A learned temperature that falls further only makes the gradient of the hardest negative larger (CLIP, arXiv
# 2103.00020, section 2.5).
_LARGEST_SCALE = 100.0


class InfoNCE(nn.Module):
    """Each query against the passages of its batch: cross-entropy of its own among all (arXiv 1807.03748).

    Scores are inner products divided by the temperature; an encoder whose vectors have length 1 so compares by cosine.
    Passages of another item of the same group (the same passage, or one known to answer as well) are no negatives: they
    are left out of the sum. So are the other positives where an item is in a batch several times.

    Args:
        temperature: smaller is sharper. The paper of hybrid batches (arXiv 2408.10536) prints none; E5 uses 0.01.
        learned: let the temperature be learned, from the given one on, as in CLIP (arXiv 2103.00020).
        margin: taken from the score of a query with its own passage, before the temperature: that has to be nearer by
            so much than the others (additive margin softmax, arXiv 1902.08564; LaBSE, arXiv 2007.01852, has 0.3).
            0: none.
        symmetric: also each passage against the queries; the loss is the mean of both directions.
        dimensions: numbers of leading values that shall make good vectors by themselves; the loss is the mean over
            them (Matryoshka, arXiv 2205.13147). By default only the whole vectors.
        normalize: whether leading values are brought to length 1, as an encoder that compares by cosine does.

    Raises:
        ValueError: the temperature, or a dimension, is not positive, or the margin is negative or not finite.

    >>> import torch
    >>> vectors = torch.eye(2)
    >>> round(InfoNCE(temperature=1.0)(vectors, vectors, torch.tensor([0, 1])).item(), 4)
    0.3133
    """

    def __init__(
        self,
        *,
        temperature: float = 0.02,
        margin: float = 0.0,
        learned: bool = False,
        symmetric: bool = False,
        dimensions: Sequence[int] | None = None,
        normalize: bool = True,
    ) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f"temperature={temperature}: it must be positive")
        if not 0 <= margin < math.inf:
            raise ValueError(f"margin={margin}: it must be at least 0 and finite")
        for dimension in dimensions or ():
            if dimension < 1:
                raise ValueError(f"dimensions={list(dimensions)}: {dimension} is not a number of values")
        self.symmetric, self.dimensions, self.normalize = symmetric, tuple(dimensions or ()), normalize
        self.margin, self._temperature = margin, temperature
        self._largest = max(math.log(_LARGEST_SCALE), -math.log(temperature))
        self.log_scale = nn.Parameter(torch.tensor(-math.log(temperature))) if learned else None

    @property
    def temperature(self) -> float:
        """The temperature, as far as it has been learned."""
        return self._temperature if self.log_scale is None else 1 / self._scale().item()

    def _scale(self) -> torch.Tensor:
        # The parameter itself is kept in bounds: a bound on its use would have no gradient that leads back.
        with torch.no_grad():
            self.log_scale.clamp_(max=self._largest)
        return self.log_scale.exp()

    def forward(
        self,
        queries: torch.Tensor,
        passages: torch.Tensor,
        groups: torch.Tensor,
        *,
        negatives: torch.Tensor | None = None,
        negative_rows: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The mean loss of a batch.

        Args:
            queries: ``[n, dim]``.
            passages: ``[n, dim]``; row i answers query i.
            groups: integers ``[n]``; rows with equal ones are never each other's negatives.
            negatives: ``[m, dim]``, hard negatives: passages that answer no query of the batch.
            negative_rows: integers ``[m]``, the row that each hard negative belongs to. For other rows of that row's
                group nothing is known of it, and it is left out.

        Returns:
            A scalar.

        Raises:
            ValueError: one of ``dimensions`` is larger than the vectors.
        """
        if not self.dimensions:
            return self._loss(queries, passages, groups, negatives, negative_rows)
        losses = []
        for dimension in self.dimensions:
            if dimension > queries.shape[1]:
                raise ValueError(f"dimensions={list(self.dimensions)}: the vectors have {queries.shape[1]} values only")
            cut = [None if part is None else self._cut(part, dimension) for part in (queries, passages, negatives)]
            losses.append(self._loss(cut[0], cut[1], groups, cut[2], negative_rows))
        return torch.stack(losses).mean()

    def _cut(self, vectors: torch.Tensor, dimension: int) -> torch.Tensor:
        vectors = vectors[:, :dimension]
        return nn.functional.normalize(vectors, dim=-1) if self.normalize else vectors

    def _loss(
        self,
        queries: torch.Tensor,
        passages: torch.Tensor,
        groups: torch.Tensor,
        negatives: torch.Tensor | None,
        negative_rows: torch.Tensor | None,
    ) -> torch.Tensor:
        rows = torch.arange(len(queries), device=queries.device)
        scores = self._scaled(queries @ passages.T - self.margin * torch.eye(len(queries), device=queries.device))
        same = groups[:, None] == groups[None, :]
        same.fill_diagonal_(False)
        scores = scores.masked_fill(same, float("-inf"))
        candidates = scores
        if negatives is not None and len(negatives):
            unknown = (groups[:, None] == groups[negative_rows][None, :]) & (rows[:, None] != negative_rows[None, :])
            hard = self._scaled(queries @ negatives.T).masked_fill(unknown, float("-inf"))
            candidates = torch.cat([scores, hard], dim=1)
        loss = cross_entropy(candidates, rows)
        return (loss + cross_entropy(scores.T, rows)) / 2 if self.symmetric else loss

    def _scaled(self, scores: torch.Tensor) -> torch.Tensor:
        return scores / self._temperature if self.log_scale is None else scores * self._scale()
