"""Perturbations in PyTerrier pipelines: experiments, inspection, feedback and fusion."""

import pandas as pd
import pyterrier as pt
import pytest

import pyterrier_hybrid as ph
from pyterrier_hybrid.perturbation import Case, Perturbation, WorstCase
from pyterrier_hybrid.perturbation.draws import choose_share
from pyterrier_hybrid.perturbation.segments import replace_spans, word_spans

DOCUMENTS = [
    {"docno": "rom", "text": "Rom liegt in Italien am Tiber", "lang": "de"},
    {"docno": "paris", "text": "Paris liegt in Frankreich an der Seine", "lang": "de"},
    {"docno": "haus", "text": "das alte Haus von Anna am See", "lang": "de"},
    {"docno": "berg", "text": "ein hoher Berg mit Schnee", "lang": "de"},
]
TOPICS = pd.DataFrame({"qid": ["1", "2"], "query": ["Wo liegt Rom?", "Haus von Anna"], "lang": "de"})
QRELS = pd.DataFrame({"qid": ["1", "2"], "docno": ["rom", "haus"], "label": [1, 1]})


class Mirror(Perturbation):
    """Writes a share of the words backwards, which an encoder that ignores case sees too."""

    def perturb_text(self, text, lang, generator):
        spans = word_spans(text, lang)
        chosen = [spans[n] for n in choose_share(generator, self.severity, len(spans))]
        return replace_spans(text, chosen, [text[slice(*span)][::-1] for span in chosen])


@pytest.fixture(scope="module")
def encoder():
    return ph.DenseEncoder.from_scratch([row["text"] for row in DOCUMENTS], dim=8, vocab_size=80, verbose=False)


@pytest.fixture(scope="module")
def dense(encoder, tmp_path_factory):
    index = ph.FaissIndex(tmp_path_factory.mktemp("dense") / "index")
    (encoder.doc_encoder() >> index.indexer()).index(DOCUMENTS)
    return index


@pytest.fixture(scope="module")
def bm25(tmp_path_factory):
    index = ph.BM25Index(tmp_path_factory.mktemp("bm25") / "index")
    index.indexer().index(DOCUMENTS)
    return index


MIRRORED = TOPICS.assign(query=["oW tgeil moR?", "suaH nov annA"])


def queries_of(results):
    """The query of each qid in results, and the original one."""
    return results.drop_duplicates("qid").sort_values("qid")[["query", "query_0"]].values.T.tolist()


def test_an_experiment_with_and_without_noise(encoder, dense, bm25):
    search, bm25_search = encoder.query_encoder() >> dense.retriever(), bm25.retriever()
    upper, mirror = Case(to="upper"), Mirror(severity=1)
    systems = {
        "dense": search,
        "dense, upper": upper >> search,
        "dense, mirrored": mirror >> search,
        "bm25": bm25_search,
        "bm25, upper": upper >> bm25_search,
        "bm25, mirrored": mirror >> bm25_search,
    }
    values = pt.Experiment(list(systems.values()), TOPICS, QRELS, ["map"], names=list(systems)).set_index("name")["map"]
    # Both ignore case, and Anna is Anna from both sides.
    assert values["dense"] == values["dense, upper"]
    assert (values["bm25"], values["bm25, upper"], values["bm25, mirrored"]) == (1, 1, 0.5)
    assert values["dense, mirrored"] == pt.Experiment([search], MIRRORED, QRELS, ["map"])["map"][0]


def test_equal_pipelines_are_run_once_and_others_are_not(encoder, dense):
    search = encoder.query_encoder() >> dense.retriever()
    systems = [Mirror(severity=1) >> search, Mirror(severity=1, lang="de") >> search, Mirror(severity=0) >> search]
    names = ["all", "same", "none"]
    plain = pt.Experiment(systems, TOPICS, QRELS, ["map"], names=names, perquery=True)
    planned = pt.Experiment(systems, TOPICS, QRELS, ["map"], names=names, perquery=True, plan="tree")
    pd.testing.assert_frame_equal(plain, planned)


def test_inspection(encoder, dense, bm25):
    worst = WorstCase(encoder, [Case()], lang="de", budget=2)
    for noise, needed in ((Case(), ["query", "lang"]), (Case(lang="de"), ["query"]), (worst, ["query"])):
        outputs = {"qid", "lang", "query", "query_0", "changed"}
        assert set(pt.inspect.transformer_outputs(noise, ["qid", "query", "lang"])) == outputs
        assert pt.inspect.transformer_inputs(noise)[0] == ["qid", *needed]
        assert pt.inspect.transformer_inputs(noise)[-1] == needed
        assert pt.inspect.subtransformers(noise) == {}
        found = {"docno", "score", "rank"}
        for search in (bm25.retriever(lang="de"), encoder.query_encoder() >> dense.retriever()):
            pipeline = noise >> search
            assert set(pt.inspect.transformer_outputs(pipeline, ["qid", "query", "lang"])) == outputs | found
            assert set(pipeline(TOPICS).columns) == outputs | found
    with pytest.raises(pt.validate.InputValidationError, match="lang"):
        pt.inspect.transformer_outputs(Case() >> encoder.query_encoder(), ["qid", "query"])


def test_schematics_need_no_network(encoder, dense, monkeypatch):
    monkeypatch.setattr("pyterrier.documentation.objects_inv", None)
    pipeline = WorstCase(encoder, [Case()], budget=2) >> encoder.query_encoder() >> dense.retriever()
    drawn = pt.schematic.transformer_schematic(pipeline, input_columns=["qid", "query", "lang"])
    assert [part["label"] for part in drawn["transformers"] if "label" in part] == [
        "WorstCase",
        "Query encoder",
        "Faiss",
    ]


def test_feedback_and_fusion_see_the_perturbed_query(encoder, dense, bm25):
    noise, search = Mirror(severity=1), dense.retriever(3)
    first = encoder.query_encoder() >> dense.retriever(3, keep_query_vec=True)
    to_feedback = first >> dense.vec_loader() >> ph.VectorFeedback(k=2)
    fusion = ph.ReciprocalRankFusion(bm25.retriever(), encoder.query_encoder() >> search)
    for pipeline in (noise >> to_feedback >> search, noise >> fusion):
        assert queries_of(pipeline(TOPICS)) == [MIRRORED["query"].tolist(), TOPICS["query"].tolist()]
    # The vectors that feedback moves are those of the perturbed queries.
    moved, by_hand, clean = (
        [vector.tolist() for vector in results["query_vec"]]
        for results in ((noise >> to_feedback)(TOPICS), to_feedback(MIRRORED), to_feedback(TOPICS))
    )
    assert moved == by_hand != clean


def test_the_worst_case_hurts_a_real_encoder(encoder, dense):
    operators = [Mirror(severity=0.3), Case(to="upper")]
    worst = WorstCase(encoder, operators, budget=12)
    variants = worst(TOPICS)["query"].tolist()
    queries, perturbed, single = (
        encoder.encode_queries(texts)
        for texts in (TOPICS["query"].tolist(), variants, operators[0](TOPICS)["query"].tolist())
    )
    similarities = (queries * perturbed).sum(axis=1)
    assert (similarities <= (queries * single).sum(axis=1) + 1e-5).all() and (similarities < 0.99).all()
    pipeline = worst >> encoder.query_encoder() >> dense.retriever()
    assert queries_of(pipeline(TOPICS)) == [variants, TOPICS["query"].tolist()]
