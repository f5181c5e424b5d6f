"""``search``: questions to a corpus."""

import json

import pytest
from cli_helpers import run
from click.testing import CliRunner

import pyterrier_hybrid as ph
from pyterrier_hybrid.cli import main
from pyterrier_hybrid.datasets.base import Document
from pyterrier_hybrid.retrieval.corpus_search import CorpusSearch, documents_fingerprint

DOCS = [
    Document("r1", "Rom liegt am Tiber.", "de", "", ""),
    Document("r2", "Rome lies on the\n Tiber.", "en", "", ""),
    Document("p1", "Paris liegt an der Seine.", "de", "", ""),
    Document("p2", "Paris lies on the Seine.\x1b[31m", "en", "", ""),
    Document("n2", "Nile", "en", "", ""),
]
QUERIES = [{"qid": "1", "query": "Liegt Rom am Tiber?", "lang": "de", "docno": "r1"}]


class Counting:
    """An encoder that counts the documents that it encodes."""

    def __init__(self, encoder):
        self.encoder, self.fingerprint, self.documents = encoder, encoder.fingerprint, 0

    def encode_queries(self, texts):
        return self.encoder.encode_queries(texts)

    def encode_documents(self, texts):
        self.documents += len(texts)
        return self.encoder.encode_documents(texts)


@pytest.fixture(scope="module")
def encoder():
    return ph.DenseEncoder.from_scratch([doc.text for doc in DOCS], dim=16, vocab_size=70)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, encoder):
    folder = tmp_path_factory.mktemp("search")
    encoder.save(folder / "compared" / "models" / "Hybrid")
    rows = ({"docno": doc.doc_id, "text": doc.text, "lang": doc.lang} for doc in DOCS)
    (folder / "docs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in QUERIES))
    return folder


def opened(encoder, cache, docs=DOCS):
    return CorpusSearch(lambda: docs, encoder, fingerprint=documents_fingerprint(docs), cache=cache)


def test_a_recipe_that_was_not_trained_here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "own.yaml").write_text("name: small\nencoder: {from_scratch: static}\npairs: {sources: [atlas/train]}\n")
    for recipe, name in (("atlas", "atlas"), ("own.yaml", "small")):
        assert run("search", recipe, "--corpus", "docs.jsonl", "--query", "Rom", code=1) == (
            f"Error: {recipe} has not been trained here: {name}/ does not exist; run pyterrier-hybrid train {recipe}\n"
        )


def test_a_corpus_is_indexed_once_and_again_when_it_or_the_encoder_changes(encoder, tmp_path):
    counting = Counting(encoder)
    first = opened(counting, tmp_path).results("Rom am Tiber", system="fusion")
    assert counting.documents == 5
    again = opened(counting, tmp_path).results("Rom am Tiber", system="fusion")
    assert counting.documents == 5 and again.equals(first)
    opened(counting, tmp_path, DOCS[:4])
    assert counting.documents == 9
    other = Counting(ph.DenseEncoder.from_scratch([doc.text for doc in DOCS], dim=16, vocab_size=70, seed=1))
    opened(other, tmp_path)
    assert other.documents == 5


def test_a_damaged_index_is_built_anew_with_a_message(encoder, tmp_path, capsys):
    counting = Counting(encoder)
    opened(counting, tmp_path)
    vectors = next(tmp_path.glob("*/dense-*/vectors.npy"))
    vectors.write_bytes(vectors.read_bytes()[:-1])
    assert len(opened(counting, tmp_path).results("Rom")) == 5
    assert counting.documents == 10 and "indexing again: " in capsys.readouterr().err


def test_results_are_those_of_the_indexes(encoder, tmp_path):
    search = opened(encoder, tmp_path)
    assert (len(search), search.languages) == (5, ("de", "en"))
    scores = encoder.encode_documents([doc.text for doc in DOCS]) @ encoder.encode_queries(["Rome"])[0]
    found = search.results("Rome")
    assert found["docno"].tolist() == [DOCS[i].doc_id for i in (-scores).argsort(kind="stable")]
    assert found.columns.tolist() == ["rank", "docno", "score", "lang", "text"]
    # "liegt" is stemmed to the German "lieg" only where the question is read as German.
    assert search.results("liegen Rom", system="bm25")["docno"].iloc[0] == "r1"
    assert set(search.results("Paris", system="bm25")["docno"]) == {"p1", "p2"}
    assert search.results("Paris", system="bm25", langs="en")["docno"].tolist() == ["p2"]
    for system in ("encoder", "fusion"):
        assert set(search.results("Paris", system=system, langs=["de"])["docno"]) == {"r1", "p1"}
        everything = search.results("Paris", system=system, langs=["de", "eng"])
        assert everything["docno"].tolist()[: len(DOCS)] and set(everything["lang"]) == {"de", "en"}
    assert len(search.results("zzz", system="bm25")) == 0
    with pytest.raises(ValueError, match="no documents in 'fr', only in de, en"):
        search.results("Paris", langs="fr")
    with pytest.raises(ValueError, match="has no fingerprint"):
        CorpusSearch(lambda: DOCS, object(), fingerprint="x", cache=tmp_path)
    with pytest.raises(ValueError, match="the corpus has no documents"):
        opened(encoder, tmp_path, [])


def test_bm25_reads_a_question_as_thai_or_chinese_only_if_it_has_their_letters(encoder, tmp_path):
    docs = [
        Document("en", "Priestley gave a claim to oxygen.", "en", "", ""),
        Document("en2", "Something else.", "en", "", ""),
        Document("zh", "他说: what gave the claim to being the first?", "zh", "", ""),
        *(Document(f"zh{number}", "北京在哪里", "zh", "", "") for number in range(4)),
    ]
    search = opened(encoder, tmp_path, docs)
    question = "What gave Priestley the claim to oxygen?"
    found = search.results(question, system="bm25")
    assert found["docno"].iloc[0] == "en"
    # Read as Chinese, n-grams of its words would find the quotation.
    chinese = search.results(question, system="bm25", query_lang="zh")
    assert chinese["docno"].iloc[0] == "zh" and chinese["score"].iloc[0] > found["score"].iloc[0]
    assert search.results("北京?", system="bm25")["docno"].tolist() == ["zh3", "zh2", "zh1", "zh0"]


def test_the_command_shows_texts_with_languages_and_says_what_is_right(folder):
    model = folder / "compared" / "models" / "Hybrid"
    output = run(
        "search", model, "--corpus", folder / "docs.jsonl", "--test-queries", folder / "q.jsonl",
        "--cache", folder / "cache", "--query", "liegt Rom am Tiber?", "Seine",
    )  # fmt: skip
    known, unknown = output.split("\nSeine\n")
    assert known.startswith("liegt Rom am Tiber?  (1 relevant document)\n\nencoder\n")
    assert "\nBM25\n" in known and "\nBM25 + encoder\n" in known
    bm25 = known.split("\nBM25\n")[1].splitlines()
    assert bm25[0].split()[0] == "1" and bm25[0].endswith("de      right Rom liegt am Tiber.")
    assert bm25[1].split()[3] == "?"
    assert "right" not in unknown and "\x1b" not in output and "Rome lies on the Tiber." in known


def test_without_a_query_it_asks_until_an_empty_line(folder):
    arguments = ["search", str(folder / "compared" / "models" / "Hybrid"), "--corpus", str(folder / "docs.jsonl"),
                 "--cache", str(folder / "cache"), "--systems", "encoder", "-k", "1", "--lang", "de"]  # fmt: skip
    for typed in ("Rome\nParis\n\n", "Rome\nParis\n"):
        result = CliRunner().invoke(main, arguments, input=typed)
        assert result.exit_code == 0, result.output
        assert "5 documents in de, en. An empty line ends." in result.output
        assert result.output.count("\nencoder\n") == 2 and " en " not in result.output.split("ends.")[1]


def test_questions_of_the_built_in_dataset_are_known(folder):
    query = next(iter(ph.datasets.family("atlas").load("de", "de").queries_iter()))
    output = run(
        "search", folder / "compared" / "models" / "Hybrid", "--corpus", "atlas", "--cache", folder / "cache",
        "--systems", "bm25", "--query", query.text, "-k", 50,
    )  # fmt: skip
    assert "(11 relevant documents)" in output
    assert " right " in output and " wrong " in output and " ? " not in output


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (
            ["compared", "--corpus", "docs.jsonl"],
            "compared is a comparison of several models: choose one or several of",
            1,
        ),
        (["nothing", "--corpus", "docs.jsonl"], "nothing", 1),
        (["compared/models/Hybrid", "--corpus", "docs.json"], "docs.json: there is no such file; did you mean", 1),
        (["compared/models/Hybrid", "--corpus", "xquadr"], "did you mean", 2),
        (["compared/models/Hybrid", "--corpus", "atlas", "--corpus-lang", "de"], "are for a FILE of documents", 2),
        (["compared/models/Hybrid", "--corpus", "docs.jsonl", "--test-qrels", "x"], "needs --test-queries", 2),
        (["compared/models/Hybrid", "--corpus", "docs.jsonl", "--lang", "fr"], "no documents in 'fr'", 1),
    ],
)
def test_mistakes_are_one_line(folder, monkeypatch, arguments, message, code):
    monkeypatch.chdir(folder)
    output = run("search", *arguments, "--cache", "cache", "--query", "x", code=code)
    assert message in output and output.startswith("Error: ") or "Usage" in output


def test_a_blank_question_is_refused(folder, monkeypatch):
    monkeypatch.chdir(folder)
    output = run("search", "compared/models/Hybrid", "--corpus", "docs.jsonl", "--query", "x", " ", code=2)
    assert "question 2 is blank" in output
