"""Perturbed queries: typing errors, other spellings and scripts, missing words, attacks with Unicode characters.

Each perturbation is a PyTerrier transformer on the column ``query``:

    ph.perturbation.Typing(severity=0.1, seed=0) >> encoder.query_encoder() >> index.retriever()

:class:`pyterrier_hybrid.RobustnessExperiment` measures what they cost, and :func:`perturb_pairs` puts them into
training pairs.
"""

from pyterrier_hybrid.utils.lazy import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
