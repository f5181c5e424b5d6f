"""Where a method against language bias goes in a pipeline: on vectors, in front of an index, or inside an encoder."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyterrier_hybrid.retrieval.debias.encoder import DebiasedEncoder

if TYPE_CHECKING:
    import pyterrier as pt

    from pyterrier_hybrid.retrieval.index import FaissIndex


class Pipelines:
    """What a fitted :class:`~pyterrier_hybrid.retrieval.debias.Debias` makes."""

    def applied_to(self, encoder: Any) -> DebiasedEncoder:
        """An encoder that debiases what the given one computes, for the grid and for pipelines.

        >>> from pyterrier_hybrid import DenseEncoder
        >>> from pyterrier_hybrid.retrieval import Centring
        >>> encoder = DenseEncoder.from_scratch(["ein Haus", "a house"], dim=8, vocab_size=40)
        >>> texts = [{"text": "ein Haus", "lang": "de"}, {"text": "a house", "lang": "en"}]
        >>> Centring().fit(encoder, texts).applied_to(encoder).encode_queries(["a house"], ["en"]).shape
        (1, 8)
        """
        return DebiasedEncoder(encoder, self)

    def query_debiaser(self, lang: str | None = None, *, lang_field: str = "lang") -> "pt.Transformer":
        """A transformer of frames with ``query_vec`` and the language of each query.

        Args:
            lang: the language of all queries; then no column is read.
            lang_field: the column of their language.

        >>> from pyterrier_hybrid.retrieval import Centring
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"qid": ["1"], "query_vec": [[3.0, 1.0]]})
        >>> debias = Centring().fit_vectors([[1.0, 0.0]], ["de"], queries=[[2.0, 1.0]], query_langs=["de"])
        >>> debias.query_debiaser("de").transform(frame)["query_vec"][0].tolist()
        [1.0, 0.0]
        """
        from pyterrier_hybrid.retrieval.debias.transformers import Debiaser

        return Debiaser(self, "queries", lang=lang, lang_field=lang_field)

    def doc_debiaser(self, lang: str | None = None, *, lang_field: str = "lang") -> "pt.Transformer":
        """A transformer of frames with ``doc_vec`` and the language of each document.

        ``encoder.doc_encoder() >> debias.doc_debiaser() >> index.indexer()`` writes a debiased index.

        Args:
            lang: the language of all documents; then no column is read.
            lang_field: the column of their language.
        """
        from pyterrier_hybrid.retrieval.debias.transformers import Debiaser

        return Debiaser(self, "documents", lang=lang, lang_field=lang_field)

    def rewrite(self, index: "FaissIndex", path: str | Path, **options: Any) -> "FaissIndex":
        """Write an index with the debiased vectors of another.

        Args:
            index: the index as it is; all its documents have a language.
            path: the folder of the new one, which appears whole or not at all.
            **options: of :meth:`FaissIndex.indexer`, such as ``overwrite`` and ``kind``; an exact index by default.

        Returns:
            The new index.

        Raises:
            FileExistsError: ``path`` is there already.
            ValueError: a document's language is missing or was not seen when this was fitted.
        """
        from pyterrier_hybrid.retrieval.index import FaissIndex

        return (self.doc_debiaser() >> FaissIndex(path).indexer(**options)).index(index.documents())

    def retriever(
        self, index: "FaissIndex", num_results: int = 1000, lang: str | Sequence[str] | None = None
    ) -> "pt.Transformer":
        """A retriever that scores the documents of an unchanged index as if they had been debiased.

        The removal is linear: per language of documents, other queries and a constant give the same scores. So each
        language is searched on its own and the results are merged. Exact, as far as the index is, for vectors that are
        not brought back to length 1; for the others, :meth:`rewrite` the index. Queries are taken as they come:
        ``encoder.query_encoder() >> debias.query_debiaser() >> debias.retriever(index)``.

        Args:
            index: its documents have a language; those without one are not found.
            num_results: results per query, at most.
            lang: search only the documents of this language, or of these.

        Raises:
            ValueError: vectors are brought to length 1.
        """
        from pyterrier_hybrid.retrieval.debias.transformers import UnchangedIndexRetriever

        return UnchangedIndexRetriever(self, index, num_results=num_results, lang=lang)
