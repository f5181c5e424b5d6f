"""How :class:`BM25Index` is built: documents analysed, spooled by language and handed to an engine."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_hybrid.retrieval.bm25.engines import pisa, terrier
from pyterrier_hybrid.text.analysis import analyzer
from pyterrier_hybrid.utils.files import whole_folder
from pyterrier_hybrid.utils.progress import progress_bar

if TYPE_CHECKING:
    from pyterrier_hybrid.retrieval.bm25.bm25_index import BM25Index

# In the order in which engine="auto" prefers them.
ENGINES: dict[str, ModuleType] = {"pisa": pisa, "terrier": terrier}
K1, B = 0.9, 0.4

META = "pt_meta.json"
DOCUMENTS = "documents.json"
NUMBERS = "numbers.npy"
# Not a language code, as the other parts are.
EVERYTHING = "_all"


def part_folder(path: Path, part: str) -> Path:
    """The folder of one language, or of :data:`EVERYTHING`: the engine's files and the documents' numbers."""
    return path / "parts" / part


class BM25Indexer(pt.Indexer):
    """Builds an index; made by :meth:`BM25Index.indexer`."""

    schematic = {"label": "BM25 indexer", "help_url": None}

    def __init__(self, index: "BM25Index", *, engine: str, lang: str | None, overwrite: bool) -> None:
        """Build into ``index``."""
        super().__init__()
        if lang is not None:
            analyzer(lang)
        self.index_ref = index
        self.engine = engine
        self.lang = lang
        self.overwrite = overwrite

    def index_inputs(self) -> list[list[str]]:
        """The columns of documents, for inspection: with ``lang``, and without where a language was given."""
        return [["docno", "text", "lang"]] + ([["docno", "text"]] if self.lang is not None else [])

    def index(self, inp: Iterable[Mapping[str, Any]] | pd.DataFrame) -> "BM25Index":
        """Build the index, whole or not at all.

        Args:
            inp: documents as dicts or a frame, with ``docno`` (str), ``text`` and ``lang``, which may be missing if
                :meth:`BM25Index.indexer` was told it.

        Returns:
            The index; of no document, if there is none.

        Raises:
            FileExistsError: the index is there already.
            ValueError: a document lacks a column, its language is unknown, or its docno comes twice.
            TypeError: a docno or a text is not a string.
        """
        path = self.index_ref.path
        if path.exists() and not self.overwrite:
            raise FileExistsError(f"{path} exists: choose another folder, or pass overwrite=True to indexer()")
        documents = inp.to_dict("records") if isinstance(inp, pd.DataFrame) else inp
        with tempfile.TemporaryDirectory(prefix="pyterrier-hybrid-bm25-") as scratch:
            docnos, langs, files = self._analyze(documents, Path(scratch))
            with whole_folder(path, overwrite=self.overwrite) as folder:
                parts = {EVERYTHING: list(files.values())}
                if len(files) > 1:
                    parts |= {lang: [file] for lang, file in files.items()}
                for part, sources in parts.items():
                    self._build(part_folder(folder, part), sources)
                _write_json(folder / DOCUMENTS, {"docno": docnos, "lang": langs})
                _write_json(
                    folder / META,
                    {
                        "type": self.index_ref.ARTIFACT_TYPE,
                        "format": self.index_ref.ARTIFACT_FORMAT,
                        "package_hint": self.index_ref.ARTIFACT_PACKAGE_HINT,
                        "engine": self.engine,
                        "languages": {lang: analyzer(lang).signature for lang in sorted(files)},
                    },
                )
        self.index_ref.forget()
        return self.index_ref

    def _analyze(
        self, documents: Iterable[Mapping[str, Any]], scratch: Path
    ) -> tuple[list[str], list[str], dict[str, Path]]:
        """Docnos and languages, and a file per language with the term counts of its documents."""
        docnos: dict[str, int] = {}
        langs, files, streams = [], {}, {}
        bar = progress_bar(documents, desc="analysing documents", unit="document", delay=2, leave=False)
        with ExitStack() as stack:
            for number, document in enumerate(bar):
                docno, text, lang = self._check(number, document, docnos)
                docnos[docno] = number
                langs.append(lang)
                if lang not in files:
                    files[lang] = scratch / f"{lang}.jsonl"
                    streams[lang] = stack.enter_context(open(files[lang], "w", encoding="utf-8"))
                counts = Counter(analyzer(lang)(text))
                if counts:
                    streams[lang].write(json.dumps([number, counts]) + "\n")
        return list(docnos), langs, files

    def _check(self, number: int, document: Mapping[str, Any], docnos: Mapping[str, int]) -> tuple[str, str, str]:
        missing = [column for column in ("docno", "text") if column not in document]
        if missing:
            raise ValueError(f"document {number} has no {' and no '.join(missing)}, only {sorted(document)}")
        docno, text, lang = document["docno"], document["text"], document.get("lang")
        for column, value in (("docno", docno), ("text", text)):
            if not isinstance(value, str):
                raise TypeError(f"document {number}: {column} {value!r} is a {type(value).__name__}, it must be a str")
        if docno in docnos:
            raise ValueError(f"docno {docno!r} comes twice: documents {docnos[docno]} and {number}")
        lang = self.lang if lang is None or lang != lang else lang
        if lang is None:
            raise ValueError(f"document {docno!r} has no lang: add this column, or pass indexer(lang=...) for them all")
        try:
            analyzer(lang)
        except ValueError as error:
            raise ValueError(f"document {docno!r}: {error}") from error
        return docno, text, lang

    def _build(self, folder: Path, sources: Sequence[Path]) -> None:
        numbers: list[int] = []

        def documents() -> Iterator[dict[str, int]]:
            for source in sources:
                with open(source, encoding="utf-8") as lines:
                    for line in lines:
                        number, counts = json.loads(line)
                        numbers.append(number)
                        yield counts

        if not any(source.stat().st_size for source in sources):
            return
        folder.mkdir(parents=True)
        ENGINES[self.engine].build(folder / "engine", documents(), k1=K1, b=B)
        np.save(folder / NUMBERS, np.array(numbers, np.int64))


def choose_engine(name: str) -> str:
    """The engine that is meant, if it can be used."""
    if name == "auto":
        usable = [engine for engine in ENGINES if ENGINES[engine].available()]
        if not usable:
            raise RuntimeError(f"BM25 has no engine: {' or '.join(engine.NEEDS for engine in ENGINES.values())}")
        return usable[0]
    if name not in ENGINES:
        raise ValueError(f"engine {name!r} is unknown: choose auto, {' or '.join(ENGINES)}")
    if not ENGINES[name].available():
        raise RuntimeError(f"engine {name!r} cannot be used here: {ENGINES[name].NEEDS}")
    return name


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
