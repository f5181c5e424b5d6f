"""Removal of language bias from vectors, without training.

In a multilingual encoder, texts of one language lie close together, so a query finds documents in its own language
before relevant ones in other languages. Each method estimates that part of the vectors from texts and removes it from
the vectors of queries and documents, at any time after they were computed:

- :class:`Centring` subtracts the mean of each language (Libovický et al. 2020, arXiv 2004.05160);
- :class:`LIR` removes the principal directions of each language (Yang et al. 2021, arXiv 2109.04727);
- :class:`SHIFT` moves documents towards their translations (Jang et al. 2026, arXiv 2606.18801).

Documents are debiased when they are indexed (``doc_debiaser``), in a new copy of an index (``rewrite``), or at query
time in an unchanged index (``retriever``). ``applied_to(encoder)`` is a system for a
:class:`~pyterrier_hybrid.LanguageExperiment`.

Example:
    >>> import pyterrier_hybrid as ph
    >>> from pyterrier_hybrid.parallel import Item
    >>> from pyterrier_hybrid.retrieval.debias import Centring
    >>> item = Item("1", None, "toy", {"de": "Wo?", "en": "Where?"}, {"de": "Hier.", "en": "Here."})
    >>> pairs = ph.ParallelPairs([item])
    >>> encoder = ph.DenseEncoder.from_scratch(pairs.texts(), dim=8, vocab_size=40)
    >>> Centring().fit(encoder, pairs).applied_to(encoder).encode_queries(["Where is it?"], ["en"]).shape
    (1, 8)
"""

from pyterrier_hybrid.utils.lazy import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
