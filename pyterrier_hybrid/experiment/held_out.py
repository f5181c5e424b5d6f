"""Held-out pairs as a dataset: their queries against their passages, in every pair of languages and in one pool."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pyterrier_hybrid.datasets import Family, LanguageData
    from pyterrier_hybrid.parallel import ParallelPairs


def family_of(pairs: "ParallelPairs") -> "Family":
    """Register held-out pairs with ir_datasets as a family with the IDs of all language settings.

    A query's relevant documents are its item's passages. Of each group one item is taken, since others of the group may
    answer its query without being known to. Its hard negatives are documents as well, and so are translations, which
    answer nothing. A language may have queries only, or documents only.

    The name is made of the pairs' fingerprint, so that equal pairs are one family. It holds them in memory until the
    process ends.

    Args:
        pairs: what was held out.

    Raises:
        ValueError: there is no query with a passage among them.

    >>> from pyterrier_hybrid.parallel import Item, ParallelPairs
    >>> family = family_of(ParallelPairs([
    ...     Item("1", None, "toy", {"de": "Wo ist Rom?", "en": "Where is Rome?"}, {"de": "Hier.", "en": "Here."}),
    ... ]))
    >>> family.name, family.languages
    ('pairs-895cdf153937', ('de', 'en'))
    """
    from pyterrier_hybrid.datasets import Family, register_family

    items = _one_of_each_group(pairs)
    asked = items[~pairs.is_translation[items]]
    if not (pairs.has_query[asked].any() and pairs.has_passage[asked].any()):
        raise ValueError(
            f"pairs: none of these {len(pairs):,} items asks anything, so there is nothing to search for: hold out "
            "some that have a query and a passage; translations alone are documents"
        )
    has_passage, has_query = pairs.has_passage[items].any(axis=0), pairs.has_query[asked].any(axis=0)
    family = Family(
        f"pairs-{pairs.fingerprint[:12]}",
        tuple(lang for at, lang in enumerate(pairs.languages) if has_passage[at] or has_query[at]),
        query_only=tuple(lang for at, lang in enumerate(pairs.languages) if has_query[at] and not has_passage[at]),
        title="Held-out pairs",
        description="Queries and passages that were held out of the training pairs.",
    )

    @cache
    def load(lang: str) -> "LanguageData":
        return _language(pairs, items, lang)

    register_family(family, load)
    return family


def _one_of_each_group(pairs: "ParallelPairs") -> np.ndarray:
    """Of each group the first item that asks something, else its first, in order."""
    order = np.lexsort((np.arange(len(pairs)), pairs.is_translation, pairs.groups))
    return np.sort(order[np.unique(pairs.groups[order], return_index=True)[1]])


def _language(pairs: "ParallelPairs", items: np.ndarray, lang: str) -> "LanguageData":
    from ir_datasets.formats import GenericQuery
    from ir_datasets.formats.trec import TrecQrel

    from pyterrier_hybrid.datasets import Document, LanguageData

    at = pairs.languages.index(lang)
    docs, queries, answers = [], [], []
    for number in items[pairs.has_passage[items, at]].tolist():
        for place, text in enumerate([pairs.passage(number, lang), *pairs.negatives(number, lang)]):
            docs.append(Document(f"{lang}_{number}_{place}", text, lang, "", text))
    for number in items[~pairs.is_translation[items]].tolist():
        if pairs.has_query[number, at]:
            queries.append(GenericQuery(f"{number}_{lang}", pairs.query(number, lang)))
        if pairs.has_passage[number, at]:
            answers.append(TrecQrel(f"{number}_{lang}", f"{lang}_{number}_0", 1, lang))
    return LanguageData(docs, {None: queries}, {None: answers})
