"""Pairs from ir_datasets IDs."""

import itertools
import warnings

import ir_datasets
import pytest
from ir_datasets.datasets.beir import BeirTitleDoc
from ir_datasets.formats import (
    BaseDocPairs,
    BaseDocs,
    BaseQrels,
    BaseQueries,
    GenericDoc,
    GenericDocPair,
    GenericQuery,
    TrecQrel,
)
from parallel_helpers import assert_same

from pyterrier_hybrid.parallel import ParallelPairs
from pyterrier_hybrid.parallel.readers import irds


def test_from_irds_warns_of_evaluation_data(lareqa_home):
    with pytest.warns(UserWarning, match="xquad-r is evaluation data.*not zero-shot") as caught:
        pairs = ParallelPairs.from_irds("xquad-r")
    assert caught[0].filename == __file__
    assert len(pairs) == 1190 and len(pairs.languages) == 11
    assert pairs.has_query.all() and pairs.has_passage.all() and not pairs.is_translation.any()
    assert pairs.datasets == ["xquad-r"]
    # Two questions of one sentence never meet, those of two sentences of one paragraph may.
    import ir_datasets

    answer = {qrel.query_id: qrel.doc_id for qrel in ir_datasets.load("xquad-r/de").qrels_iter()}
    of_answer = {}
    for i in range(len(pairs)):
        of_answer.setdefault(answer[f"{pairs.item(i).id}_de"], set()).add(int(pairs.groups[i]))
    assert all(len(found) == 1 for found in of_answer.values())
    assert pairs.groups.max() + 1 > 2 * 240


def test_from_irds_with_texts_missing_in_some_languages(lareqa_home):
    with pytest.warns(UserWarning, match="not zero-shot"):
        pairs = ParallelPairs.from_irds("mlqa-r")
    assert pairs.has_query.sum(0).tolist() == [517, 512, 1148, 500, 507, 511, 504]
    assert (pairs.has_query == pairs.has_passage).all()


def test_from_irds_atlas():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pairs = ParallelPairs.from_irds("atlas/train")
    assert len(pairs.languages) == 11 and pairs.datasets == ["atlas/train"]
    assert pairs.has_query.any(0).all()
    # Two documents of one territory may meet: telling them apart is to be learned.
    territories = {pairs.item(i).id.split("_")[0] for i in range(len(pairs))}
    assert pairs.groups.max() + 1 == len(pairs) > 3 * len(territories)
    with pytest.warns(UserWarning, match="not zero-shot"):
        test = ParallelPairs.from_irds("atlas/test")
    assert not {item.id for item in map(pairs.item, range(len(pairs)))} & {
        item.id for item in map(test.item, range(len(test)))
    }


def test_from_irds_some_languages_of_a_family():
    whole, some = ParallelPairs.from_irds("atlas/train"), ParallelPairs.from_irds("atlas/train", languages=["th", "de"])
    assert some.languages == ["de", "th"]
    expected = {
        item.id: ({lang: item.queries[lang] for lang in ("de", "th") if lang in item.queries})
        for item in map(whole.item, range(len(whole)))
    }
    assert {item.id: item.queries for item in map(some.item, range(len(some)))} == {
        name: queries for name, queries in expected.items() if queries
    }
    for languages, problem in ((["de", "fr"], "atlas/train has no 'fr'"), ([], "none was given")):
        with pytest.raises(ValueError, match=f"{problem}; choose some of ar, de"):
            ParallelPairs.from_irds("atlas/train", languages=languages)


@pytest.mark.parametrize(("name", "message"), [
    ("squad", "no family 'squad'"), ("xquad-r/train", "choose xquad-r"), ("atlas", "choose atlas/train, atlas/test"),
    ("atlas/dev", "choose atlas/train, atlas/test"),
])  # fmt: skip
def test_from_irds_unknown(name, message):
    with pytest.raises(ValueError, match=message):
        ParallelPairs.from_irds(name)


# Any ID


class Docs(BaseDocs):
    def __init__(self, docs):
        self._docs = docs

    def docs_iter(self):
        return iter(self._docs)

    def docs_cls(self):
        return type(self._docs[0])

    def docs_store(self):
        return self

    def get_many(self, ids):
        return {doc.doc_id: doc for doc in self._docs if doc.doc_id in ids}


class Queries(BaseQueries):
    def __init__(self, queries):
        self._queries = queries

    def queries_iter(self):
        return itertools.starmap(GenericQuery, self._queries.items())

    def queries_cls(self):
        return GenericQuery


class Qrels(BaseQrels):
    def __init__(self, qrels):
        self._qrels = qrels

    def qrels_iter(self):
        return (TrecQrel(query, doc, relevance, "0") for query, doc, relevance in self._qrels)

    def qrels_cls(self):
        return TrecQrel


class DocPairs(BaseDocPairs):
    def __init__(self, pairs):
        self._pairs = pairs

    def docpairs_iter(self):
        return itertools.starmap(GenericDocPair, self._pairs)

    def docpairs_cls(self):
        return GenericDocPair


NAMES = map("hybrid-test-{}".format, itertools.count())


@pytest.fixture
def register():
    """A function that registers datasets by language under a new name, and returns their ID with ``{lang}``."""

    def register_all(**languages):
        name = next(NAMES)
        for code, components in languages.items():
            ir_datasets.registry.register(f"{name}/{code}/train", ir_datasets.Dataset(*components))
        return f"{name}/{{lang}}/train"

    return register_all


def docs(**texts):
    return Docs([GenericDoc(name, text) for name, text in texts.items()])


PAIRS = [("q1", "d1", "d2"), ("q1", "d1", "d3"), ("q1", "d1", "d3"), ("q1", "d1", "d4"), ("q9", "d1", "d4")]


@pytest.fixture
def translated(register):
    qrels = [("q1", "d1", 1), ("q2", "d2", 1), ("q2", "d1", 2), ("q3", "d3", 0)]
    english = docs(d1="One.", d2="Two.", d3="Three.", d4="Four.")
    german = docs(d1="Eins.", d2="Zwei.", d3="Drei.", d4="eins.")
    return register(
        en=(english, Queries({"q1": "one?", "q2": "two?", "q3": "three?"}), Qrels(qrels), DocPairs(PAIRS)),
        de=(german, Queries({"q1": "eins?", "q2": "zwei?"}), Qrels(qrels[:2]), DocPairs(PAIRS)),
    )


def test_judged_pairs_of_translated_collections(translated):
    pairs = ParallelPairs.from_irds(translated, languages=["en", "de"])
    assert pairs.datasets == [translated.replace("/{lang}", "")]
    assert [pairs.item(i).id for i in range(3)] == ["q1/d1", "q2/d2", "q2/d1"]
    assert pairs.item(0).queries == {"de": "eins?", "en": "one?"}
    assert pairs.item(0).passages == {"de": "Eins.", "en": "One."}
    assert pairs.item(2).passages == {"en": "One."} and pairs.item(0).negatives is None
    # One document or one query, one group.
    assert pairs.groups.tolist() == [0, 0, 0] and pairs.passage_groups.tolist() == [0, 1, 0]


def test_pairs_are_looked_up_a_few_at_a_time(translated, monkeypatch, tmp_path):
    pairs = ParallelPairs.from_irds(translated, languages=["en", "de"])
    monkeypatch.setattr(irds, "_LOOKUP_SIZE", 1)
    assert_same(ParallelPairs.from_irds(translated, languages=["en", "de"], folder=tmp_path / "store"), pairs)


def test_a_least_relevance(translated):
    pairs = ParallelPairs.from_irds(translated, languages=["en", "de"], min_relevance=2)
    assert [pairs.item(i).id for i in range(len(pairs))] == ["q2/d1"]
    assert len(ParallelPairs.from_irds(translated, languages=["en"], min_relevance=0)) == 4


def test_hard_negatives_of_document_pairs(translated):
    pairs = ParallelPairs.from_irds(translated, languages=["en", "de"], negatives=3)
    # The fourth document is in German what the first is.
    assert pairs.item(0).negatives == {"de": ["Zwei.", "Drei."], "en": ["Two.", "Three.", "Four."]}
    assert pairs.item(1).negatives is None
    one = ParallelPairs.from_irds(translated, languages=["de"], negatives=1)
    assert one.negatives(0, "de") == ["Zwei."]


def test_collections_that_are_no_translations(register):
    name = register(
        ar=(docs(d1="arabic"), Queries({"q1": "arabic?"}), Qrels([("q1", "d1", 1)])),
        bn=(docs(d1="bengali"), Queries({"q1": "bengali?"}), Qrels([("q1", "d1", 1)])),
    )
    pairs = ParallelPairs.from_irds(name, languages=["ar", "bn"], parallel=False)
    assert pairs.datasets == [name.format(lang=code) for code in ("ar", "bn")]
    assert pairs.groups.tolist() == [0, 1]
    assert pairs.item(1).passages == {"bn": "bengali"}


def test_one_language_without_a_place_for_it(register):
    titled = Docs([BeirTitleDoc("d1", "the text", "The title"), BeirTitleDoc("d2", "another", "")])
    name = register(en=(titled, Queries({"q1": "who?"}), Qrels([("q1", "d1", 1)]))).format(lang="en")
    pairs = ParallelPairs.from_irds(name, languages=["en"])
    assert pairs.passage(0, "en") == "The title the text" and pairs.datasets == [name]


def test_judged_but_missing_texts_are_counted(register):
    qrels = [("q1", "d1", 1), ("q1", "d9", 1), ("q9", "d1", 1), ("q1", "d2", 1)]
    name = register(en=(docs(d1="One.", d2=" "), Queries({"q1": "one?"}), Qrels(qrels)))
    with pytest.warns(UserWarning, match="judged but missing: documents in en: 2, queries in en: 1") as caught:
        pairs = ParallelPairs.from_irds(name, languages=["en"])
    assert caught[0].filename == __file__
    assert [pairs.item(i).id for i in range(len(pairs))] == ["q1/d1"]


@pytest.mark.parametrize(("name", "options", "error", "message"), [
    ("x/{lang}", {}, ValueError, r"pass languages=\['de', ...\]"),
    ("x/{lang}", {"languages": []}, ValueError, "name at least one language"),
    ("x/{lang}", {"languages": "de"}, TypeError, "a string: pass a list"),
    ("x", {"languages": ["de", "en"]}, ValueError, "put {lang} into the name"),
    ("no-such-set/{lang}", {"languages": ["de"]}, ValueError, "ir_datasets has no dataset 'no-such-set/de'"),
    ("wikir/en1k", {"languages": ["en"]}, ValueError, "wikir/en1k has no queries"),
    ("atlas/de/ar/train", {"languages": ["de"]}, ValueError, "atlas/de/ar/train has queries in 'ar', not in 'de'"),
    ("atlas/{lang}/de/train", {"languages": ["ar"]}, ValueError, "atlas/ar/de/train has queries in 'de', not in 'ar'"),
    ("atlas/de/train", {"languages": ["en"]}, ValueError, "has queries in 'de', not in 'en'"),
    ("mmarco/v2/{lang}/train", {"languages": ["dt"]}, ValueError, "unknown language 'dt'"),
    ("mmarco/v2/{lang}/no", {"languages": ["nl"]}, ValueError, "ir_datasets has no dataset 'mmarco/v2/dt/no'"),
    ("xquad-r/{lang}", {"languages": ["de"], "negatives": 1}, ValueError, "xquad-r/de has no docpairs"),
])  # fmt: skip
def test_bad_ids(name, options, error, message):
    with pytest.raises(error, match=message):
        ParallelPairs.from_irds(name, **options)
