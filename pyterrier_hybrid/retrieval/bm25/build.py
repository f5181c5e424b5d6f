"""Writes a BM25 index: analyses the documents, spools their terms by language, and passes them to an engine."""

import json
import secrets
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy as np

from pyterrier_hybrid.retrieval.bm25.engines import ENGINES, K1, B
from pyterrier_hybrid.retrieval.bm25.files import ALL_LANGUAGES, DOCUMENTS, META, NUMBERS, part_folder
from pyterrier_hybrid.retrieval.documents import check_fields
from pyterrier_hybrid.retrieval.stored_texts import TEXTS, TextFile
from pyterrier_hybrid.text.analysis import analyzer
from pyterrier_hybrid.text.languages import canonical_language
from pyterrier_hybrid.utils.checks import check_text
from pyterrier_hybrid.utils.checksums import file_facts, sealed
from pyterrier_hybrid.utils.json_files import write_json
from pyterrier_hybrid.utils.progress import BAR_DELAY, progress_bar


class Spool:
    """Analysed documents, spooled for an engine: their term counts in a file per language.

    Attributes:
        docnos: Docno of every document.
        langs: Language of every document.
        files: File of each language. It has a JSON line for each document with terms: its number and its term counts.
        texts: File of the texts; ``None``: they are not kept.
    """

    def __init__(self, folder: Path, *, store_text: bool = False) -> None:
        """Write into an empty folder."""
        self.folder = folder
        self.texts = folder / TEXTS if store_text else None
        self.docnos: dict[str, int] = {}
        self.langs: list[str] = []
        self.files: dict[str, Path] = {}

    def analyse(self, documents: Iterable[Mapping[Any, Any]], *, lang: str | None) -> None:
        """Analyse documents.

        Args:
            documents: Dicts with ``docno``, ``text`` and ``lang``.
            lang: Language of documents without ``lang``.

        Raises:
            ValueError: A document lacks a column, its language is unknown, or its docno occurs twice.
            TypeError: A document is not a dict, or a docno or a text is not a string.
        """
        bar = progress_bar(documents, desc="analysing documents", unit="document", delay=BAR_DELAY, leave=False)
        streams: dict[str, IO[str]] = {}
        with ExitStack() as stack:
            text_file = TextFile(self.texts) if self.texts else None
            if text_file:
                stack.callback(text_file.close)
            for number, document in enumerate(bar):
                docno, text, document_lang = self._check(number, document, lang)
                self.docnos[docno] = number
                self.langs.append(document_lang)
                if text_file:
                    check_text(f"text of document {number}", text)
                    text_file.append([text])
                if document_lang not in streams:
                    file = self.files[document_lang] = self.folder / f"{document_lang}.jsonl"
                    streams[document_lang] = stack.enter_context(open(file, "w", encoding="utf-8"))
                counts = Counter(analyzer(document_lang)(text))
                if counts:
                    streams[document_lang].write(json.dumps([number, counts]) + "\n")

    def _check(self, number: int, document: Mapping[Any, Any], lang: str | None) -> tuple[str, str, str]:
        check_fields(f"document {number}", document, ["docno", "text"])
        docno, text, document_lang = document["docno"], document["text"], document.get("lang")
        for column, value in (("docno", docno), ("text", text)):
            if not isinstance(value, str):
                raise TypeError(f"document {number}: {column} {value!r} is a {type(value).__name__}, it must be a str")
        if docno in self.docnos:
            raise ValueError(f"docno {docno!r} comes twice: documents {self.docnos[docno]} and {number}")
        try:
            docno.encode()
        except UnicodeEncodeError:
            raise ValueError(
                f"document {number}: docno={docno!r} has half of a surrogate pair, which no file can hold; rename it"
            ) from None
        # Frames write a missing language as NaN.
        document_lang = lang if document_lang is None or document_lang != document_lang else document_lang
        if document_lang is None:
            raise ValueError(f"document {docno!r} has no lang: add this column, or pass indexer(lang=...) for them all")
        try:
            analyzer(document_lang)
        except ValueError as error:
            raise ValueError(f"document {docno!r}: {error}") from error
        return docno, text, canonical_language(document_lang)


def write_index(folder: Path, spool: Spool, *, engine: str, artifact: Mapping[str, str]) -> None:
    """Write an index into an empty folder.

    Args:
        folder: The folder.
        spool: The analysed documents.
        engine: Name of the engine that builds and searches the index.
        artifact: Type of the artifact, for PyTerrier's metadata file.
    """
    parts = {ALL_LANGUAGES: list(spool.files.values())}
    if len(spool.files) > 1:
        parts |= {lang: [file] for lang, file in spool.files.items()}
    for part, files in parts.items():
        _build_part(part_folder(folder, part), files, engine)
    languages = {lang: analyzer(lang).signature for lang in sorted(spool.files)}
    if spool.texts:
        # The scratch folder may be on another file system.
        shutil.move(spool.texts, folder / TEXTS)
    write_json(folder / DOCUMENTS, {"docno": list(spool.docnos), "lang": spool.langs}, indent=None)
    facts = {"engine": engine, "languages": languages, "build": secrets.token_hex(8), "files": file_facts(folder)}
    write_json(folder / META, sealed({**artifact, **facts}))


def _build_part(folder: Path, files: Sequence[Path], engine: str) -> None:
    numbers: list[int] = []

    def documents() -> Iterator[dict[str, int]]:
        for file in files:
            with open(file, encoding="utf-8") as lines:
                for line in lines:
                    number, counts = json.loads(line)
                    numbers.append(number)
                    yield counts

    if any(file.stat().st_size for file in files):
        folder.mkdir(parents=True)
        ENGINES[engine].build(folder / "engine", documents(), k1=K1, b=B)
        np.save(folder / NUMBERS, np.array(numbers, np.int64))
