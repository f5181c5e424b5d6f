"""Belebele (arXiv 2308.16884) as retrieval: find the passage that a question is about, in 122 language variants.

The 488 passages of FLORES-200 that the set is made of are the documents, its 900 questions the queries, and the passage
of a question is its one relevant document in each language: both are translations of the English ones. The answers
that Belebele offers are not used. There are 14,884 monolingual and cross-lingual settings, and pools; ir_datasets lists
none of their IDs, but knows them all.

Languages have the codes of BCP 47, as in the other sets: ``de`` for FLORES' deu_Latn, ``zh`` for zho_Hans, ``zh-Hant``,
``hi-Latn``; :data:`FLORES_CODES` has them all.

The archive is the one that the official repository names. Its SHA-256 is the one that two other projects record for
that address, not one that was computed for this package; nor could its counts be verified for it.
"""

import hashlib
import io
import json
import zipfile
from functools import lru_cache
from pathlib import Path, PurePosixPath
from pkgutil import get_data
from typing import Any

from pyterrier_hybrid.datasets.base import Document, Family, LanguageData
from pyterrier_hybrid.datasets.download import Source, read_verified

_TERMS = (
    "Belebele is licensed under CC BY-SA 4.0: by downloading it you accept "
    "https://creativecommons.org/licenses/by-sa/4.0/ (name the authors, share under the same licence)"
)
_FIELDS = ("link", "question_number", "flores_passage", "question")

FLORES_CODES: dict[str, str] = json.loads(get_data(__package__, "etc/flores.json"))
"""Language code -> the code of FLORES-200, which names the file of the language."""

BELEBELE = Family(
    name="belebele",
    languages=tuple(FLORES_CODES),
    title="Belebele",
    description="900 questions on 488 passages of FLORES-200, both in 122 language variants and parallel. Every "
    "question has exactly one relevant passage per language.",
    licence="CC BY-SA 4.0",
    bibtex="""\
@inproceedings{bandarkar-etal-2024-belebele,
  title = "The Belebele Benchmark: a Parallel Reading Comprehension Dataset in 122 Language Variants",
  author = "Bandarkar, Lucas and Liang, Davis and Muller, Benjamin and Artetxe, Mikel and Shukla, Satya Narayan and
    Husa, Donald and Goyal, Naman and Krishnan, Abhinandan and Zettlemoyer, Luke and Khabsa, Madian",
  booktitle = "Proceedings of the 62nd Annual Meeting of the Association for Computational Linguistics (Volume 1: Long
    Papers)",
  year = "2024",
  pages = "749--775",
  url = "https://aclanthology.org/2024.acl-long.44",
  doi = "10.18653/v1/2024.acl-long.44"
}
""",
    qrel_defs=((1, "the passage that the question is about"),),
)


def load(lang: str) -> LanguageData:
    """Read one language of Belebele, from the home folder or, at first use, from where its authors publish it.

    Args:
        lang: One of :data:`FLORES_CODES`.

    Raises:
        OSError: The archive can't be downloaded, or is corrupt.
        ValueError: Belebele does not have this language, or its file is not what it must be.
    """
    from ir_datasets.util import home_path

    if lang not in FLORES_CODES:
        raise ValueError(f"belebele has no language {lang!r}: choose one of {', '.join(FLORES_CODES)}")
    file = f"{FLORES_CODES[lang]}.jsonl"
    with zipfile.ZipFile(io.BytesIO(_archive(home_path()))) as archive:
        # The repository's own list writes one of the codes in lower case.
        members = {PurePosixPath(name).name.lower(): name for name in archive.namelist()}
        if file.lower() not in members:
            raise ValueError(f"belebele: the archive has no file {file}; it has {', '.join(sorted(members)[:3])}, ...")
        lines = archive.read(members[file.lower()]).decode("utf-8").removesuffix("\n").split("\n")
    return parse(lang, [json.loads(line) for line in lines])


@lru_cache(maxsize=1)
def _archive(home: Path) -> bytes:
    """The archive in a home folder, verified once: all languages are in it."""
    entry = json.loads(get_data(__package__, "etc/downloads.json"))["belebele"]
    return read_verified(Source(**entry), terms=_TERMS)


def parse(lang: str, rows: list[dict[str, Any]]) -> LanguageData:
    """Turn the rows of one language into documents, queries and answers.

    Ids are made of what all languages share, the ``link`` and ``split`` of a passage: the first eight digits of their
    SHA-1.

    Args:
        lang: The language code.
        rows: With link, question_number, flores_passage, question, and split where there is one, as in the file.

    Raises:
        ValueError: A row lacks one of these, a passage has two texts, or a question occurs twice.

    >>> row = {"link": "https://example.org/a", "question_number": 1, "flores_passage": "Ja.", "question": "Ja?"}
    >>> data = parse("de", [row])
    >>> data.docs[0].doc_id, data.queries[None][0].query_id
    ('de_579f2a2c', '579f2a2c_1_de')
    """
    from ir_datasets.formats import GenericQuery
    from ir_datasets.formats.trec import TrecQrel

    docs: dict[str, Document] = {}
    queries: dict[str, GenericQuery] = {}
    answers = []
    for number, row in enumerate(rows, start=1):
        missing = [name for name in _FIELDS if not row.get(name)]
        if missing:
            raise ValueError(f"belebele: row {number} of {lang} has no {missing[0]}")
        link, text = row["link"], row["flores_passage"]
        shared = f"{link} {row.get('split', '')}".strip()
        key = hashlib.sha1(shared.encode(), usedforsecurity=False).hexdigest()[:8]
        doc = docs.setdefault(key, Document(f"{lang}_{key}", text, lang, "", text))
        query_id = f"{key}_{row['question_number']}_{lang}"
        if doc.text != text or query_id in queries:
            what = "had another passage" if doc.text != text else f"had a question {row['question_number']}"
            raise ValueError(f"belebele: row {number} of {lang}: {shared} {what} before")
        queries[query_id] = GenericQuery(query_id, row["question"])
        answers.append(TrecQrel(query_id, doc.doc_id, 1, lang))
    return LanguageData(list(docs.values()), {None: list(queries.values())}, {None: answers})
