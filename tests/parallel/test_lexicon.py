"""Words and their translations, and queries with words of another language."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pyterrier_hybrid as ph
from pyterrier_hybrid.parallel import Item, Lexicon, ParallelPairs, code_switch
from pyterrier_hybrid.parallel.lexicon import _CHARACTER, _WORD

MEANINGS = [
    {"en": ["dog", "hound"], "de": ["Hund"], "zh": ["狗"], "ar": ["كَلْب"]},
    {"en": ["New Zealand"], "de": ["Neuseeland"], "zh": ["新西兰"]},
    {"en": ["bank"], "de": ["Bank", "Geldinstitut"]},
    {"en": ["bank", "shore"], "de": ["Ufer", "Böschung"]},
    {"en": ["shore", "bank"], "de": ["Ufer"]},
    {"hi": ["किताब"], "en": ["book"], "zh": ["书+的", "书"]},
]
LEXICON = Lexicon(MEANINGS)


def test_translations_share_meanings():
    assert LEXICON.translations("bank", "en", "de") == ["Ufer", "Bank", "Geldinstitut", "Böschung"]
    assert LEXICON.translations("HOUND", "en", "de") == ["Hund"]
    assert LEXICON.translations("cat", "en", "de") == LEXICON.translations("dog", "en", "xx") == []
    assert LEXICON.translations("dog", "xx", "en") == []


def test_arabic_without_vowel_signs_and_forms_without_other_signs():
    assert LEXICON.translations("dog", "en", "ar") == ["كلب"]
    assert LEXICON.translations("كلب", "ar", "en") == LEXICON.translations("كَلْب", "ar", "en") == ["dog", "hound"]
    assert LEXICON.translations("book", "en", "zh") == ["书"]


@pytest.mark.parametrize(
    ("text", "source", "target", "switched"),
    [
        ("Dogs? A dog, in New  Zealand!", "en", "de", "Dogs? A Hund, in Neuseeland!"),
        ("Is new zealand new?", "en", "zh", "Is 新西兰 new?"),
        # The marks of Hindi belong to its words.
        ("यह किताब है", "hi", "en", "यह book है"),
        ("किताबें", "hi", "en", "किताबें"),
        # Single characters are parts of words more often than words.
        ("新西兰的狗在哪里？", "zh", "en", "New Zealand 的狗在哪里？"),
        ("Hund und Katze", "de", "en", "dog und Katze"),
        ("Nichts davon", "de", "en", "Nichts davon"),
        ("", "de", "en", ""),
    ],
)
def test_every_word_switched(text, source, target, switched):
    assert LEXICON.switch(text, source, target, share=1) == switched


@given(st.text(max_size=60) | st.lists(st.sampled_from(["dog", "bank", "New Zealand", "what", "?"])).map(" ".join))
def test_no_share_changes_nothing_and_a_seed_repeats(text):
    for source in ("en", "zh", "de"):
        assert LEXICON.switch(text, source, "ar", share=0) == text
        assert LEXICON.switch(text, source, "de", seed=3) == LEXICON.switch(text, source, "de", seed=3)


PIECES = [
    "dog",
    "Dog",
    "new",
    "zealand",
    "New Zealand",
    "new-zealand",
    "ne\u200bw",
    "ｎｅｗ",
    "①",
    " ",
    ".",
    "狗",
    "新西",
    "兰",
    "s",
]


@given(
    st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join), min_size=1, max_size=6),
    st.lists(st.sampled_from([*PIECES, "  "]), max_size=12).map("".join),
    st.sampled_from(["en", "zh"]),
)
def test_the_longest_forms_are_found_as_by_trying_all(forms, text, source):
    """Forms are looked up by their beginnings; this tries all spans of up to eight words instead."""
    usable = [form for form in forms if not form.isspace()]
    target = "de"
    try:
        lexicon = Lexicon([{source: [form], target: [f"ziel{n}"]} for n, form in enumerate(usable)])
    except ValueError:
        return
    pattern = _CHARACTER if source == "zh" else _WORD
    spans, expected, copied, position = [match.span() for match in pattern.finditer(text)], "", 0, 0
    while position < len(spans):
        for size in range(min(8, len(spans) - position), int(source == "zh"), -1):
            word = text[spans[position][0] : spans[position + size - 1][1]]
            found = lexicon.translations(word, source, target)
            if found:
                new = f" {found[0]} " if source == "zh" else found[0]
                expected += text[copied : spans[position][0]] + new
                copied = spans[position + size - 1][1]
                break
        else:
            size = 1
        position += size
    expected += text[copied:]
    if source == "zh" and copied:
        expected = " ".join(expected.split())
    assert lexicon.switch(text, source, target, share=1) == expected


def test_the_share_of_words():
    switched = LEXICON.switch("dog " * 1000, "en", "de", share=0.3)
    assert 250 < switched.count("Hund") < 350
    assert switched.count("Hund") + switched.count("dog") == 1000


def test_files(write):
    path = write({"set": "a", "id": 1, "terms": {"de": ["Hund"], "en": ["dog"]}}, name="words.jsonl.gz")
    more = write({"terms": {"de": ["Haus"], "en": ["house"]}}, name="more.jsonl")
    lexicon = Lexicon.from_jsonl(path, more)
    assert (len(lexicon), lexicon.languages) == (2, ["de", "en"])
    assert repr(lexicon) == "<Lexicon: 2 meanings in de, en>"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "line 2: not a JSON object: .* at column 2"),
        ('{"terms": {"de": ["\\ud83d"], "en": ["dog"]}}', "line 2: an escape .* is half a character"),
        ({"words": {}}, "line 2: a row needs terms"),
        ({"terms": {"de": "Hund"}}, "line 2: a row needs terms"),
        ([], "line 2: a row needs terms"),
        ({"terms": {"de": [1]}}, "line 2: a row needs terms"),
    ],
)
def test_bad_rows(write, row, message):
    path = write({"terms": {"de": ["Hund"], "en": ["dog"]}}, row, name="words.jsonl")
    with pytest.raises(ValueError, match=rf"words\.jsonl, {message}"):
        Lexicon.from_jsonl(path)


def test_bad_lexica(tmp_path):
    with pytest.raises(ValueError, match="no file given"):
        Lexicon.from_jsonl()
    with pytest.raises(FileNotFoundError, match=r"none\.jsonl"):
        Lexicon.from_jsonl(tmp_path / "none.jsonl")
    for meanings in ([], [{"de": ["Hund"]}], [{"de": ["Hund"], "en": ["+"]}]):
        with pytest.raises(ValueError, match="no word in two languages"):
            Lexicon(meanings)
    with pytest.raises(ValueError, match=r"share=1\.5 is outside 0 to 1"):
        LEXICON.switch("dog", "en", "de", share=1.5)


def store(count=200):
    items = [Item(f"{n}", None, "toy", {"en": f"Which dog is {n}?"}, {"en": f"dog {n}"}) for n in range(count)]
    items.append(Item("both", None, "toy", {"de": "Ein Hund?", "en": "A dog?"}, {"en": "dog, yes"}))
    items.append(Item("same", 0, "words", texts := {"de": "Hund und Bank", "en": "dog and bank"}, texts, True))
    items.append(Item("no word", None, "toy", {"en": "Who?"}, {"en": "I."}))
    return ParallelPairs(items)


def queries(pairs):
    return [pairs.item(i).queries for i in range(len(pairs))]


def test_queries_without_translation_are_switched():
    pairs = store()
    switched = ph.code_switch(pairs, ph.Lexicon(MEANINGS), share=1, words=1, languages=["de"])
    changed = [ours != theirs for ours, theirs in zip(queries(pairs), queries(switched), strict=True)]
    assert changed == [True] * 200 + [False] * 3
    assert switched.query(7, "en") == "Which Hund is 7?"
    assert all(pairs.item(i).passages == switched.item(i).passages for i in range(len(pairs)))
    assert pairs.groups is switched.groups
    assert pairs.fingerprint != switched.fingerprint
    assert pairs.query(7, "en") == "Which dog is 7?"


def test_shares_are_nested_and_repeat():
    pairs = store()
    some, more, same = (
        queries(code_switch(pairs, LEXICON, share=share, words=1, languages=["de"], seed=4))
        for share in (0.25, 0.5, 0.5)
    )
    before = queries(pairs)
    changed, changed_more = ({n for n in range(200) if now[n] != before[n]} for now in (some, more))
    # The query without words may be among those drawn.
    assert len(changed) in (49, 50)
    assert changed < changed_more
    assert same == more
    assert queries(code_switch(pairs, LEXICON, share=0)) == before
    assert queries(code_switch(pairs, LEXICON, share=0.5, words=1, languages=["de"], seed=5)) != more


def test_parts_sums_and_folders(tmp_path):
    pairs = store()
    part, _ = (pairs + ParallelPairs([Item("z", None, "more", {"en": "No dog?"}, {"en": "No."})])).split(0.3)
    switched = code_switch(part, LEXICON, share=1, words=1, languages=["de"])
    for i in range(len(part)):
        before = part.item(i)
        alone = not before.translation and len(before.queries) == 1
        now = {code: text.replace("dog", "Hund") if alone else text for code, text in before.queries.items()}
        assert switched.item(i).queries == now
    switched.save(tmp_path / "pairs")
    opened = ParallelPairs.open(tmp_path / "pairs")
    assert opened.fingerprint == switched.fingerprint
    assert queries(opened) == queries(switched)
    np.testing.assert_array_equal(opened.groups, switched.groups)


def test_words_and_pairs_of_a_wrong_type():
    with pytest.raises(TypeError, match="pairs is a DataFrame: pass ParallelPairs, which from_jsonl reads from files"):
        code_switch(pd.DataFrame({"q": ["Which dog?"]}), LEXICON)
    with pytest.raises(TypeError, match="lexicon is a dict: pass a Lexicon"):
        code_switch(store(), {"dog": "Hund"})
    for words in ({"dog": "Hund"}, ["dog"]):
        with pytest.raises(TypeError, match="'dog' is not a meaning: pass a list such as"):
            Lexicon(words)


def test_bad_code_switching():
    with pytest.raises(ValueError, match=r"share=-1 is outside 0 to 1"):
        code_switch(store(), LEXICON, share=-1)
    with pytest.raises(ValueError, match=r"words=2 is outside 0 to 1"):
        code_switch(store(), LEXICON, words=2)
    with pytest.raises(ValueError, match="the lexicon has el, hi, and the pairs have de, en"):
        code_switch(store(), Lexicon([{"el": ["σκύλος"], "hi": ["कुत्ता"]}]))
    with pytest.raises(ValueError, match="and the pairs have none"):
        code_switch(ParallelPairs(), LEXICON)
    with pytest.raises(ValueError, match="languages names 'fr', but the lexicon has only ar, de, en, hi, zh"):
        code_switch(store(), LEXICON, languages=["de", "fr"])


@pytest.mark.parametrize(
    ("queries", "options", "reason"),
    [
        ({"de": "Welcher Hund?", "en": "Which dog?"}, {}, "all items have queries in several languages"),
        ({"en": "Who?"}, {}, "the lexicon has no word of the drawn queries with a translation into ar, de, en, hi, zh"),
        ({"en": "Which dog?"}, {"languages": ["en"]}, "the lexicon has no word of the drawn queries .* into en"),
        ({"en": "Which dog?"}, {}, None),
        ({"en": "Who?"}, {"share": 0}, None),
        ({"en": "Who?"}, {"words": 0}, None),
    ],
)
def test_a_switch_that_changes_nothing_is_a_warning(queries, options, reason):
    pairs = ParallelPairs([Item("1", None, "toy", queries, {"en": "This one."})])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        code_switch(pairs, LEXICON, **{"share": 1, "words": 1, **options})
    assert len(caught) == (reason is not None)
    if reason:
        assert re.search(f"code_switch changed none of 1 items: {reason}", str(caught[0].message))


def test_every_language_of_the_lexicon_is_drawn():
    switched = queries(code_switch(store(), LEXICON, share=1, words=1))
    found = {text["en"].split()[1] for text in switched[:200]}
    assert found == {"Hund", "كلب", "狗", "dog"}  # Hindi has no dog.
    own = queries(code_switch(store(), LEXICON, share=1, words=1, languages=["en"]))
    assert own == queries(store())
