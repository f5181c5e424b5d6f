"""Mining with an encoder: hard negatives of training pairs, and translation pairs among sentences."""

from pyterrier_hybrid.retrieval.mining.bitext import Bitext, mine_bitext
from pyterrier_hybrid.retrieval.mining.negatives import MiningReport, mine_negatives

__all__ = ["Bitext", "MiningReport", "mine_bitext", "mine_negatives"]
