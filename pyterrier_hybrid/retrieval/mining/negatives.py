"""Hard negatives of training pairs, found by an encoder."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from more_itertools import chunked

from pyterrier_hybrid.parallel import ParallelPairs
from pyterrier_hybrid.parallel.negatives import AnswerGroups, with_negatives
from pyterrier_hybrid.parallel.pairs import check_pairs
from pyterrier_hybrid.retrieval.index.kinds import BuildOptions
from pyterrier_hybrid.retrieval.mining.corpus import Collection, collection_of
from pyterrier_hybrid.retrieval.mining.nearest import (
    Caches,
    NearestTexts,
    check_encoder,
    mining_folder,
    scores_of_pairs,
)
from pyterrier_hybrid.retrieval.protocols import Encoder, LanguageAwareEncoder
from pyterrier_hybrid.text.languages import same_language
from pyterrier_hybrid.text.normalisation import text_key
from pyterrier_hybrid.utils.checks import finite_number, list_of_names, true_or_false, whole_number
from pyterrier_hybrid.utils.files import check_new_folder
from pyterrier_hybrid.utils.formatting import short_repr
from pyterrier_hybrid.utils.progress import BAR_DELAY, above_bars, progress_bar

if TYPE_CHECKING:
    import pandas as pd

_ITEMS_AT_ONCE = 2048
# Results beyond the last rank, in place of known answers among the results.
_MOST_ANSWERS = 100


@dataclass(frozen=True)
class MiningReport:
    """What a mining of negatives counted, by language.

    Attributes:
        rows: For each language, also those without texts to search: ``items`` that were searched for, ``texts``
            searched, ``answers`` (results left out since they are known answers), ``candidates`` (the other results,
            within the ranks), those that were ``too_near`` by the encoder's scores or by the ``guide``'s, ``mined``
            negatives, and items with fewer than ``count`` (``short``).

    Example:
        >>> print(MiningReport([{"language": "en", "items": 2, "mined": 3}]))
        language  items  mined
              en      2      3
    """

    rows: list[dict[str, Any]]

    def table(self) -> "pd.DataFrame":
        """Return the counts as a frame, a row for each language."""
        import pandas as pd

        return pd.DataFrame(self.rows)

    def __str__(self) -> str:
        return self.table().to_string(index=False)


def mine_negatives(
    pairs: ParallelPairs,
    encoder: Encoder | LanguageAwareEncoder,
    *,
    count: int = 4,
    corpus: Any = None,
    languages: Sequence[str] | None = None,
    query_languages: Sequence[str] | None = None,
    pool: Literal["same", "all"] = "same",
    ranks: tuple[int, int] = (0, 100),
    margin: float | None = None,
    relative_margin: float | None = None,
    guide: Encoder | LanguageAwareEncoder | None = None,
    sampling: Literal["top", "random"] = "top",
    mask: str = "document",
    keep: bool = True,
    kind: str = "exact",
    seed: int = 0,
    cache: str | Path | None = None,
    folder: str | Path | None = None,
    verbose: bool = True,
) -> ParallelPairs:
    """Add hard negatives to pairs: texts that an encoder ranks high for a query and that do not answer it.

    For each language in which an item has a passage, its query searches the texts of that language. Known answers are
    left out: copies and translations of the passages of its group. Texts that score about as high as the passage itself
    may be answers that nobody marked; ``margin``, ``relative_margin`` and ``guide`` leave them out (positive-aware
    mining, NV-Retriever, arXiv 2407.15831: its best setting is ``relative_margin=0.05``).

    Vectors are kept in a folder and mapped into memory, so that a million passages fit a laptop. With ``cache``, an
    interrupted mining encodes only what is missing when it is started again.

    Args:
        pairs: The pairs. Translated sentences neither get negatives nor are negatives.
        encoder: The encoder, such as a :class:`~pyterrier_hybrid.DenseEncoder`.
        count: Maximum number of new negatives of an item in a language.
        corpus: The texts to search: an ir_datasets ID, a frame or dicts with ``text`` and ``lang``, or texts; by
            default, all passages of the pairs.
        languages: Languages of the passages that get negatives; by default all.
        query_languages: Languages of the queries that search. A text that is too near to one of them is left out, and
            the score of the others is their best. By default, the passage's language (monolingual); an item without a
            query in it is searched for by its first query in another one (cross-lingual).
        pool: "same": negatives are in the passage's language. "all": they may be in any language; they are still stored
            as negatives of the passage's language, since training takes them from there.
        ranks: First and last rank, exclusive, that negatives come from, among the texts that are not known answers.
        margin: Leave out texts with a score above that of the item's passage minus this margin.
        relative_margin: The same for the passage's score minus this ratio of it; 0.05 keeps texts below 95% of it.
        guide: A second encoder whose scores must keep the margins as well (as the guide of GISTEmbed, arXiv
            2402.16829). Without a margin, no text may score above the passage by the guide's scores.
        sampling: "top" takes the texts of the highest scores, "random" draws among the ranks.
        mask: Which texts are known answers: "document" or "passage", see
            :class:`~pyterrier_hybrid.parallel.negatives.AnswerGroups`. With "passage", other sentences of the
            passage's paragraph may become negatives.
        keep: Keep the negatives that the pairs already have; the new ones are the next best.
        kind: Kind of the index: "exact", "hnsw", "ivf" or "ivfpq", see :class:`~pyterrier_hybrid.FaissIndex`.
        seed: Seed of "random" and of the index.
        cache: A folder for the vectors of encoders that have a fingerprint, and for the index while it is needed; by
            default a temporary one.
        folder: Write the new pairs into this folder, and open it; by default, they are kept in memory.
        verbose: Show progress bars, and the counts at the end.

    Returns:
        The pairs with negatives; their ``report`` is a :class:`MiningReport`.

    Raises:
        TypeError: An argument is of a wrong type.
        ValueError: An option has an impossible value, there are no texts to search, or no item has a query and a
            passage.
        FileExistsError: ``folder`` already exists.

    Example:
        >>> import pyterrier_hybrid as ph
        >>> pairs = ph.ParallelPairs.from_irds("atlas/train").filter(languages=["en"])
        >>> encoder = ph.DenseEncoder.from_scratch(pairs.texts(limit=200), dim=8, vocab_size=300)
        >>> mined = ph.mine_negatives(pairs, encoder, count=2, verbose=False)
        >>> len(mined.negatives(0, "en"))
        2
    """
    check_pairs(pairs)
    check_encoder("encoder", encoder)
    if guide is not None:
        check_encoder("guide", guide)
    for name, value, valid in (("pool", pool, ("same", "all")), ("sampling", sampling, ("top", "random"))):
        if value not in valid:
            raise ValueError(f"{name}={value!r} is unknown: choose one of {', '.join(valid)}")
    if not isinstance(ranks, Sequence) or len(ranks) != 2:
        raise TypeError(f"ranks={short_repr(ranks)}: pass the first rank and the one after the last, such as (0, 100)")
    rule = _Rule(
        wanted=whole_number("count", count),
        first=whole_number("ranks[0]", ranks[0], least=0),
        stop=whole_number("ranks[1]", ranks[1], least=ranks[0] + 1),
        margin=None if margin is None else finite_number("margin", margin, least=-np.inf),
        relative=None if relative_margin is None else finite_number("relative_margin", relative_margin),
        draws=sampling == "random",
        seed=whole_number("seed", seed, least=0),
        keep=true_or_false("keep", keep),
    )
    options = BuildOptions(kind=kind, seed=rule.seed)
    if folder is not None:
        check_new_folder(folder)
    collection = collection_of(pairs, corpus)
    targets = _targets(pairs, collection, languages, pool)
    wanted = None if query_languages is None else _known_languages("query_languages", query_languages, pairs.languages)
    answers = AnswerGroups(pairs, mask)
    with ExitStack() as stack:
        home = None if cache is None else Path(cache)
        scratch = stack.enter_context(mining_folder(home))
        caches = Caches(encoder, home, scratch / "encoder", verbose=verbose)
        guide_caches = None if guide is None else Caches(guide, home, scratch / "guide", verbose=verbose)
        mined: dict[str, tuple[_Texts, np.ndarray]] = {}
        counts = {}
        pools: dict[str, tuple[_Texts, NearestTexts]] = {}
        for lang in targets:
            key = "all" if pool == "all" else lang
            if key not in pools:
                texts = _Texts.of(collection if pool == "all" else {lang: collection[lang]}, answers)
                place = scratch / f"index-{key}"
                pools[key] = texts, NearestTexts(texts.texts, texts.langs, caches.documents, place, options)
            texts, nearest = pools[key]
            miner = _Miner(pairs, rule, lang, wanted, texts, nearest, answers, caches, guide_caches)
            mined[lang] = texts, miner.run(verbose=verbose)
            counts[lang] = miner.counts
        if not any(row["items"] for row in counts.values()):
            raise ValueError("pairs: no item has a passage and a query that could search, so there is nothing to mine")
    result = with_negatives(pairs, lambda item: _chosen(mined, item), keep=rule.keep, folder=folder)
    if languages is None:
        short = dict(zip(pairs.languages, (pairs.has_passage & ~pairs.is_translation[:, None]).sum(0), strict=True))
        others = {lang: {**_no_counts(lang, texts=0), "short": int(short[lang])} for lang in short if short[lang]}
        counts = {**others, **counts}
    result.report = MiningReport(list(counts.values()))
    if not any(row["mined"] for row in counts.values()):
        warnings.warn(
            "no negatives were mined: widen ranks, take a smaller margin, or search another corpus", stacklevel=2
        )
    if verbose:
        above_bars(str(result.report))
    return result


class _Rule(NamedTuple):
    """Which results become negatives."""

    wanted: int
    first: int
    stop: int
    margin: float | None
    relative: float | None
    draws: bool
    seed: int
    keep: bool

    def largest(self, positive: np.ndarray) -> np.ndarray:
        """Return the largest score of a negative, by the score of the positive."""
        bounds = []
        if self.margin is not None:
            bounds.append(positive - np.float32(self.margin))
        if self.relative is not None:
            bounds.append(positive - np.abs(positive) * np.float32(self.relative))
        return np.minimum.reduce(bounds) if bounds else np.full_like(positive, np.inf)

    def largest_by_guide(self, positive: np.ndarray) -> np.ndarray:
        """The same for a guide, whose margin is 0 by default."""
        return positive if self.margin is None and self.relative is None else self.largest(positive)


class _Texts(NamedTuple):
    """The texts of an index, with the group whose queries each of them answers."""

    texts: pa.Array
    langs: list[str]
    groups: np.ndarray

    @classmethod
    def of(cls, collection: Collection, answers: AnswerGroups) -> "_Texts":
        texts = pa.concat_arrays([part.combine_chunks() if isinstance(part, pa.ChunkedArray) else part
                                  for part in collection.values()])  # fmt: skip
        langs = [code for code, part in collection.items() for _ in range(len(part))]
        parts = [answers.of_texts(texts[start : start + 65_536].to_pylist()) for start in range(0, len(texts), 65_536)]
        return cls(texts, langs, np.concatenate(parts))

    def read(self, positions: np.ndarray) -> tuple[list[str], list[str]]:
        """Return some texts and their languages."""
        return self.texts.take(pa.array(positions)).to_pylist(), [self.langs[number] for number in positions.tolist()]


class _Query(NamedTuple):
    """A query of an item of a block."""

    row: int
    text: str
    lang: str


class _Miner:
    """Mines the negatives of one language.

    Attributes:
        counts: The row of the report.
    """

    def __init__(
        self,
        pairs: ParallelPairs,
        rule: _Rule,
        lang: str,
        query_languages: list[str] | None,
        texts: _Texts,
        nearest: NearestTexts,
        answers: AnswerGroups,
        caches: Caches,
        guide: Caches | None,
    ) -> None:
        self._pairs, self._rule, self._lang, self._query_languages = pairs, rule, lang, query_languages
        self._texts, self._nearest, self._answers, self._caches, self._guide = texts, nearest, answers, caches, guide
        known = texts.groups[texts.groups >= 0]
        most = int(np.bincount(known).max()) if len(known) else 0
        self._depth = min(len(nearest), rule.stop + min(most, _MOST_ANSWERS))
        self.counts = _no_counts(lang, texts=len(nearest))

    def run(self, *, verbose: bool) -> np.ndarray:
        """Return the positions of each item's negatives, int32 ``[items, count]``; -1: none."""
        mined = np.full((len(self._pairs), self._rule.wanted), -1, np.int32)
        column = self._pairs.languages.index(self._lang)
        items = np.flatnonzero(self._pairs.has_passage[:, column] & ~self._pairs.is_translation)
        bar = progress_bar(
            total=len(items), desc=f"mining {self._lang}", unit="item", delay=BAR_DELAY, leave=False,
            disable=not verbose,
        )  # fmt: skip
        with bar:
            for block in chunked(items.tolist(), _ITEMS_AT_ONCE):
                self._mine(block, mined)
                bar.update(len(block))
        return mined

    def _queries(self, items: Sequence[int]) -> Iterator[_Query]:
        languages, has_query = self._pairs.languages, self._pairs.has_query
        for row, item in enumerate(items):
            own = [languages[column] for column in np.flatnonzero(has_query[item]).tolist()]
            if self._query_languages is not None:
                chosen = [code for code in self._query_languages if code in own]
            else:
                chosen = [self._lang] if self._lang in own else own[:1]
            for code in chosen:
                yield _Query(row, self._pairs.query(item, code), code)

    def _mine(self, items: Sequence[int], mined: np.ndarray) -> None:
        queries = list(self._queries(items))
        if not queries:
            return
        rows = np.array([query.row for query in queries])
        passages = [self._pairs.passage(item, self._lang) for item in items]
        vectors, positives = self._encoded(self._caches, queries, passages)
        positions, scores = self._nearest.search(vectors, self._depth)
        is_answer = self._is_answer(items, rows, positions)
        rank = np.cumsum(~is_answer, axis=1) - 1
        candidate = ~is_answer & (rank >= self._rule.first) & (rank < self._rule.stop)
        largest = self._rule.largest(scores_of_pairs(vectors, positives[rows]))
        too_near = candidate & (scores > largest[:, None])
        by_guide = self._found_by_guide(queries, passages, rows, positions, candidate & ~too_near)
        counts = self.counts
        counts["answers"] += int(is_answer.sum())
        counts["candidates"] += int(candidate.sum())
        counts["too_near"] += int(too_near.sum())
        counts["guide"] += int(by_guide.sum())
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        for start, end in zip(starts, np.append(starts[1:], len(rows)), strict=True):
            part = slice(start, end)
            rejected = too_near[part] | by_guide[part]
            kept = candidate[part] & ~rejected
            found = _best_first(positions[part], scores[part], kept, rejected)
            item = items[int(rows[start])]
            known = {text_key(text) for text in self._pairs.negatives(item, self._lang)} if self._rule.keep else set()
            if known:
                found = found[[text_key(text) not in known for text in self._texts.read(found)[0]]]
            if self._rule.draws and len(found) > self._rule.wanted:
                rng = np.random.default_rng([self._rule.seed, item, *self._lang.encode()])
                found = found[np.sort(rng.choice(len(found), self._rule.wanted, replace=False))]
            found = found[: self._rule.wanted]
            mined[item, : len(found)] = found
            counts["items"] += 1
            counts["mined"] += len(found)
            counts["short"] += len(found) < self._rule.wanted

    def _encoded(
        self, caches: Caches, queries: Sequence[_Query], passages: Sequence[str]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the vectors of queries and of passages in the language."""
        return (
            caches.queries.of([query.text for query in queries], [query.lang for query in queries]),
            caches.documents.of(passages, [self._lang] * len(passages)),
        )

    def _is_answer(self, items: Sequence[int], rows: np.ndarray, positions: np.ndarray) -> np.ndarray:
        groups = self._texts.groups[positions]
        own = [self._answers.of_item(item) for item in items]
        is_answer = groups == np.array([groups_of_item[0] for groups_of_item in own])[rows][:, None]
        for row in np.flatnonzero([len(own[row]) > 1 for row in rows.tolist()]):
            is_answer[row] = np.isin(groups[row], own[int(rows[row])])
        return is_answer

    def _found_by_guide(
        self,
        queries: Sequence[_Query],
        passages: Sequence[str],
        rows: np.ndarray,
        positions: np.ndarray,
        candidate: np.ndarray,
    ) -> np.ndarray:
        """Return which candidates a guide finds too near."""
        found = np.zeros(candidate.shape, bool)
        if self._guide is None or not candidate.any():
            return found
        vectors, positives = self._encoded(self._guide, queries, passages)
        largest = self._rule.largest_by_guide(scores_of_pairs(vectors, positives[rows]))
        row, column = np.nonzero(candidate)
        texts, of_text = np.unique(positions[row, column], return_inverse=True)
        documents = self._guide.documents.of(*self._texts.read(texts))
        # A part at a time, since each candidate has a vector of its own.
        for part in np.array_split(np.arange(len(row)), max(1, len(row) * documents.shape[1] // 2**22)):
            scores = scores_of_pairs(vectors[row[part]], documents[of_text[part]])
            found[row[part], column[part]] = scores > largest[row[part]]
        return found


def _no_counts(lang: str, *, texts: int) -> dict[str, Any]:
    counts = ("answers", "candidates", "too_near", "guide", "mined", "short")
    return {"language": lang, "items": 0, "texts": texts, **dict.fromkeys(counts, 0)}


def _best_first(positions: np.ndarray, scores: np.ndarray, kept: np.ndarray, rejected: np.ndarray) -> np.ndarray:
    """Return the texts that some query of an item kept and none rejected, by their best score."""
    if len(positions) == 1:
        return positions[0][kept[0]]
    order = np.lexsort((positions[kept], -scores[kept]))
    found = positions[kept][order]
    found = found[np.sort(np.unique(found, return_index=True)[1])]
    return found[~np.isin(found, positions[rejected])]


def _chosen(mined: dict[str, tuple[_Texts, np.ndarray]], item: int) -> dict[str, list[str]]:
    return {
        lang: [texts.texts[number].as_py() for number in positions[item].tolist() if number >= 0]
        for lang, (texts, positions) in mined.items()
    }


def _targets(pairs: ParallelPairs, collection: Collection, languages: Sequence[str] | None, pool: str) -> list[str]:
    """Return the languages of the passages that get negatives."""
    has_passage = pairs.has_passage & ~pairs.is_translation[:, None]
    own = [
        code
        for column, code in enumerate(pairs.languages)
        if has_passage[:, column].any() and (pool == "all" or code in collection)
    ]
    if not own or not collection:
        raise ValueError(
            "pairs: there are no passages in the languages of the texts to search; these are in "
            f"{', '.join(collection) or 'none'}"
        )
    return own if languages is None else _known_languages("languages", languages, own)


def _known_languages(name: str, languages: Sequence[str], known: Sequence[str]) -> list[str]:
    codes = [same_language(code, known) for code in list_of_names(name, languages)]
    for code in codes:
        if code not in known:
            raise ValueError(f"{name} names {code!r}, but there is only: {', '.join(known)}")
    return codes
