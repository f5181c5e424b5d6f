"""Registration of families with ir_datasets: with a small family, and in fresh processes."""

import importlib
import importlib.util
import subprocess
import sys
import warnings
from pathlib import Path

import ir_datasets
import pytest
from ir_datasets.formats import GenericQuery
from ir_datasets.formats.trec import TrecQrel
from ir_datasets.util import Registry

from pyterrier_hybrid.datasets import (
    Document,
    Family,
    LanguageData,
    families,
    family,
    register,
    register_family,
)
from pyterrier_hybrid.datasets.import_hook import after_import

REPOSITORY = Path(__file__).resolve().parents[2]

TINY = Family("tiny", ("de", "en"), splits=("train", "test"), title="Tiny", licence="CC0")
# Per split, the questions that a language has: "2" only exists in German, "3" only in English.
QUESTIONS = {"de": {"train": ["1", "2"], "test": ["4"]}, "en": {"train": ["1", "3"], "test": ["4"]}}


def load_tiny(lang: str) -> LanguageData:
    docs = [Document(f"{lang}_{i}_0", f"text {i}", lang, "title", f"text {i} and more") for i in range(1, 5)]
    queries = {
        split: [GenericQuery(f"q_{qid}_{lang}", f"question {qid}") for qid in qids]
        for split, qids in QUESTIONS[lang].items()
    }
    answers = {
        split: [TrecQrel(f"q_{qid}_{lang}", f"{lang}_{qid}_0", 1, lang) for qid in qids]
        for split, qids in QUESTIONS[lang].items()
    }
    return LanguageData(docs, queries, answers)


@pytest.fixture
def tiny(registry: Registry) -> Family:
    assert register_family(TINY, load_tiny)
    return TINY


def run(code: str, *paths: Path) -> str:
    """What a fresh Python process prints that runs ``code``, with ``paths`` and the repository on its path."""
    path = [str(path) for path in (*paths, REPOSITORY)]
    code = f"import sys; sys.path[:0] = {path!r}\n{code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# --- families and IDs ------------------------------------------------------------------------------------------------


def test_family_by_name() -> None:
    assert [family(known.name) for known in families()] == list(families())
    names = [known.name for known in families()]
    assert names == ["xquad-r", "mlqa-r", "atlas", "belebele", "tatoeba", "boolq-r"]
    with pytest.raises(ValueError, match="no family 'xquad': choose one of xquad-r, mlqa-r, atlas, .*, clirmatrix; or"):
        family("xquad")


@pytest.mark.parametrize("known", families(), ids=lambda known: known.name)
def test_family_describes_itself(known: Family) -> None:
    assert known.languages == tuple(sorted(known.languages))
    assert known.title and known.description and known.licence
    assert len(set(known.ids())) == len(list(known.ids()))
    # Of 15,007 settings, ir_datasets lists none, but knows each.
    listed = set(known.ids()) if known.name != "belebele" else {"belebele"}
    assert listed <= set(ir_datasets.registry)


@pytest.mark.parametrize(
    ("setting", "dataset_id"),
    [
        (("de", "de"), "tiny/de/test"),
        (("de", "en"), "tiny/de/en/test"),
        (("multi", "en"), "tiny/multi/en/test"),
        (("multi", "multi"), "tiny/multi/test"),
        (("de", "en", "train"), "tiny/de/en/train"),
        (("multi", "multi", "train"), "tiny/multi/train"),
    ],
)
def test_id_of_a_setting(setting: tuple[str, ...], dataset_id: str) -> None:
    assert TINY.id(*setting) == dataset_id


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (("fr", "de"), "tiny has no document language 'fr': choose one of de, en, multi"),
        (("de", "fr"), "tiny has no query language 'fr': choose one of de, en, multi"),
        (("de", "multi"), "give 'multi' as the document language instead of 'de'"),
        (("de", "de", "dev"), "tiny has no split 'dev': choose one of train, test"),
    ],
)
def test_bad_setting(setting: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TINY.id(*setting)


def test_split_of_a_family_without_splits() -> None:
    with pytest.raises(ValueError, match="xquad-r has no splits: leave out split='test'"):
        family("xquad-r").id("de", "de", "test")


def test_ids_of_a_family(tiny: Family) -> None:
    settings = ["de", "de/en", "en/de", "en", "multi/de", "multi/en", "multi"]
    expected = ["tiny", *(f"tiny/{setting}/{split}" for split in ("train", "test") for setting in settings)]
    assert list(tiny.ids()) == expected
    assert list(ir_datasets.registry) == expected
    assert [ir_datasets.load(dataset_id).dataset_id() for dataset_id in expected] == expected


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataset_id", "queries", "qrels"),
    [
        ("tiny/de/train", ["q_1_de", "q_2_de"], [("q_1_de", "de_1_0"), ("q_2_de", "de_2_0")]),
        ("tiny/de/test", ["q_4_de"], [("q_4_de", "de_4_0")]),
        ("tiny/de/en/train", ["q_1_en"], [("q_1_en", "de_1_0")]),
        ("tiny/multi/en/train", ["q_1_en", "q_3_en"],
         [("q_1_en", "de_1_0"), ("q_1_en", "en_1_0"), ("q_3_en", "en_3_0")]),
        ("tiny/multi/test", ["q_4_de", "q_4_en"],
         [("q_4_de", "de_4_0"), ("q_4_de", "en_4_0"), ("q_4_en", "de_4_0"), ("q_4_en", "en_4_0")]),
    ],
)  # fmt: skip
def test_queries_and_qrels(dataset_id: str, queries: list[str], qrels: list[tuple[str, str]], tiny: Family) -> None:
    dataset = ir_datasets.load(dataset_id)
    assert [query.query_id for query in dataset.queries_iter()] == queries
    assert list(dataset.qrels_iter()) == [TrecQrel(qid, doc_id, 1, doc_id[:2]) for qid, doc_id in qrels]
    assert dataset.queries_cls()._fields == ("query_id", "text")
    assert dataset.qrels_dict() == {qid: {doc: 1 for q, doc in qrels if q == qid} for qid in queries}


def test_counts_without_metadata_come_from_the_data(tiny: Family) -> None:
    for dataset_id in tiny.ids():
        dataset = ir_datasets.load(dataset_id)
        assert dataset.docs_count() == len(dataset.docs) == len(list(dataset.docs_iter()))
        if dataset.has_queries():
            assert dataset.queries_count() == len(dataset.queries) == len(list(dataset.queries_iter()))
            assert dataset.qrels_count() == len(dataset.qrels) == len(list(dataset.qrels_iter()))


def test_a_language_is_read_once_when_it_is_needed(registry: Registry) -> None:
    read: list[str] = []

    def load(lang: str) -> LanguageData:
        read.append(lang)
        return load_tiny(lang)

    register_family(TINY, load)
    assert read == []
    assert ir_datasets.load("tiny").docs_store().get("en_1_0").lang == "en"
    assert len(list(ir_datasets.load("tiny/multi/en/test").queries_iter())) == 1
    assert read == ["en"]
    list(ir_datasets.load("tiny/multi/train").qrels_iter())
    list(ir_datasets.load("tiny").docs_iter())
    assert read == ["en", "de"]


# --- documents -------------------------------------------------------------------------------------------------------


def test_docs_iter_slices(tiny: Family) -> None:
    dataset = ir_datasets.load("tiny")
    every = list(dataset.docs_iter())
    assert [doc.doc_id for doc in every] == [f"{lang}_{i}_0" for lang in ("de", "en") for i in range(1, 5)]
    for key in (slice(2, 5), slice(None, None, 3), slice(-3, None), slice(20, 30), slice(5, 2), slice(None, None, -1)):
        assert list(dataset.docs_iter()[key]) == every[key]
        assert len(dataset.docs_iter()[key]) == len(every[key])
        assert list(dataset.docs_store()[key]) == every[key]
    assert dataset.docs_iter()[3] == dataset.docs_store()[3] == dataset.docs[3] == every[3]
    assert dataset.docs_iter()[-1] == every[-1]
    assert list(dataset.docs_iter()[1:7][2:4]) == every[3:5]
    assert list(dataset.docs_iter()[0.25:0.75]) == every[2:6]
    assert list(dataset.docs_iter()[: 1 / 3]) == every[:2]


def test_docs_iter_counts_positions_from_the_next_document(tiny: Family) -> None:
    docs = ir_datasets.load("tiny").docs_iter()
    assert (next(docs).doc_id, len(docs), docs[0].doc_id) == ("de_1_0", 7, "de_2_0")
    assert len(list(docs)) == 7
    assert list(docs) == []


def test_bad_slices(tiny: Family) -> None:
    docs = ir_datasets.load("tiny").docs_iter()
    with pytest.raises(IndexError):
        docs[8]
    with pytest.raises(ValueError, match="a fraction of the documents must lie in \\[0, 1\\], not 1.5"):
        docs[0.5:1.5]


def test_docs_store(tiny: Family) -> None:
    store = ir_datasets.load("tiny/de/test").docs_store()
    assert store.get("de_2_0").text == store.get("de_2_0", "text") == "text 2"
    assert list(store.get_many(["de_3_0", "de_1_0", "de_9_0", "nonsense", "en_1_0"])) == ["de_3_0", "de_1_0"]
    assert len(store) == store.count() == len(list(store)) == 4
    with pytest.raises(KeyError, match="en_1_0"):
        store.get("en_1_0")
    with pytest.raises(ValueError, match="documents of tiny are looked up by 'doc_id', not by 'text'"):
        ir_datasets.load("tiny").docs_store("text")


def test_documents_have_text_fields_that_pyterrier_finds() -> None:
    assert Document._fields == ("doc_id", "text", "lang", "title", "context")
    assert set(Document.__annotations__.values()) == {str}


# --- registration ----------------------------------------------------------------------------------------------------


def test_registration_is_idempotent() -> None:
    before = {dataset_id: ir_datasets.registry[dataset_id] for dataset_id in family("xquad-r").ids()}
    patterns = len(ir_datasets.registry._patterns)
    register()
    register()
    assert all(ir_datasets.registry[dataset_id] is dataset for dataset_id, dataset in before.items())
    assert len(ir_datasets.registry._patterns) == patterns


def test_registering_a_family_again_changes_nothing(tiny: Family) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not register_family(TINY, load_tiny)


def test_a_name_that_is_taken_is_left_alone(registry: Registry) -> None:
    theirs = ir_datasets.create_dataset(docs_tsv="nowhere.tsv")
    registry.register("tiny", theirs)
    with pytest.warns(UserWarning, match="ir_datasets has a dataset named 'tiny' already"):
        assert not register_family(TINY, load_tiny)
    assert list(registry) == ["tiny"]


@pytest.mark.parametrize("setting", ["xx", "de/xx", "de/de", "multi/multi", ""])
def test_unknown_id_lists_the_valid_ones(setting: str) -> None:
    dataset_id = f"xquad-r/{setting}"
    with pytest.raises(KeyError) as error:
        ir_datasets.load(dataset_id)
    assert error.value.args[0] == (
        f"no dataset {dataset_id!r}: the IDs are xquad-r, xquad-r/{{d}}, xquad-r/{{d}}/{{q}}, xquad-r/multi, "
        "xquad-r/multi/{q}, where {d} is the language of the documents and {q} another language, that of the queries, "
        "among ar, de, el, en, es, hi, ru, th, tr, vi, zh"
    )
    assert dataset_id not in ir_datasets.registry


def test_unknown_id_lists_the_splits(tiny: Family) -> None:
    with pytest.raises(KeyError, match="tiny/{d}/train|test, .* among de, en"):
        ir_datasets.load("tiny/de/dev")


def test_unknown_id_in_pyterrier() -> None:
    import pyterrier as pt

    with pytest.raises(KeyError, match="'irds:mlqa-r/el' not found") as error:
        pt.get_dataset("irds:mlqa-r/el")
    assert "among ar, de, en, es, hi, vi, zh" in str(error.value.__cause__)


# --- the import hook -------------------------------------------------------------------------------------------------


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that can be imported and has not been."""
    (tmp_path / "hooked_module.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    yield "hooked_module"
    sys.modules.pop("hooked_module", None)


def test_hook_acts_once_after_the_module_was_executed(module: str) -> None:
    seen: list[int] = []

    def action() -> None:
        seen.append(sys.modules[module].VALUE)

    finders = list(sys.meta_path)
    after_import(module, action)
    after_import(module, action)
    assert len(sys.meta_path) == len(finders) + 1
    assert importlib.util.find_spec(module) is not None  # asks without importing
    assert seen == []
    imported = importlib.import_module(module)
    assert seen == [1]
    assert sys.meta_path == finders
    importlib.reload(imported)
    assert seen == [1]


def test_hook_leaves_the_module_as_it_would_be(module: str) -> None:
    after_import(module, lambda: None)
    imported = importlib.import_module(module)
    loader = imported.__spec__.loader
    assert imported.__loader__ is loader and type(loader).__name__ == "SourceFileLoader"
    assert loader.get_source(module) == "VALUE = 1\n"


def test_two_hooks_of_one_module(module: str) -> None:
    seen: list[str] = []
    finders = list(sys.meta_path)
    after_import(module, lambda: seen.append("first"))
    after_import(module, lambda: seen.append("second"))
    imported = importlib.import_module(module)
    assert seen == ["first", "second"]
    assert sys.meta_path == finders
    assert type(imported.__loader__).__name__ == type(imported.__spec__.loader).__name__ == "SourceFileLoader"


def test_hook_survives_a_failed_import(module: str, tmp_path: Path) -> None:
    seen: list[str] = []
    after_import(module, lambda: seen.append("imported"))
    (tmp_path / "hooked_module.py").write_text("raise RuntimeError('broken')\n")
    with pytest.raises(RuntimeError, match="broken"):
        importlib.import_module(module)
    assert seen == []
    (tmp_path / "hooked_module.py").write_text("VALUE = 'fixed'\n")
    importlib.invalidate_caches()
    importlib.import_module(module)
    assert seen == ["imported"]


def test_hook_for_a_module_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    after_import("no_such_module_anywhere", lambda: pytest.fail("was called"))
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_module_anywhere")


# --- fresh processes -------------------------------------------------------------------------------------------------

COUNT_IDS = "len([i for i in ir_datasets.registry if i.startswith(('xquad-r', 'mlqa-r'))])"


@pytest.mark.processes
def test_importing_the_package_is_light() -> None:
    code = f"""
import pyterrier_hybrid
heavy = ("torch", "transformers", "faiss", "numpy", "pandas", "babel", "ir_datasets", "pyterrier")
print([name for name in heavy if name in sys.modules])
import ir_datasets
print({COUNT_IDS})
print(ir_datasets.load("xquad-r/de/ar").docs_count())
"""
    assert run(code).splitlines() == ["[]", str(134 + 58), "1276"]


@pytest.mark.processes
@pytest.mark.parametrize(
    "imports",
    [
        "import ir_datasets; import pyterrier_hybrid",
        "import pyterrier_hybrid; from ir_datasets.formats import GenericDoc; import ir_datasets",
        "import pyterrier_hybrid.datasets.irds.docs; import ir_datasets",
        "import importlib.util; import pyterrier_hybrid; importlib.util.find_spec('ir_datasets'); import ir_datasets",
    ],
)
def test_any_order_of_imports(imports: str) -> None:
    assert run(f"{imports}\nprint({COUNT_IDS})") == str(134 + 58)


@pytest.mark.processes
def test_plugin_merely_installed(tmp_path: Path) -> None:
    info = tmp_path / "pyterrier_hybrid_as_installed-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pyterrier-hybrid-as-installed\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[pyterrier.modules]\nhybrid = pyterrier_hybrid\n")
    code = """
import warnings; warnings.simplefilter("ignore")
import pyterrier as pt
print(pt.hybrid.__name__, "torch" in sys.modules)
print(pt.get_dataset("irds:xquad-r/de/ar").irds_ref().queries_lang())
"""
    assert run(code, tmp_path).splitlines() == ["pyterrier_hybrid False", "ar"]


def test_setup_declares_the_entry_point() -> None:
    assert '"pyterrier.modules": ["hybrid = pyterrier_hybrid"]' in (REPOSITORY / "setup.py").read_text("utf-8")
