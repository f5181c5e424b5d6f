"""Distillation: the vectors and the similarities of a teacher as targets, beside the contrastive loss."""

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn.functional import cosine_similarity, kl_div, log_softmax, normalize

from pyterrier_hybrid.utils.checks import finite_number


class Distillation(nn.Module):
    """The distance of an encoder from a teacher that encoded the same texts in the teacher's language.

    Two terms, each with its weight:

    - ``vectors``: the mean of 1 - cosine between the vector of each text, in whatever language it is in the batch, and
      the teacher's vector of its translation (arXiv 2004.09813, section 2). For L2-normalised vectors, that is half of
      their squared distance; unlike the mean over dimensions in that paper, it does not depend on the dimension.
    - ``similarities``: the mean over queries of the Kullback-Leibler divergence of the encoder's distribution over the
      passages of the batch from the teacher's. Both are softmax over scores divided by the temperature; the encoder's
      scores are those of the contrastive loss, the teacher's are cosines. Dimensions may differ. The teacher also says
      which passages of other rows are near, so no passage is left out.

    A teacher of English vectors beside a contrastive loss over languages is the setting of MIMO (arXiv 2605.31171).
    Texts without a target, since their item has no text in the teacher's language, are left out of both terms.

    Args:
        vectors: Weight of the first term.
        similarities: Weight of the second term.

    Raises:
        TypeError: A weight is not a number.
        ValueError: A weight is negative or not finite.

    Example:
        >>> one = torch.eye(2)
        >>> teacher = {"queries": one, "passages": one.flip(0)}
        >>> teacher |= {"query_rows": torch.arange(2), "passage_rows": torch.arange(2)}
        >>> Distillation(vectors=1.0)(one, one, teacher, temperature=0.05).item()
        0.5
    """

    def __init__(self, *, vectors: float = 0.0, similarities: float = 0.0) -> None:
        super().__init__()
        self.vectors = finite_number("vectors", vectors)
        self.similarities = finite_number("similarities", similarities)

    def forward(
        self, queries: torch.Tensor, passages: torch.Tensor, teacher: Mapping[str, torch.Tensor], *, temperature: float
    ) -> torch.Tensor:
        """Return the weighted sum of the terms.

        Args:
            queries: Query vectors, ``[n, dim]``.
            passages: Passage vectors, ``[n, dim]``.
            teacher: The targets: the teacher's vectors ``queries`` and ``passages``, and ``query_rows`` and
                ``passage_rows``, the rows of the batch that they belong to.
            temperature: Temperature of the similarities.

        Returns:
            A scalar.
        """
        queries, passages = queries[teacher["query_rows"]], passages[teacher["passage_rows"]]
        total = queries.new_zeros(())
        if self.vectors and len(queries) + len(passages):
            targets = torch.cat([teacher["queries"], teacher["passages"]])
            total = total + self.vectors * (1 - cosine_similarity(torch.cat([queries, passages]), targets)).mean()
        if self.similarities and len(queries) and len(passages):
            targets = normalize(teacher["queries"], dim=-1) @ normalize(teacher["passages"], dim=-1).T
            divergence = kl_div(
                log_softmax(queries @ passages.T / temperature, dim=1),
                log_softmax(targets / temperature, dim=1),
                reduction="batchmean",
                log_target=True,
            )
            total = total + self.similarities * divergence
        return total
