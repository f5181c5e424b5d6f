"""Readers of datasets with an ir_datasets ID."""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from more_itertools import chunked

from pyterrier_hybrid.parallel.item import Item, check_language, has_pair, is_blank, text_key
from pyterrier_hybrid.parallel.store.build import Builder

PLACEHOLDER = "{lang}"
# So many pairs are looked up at a time.
_AT_A_TIME = 2000


def read_family(builder: Builder, *, name: str) -> None:
    """Read a family of this package; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.from_irds`."""
    import ir_datasets

    from pyterrier_hybrid.datasets import Family, family, register

    register()
    family_name, _, split = name.partition("/")
    source = family(family_name)
    if not isinstance(source, Family):
        raise ValueError(
            f"{name!r} is a set of ir_datasets: name the languages, as in "
            f"from_irds('{family_name}/{PLACEHOLDER}/train', languages=['de', 'es'])"
        )
    if (split or None) not in (source.splits or (None,)):
        choices = ", ".join(f"{family_name}/{known}" for known in source.splits) or family_name
        raise ValueError(f"no training data {name!r}: choose {choices}")
    if split != "train":
        warnings.warn(
            f"{name} is evaluation data: results on {family_name} of an encoder trained on it are not zero-shot",
            stacklevel=5,
        )
    items: dict[str, Item] = {}
    for language in source.languages:
        dataset = ir_datasets.load(source.id(language, language, split or None))
        texts = {doc.doc_id: doc.text for doc in dataset.docs_iter()}
        relevant = {qrel.query_id: qrel.doc_id for qrel in dataset.qrels_iter() if qrel.relevance > 0}
        for query in dataset.queries_iter():
            key = query.query_id.removesuffix(f"_{language}")
            item = items.setdefault(key, Item(key, None, name, {}, {}))
            item.queries[language], item.passages[language] = query.text, texts[relevant[query.query_id]]
    # Other documents of the same context are judged not relevant: they are the hardest true negatives there are.
    builder.add_items(items.values(), checked=True)


def read_irds(
    builder: Builder, *, name: str, languages: Sequence[str], parallel: bool, min_relevance: int, negatives: int
) -> None:
    """Read any dataset; see :meth:`~pyterrier_hybrid.parallel.ParallelPairs.from_irds`."""
    import ir_datasets

    from pyterrier_hybrid.datasets import register
    from pyterrier_hybrid.datasets.existing import MMARCO_CODES

    register()
    if isinstance(languages, str):
        raise TypeError(f"languages={languages!r} is a string: pass a list, such as [{languages!r}]")
    if not languages or (PLACEHOLDER not in name and len(languages) > 1):
        raise ValueError(
            f"{name!r} with languages={list(languages)!r}: name at least one language, and put {PLACEHOLDER} into the "
            "name if there are several"
        )
    theirs = {ours: code for code, ours in MMARCO_CODES.items()} if name.startswith("mmarco/") else {}
    sources = {}
    for code in languages:
        check_language(code)
        of_language = name.replace(PLACEHOLDER, theirs.get(code, code))
        try:
            sources[code] = ir_datasets.load(of_language)
        except KeyError:
            raise ValueError(f"ir_datasets knows no {of_language!r}: look at ir_datasets.com for its IDs") from None
        for part in ("docs", "queries", "qrels", "docpairs")[: 4 if negatives else 3]:
            if not sources[code].has(part):
                raise ValueError(f"{of_language} has no {part}: choose a part of it that has, such as its train part")
        _check_languages(sources[code], of_language, code)
    lost: Counter[str] = Counter()
    if parallel:
        dataset = name.replace(f"/{PLACEHOLDER}", "").replace(PLACEHOLDER, "")
        builder.add_items(_items(dataset, sources, min_relevance, negatives, lost))
    else:
        for code, source in sources.items():
            dataset = name.replace(PLACEHOLDER, code)
            builder.add_items(_items(dataset, {code: source}, min_relevance, negatives, lost))
    if lost:
        counts = ", ".join(f"{count:,} {what}" for what, count in lost.items())
        warnings.warn(f"{name}: skipped what its judgements name and it does not have: {counts}", stacklevel=5)


def _check_languages(source: Any, name: str, code: str) -> None:
    from pyterrier_hybrid.datasets.existing import MMARCO_CODES

    for part, lang in (("queries", source.queries_lang()), ("documents", source.docs_lang())):
        if lang is not None and _base(MMARCO_CODES.get(lang, lang)) != _base(code):
            raise ValueError(
                f"{name} has {part} in {lang!r}, not in {code!r}: choose a dataset with both in that language"
            )


def _base(code: str) -> str:
    """A code without script and region, which datasets leave out."""
    return code.replace("_", "-").split("-")[0].lower()


def _items(
    dataset: str, sources: dict[str, Any], min_relevance: int, negatives: int, lost: Counter[str]
) -> Iterator[Item]:
    """Yield the judged pairs of some languages with their texts, some thousand looked up at a time."""
    # The languages of a pair are the bits of a number: there are half a million pairs in mMARCO.
    judged: dict[tuple[str, str], int] = {}
    for bit, source in enumerate(sources.values()):
        for qrel in source.qrels_iter():
            if qrel.relevance >= min_relevance:
                pair = qrel.query_id, qrel.doc_id
                judged[pair] = judged.get(pair, 0) | 1 << bit
    wanted = {query for query, _ in judged}
    queries = {
        code: {query.query_id: query.default_text() for query in source.queries_iter() if query.query_id in wanted}
        for code, source in sources.items()
    }
    # In all languages the IDs are the same.
    harder = _negative_ids(next(iter(sources.values())), judged, wanted, negatives) if negatives else {}
    for pairs in chunked(judged, _AT_A_TIME):
        items = {pair: Item("/".join(pair), f"{dataset}\0{pair[1]}", dataset, {}, {}, negatives={}) for pair in pairs}
        for bit, (code, source) in enumerate(sources.items()):
            of_language = [pair for pair in pairs if judged[pair] >> bit & 1]
            ids = {document for _, document in of_language}
            ids.update(document for query, _ in of_language for document in harder.get(query, ()))
            texts = {key: doc.default_text() for key, doc in source.docs_store().get_many(sorted(ids)).items()}
            for pair in of_language:
                query, passage = queries[code].get(pair[0]), texts.get(pair[1])
                if _is_there(query, lost, f"queries in {code}") and _is_there(passage, lost, f"documents in {code}"):
                    items[pair].queries[code], items[pair].passages[code] = query, passage
                    found = [texts[key] for key in harder.get(pair[0], ()) if key in texts]
                    items[pair].negatives[code] = [text for text in found if not is_blank(text)]
        for item in items.values():
            if has_pair(item):
                own = {text_key(text) for text in item.passages.values()}
                for code, texts in item.negatives.items():
                    item.negatives[code] = [text for text in texts if text_key(text) not in own]
                yield item


def _negative_ids(
    source: Any, judged: dict[tuple[str, str], int], wanted: set[str], negatives: int
) -> dict[str, list[str]]:
    """Return the first so many hard negatives of each query."""
    found: dict[str, list[str]] = {query: [] for query in wanted}
    for pair in source.docpairs_iter():
        known = found.get(pair.query_id)
        if known is not None and len(known) < negatives and pair.doc_id_b not in known:
            if (pair.query_id, pair.doc_id_b) not in judged:
                known.append(pair.doc_id_b)
    return found


def _is_there(text: str | None, lost: Counter[str], what: str) -> bool:
    if text is None or is_blank(text):
        lost[what] += 1
        return False
    return True
