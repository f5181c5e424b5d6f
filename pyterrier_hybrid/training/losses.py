"""Contrastive losses on embeddings, independent of any model."""

import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from pyterrier_hybrid.utils.checks import finite_number, whole_number

# A learned temperature that falls further only makes the gradient of the hardest negative larger (CLIP, arXiv
# 2103.00020, section 2.5).
_LARGEST_SCALE = 100.0


class InfoNCE(nn.Module):
    """InfoNCE with in-batch negatives: cross-entropy of each query's positive among all passages (arXiv 1807.03748).

    Scores are inner products divided by the temperature, so an encoder with L2-normalised vectors compares by cosine.
    Passages of other items of the query's group (the same passage, or one known to answer as well) would be false
    negatives: they are left out of the sum. So are the query's other positives if an item has several rows.

    Args:
        temperature: Smaller is sharper. The paper of hybrid batches (arXiv 2408.10536) prints none; E5 uses 0.01.
        margin: Subtracted from the score of each query's positive before dividing by the temperature: the positive has
            to be nearer than the negatives by this much (additive margin softmax, arXiv 1902.08564; LaBSE, arXiv
            2007.01852, uses 0.3). 0 is no margin.
        false_negative_margin: Leave out negatives that are too near to the query to be negatives: those whose score
            exceeds that of the positive minus this margin (GISTEmbed, arXiv 2402.16829, has 0). Scores are those of a
            guide if :meth:`forward` gets them, otherwise inner products of the vectors themselves, not divided by the
            temperature; with the latter, only a negative margin such as -0.1 keeps negatives that the encoder still
            has to learn. ``None``: none are left out. Only in training mode, so that losses on held-out pairs can be
            compared.
        learned: Whether to learn the temperature, starting from ``temperature``, as in CLIP (arXiv 2103.00020).
        symmetric: Whether to also score each passage against the queries; the loss is the mean of both directions.
        dimensions: Matryoshka dimensions to train (arXiv 2205.13147): the loss is the mean over these numbers of
            leading values. By default only the whole vectors.
        normalize: Whether to L2-normalise the leading values, as an encoder that compares by cosine does.

    Raises:
        TypeError: If the temperature, the margin or a dimension is not a number.
        ValueError: If the temperature or a dimension is not positive, the margin is negative, or one is not finite.

    Example:
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
        false_negative_margin: float | None = None,
        learned: bool = False,
        symmetric: bool = False,
        dimensions: Sequence[int] | None = None,
        normalize: bool = True,
    ) -> None:
        super().__init__()
        temperature = finite_number("temperature", temperature, positive=True)
        self.margin = finite_number("margin", margin)
        self.false_negative_margin = (
            None
            if false_negative_margin is None
            else finite_number("false_negative_margin", false_negative_margin, least=-math.inf)
        )
        self.symmetric, self.normalize = symmetric, normalize
        self.dimensions = () if dimensions is None else tuple(whole_number("dimensions", each) for each in dimensions)
        self._temperature = temperature
        self._largest_log_scale = max(math.log(_LARGEST_SCALE), -math.log(temperature))
        self.log_scale = nn.Parameter(torch.tensor(-math.log(temperature))) if learned else None

    @property
    def temperature(self) -> float:
        """The temperature; if it is learned, its present value."""
        return self._temperature if self.log_scale is None else 1 / self._scale(self.log_scale).item()

    def forward(
        self,
        queries: torch.Tensor,
        passages: torch.Tensor,
        groups: torch.Tensor,
        *,
        negatives: torch.Tensor | None = None,
        negative_rows: torch.Tensor | None = None,
        guide_scores: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the mean loss of a batch.

        Args:
            queries: Query vectors, [n, dim].
            passages: Passage vectors, [n, dim]; row i is the positive of query i.
            groups: Group of each row, integers [n]; rows of one group are never each other's negatives.
            negatives: Vectors of hard negatives, [m, dim].
            negative_rows: The row that each hard negative belongs to, integers [m]. For other rows of that row's group
                it may be a positive, so it is left out of their sums.
            guide_scores: A guide's scores of the queries with the passages and then the hard negatives, ``[n, n + m]``,
                for ``false_negative_margin``.

        Returns:
            A scalar.

        Raises:
            ValueError: If one of ``dimensions`` is larger than the vectors, or hard negatives have no rows.
        """
        if negatives is None or not len(negatives):
            negatives, negative_rows = None, None
        elif negative_rows is None:
            raise ValueError("negative_rows=None: pass the row that each of the negatives belongs to")
        if self.false_negative_margin is None or not self.training:
            guide_scores = None
        elif guide_scores is None:
            candidates = passages if negatives is None else torch.cat([passages, negatives])
            guide_scores = queries.detach() @ candidates.detach().T
        if not self.dimensions:
            return self._loss(queries, passages, groups, negatives, negative_rows, guide_scores)
        losses = []
        for dimension in self.dimensions:
            if dimension > queries.shape[1]:
                raise ValueError(f"dimensions={list(self.dimensions)}: the vectors have {queries.shape[1]} values only")
            losses.append(
                self._loss(
                    self._truncate(queries, dimension),
                    self._truncate(passages, dimension),
                    groups,
                    None if negatives is None else self._truncate(negatives, dimension),
                    negative_rows,
                    guide_scores,
                )
            )
        return torch.stack(losses).mean()

    def _truncate(self, vectors: torch.Tensor, dimension: int) -> torch.Tensor:
        vectors = vectors[:, :dimension]
        return nn.functional.normalize(vectors, dim=-1) if self.normalize else vectors

    def _loss(
        self,
        queries: torch.Tensor,
        passages: torch.Tensor,
        groups: torch.Tensor,
        negatives: torch.Tensor | None,
        negative_rows: torch.Tensor | None,
        guide_scores: torch.Tensor | None,
    ) -> torch.Tensor:
        rows = torch.arange(len(queries), device=queries.device)
        scores = self._scaled(queries @ passages.T - self.margin * torch.eye(len(queries), device=queries.device))
        same_group = groups[:, None] == groups[None, :]
        same_group.fill_diagonal_(False)
        scores = scores.masked_fill(same_group, float("-inf"))
        candidates = scores
        if negatives is not None and negative_rows is not None:
            unknown = (groups[:, None] == groups[negative_rows][None, :]) & (rows[:, None] != negative_rows[None, :])
            hard = self._scaled(queries @ negatives.T).masked_fill(unknown, float("-inf"))
            candidates = torch.cat([scores, hard], dim=1)
        if guide_scores is not None:
            candidates = candidates.masked_fill(self._too_near(guide_scores), float("-inf"))
        loss = cross_entropy(candidates, rows)
        if not self.symmetric:
            return loss
        scores = scores.T
        if guide_scores is not None:
            scores = scores.masked_fill(self._too_near(guide_scores[:, : len(rows)].T), float("-inf"))
        return (loss + cross_entropy(scores, rows)) / 2

    def _too_near(self, guide_scores: torch.Tensor) -> torch.Tensor:
        """Return which candidates of each row are too near to be negatives; the positives are on the diagonal."""
        assert self.false_negative_margin is not None
        too_near = guide_scores > guide_scores.diagonal()[:, None] - self.false_negative_margin
        return too_near.fill_diagonal_(False)

    def _scaled(self, scores: torch.Tensor) -> torch.Tensor:
        return scores / self._temperature if self.log_scale is None else scores * self._scale(self.log_scale)

    def _scale(self, log_scale: nn.Parameter) -> torch.Tensor:
        # The parameter itself is clamped: the gradient of a clamped copy would be zero above the limit, for good.
        with torch.no_grad():
            log_scale.clamp_(max=self._largest_log_scale)
        return log_scale.exp()
