"""Letters of texts in any script, and the spans that texts share."""

import unicodedata

import numpy as np
import pytest
import regex
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pyterrier_hybrid.parallel.leaks import overlap
from pyterrier_hybrid.parallel.leaks.overlap import MIN_SPAN, KnownTexts, Overlaps
from pyterrier_hybrid.text.letters import letters_of, span_of

# One sentence of some length in each script.
SENTENCES = {
    "en": "The harbour was closed for seven weeks because of ice in 1893.",
    "de": "Der Hafen war 1893 wegen Eisgangs sieben Wochen lang geschlossen, größere Schiffe fuhren weiter.",
    "el": "Το λιμάνι έμεινε κλειστό για επτά εβδομάδες εξαιτίας του πάγου.",
    "ru": "Гавань была закрыта на семь недель из-за льда, и корабли ждали в море.",
    "tr": "Liman, buz yüzünden İstanbul'daki gemilere yedi hafta boyunca kapalı kaldı.",
    "vi": "Bến cảng đã phải đóng cửa trong bảy tuần lễ vì băng giá, tàu thuyền phải chờ ngoài khơi.",
    "ar": "أُغلق الميناء سبعة أسابيع بسبب الجليد وانتظرت السفن في البحر.",
    "hi": "बर्फ़ के कारण बंदरगाह सात सप्ताह तक बंद रहा और जहाज़ समुद्र में रुके रहे।",
    "th": "ท่าเรือถูกปิดเป็นเวลาเจ็ดสัปดาห์เพราะน้ำแข็งและเรือต้องรออยู่กลางทะเล",
    "zh": "由于结冰，港口关闭了七个星期，船只只好停在海上等待。",
}
languages = pytest.mark.parametrize("text", SENTENCES.values(), ids=SENTENCES)


def letters(text):
    return letters_of([text])[0][1:-1].tolist()


def overlaps(texts, others):
    columns = [column.tolist() for column in KnownTexts(others).overlaps(texts)]
    return [Overlaps(*row) for row in zip(*columns, strict=True)]


def only(texts, others):
    (found,) = overlaps(texts, others)
    return found


@languages
@pytest.mark.parametrize(
    "change",
    [
        str.upper,
        lambda text: f"«{text}»!",
        lambda text: text.replace(" ", "\u00a0\n"),
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
        lambda text: text.translate({ord("0") + n: chr(0x0660 + n) for n in range(10)}),
        lambda text: "\u200f" + "\u200d".join(text),
    ],
    ids=["case", "quotes", "spaces", "decomposed", "full-width", "Arabic digits", "invisible"],
)
def test_what_makes_no_difference(text, change):
    assert letters(change(text)) == letters(text)
    found = only([change(text)], [text])
    assert found.equal and found.containment == 1 and found.longest == found.shared == len(letters(text))


@languages
def test_a_text_inside_another(text):
    longer = f"12345 {SENTENCES['en'][:20]} {text} Quellenangabe: Xerxes."
    for texts, others in (([text], [longer]), ([longer], [text])):
        found = only(texts, others)
        assert found.containment == 1 and found.shared == len(letters(text)) and not found.equal


@languages
def test_a_changed_text(text):
    middle = len(text) // 2
    found = only([text[:middle] + "qqq" + text[middle:]], [text])
    assert found.containment == 1 and found.longest < found.shared == len(letters(text))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_every_span_is_found(data):
    alphabet = st.characters(categories=["L", "N"]) | st.sampled_from("ab北กäß１")
    planted = data.draw(st.text(alphabet, min_size=MIN_SPAN, max_size=80))
    count = len(letters(planted))
    assume(count >= MIN_SPAN)
    before, after, other = (data.draw(st.text(alphabet, max_size=30)) for _ in range(3))
    text, known = f"{before} {planted} {after}", f"{other} {planted}"
    found = [overlap for overlap in overlaps(["", text, other], ["x", known]) if overlap[:2] == (1, 1)]
    assert len(found) == 1
    assert found[0].longest >= count and found[0].shared >= count
    stretch = span_of(text, found[0].start, found[0].start + found[0].longest)
    assert len(letters(stretch)) >= found[0].longest


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("ab", max_size=60), max_size=6), st.lists(st.text("ab", max_size=60), max_size=6))
def test_against_comparing_all_with_all(texts, others):
    found = {overlap[:2]: overlap for overlap in overlaps(texts, others)}
    for number, text in enumerate(texts):
        for known, other in enumerate(others):
            stretches = {text[i : i + MIN_SPAN] for i in range(len(text) - MIN_SPAN + 1)}
            expected = any(part in other for part in stretches) or (text == other != "")
            assert ((number, known) in found) == expected
            if expected and len(text) >= MIN_SPAN:
                overlap = found[number, known]
                assert overlap.shared == min(covered(text, other), covered(other, text))
                assert overlap.equal == (text == other)
                assert text[overlap.start : overlap.start + overlap.longest] in other


def covered(text, other):
    marks = np.zeros(len(text), bool)
    for i in range(len(text) - MIN_SPAN + 1):
        if text[i : i + MIN_SPAN] in other:
            marks[i : i + MIN_SPAN] = True
    return int(marks.sum())


def test_short_texts_must_be_equal():
    assert only(["¿Por QUÉ?"], ["Por que", "por que no", ""]).known == 0
    assert overlaps(["", "...", "a"], ["", "?!"]) == []


def test_spans_end_with_their_texts():
    one, other = SENTENCES["en"][:20], SENTENCES["en"][20:40]
    assert overlaps([one + other], [one, other]) == []
    assert overlaps([one, other], [one + other]) == []


def test_one_letter_less_is_chance():
    text = regex.sub(r"\P{L}+", "", SENTENCES["en"])
    assert only([text[:MIN_SPAN]], [f"zz{text[:MIN_SPAN]}zz"]).longest == MIN_SPAN
    assert overlaps([text[: MIN_SPAN - 1] + "qq"], [f"zz{text[: MIN_SPAN - 1]}zz"]) == []


def test_a_text_that_repeats_itself_shares_once():
    phrase = "the Organisation for Economic Co-operation"
    found = only([f"{phrase}, and {phrase}"], [f"Of {phrase} it is unknown whether or not it was."])
    assert found.shared == len(letters(phrase)) and found.containment < 1


def test_portions_make_no_difference(monkeypatch):
    texts = [f"{text} {number}" for number in range(5) for text in SENTENCES.values()]
    whole = sorted(overlaps(texts, SENTENCES.values()))
    assert len(whole) == 50
    for name, limit in {"_CHARACTERS": 100, "_WINDOWS": 3, "_LETTERS": 30}.items():
        monkeypatch.setattr(overlap, name, limit)
    assert sorted(overlaps(texts, SENTENCES.values())) == whole


def test_no_known_texts():
    assert overlaps(["a" * 30], []) == []
    assert overlaps([], ["a" * 30]) == []
