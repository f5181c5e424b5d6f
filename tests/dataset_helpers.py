"""Datasets on small files in the form of the official ones, registered in place of these."""

import functools
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from ir_datasets.datasets import beir
from ir_datasets.datasets.base import Dataset, FilteredQueries
from ir_datasets.formats import BaseDocs, CLIRMatrixQrels, CLIRMatrixQueries, GenericDoc, GenericQuery
from ir_datasets.util import Lazy, LocalDownload, Registry, ZipExtract

from pyterrier_hybrid.datasets import belebele, download, register_family, tatoeba
from pyterrier_hybrid.datasets.download import Source

TATOEBA_FILES = {
    "tatoeba.deu-eng.deu": "Wo ist Tom?\nEr schläft.\u2028Noch.\n Ja. \n",
    "tatoeba.deu-eng.eng": "Where is Tom?\nHe is asleep. Still.\nYes.\n",
    "tatoeba.fra-eng.fra": "Oui.\nNon.\n",
    "tatoeba.fra-eng.eng": "Yes.\nNo.\n",
}


class Docs(BaseDocs):
    """Documents that count how often they are read."""

    def __init__(self, lang: str | None, docs: list) -> None:
        self.lang, self.docs, self.read = lang, docs, 0

    def docs_iter(self) -> Iterator:
        self.read += 1
        yield from self.docs

    def docs_lang(self) -> str | None:
        return self.lang

    def docs_count(self) -> int:
        return len(self.docs)


class _JsonLines:
    """A downloaded file, as ir_datasets opens it."""

    def __init__(self, *rows: dict) -> None:
        self.content = jsonl(*rows)

    def stream(self) -> AbstractContextManager[io.BytesIO]:
        return nullcontext(io.BytesIO(self.content))


def jsonl(*rows: dict) -> bytes:
    """Return rows as JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def serve(monkeypatch: pytest.MonkeyPatch, files: Mapping[str, bytes]) -> list[str]:
    """Replace the official files, and return the list of the files read from then on."""
    paths = []

    def read(source: Source, *, terms: str) -> bytes:
        assert "licensed under CC BY" in terms and "you accept https://" in terms
        paths.append(source.cache_path)
        return files[source.cache_path.rsplit("/", 1)[1]]

    monkeypatch.setattr(download, "read_verified", read)
    return paths


def register_tatoeba(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Register Tatoeba with files in German and French, and return the list of the files read."""
    paths = serve(monkeypatch, {name: text.encode() for name, text in TATOEBA_FILES.items()})
    register_family(tatoeba.TATOEBA, tatoeba.load)
    return paths


def belebele_rows(lang: str, *, split: bool = False) -> list[dict]:
    """Return the rows of a language: three questions about two pages."""
    found = [
        {"link": f"https://example.org/{page}", "question_number": number, "flores_passage": f"{lang} page {page}",
         "question": f"{lang} {page} {number}?", "mc_answer1": "a", "dialect": lang}
        for page, number in (("a", 1), ("a", 2), ("b", 1))
    ]  # fmt: skip
    return [{**row, "split": "dev"} for row in found] if split else found


def register_belebele(monkeypatch: pytest.MonkeyPatch, *, without: str = "") -> list[str]:
    """Register Belebele, with an archive that may lack a language, and return the list of the files read."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for lang, name in belebele.FLORES_CODES.items():
            if lang != without:
                # Languages need not have the same order, nor codes the same case.
                name = name.replace("Arab", "arab")
                file.writestr(f"Belebele/{name}.jsonl", jsonl(*belebele_rows(lang)[:: -1 if lang == "de" else 1]))
    # The archive of another test, or the official one, may have been read.
    monkeypatch.setattr(belebele, "_archive", functools.cache(belebele._archive.__wrapped__))
    paths = serve(monkeypatch, {"Belebele.zip": content.getvalue()})
    register_family(belebele.BELEBELE, belebele.load)
    return paths


def register_fiqa(registry: Registry, folder: Path) -> None:
    """Register the test set of BEIR's FiQA on an archive of its form: three posts, two questions, and a training one.

    Args:
        registry: The registry.
        folder: A folder for the archive.
    """
    posts = ["Index funds are cheap.", "A bond pays interest.", "Cash loses value."]
    questions = {"8": "Which funds are cheap?", "15": "What pays interest?", "99": "Who pays tax?"}
    archive = folder / "fiqa.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("fiqa/corpus.jsonl", jsonl(*(
            {"_id": str(3 + i), "title": "", "text": post, "metadata": {}} for i, post in enumerate(posts)
        )))  # fmt: skip
        file.writestr("fiqa/queries.jsonl", jsonl(*(
            {"_id": qid, "text": text, "metadata": {}} for qid, text in questions.items()
        )))  # fmt: skip
        file.writestr("fiqa/qrels/test.tsv", "query-id\tcorpus-id\tscore\n8\t3\t1\n15\t4\t1\n15\t5\t1\n")
    download = LocalDownload(archive)
    docs = beir.BeirDocs("fiqa", ZipExtract(download, "fiqa/corpus.jsonl"), GenericDoc)
    queries = beir.BeirQueries("fiqa", ZipExtract(download, "fiqa/queries.jsonl"), GenericQuery)
    qrels = beir.BeirQrels(ZipExtract(download, "fiqa/qrels/test.tsv"), {})
    registry.register(
        "beir/fiqa/test", Dataset(docs, FilteredQueries(queries, Lazy(lambda: {"8", "15"}), mode="include"), qrels)
    )


def register_clirmatrix(registry: Registry, titles: Mapping[str, list[str]]) -> None:
    """Register both directions of CLIRMatrix's test1 for two languages.

    Args:
        registry: The registry.
        titles: Two titles in each of the two languages; those of one place are of the same article.
    """
    handlers = {
        lang: Docs(lang, [GenericDoc(f"{lang}{i}", word) for i, word in enumerate(words)])
        for lang, words in titles.items()
    }
    for lang in titles:
        registry.register(f"clirmatrix/{lang}", Dataset(handlers[lang]))
    for doc_lang, lang in (tuple(titles), tuple(titles)[::-1]):
        file = _JsonLines(*(
            {
                "src_id": f"{lang}{i}",
                "src_query": word,
                "tgt_results": [(f"{doc_lang}{i}", 6), (f"{doc_lang}{1 - i}", 0)],
            }
            for i, word in enumerate(titles[lang])
        ))  # fmt: skip
        registry.register(
            f"clirmatrix/{doc_lang}/bi139-base/{lang}/test1",
            Dataset(handlers[doc_lang], CLIRMatrixQueries(file, lang), CLIRMatrixQrels(file, {})),
        )
