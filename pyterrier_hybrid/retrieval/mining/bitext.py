"""Translation pairs among the sentences of two languages, by margin score."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from more_itertools import chunked

from pyterrier_hybrid.parallel import Item, ParallelPairs
from pyterrier_hybrid.parallel.margin import l2_normalised, ratio_margin
from pyterrier_hybrid.retrieval.index.kinds import BuildOptions
from pyterrier_hybrid.retrieval.mining.nearest import Caches, NearestTexts, check_encoder, mining_folder
from pyterrier_hybrid.retrieval.protocols import Encoder, LanguageAwareEncoder, wants_languages
from pyterrier_hybrid.retrieval.vector_cache import CHUNK, VectorCache
from pyterrier_hybrid.text.languages import check_language
from pyterrier_hybrid.text.normalisation import is_blank
from pyterrier_hybrid.utils.checks import finite_number, list_of_names, list_of_texts, whole_number

if TYPE_CHECKING:
    import pandas as pd

_RETRIEVALS = ("forward", "backward", "intersection", "max")


@dataclass(frozen=True, eq=False)
class Bitext:
    """Translation pairs with their scores.

    Attributes:
        frame: Columns ``row_a`` and ``row_b`` (positions of the sentences), ``text_a``, ``text_b`` and ``score``, by
            descending score.
    """

    frame: "pd.DataFrame"

    def __len__(self) -> int:
        return len(self.frame)

    def pairs(self, lang_a: str, lang_b: str, *, dataset: str = "bitext") -> ParallelPairs:
        """Return the pairs as translations, to train on.

        Args:
            lang_a: Language of the first sentences.
            lang_b: Language of the second sentences.
            dataset: Name of the dataset.

        Raises:
            ValueError: A language is unknown, or both are the same.

        Example:
            >>> import pandas as pd
            >>> frame = pd.DataFrame([[0, 3, "Guten Tag", "Good day", 1.4]], columns=_COLUMNS)
            >>> Bitext(frame).pairs("de", "en").query(0, "en")
            'Good day'
        """
        codes = check_language(lang_a), check_language(lang_b)
        if codes[0] == codes[1]:
            raise ValueError(f"lang_a and lang_b are both {codes[0]!r}: a translation has two languages")
        items = []
        for row_a, row_b, *both in self.frame[_COLUMNS[:4]].values.tolist():
            texts = dict(zip(codes, both, strict=True))
            items.append(Item(f"{row_a}-{row_b}", None, dataset, texts, texts, True))
        return ParallelPairs(items)


_COLUMNS = ["row_a", "row_b", "text_a", "text_b", "score"]


def mine_bitext(
    sentences_a: Iterable[str],
    sentences_b: Iterable[str],
    encoder: Encoder | LanguageAwareEncoder,
    *,
    neighbours: int = 4,
    min_margin: float = 1.06,
    retrieval: Literal["forward", "backward", "intersection", "max"] = "max",
    langs: tuple[str, str] | None = None,
    kind: str = "exact",
    cache: str | Path | None = None,
    verbose: bool = True,
) -> Bitext:
    """Find translation pairs among sentences by the ratio margin (arXiv 1811.01136, section 3).

    The score of two sentences is their :func:`~pyterrier_hybrid.parallel.margin.ratio_margin`: their cosine divided by
    the mean cosine with their nearest neighbours on the other side. So sentences that are near to everything are not
    mistaken for translations.

    Args:
        sentences_a: Sentences of one language. Of equal ones, only the first is used.
        sentences_b: Sentences of the other language.
        encoder: The encoder; both sides are encoded as queries, and their vectors are L2-normalised.
        neighbours: Number of nearest neighbours.
        min_margin: Minimum score. 1.06 is that of CCMatrix (arXiv 1911.04944) with LASER; other encoders need
            another one, found on known pairs.
        retrieval: "forward": the best candidate of each first sentence among its nearest neighbours. "backward": of
            each second one. "intersection": pairs that are both. "max": pairs of either, the best first, until a
            sentence is taken: each sentence is in at most one pair.
        langs: Languages of the two sides, for encoders that want them.
        kind: Kind of the index: "exact", "hnsw", "ivf" or "ivfpq", see :class:`~pyterrier_hybrid.FaissIndex`.
        cache: A folder for the vectors of an encoder that has a fingerprint; by default a temporary one.
        verbose: Show progress bars.

    Raises:
        TypeError: An argument is of a wrong type.
        ValueError: One side has no sentence, or an option has an impossible value.

    Example:
        >>> import pyterrier_hybrid as ph
        >>> texts = ["one house", "two trees", "three dogs", "four boats", "five cats"]
        >>> encoder = ph.DenseEncoder.from_scratch(texts, dim=32, vocab_size=60)
        >>> found = ph.mine_bitext(texts, texts[::-1], encoder, neighbours=2, verbose=False)
        >>> sorted(zip(found.frame.row_a.tolist(), found.frame.row_b.tolist()))
        [(0, 4), (1, 3), (2, 2), (3, 1), (4, 0)]
    """
    import pandas as pd

    check_encoder("encoder", encoder)
    if retrieval not in _RETRIEVALS:
        raise ValueError(f"retrieval={retrieval!r} is unknown: choose one of {', '.join(_RETRIEVALS)}")
    min_margin = finite_number("min_margin", min_margin, least=-np.inf)
    neighbours = whole_number("neighbours", neighbours)
    if langs is None and wants_languages(encoder):
        raise ValueError("langs=None: this encoder wants languages: pass those of the two sides, such as ('de', 'en')")
    codes = ("und", "und") if langs is None else tuple(list_of_names("langs", langs))
    if len(codes) != 2:
        raise ValueError(f"langs={langs!r}: pass the languages of the two sides, such as ('de', 'en')")
    options = BuildOptions(kind=kind)
    sides = [_distinct(name, texts) for name, texts in (("sentences_a", sentences_a), ("sentences_b", sentences_b))]
    home = None if cache is None else Path(cache)
    with mining_folder(home) as scratch:
        queries = Caches(encoder, home, scratch / "vectors", verbose=verbose).queries
        indexes = [
            NearestTexts(list(side), [code] * len(side), queries, scratch / name, options, normalize=True)
            for name, side, code in zip("ab", sides, codes, strict=True)
        ]
        (near_b, cosine_b), (near_a, cosine_a) = (
            _neighbours(side, code, queries, index, neighbours)
            for side, code, index in zip(sides, codes, indexes[::-1], strict=True)
        )
        mean_a, mean_b = cosine_b.mean(axis=1, dtype=np.float64), cosine_a.mean(axis=1, dtype=np.float64)
        forward = _best(near_b, cosine_b, mean_a, mean_b)
        backward = _best(near_a, cosine_a, mean_b, mean_a)
        found = _combined(retrieval, forward, backward)
    texts, rows = [list(side) for side in sides], [list(side.values()) for side in sides]
    frame = pd.DataFrame(
        [
            (rows[0][a], rows[1][b], texts[0][a], texts[1][b], score)
            for a, b, score in found
            if score >= min_margin
        ],
        columns=_COLUMNS,
    )  # fmt: skip
    return Bitext(frame.sort_values(["score", "row_a"], ascending=[False, True], kind="stable", ignore_index=True))


def _distinct(name: str, texts: Iterable[str]) -> dict[str, int]:
    """Return the distinct sentences that are not blank, each with its first position."""
    distinct: dict[str, int] = {}
    for number, text in enumerate(list_of_texts(name, texts)):
        if not is_blank(text):
            distinct.setdefault(text, number)
    if not distinct:
        raise ValueError(f"{name} has no sentence: pass some")
    return distinct


def _neighbours(
    texts: Iterable[str], code: str, vectors: VectorCache, index: NearestTexts, neighbours: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions and cosines of the nearest neighbours of each sentence, ``[n, neighbours]`` each."""
    listed, depth = list(texts), min(neighbours, len(index))
    parts = [
        index.search(l2_normalised(vectors.of(part, [code] * len(part))), depth) for part in chunked(listed, CHUNK)
    ]
    positions, cosines = (np.concatenate(each) for each in zip(*parts, strict=True))
    return positions, cosines


def _best(
    positions: np.ndarray, cosines: np.ndarray, own_mean: np.ndarray, their_mean: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the candidate of the highest ratio margin of each sentence, and that score."""
    scores = ratio_margin(cosines, own_mean[:, None], their_mean[positions])
    best = scores.argmax(axis=1)[:, None]
    return np.take_along_axis(positions, best, 1)[:, 0], np.take_along_axis(scores, best, 1)[:, 0]


def _combined(
    retrieval: str, forward: tuple[np.ndarray, np.ndarray], backward: tuple[np.ndarray, np.ndarray]
) -> list[tuple[int, int, float]]:
    """Return pairs of positions with their scores."""
    one = [(a, int(b), float(score)) for a, (b, score) in enumerate(zip(*forward, strict=True))]
    other = [(int(a), b, float(score)) for b, (a, score) in enumerate(zip(*backward, strict=True))]
    if retrieval == "forward":
        return one
    if retrieval == "backward":
        return other
    if retrieval == "intersection":
        both = {(a, b) for a, b, _ in other}
        return [pair for pair in one if pair[:2] in both]
    taken_a: set[int] = set()
    taken_b: set[int] = set()
    pairs = []
    for a, b, score in sorted(
        {(a, b): (a, b, score) for a, b, score in one + other}.values(), key=lambda p: (-p[2], p)
    ):
        if a not in taken_a and b not in taken_b:
            taken_a.add(a)
            taken_b.add(b)
            pairs.append((a, b, score))
    return pairs
