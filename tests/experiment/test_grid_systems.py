"""Systems besides encoders and functions: encoders that want languages, pipelines, runs."""

import gzip

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest
from grid_helpers import MEASURES, Exhaustive, Letters, corpus_of, language, make_family, make_toy

from pyterrier_hybrid import LanguageExperiment
from pyterrier_hybrid.experiment import Runs, VectorPipelines
from pyterrier_hybrid.experiment.ranking import rankers
from pyterrier_hybrid.experiment.ranking.base import Ranker


@pytest.fixture(scope="module")
def toy():
    return make_toy("toy-systems")


class Shift:
    """Adds a different vector for each language, and records its arguments."""

    def __init__(self):
        self.seen = []

    def queries(self, vectors, langs):
        self.seen.append(("queries", set(langs), len(vectors)))
        return vectors + np.array([[len(lang) + ord(lang[0]) % 3] for lang in langs], np.float32)

    def documents(self, vectors, langs):
        self.seen.append(("documents", set(langs), len(vectors)))
        return vectors - np.array([[ord(lang[1]) % 5] for lang in langs], np.float32)


class Shifted:
    """The interface of DebiasedEncoder."""

    wants_languages = True

    def __init__(self, encoder, debias):
        self.encoder, self.debias = encoder, debias

    def encode_queries(self, texts, langs):
        return self.debias.queries(self.encoder.encode_queries(texts), langs)

    def encode_documents(self, texts, langs):
        return self.debias.documents(self.encoder.encode_documents(texts), langs)


class Opaque:
    """An encoder that wants languages, without the attributes of DebiasedEncoder."""

    wants_languages = True

    def __init__(self, shifted):
        self.encode_queries, self.encode_documents = shifted.encode_queries, shifted.encode_documents


class Plain:
    """The same for one language, as an encoder of texts alone."""

    def __init__(self, shifted, lang):
        self.shifted, self.lang = shifted, lang

    def encode_queries(self, texts):
        return self.shifted.encode_queries(texts, [self.lang] * len(texts))

    def encode_documents(self, texts):
        return self.shifted.encode_documents(texts, [text[:2] for text in texts])


def test_languages_of_queries_and_documents(toy):
    shifted = Shifted(Letters(), Shift())

    class Function(pt.Transformer):
        def __init__(self, corpus):
            self.corpus = corpus

        def transform(self, topics):
            (lang,) = set(topics["lang"])
            return Exhaustive(Plain(shifted, lang), self.corpus).transform(topics)

    systems = {"shifted": shifted, "opaque": Opaque(shifted), "as it is": Letters()}
    systems["function"] = lambda corpus: Function(corpus)
    settings = LanguageExperiment(systems, toy, measures=MEASURES).settings
    values = {name: settings[settings["system"] == name]["value"].to_numpy() for name in systems}
    np.testing.assert_allclose(values["shifted"], values["function"], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(values["shifted"], values["opaque"])
    assert (values["shifted"] != values["as it is"]).any()


def test_one_text_in_two_languages_has_two_vectors(toy):
    debias = Shift()
    LanguageExperiment({"a": Shifted(Letters(), debias)}, toy)
    assert {role: langs for role, langs, _ in debias.seen} == {
        "queries": set(toy.languages),
        "documents": set(toy.languages),
    }


def test_systems_share_the_vectors_of_one_encoder(toy):
    encoder = Letters()
    nested = Shifted(Shifted(encoder, Shift()), Shift())
    systems = {"a": encoder, "b": Shifted(encoder, Shift()), "other": Letters(seed=3), "c": nested}
    LanguageExperiment(systems, toy)
    assert len(encoder.calls) == 2  # queries and documents, once


def test_bad_shift(toy):
    shift = Shift()
    shift.documents = lambda vectors, langs: vectors[1:]
    with pytest.raises(
        ValueError, match=r"systems\['a'\].debias.documents: 27 texts gave an array of shape \(26, 16\)"
    ):
        LanguageExperiment({"a": Shifted(Letters(), shift)}, toy)


class Delegating:
    """An encoder whose methods are those of another one."""

    def __init__(self, encoder):
        self.wrapped = encoder

    def __getattr__(self, name):
        if name == "wrapped":
            raise AttributeError(name)
        return getattr(self.wrapped, name)


def test_encoders_that_delegate(toy):
    shifted = Shifted(Letters(), Shift())
    systems = {"plain": Letters(), "delegating": Delegating(Letters())}
    systems |= {"shifted": shifted, "delegating shifted": Delegating(shifted)}
    values = LanguageExperiment(systems, toy, measures="AP").settings.set_index("system")["value"]
    for name in ("plain", "shifted"):
        assert values[f"delegating {name}".removesuffix(" plain")].tolist() == values[name].tolist()


def vectors(column, source, encode):
    return pt.apply.generic(lambda frame: frame.assign(**{column: list(encode(frame[source].tolist()))}))


def test_pipelines_of_vectors(toy):
    encoder = Letters()
    upside_down = pt.apply.generic(lambda frame: frame.iloc[::-1])
    queries = vectors("query_vec", "query", encoder.encode_queries) >> upside_down
    system = VectorPipelines(queries, vectors("doc_vec", "text", encoder.encode_documents))
    settings = LanguageExperiment({"pipelines": system, "encoder": encoder}, toy, measures=MEASURES).settings
    values = [settings[settings["system"] == name]["value"].to_numpy() for name in ("pipelines", "encoder")]
    np.testing.assert_array_equal(*values)


def test_bad_pipelines(toy):
    good = vectors("doc_vec", "text", Letters().encode_documents)
    with pytest.raises(TypeError, match="VectorPipelines: queries is a function, not a PyTerrier transformer"):
        VectorPipelines(lambda frame: frame, good)
    cases = [
        (pt.Transformer.identity(), "gives no column query_vec"),
        (pt.apply.generic(lambda frame: frame[1:].assign(query_vec=0)), "gave 14 rows for 15"),
    ]
    for queries, message in cases:
        with pytest.raises(ValueError, match=message):
            LanguageExperiment({"a": VectorPipelines(queries, good)}, toy)


@pytest.fixture
def runs(toy, tmp_path):
    """A run for each setting, of all queries, also those without an answer there."""
    for doc_lang in (*toy.languages, "multi"):
        ranked = Exhaustive(Letters(), corpus_of(toy, doc_lang))
        for query_lang in toy.languages:
            topics = pt.get_dataset(f"irds:{toy.id(doc_lang, query_lang)}").get_topics()
            extra = pd.DataFrame({"qid": ["extra"], "query": ["sun moon"]})
            frame = ranked.transform(pd.concat([topics, extra], ignore_index=True))
            pt.io.write_results(frame, str(tmp_path / f"{doc_lang}.{query_lang}.trec"), format="trec")
    return tmp_path


def test_runs(toy, runs):
    named = {
        toy.id(doc, query): runs / f"{doc}.{query}.trec" for doc in (*toy.languages, "multi") for query in toy.languages
    }
    systems = {"encoder": Letters(), "pattern": Runs(f"{runs}/{{doc_lang}}.{{query_lang}}.trec"), "named": Runs(named)}
    settings = LanguageExperiment(systems, toy, measures=MEASURES).settings
    values = [settings[settings["system"] == name]["value"].to_numpy() for name in systems]
    np.testing.assert_allclose(values[0], values[1], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(values[1], values[2])


def test_runs_with_the_ids_of_a_users_queries(toy, runs):
    # The IDs of the family end in the language.
    path = runs / "de.de.trec"
    lines = [line.split(" ") for line in path.read_text().splitlines()]
    assert any(line[0].endswith("_de") for line in lines)
    own = runs / "own.trec"
    own.write_text("".join(" ".join([line[0].removesuffix("_de"), *line[1:]]) + "\n" for line in lines))
    systems = {name: Runs({"toy-systems/de": file}) for name, file in (("full", path), ("own", own))}
    values = LanguageExperiment(systems, toy, kinds="mono", languages="de", measures="AP").settings["value"].tolist()
    assert values[0] == values[1] > 0


def test_runs_with_gzip(toy, runs):
    content = (runs / "de.de.trec").read_bytes()
    (runs / "de.de.trec.gz").write_bytes(gzip.compress(content))
    (runs / "copy.de.trec.gz").write_bytes(gzip.compress(content))
    systems = {
        "plain": Runs({"toy-systems/de": runs / "de.de.trec"}),
        "gz": Runs({"toy-systems/de": runs / "de.de.trec.gz"}),
        "instead": Runs({"toy-systems/de": runs / "copy.de.trec"}),
        "pattern": Runs(f"{runs}/copy.{{query_lang}}.trec"),
    }
    values = LanguageExperiment(systems, toy, kinds="mono", languages="de", measures="AP").settings["value"].tolist()
    assert values[0] > 0 and len(set(values)) == 1


@pytest.mark.parametrize(
    "line", ["q1 Q0 d1 0 high tag", "q1 Q0 d1 0 1.5 my tag", "q1 Q0 d1 0"], ids=["score", "seven", "four"]
)
def test_a_file_that_is_no_run_is_named(tmp_path, line):
    (tmp_path / "bad.trec").write_text(f"q0 Q0 d0 0 2.5 tag\n{line}\n")
    with pytest.raises(ValueError, match=r"Runs: .*bad.trec is no run of TREC's six columns"):
        Runs({"x": tmp_path / "bad.trec"}).read("x", doc_lang="de", query_lang="de")


def test_ids_of_runs_are_read_as_they_are(tmp_path):
    (tmp_path / "odd.trec").write_text('NA Q0 null 0 3.0 x\nq2 Q0 "a 1 2 x\nq3 Q0 b" 1 2 x\n')
    found = Runs({"x": tmp_path / "odd.trec"}).read("x", doc_lang="de", query_lang="de")
    assert found[["qid", "docno", "score"]].values.tolist() == [["NA", "null", 3], ["q2", '"a', 2], ["q3", 'b"', 2]]


@pytest.mark.parametrize(
    ("files", "error", "message"),
    [
        (
            "missing/{id}.trec",
            FileNotFoundError,
            "missing/toy-systems/de.trec is not there; toy-systems/de needs a run",
        ),
        ({"toy-systems/en": "x"}, ValueError, "there is no file for 'toy-systems/de', only for toy-systems/en"),
        ("{runs}/en.en.trec", ValueError, r"systems\['a'\]: .*en.en.trec ranks none of the queries of toy-systems/de"),
    ],
)
def test_wrong_runs(toy, runs, files, error, message):
    if isinstance(files, str) and "{runs}" in files:
        files = {"toy-systems/de": files.replace("{runs}", str(runs))}
    with pytest.raises(error, match=message):
        LanguageExperiment({"a": Runs(files)}, toy, kinds="mono", languages="de")


def test_patterns():
    with pytest.raises(ValueError, match="'run.trec' is one file for all settings"):
        Runs("run.trec")
    with pytest.raises(ValueError, match="its fields are {id}, {doc_lang} and {query_lang}"):
        Runs("runs/{language}.trec")
    assert repr(Runs("{id}.trec")) == "Runs('{id}.trec')"


def test_a_new_kind_of_system_is_one_class_and_one_line(toy, monkeypatch):
    class PerfectRanker(Ranker):
        @staticmethod
        def accepts(system):
            return system is all

        def rank(self, task, indexes):
            for index in indexes:
                setting = task.settings[index]
                rank = np.arange(len(setting.query)) - np.searchsorted(setting.query, setting.query) + 1
                yield index, setting.ranks(np.stack([rank, rank]), len(task.corpora[setting.corpus]))

    monkeypatch.setattr(rankers, "RANKERS", (PerfectRanker, *rankers.RANKERS))
    settings = LanguageExperiment({"perfect": all, "encoder": Letters()}, toy, measures="AP").settings
    assert (settings.query("system == 'perfect'")["value"] == 1).all()
    assert (settings.query("system == 'encoder'")["value"] < 1).any()


def test_run_files_give_the_same_values_again(toy, tmp_path):
    systems = {
        "exact": Letters(),
        "a / b": [Letters(), Letters(seed=1)],
        "first": lambda corpus: Exhaustive(Letters(), corpus, 2),
    }
    results = LanguageExperiment(systems, toy, measures=MEASURES, runs=tmp_path, run_depth=1000)
    names = ["a-b-1-of-2", "a-b-2-of-2", "exact", "first"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert len(list((tmp_path / "exact").iterdir())) == len(
        results.settings[["doc_lang", "query_lang"]].drop_duplicates()
    )
    read = {name: Runs(f"{tmp_path}/{name}/{{doc_lang}}.{{query_lang}}.res.gz") for name in names}
    again = LanguageExperiment(
        {**read, "a / b": [read.pop("a-b-1-of-2"), read.pop("a-b-2-of-2")]}, toy, measures=MEASURES
    )
    keys = ["system", "kind", "doc_lang", "query_lang", "measure"]
    both = results.settings.merge(again.settings, on=keys, suffixes=("", "_again"))
    assert len(both) == len(results.settings) and (both["value"] == both["value_again"]).all()


def test_run_files_have_the_first_documents(toy, tmp_path):
    LanguageExperiment({"a": Letters()}, toy, kinds=["multi"], measures=["AP"], runs=tmp_path, run_depth=3)
    lines = gzip.decompress((tmp_path / "a" / "multi.de.res.gz").read_bytes()).decode().splitlines()
    rows = [line.split(" ") for line in lines]
    assert {tuple(row[1::4]) for row in rows} == {("Q0", "a")} and {row[3] for row in rows} == {"1", "2", "3"}
    scores = [float(row[4]) for row in rows[:3]]
    assert scores == sorted(scores, reverse=True) and len(rows) == 3 * len({row[0] for row in rows})
    with pytest.raises(ValueError, match="run_depth=0"):
        LanguageExperiment({"a": Letters()}, toy, runs=tmp_path, run_depth=0)


def test_ids_with_spaces_cannot_be_in_run_files(tmp_path):
    data = language("de", (0, 1))
    data.queries[None][0] = data.queries[None][0]._replace(query_id="q 0")
    data.answers[None][0] = data.answers[None][0]._replace(query_id="q 0")
    family = make_family("toy-spaced", {"de": data})
    with pytest.raises(ValueError, match="'q 0': a run file cannot hold an id that has spaces"):
        LanguageExperiment({"a": Letters()}, family, runs=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_compressed_run_without_a_line_retrieved_nothing(toy, tmp_path):
    path = tmp_path / "run.gz"
    path.write_bytes(gzip.compress(b""))
    values = LanguageExperiment(
        {"a": Runs({"toy-systems/de": path})}, toy, kinds=["mono"], languages=["de"], measures=["AP"]
    )
    assert values.means["value"].tolist() == [0]
