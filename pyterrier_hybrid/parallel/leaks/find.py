"""Does any text that is learned from occur, exactly or nearly, in an evaluation set?

Letters are compared: case, punctuation, spaces, accents, full-width forms and kinds of digits make no difference, in
any script, and no words need be found. An English word has five letters on average, and a Chinese character counts as
three. Others count shared stretches of 8 to 13 words (GPT-3, arXiv 2005.14165, appendix C) or of 50 tokens (Lee et al.,
arXiv 2107.06499), and the share of a text's 8-word stretches that occur elsewhere, from 70% on (PaLM, arXiv 2204.02311,
section 8). To look up some windows of a text instead of all is from winnowing (Schleimer, Wilkerson and Aiken, SIGMOD
2003); see :mod:`pyterrier_hybrid.parallel.leaks.overlap`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pyterrier_hybrid.parallel.leaks.overlap import SHORTEST, KnownTexts, Overlaps
from pyterrier_hybrid.parallel.leaks.texts import evaluation_texts, learned_texts
from pyterrier_hybrid.parallel.pairs import ParallelPairs
from pyterrier_hybrid.text.letters import stretch_of
from pyterrier_hybrid.utils.files import whole_file
from pyterrier_hybrid.utils.progress import BAR_DELAY, progress_bar

if TYPE_CHECKING:
    import pandas as pd

# Shorter texts are words: "Certainly." is an XQuAD-R sentence and a translation like any other.
_SHORTEST_TEXT = 12

_COLUMNS = (
    "dataset", "id", "language", "role", "kind", "evaluation", "evaluation_id", "evaluation_role", "longest", "shared",
    "containment", "stretch", "text", "evaluation_text",
)  # fmt: skip


class Leaks:
    """What pairs and evaluation sets have in common; :func:`find_leaks` makes it.

    An *item* leaks with all its languages: the translation of a leaking text is a leak too, and so is the answer to a
    question that leaks. :meth:`remove` therefore drops whole items.

    Attributes:
        frame: One row for each text of the pairs and each document or query that it shares letters with: ``dataset``,
            ``id``, ``language``, ``role`` (``query``, ``passage``, ``text`` of a translation, ``negative``), ``kind``
            (``exact``, ``near``, ``phrase``), ``evaluation``, ``evaluation_id``, ``evaluation_role`` (``document``,
            ``query``), ``longest`` (letters of the longest shared stretch), ``shared`` (letters in shared
            stretches), ``containment`` (their share of the shorter text), ``stretch`` (the longest one as it is in the
            text), ``text``, ``evaluation_text``.
        evaluation: The names of the evaluation sets.
        counts: How many items each dataset has in each language: ``dataset``, ``language``, ``items``.
        items: How many items were checked.

    Example:
        >>> from pyterrier_hybrid.parallel import Item, ParallelPairs
        >>> item = Item("1", None, "toy", {"en": "What is the STATE LANGUAGE of Japan"}, {"en": "You guess."})
        >>> leaks = find_leaks(ParallelPairs([item]), "atlas/en/test")
        >>> leaks.frame[["id", "role", "kind", "evaluation_id"]].iloc[0].tolist()
        ['1', 'query', 'exact', 'JP_language_en']
        >>> len(leaks), len(leaks.remove(ParallelPairs([item])))
        (1, 0)
    """

    def __init__(self, frame: "pd.DataFrame", *, evaluation: Sequence[str], counts: "pd.DataFrame", items: int) -> None:
        self.frame = frame
        self.evaluation = list(evaluation)
        self.counts = counts
        self.items = items

    @property
    def leaking(self) -> "pd.DataFrame":
        """The items that leak, exactly or nearly: ``dataset``, ``id``."""
        rows = self.frame[self.frame["kind"] != "phrase"]
        return rows[["dataset", "id"]].drop_duplicates(ignore_index=True)

    def __len__(self) -> int:
        return len(self.leaking)

    def table(self) -> "pd.DataFrame":
        """Count items by set and language.

        Returns:
            A row for each set and language where something was found: ``dataset``, ``language``, ``items`` (all there
            are), and how many of them have a text in that language of the kind ``exact``, ``near`` (and nothing
            exact) and ``phrase`` (and nothing else).
        """
        import pandas as pd

        order = ["exact", "near", "phrase"]
        keys = ["dataset", "language", "id"]
        kinds = self.frame.assign(kind=pd.Categorical(self.frame["kind"], order, ordered=True))
        # As texts, since pandas 2 also counts categories that do not occur.
        worst = kinds.groupby(keys, observed=True)["kind"].min().astype(str).reset_index()
        table = worst.groupby(["dataset", "language"])["kind"].value_counts().unstack(fill_value=0)
        table = table.reindex(columns=order, fill_value=0).rename_axis(columns=None).reset_index()
        # Of a language that only negatives have there is no item.
        merged = self.counts.merge(table, on=["dataset", "language"], how="right")
        return merged.fillna({"items": 0}).astype({"items": int})

    def remove(self, pairs: ParallelPairs) -> ParallelPairs:
        """Return the pairs without the items that leak, exactly or nearly, in any language.

        Args:
            pairs: Those that were checked, or others with the same sets and IDs.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        leaking = set(self.leaking.itertuples(index=False, name=None))
        wanted = pa.array({name for _, name in leaking}, pa.string())
        kept, first = np.ones(len(pairs), bool), 0
        for batch in pairs._store.batches(["dataset", "id"]):
            datasets, ids = batch.column("dataset"), batch.column("id")
            for row in np.flatnonzero(pc.is_in(ids, wanted).to_numpy(zero_copy_only=False)).tolist():
                kept[first + row] = (datasets[row].as_py(), ids[row].as_py()) not in leaking
            first += batch.num_rows
        return pairs._from_store(pairs._store.part(kept))

    def to_csv(self, path: str | Path) -> None:
        """Write :attr:`frame` as a CSV file, whole or not at all.

        Args:
            path: The file, replaced if it is there.
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
        exact = len(self.frame[self.frame["kind"] == "exact"][["dataset", "id"]].drop_duplicates())
        found = f"{len(self):,} of {self.items:,} items leak from {', '.join(self.evaluation)}"
        return f"{found}: {exact:,} exactly, {len(self) - exact:,} nearly"


def find_leaks(
    pairs: ParallelPairs,
    datasets: str | Sequence[str],
    *,
    containment: float = 0.5,
    min_shared: int = 40,
    min_stretch: int = 60,
    phrases: bool = False,
) -> Leaks:
    """Look for texts of pairs in evaluation sets: every query, passage and hard negative in all documents and queries.

    A text that shares a stretch of 24 letters or more with an evaluation text is one of

    - ``exact``: all letters are the same, 12 or more;
    - ``near``: the shorter of the two is in the other as a whole; or ``containment`` of it are in shared stretches,
      ``min_shared`` letters or more; or one shared stretch has ``min_stretch`` letters;
    - ``phrase``: anything else, such as the name of an organisation, or how a question begins. That is no leak.

    What can't be found: paraphrases, translations (but of an item that leaks all languages are removed), most texts
    with a change in every fourth word, and changed questions of fewer than 40 letters, where a word makes another
    question. Copies of XQuAD-R's sentences with every tenth word replaced are found at a rate of 88%, of its questions
    38%; ``min_shared=24`` finds 95% and 76%, and takes one item in a thousand for a leak that has a stock phrase
    (``benchmarks/leaks.py``). Nothing is said about what the encoder learned from before.

    The evaluation sets are held in memory, some 70 bytes for each letter; the pairs are read in portions.

    Args:
        pairs: What is learned from.
        datasets: Families such as ``"xquad-r"``, meaning all languages, or IDs of ir_datasets such as
            ``"xquad-r/de"``.
        containment: The share of the shorter text from which on it is near, above 0.
        min_shared: The letters that this takes at least, eight words by default.
        min_stretch: The letters of one stretch that is near by itself, twelve words by default.
        phrases: Also list phrases. One item in a hundred may have one.

    Returns:
        What was found.

    Raises:
        ValueError: There is no such evaluation set, or a threshold is out of range.

    Example:
        >>> from pyterrier_hybrid.parallel import Item, ParallelPairs
        >>> answer = "If you ask me: on the map of the world, you find Japan in eastern Asia, not in America."
        >>> item = Item("1", None, "toy", {"en": "Where is it?"}, {"en": answer})
        >>> found = find_leaks(ParallelPairs([item]), "atlas/en/test").frame
        >>> found[["kind", "evaluation_id", "stretch"]].iloc[0].tolist()
        ['near', 'en_JP_region', 'on the map of the world, you find Japan in eastern Asia']
    """
    import pandas as pd

    for name, value, lowest in (("min_shared", min_shared, SHORTEST), ("min_stretch", min_stretch, SHORTEST)):
        if value < lowest:
            raise ValueError(f"{name}={value!r} is below {lowest}: shorter stretches are not looked for")
    if not 0 < containment <= 1:
        raise ValueError(f"containment={containment!r} is a share of a text: give more than 0, and 1 at most")

    def kinds_of(found: Overlaps) -> np.ndarray:
        near = (found.containment >= containment) & (found.shared >= min_shared)
        near |= (found.containment == 1) | (found.longest >= min_stretch)
        exact = found.equal & (found.shared >= _SHORTEST_TEXT)
        return np.select([exact, near & ~found.equal], ["exact", "near"], "phrase")

    sources, known_texts = evaluation_texts(datasets)
    known = KnownTexts(known_texts)
    rows = []
    with progress_bar(desc="leaks", total=len(pairs), unit="items", delay=BAR_DELAY) as bar:
        for batch in pairs._store.batches():
            names, ids = batch.column("dataset"), batch.column("id")
            for role, language, places, texts in learned_texts(batch):
                overlaps = known.overlaps(texts)
                kinds = kinds_of(overlaps)
                for number in np.flatnonzero(kinds != "phrase" if not phrases else kinds != "").tolist():
                    found = Overlaps(*(column[number].item() for column in overlaps))
                    place, text = int(places[found.text]), texts[found.text]
                    rows.append((
                        names[place].as_py(), ids[place].as_py(), language, role, str(kinds[number]),
                        *sources[found.known], found.longest, found.shared, found.containment,
                        stretch_of(text, found.start, found.start + found.longest), text, known_texts[found.known],
                    ))  # fmt: skip
            bar.update(batch.num_rows)
    frame = pd.DataFrame(rows, columns=_COLUMNS).astype({"longest": int, "shared": int, "containment": float})
    order = ["dataset", "language", "kind", "shared"]
    frame = frame.sort_values(order, ascending=[True, True, True, False], kind="stable", ignore_index=True)
    evaluation = list(dict.fromkeys([datasets] if isinstance(datasets, str) else datasets))
    return Leaks(frame, evaluation=evaluation, counts=_counts(pairs), items=len(pairs))


def _counts(pairs: ParallelPairs) -> "pd.DataFrame":
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
