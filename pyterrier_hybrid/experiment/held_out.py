"""Held-out pairs as a dataset: their queries against their passages, in every pair of languages and in one pool."""

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from pyterrier_hybrid.experiment.settings import FamilyLike
from pyterrier_hybrid.text.normalisation import text_key
from pyterrier_hybrid.utils.checks import true_or_false
from pyterrier_hybrid.utils.formatting import short_repr

if TYPE_CHECKING:
    from pyterrier_hybrid.datasets import Family, LanguageData
    from pyterrier_hybrid.parallel import ParallelPairs
    from pyterrier_hybrid.parallel.answers import Answers


def find_family(dataset: Any, *, every_question: bool = False) -> FamilyLike:
    """Return the dataset family for a name, for held-out pairs, or for itself.

    Args:
        dataset: The name, a dataset with an ID, pairs or a family.
        every_question: As for :func:`family_of`, if they are pairs.

    Raises:
        ValueError: An unknown name, or pairs without a query and a passage.
        TypeError: Something else.
    """
    from pyterrier_hybrid.datasets import family
    from pyterrier_hybrid.datasets.ids import find_id
    from pyterrier_hybrid.parallel import ParallelPairs

    dataset_id = find_id(dataset)
    if dataset_id is not None:
        return family(dataset_id)

    if isinstance(dataset, ParallelPairs):
        return family_of(dataset, every_question=every_question)
    if not (hasattr(dataset, "settings") and hasattr(dataset, "corpus")):
        raise TypeError(
            f"dataset={short_repr(dataset)} is {type(dataset).__name__}; give the name of a dataset such as 'xquad-r', "
            "a family, or held-out pairs"
        )
    return dataset


def family_of(pairs: "ParallelPairs", *, every_question: bool = False) -> "Family":
    """Register held-out pairs with ir_datasets as a family with the IDs of all language settings.

    By default, only one item of each group is used, since other items of the group, such as other sentences of its
    paragraph, may answer its query without being listed as relevant. A query's relevant documents are its item's
    passages. Hard negatives are documents as well, and so are translations, which are relevant to no query; but not
    those that copy an answer to a query.

    With ``every_question``, all items are used, as in a test collection: equal passages are one document, which is
    relevant to all questions about it, and a question that occurs with several passages has them all. This suits pairs
    whose passages are whole paragraphs, such as BiPaR (arXiv 1910.05040): its 3,000 questions in dev and test are in
    716 groups. It does not suit pairs whose passages are sentences of one paragraph.

    The family is named by the pairs' fingerprint, so equal pairs are one family. It keeps them in memory until the
    process ends.

    Args:
        pairs: The held-out pairs.
        every_question: Use all items instead of one of each group.

    Raises:
        ValueError: There is no query with a passage among them.

    Example:
        >>> from pyterrier_hybrid.parallel import Item, ParallelPairs
        >>> family = family_of(ParallelPairs([
        ...     Item("1", None, "toy", {"de": "Wo ist Rom?", "en": "Where is Rome?"}, {"de": "Hier.", "en": "Here."}),
        ... ]))
        >>> family.name, family.languages
        ('pairs-895cdf153937', ('de', 'en'))
    """
    from pyterrier_hybrid.datasets import Family, register_family

    every_question = true_or_false("every_question", every_question)
    items: np.ndarray = np.arange(len(pairs)) if every_question else _one_of_each_group(pairs)
    questions = items[~pairs.is_translation[items]]
    if not (pairs.has_query[questions].any() and pairs.has_passage[questions].any()):
        raise ValueError(
            f"pairs: none of these {len(pairs):,} items asks anything, so there is nothing to search for; hold out "
            "some that have a query and a passage (translations are documents only)"
        )
    has_passage = dict(zip(pairs.languages, pairs.has_passage[items].any(axis=0), strict=True))
    has_query = dict(zip(pairs.languages, pairs.has_query[questions].any(axis=0), strict=True))
    family = Family(
        f"pairs-{pairs.fingerprint[:12]}{'-all' if every_question else ''}",
        tuple(lang for lang in pairs.languages if has_passage[lang] or has_query[lang]),
        query_only=tuple(lang for lang in pairs.languages if has_query[lang] and not has_passage[lang]),
        title="Held-out pairs",
        description="Queries and passages that were held out of the training pairs.",
    )

    @cache
    def answers() -> "Answers":
        from pyterrier_hybrid.parallel.answers import Answers

        return Answers(pairs)

    @cache
    def answer_keys() -> set[str]:
        return answers().keys(questions.tolist())

    @cache
    def load(lang: str) -> "LanguageData":
        if every_question:
            return _data_of_every_question(pairs, lang, answers())
        return _language_data(pairs, items, lang, answer_keys())

    register_family(family, load)
    return family


def _one_of_each_group(pairs: "ParallelPairs") -> np.ndarray:
    """Return, for each group, its first item that is not a translation, or its first item if all are; ascending."""
    order = np.lexsort((np.arange(len(pairs)), pairs.is_translation, pairs.groups))
    return np.sort(order[np.unique(pairs.groups[order], return_index=True)[1]])


def _language_data(pairs: "ParallelPairs", items: np.ndarray, lang: str, answers: set[str]) -> "LanguageData":
    """Return the documents, queries and qrels of one language; ``answers`` are the keys of texts that are not wrong."""
    from ir_datasets.formats import GenericQuery
    from ir_datasets.formats.trec import TrecQrel

    from pyterrier_hybrid.datasets import Document, LanguageData

    column = pairs.languages.index(lang)
    docs, queries, qrels = [], [], []
    for item in items[pairs.has_passage[items, column]].tolist():
        for number, text in enumerate([pairs.passage(item, lang), *pairs.negatives(item, lang)]):
            is_relevant = number == 0 and not pairs.is_translation[item]
            if is_relevant or text_key(text) not in answers:
                docs.append(Document(f"{lang}_{item}_{number}", text, lang, "", text))
    for item in items[~pairs.is_translation[items]].tolist():
        if pairs.has_query[item, column]:
            queries.append(GenericQuery(f"{item}_{lang}", pairs.query(item, lang)))
        if pairs.has_passage[item, column]:
            qrels.append(TrecQrel(f"{item}_{lang}", f"{lang}_{item}_0", 1, lang))
    return LanguageData(docs, {None: queries}, {None: qrels})


def _data_of_every_question(pairs: "ParallelPairs", lang: str, answers: "Answers") -> "LanguageData":
    """Return the distinct passages and hard negatives of one language, all its queries, and their qrels."""
    from ir_datasets.formats import GenericQuery
    from ir_datasets.formats.trec import TrecQrel

    from pyterrier_hybrid.datasets import Document, LanguageData

    column = pairs.languages.index(lang)
    docs: dict[str, Document] = {}
    for item in range(len(pairs)):
        passages = [pairs.passage(item, lang)] if pairs.has_passage[item, column] else []
        for number, text in enumerate([*passages, *pairs.negatives(item, lang)], start=0 if passages else 1):
            docs.setdefault(text_key(text), Document(f"{lang}_{item}_{number}", text, lang, "", text))
    queries, qrels = [], []
    for item in np.flatnonzero(~pairs.is_translation).tolist():
        if pairs.has_query[item, column]:
            queries.append(GenericQuery(f"{item}_{lang}", pairs.query(item, lang)))
        answering = [other for other in answers.items(item) if pairs.has_passage[other, column]]
        relevant = dict.fromkeys(docs[text_key(pairs.passage(other, lang))].doc_id for other in answering)
        qrels += [TrecQrel(f"{item}_{lang}", doc_id, 1, lang) for doc_id in relevant]
    return LanguageData(list(docs.values()), {None: queries}, {None: qrels})
