"""Measures of this package for ir_measures, and all measures that the grid computes from exact ranks.

The measures below are for a pool of documents in several languages, in which a query has one relevant document per
language: one answer and its translations, its *parallels*. They work in ``pt.Experiment``, computed from runs, and in
:func:`pyterrier_hybrid.LanguageExperiment`, computed from exact ranks. Ranks start at 1, ties are broken as in
trec_eval, documents judged 1 or higher are relevant, and each is a mean over queries. The docstrings say what holds for
rankings that do not contain all documents.

As in ir_measures, each name is a measure itself, ``@`` sets its cutoff, and a call sets parameters: ``RankDistance``,
``Complete @ 10``, ``RankDistance(cutoff=100, normalized=True)``.

============================ ====================================================================== ====== ============
measure                      value of a query                                                       best   from
============================ ====================================================================== ====== ============
``RankDistance``             largest minus smallest rank of the relevant documents                  low    2408.10536
``MaxRank``                  largest rank of the relevant documents                                 low    2604.05684
``Complete@k``               1 if all relevant documents are among the first k, otherwise 0         high   2604.05684
``LanguagePreference``       1 if, of the relevant documents, that in the query's language is       (high) 2605.07249
                             first, otherwise 0; 1/k without preference among k languages
``FirstRightSame``           1 if the first result is relevant and in the query's language          high   2605.07249
``FirstRightOther``          1 if it is relevant and in another language                                   2605.07249
``FirstWrongSame``           1 if it is not relevant and in the query's language                    low    2605.07249
``FirstWrongOther``          1 if it is neither                                                     low    2605.07249
``RankCorrelation``          Spearman's rho of the ranks of the relevant documents between this     high   2509.06195
                             query and another translation of its question, mean over translations
============================ ====================================================================== ====== ============

The last column is the arXiv number of the paper that the idea comes from. Rank distance is the paper's measure. The
exact definitions of the others are this package's; the paper of rank correlation correlates whole rankings, and the
one here is over relevant documents only.

Beside them, :class:`pyterrier_hybrid.experiment.LanguageResults` compares languages: ``.fairness()`` (standard
deviation, Gini coefficient, worst language, gap to English), ``.per_resource_class()``, ``.per_training_group()``, and
``.by_document_language()`` (mean rank by document language, with Friedman's test or that of Skillings and Mack). They
compare languages, so they are no measures of a query; rankings from elsewhere get them as
:class:`~pyterrier_hybrid.experiment.Runs` in ``LanguageExperiment``.
"""

from pyterrier_hybrid.experiment.measures.complete import Complete, MaxRank
from pyterrier_hybrid.experiment.measures.language_preference import (
    FirstRightOther,
    FirstRightSame,
    FirstWrongOther,
    FirstWrongSame,
    LanguagePreference,
)
from pyterrier_hybrid.experiment.measures.rank_correlation import RankCorrelation
from pyterrier_hybrid.experiment.measures.rank_distance import RankDistance
from pyterrier_hybrid.experiment.measures.supported import (
    DEFAULT_MEASURES,
    SUPPORTED,
    decimals,
    lower_is_better,
    needs_translations,
    parse_measures,
    reported_kinds,
    values_from_ranks,
)

__all__ = [
    "DEFAULT_MEASURES",
    "SUPPORTED",
    "Complete",
    "FirstRightOther",
    "FirstRightSame",
    "FirstWrongOther",
    "FirstWrongSame",
    "LanguagePreference",
    "MaxRank",
    "RankCorrelation",
    "RankDistance",
    "decimals",
    "lower_is_better",
    "needs_translations",
    "parse_measures",
    "reported_kinds",
    "values_from_ranks",
]
