"""Leak check: does a training text occur, exactly or nearly, in an evaluation set?

Texts are compared letter by letter, ignoring case, punctuation, spaces, accents, full-width forms and kinds of digits,
so no script needs word segmentation. An English word has five letters on average; a Chinese character counts as three.
Two texts are near each other if they share long spans (:mod:`pyterrier_hybrid.parallel.leaks.overlap`), which finds a
sentence in a paragraph, or if they are similar as a whole (:mod:`pyterrier_hybrid.parallel.leaks.similarity`), which
finds a short question with another word.

Other work compares words: spans of 8 to 13 words (GPT-3, arXiv 2005.14165, appendix C), of 50 tokens (Lee et al., arXiv
2107.06499), or 70% of a text's 8-word spans (PaLM, arXiv 2204.02311, section 8). The idea of looking up only some
windows of a text is from winnowing (Schleimer, Wilkerson and Aiken, SIGMOD 2003).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pyterrier_hybrid.datasets.ids import find_id
from pyterrier_hybrid.datasets.own import OwnFamily
from pyterrier_hybrid.parallel.leaks.overlap import MIN_SPAN, KnownTexts, Overlaps
from pyterrier_hybrid.parallel.leaks.similarity import KnownGrams, Similar
from pyterrier_hybrid.parallel.leaks.texts import evaluation_texts, training_texts
from pyterrier_hybrid.parallel.pairs import ParallelPairs, check_pairs
from pyterrier_hybrid.text.letters import span_of
from pyterrier_hybrid.utils.checks import list_of, list_of_names
from pyterrier_hybrid.utils.files import whole_file
from pyterrier_hybrid.utils.progress import BAR_DELAY, progress_bar

if TYPE_CHECKING:
    import pandas as pd

# Shorter equal texts are not leaks: "Certainly." is a sentence of XQuAD-R, but may occur in any text.
_MIN_EXACT = 12

_COLUMNS = (
    "dataset", "id", "language", "role", "kind", "evaluation", "evaluation_id", "evaluation_role", "longest", "shared",
    "containment", "similarity", "stretch", "text", "evaluation_text",
)  # fmt: skip


class Leaks:
    """What pairs and evaluation sets have in common; :func:`find_leaks` returns it.

    An *item* leaks with all its languages: the translation of a leaking text is a leak too, and so is the answer to a
    leaking question. :meth:`remove` therefore drops whole items.

    Attributes:
        frame: One row for each text of the pairs and each evaluation document or query that it shares a span with or is
            similar to:
            ``dataset``, ``id``, ``language``, ``role`` (``query``, ``passage``, ``text`` of a translation,
            ``negative``), ``kind`` (``exact``, ``near``, ``phrase``), ``evaluation``, ``evaluation_id``,
            ``evaluation_role`` (``document``, ``query``), ``longest`` (letters of the longest shared span), ``shared``
            (letters in shared spans), ``containment`` (``shared`` as a ratio of the shorter text), ``similarity``
            (Jaccard similarity of their letter 5-grams; NaN if it is below ``min_similarity``), ``stretch`` (the
            longest shared span as the text has it; empty if there is none), ``text``, ``evaluation_text``.
        evaluation: Names of the evaluation sets.
        counts: Number of items of each dataset in each language: ``dataset``, ``language``, ``items``.
        items: Number of items that were checked.
        options: The options of :func:`find_leaks`.
        fingerprint: Fingerprint of the pairs.

    Example:
        >>> from pyterrier_hybrid.parallel import Item, ParallelPairs
        >>> item = Item("1", None, "toy", {"en": "What is the STATE LANGUAGE of Saudi Arabia"}, {"en": "You guess."})
        >>> leaks = find_leaks(ParallelPairs([item]), "atlas/en/test")
        >>> leaks.frame[["id", "role", "kind", "evaluation_id"]].iloc[0].tolist()
        ['1', 'query', 'exact', 'SA_language_en']
        >>> len(leaks), len(leaks.remove(ParallelPairs([item])))
        (1, 0)
    """

    def __init__(
        self,
        frame: "pd.DataFrame",
        *,
        evaluation: Sequence[str],
        counts: "pd.DataFrame",
        items: int,
        options: Mapping[str, Any],
        fingerprint: str,
    ) -> None:
        self.frame = frame
        self.evaluation = list(evaluation)
        self.counts = counts
        self.items = items
        self.options = dict(options)
        self.fingerprint = fingerprint

    @property
    def leaking(self) -> "pd.DataFrame":
        """The items that leak, exactly or nearly: ``dataset``, ``id``."""
        rows = self.frame[self.frame["kind"] != "phrase"]
        return rows[["dataset", "id"]].drop_duplicates(ignore_index=True)

    def __len__(self) -> int:
        return len(self.leaking)

    def table(self) -> "pd.DataFrame":
        """Count leaking items by dataset and language.

        Returns:
            A row for each dataset and language with a leak or phrase: ``dataset``, ``language``, ``items`` (number of
            items), and the numbers of items whose worst text in that language is ``exact``, ``near`` or ``phrase``.
        """
        import pandas as pd

        order = ["exact", "near", "phrase"]
        keys = ["dataset", "language", "id"]
        kinds = self.frame.assign(kind=pd.Categorical(self.frame["kind"], order, ordered=True))
        # Strings, since pandas 2 also counts categories that do not occur.
        worst = kinds.groupby(keys, observed=True)["kind"].min().astype(str).reset_index()
        table = worst.groupby(["dataset", "language"])["kind"].value_counts().unstack(fill_value=0)
        table = table.reindex(columns=order, fill_value=0).rename_axis(columns=None).reset_index()
        # Languages that only negatives have are not in counts.
        merged = self.counts.merge(table, on=["dataset", "language"], how="right")
        return merged.fillna({"items": 0}).astype({"items": int})

    def remove(self, pairs: ParallelPairs) -> ParallelPairs:
        """Return the pairs without the items that leak, exactly or nearly, in any language.

        Args:
            pairs: The pairs that were checked, or others with the same datasets and IDs.

        Returns:
            The other pairs. If ``pairs`` are those that were checked, the report of the check is added to their
            ``leak_checks``, from where :func:`~pyterrier_hybrid.train` writes it beside the encoder.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        leaking = set(self.leaking.itertuples(index=False, name=None))
        leaking_ids = pa.array({name for _, name in leaking}, pa.string())
        kept, first = np.ones(len(pairs), bool), 0
        for batch in pairs._store.batches(["dataset", "id"]):
            datasets, ids = batch.column("dataset"), batch.column("id")
            for row in np.flatnonzero(pc.is_in(ids, leaking_ids).to_numpy(zero_copy_only=False)).tolist():
                kept[first + row] = (datasets[row].as_py(), ids[row].as_py()) not in leaking
            first += batch.num_rows
        clean = pairs._part(pairs._store.part(kept))
        if pairs.fingerprint == self.fingerprint:
            clean.leak_checks = (*pairs.leak_checks, self.report() | {"removed": len(pairs) - len(clean)})
        return clean

    def report(self) -> dict[str, Any]:
        """Return what was checked and found, as JSON can hold it.

        Returns:
            ``evaluation`` (names of the sets), ``items`` (number of items that were checked), ``exact`` and ``near``
            (numbers of items that leak), ``options`` (of :func:`find_leaks`), ``pairs`` (their fingerprint), and
            ``leaks``: for each leaking text, its ``dataset``, ``id``, ``language``, ``role`` and ``kind``, and the
            ``evaluation``, ``evaluation_id`` and ``evaluation_role`` of the other text.

        Example:
            >>> from pyterrier_hybrid.parallel import Item, ParallelPairs
            >>> pairs = ParallelPairs([Item("1", None, "toy", {"en": "Where is Rome?"}, {"en": "You guess."})])
            >>> report = find_leaks(pairs, "atlas/en/test").report()
            >>> report["evaluation"], report["items"], report["exact"], report["near"]
            (['atlas/en/test'], 1, 0, 0)
        """
        leaks = self.frame[self.frame["kind"] != "phrase"]
        exact = self._exact()
        return {
            "evaluation": self.evaluation,
            "items": self.items,
            "exact": exact,
            "near": len(self) - exact,
            "options": self.options,
            "pairs": self.fingerprint,
            "leaks": leaks[list(_COLUMNS[: _COLUMNS.index("longest")])].to_dict("records"),
        }

    def to_csv(self, path: str | Path) -> None:
        """Write :attr:`frame` as a CSV file.

        Args:
            path: The file, which appears whole or not at all. An existing file is replaced.
        """
        with whole_file(path) as unfinished:
            self.frame.to_csv(unfinished, index=False, lineterminator="\n")

    def __repr__(self) -> str:
        lines = [self._summary()]
        if len(self.frame):
            lines.append(self.table().to_string(index=False))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        table = self.table().to_html(index=False, border=0) if len(self.frame) else ""
        return f"<p>{self._summary()}</p>{table}"

    def _summary(self) -> str:
        exact = self._exact()
        total = f"{len(self):,} of {self.items:,} items leak from {', '.join(self.evaluation)}"
        return f"{total}: {exact:,} exactly, {len(self) - exact:,} nearly"

    def _exact(self) -> int:
        """Return the number of items with an exact match."""
        return len(self.frame[self.frame["kind"] == "exact"][["dataset", "id"]].drop_duplicates())


def find_leaks(
    pairs: ParallelPairs,
    datasets: str | OwnFamily | Sequence[str | OwnFamily],
    *,
    containment: float = 0.5,
    min_shared: int = 40,
    min_stretch: int = 60,
    min_similarity: float | None = 0.6,
    phrases: bool = False,
) -> Leaks:
    """Compare every query, passage and hard negative of pairs with all documents and queries of evaluation sets.

    A text that shares a span of 24 letters or more with an evaluation text, or is similar to it, is one of

    - ``exact``: all letters are equal, and there are 12 or more;
    - ``near``: the other text contains all of the shorter one; or shared spans have at least ``min_shared`` letters and
      are at least ``containment`` of the shorter text; or one shared span has at least ``min_stretch`` letters; or the
      letter 5-grams of both texts have a Jaccard similarity of at least ``min_similarity``, and both have 12 letters or
      more;
    - ``phrase``: anything else, such as the name of an organisation or the beginning of a question. It is not a leak.

    Not found are paraphrases; translations (but removing a leaking item removes all its languages); most texts in which
    every fourth word is changed. Copies of XQuAD-R's sentences with every tenth word replaced are found at a rate of
    96%, of its questions 83%; without similarity, 88% and 38% (``benchmarks/leaks.py``). Short questions that differ in
    a name are similar, too ("Who is the current president of Poland?"), so that some reports are false alarms: 38 of
    291,913 items in pt_docs/results.md. Pretraining data of the encoder is not checked.

    Memory holds the evaluation sets, some 100 bytes for each letter and 0.1 GB; pairs are read in batches.

    Args:
        pairs: The training pairs.
        datasets: Families such as ``"xquad-r"``, meaning all their languages; ir_datasets IDs such as
            ``"xquad-r/de"``; or collections of one's own, from :func:`pyterrier_hybrid.family_from`.
        containment: Ratio of the shorter text that shared spans need for ``near``, above 0.
        min_shared: Letters that shared spans need for ``near``; 40 letters are eight words.
        min_stretch: Letters that a single shared span needs for ``near``; 60 letters are twelve words.
        min_similarity: Jaccard similarity of letter 5-grams that is enough for ``near``, above 0; ``None``: compare
            spans only, which takes a third of the time.
        phrases: Also list phrases. One item in a hundred may have one.

    Returns:
        The leaks.

    Raises:
        TypeError: ``pairs`` are no :class:`ParallelPairs`.
        ValueError: An evaluation set does not exist, or a threshold is out of range.

    Example:
        >>> from pyterrier_hybrid.parallel import Item, ParallelPairs
        >>> answer = "If you ask me: on the map of the world, you find Cuba in the caribbean, not in Asia."
        >>> item = Item("1", None, "toy", {"en": "Where is it?"}, {"en": answer})
        >>> frame = find_leaks(ParallelPairs([item]), "atlas/en/test").frame
        >>> frame[["kind", "evaluation_id", "stretch"]].iloc[0].tolist()
        ['near', 'en_CU_region', 'on the map of the world, you find Cuba in the caribbean']
    """
    import pandas as pd

    check_pairs(pairs)
    for name, value in (("min_shared", min_shared), ("min_stretch", min_stretch)):
        if value < MIN_SPAN:
            raise ValueError(f"{name}={value!r} is below {MIN_SPAN}: shorter shared spans are ignored")
    if not 0 < containment <= 1:
        raise ValueError(f"containment={containment!r} is a ratio of a text: it must be above 0 and at most 1")

    if min_similarity is not None and not 0 < min_similarity <= 1:
        raise ValueError(
            f"min_similarity={min_similarity!r} is a ratio of letter 5-grams: it must be above 0 and at most 1; "
            "or pass None to compare spans only"
        )

    def kinds_of(overlaps: Overlaps, similarity: np.ndarray) -> np.ndarray:
        near = (overlaps.containment >= containment) & (overlaps.shared >= min_shared)
        near |= (overlaps.containment == 1) | (overlaps.longest >= min_stretch) | ~np.isnan(similarity)
        exact = overlaps.equal & (overlaps.shared >= _MIN_EXACT)
        return np.select([exact, near & ~overlaps.equal], ["exact", "near"], "phrase")

    chosen = [find_id(one) or one for one in list_of("datasets", find_id(datasets) or datasets, (str, OwnFamily))]
    evaluation = list_of_names("datasets", [one.name if isinstance(one, OwnFamily) else one for one in chosen])
    sources, known_texts = evaluation_texts(chosen)
    known = KnownTexts(known_texts)
    known_grams = None if min_similarity is None else KnownGrams(known_texts, min_similarity=min_similarity)
    rows = []
    with progress_bar(desc="leaks", total=len(pairs), unit="items", delay=BAR_DELAY) as bar:
        for batch in pairs._store.batches():
            names, ids = batch.column("dataset"), batch.column("id")
            for role, language, batch_rows, texts in training_texts(batch):
                overlaps = known.overlaps(texts)
                similarity = np.full(len(overlaps.text), np.nan)
                if known_grams is not None:
                    overlaps, similarity = _with_similar(overlaps, known_grams.similar(texts))
                kinds = kinds_of(overlaps, similarity)
                for number in np.flatnonzero(phrases | (kinds != "phrase")).tolist():
                    text_number, known_number, longest, shared, ratio, _, start = (
                        column[number].item() for column in overlaps
                    )
                    row, text = int(batch_rows[text_number]), texts[text_number]
                    rows.append((
                        names[row].as_py(), ids[row].as_py(), language, role, str(kinds[number]),
                        *sources[known_number], longest, shared, ratio, similarity[number].item(),
                        span_of(text, start, start + longest) if longest else "", text, known_texts[known_number],
                    ))  # fmt: skip
            bar.update(batch.num_rows)
    frame = pd.DataFrame(rows, columns=_COLUMNS).astype(
        {"longest": int, "shared": int, "containment": float, "similarity": float}
    )
    order = ["dataset", "language", "kind", "shared", "similarity"]
    frame = frame.sort_values(order, ascending=[True, True, True, False, False], kind="stable", ignore_index=True)
    return Leaks(
        frame,
        evaluation=list(dict.fromkeys(evaluation)),
        counts=_counts(pairs),
        items=len(pairs),
        options={
            "containment": containment,
            "min_shared": min_shared,
            "min_stretch": min_stretch,
            "min_similarity": min_similarity,
        },
        fingerprint=pairs.fingerprint,
    )


def _with_similar(overlaps: Overlaps, similar: Similar) -> tuple[Overlaps, np.ndarray]:
    """Add the pairs of texts that are similar without sharing a span.

    Returns:
        All pairs, and their similarity; NaN for those that are not similar.
    """
    width = 1 + max(overlaps.known.max(initial=0), similar.known.max(initial=0))
    keys, similar_keys = (pairs.text * width + pairs.known for pairs in (overlaps, similar))
    _, here, there = np.intersect1d(keys, similar_keys, assume_unique=True, return_indices=True)
    similarity = np.full(len(keys), np.nan)
    similarity[here] = similar.similarity[there]
    added = np.setdiff1d(np.arange(len(similar_keys)), there)
    zeros = np.zeros(len(added), np.int64)
    new = Overlaps(similar.text[added], similar.known[added], zeros, zeros, zeros * 1.0, zeros > 0, zeros)
    both = Overlaps(*map(np.concatenate, zip(overlaps, new, strict=True)))
    return both, np.concatenate([similarity, similar.similarity[added]])


def _counts(pairs: ParallelPairs) -> "pd.DataFrame":
    """Return the number of items of each dataset in each language, where there are any."""
    import pandas as pd

    blocks = pairs.blocks
    counts = np.zeros((len(pairs.datasets), len(pairs.languages)), np.int64)
    np.add.at(counts, blocks.dataset_ids, np.diff(blocks.starts)[:, None] * (blocks.has_query | blocks.has_passage))
    dataset, language = np.nonzero(counts)
    return pd.DataFrame({
        "dataset": np.array(pairs.datasets, object)[dataset],
        "language": np.array(pairs.languages, object)[language],
        "items": counts[dataset, language],
    })  # fmt: skip
