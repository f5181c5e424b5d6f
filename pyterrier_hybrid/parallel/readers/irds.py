"""Reader of datasets that have an ir_datasets ID."""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from more_itertools import chunked

from pyterrier_hybrid.datasets import Family, families, family, register
from pyterrier_hybrid.datasets.base import MULTI
from pyterrier_hybrid.datasets.download import download_errors
from pyterrier_hybrid.datasets.existing import MMARCO_CODES
from pyterrier_hybrid.datasets.records import text_of
from pyterrier_hybrid.parallel.item import Item, can_pair
from pyterrier_hybrid.parallel.store.build import Builder
from pyterrier_hybrid.text.languages import check_language, primary_language
from pyterrier_hybrid.text.normalisation import is_blank, text_key
from pyterrier_hybrid.utils.checks import whole_number
from pyterrier_hybrid.utils.suggestions import did_you_mean

PLACEHOLDER = "{lang}"
# Number of pairs whose texts are looked up together.
_LOOKUP_SIZE = 2000


def names_family(name: str) -> bool:
    """Whether a name is that of a family of this package, or of a family and a split."""
    family_name, _, split = name.partition("/")
    return any(known.name == family_name and split in ("", *known.splits) for known in families())


def read_family(builder: Builder, *, name: str, languages: Sequence[str] | None) -> None:
    """Read a family of this package; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.from_irds`."""
    import ir_datasets

    register()
    family_name, _, split = name.partition("/")
    source = family(family_name)
    if not isinstance(source, Family):
        raise ValueError(
            f"{name!r} is a set of ir_datasets: name the languages, as in "
            f"from_irds('{family_name}/{PLACEHOLDER}/train', languages=['de', 'es'])"
        )
    if (split or None) not in (source.splits or (None,)):
        choices = [f"{family_name}/{known}" for known in source.splits] or [family_name]
        raise ValueError(f"no training data {name!r}: choose {', '.join(choices)}{did_you_mean(name, choices)}")
    if split != "train":
        warnings.warn(
            f"{name} is evaluation data: results on {family_name} of an encoder trained on it are not zero-shot",
            stacklevel=5,
        )
    languages = source.languages if languages is None else list(dict.fromkeys(map(check_language, languages)))
    unknown = [code for code in languages if code not in source.languages]
    if unknown or not languages:
        problem = f"{name} has no {unknown[0]!r}" if unknown else "none was given"
        raise ValueError(f"languages={languages!r}: {problem}; choose some of {', '.join(source.languages)}")
    items: dict[str, Item] = {}
    for language in languages:
        dataset = ir_datasets.load(source.id(language, language, split or None))
        texts = {doc.doc_id: doc.text for doc in dataset.docs_iter()}
        relevant = {qrel.query_id: qrel.doc_id for qrel in dataset.qrels_iter() if qrel.relevance > 0}
        for query in dataset.queries_iter():
            key = query.query_id.removesuffix(f"_{language}")
            item = items.setdefault(key, Item(key, None, name, {}, {}))
            item.queries[language], item.passages[language] = query.text, texts[relevant[query.query_id]]
    # Documents of one context are not grouped: they are judged not relevant, so they are true negatives, and hard ones.
    builder.add_items(items.values(), checked=True)


def read_irds(
    builder: Builder, *, name: str, languages: Sequence[str], parallel: bool, min_relevance: int, negatives: int
) -> None:
    """Read any dataset; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.from_irds`."""
    register()
    min_relevance, negatives = int(min_relevance), whole_number("negatives", negatives, least=0)
    sources = _load(name, languages, with_negatives=negatives > 0)
    missing: Counter[str] = Counter()
    if parallel:
        dataset = name.replace(f"/{PLACEHOLDER}", "").replace(PLACEHOLDER, "")
        with download_errors(name):
            builder.add_items(_items(dataset, sources, min_relevance, negatives, missing))
    else:
        for code, source in sources.items():
            dataset = name.replace(PLACEHOLDER, code)
            with download_errors(dataset):
                builder.add_items(_items(dataset, {code: source}, min_relevance, negatives, missing))
    if missing:
        counts = ", ".join(f"{what}: {count:,}" for what, count in missing.items())
        warnings.warn(f"{name}: skipped queries and documents that are judged but missing: {counts}", stacklevel=5)


def _load(name: str, languages: Sequence[str], *, with_negatives: bool) -> dict[str, Any]:
    """Return the dataset of each language."""
    import ir_datasets

    if isinstance(languages, str):
        raise TypeError(f"languages={languages!r} is a string: pass a list, such as [{languages!r}]")
    if not languages or (PLACEHOLDER not in name and len(languages) > 1):
        raise ValueError(
            f"{name!r} with languages={list(languages)!r}: name at least one language, and put {PLACEHOLDER} into the "
            "name if there are several"
        )
    mmarco_code = {code: theirs for theirs, code in MMARCO_CODES.items()} if name.startswith("mmarco/") else {}
    sources = {}
    for code in languages:
        # IDs write the language as the caller does, unless the dataset has a code of its own.
        spelling, code = code, check_language(code)
        if code in sources:
            raise ValueError(f"languages={list(languages)!r} names {code!r} twice: leave one out")
        dataset_id = name.replace(PLACEHOLDER, mmarco_code.get(code, spelling))
        try:
            sources[code] = ir_datasets.load(dataset_id)
        except KeyError:
            raise ValueError(
                f"ir_datasets has no dataset {dataset_id!r}: look at ir_datasets.com for its IDs"
                f"{did_you_mean(dataset_id, ir_datasets.registry)}"
            ) from None
        for part in ("docs", "queries", "qrels", *(["docpairs"] if with_negatives else [])):
            if not sources[code].has(part):
                raise ValueError(f"{dataset_id} has no {part}: choose a part of it that has, such as its train part")
        if MULTI in dataset_id.split("/"):
            raise ValueError(
                f"{dataset_id} has documents in several languages: name a part of it with documents in one"
            )
        _check_language_of(sources[code], dataset_id, code)
    return sources


def _check_language_of(source: Any, name: str, code: str) -> None:
    for part, lang in (("queries", source.queries_lang()), ("documents", source.docs_lang())):
        # The metadata of datasets leave out script and region.
        if lang is not None and primary_language(MMARCO_CODES.get(lang, lang)) != primary_language(code):
            raise ValueError(
                f"{name} has {part} in {lang!r}, not in {code!r}: choose a dataset with both in that language"
            )


def _items(
    dataset: str, sources: dict[str, Any], min_relevance: int, negatives: int, missing: Counter[str]
) -> Iterator[Item]:
    """Yield the relevant pairs of some languages with their texts, and count texts that do not exist."""
    # The languages of a pair are the bits of a number, since there are many pairs: half a million in mMARCO.
    relevant: dict[tuple[str, str], int] = {}
    for bit, source in enumerate(sources.values()):
        for qrel in source.qrels_iter():
            if qrel.relevance >= min_relevance:
                pair = qrel.query_id, qrel.doc_id
                relevant[pair] = relevant.get(pair, 0) | 1 << bit
    query_ids = {query_id for query_id, _ in relevant}
    queries = {
        code: {query.query_id: text_of(query) for query in source.queries_iter() if query.query_id in query_ids}
        for code, source in sources.items()
    }
    # IDs are the same in all languages, so the negatives of the first one are those of all.
    negative_ids = _negative_ids(next(iter(sources.values())), relevant, query_ids, negatives) if negatives else {}
    for pairs in chunked(relevant, _LOOKUP_SIZE):
        items = {pair: Item("/".join(pair), f"{dataset}\0{pair[1]}", dataset, {}, {}) for pair in pairs}
        hard: dict[tuple[str, str], dict[str, list[str]]] = {pair: {} for pair in pairs}
        for bit, (code, source) in enumerate(sources.items()):
            pairs_of_language = [pair for pair in pairs if relevant[pair] >> bit & 1]
            doc_ids = {doc_id for _, doc_id in pairs_of_language}
            doc_ids.update(doc_id for query_id, _ in pairs_of_language for doc_id in negative_ids.get(query_id, ()))
            texts = {key: text_of(doc) for key, doc in source.docs_store().get_many(sorted(doc_ids)).items()}
            for pair in pairs_of_language:
                query, passage = queries[code].get(pair[0]), texts.get(pair[1])
                if query is None or is_blank(query):
                    missing[f"queries in {code}"] += 1
                elif passage is None or is_blank(passage):
                    missing[f"documents in {code}"] += 1
                else:
                    items[pair].queries[code], items[pair].passages[code] = query, passage
                    candidates = [texts[key] for key in negative_ids.get(pair[0], ()) if key in texts]
                    hard[pair][code] = [text for text in candidates if not is_blank(text)]
        for pair, item in items.items():
            if can_pair(item.queries, item.passages, item.translation):
                positives = {text_key(text) for text in item.passages.values()}
                yield item._replace(negatives={
                    code: [text for text in texts if text_key(text) not in positives]
                    for code, texts in hard[pair].items()
                })  # fmt: skip


def _negative_ids(
    source: Any, relevant: dict[tuple[str, str], int], query_ids: set[str], count: int
) -> dict[str, list[str]]:
    """Return the IDs of the first ``count`` hard negatives of each query."""
    doc_ids: dict[str, list[str]] = {query_id: [] for query_id in query_ids}
    for pair in source.docpairs_iter():
        known = doc_ids.get(pair.query_id)
        if known is not None and len(known) < count and pair.doc_id_b not in known:
            if (pair.query_id, pair.doc_id_b) not in relevant:
                known.append(pair.doc_id_b)
    return doc_ids
