"""The pair store."""

import gzip
import json
import operator
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from pyterrier_hybrid._files import whole_file
from pyterrier_hybrid.parallel._choice import Choice
from pyterrier_hybrid.parallel._groups import Links, renumbered
from pyterrier_hybrid.parallel._rows import BAR_AFTER, Item, check_language, has_pair, is_blank


class ParallelPairs:
    """Queries and passages in several languages, in memory: what a sampler plans over and a trainer reads.

    Items that share a query, a passage (whatever the case and the spaces) or a given group are one group, also over a
    third item: in a batch, one's passage would be called wrong for the other's query though it is right. Of translation
    items, texts of fewer than 12 characters do not count, since words have several senses.

    Args:
        items: The items. Their groups are given new numbers.

    Attributes:
        languages: Codes of all languages, sorted: the columns of ``has_query`` and ``has_passage``.
        datasets: Names of all datasets, sorted.
        groups: Group of each item, int64 [n], numbered from 0 by first appearance.
        dataset_ids: Position of each item's dataset in ``datasets``, int32 [n].
        has_query: Whether an item has a query in a language, bool [n, languages].
        has_passage: Whether it has a passage, bool [n, languages].
        is_translation: Whether an item is a translation group, bool [n]: its texts are queries and passages, and only
            cross-lingual pairs of them mean anything.

    Raises:
        ValueError: If an item has an empty text, an unknown language, no query or no passage, or if two have one id.

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

    def __init__(self, items: Iterable[Item] = ()) -> None:
        items = list(items)
        for number, item in enumerate(items):
            _check(number, item)
        links = Links()
        links.add_texts(items)
        self._fill(items, links.groups(len(items)))

    @classmethod
    def _of(cls, items: list[Item], groups: np.ndarray) -> "ParallelPairs":
        pairs = cls.__new__(cls)
        pairs._fill(items, groups)
        return pairs

    def _fill(self, items: list[Item], groups: np.ndarray) -> None:
        seen = Counter((item.dataset, item.id, item.translation) for item in items)
        for (dataset, name, _), times in seen.items():
            if times > 1:
                raise ValueError(f"{times} items of dataset {dataset!r} have the id {name!r}: give each its own")
        self.groups = renumbered(groups)
        self._items = [
            item if item.group == group else item._replace(group=group)
            for item, group in zip(items, self.groups.tolist(), strict=True)
        ]
        self.languages = sorted({code for item in items for texts in (item.queries, item.passages) for code in texts})
        self.datasets = sorted({item.dataset for item in items})
        column = {code: number for number, code in enumerate(self.languages)}
        dataset = {name: number for number, name in enumerate(self.datasets)}
        self.dataset_ids = np.fromiter((dataset[item.dataset] for item in items), np.int32, len(items))
        self.is_translation = np.fromiter((item.translation for item in items), bool, len(items))
        self.has_query = np.zeros((len(items), len(column)), bool)
        self.has_passage = np.zeros((len(items), len(column)), bool)
        for table, field in ((self.has_query, "queries"), (self.has_passage, "passages")):
            texts = [getattr(item, field) for item in items]
            rows = np.repeat(np.arange(len(items)), np.fromiter(map(len, texts), np.int64, len(items)))
            table[rows, np.fromiter((column[code] for row in texts for code in row), np.int64, len(rows))] = True

    @classmethod
    def from_jsonl(
        cls,
        *files: str | Path,
        languages: Sequence[str] | None = None,
        datasets: Sequence[str] | None = None,
        exclude_datasets: Sequence[str] | None = None,
        max_empty: float = 1e-4,
    ) -> "ParallelPairs":
        """Read files of JSON Lines, plain or gzipped.

        Every row is an object with the fields ``set`` (the dataset) and ``id``, and with those of one of these kinds:

        ====================================  ==================================================================
        ``lang, question, passage``           a question-passage pair; rows of the same set and id are one item in
                                              several languages; rows with the same ``context`` are one group
        ``text`` = {language: sentence}       a translation group
        ``terms`` = {language: [form, ...]}   a word and its translations: a translation group of the first forms
        ``queries, passages``                 {language: text} each: what :meth:`to_jsonl` writes
        ====================================  ==================================================================

        A ``group`` (int or str) is possible in any row: rows of one file with the same one are one group.

        Args:
            files: Where to read.
            languages: Keep texts of these languages only.
            datasets: Keep rows only if their ``set`` matches one of these :mod:`fnmatch` patterns.
            exclude_datasets: Drop rows whose ``set`` matches one of these patterns.
            max_empty: Rows with an empty text are skipped with a warning up to this share of a file's rows.

        Returns:
            The store, in the order of the rows.

        Raises:
            FileNotFoundError: If a file is not there.
            ValueError: With file, line and field, if a line is broken, a field is missing or not a string, a language
                unknown, an item there twice, or too many texts empty; also if a language or pattern matches nothing.

        Example:
            >>> import tempfile
            >>> row = '{"set": "toy", "id": "1", "lang": "en", "question": "Where is Rome?", "passage": "In Italy."}'
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = Path(folder) / "pairs.jsonl"
            ...     _ = path.write_text(row)
            ...     ParallelPairs.from_jsonl(path)
            ParallelPairs(1 item, 1 group, 1 language: en)
              toy  1
        """
        from pyterrier_hybrid.parallel._readers import read_jsonl

        return cls._of(*read_jsonl(
            files, languages=languages, datasets=datasets, exclude_datasets=exclude_datasets, max_empty=max_empty
        ))  # fmt: skip

    @classmethod
    def from_irds(cls, name: str) -> "ParallelPairs":
        """Take the questions and relevant documents of a dataset of this package, in all its languages.

        Args:
            name: Family and split, such as ``"atlas/train"``. A family without splits, such as ``"xquad-r"``, or a test
                split is evaluation data: learning from it is possible, and warned of.

        Returns:
            The store. Documents of one context are not one group, unlike rows of a file: their relevance is known.

        Raises:
            ValueError: If there is no such family or split.

        Example:
            >>> "de" in ParallelPairs.from_irds("atlas/train").languages
            True
        """
        from pyterrier_hybrid.parallel._readers import read_irds

        return cls._of(*read_irds(name))

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
        from tqdm.auto import tqdm

        path = Path(path)
        with whole_file(path) as unfinished, unfinished.open("wb") as raw, ExitStack() as stack:
            file = raw
            if path.suffix == ".gz":
                # Without name and time in its header, equal stores are equal files.
                file = stack.enter_context(gzip.GzipFile("", "wb", 6, raw, mtime=0))
            for item in tqdm(self._items, desc=path.name, unit="items", delay=BAR_AFTER):
                row = {"set": item.dataset, "id": item.id, "group": item.group}
                if item.translation:
                    row["text"] = item.queries
                else:
                    row |= {"queries": item.queries, "passages": item.passages}
                file.write((json.dumps(row, ensure_ascii=False) + "\n").encode())

    def __len__(self) -> int:
        return len(self._items)

    def item(self, i: int) -> Item:
        """Return an item with all its texts."""
        return self._items[i]

    def query(self, i: int, lang: str) -> str:
        """Return the query of an item in a language.

        Raises:
            ValueError: If it has none.
        """
        try:
            return self._items[i].queries[lang]
        except KeyError:
            raise ValueError(_no_text("query", self._items[i], lang, self._items[i].queries)) from None

    def passage(self, i: int, lang: str) -> str:
        """Return the passage of an item in a language.

        Raises:
            ValueError: If it has none.
        """
        try:
            return self._items[i].passages[lang]
        except KeyError:
            raise ValueError(_no_text("passage", self._items[i], lang, self._items[i].passages)) from None

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
        known = {code: {} for code in self.languages}
        for item in self._items:
            for texts in (item.queries, item.passages):
                for code, text in texts.items():
                    known[code][text] = None
        drawn = {code: list(texts) for code, texts in known.items()}
        if limit is not None:
            rng, left = np.random.default_rng(seed), limit
            # From the smallest language on, what one cannot give is shared by those that have more.
            for place, code in enumerate(sorted(drawn, key=lambda code: (len(drawn[code]), code))):
                share = min(left // (len(drawn) - place), len(drawn[code]))
                chosen = np.sort(rng.choice(len(drawn[code]), size=share, replace=False))
                drawn[code] = [drawn[code][number] for number in chosen.tolist()]
                left -= share
        return [text for texts in drawn.values() for text in texts]

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
        number = round(held_out * total) if held_out < 1 else operator.index(held_out)
        if not 0 < number < total:
            raise ValueError(
                f"held_out={held_out!r} means {number:,} of {total:,} groups, which leaves a part empty: "
                "pass a share between 0 and 1 or a smaller number of groups"
            )
        chosen = np.zeros(total, bool)
        chosen[np.random.default_rng(seed).permutation(total)[:number]] = True
        held = chosen[self.groups]
        return self._take(~held), self._take(held)

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
        kept, groups = [], []
        for item, group in zip(self._items, self.groups.tolist(), strict=True):
            item = choice.of(item) if choice.wants(item.dataset) else None
            if item is not None:
                kept.append(item)
                groups.append(group)
        return self._of(kept, np.array(groups, np.int64))

    def __add__(self, other: "ParallelPairs") -> "ParallelPairs":
        """Return a store of the items of both, in order; groups with a text in common become one."""
        if not isinstance(other, ParallelPairs):
            return NotImplemented
        shift = int(self.groups.max()) + 1 if len(self) else 0
        items = self._items + [item._replace(group=item.group + shift) for item in other._items]
        links = Links()
        links.add_texts(items)
        return self._of(items, links.groups(len(items)))

    def __repr__(self) -> str:
        counts = [f"{_count(len(self), 'item')}, {_count(len(np.unique(self.groups)), 'group')}"]
        if self.languages:
            counts.append(f"{_count(len(self.languages), 'language')}: {' '.join(self.languages)}")
        width = max(map(len, self.datasets), default=0)
        sizes = np.bincount(self.dataset_ids, minlength=len(self.datasets)).tolist()
        lines = [f"  {name:{width}}  {size:,}" for name, size in zip(self.datasets, sizes, strict=True)]
        return "\n".join([f"ParallelPairs({', '.join(counts)})", *lines])

    def _take(self, mask: np.ndarray) -> "ParallelPairs":
        return self._of([self._items[number] for number in np.flatnonzero(mask).tolist()], self.groups[mask])


def _check(number: int, item: Item) -> None:
    if not isinstance(item, Item):
        raise TypeError(f"items[{number}] is {type(item).__name__}, not Item: wrap its fields as Item(id, group, ...)")
    place = f"items[{number}] ({item.id!r} of {item.dataset!r})"
    for field in ("queries", "passages"):
        for code, text in getattr(item, field).items():
            try:
                check_language(code)
            except ValueError as error:
                raise ValueError(f"{place}, {field}: {error}") from None
            if not isinstance(text, str) or is_blank(text):
                raise ValueError(f"{place}, {field}[{code!r}] is {text!r}: give it a text, or leave the language out")
    if item.translation and item.queries != item.passages:
        raise ValueError(f"{place} is a translation, so queries and passages must be the same texts")
    if not has_pair(item):
        least = "texts in two languages" if item.translation else "a query and a passage"
        raise ValueError(f"{place} cannot make a pair: it needs {least}")


def _no_text(what: str, item: Item, lang: str, texts: dict[str, str]) -> str:
    return f"item {item.id!r} of {item.dataset!r} has no {what} in {lang!r}, only in {', '.join(sorted(texts))}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
