"""The ways to make a pair store: class methods of ParallelPairs."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pyterrier_hybrid.parallel.item import Item
from pyterrier_hybrid.parallel.operations.select import Choice
from pyterrier_hybrid.parallel.store.build import BATCH_SIZE, Builder, in_memory
from pyterrier_hybrid.parallel.store.folder import build_store, open_store

if TYPE_CHECKING:
    import datasets
    from typing_extensions import Self


class Sources:
    """What :class:`~pyterrier_hybrid.parallel.ParallelPairs` is made from."""

    @classmethod
    def open(cls, folder: str | Path) -> "Self":
        """Open a folder that :meth:`save` or :meth:`build` wrote.

        Texts and numbers stay on disk and are read as they are asked for, so that 40 million items open in a second.

        Args:
            folder: Its place.

        Raises:
            FileNotFoundError: If there is no store.
            ValueError: If it is damaged, or of another format version.

        Example:
            >>> import tempfile
            >>> from pyterrier_hybrid.parallel import Item, ParallelPairs
            >>> with tempfile.TemporaryDirectory() as home:
            ...     ParallelPairs([Item("1", None, "toy", {"en": "Who?"}, {"en": "Me."})]).save(Path(home) / "pairs")
            ...     ParallelPairs.open(Path(home) / "pairs")
            ParallelPairs(1 item, 1 group, 1 language: en)
              toy  1
        """
        opened = open_store(Path(folder))
        pairs = cls._of(opened.texts, opened.parts)
        pairs.fingerprint = opened.fingerprint
        return pairs

    @classmethod
    def build(
        cls, folder: str | Path, items: Iterable[Item], *, batch_size: int = BATCH_SIZE, overwrite: bool = False
    ) -> "Self":
        """Write items into a folder as they come, whole or not at all, and open it.

        Of the texts, no more than a batch is in memory at a time; of each text, its hash is, to find the groups.

        Args:
            folder: Its place.
            items: The items, of a generator for instance.
            batch_size: So many are written at a time.
            overwrite: Replace a folder that is there already.

        Raises:
            FileExistsError: If it is there and ``overwrite`` is false.
            ValueError: If an item is not valid.

        Example:
            >>> import tempfile
            >>> from pyterrier_hybrid.parallel import ParallelPairs
            >>> items = (Item(str(n), None, "toy", {"en": f"{n}?"}, {"en": f"{n}!"}) for n in range(1000))
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     ParallelPairs.build(Path(folder) / "pairs", items).query(999, "en")
            '999?'
        """
        return cls._made(lambda builder: builder.add_items(items, batch_size=batch_size), folder, overwrite=overwrite)

    @classmethod
    def from_jsonl(
        cls,
        *files: str | Path,
        languages: Sequence[str] | None = None,
        datasets: Sequence[str] | None = None,
        exclude_datasets: Sequence[str] | None = None,
        context_negatives: int = 0,
        max_empty: float = 1e-4,
    ) -> "Self":
        """Read files of JSON Lines, plain or gzipped.

        Every row is an object with the fields ``set`` (the dataset) and ``id``, and with those of one of these kinds:

        ====================================  ==================================================================
        ``lang, question, passage``           a question-passage pair; rows of the same set and id are one item in
                                              several languages; rows with the same ``context`` are one group
        ``text`` = {language: sentence}       a translation group
        ``terms`` = {language: [form, ...]}   a word and its translations: a translation group of the first forms
        ``queries, passages``                 {language: text} each: what :meth:`to_jsonl` writes
        ====================================  ==================================================================

        A ``group`` (int or str) is possible in any row: rows of one file with the same one are one group. So are
        ``negatives`` with a question and a passage: texts that do not answer it, a list beside ``lang`` and
        {language: list} beside ``queries``.

        Args:
            files: Where to read.
            languages: Keep texts of these languages only.
            datasets: Keep rows only if their ``set`` matches one of these :mod:`fnmatch` patterns.
            exclude_datasets: Drop rows whose ``set`` matches one of these patterns.
            context_negatives: How many other sentences of a row's ``context`` become hard negatives of the question,
                those nearest to its passage first. Where sentences are searched, they are what is confused most easily.
                That none of them answers the question is taken for granted.
            max_empty: Rows with an empty text are skipped with a warning up to this share of a file's rows.

        Returns:
            The store, in the order of the rows.

        Raises:
            FileNotFoundError: If a file is not there.
            ValueError: With file, line and field, if a line is broken, a field is missing or not a string, a language
                unknown, an item there twice, or too many texts empty; also if a language or pattern matches nothing.

        Example:
            >>> import tempfile
            >>> from pyterrier_hybrid.parallel import ParallelPairs
            >>> row = '{"set": "toy", "id": "1", "lang": "en", "question": "Where is Rome?", "passage": "In Italy."}'
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = Path(folder) / "pairs.jsonl"
            ...     _ = path.write_text(row)
            ...     ParallelPairs.from_jsonl(path)
            ParallelPairs(1 item, 1 group, 1 language: en)
              toy  1
        """
        from pyterrier_hybrid.parallel.readers.jsonl import read_jsonl

        choice = Choice(languages=languages, datasets=datasets, exclude_datasets=exclude_datasets)
        options = {"choice": choice, "context_negatives": context_negatives, "max_empty": max_empty}
        return cls._made(partial(read_jsonl, files=files, **options))

    @classmethod
    def from_parquet(cls, *files: str | Path, folder: str | Path | None = None) -> "Self":
        """Read Parquet files with the columns that :meth:`to_parquet` writes; each row is an item.

        Args:
            files: Where to read. The ``group`` numbers of one file say nothing about another's.
            folder: Write the store there while reading and open it; default: keep it in memory.

        Raises:
            FileNotFoundError: If a file is not there.
            ValueError: With file, row and column, if something is missing or not valid.

        Example:
            >>> import tempfile
            >>> from pyterrier_hybrid.parallel import Item, ParallelPairs
            >>> pairs = ParallelPairs([Item("1", 0, "toy", {"en": "Where is Rome?"}, {"en": "In Italy."})])
            >>> with tempfile.TemporaryDirectory() as home:
            ...     pairs.to_parquet(Path(home) / "pairs.parquet")
            ...     ParallelPairs.from_parquet(Path(home) / "pairs.parquet").fingerprint == pairs.fingerprint
            True
        """
        from pyterrier_hybrid.parallel.readers.parquet import read_parquet

        return cls._made(partial(read_parquet, files=files), folder)

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

        A question with the same ``id`` in several languages is one item; questions about one paragraph are one group.
        Questions without an answer are skipped, and a warning counts them. XQuAD and MLQA come in this format: they
        are evaluation data, and an encoder that learns from them has no zero-shot results on them.

        Args:
            files: Where to read. A path may have a place for the language: ``xquad.{lang}.json``.
            lang: The language of files whose path does not say it.
            languages: The languages to put into the place of the others.
            dataset: Name of the dataset; default: the name of the file, without language and ending.
            unit: The passage is the whole paragraph, or the sentence in which the first answer begins: sentences end
                in ``.!?`` and space, or in a full-width stop, so that some abbreviations end one, too.
            context_negatives: With sentences: how many others of the paragraph become hard negatives of the question,
                as in :meth:`from_jsonl`.
            max_empty: Questions with an empty text are skipped with a warning up to this share of a file.

        Raises:
            FileNotFoundError: If a file is not there.
            ValueError: With file and place, if it is not in the format, or the language is not known.

        Example:
            >>> import json, tempfile
            >>> from pyterrier_hybrid.parallel import ParallelPairs
            >>> question = {"id": "1", "question": "Where is Rome?", "answers": [{"text": "Italy", "answer_start": 3}]}
            >>> data = {"data": [{"paragraphs": [{"context": "In Italy. It is old.", "qas": [question]}]}]}
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     _ = (Path(folder) / "toy.json").write_text(json.dumps(data))
            ...     ParallelPairs.from_squad(Path(folder) / "toy.json", lang="en", unit="sentence").passage(0, "en")
            'In Italy.'
        """
        from pyterrier_hybrid.parallel.readers.squad import read_squad

        options = {
            "lang": lang, "languages": languages, "dataset": dataset, "unit": unit,
            "context_negatives": context_negatives, "max_empty": max_empty,
        }  # fmt: skip
        return cls._made(partial(read_squad, files=files, **options))

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
        its languages. A family without splits, such as ``"xquad-r"``, or a test split is evaluation data: learning
        from it is possible, and warned of. Documents of one context are not one group, unlike rows of a file: their
        relevance is known.

        ``from_irds("mmarco/v2/{lang}/train", languages=["ar", "de"])`` names any ID, with a place for languages, or
        without one for a dataset in one language: ``from_irds("natural-questions/train", languages=["en"])``. Every
        pair of a query and a document that is judged relevant is an item, and pairs with one document are one group.
        Texts are what ir_datasets calls the default text: title and text of documents that have both.

        Args:
            name: Family and split, or ID.
            languages: Codes to put into the ID.
            parallel: Whether equal query and document IDs in several languages mean translations, as in mMARCO. In
                Mr. TyDi they don't: pass ``False``, and each language is a dataset of its own.
            min_relevance: A document is relevant from this judgement on.
            negatives: Take so many hard negatives at most of each query from the dataset's pairs of a relevant and
                another document (``docpairs``).
            folder: Write the store there while reading and open it; default: keep it in memory.

        Raises:
            ValueError: If there is no such family, split or ID, or it lacks what is asked for.

        Example:
            >>> from pyterrier_hybrid.parallel import ParallelPairs
            >>> "de" in ParallelPairs.from_irds("atlas/train").languages
            True
        """
        from pyterrier_hybrid.parallel.readers.irds import PLACEHOLDER, read_family, read_irds

        if languages is None:
            if PLACEHOLDER in name:
                raise ValueError(f"{name!r} has a place for languages: pass languages=['de', ...]")
            return cls._made(partial(read_family, name=name), folder)
        options = {"parallel": parallel, "min_relevance": min_relevance, "negatives": negatives}
        return cls._made(partial(read_irds, name=name, languages=languages, **options), folder)

    @classmethod
    def from_hf(
        cls,
        dataset: "str | datasets.Dataset",
        *,
        query: str,
        passage: str,
        lang: str | None = None,
        language_column: str | None = None,
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
                ``hf``); code of a dataset is never run.
            query: The column of the queries.
            passage: The column of the passages that answer them.
            lang: The language of all rows.
            language_column: The column of each row's language, if they have several.
            negatives: The column of hard negatives: a text or a list of texts.
            id: The column of IDs; rows with the same are one item in several languages. Default: every row is an
                item, named by its number.
            group: A column whose equal values make items one group.
            config: The configuration to load.
            split: The split to load; default: ``"train"``.
            dataset_name: What the dataset is called in the store; default: its name.
            max_empty: Rows with an empty text are skipped with a warning up to this share.
            folder: Write the store there while reading and open it; default: keep it in memory.

        Raises:
            ModuleNotFoundError: If a dataset is to be loaded and the ``datasets`` library is not there.
            ValueError: With row and column, if something is missing or not valid.

        Example:
            >>> from datasets import Dataset
            >>> from pyterrier_hybrid.parallel import ParallelPairs
            >>> rows = Dataset.from_dict({"q": ["Where is Rome?"], "a": ["In Italy."]})
            >>> ParallelPairs.from_hf(rows, query="q", passage="a", lang="en", dataset_name="toy").passage(0, "en")
            'In Italy.'
        """
        from pyterrier_hybrid.parallel.readers.hub import read_hub

        columns = {"id": id, "lang": language_column, "question": query, "passage": passage}
        columns |= {"negatives": negatives, "group": group}
        part = {"config": config, "split": split, "lang": lang, "dataset_name": dataset_name, "max_empty": max_empty}
        return cls._made(partial(read_hub, dataset=dataset, columns=columns, **part), folder)

    @classmethod
    def _made(
        cls, fill: Callable[[Builder], None], folder: str | Path | None = None, *, overwrite: bool = False
    ) -> "Self":
        if folder is None:
            return cls._of(*in_memory(fill))
        build_store(Path(folder), fill, overwrite=overwrite)
        return cls.open(folder)
