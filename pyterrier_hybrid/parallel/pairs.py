"""The pair store."""

import operator
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pyterrier_hybrid.parallel.item import Item
from pyterrier_hybrid.parallel.operations.select import Choice
from pyterrier_hybrid.parallel.readers.sources import Sources
from pyterrier_hybrid.parallel.store.blocks import Blocks, Kind, sort_by_kind
from pyterrier_hybrid.parallel.store.build import Parts, in_memory
from pyterrier_hybrid.parallel.store.folder import Files, write_description
from pyterrier_hybrid.parallel.store.groups import renumbered
from pyterrier_hybrid.parallel.store.texts import Texts, items_of
from pyterrier_hybrid.utils.files import whole_folder

if TYPE_CHECKING:
    import pandas as pd


class ParallelPairs(Sources):
    """Queries and passages in several languages: what a sampler plans over and a trainer reads.

    Texts are Arrow record batches, in memory or mapped into it from a folder (:meth:`save`, :meth:`open`). Parts of a
    store (:meth:`split`, :meth:`filter`, :meth:`imbalance`) and sums share its texts.

    Items that share a query, a passage (whatever the case and the spaces) or a given group are one group, also over a
    third item: in a batch, one's passage would be called wrong for the other's query though it is right. Of translation
    items, texts of fewer than 12 characters do not count, since words have several senses.

    Args:
        items: The items. Their groups are given new numbers.

    Attributes:
        languages: Codes of all languages, sorted: the columns of ``has_query`` and ``has_passage``.
        datasets: Names of all datasets, sorted.
        groups: Group of each item, int64 [n], numbered from 0 by first appearance.
        passage_groups: The same by passages alone: items that share one in any language, directly or over others.
        blocks: The items sorted into blocks of the same dataset and languages, as samplers read them.

    Raises:
        ValueError: If an item has an empty text, an unknown language, no query or no passage, a negative that is its
            own passage, or if two have one id.

    Example:
        >>> pairs = ParallelPairs([
        ...     Item("1", None, "toy", {"de": "Wo ist Rom?", "en": "Where is Rome?"}, {"de": "Hier.", "en": "Here."}),
        ...     Item("2", None, "toy", {"en": "Where is Milan?"}, {"en": "Here."}),
        ... ])
        >>> pairs.groups.tolist()
        [0, 0]
        >>> pairs.query(0, "de")
        'Wo ist Rom?'
    """

    languages: list[str]
    datasets: list[str]
    groups: np.ndarray
    passage_groups: np.ndarray
    blocks: Blocks

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._fill(*in_memory(lambda builder: builder.add_items(items)))

    def _fill(self, texts: Texts, parts: Parts, rows: np.ndarray | None = None) -> None:
        self._texts, self._parts, self._rows = texts, parts, rows
        self._sorted, self.groups, self.passage_groups = parts
        self.languages, self.datasets, self.blocks = self._sorted

    @cached_property
    def dataset_ids(self) -> np.ndarray:
        """Position of each item's dataset in ``datasets``, int32 [n]."""
        return self.blocks.dataset_ids[self._sorted.kind_of_item]

    @cached_property
    def has_query(self) -> np.ndarray:
        """Whether an item has a query in a language, bool [n, languages]."""
        return self.blocks.has_query[self._sorted.kind_of_item]

    @cached_property
    def has_passage(self) -> np.ndarray:
        """Whether an item has a passage in a language, bool [n, languages]."""
        return self.blocks.has_passage[self._sorted.kind_of_item]

    @cached_property
    def is_translation(self) -> np.ndarray:
        """Whether an item is a translation group, bool [n].

        Its texts are queries and passages, and only cross-lingual pairs of them mean anything.
        """
        return self.blocks.is_translation[self._sorted.kind_of_item]

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all texts, ids, languages and groups, 32 hexadecimal digits.

        It is the same for the same items in the same order, however they were read; a folder has it written down.
        """
        from pyterrier_hybrid.parallel.store.fingerprint import Fingerprint

        fingerprint = Fingerprint()
        for batch in self._texts.pieces(self._rows):
            fingerprint.add(batch)
        return fingerprint.hexdigest(self.groups)

    def __len__(self) -> int:
        return len(self.groups)

    def item(self, i: int) -> Item:
        """Return an item with all its texts.

        Args:
            i: Its number; negative ones count from the end.
        """
        (item,) = items_of(self._texts.row(self._row(i)), [int(self.groups[i])])
        return item

    def query(self, i: int, lang: str) -> str:
        """Return the query of an item in a language.

        Raises:
            ValueError: If it has none.
        """
        text = self._texts.value(self._row(i), f"query.{lang}")
        if text is None:
            raise ValueError(self._no_text("query", i, lang))
        return text

    def passage(self, i: int, lang: str) -> str:
        """Return the passage of an item in a language.

        Raises:
            ValueError: If it has none.
        """
        row = self._row(i)
        text = self._texts.value(row, f"passage.{lang}")
        if text is None and self._texts.value(row, "translation"):
            text = self._texts.value(row, f"query.{lang}")
        if text is None:
            raise ValueError(self._no_text("passage", i, lang))
        return text

    def negatives(self, i: int, lang: str) -> list[str]:
        """Return the hard negatives of an item in a language, ``[]`` if it has none.

        Example:
            >>> item = Item("1", None, "toy", {"en": "Who?"}, {"en": "Me."}, negatives={"en": ["In Italy."]})
            >>> ParallelPairs([item]).negatives(0, "en")
            ['In Italy.']
        """
        return self._texts.value(self._row(i), f"negatives.{lang}") or []

    @property
    def has_negatives(self) -> bool:
        """Whether any text was given as a hard negative, of these items or of those that they were taken from."""
        return any(name.startswith("negatives.") for batch in self._texts.batches for name in batch.schema.names)

    def texts(self, limit: int | None = None, seed: int = 0) -> list[str]:
        """Return different texts of all items, as a tokenizer is trained on.

        Args:
            limit: Draw so many, the same number of every language as far as there are enough; default: all texts.
            seed: Which ones.

        Returns:
            The texts, language by language.

        Example:
            >>> item = Item("1", None, "toy", {"de": "Geht das?", "en": "Does it work?"}, {"de": "Ja.", "en": "Yes."})
            >>> ParallelPairs([item]).texts()
            ['Geht das?', 'Ja.', 'Does it work?', 'Yes.']
            >>> len(ParallelPairs([item]).texts(limit=2))
            2
        """
        from pyterrier_hybrid.parallel.operations.distinct import different_texts

        return different_texts(self._texts, self._rows, self.languages, limit=limit, seed=seed)

    def statistics(self) -> "pd.DataFrame":
        """Count what there is in every language of every dataset.

        Returns:
            A row for each dataset and language, with the columns ``dataset``, ``language``, ``items``, ``queries``,
            ``passages``, ``groups``, ``query_chars`` and ``passage_chars`` (mean characters) and ``cross`` (the share
            of the items with a pair of this and another language).

        Example:
            >>> item = Item("1", None, "toy", {"de": "Geht das?", "en": "Does it work?"}, {"de": "Ja."})
            >>> ParallelPairs([item]).statistics()[["language", "queries", "passages", "query_chars", "cross"]]
              language  queries  passages  query_chars  cross
            0       de        1         1          9.0    1.0
            1       en        1         0         13.0    1.0
        """
        from pyterrier_hybrid.parallel.operations.statistics import statistics

        return statistics(self._sorted, self.groups, self._texts, self._rows)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Write the store into a folder, whole or not at all; :meth:`open` opens it.

        Args:
            folder: Its place.
            overwrite: Replace a folder that is there already.

        Raises:
            FileExistsError: If it is there and ``overwrite`` is false.

        Example:
            >>> import tempfile
            >>> pairs = ParallelPairs([Item("1", 0, "toy", {"en": "Where is Rome?"}, {"en": "In Italy."})])
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     pairs.save(Path(folder) / "pairs")
            ...     ParallelPairs.open(Path(folder) / "pairs").fingerprint == pairs.fingerprint
            True
        """
        with whole_folder(folder, overwrite=overwrite) as unfinished:
            with Files(unfinished) as files:
                for batch in self._texts.batches if self._rows is None else self._texts.pieces(self._rows):
                    files.append(batch)
            write_description(unfinished, self._parts, files.fingerprint.hexdigest(self.groups))

    def to_jsonl(self, path: str | Path) -> None:
        """Write all items with their groups, in order, whole or not at all; :meth:`from_jsonl` reads the same store.

        Args:
            path: The file, replaced if it is there; gzipped if its name ends in ``.gz``.

        Example:
            >>> import tempfile
            >>> pairs = ParallelPairs([Item("1", 0, "toy", {"en": "Where is Rome?"}, {"en": "In Italy."})])
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     pairs.to_jsonl(Path(folder) / "pairs.jsonl.gz")
            ...     ParallelPairs.from_jsonl(Path(folder) / "pairs.jsonl.gz").item(0) == pairs.item(0)
            True
        """
        from pyterrier_hybrid.parallel.readers.writers import write_jsonl

        write_jsonl(Path(path), self._texts.pieces(self._rows), self.groups)

    def to_parquet(self, path: str | Path) -> None:
        """Write all items into a Parquet file, whole or not at all; :meth:`from_parquet` reads the same store.

        Its columns are ``id``, ``dataset``, ``translation``, ``group``, and ``query.de``, ``passage.de`` and
        ``negatives.de`` for every language; the texts of translations are queries.

        Args:
            path: The file, replaced if it is there.

        Example:
            >>> import tempfile
            >>> import pyarrow.parquet as pq
            >>> pairs = ParallelPairs([Item("1", 0, "toy", {"en": "Where is Rome?"}, {"en": "In Italy."})])
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     pairs.to_parquet(Path(folder) / "pairs.parquet")
            ...     pq.read_table(Path(folder) / "pairs.parquet").column_names
            ['id', 'dataset', 'translation', 'group', 'passage.en', 'query.en']
        """
        from pyterrier_hybrid.parallel.readers.writers import write_parquet

        write_parquet(Path(path), self._texts, self._rows, self.groups)

    def split(self, held_out: float | int, seed: int = 0) -> tuple["ParallelPairs", "ParallelPairs"]:
        """Divide the store so that no group is in both parts.

        Args:
            held_out: How many groups to hold out: a share of all if it is below 1, else their number.
            seed: Which ones.

        Returns:
            The store to train on and the held-out one.

        Raises:
            ValueError: If one of the parts would be empty.

        Example:
            >>> items = [Item(str(n), n, "toy", {"en": f"question {n}"}, {"en": f"answer {n}"}) for n in range(10)]
            >>> train, held = ParallelPairs(items).split(0.2)
            >>> len(train), len(held)
            (8, 2)
        """
        total = int(self.groups.max()) + 1 if len(self) else 0
        number = round(held_out * total) if 0 < held_out < 1 else int(held_out) if held_out % 1 == 0 else 0
        if not 0 < number < total:
            raise ValueError(
                f"held_out={held_out!r} means {number:,} of {total:,} groups, which leaves a part empty: "
                "pass a share between 0 and 1 or a smaller number of groups"
            )
        chosen = np.zeros(total, bool)
        chosen[np.random.default_rng(seed).permutation(total)[:number]] = True
        held = chosen[self.groups]
        kinds, kind_of_item = self._sorted.kinds, self._sorted.kind_of_item
        return self._part(self._texts, kinds, kind_of_item, ~held), self._part(self._texts, kinds, kind_of_item, held)

    def filter(
        self,
        *,
        languages: Sequence[str] | None = None,
        datasets: Sequence[str] | None = None,
        exclude_datasets: Sequence[str] | None = None,
    ) -> "ParallelPairs":
        """Return a store of some of the texts; items left without a pair are dropped. Groups stay together.

        Args:
            languages: Keep texts of these languages only.
            datasets: Keep datasets that match one of these :mod:`fnmatch` patterns.
            exclude_datasets: Drop datasets that match one of these patterns.

        Raises:
            ValueError: If a language or pattern matches nothing.

        Example:
            >>> item = Item("1", None, "toy", {"de": "Geht das?", "en": "Does it work?"}, {"de": "Ja.", "en": "Yes."})
            >>> ParallelPairs([item]).filter(languages=["de"]).item(0).passages
            {'de': 'Ja.'}
        """
        choice = Choice(languages=languages, datasets=datasets, exclude_datasets=exclude_datasets)
        choice.check(self.languages, self.datasets)
        kinds = [choice.of_kind(kind) for kind in self._sorted.kinds]
        kept = np.array([choice.wants(kind.dataset) and kind.has_pair for kind in kinds], bool)
        kind_of_item = self._sorted.kind_of_item
        texts = self._texts if languages is None else self._texts.of_languages(choice.wants_language)
        return self._part(texts, kinds, kind_of_item, kept[kind_of_item])

    def imbalance(self, shares: Mapping[str, float], *, seed: int = 0) -> "ParallelPairs":
        """Return a store in which some languages are rarer, to see what that does to an encoder.

        Args:
            shares: Language -> the share of the items with a text in it that keep theirs; 0 drops the language. The
                texts of a smaller share are among those of a larger one.
            seed: Which items keep theirs; each language draws for itself.

        Returns:
            The store, without the items that are left without a pair. Groups stay together.

        Raises:
            ValueError: If a language does not occur, or a share is not between 0 and 1.

        Example:
            >>> items = [
            ...     Item(str(n), None, "toy", {"de": f"Was ist {n}?", "en": f"What is {n}?"}, {"en": f"It is {n}."})
            ...     for n in range(10)
            ... ]
            >>> int(ParallelPairs(items).imbalance({"de": 0.2}).has_query[:, 0].sum())
            2
        """
        from pyterrier_hybrid.parallel.operations.imbalance import unbalanced

        part = self._part(*unbalanced(self._sorted, self._texts, self._rows, shares, seed))
        # Dropped texts are hidden where they were; rows that are named are copied without them when saved.
        part._rows = part._row_numbers()
        return part

    def __add__(self, other: "ParallelPairs") -> "ParallelPairs":
        """Return a store of the items of both, in order; groups with a text in common become one."""
        if not isinstance(other, ParallelPairs):
            return NotImplemented
        from pyterrier_hybrid.parallel.operations.concat import joined

        ours, theirs = ((pairs._texts, pairs._rows, pairs._parts) for pairs in (self, other))
        return self._of(*joined(ours, theirs))

    def __repr__(self) -> str:
        from pyterrier_hybrid.parallel.operations.statistics import summary

        return summary(self._sorted, self.groups)

    @classmethod
    def _of(cls, texts: Texts, parts: Parts, rows: np.ndarray | None = None) -> "ParallelPairs":
        pairs = cls.__new__(cls)
        pairs._fill(texts, parts, rows)
        return pairs

    def _part(self, texts: Texts, kinds: Sequence[Kind], kind_of_item: np.ndarray, kept: np.ndarray) -> "ParallelPairs":
        if kept.all():
            return self._of(texts, Parts(sort_by_kind(kinds, kind_of_item), *self._parts[1:]), self._rows)
        parts = Parts(
            sort_by_kind(kinds, kind_of_item[kept]),
            renumbered(self.groups[kept]),
            renumbered(self.passage_groups[kept]),
        )
        return self._of(texts, parts, self._row_numbers()[kept])

    def _row_numbers(self) -> np.ndarray:
        return np.arange(len(self._texts)) if self._rows is None else self._rows

    def _row(self, i: int) -> int:
        number, count = operator.index(i), len(self.groups)
        if not -count <= number < count:
            raise IndexError(f"there is no item {number}: the store has {count:,}")
        number %= count
        return number if self._rows is None else int(self._rows[number])

    def _no_text(self, what: str, i: int, lang: str) -> str:
        item = self.item(i)
        texts = item.queries if what == "query" else item.passages
        return f"item {item.id!r} of {item.dataset!r} has no {what} in {lang!r}, only in {', '.join(sorted(texts))}"
