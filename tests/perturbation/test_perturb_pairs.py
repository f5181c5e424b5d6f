"""Training pairs with perturbed queries."""

import pandas as pd
import pytest

from pyterrier_hybrid.parallel import Item, ParallelPairs
from pyterrier_hybrid.perturbation import Case, Perturbation, perturb_pairs

SENTENCES = {"de": "Guten Morgen, alle zusammen", "en": "Good morning, everyone"}
UPPER = {"name": "case", "to": "upper"}


class Mark(Perturbation):
    """Adds a sign and the seed; in Chinese only."""

    def supports(self, lang):
        return lang == "zh"

    def perturb_text(self, text, lang, generator):
        return f"{text} #{self.seed}"


@pytest.fixture(scope="module")
def pairs():
    items = [
        Item(
            f"{n}",
            n // 3,
            "toy",
            {"de": f"Frage {n}?", "en": f"question {n}?", "zh": f"问题 {n}?"},
            {"en": f"answer {n}"},
            negatives={"en": [f"no {n}"]},
        )
        for n in range(40)
    ]
    return ParallelPairs([*items, Item("s", None, "talk", SENTENCES, SENTENCES, True)])


def changed(pairs, perturbed, language):
    return [n for n in range(40) if pairs.query(n, language) != perturbed.query(n, language)]


def test_a_share_of_the_queries_of_each_language_is_perturbed(pairs):
    operators = [Case(to="upper"), Mark()]
    perturbed = perturb_pairs(pairs, operators, share=0.25)
    by_language = {language: changed(pairs, perturbed, language) for language in pairs.languages}
    assert [len(numbers) for numbers in by_language.values()] == [10, 10, 10]
    assert len(set(map(tuple, by_language.values()))) == 3
    for language, numbers in by_language.items():
        for n in numbers:
            # Case means nothing in Chinese, so it is not drawn there.
            expected = f"问题 {n}? #0" if language == "zh" else pairs.query(n, language).upper()
            assert perturbed.query(n, language) == expected
    more = perturb_pairs(pairs, operators, share=0.5)
    assert all(set(numbers) < set(changed(pairs, more, language)) for language, numbers in by_language.items())


def test_passages_negatives_ids_groups_and_translations_stay(pairs):
    perturbed = perturb_pairs(pairs, [UPPER, Mark()], share=1)
    for n in range(len(pairs)):
        before, after = pairs.item(n), perturbed.item(n)
        assert after == before._replace(queries=after.queries)
        assert (after.queries == before.queries) == (before.id == "s")
    assert perturbed.groups is pairs.groups and perturbed.blocks is pairs.blocks
    # Written and read again, perturbed queries are still in the groups of the original ones.
    mixed = perturb_pairs(ParallelPairs([pairs.item(n) for n in range(12)]), [UPPER, Mark()])
    assert ParallelPairs([mixed.item(n) for n in range(12)]).groups.tolist() == [n // 3 for n in range(12)]


def test_seeds(pairs):
    operators = [UPPER, Mark(seed=2)]
    one, same, other = (perturb_pairs(pairs, operators, seed=seed) for seed in (4, 4, 5))
    assert one.fingerprint == same.fingerprint != other.fingerprint
    assert {one.query(n, "zh")[-3:] for n in changed(pairs, one, "zh")} == {" #6"}


def test_every_operator_is_drawn(pairs):
    perturbed = perturb_pairs(pairs, [UPPER, {"name": "case", "to": "lower"}, Mark()], share=1)
    assert 10 <= sum(perturbed.query(n, "en").isupper() for n in range(40)) <= 30


def test_languages_without_a_perturbation(pairs):
    with pytest.warns(UserWarning, match=r"no perturbation \(Case\) means anything in zh: queries"):
        perturbed = perturb_pairs(pairs, "case", share=1)
    assert changed(pairs, perturbed, "zh") == [] and len(changed(pairs, perturbed, "de")) == 40
    with pytest.raises(ValueError, match=r"no perturbation \(Mark\) means anything in de, en, and the pairs have no"):
        perturb_pairs(pairs.filter(languages=["de", "en"]), Mark())


def test_operators_that_change_nothing_are_reported(pairs):
    english = pairs.filter(languages=["en"])
    with pytest.warns(UserWarning, match="Case changed none of 40 queries that were drawn"):
        same = perturb_pairs(english, {"name": "case", "to": "lower"}, share=1)
    assert changed(english, same, "en") == []
    # Nobody asked for a change.
    assert perturb_pairs(english, {"name": "case", "to": "lower"}, share=0).fingerprint == english.fingerprint


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"operators": []}, "operators is empty"),
        ({"operators": ["caze"]}, "did you mean 'case'"),
        ({"share": -0.1}, "share=-0.1 is outside 0 to 1"),
        ({"seed": -1}, "seed=-1"),
    ],
)
def test_impossible_options_are_refused(pairs, options, message):
    with pytest.raises(ValueError, match=message):
        perturb_pairs(pairs.filter(languages=["en"]), **{"operators": "case", **options})


def test_no_pairs():
    assert len(perturb_pairs(ParallelPairs(), "case")) == 0


def test_a_frame_is_no_pairs():
    with pytest.raises(TypeError, match="pairs is a DataFrame: pass ParallelPairs, which from_jsonl reads"):
        perturb_pairs(pd.DataFrame({"q": ["Who?"]}), [UPPER])
