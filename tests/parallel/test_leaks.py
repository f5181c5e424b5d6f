"""The leak check: what it finds, what it ignores, and removing leaking items."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import pyterrier_hybrid as ph
from pyterrier_hybrid.cli import main
from pyterrier_hybrid.parallel import Item, ParallelPairs, find_leaks
from pyterrier_hybrid.parallel.store import texts
from pyterrier_hybrid.recipe import Recipe
from pyterrier_hybrid.text.letters import letters_of

DOCUMENT = "On the map of the world you find Cuba in the Caribbean."
LONGER = "Spanish has official status throughout Cuba. It is the language that courts and public offices use."
QUERY = "Which language do officials in Cuba write their letters in?"
OTHER = "Nothing of this is in any other text, I hope: {}."


def item(name, *, query=OTHER, passage="Because {}.", dataset="toy", lang="en", **more):
    return Item(name, None, dataset, {lang: query.format(name)}, {lang: passage.format(name)}, **more)


def rows(leaks):
    columns = ["id", "language", "role", "kind", "evaluation_id", "evaluation_role"]
    return sorted(leaks.frame[columns].itertuples(index=False, name=None))


@pytest.fixture(scope="module")
def pairs():
    sentences = {"de": "Auf der Karte liegt Kuba im Westen.", "en": f"See: {DOCUMENT.upper()} Or not?"}
    return ParallelPairs([
        item("exact-query", query=QUERY.lower().replace(" ", "  ")),
        item("exact-passage", passage=DOCUMENT),
        item("longer", passage=f"As is said: “{DOCUMENT}” And so it goes."),
        item("part", passage=DOCUMENT[:47]),
        item("edited", passage=LONGER.replace("courts", "tribunals").replace("has official", "has its official")),
        item("elsewhere", passage=f"Auf Englisch: {DOCUMENT}", lang="de"),
        item("negative", negatives={"en": ["Not this one.", DOCUMENT]}),
        Item("sentence", None, "talk", sentences, sentences, translation=True),
        item("phrase", passage="On the map of the world you find everything."),
        item("innocent"),
    ])  # fmt: skip


@pytest.fixture(scope="module")
def leaks(pairs):
    # Questions of one template are similar, too: test_leaks_similarity.py.
    return find_leaks(pairs, "atlas/en/test", min_similarity=None)


def test_planted_leaks_are_found(leaks):
    document, query = ("en_CU_region", "document"), ("CU_language_en", "query")
    assert rows(leaks) == sorted([
        ("exact-query", "en", "query", "exact", *query),
        ("exact-passage", "en", "passage", "exact", *document),
        ("longer", "en", "passage", "near", *document),
        ("part", "en", "passage", "near", *document),
        ("edited", "en", "passage", "near", "en_CU_language", "document"),
        ("elsewhere", "de", "passage", "near", *document),
        ("negative", "en", "negative", "exact", *document),
        ("sentence", "en", "text", "near", *document),
    ])  # fmt: skip
    found = leaks.frame.set_index("id")
    assert found.stretch["longer"] == DOCUMENT[:-1]
    assert found.stretch["sentence"] == DOCUMENT[:-1].upper()
    assert found.text["sentence"] == f"See: {DOCUMENT.upper()} Or not?"
    assert (found.evaluation_text.drop(["exact-query", "edited"]) == DOCUMENT).all()
    assert found.longest["part"] == found.shared["part"] == len(DOCUMENT[:47].replace(" ", ""))
    assert found.containment["part"] == 1
    assert 40 <= found.shared["edited"] and found.longest["edited"] < 60 and found.containment["edited"] < 0.9


def test_phrases_are_listed_when_asked_for(pairs, leaks):
    found = find_leaks(pairs, "atlas/en/test", phrases=True)
    assert "phrase" in set(found.frame[found.frame.kind == "phrase"].id)
    assert len(found) == len(leaks) == 8
    assert found.leaking.equals(leaks.leaking)
    assert not (found.frame.shared < 24).any()


def test_what_is_near_is_a_choice(pairs):
    def ids(**options):
        return set(find_leaks(pairs, "atlas/en/test", min_similarity=None, **options).leaking.id)

    assert ids() - ids(containment=0.95) == {"edited"}
    assert "phrase" in ids(min_stretch=24)
    assert "phrase" in ids(containment=0.3, min_shared=24)


def test_whole_items_are_removed(pairs, leaks):
    clean = leaks.remove(pairs)
    assert [clean.item(i).id for i in range(len(clean))] == ["phrase", "innocent"]
    assert clean.datasets == ["toy"]
    assert len(find_leaks(clean, "atlas/en/test")) == 0
    assert len(pairs) == 10


def test_removing_from_other_pairs_with_the_same_ids(pairs, leaks):
    stored = pairs.filter(datasets=["talk"]) + ParallelPairs([item("longer", dataset="other"), item("longer")])
    assert [(kept.dataset, kept.id) for kept in map(leaks.remove(stored).item, range(1))] == [("other", "longer")]
    assert len(leaks.remove(ParallelPairs())) == 0


def test_counts_by_set_and_language(pairs, leaks):
    table = leaks.table().set_index(["dataset", "language"])
    assert table.loc[("toy", "en")].to_dict() == {"items": 8, "exact": 3, "near": 3, "phrase": 0}
    assert table.loc[("toy", "de"), "near"] == table.loc[("talk", "en"), "near"] == 1
    assert ("talk", "de") not in table.index
    hard = find_leaks(ParallelPairs([item("n", negatives={"de": [DOCUMENT]})]), ["atlas/en/test"]).table()
    assert hard[["language", "items", "exact"]].values.tolist() == [["de", 0, 1]]
    assert repr(leaks).startswith("8 of 10 items leak from atlas/en/test: 3 exactly, 5 nearly\n")
    assert "<table" in leaks._repr_html_()


def test_texts_of_few_letters_are_words():
    words = {"en": "Yes, indeed.", "de": "Ja."}
    pairs = ParallelPairs([Item("1", None, "toy", words, words, translation=True)])
    leaks = find_leaks(pairs, "atlas/en/test")
    assert len(leaks) == len(leaks.frame) == 0
    assert repr(leaks) == "0 of 1 items leak from atlas/en/test: 0 exactly, 0 nearly"


def test_nothing_to_check():
    leaks = find_leaks(ParallelPairs(), ["atlas/de/test", "atlas/de/test"])
    assert (len(leaks), leaks.items, leaks.evaluation) == (0, 0, ["atlas/de/test"])
    assert leaks.table().empty and len(leaks.remove(ParallelPairs())) == 0


def test_a_family_is_all_its_languages():
    import ir_datasets

    planted = []
    for lang in ("de", "hi", "th", "zh"):
        queries = {query.query_id: query.text for query in ir_datasets.load(f"atlas/{lang}/test").queries_iter()}
        planted.append(item(lang, query=queries[f"CU_language_{lang}"] + "!", passage="{{}}", lang=lang))
    pairs = ParallelPairs(planted)
    assert find_leaks(pairs, "atlas/de/th/test").leaking.id.tolist() == ["th"]
    assert set(find_leaks(pairs, ["atlas"]).leaking.id) == {"de", "hi", "th", "zh"}


def test_a_collection_of_ones_own(pairs):
    docs = [{"docno": "d1", "text": DOCUMENT, "lang": "en"}, {"docno": "d2", "text": "Niemand.", "lang": "de"}]
    family = ph.family_from(docs, [{"qid": "q", "query": f"{QUERY}!", "lang": "en", "docno": "d1"}], name="mine")
    own = find_leaks(pairs, family, min_similarity=None)
    assert own.evaluation == ["mine"]
    assert ("exact-passage", "en", "passage", "exact", "d1", "document") in rows(own)
    assert ("exact-query", "en", "query", "exact", "q_en", "query") in rows(own)
    both = find_leaks(pairs, ["atlas/en/test", family], min_similarity=None)
    assert both.evaluation == ["atlas/en/test", "mine"] and set(both.frame.evaluation) == set(both.evaluation)
    with pytest.raises(TypeError, match="datasets=3 is int"):
        find_leaks(pairs, 3)


def test_parts_of_a_store(pairs, leaks):
    part = pairs.filter(datasets=["toy"], languages=["en"]).split(0.5)[1]
    ids = {part.item(i).id for i in range(len(part))}
    assert set(find_leaks(part, "atlas/en/test").leaking.id) == ids & set(leaks.leaking.id)
    assert {kept.id for kept in map(leaks.remove(part).item, range(len(leaks.remove(part))))} == ids - set(
        leaks.leaking.id
    )


def test_rows_read_in_portions(pairs, leaks, monkeypatch):
    monkeypatch.setattr(texts, "ROWS_PER_READ", 3)
    again = find_leaks(pairs, "atlas/en/test", min_similarity=None).frame.fillna(-1)
    assert sorted(again.itertuples(index=False)) == sorted(leaks.frame.fillna(-1).itertuples(index=False))
    assert len(leaks.remove(pairs)) == 2


@pytest.mark.parametrize(
    ("datasets", "message"),
    [
        ("nothing-r", "ir_datasets has no dataset 'nothing-r'; a whole family is one of xquad-r, mlqa-r"),
        (["atlas", "mlqa-r/th"], "no dataset 'mlqa-r/th': the IDs are mlqa-r.* among ar, de, en, es, hi, vi, zh"),
        ([], "no evaluation set is named"),
    ],
)
def test_sets_that_are_not_there(pairs, datasets, message):
    with pytest.raises(ValueError, match=message):
        find_leaks(pairs, datasets)


def test_what_is_checked_are_pairs():
    with pytest.raises(TypeError, match="pairs is a str: pass ParallelPairs"):
        find_leaks("pairs.jsonl", "atlas")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"containment": 0}, "containment=0 is a ratio"),
        ({"containment": 1.5}, "containment=1.5 is a ratio"),
        ({"min_shared": 20}, "min_shared=20 is below 24"),
        ({"min_stretch": 3}, "min_stretch=3 is below 24"),
    ],
)
def test_thresholds_out_of_range(pairs, options, message):
    with pytest.raises(ValueError, match=message):
        find_leaks(pairs, "atlas", **options)


@pytest.mark.slow
def test_documents_and_queries_of_all_languages(lareqa_home):
    import ir_datasets

    xquad, mlqa = ir_datasets.load("xquad-r"), ir_datasets.load("mlqa-r/multi")
    documents = {doc.lang: doc for doc in xquad.docs_iter() if len(doc.text) > 60}
    queries = {query.query_id[-2:]: query for query in mlqa.queries_iter() if len(query.text) > 30}
    planted = [item(f"d-{lang}", passage="{{}} " + doc.text, lang=lang) for lang, doc in documents.items()]
    planted += [item(f"q-{lang}", query=query.text + "?", lang=lang) for lang, query in queries.items()]
    leaks = find_leaks(ParallelPairs(planted), ["xquad-r", "mlqa-r"])
    assert len(leaks) == len(planted) == 18
    expected = {(f"d-{lang}", doc.doc_id) for lang, doc in documents.items()}
    expected |= {(f"q-{lang}", query.query_id) for lang, query in queries.items()}
    assert expected <= set(leaks.frame[["id", "evaluation_id"]].itertuples(index=False, name=None))


def test_the_real_pairs(lareqa_home, shared_data):
    import ir_datasets

    with gzip.open(shared_data / "parallel" / "monolingual_qa.jsonl.gz", "rt", encoding="utf-8") as file:
        stored = [json.loads(line) for line in file if '"set": "iapp-valid"' in line]
    items = [Item(row["id"], None, row["set"], {"th": row["question"]}, {"th": row["passage"]}) for row in stored]
    found = find_leaks(ParallelPairs(items), "xquad-r/th", phrases=True)

    def stretches(texts):
        letters, starts = letters_of(texts)
        parts = [letters[a : b - 1].tobytes() for a, b in zip(starts[:-1], starts[1:], strict=True)]
        return [{part[i : i + 96] for i in range(0, len(part) - 92, 4)} for part in parts]

    thai = ir_datasets.load("xquad-r/th")
    known = set().union(*stretches([text.default_text() for text in (*thai.docs_iter(), *thai.queries_iter())]))
    shared = {
        row["id"]
        for row, *parts in zip(stored, *(stretches([row[name] for row in stored]) for name in ("question", "passage")))
        if any(part & known for part in parts)
    }
    # Rows with a phrase of Thai XQuAD-R were left in on purpose; none of them is a leak.
    assert set(found.frame.id) == shared != set()
    assert len(found) == 0 and found.frame.longest.between(24, 59).all()


def run(*args, code=0):
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exit_code == code, result.output
    return result.output


def test_command(pairs, leaks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pairs.to_jsonl("pairs.jsonl")
    command = ["pairs", "leaks", "pairs.jsonl", "--dataset", "atlas/en/test"]
    output = run(*command, "atlas/de/test", "--output", "leaks.csv", "--remove", "clean.jsonl.gz")
    assert output.startswith("8 of 10 items leak from atlas/en/test, atlas/de/test: 3 exactly, 5 nearly")
    assert "2 items written to clean.jsonl.gz" in output
    written, expected = pd.read_csv("leaks.csv"), find_leaks(pairs, ["atlas/en/test", "atlas/de/test"]).frame
    assert list(written.columns) == list(expected.columns) and len(written) == len(expected) > len(leaks.frame)
    assert "--min-similarity" in run("pairs", "leaks", "--help")
    assert [ParallelPairs.from_jsonl("clean.jsonl.gz").item(i).id for i in range(2)] == ["phrase", "innocent"]
    assert run(*command, "--fail", code=3) == run(*command)
    run("pairs", "leaks", "clean.jsonl.gz", "--dataset", "atlas/en/test", "--fail")
    assert "phrase" in run(*command, "--phrases", "--languages", "de", "en")


def test_command_refuses_before_it_reads(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    command = ["pairs", "leaks", "nowhere.jsonl", "--dataset"]
    assert "ir_datasets has no dataset 'nothing'" in run(*command, "nothing", code=1)
    assert "there already exists: choose another one" in run(*command, "atlas", "--remove", "there", code=2)
    assert "ends in none of .jsonl" in run(*command, "atlas", "--remove", "clean.txt", code=2)
    assert "nowhere.jsonl: there is no such file" in run(*command, "atlas", code=1)
    command = ["pairs", "leaks", "atlas/train", "--dataset", "atlas/en/test", "--min-shared", 3]
    assert "min_shared=3 is below 24" in run(*command, code=1)


@pytest.mark.slow
def test_recipe_without_leaks(pairs, tmp_path):
    pairs.to_jsonl(tmp_path / "pairs.jsonl")
    fields = {"sources": ["pairs.jsonl"], "without_leaks": ["atlas/en/test"]}
    recipe = Recipe(name="a", encoder="model", pairs=fields, folder=tmp_path)
    learned, _ = recipe.load_pairs()
    assert [learned.item(i).id for i in range(len(learned))] == ["phrase", "innocent"]
    (tmp_path / "kept").mkdir()
    recipe.save(tmp_path / "kept" / "recipe.yaml")
    assert Recipe.from_file(tmp_path / "kept" / "recipe.yaml").load_pairs()[0].fingerprint == learned.fingerprint


def test_a_leak_in_a_language_that_is_not_learned_counts(pairs, tmp_path):
    words = {"de": "Auf der Karte liegt Kuba im Westen.", "fr": "Cuba est à l'ouest."}
    sentences = {**words, "en": DOCUMENT}
    ParallelPairs([Item("1", None, "talk", sentences, sentences, translation=True)]).to_jsonl(tmp_path / "pairs.jsonl")
    fields = {"sources": ["pairs.jsonl"], "languages": ["de", "fr"]}
    assert len(Recipe(name="a", encoder="model", pairs=fields, folder=tmp_path).load_pairs()[0]) == 1
    fields["without_leaks"] = ["atlas/en/test"]
    recipe = Recipe(name="a", encoder="model", pairs=fields, folder=tmp_path)
    with pytest.raises(ValueError, match="no text is in the language 'de'"):
        recipe.load_pairs()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (["nothing"], r"field 'pairs.without_leaks': ir_datasets has no dataset 'nothing'"),
        ([], r"field 'pairs.without_leaks': no evaluation set is named"),
        (3, r"field 'pairs.without_leaks'"),
    ],
)
def test_recipe_with_sets_that_are_not_there(value, message):
    with pytest.raises(ValueError, match=message):
        Recipe(name="a", encoder="model", pairs={"sources": ["pairs.jsonl"], "without_leaks": value})


def test_the_report_goes_with_the_clean_pairs(pairs):
    leaks = find_leaks(pairs, "atlas/en/test", min_shared=24)
    report = leaks.report()
    assert (report["items"], report["exact"], report["near"], report["pairs"]) == (10, 3, 6, pairs.fingerprint)
    assert report["options"] == {"containment": 0.5, "min_shared": 24, "min_stretch": 60, "min_similarity": 0.6}
    assert {leak["id"] for leak in report["leaks"]} == set(leaks.leaking.id)
    assert json.loads(json.dumps(report)) == report
    clean = leaks.remove(pairs)
    assert pairs.leak_checks == () and clean.leak_checks == ({**report, "removed": 9},)
    # Parts of checked pairs are checked; other pairs, and sums with them, are not.
    more = ParallelPairs([item(str(number)) for number in range(4)])
    checked = find_leaks(more, ["atlas/de/test"]).remove(more)
    assert [part.leak_checks[0]["evaluation"] for part in checked.split(0.5)] == [["atlas/de/test"]] * 2
    assert (
        checked.filter(languages=["en"]).leak_checks == checked.imbalance({"en": 1}).leak_checks == checked.leak_checks
    )
    assert leaks.remove(more).leak_checks == (checked + clean).leak_checks == ()
    twice = find_leaks(checked, "atlas/en/test").remove(checked)
    assert [check["evaluation"] for check in twice.leak_checks] == [["atlas/de/test"], ["atlas/en/test"]]


def test_public_name(leaks):
    assert ph.find_leaks is find_leaks
    assert leaks.frame.dtypes["longest"] == leaks.frame.dtypes["shared"] == np.int64
