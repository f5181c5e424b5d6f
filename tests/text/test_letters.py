"""Texts as arrays of letters."""

import sys
import unicodedata

from hypothesis import assume, given
from hypothesis import strategies as st

from pyterrier_hybrid.text.letters import letters_of, span_of


def letters(text):
    return letters_of([text])[0][1:-1].tolist()


def test_forms_of_letters():
    same = {
        "ﬁn": "fin",
        "Straße": "STRASSE",
        "İzmir": "izmir",
        "ΟΔΟΣ": "οδος",
        "KAPALI": "kapalı",
        "ǅ": "dž",
        "㍿": "株式会社",
    }
    same |= {"مَدْرَسَةٌ": "مدرسة", "مـدرسة": "مدرسة", "أحمد": "احمد", "ệ": "e\u0323\u0302", "१२": "12", "①": "1"}
    for one, other in same.items():
        assert letters(one) == letters(other), one
    assert letters("。，!? \u200b💡") == []
    assert len(letters("北京2")) == 7
    assert letters("कि") != letters("क")


def test_texts_stay_apart():
    texts = ["a", "", "b\ufdd0c", "\0\ud800", "d"]
    found, starts = letters_of(texts)
    words = ["".join(map(chr, found[a : b - 1])) for a, b in zip(starts[:-1], starts[1:], strict=True)]
    assert words == ["a", "", "bc", "", "d"]
    assert [part.tolist() for part in letters_of([])] == [[0], [1]]


def test_no_character_beyond_the_table_has_forms():
    for point in range(0x30000, sys.maxunicode + 1):
        character = chr(point)
        assert unicodedata.normalize("NFKD", character).casefold() == character


@given(st.text(max_size=40), st.data())
def test_a_span_of_a_text_has_its_letters(text, data):
    count = len(letters(text))
    assume(count)
    start = data.draw(st.integers(0, count - 1))
    stop = data.draw(st.integers(start + 1, count))
    part = span_of(text, start, stop)
    assert part in text
    assert str(letters(text)[start:stop])[1:-1] in str(letters(part))
