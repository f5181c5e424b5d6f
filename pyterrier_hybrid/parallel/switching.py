"""Queries with some words in another language."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pyterrier_hybrid.parallel.item import BAR_AFTER
from pyterrier_hybrid.utils.progress import progress_bar

if TYPE_CHECKING:
    from pyterrier_hybrid.parallel import Lexicon, ParallelPairs


def code_switch(
    pairs: "ParallelPairs",
    lexicon: "Lexicon",
    *,
    share: float = 0.5,
    words: float = 0.5,
    languages: Sequence[str] | None = None,
    seed: int = 0,
) -> "ParallelPairs":
    """Return a store in which some queries have words of another language, to learn across languages from them.

    Most real questions are in one language only, and teach nothing across languages. With words of a lexicon they do
    (arXiv 2305.05295, which trains on such texts only). What has its query in several languages stays as it is, and so
    do translations and passages; groups stay together.

    Args:
        pairs: The pairs.
        lexicon: The words.
        share: The share of the queries without translation that are changed; those of a smaller share are among those
            of a larger one.
        words: The chance of a word of such a query to be replaced.
        languages: Of the words; each query draws one of them, other than its own. By default all of the lexicon's.
        seed: Which queries, languages and words.

    Returns:
        The store; a query that has no word of the lexicon stays as it is.

    Raises:
        ValueError: A share is not between 0 and 1, or the lexicon has none of the queries' languages or not one of
            ``languages``.

    Example:
        >>> from pyterrier_hybrid.parallel import Item, Lexicon, ParallelPairs
        >>> pairs = ParallelPairs([
        ...     Item("1", None, "toy", {"en": "What does a dog eat?"}, {"en": "Meat."}),
        ...     Item("2", None, "toy", {"de": "Was trinkt ein Hund?"}, {"de": "Wasser."}),
        ... ])
        >>> switched = code_switch(pairs, Lexicon([{"de": ["Hund"], "en": ["dog"]}]), share=1, words=1)
        >>> switched.query(0, "en"), switched.query(1, "de")
        ('What does a Hund eat?', 'Was trinkt ein dog?')
    """
    for name, value in (("share", share), ("words", words)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name}={value!r} is outside 0 to 1")
    for language in languages or ():
        if language not in lexicon.languages:
            raise ValueError(f"languages names {language!r}, but the lexicon has only {', '.join(lexicon.languages)}")
    known = [language for language in pairs.languages if language in lexicon.languages]
    if not known:
        raise ValueError(
            f"the lexicon has {', '.join(lexicon.languages)}, and the pairs have {', '.join(pairs.languages) or 'none'}"
        )
    alone = ~pairs.is_translation & (pairs.has_query.sum(axis=1) == 1)
    texts = pairs._texts
    with progress_bar(desc="switching words", unit="query", delay=BAR_AFTER) as bar:
        for language in known:
            others = [other for other in languages or lexicon.languages if other != language]
            items = np.flatnonzero(alone & pairs.has_query[:, pairs.languages.index(language)])
            if not others or not len(items):
                continue
            rng = np.random.default_rng([seed, *language.encode()])
            # One order for each seed and language, of which any share is a beginning.
            items = rng.permutation(items)[: round(share * len(items))]
            changed = {}
            for item, other in zip(items.tolist(), rng.choice(others, size=len(items)).tolist(), strict=True):
                query = pairs.query(item, language)
                of_it = np.random.default_rng([seed, item])
                switched = lexicon.switch(query, language, other, share=words, seed=of_it)
                if switched != query:
                    changed[pairs._row(item)] = switched
                bar.update()
            texts = texts.replaced(f"query.{language}", changed)
    return pairs._of(texts, pairs._parts, pairs._rows)
