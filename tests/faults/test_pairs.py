"""Faults of training pairs: right answers as negatives, equal texts, languages under two codes, numbers of numpy."""

import json
import unicodedata

import ir_datasets
import numpy as np
import pytest

import pyterrier_hybrid as ph
from pyterrier_hybrid.experiment.held_out import family_of
from pyterrier_hybrid.parallel import Item
from pyterrier_hybrid.text.analysis import analyzer
from pyterrier_hybrid.text.languages import canonical_language, check_language
from pyterrier_hybrid.text.normalisation import is_blank, text_key
from pyterrier_hybrid.training.loop.batches import PlannedBatches
from pyterrier_hybrid.training.loop.tokens import Texts

# Right answers as negatives

P2 = "It is in Italy."
WHERE = {"de": "Wo liegt Rom?", "en": "Where is Rome?"}


def asked(*further, negatives, queries=None):
    """Item 1 with negatives and further items, all from files, so that nothing says that they belong together."""
    queries = {"en": "Where is Rome?"} if queries is None else queries
    first = Item("1", None, "toy", queries, {"en": "Rome lies on the Tiber."}, negatives=negatives)
    return ph.ParallelPairs([first, *further, Item("z", None, "toy", {"en": "Who?"}, {"en": "The baker."})])


FALSE_NEGATIVES = {
    "same query": asked(Item("2", None, "toy", {"en": "Where is Rome?"}, {"en": P2}), negatives={"en": [P2, "Wrong."]}),
    "same query, other case and space": asked(
        Item("2", None, "toy", {"en": "WHERE  is Rome?"}, {"en": P2}), negatives={"en": ["it is\nin ITALY.", "Wrong."]}
    ),
    "same query in another language": asked(
        Item("2", None, "toy", {"de": "Wo liegt Rom?"}, {"en": P2}), queries=WHERE, negatives={"en": [P2, "Wrong."]}
    ),
    "same query through a third item": asked(
        Item("2", None, "toy", WHERE, {"de": "Es liegt in Europa."}),
        Item("3", None, "toy", {"de": "Wo liegt Rom?"}, {"en": P2}),
        negatives={"en": [P2, "Wrong."]},
    ),
    "translation of an answer": asked(
        Item("2", None, "toy", {"en": "Where is Rome?"}, {"de": "Es liegt in Italien."}),
        Item("3", None, "toy", {"en": "In which country is it?"}, {"de": "Es liegt in Italien.", "en": P2}),
        negatives={"en": [P2, "Wrong."]},
    ),
    "translation of the query": asked(
        Item("2", None, "news", WHERE, WHERE, translation=True),
        negatives={"en": ["Wo liegt Rom?", "Wrong."]},
    ),
    "zero-width space": asked(
        Item("2", None, "toy", {"en": "Where is\u200b Rome?"}, {"en": P2}), negatives={"en": [f"\ufeff{P2}", "Wrong."]}
    ),
}  # fmt: skip


def drawn(pairs, batch_size=2):
    """The hard negatives of the first 20 batches."""
    encoder = ph.DenseEncoder.from_scratch(pairs.texts(), dim=4, vocab_size=100)
    plan = ph.MonoSampler(languages=("en",)).plan(pairs, batch_size=batch_size, seed=0)
    batches = PlannedBatches(plan, pairs, Texts(pairs, encoder), length=20, hard_negatives=2)
    return {text for t in range(20) for _, text in batches._negatives(plan.batch(t), t)}


@pytest.mark.parametrize("case", FALSE_NEGATIVES)
def test_an_answer_that_another_item_gives_is_no_negative(case):
    assert drawn(FALSE_NEGATIVES[case]) == {"Wrong."}


def test_an_answer_is_no_negative_in_sums_and_parts_and_folders(tmp_path):
    one = asked(negatives={"en": [P2, "Wrong."]})
    pairs = one + ph.ParallelPairs([Item("2", None, "more", {"en": "Where is Rome?"}, {"en": P2})])
    pairs.save(tmp_path / "pairs")
    assert drawn(pairs) == drawn(ph.ParallelPairs.open(tmp_path / "pairs")) == {"Wrong."}
    assert drawn(pairs.filter(languages=["en"])) == {"Wrong."}
    assert drawn(one) == {P2, "Wrong."}


def test_an_answer_to_another_query_of_the_batch_is_no_negative():
    """The negatives of one query are negatives of all queries in the batch."""
    pairs = ph.ParallelPairs([
        Item("1", None, "toy", {"en": "Where?"}, {"en": "Here."}, negatives={"en": ["The cook.", "Wrong."]}),
        Item("2", None, "toy", {"en": "Who bakes?"}, {"en": "The baker."}),
        Item("3", None, "toy", {"en": "Who bakes?"}, {"en": "The cook."}),
    ])  # fmt: skip
    assert drawn(pairs) == {"Wrong."}


def test_sentences_that_answer_other_questions_about_a_paragraph_stay_negatives(tmp_path):
    """One group, since they are from one paragraph, is not one question."""
    context = "Rome is in Italy. It is on the Tiber. It is old."
    rows = [("Where is Rome?", "Rome is in Italy."), ("On which river?", "It is on the Tiber.")]
    lines = [
        f'{{"set": "toy", "id": "{n}", "lang": "en", "question": "{q}", "passage": "{p}", "context": "{context}"}}'
        for n, (q, p) in enumerate([*rows, ("Who?", "The baker.")])
    ]
    lines[2] = lines[2].replace(context, "The baker.")
    (tmp_path / "pairs.jsonl").write_text("\n".join(lines))
    pairs = ph.ParallelPairs.from_jsonl(tmp_path / "pairs.jsonl", context_negatives=2)
    assert drawn(pairs) == {"Rome is in Italy.", "It is on the Tiber.", "It is old."}


class Perfect:
    """Gives a query and its answers one vector, by the key of the text."""

    def __init__(self, answers):
        self.numbers = {text_key(text): number for number, texts in enumerate(answers) for text in texts}

    def encode_queries(self, texts):
        vectors = np.zeros((len(texts), 2 * len(self.numbers)), np.float32)
        for row, text in enumerate(texts):
            key = text_key(text)
            vectors[row, self.numbers.get(key, len(self.numbers) + hash(key) % len(self.numbers))] = 1
        return vectors

    encode_documents = encode_queries


def test_a_perfect_encoder_is_perfect_on_held_out_pairs_with_mined_negatives():
    """Mined negatives are passages of other items, also in other spellings, and answers of items that are not used."""
    places = {"Rome": "Italy", "Paris": "France", "Bern": "Switzerland", "Oslo": "Norway"}
    passages = {place: f"{place} is in {country}." for place, country in places.items()}
    items = []
    for number, place in enumerate(places):
        mined = [
            passage.upper() if number % 2 else f"\u200b{passage}"
            for other, passage in passages.items()
            if other != place
        ]
        items.append(
            Item(
                str(number), None, "toy", {"en": f"Where is {place}?"}, {"en": passages[place]}, negatives={"en": mined}
            )
        )
    rain = {"en": "Oslo, Norway", "de": "Rome is here"}
    items += [
        Item("r", None, "toy", {"en": "Where is Rome?"}, {"en": "In Italy."}),
        items[1]._replace(
            id="n", queries={"en": "Where?"}, passages={"en": "Here it is."}, negatives={"en": ["In Italy."]}
        ),
        Item("t", None, "news", rain, rain, translation=True),
    ]
    answers = [[f"Where is {place}?", passage] for place, passage in passages.items()]
    answers[0].append("In Italy.")
    answers.append(["Where?", "Here it is."])
    results = ph.LanguageExperiment({"perfect": Perfect(answers)}, ph.ParallelPairs(items), measures=["AP"])
    assert set(results.settings["value"]) == {1.0}
    texts = [doc.text for doc in ir_datasets.load(family_of(ph.ParallelPairs(items)).docs_id).docs_iter()]
    assert len({text_key(text) for text in texts}) == len(texts)


# Equal texts

ROME = "Rome is in Italy. Pokémon, Việt Nam"
SAME = {
    "zero-width space": f"Rome is in \u200bItaly.{ROME[17:]}",
    "byte order mark": f"\ufeff{ROME}",
    "soft hyphen": ROME.replace("Ita", "Ita\u00ad"),
    "direction marks": f"\u202a{ROME}\u202c\u200e",
    "joiners": ROME.replace("o", "o\u200d\u2060"),
    "variation selector": f"{ROME}\ufe0f",
    "NFD": unicodedata.normalize("NFD", ROME),
    "full width": "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in ROME),
    "no-break spaces": ROME.replace(" ", "\u00a0"),
    "case": ROME.upper(),
}


@pytest.mark.parametrize("form", SAME)
def test_equal_texts_are_equal_however_they_are_written(form):
    text = SAME[form]
    assert text != ROME
    assert text_key(text) == text_key(ROME)
    items = [Item(str(n), None, "toy", {"en": f"Which city, {n}?"}, {"en": p}) for n, p in enumerate([ROME, text])]
    pairs = ph.ParallelPairs(items)
    assert pairs.groups.tolist() == pairs.passage_groups.tolist() == [0, 0]
    with pytest.raises(ValueError, match="is the item's own passage"):
        ph.ParallelPairs([items[0]._replace(negatives={"en": [text]})])
    sums = ph.ParallelPairs(items[:1]) + ph.ParallelPairs(items[1:])
    assert sums.groups.tolist() == [0, 0]


MARKS = {
    "zero-width space": "\u200b", "byte order mark": "\ufeff", "soft hyphen": "\u00ad", "direction marks": "\u200e",
    "joiners": "\u200d", "variation selector": "\ufe0f", "no-break spaces": "\u00a0",
}  # fmt: skip


@pytest.mark.parametrize("form", [*MARKS, "NFD", "full width"])
def test_leaks_are_found_however_they_are_written(form):
    question = "What is the state language of Saudi Arabia"
    if form == "NFD":
        text = unicodedata.normalize("NFD", question.replace("a", "á"))
    elif form == "full width":
        text = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in question)
    else:
        text = question.replace("a", f"a{MARKS[form]}")
    leaks = ph.parallel.find_leaks(
        ph.ParallelPairs([Item("1", None, "toy", {"en": text}, {"en": "No."})]), "atlas/en/test"
    )
    assert set(leaks.frame.query("evaluation_id == 'SA_language_en'")["kind"]) == {"exact"}


@pytest.mark.parametrize("text", ["\u00ad", "\u034f\ufe0f", "\u3164", "\u200b\u2060 \n", "\U000e0041"])
def test_texts_of_invisible_characters_are_empty(text):
    assert is_blank(text)
    with pytest.raises(ValueError, match="give it a text, or leave the language out"):
        ph.ParallelPairs([Item("1", None, "toy", {"en": text}, {"en": "Yes."})])


# One language under two codes

CODES = {"zh-CN": ["zh_CN", "zh-cn", "ZH-CN"], "pt-BR": ["pt_BR", "por-BR"], "de": ["deu", "DE", "ger"], "he": ["iw"],
         "zh": ["cmn", "zho"], "ar": ["arb"], "id": ["in"], "en": ["en-Latn", "eng_Latn"], "nb": ["nob"]}  # fmt: skip
SAME_CODES = [(code, other) for code, others in CODES.items() for other in others]


def question(code, number="1", **changes):
    return Item(number, None, "toy", {code: f"What is {number}?"}, {code: f"It is {number}."}, **changes)


@pytest.mark.parametrize(("code", "other"), SAME_CODES)
def test_a_language_has_one_code(code, other):
    assert check_language(other) == check_language(code) == code
    pairs = ph.ParallelPairs([question(code), question(other, "2", negatives={other: ["No."]})])
    assert pairs.languages == [code]
    assert pairs.query(1, other) == pairs.query(1, code) == "What is 2?"
    assert pairs.passage(1, other) == "It is 2."
    assert pairs.negatives(1, other) == pairs.negatives(1, code) == ["No."]
    assert len(pairs.filter(languages=[other])) == 2
    assert not len(pairs.imbalance({other: 0}))
    with pytest.raises(ValueError, match="there under two codes, one of them"):
        ph.ParallelPairs([Item("1", None, "toy", {code: "Who?", other: "Where?"}, {code: "Me."})])


@pytest.mark.parametrize("known", ["families", "existing", "CLDR"])
def test_codes_of_datasets_are_canonical_and_canonical_codes_stay(known):
    from babel.core import get_global

    if known == "CLDR":
        codes = [code.replace("_", "-") for code in get_global("likely_subtags")]
        codes = [code for code in map(canonical_language, codes) if not code.startswith("und")]
    else:
        names = ph.datasets.EXISTING if known == "existing" else [family.name for family in ph.datasets.families()]
        # CLIRMatrix has the codes of Wikipedias, of which some are not those of BCP 47 (als is Alemannic there).
        codes = [code for name in names if name != "clirmatrix" for code in ph.datasets.family(name).languages]
    assert [code for code in codes if canonical_language(code) != code] == []
    languages = ["zh", "zh-Hant", "hi-Latn", "acm", "apc", "ars", "yue", "tl", "fil", "nb", "no", "sr-Latn", "en-GB"]
    assert list(map(check_language, languages)) == languages


def rows(code, **more):
    row = {"set": "toy", "id": "1", "lang": code, "question": "Who?", "passage": "Me.", "negatives": ["You."], **more}
    return [row, {**row, "id": "2"}]


def jsonl(tmp_path, lines):
    path = tmp_path / f"pairs-{len(list(tmp_path.iterdir()))}.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


def test_every_reader_has_one_code_for_a_language(tmp_path):
    import datasets
    import pyarrow.parquet as pq

    both = ph.ParallelPairs.from_jsonl(jsonl(tmp_path, [rows("zh_CN")[0], rows("zh-CN")[1]]))
    assert both.languages == ["zh-CN"]
    assert both.negatives(0, "zh-CN") == both.negatives(1, "zh-CN") == ["You."]
    for row in (
        {"text": {"zh_CN": "abc", "eng": "def"}},
        {"terms": {"zh_CN": ["abc"], "eng": ["def"]}},
        {"queries": {"zh_CN": "abc"}, "passages": {"zh_CN": "x", "eng": "def"}},
    ):
        pairs = ph.ParallelPairs.from_jsonl(jsonl(tmp_path, [{"set": "toy", "id": "1", **row}]))
        assert pairs.languages == ["en", "zh-CN"]
    with pytest.raises(ValueError, match="'zh-CN' of id '1' in set 'toy' is there a second time"):
        ph.ParallelPairs.from_jsonl(jsonl(tmp_path, [rows("zh_CN")[0], rows("zh-CN")[0]]))
    with pytest.raises(ValueError, match="'zh-CN' is there under two codes, one of them 'zh-CN'"):
        ph.ParallelPairs.from_jsonl(jsonl(tmp_path, [{"set": "t", "id": "1", "text": {"zh_CN": "a", "zh-CN": "b"}}]))

    both.to_parquet(tmp_path / "pairs.parquet")
    table = pq.read_table(tmp_path / "pairs.parquet")
    table = table.rename_columns([name.replace("zh-CN", "zh_CN") for name in table.column_names])
    pq.write_table(table, tmp_path / "old.parquet")
    old = ph.ParallelPairs.from_parquet(tmp_path / "old.parquet")
    assert (old.languages, old.fingerprint) == (["zh-CN"], both.fingerprint)

    content = {"data": [{"paragraphs": [{"context": "Rome is here.", "qas": [
        {"id": "1", "question": "Where?", "answers": [{"text": "here", "answer_start": 8}]}]}]}]}  # fmt: skip
    (tmp_path / "squad.zh_CN.json").write_text(json.dumps(content))
    assert ph.ParallelPairs.from_squad(tmp_path / "squad.{lang}.json", languages=["zh_CN"]).languages == ["zh-CN"]

    hub = datasets.Dataset.from_dict({"q": ["a?", "b?"], "p": ["a", "b"], "l": ["zh_CN", "zh-cn"]})
    options = {"query": "q", "passage": "p", "dataset_name": "toy"}
    assert ph.ParallelPairs.from_hf(hub, language_column="l", **options).languages == ["zh-CN"]
    assert ph.ParallelPairs.from_hf(hub, lang="zh_cn", **options).languages == ["zh-CN"]


def test_samplers_and_lexica_have_one_code_for_a_language():
    items = [
        Item(str(n), None, "toy", {"zh_CN": f"q {n}?", "eng": f"Q {n}?"}, {"zh_cn": f"p {n}.", "en": f"P {n}."})
        for n in range(8)
    ]
    pairs = ph.ParallelPairs(items)
    for sampler in (
        ph.CrossSampler(languages=["zh_CN", "EN"], language_weights={"zh_cn": 1, "en": 2}),
        ph.MonoSampler(languages=["zh_CN"]),
        ph.HybridSampler(),
        ph.TranslateTrainSampler("zh_CN", query_languages=["eng"]),
    ):
        batch = sampler.plan(pairs, batch_size=4, seed=0).batch(0)
        assert {language for row in batch for language in row[1:]} <= {"zh-CN", "en"}
    assert ph.MonoSampler(languages=["zh_CN"]) == ph.MonoSampler(languages=["zh-CN"])
    with pytest.raises(ValueError, match="names a language twice"):
        ph.MonoSampler(languages=["zh_CN", "zh-CN"])
    with pytest.raises(ValueError, match="names a language twice"):
        ph.CrossSampler(language_weights={"zh_CN": 1, "zh-CN": 2})
    lexicon = ph.Lexicon([{"deu": ["Hund"], "eng": ["dog"]}])
    assert lexicon.languages == ["de", "en"]
    assert lexicon.translations("dog", "eng", "DE") == ["Hund"]
    assert lexicon.switch("A dog.", "en", "deu", share=1) == "A Hund."


def test_datasets_and_indexes_have_one_code_for_a_language(tmp_path):
    family = ph.datasets.family("belebele")
    assert family.id("zh_Hant", "eng") == "belebele/zh-Hant/en"
    assert ph.datasets.family("miracl").id("arb", "ara") == "miracl/ar/dev"
    documents = [{"docno": "1", "text": "两座房子", "lang": "zh_CN"}, {"docno": "2", "text": "房子", "lang": "zh-CN"}]
    bm25 = ph.BM25Index(tmp_path / "bm25")
    bm25.indexer().index(documents)
    assert bm25.languages == ["zh-CN"]
    assert len(bm25.retriever(lang="zh_cn").search("房子")) == 2
    index = ph.FaissIndex(tmp_path / "faiss")
    index.indexer().index([{**document, "doc_vec": np.ones(2, np.float32)} for document in documents])
    assert index.languages == ["zh-CN"]
    assert len(index.retriever(lang="zh_CN")([{"qid": "1", "query_vec": np.ones(2, np.float32)}])) == 2
    debias = ph.Centring().fit_vectors([[1.0, 0.0], [3.0, 0.0]], ["zh_CN", "zh-CN"])
    assert debias.languages == ["zh-CN"]
    assert debias.documents([[3.0, 1.0]], "zh_cn").tolist() == [[1.0, 1.0]]
    assert analyzer("deu") == analyzer("DE") == analyzer("de-AT")
    results = ph.LanguageExperiment({"constant": Perfect([["x"]])}, "atlas", languages=["deu", "EN"], measures=["AP"])
    assert results.languages == ("de", "en")
