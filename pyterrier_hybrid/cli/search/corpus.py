"""The corpus that is searched: its documents, the questions whose answers are known, and translations."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import click

import pyterrier_hybrid as ph
from pyterrier_hybrid import datasets
from pyterrier_hybrid.cli.options import check_option
from pyterrier_hybrid.datasets import Document
from pyterrier_hybrid.datasets.base import Family
from pyterrier_hybrid.datasets.known_questions import KnownQuestions
from pyterrier_hybrid.datasets.own_files import read_documents
from pyterrier_hybrid.datasets.translations import Member, Translations


@dataclass(frozen=True)
class Corpus:
    """A corpus that is searched.

    Attributes:
        name: The name of the dataset, or of the file.
        documents: Yields the documents.
        known: The questions whose answers are known; ``None`` if there are none.
        find_translations: Finds out which documents are translations of each other.
        parallel: Whether it is a dataset of this package, whose documents say which paragraph they are from.
    """

    name: str
    documents: Callable[[], Iterable[Document]]
    known: KnownQuestions | None
    find_translations: Callable[[], Translations]
    parallel: bool

    @cached_property
    def translations(self) -> Translations:
        """Which documents are translations of each other."""
        return self.find_translations()

    @cached_property
    def paragraphs(self) -> Mapping[str, Document]:
        """Docno -> document with its title and the paragraph around it; empty if that is not known."""
        return {document.doc_id: document for document in self.documents()} if self.parallel else {}


def open_corpus(name: str, options: Mapping[str, Any]) -> Corpus:
    """Open the corpus of ``--corpus``.

    Args:
        name: The value of the option.
        options: The values of ``--corpus-lang``, ``--test-queries`` and ``--test-qrels``.

    Raises:
        click.UsageError: The options do not fit each other, or there is no such dataset.
        FileNotFoundError: There is no such file.
        ValueError: A file is malformed.
    """
    lang, questions, qrels = options["corpus_lang"], options["test_queries"], options["test_qrels"]
    if not Path(name).is_file() and not name.endswith((".jsonl", ".jsonl.gz", ".json")):
        if questions or qrels or lang:
            raise click.UsageError("--corpus-lang, --test-queries and --test-qrels are for a FILE of documents")
        family = check_option("--corpus", datasets.family, name)
        if isinstance(family, Family):
            return Corpus(
                name, family.documents, KnownQuestions(family), lambda: Translations.of_family(family), parallel=True
            )
        return Corpus(name, family.documents, KnownQuestions(family), lambda: Translations([]), parallel=False)
    if qrels and not questions:
        raise click.UsageError("--test-qrels needs --test-queries")

    def documents() -> Iterator[Document]:
        return (document for document, _ in read_documents(name, lang=lang))

    def members() -> Iterator[Member]:
        for document, group in read_documents(name, lang=lang):
            if group is not None:
                yield Member(group, document.doc_id, document.lang)

    known = KnownQuestions(ph.family_from(name, questions, qrels, lang=lang)) if questions else None
    return Corpus(Path(name).name, documents, known, lambda: Translations(members()), parallel=False)
