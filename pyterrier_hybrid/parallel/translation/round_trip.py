"""Filter of translations that do not come back when they are translated back."""

from collections import Counter
from collections.abc import Sequence

from pyterrier_hybrid.parallel.translation.filters import Candidate
from pyterrier_hybrid.parallel.translation.spans import Translate
from pyterrier_hybrid.text.normalisation import text_key
from pyterrier_hybrid.utils.checks import finite_number

# Parameters of chrF2, as in the paper and in sacrebleu.
_ORDER, _BETA = 6, 2


class RoundTrip:
    """Rejects translations whose translation back has little in common with the original.

    The translation back of a short question is often another wording of it, with a chrF of 0.2 to 0.3; so a higher
    minimum rejects right translations too.

    Args:
        translate: Translates back.
        min_chrf: Minimum :func:`chrf` of the translation back, between 0 and 1.

    Example:
        >>> back = RoundTrip(lambda texts, source, target: {text: "Something else." for text in texts}, min_chrf=0.3)
        >>> back.reasons([Candidate("query", "Where is Rome?", "Wo ist Rom?")], "en", "de")
        ["it comes back as 'Something else.' (chrF 0.15)"]
    """

    name = "round trip"

    def __init__(self, translate: Translate, min_chrf: float = 0.2) -> None:
        self._translate = translate
        self.min_chrf = finite_number("min_chrf", min_chrf)
        if self.min_chrf > 1:
            raise ValueError(f"min_chrf={min_chrf!r}: chrF is at most 1 here, so all would be rejected; 0.2 is usual")

    def reasons(self, candidates: Sequence[Candidate], source: str, target: str) -> list[str | None]:
        """Judge translations; see :class:`~pyterrier_hybrid.parallel.translation.filters.Filter`."""
        back = self._translate([candidate.translation for candidate in candidates], target, source)
        results: list[str | None] = []
        for candidate in candidates:
            returned = back[candidate.translation]
            score = chrf(returned, candidate.text)
            results.append(f"it comes back as {returned!r} (chrF {score:.2f})" if score < self.min_chrf else None)
        return results


def chrf(text: str, reference: str) -> float:
    """Return the similarity of two texts by their character n-grams, between 0 and 1.

    It is chrF2 of one sentence (Popović 2015, "chrF: character n-gram F-score for automatic MT evaluation"): precision
    and recall of n-grams of 1 to 6 characters without spaces, averaged over n, with recall weighted twice. Case makes
    no difference here.

    Args:
        text: A text.
        reference: The text that it should be.

    Example:
        >>> chrf("Where is Rome?", "where is Rome?"), round(chrf("abc", "abd"), 3)
        (1.0, 0.389)
    """
    characters, expected = ("".join(text_key(value).split()) for value in (text, reference))
    precisions, recalls = [], []
    for size in range(1, _ORDER + 1):
        found, wanted = _ngrams(characters, size), _ngrams(expected, size)
        if found and wanted:
            shared = (found & wanted).total()
            precisions.append(shared / found.total())
            recalls.append(shared / wanted.total())
    if not precisions:
        return 0.0
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    if not precision and not recall:
        return 0.0
    return (1 + _BETA**2) * precision * recall / (_BETA**2 * precision + recall)


def _ngrams(text: str, size: int) -> Counter[str]:
    return Counter(text[start : start + size] for start in range(len(text) - size + 1))
