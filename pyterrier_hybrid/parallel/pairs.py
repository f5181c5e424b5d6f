"""ParallelPairs: the training pairs that samplers draw from and a trainer reads.

How pairs get here: a ``from_...`` method passes a reader to :func:`~pyterrier_hybrid.parallel.store.build.in_memory` or
:func:`~pyterrier_hybrid.parallel.store.folder.build_store`; the reader adds items to a
:class:`~pyterrier_hybrid.parallel.store.build.Builder`, which makes the
:class:`~pyterrier_hybrid.parallel.store.store.Store` that all methods read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from pyterrier_hybrid.parallel import operations
from pyterrier_hybrid.parallel.item import Item
from pyterrier_hybrid.parallel.selection import Selection
from pyterrier_hybrid.parallel.store.blocks import Blocks
from pyterrier_hybrid.parallel.store.build import BATCH_SIZE, Builder, in_memory
from pyterrier_hybrid.parallel.store.fingerprint import Fingerprint
from pyterrier_hybrid.parallel.store.folder import build_store, open_store, save_store, verify_store
from pyterrier_hybrid.parallel.store.store import Store
from pyterrier_hybrid.parallel.store.texts import batch_to_items
from pyterrier_hybrid.text.languages import same_language
from pyterrier_hybrid.utils.checks import list_of_names
from pyterrier_hybrid.utils.formatting import short_repr

if TYPE_CHECKING:
    import datasets as hf_datasets
    import pandas as pd
    from typing_extensions import Self


class ParallelPairs:
    """Pairs of queries and passages in several languages.

    Texts are Arrow record batches, in memory or mapped from a folder (:meth:`save`, :meth:`open`). Parts of a store
    (:meth:`split`, :meth:`filter`, :meth:`imbalance`) and sums share its texts.

    Items that share a query, a passage (ignoring case, whitespace, invisible characters and Unicode forms) or the group
    of an item are one group, directly or through other items. A batch has at most one item of a group; otherwise
    in-batch negatives could be false negatives. Texts of translations with fewer than 12 characters are ignored here,
    since words have several senses.

    Args:
        items: The items. Their groups are renumbered.

    Attributes:
        languages: Codes of all languages, sorted: the columns of ``has_query`` and ``has_passage``.
        datasets: Names of all datasets, sorted.
        groups: Group of each item, int64 [n], numbered from 0 by first appearance.
        passage_groups: The same by passages alone: items that share a passage in any language, directly or indirectly.
        blocks: The items sorted into blocks of the same dataset and languages, for samplers.
        report: What the step that made these pairs counted: the ``TranslationReport`` of a translation, the
            ``MiningReport`` of a mining; otherwise ``None``. It is not saved with the pairs.
        leak_checks: Reports of the leak checks after which ``Leaks.remove`` returned these pairs, or pairs that these
            are a part of. They are not stored: sums, and pairs that are read from files or folders, have none.

    Raises:
        ValueError: An item has an empty text, an unknown language, no query or no passage, or a negative that is its
            own passage, or two items have the same ID.

    Example:
        >>> pairs = ParallelPairs([
        ...     Item("1", None, "toy", {"de": "Wo ist Rom?", "en": "Where is Rome?"}, {"de": "Hier.", "en": "Here."}),
        ...     Item("2", None, "toy", {"en": "Where is Milan?"}, {"en": "Here."}),
        ... ])
        >>> pairs.groups.tolist()
        [0, 0]
        >>> pairs.query(0, "de")
        'Wo ist Rom?'
        >>> [item.id for item in pairs], pairs[-1].passages
        (['1', '2'], {'en': 'Here.'})
    """

    languages: list[str]
    datasets: list[str]
    groups: np.ndarray
    passage_groups: np.ndarray
    blocks: Blocks
    report: Any = None
    leak_checks: tuple[dict[str, Any], ...] = ()

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._set_store(in_memory(lambda builder: builder.add_items(items)))

    def _set_store(self, store: Store) -> None:
        self._store = store
        self.languages, self.datasets, self.blocks = store.sorted_items
        self.groups, self.passage_groups = store.groups, store.passage_groups

    @classmethod
    def _from_store(cls, store: Store) -> "Self":
        pairs = cls.__new__(cls)
        pairs._set_store(store)
        return pairs

    def _part(self, store: Store) -> "Self":
        """Return a part of these pairs, with their leak checks."""
        pairs = self._from_store(store)
        pairs.leak_checks = self.leak_checks
        return pairs

    @classmethod
    def _read(
        cls, reader: Callable[[Builder], None], folder: str | Path | None = None, *, overwrite: bool = False
    ) -> "Self":
        if folder is None:
            return cls._from_store(in_memory(reader))
        build_store(Path(folder), reader, overwrite=overwrite)
        return cls.open(folder)

    # Reading pairs

    @classmethod
    def open(cls, folder: str | Path) -> "Self":
        """Open a folder that :meth:`save` or :meth:`build` wrote.

        Texts and arrays stay on disk and are read when needed, so that 40 million items open in a few seconds.

        Args:
            folder: The folder.

        Raises:
            FileNotFoundError: There is no store in the folder.
            ValueError: The store is damaged, or has another format version.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as home:
            ...     ParallelPairs([Item("1", None, "toy", {"en": "Who?"}, {"en": "Me."})]).save(Path(home) / "pairs")
            ...     ParallelPairs.open(Path(home) / "pairs")
            ParallelPairs(1 item, 1 group, 1 language: en)
              toy  1
        """
        store, fingerprint = open_store(Path(folder))
        pairs = cls._from_store(store)
        pairs.fingerprint = fingerprint
        return pairs

    @staticmethod
    def verify(folder: str | Path) -> None:
        """Compare all files of a folder with the checksums that were made when it was written.

        :meth:`open` compares all files but large ones with texts.

        Args:
            folder: The folder.

        Raises:
            FileNotFoundError: There is no store in the folder.
            ValueError: The store is damaged, or has another format version.
        """
        verify_store(Path(folder))

    @classmethod
    def build(
        cls, folder: str | Path, items: Iterable[Item], *, batch_size: int = BATCH_SIZE, overwrite: bool = False
    ) -> "Self":
        """Write items into a folder and open it; the folder appears whole or not at all.

        Memory holds one batch of texts at a time, and a hash of each text, to find the groups.

        Args:
            folder: The folder.
            items: The items, for instance from a generator.
            batch_size: Number of items that are written at a time.
            overwrite: Replace an existing folder.

        Raises:
            FileExistsError: The folder already exists and ``overwrite`` is false.
            ValueError: An item is not valid.

        Example:
            >>> import tempfile
            >>> items = (Item(str(n), None, "toy", {"en": f"{n}?"}, {"en": f"{n}!"}) for n in range(1000))
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     ParallelPairs.build(Path(folder) / "pairs", items).query(999, "en")
            '999?'
        """
        return cls._read(lambda builder: builder.add_items(items, batch_size=batch_size), folder, overwrite=overwrite)

    @classmethod
    def from_jsonl(
        cls,
        *files: str | Path,
        languages: Sequence[str] | None = None,
        datasets: Sequence[str] | None = None,
        exclude_datasets: Sequence[str] | None = None,
        context_negatives: int = 0,
        max_empty: float = 1e-4,
        max_line: int = 64 * 2**20,
    ) -> "Self":
        """Read files of JSON Lines, plain or gzipped.

        Each row is an object with the fields ``set`` (the dataset) and ``id``, and the fields of one of these kinds:

        ====================================  ==================================================================
        ``lang, question, passage``           a question-passage pair; rows of the same set and id are one item in
                                              several languages; rows with the same ``context`` are one group
        ``text`` = {language: sentence}       a sentence and its translations
        ``terms`` = {language: [form, ...]}   a word and its translations; the first form of each language is used
        ``queries, passages``                 {language: text} each: what :meth:`to_jsonl` writes
        ====================================  ==================================================================

        Any row may have a ``group`` (int or str): rows of one file with the same group are one group. Rows with a
        question and a passage may have ``negatives``, texts that do not answer the question: a list beside ``lang``,
        and {language: list} beside ``queries``. Any row may have ``provenance``, a note on where its texts come from,
        such as a machine translation: a text beside ``lang``, and otherwise {language: text}.

        Args:
            files: The files.
            languages: Keep texts of these languages only.
            datasets: Keep rows whose ``set`` matches one of these :mod:`fnmatch` patterns.
            exclude_datasets: Drop rows whose ``set`` matches one of these patterns.
            context_negatives: Number of other sentences of a row's ``context`` that become hard negatives of the
                question, the nearest to the passage first. They are the hardest negatives when sentences are searched.
                They are assumed not to answer the question.
            max_empty: Skip rows with an empty text, with a warning, up to this ratio of a file's rows.
            max_line: Maximum number of bytes of a line.

        Returns:
            The pairs, in the order of the rows.

        Raises:
            FileNotFoundError: A file does not exist.
            ValueError: With file, line and field, if a line is not valid JSON, a field is missing or not a string, a
                language is unknown, an item occurs twice, or too many texts are empty; also if a language or pattern
                matches nothing.

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
        from pyterrier_hybrid.parallel.readers.jsonl import read_jsonl

        return cls._read(
            partial(
                read_jsonl,
                files=files,
                selection=Selection(languages=languages, datasets=datasets, exclude_datasets=exclude_datasets),
                context_negatives=context_negatives,
                max_empty=max_empty,
                max_line=max_line,
            )
        )

    @classmethod
    def from_parquet(cls, *files: str | Path, folder: str | Path | None = None) -> "Self":
        """Read Parquet files with the columns that :meth:`to_parquet` writes; each row is an item.

        Args:
            files: The files. Equal ``group`` numbers in two files are two groups.
            folder: Write the store into this folder while reading, and open it; default: keep it in memory.

        Raises:
            FileNotFoundError: A file does not exist.
            ValueError: With file, row and column, if a value is missing or not valid.

        Example:
            >>> import tempfile
            >>> pairs = ParallelPairs([Item("1", 0, "toy", {"en": "Where is Rome?"}, {"en": "In Italy."})])
            >>> with tempfile.TemporaryDirectory() as home:
            ...     pairs.to_parquet(Path(home) / "pairs.parquet")
            ...     ParallelPairs.from_parquet(Path(home) / "pairs.parquet").fingerprint == pairs.fingerprint
            True
        """
        from pyterrier_hybrid.parallel.readers.parquet import read_parquet

        return cls._read(partial(read_parquet, files=files), folder)

    @classmethod
    def from_squad(
        cls,
        *files: str | Path,
        lang: str | None = None,
        languages: Sequence[str] | None = None,
        dataset: str | None = None,
        unit: Literal["passage", "sentence"] = "passage",
        context_negatives: int = 0,
        max_empty: float = 1e-4,
    ) -> "Self":
        """Read files in the format of SQuAD 1.1 and 2.0.

        Questions with the same ``id`` in several languages are one item; questions about one paragraph are one group.
        Questions without an answer are skipped, with a warning that counts them. XQuAD and MLQA have this format:
        they are evaluation data, and results on them are not zero-shot for an encoder trained on them.

        Args:
            files: The files. ``{lang}`` in a path is replaced by each of ``languages``: ``xquad.{lang}.json``.
            lang: Language of files without ``{lang}`` in their path.
            languages: Languages of files with ``{lang}`` in their path.
            dataset: Name of the dataset; default: the name of the file, without language and suffix.
            unit: The passage is the whole paragraph, or the sentence in which the first answer begins. Sentences end
                with ``.!?`` and a space, or with a full-width stop, so some abbreviations end one too.
            context_negatives: With sentences: number of other sentences of the paragraph that become hard negatives of
                the question, as in :meth:`from_jsonl`.
            max_empty: Skip questions with an empty text, with a warning, up to this ratio of a file's questions.

        Raises:
            FileNotFoundError: A file does not exist.
            ValueError: With file and location, if a file has another format, or if the language is not known.

        Example:
            >>> import json, tempfile
            >>> question = {"id": "1", "question": "Where is Rome?", "answers": [{"text": "Italy", "answer_start": 3}]}
            >>> data = {"data": [{"paragraphs": [{"context": "In Italy. It is old.", "qas": [question]}]}]}
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     _ = (Path(folder) / "toy.json").write_text(json.dumps(data))
            ...     ParallelPairs.from_squad(Path(folder) / "toy.json", lang="en", unit="sentence").passage(0, "en")
            'In Italy.'
        """
        from pyterrier_hybrid.parallel.readers.squad import read_squad

        languages = None if languages is None else list_of_names("languages", languages)
        return cls._read(
            partial(
                read_squad,
                files=files,
                lang=lang,
                languages=languages,
                dataset=dataset,
                unit=unit,
                context_negatives=context_negatives,
                max_empty=max_empty,
            )
        )

    @classmethod
    def from_irds(
        cls,
        name: str,
        *,
        languages: Sequence[str] | None = None,
        parallel: bool = True,
        min_relevance: int = 1,
        negatives: int = 0,
        folder: str | Path | None = None,
    ) -> "Self":
        """Take queries and relevant documents of datasets that have an ir_datasets ID.

        There are two forms. ``from_irds("atlas/train")`` names a family of this package and its split, and takes all
        its languages, or some with ``languages=["de", "en"]``. A family without splits, such as ``"xquad-r"``, and a
        test split are evaluation data: training on them is possible, with a warning. Unlike rows of a file, documents
        of one context are not one group, since their relevance is known.

        ``from_irds("mmarco/v2/{lang}/train", languages=["ar", "de"])`` names any ID, with ``{lang}`` for each language,
        or without it for a dataset in one language: ``from_irds("natural-questions/train", languages=["en"])``. Each
        pair of a query and a relevant document is an item, and pairs with the same document are one group. Texts are
        ir_datasets' default texts: title and text of documents that have both.

        Args:
            name: Family and split, or ID, with or without ``irds:``; or a dataset of ``pt.get_dataset``.
            languages: Languages that replace ``{lang}`` in the ID, or those to take of a family. Default: all of the
                family.
            parallel: Whether queries and documents with equal IDs in several languages are translations, as in mMARCO.
                In Mr. TyDi they are not: pass ``False``, and each language becomes a dataset of its own.
            min_relevance: Lowest judgement that counts as relevant.
            negatives: Maximum number of hard negatives of each query, from the dataset's pairs of a relevant and
                another document (``docpairs``).
            folder: Write the store into this folder while reading, and open it; default: keep it in memory.

        Raises:
            ValueError: The family, split, language or ID does not exist, or has no queries, documents, judgements or
                negatives.

        Example:
            >>> "de" in ParallelPairs.from_irds("atlas/train").languages
            True
        """
        from pyterrier_hybrid.datasets.ids import find_id
        from pyterrier_hybrid.parallel.readers.irds import PLACEHOLDER, names_family, read_family, read_irds

        dataset_id = find_id(name)
        if dataset_id is None:
            raise TypeError(
                f"name={short_repr(name)} is {type(name).__name__}: give a name such as 'atlas/train', or an ID"
            )
        name = dataset_id
        languages = None if languages is None else list_of_names("languages", languages)
        if languages is None and PLACEHOLDER in name:
            raise ValueError(f"{name!r} has a place for languages: pass languages=['de', ...]")
        if languages is None or names_family(name):
            return cls._read(partial(read_family, name=name, languages=languages), folder)
        return cls._read(
            partial(
                read_irds,
                name=name,
                languages=languages,
                parallel=parallel,
                min_relevance=min_relevance,
                negatives=negatives,
            ),
            folder,
        )

    @classmethod
    def from_hf(
        cls,
        dataset: "str | hf_datasets.Dataset",
        *,
        query: str | Sequence[str],
        passage: str | Sequence[str],
        lang: str | None = None,
        language_column: str | Sequence[str] | None = None,
        passage_lang: str | None = None,
        negatives: str | None = None,
        id: str | None = None,
        group: str | None = None,
        config: str | None = None,
        split: str | None = None,
        dataset_name: str | None = None,
        max_empty: float = 1e-4,
        folder: str | Path | None = None,
    ) -> "Self":
        """Take the rows of a Hugging Face dataset.

        Args:
            dataset: The dataset, or its name on the hub or a local path, which the ``datasets`` library loads (extra
                ``hf``). Code of a dataset is never run.
            query: Column of the queries; or a list of columns, if a row has a query and a passage in several languages.
            passage: Column of the passages that answer them; or a list, in the order of ``query``.
            lang: Language of all rows.
            language_column: Column of each row's language, if there are several; or a list, in the order of ``query``.
            passage_lang: Language of all passages and negatives, if it is not that of the row's query.
            negatives: Column of hard negatives: a text or a list of texts.
            id: Column of IDs; rows with the same ID are one item in several languages. Default: each row is an item,
                and its ID is its number.
            group: Column of groups.
            config: Configuration to load.
            split: Split to load; default: ``"train"``.
            dataset_name: Name of the dataset in the store; default: its name on the hub.
            max_empty: Skip rows with an empty text, with a warning, up to this ratio of the rows.
            folder: Write the store into this folder while reading, and open it; default: keep it in memory.

        Raises:
            ModuleNotFoundError: The ``datasets`` library is not installed but needed to load the dataset.
            ValueError: With row and column, if a value is missing or not valid.

        Example:
            >>> from datasets import Dataset
            >>> rows = Dataset.from_dict({"q": ["Where is Rome?"], "a": ["In Italy."]})
            >>> ParallelPairs.from_hf(rows, query="q", passage="a", lang="en", dataset_name="toy").passage(0, "en")
            'In Italy.'
            >>> pair = {"l1": "deu", "l2": "eng", "q1": "Wer?", "q2": "Who?", "a1": "Ich.", "a2": "Me."}
            >>> columns = {"language_column": ["l1", "l2"], "query": ["q1", "q2"], "passage": ["a1", "a2"]}
            >>> ParallelPairs.from_hf(Dataset.from_list([pair]), **columns, dataset_name="toy").languages
            ['de', 'en']
        """
        from pyterrier_hybrid.parallel.readers.hub import read_hub

        columns = {"id": id, "lang": language_column, "question": query, "passage": passage}
        columns |= {"negatives": negatives, "group": group}
        return cls._read(
            partial(
                read_hub,
                dataset=dataset,
                config=config,
                split=split,
                lang=lang,
                passage_lang=passage_lang,
                columns=columns,
                dataset_name=dataset_name,
                max_empty=max_empty,
            ),
            folder,
        )

    # Items and their texts

    def __len__(self) -> int:
        return len(self._store)

    def __iter__(self) -> Iterator[Item]:
        """Yield the items in order, with all their texts; memory holds a batch of them at a time."""
        return self._store.items()

    def __getitem__(self, i: int) -> Item:
        """Return an item with all its texts, as :meth:`item` does."""
        return self.item(i)

    def item(self, i: int) -> Item:
        """Return an item with all its texts.

        Args:
            i: Number of the item; negative numbers count from the end.

        Raises:
            TypeError: It is not a whole number.
            IndexError: There is no such item.
        """
        (item,) = batch_to_items(self._store.texts.row(self._store.row(i)), [int(self.groups[i])])
        return item

    def query(self, i: int, lang: str) -> str:
        """Return the query of an item in a language.

        Raises:
            ValueError: It has none.
        """
        text = self._store.texts.value(self._store.row(i), f"query.{same_language(lang, self.languages)}")
        if text is None:
            raise self._no_text("query", i, lang)
        return text

    def passage(self, i: int, lang: str) -> str:
        """Return the passage of an item in a language.

        Raises:
            ValueError: It has none.
        """
        texts, row, lang = self._store.texts, self._store.row(i), same_language(lang, self.languages)
        text = texts.value(row, f"passage.{lang}")
        if text is None and texts.value(row, "translation"):
            text = texts.value(row, f"query.{lang}")
        if text is None:
            raise self._no_text("passage", i, lang)
        return text

    def negatives(self, i: int, lang: str) -> list[str]:
        """Return the hard negatives of an item in a language, ``[]`` if it has none.

        Example:
            >>> item = Item("1", None, "toy", {"en": "Who?"}, {"en": "Me."}, negatives={"en": ["In Italy."]})
            >>> ParallelPairs([item]).negatives(0, "en")
            ['In Italy.']
        """
        return self._store.texts.value(self._store.row(i), f"negatives.{same_language(lang, self.languages)}") or []

    def texts(self, limit: int | None = None, seed: int = 0) -> list[str]:
        """Return the distinct texts of all items, for instance to train a tokenizer.

        Args:
            limit: Draw this number of texts, equally many of each language as far as possible; default: all texts.
            seed: Seed of the draw.

        Returns:
            The texts, language by language.

        Example:
            >>> item = Item("1", None, "toy", {"de": "Geht das?", "en": "Does it work?"}, {"de": "Ja.", "en": "Yes."})
            >>> ParallelPairs([item]).texts()
            ['Geht das?', 'Ja.', 'Does it work?', 'Yes.']
            >>> len(ParallelPairs([item]).texts(limit=2))
            2
        """
        return operations.distinct(self._store, limit, seed)

    @property
    def has_negatives(self) -> bool:
        """Whether any of these items has hard negatives, or any item of the store that they were taken from."""
        return any(name.startswith("negatives.") for batch in self._store.texts.batches for name in batch.schema.names)

    @cached_property
    def dataset_ids(self) -> np.ndarray:
        """Position of each item's dataset in ``datasets``, int32 [n]."""
        return self.blocks.dataset_ids[self._store.sorted_items.block_of_item]

    @cached_property
    def has_query(self) -> np.ndarray:
        """Whether each item has a query in each language, bool [n, languages]."""
        return self.blocks.has_query[self._store.sorted_items.block_of_item]

    @cached_property
    def has_passage(self) -> np.ndarray:
        """Whether each item has a passage in each language, bool [n, languages]."""
        return self.blocks.has_passage[self._store.sorted_items.block_of_item]

    @cached_property
    def is_translation(self) -> np.ndarray:
        """Whether each item is a sentence and its translations, bool [n].

        Its texts are both queries and passages, and only its cross-lingual pairs make sense.
        """
        return self.blocks.is_translation[self._store.sorted_items.block_of_item]

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all texts, IDs, languages and groups, 32 hexadecimal digits.

        It depends on the items and their order, not on where they were read from; folders store it.
        """
        fingerprint = Fingerprint()
        for batch in self._store.batches():
            fingerprint.add(batch)
        return fingerprint.hexdigest(self.groups)

    def statistics(self) -> "pd.DataFrame":
        """Count items and texts by dataset and language.

        Returns:
            A row for each dataset and language, with the columns ``dataset``, ``language``, ``items``, ``queries``,
            ``passages``, ``groups``, ``query_chars`` and ``passage_chars`` (mean characters) and ``cross`` (ratio of
            the items with a pair of this and another language).

        Example:
            >>> item = Item("1", None, "toy", {"de": "Geht das?", "en": "Does it work?"}, {"de": "Ja."})
            >>> ParallelPairs([item]).statistics()[["language", "queries", "passages", "query_chars", "cross"]]
              language  queries  passages  query_chars  cross
            0       de        1         1          9.0    1.0
            1       en        1         0         13.0    1.0
        """
        return operations.statistics(self._store)

    def __repr__(self) -> str:
        return operations.summary(self._store)

    def _no_text(self, role: Literal["query", "passage"], i: int, lang: str) -> ValueError:
        item = self.item(i)
        texts = item.queries if role == "query" else item.passages
        return ValueError(
            f"item {item.id!r} of {item.dataset!r} has no {role} in {lang!r}, only in {', '.join(sorted(texts))}"
        )

    # Writing pairs

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Write the store into a folder, which appears whole or not at all; :meth:`open` opens it.

        Args:
            folder: The folder.
            overwrite: Replace an existing folder.

        Raises:
            FileExistsError: The folder already exists and ``overwrite`` is false.

        Example:
            >>> import tempfile
            >>> pairs = ParallelPairs([Item("1", 0, "toy", {"en": "Where is Rome?"}, {"en": "In Italy."})])
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     pairs.save(Path(folder) / "pairs")
            ...     ParallelPairs.open(Path(folder) / "pairs").fingerprint == pairs.fingerprint
            True
        """
        save_store(Path(folder), self._store, overwrite=overwrite)

    def to_jsonl(self, path: str | Path) -> None:
        """Write all items with their groups, in order; :meth:`from_jsonl` reads the same store.

        Args:
            path: The file, which appears whole or not at all; gzipped if its name ends in ``.gz``. An existing file is
                replaced.

        Example:
            >>> import tempfile
            >>> pairs = ParallelPairs([Item("1", 0, "toy", {"en": "Where is Rome?"}, {"en": "In Italy."})])
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     pairs.to_jsonl(Path(folder) / "pairs.jsonl.gz")
            ...     ParallelPairs.from_jsonl(Path(folder) / "pairs.jsonl.gz").item(0) == pairs.item(0)
            True
        """
        from pyterrier_hybrid.parallel.readers.jsonl import write_jsonl

        write_jsonl(Path(path), self._store)

    def to_parquet(self, path: str | Path) -> None:
        """Write all items into a Parquet file; :meth:`from_parquet` reads the same store.

        Its columns are ``id``, ``dataset``, ``translation``, ``group``, and ``query.de``, ``passage.de``,
        ``negatives.de`` and ``provenance.de`` for every language. Translations are stored once, as queries.

        Args:
            path: The file, which appears whole or not at all. An existing file is replaced.

        Example:
            >>> import tempfile
            >>> import pyarrow.parquet as pq
            >>> pairs = ParallelPairs([Item("1", 0, "toy", {"en": "Where is Rome?"}, {"en": "In Italy."})])
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     pairs.to_parquet(Path(folder) / "pairs.parquet")
            ...     pq.read_table(Path(folder) / "pairs.parquet").column_names
            ['id', 'dataset', 'translation', 'group', 'passage.en', 'query.en']
        """
        from pyterrier_hybrid.parallel.readers.parquet import write_parquet

        write_parquet(Path(path), self._store)

    # Parts and sums

    def split(self, held_out: float | int, seed: int = 0) -> tuple["ParallelPairs", "ParallelPairs"]:
        """Split the store so that no group is in both parts.

        Args:
            held_out: Number of groups to hold out, or their ratio if it is below 1.
            seed: Seed of the draw.

        Returns:
            The store to train on and the held-out store.

        Raises:
            ValueError: It is neither a whole number nor a ratio, or a part would be empty.

        Example:
            >>> items = [Item(str(n), n, "toy", {"en": f"question {n}"}, {"en": f"answer {n}"}) for n in range(10)]
            >>> train, held = ParallelPairs(items).split(0.2)
            >>> len(train), len(held)
            (8, 2)
        """
        train, held = operations.split(self._store, held_out, seed)
        return self._part(train), self._part(held)

    def filter(
        self,
        *,
        languages: Sequence[str] | None = None,
        datasets: Sequence[str] | None = None,
        exclude_datasets: Sequence[str] | None = None,
    ) -> "ParallelPairs":
        """Return a store of some of the texts, without the items that have no pair left. Groups stay together.

        Args:
            languages: Keep texts of these languages only.
            datasets: Keep datasets that match one of these :mod:`fnmatch` patterns.
            exclude_datasets: Drop datasets that match one of these patterns.

        Raises:
            ValueError: A language or pattern matches nothing.

        Example:
            >>> item = Item("1", None, "toy", {"de": "Geht das?", "en": "Does it work?"}, {"de": "Ja.", "en": "Yes."})
            >>> ParallelPairs([item]).filter(languages=["de"]).item(0).passages
            {'de': 'Ja.'}
        """
        selection = Selection(languages=languages, datasets=datasets, exclude_datasets=exclude_datasets)
        return self._part(operations.select(self._store, selection))

    def imbalance(self, shares: Mapping[str, float], *, seed: int = 0) -> "ParallelPairs":
        """Return a store in which some languages are rarer, to study language imbalance.

        Args:
            shares: Language -> ratio of the items with a text in it that keep theirs; 0 drops the language. The texts
                of a smaller ratio are among those of a larger one.
            seed: Seed of the draw; each language is drawn separately.

        Returns:
            The store, without the items that have no pair left. Groups stay together.

        Raises:
            ValueError: A language does not occur, or a ratio is not between 0 and 1.

        Example:
            >>> items = [
            ...     Item(str(n), None, "toy", {"de": f"Was ist {n}?", "en": f"What is {n}?"}, {"en": f"It is {n}."})
            ...     for n in range(10)
            ... ]
            >>> int(ParallelPairs(items).imbalance({"de": 0.2}).has_query[:, 0].sum())
            2
        """
        return self._part(operations.imbalance(self._store, shares, seed))

    def change_queries(
        self,
        language: str,
        changes: Sequence[operations.Change],
        *,
        share: float = 1.0,
        seed: int = 0,
        only: np.ndarray | None = None,
    ) -> "ParallelPairs":
        """Return a store in which some queries of a language are written differently, for instance with typing errors.

        Groups are kept, since a changed query still asks the same question. Translations are not changed: their queries
        are also their passages. Memory holds a copy of the language's queries.

        Args:
            language: The language.
            changes: One or several functions of a list of queries and the list of the numbers of their items, which
                return the new queries. For each query, one of them is drawn.
            share: Ratio of the queries to change. The queries of a smaller ratio are among those of a larger one.
            seed: Seed of the draw; each language is drawn separately.
            only: Items whose queries may be changed, bool [n]. Default: all.

        Raises:
            ValueError: The language does not occur, or the ratio is not between 0 and 1.

        Example:
            >>> pairs = ParallelPairs([Item("1", None, "toy", {"en": "Where is Rome?"}, {"en": "In Italy."})])
            >>> pairs.change_queries("en", [lambda queries, items: [text.upper() for text in queries]]).query(0, "en")
            'WHERE IS ROME?'
        """
        # Leak checks still hold: passages are the same, and queries are other forms of the same queries.
        return self._part(operations.change_queries(self._store, language, changes, share, seed, only))

    def __add__(self, other: "ParallelPairs") -> "ParallelPairs":
        """Return a store of the items of both, in order; groups with a text in common become one."""
        if not isinstance(other, ParallelPairs):
            return NotImplemented
        return self._from_store(operations.concat(self._store, other._store))


def check_pairs(pairs: Any) -> None:
    """Check that an argument is training pairs.

    Args:
        pairs: The argument.

    Raises:
        TypeError: It is something else, such as a frame.
    """
    if not isinstance(pairs, ParallelPairs):
        raise TypeError(
            f"pairs is a {type(pairs).__name__}: pass ParallelPairs, which from_jsonl reads from files, and from_hf "
            "from datasets.Dataset.from_pandas(frame)"
        )
