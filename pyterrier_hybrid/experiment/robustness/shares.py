"""Shares of languages in training data: Zipf's law, and how much to keep of each language."""

import math
from collections.abc import Iterable, Mapping, Sequence

from pyterrier_hybrid.text.languages import same_language
from pyterrier_hybrid.utils.checks import finite_number, list_of_names
from pyterrier_hybrid.utils.suggestions import did_you_mean_language


def zipf_shares(languages: Sequence[str], exponent: float) -> dict[str, float]:
    """Return shares proportional to rank^-exponent, which sum to 1.

    Args:
        languages: The languages, the first having rank 1.
        exponent: 0: equal shares; 1: Zipf's law; larger: more uneven.

    Raises:
        ValueError: The exponent is negative or not finite.

    Example:
        >>> {lang: round(share, 3) for lang, share in zipf_shares(["en", "de", "th"], 1).items()}
        {'en': 0.545, 'de': 0.273, 'th': 0.182}
    """
    exponent = finite_number("zipf", exponent, least=0)
    weights = [rank**-exponent for rank in range(1, len(languages) + 1)]
    return {lang: weight / sum(weights) for lang, weight in zip(languages, weights, strict=True)}


def check_shares(name: str, shares: Mapping[str, float], languages: Sequence[str]) -> dict[str, float]:
    """Check the shares of languages, and return those of all languages; one that is not named has none.

    Args:
        name: Name of the argument, for errors.
        shares: Language -> share of the texts.
        languages: The languages of the pairs.

    Raises:
        TypeError: A share is no number.
        ValueError: A language is unknown, or the shares are negative or do not sum to 1.

    Example:
        >>> check_shares("shares", {"de": 0.25, "en": 0.75}, ["de", "en", "th"])
        {'de': 0.25, 'en': 0.75, 'th': 0.0}
    """
    checked = dict.fromkeys(languages, 0.0)
    for code, share in shares.items():
        lang = same_language(code, languages)
        if lang not in checked:
            hint = did_you_mean_language(code, languages)
            raise ValueError(f"{name} names {code!r}, but the pairs have only {', '.join(languages)}{hint}")
        checked[lang] = finite_number(f"{name}[{code!r}]", share, least=0)
    total = math.fsum(checked.values())
    if not math.isclose(total, 1, abs_tol=1e-6):
        raise ValueError(f"{name}: the shares sum to {total:g}; they are ratios of all texts, so let them sum to 1")
    return checked


def check_order(order: Iterable[str] | None, counts: Mapping[str, int]) -> list[str]:
    """Return the languages by rank: as given, or by descending count and then by code.

    Args:
        order: All languages, the one that is to have the most data first; None: by count.
        counts: The number of items of each language.

    Raises:
        ValueError: A language is unknown, missing, or named twice.

    Example:
        >>> check_order(None, {"de": 5, "en": 9, "ar": 5})
        ['en', 'ar', 'de']
    """
    if order is None:
        return sorted(counts, key=lambda lang: (-counts[lang], lang))
    languages = [same_language(lang, list(counts)) for lang in list_of_names("order", order)]
    if sorted(languages) != sorted(counts):
        raise ValueError(
            f"order={languages!r}: name each of the languages of the pairs once: {', '.join(sorted(counts))}"
        )
    return languages


def largest_total(conditions: Iterable[Mapping[str, float]], counts: Mapping[str, int]) -> float:
    """Return the largest number of texts with which every condition can have its shares.

    Args:
        conditions: The shares of each condition.
        counts: The number of items of each language.

    Example:
        >>> largest_total([{"de": 0.5, "en": 0.5}, {"de": 0.8, "en": 0.2}], {"de": 80, "en": 100})
        100.0
    """
    return min(counts[lang] / share for shares in conditions for lang, share in shares.items() if share > 0)


def ratios_of_items(shares: Mapping[str, float], counts: Mapping[str, int], total: float) -> dict[str, float]:
    """Return the ratio of each language's items to keep, as :meth:`ParallelPairs.imbalance` takes it.

    Args:
        shares: The shares of the languages.
        counts: The number of items of each language.
        total: The number of texts to keep.

    Raises:
        ValueError: A language with a share would have no text.

    Example:
        >>> ratios_of_items({"de": 0.8, "en": 0.2}, {"de": 80, "en": 100}, 100)
        {'de': 1.0, 'en': 0.2}
    """
    for lang, share in shares.items():
        if share > 0 and round(share * total) < 1:
            raise ValueError(
                f"a share of {share:g} of {total:,.0f} texts leaves none in {lang!r}; give a larger total, a smaller "
                "exponent, more pairs, or a share of 0"
            )
    return {lang: min(1.0, share * total / counts[lang]) for lang, share in shares.items()}
