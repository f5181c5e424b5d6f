"""The grid on the official XQuAD-R files: all 132 settings, as pt.Experiment and ir_measures have them."""

import zlib

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest
from grid_helpers import Letters, corpus_of, expected_values

from pyterrier_hybrid import LanguageExperiment, datasets

MEASURES = ["AP", "AP@100", "R@1", "R@10", "nDCG@10", "RR", "RR@10", "RankDistance"]
SAMPLE = 6


class WholeNumbers:
    """Random vectors of whole numbers, the same for the same text: exact scores with many ties."""

    def encode_queries(self, texts):
        return np.array(
            [np.random.default_rng(zlib.crc32(text.encode())).integers(-4, 5, 12) for text in texts], np.float32
        )

    encode_documents = encode_queries


@pytest.mark.usefixtures("lareqa_home")
def test_bm25_on_real_documents():
    pytest.importorskip("pyterrier_pisa")
    settings = LanguageExperiment({"BM25": "bm25"}, "xquad-r", languages="de", kinds="mono", measures="AP").settings
    assert settings["value"].item() == pytest.approx(0.758, abs=0.001)


@pytest.mark.usefixtures("lareqa_home")
def test_real_settings_are_what_pt_experiment_says():
    family, languages, measures = datasets.family("xquad-r"), ("en", "th"), ["AP@100", "R@1", "R@10", "nDCG@10", "RR"]
    encoder = Letters(dim=64)
    results = LanguageExperiment({"a": encoder}, family, languages=languages, measures=measures)
    assert set(results.settings["queries"]) == {1190}
    for doc_lang, query_lang in (("th", "th"), ("en", "th"), ("multi", "en")):
        corpus = corpus_of(family, doc_lang, languages)
        setting = (encoder, family.id(doc_lang, query_lang), corpus, measures[:-1], languages)
        rows = results.settings.query(f"doc_lang == '{doc_lang}' and query_lang == '{query_lang}'")
        found = rows["value"].tolist()[:-1]
        assert found == pytest.approx(expected_values(*setting, depth=100).mean()[measures[:-1]].tolist())
        assert found[2] > found[1] > 0


@pytest.mark.usefixtures("lareqa_home")
def test_all_132_settings_are_what_pt_experiment_says():
    # Full rankings of all 13,014 or about 1,183 documents, some of them equal, for every 200th query of a setting.
    family, encoder = datasets.family("xquad-r"), WholeNumbers()
    results = LanguageExperiment({"a": encoder}, family, measures=MEASURES, perquery=True)
    values = results.queries.set_index(["doc_lang", "query_lang", "measure", "qid"])["value"].sort_index()
    vectors, compared = {}, 0
    for doc_lang in (*family.languages, "multi"):
        corpus = corpus_of(family, doc_lang)
        assert len({document.text for document in corpus.documents}) < len(corpus) or doc_lang != "multi"
        docnos = np.array([document.doc_id for document in corpus.documents], object)
        documents = encoder.encode_documents([document.text for document in corpus.documents])
        for query_lang in family.languages:
            dataset = pt.get_dataset(f"irds:{family.id(doc_lang, query_lang)}")
            topics = dataset.get_topics().iloc[::200].reset_index(drop=True)
            if query_lang not in vectors:
                vectors[query_lang] = encoder.encode_queries(topics["query"].tolist())
            scores = vectors[query_lang] @ documents.T
            run = pd.DataFrame(
                {
                    "qid": np.repeat(topics["qid"].to_numpy(), len(docnos)),
                    "docno": np.tile(docnos, len(topics)),
                    "score": scores.ravel().astype(float),
                }
            )
            qrels = dataset.get_qrels()
            qrels = qrels[qrels["qid"].isin(topics["qid"])]
            measures = MEASURES if doc_lang == "multi" else MEASURES[:-1]
            found = values.loc[doc_lang, query_lang]
            for row in evaluate(run, topics, qrels, measures).itertuples(index=False):
                assert abs(found[row.measure, row.qid] - row.value) < 1e-9, (doc_lang, query_lang, row)
                compared += 1
    assert compared == SAMPLE * (121 * 7 + 11 * 8)


def evaluate(run, topics, qrels, measures):
    import ir_measures

    ranked = pt.Transformer.from_df(pt.model.add_ranks(run.merge(topics, on="qid")))
    measures = [ir_measures.parse_measure(measure) for measure in measures]
    return pt.Experiment([ranked], topics, qrels, measures, perquery=True, validate="ignore")
